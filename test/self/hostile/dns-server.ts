/** A server of names that breaks one rule: `node dns-server.js RULE PORT HOSTS`. */
import { readFileSync } from 'node:fs'
import { parseHosts } from '../../../impl/real/discovery/hosts.ts'
import { startDnsServer } from '../../../impl/real/discovery/server.ts'
import { NameTable } from '../../../impl/reference/discovery/name-table.ts'
import { DiscoveryNode } from '../../../impl/reference/discovery/node.ts'
import type { Found } from '../../../impl/reference/discovery/resolver.ts'
import type { AnswerRecord, Question } from '../../../models/discovery/vocabulary.ts'

class LetterTable extends NameTable {
  protected override keyOf(name: string): string {
    return name
  }
}

const rules: Readonly<Record<string, typeof DiscoveryNode>> = {
  'tells-one': class extends DiscoveryNode {
    protected override inAnyOrder(addresses: readonly string[]): string[] {
      return super.inAnyOrder(addresses).slice(0, 1)
    }
  },
  'repeats-one': class extends DiscoveryNode {
    protected override inAnyOrder(addresses: readonly string[]): string[] {
      return super.inAnyOrder(addresses.length > 1 ? [...addresses, addresses[0]!] : addresses)
    }
  },
  'compares-letters': class extends DiscoveryNode {
    protected override createTable(): NameTable {
      return new LetterTable()
    }
  },
  'denies-other-family': class extends DiscoveryNode {
    protected override reply(id: number, question: Question, found: Found): void {
      if (found.data.length === 0) this.fail(id, question, 3)
      else super.reply(id, question, found)
    }
  },
  'sends-large-datagrams': class extends DiscoveryNode {
    protected override sizeLimit(): number {
      return 65_535
    }
  },
  'cuts-in-silence': class extends DiscoveryNode {
    protected override isCut(): boolean {
      return false
    }
  },
  'cuts-streams': class extends DiscoveryNode {
    protected override sizeLimit(question: Question): number {
      return super.sizeLimit({ ...question, transport: 'udp' })
    }
  },
  'answers-for-others': class extends DiscoveryNode {
    protected override send(id: number, question: Question, rcode: number, answers: readonly AnswerRecord[]): void {
      super.send(
        id,
        question,
        rcode,
        answers.map((each) => ({ ...each, name: 'other' })),
      )
    }
  },
  'dies-at-large': class extends DiscoveryNode {
    protected override inAnyOrder(addresses: readonly string[]): string[] {
      if (addresses.length > 20) process.exit(3)
      return super.inAnyOrder(addresses)
    }
  },
  'is-silent-at-large': class extends DiscoveryNode {
    protected override reply(id: number, question: Question, found: Found): void {
      if (found.data.length <= 20) super.reply(id, question, found)
    }
  },
}

const [rule = '', port = '', hosts = ''] = process.argv.slice(2)
await startDnsServer({
  listen: { host: '127.0.0.1', port: Number(port) },
  hosts: parseHosts(readFileSync(hosts, 'utf8')),
  upstreams: [],
  Node: rules[rule]!,
})
