/** Questions that are passed on to resolvers outside, one after the other. [DNS] resolver.go forwardExtDNS */
import type { Question, Upstream, UpstreamReply } from '../../../models/discovery/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { never } from '../swim/never.ts'
import { ResolverRules } from './resolver.ts'

const mostServers = 3
const longestWait: Milliseconds = 4_000
const serverFailure = 2
const refused = 5

interface Pending {
  readonly operation: number
  readonly question: Question
  /** Those that were not asked so far. */
  readonly rest: readonly Upstream[]
  readonly deadline: Milliseconds
}

export abstract class ForwardingRules extends ResolverRules {
  protected readonly pending = new Map<number, Pending>()

  protected forward(id: number, sandbox: string, question: Question): void {
    this.ask(id, question, this.serversFor(sandbox))
  }

  /** From an internal network nobody is asked by way of the host. */
  protected serversFor(sandbox: string): Upstream[] {
    const isInside = this.isInside(sandbox)
    return this.options.upstreams.slice(0, this.mostServers()).filter(({ host }) => !(isInside && host))
  }

  protected mostServers(): number {
    return mostServers
  }

  protected longestWait(): Milliseconds {
    return longestWait
  }

  protected ask(operation: number, question: Question, servers: readonly Upstream[]): void {
    const [server, ...rest] = servers
    if (server === undefined) return this.exhausted(operation, question)
    const id = ++this.numbers.forward
    const { name, qtype } = question
    this.outputs.push({ type: 'forward', id, operation, server: server.address, name, qtype })
    this.pending.set(id, { operation, question, rest, deadline: this.now + this.longestWait() })
  }

  protected exhausted(operation: number, question: Question): void {
    this.fail(operation, question, serverFailure)
  }

  protected onReply(id: number, reply: UpstreamReply): void {
    const pending = this.pending.get(id)
    if (pending === undefined) return
    this.pending.delete(id)
    const { operation, question, rest } = pending
    if (this.isFailure(reply)) this.ask(operation, question, rest)
    else this.passOn(operation, question, reply)
  }

  protected isFailure({ rcode }: UpstreamReply): boolean {
    return rcode === serverFailure || rcode === refused
  }

  protected passOn(operation: number, question: Question, { rcode, answers }: UpstreamReply): void {
    this.send(operation, question, rcode, answers)
  }

  protected override ownDeadline(): Milliseconds {
    let least = never
    for (const { deadline } of this.pending.values()) least = Math.min(least, deadline)
    return least
  }

  /** Whoever is silent for too long is given up. */
  protected waitsEnd(): void {
    for (const [id, { operation, question, rest, deadline }] of this.pending) {
      if (deadline > this.now) continue
      this.pending.delete(id)
      this.ask(operation, question, rest)
    }
  }
}
