/** The reference as an implementation in this process: members, each with a disk, under virtual time. */
import type { Hello, Implementation, Session, Start } from '../../contract/raft.ts'
import type { Answer, Input, Inspection, Message, OutgoingMessage } from '../../../models/raft/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { ApplyingMember } from './applying.ts'
import type { MemberSetup } from './core.ts'
import { Directory } from './directory.ts'
import { Disk } from './disk.ts'
import { blank, founded, type Saved } from './journal.ts'
import { RaftMember } from './member.ts'
import { clockDrift } from './reads.ts'

export interface ReferenceOptions {
  /** What each node runs; the reference's own member if absent. */
  readonly Member?: new (setup: MemberSetup) => RaftMember
  /** What keeps each node's writes; the reference's own disk if absent. */
  readonly Disk?: new (saved: Saved) => Disk
  readonly name?: string
  /** When a configuration takes effect: as soon as its entry is in the log (default), or when it is applied. */
  readonly configuration?: 'on-append' | 'on-apply'
}

const hello: Hello = {
  protocol: 1,
  name: 'swarmcheck-reference',
  version: '0.1.0',
  language: 'TypeScript',
  surfaces: ['raft'],
  profiles: [
    'raft-core',
    'raft-persistence',
    'raft-pre-vote',
    'raft-check-quorum',
    'raft-transfer',
    'raft-membership',
    'raft-membership-joint',
    'raft-config-on-append',
    'raft-learners',
    'raft-snapshot',
    'raft-read-index',
    'raft-read-lease',
    'raft-flow-control',
    'raft-swarmkit',
  ],
  operations: ['propose', 'read', 'transfer', 'change-membership', 'compact'],
  capabilities: { disk: true, encode: true },
  deterministic: true,
  assumptions: { fifo: false, noDuplicates: false, clockDrift },
}

/** The reference implementation of Raft, or a variant of it with another member or disk. */
export const createReference = (options: ReferenceOptions = {}): Implementation => {
  const onApply = options.configuration === 'on-apply'
  const name = options.name ?? (onApply ? `${hello.name}-on-apply` : hello.name)
  const profiles = hello.profiles.map((profile) =>
    onApply && profile === 'raft-config-on-append' ? 'raft-config-on-apply' : profile,
  )
  const Member = options.Member ?? (onApply ? ApplyingMember : RaftMember)
  return {
    hello: { ...hello, name, profiles },
    open: (start) => new ReferenceSession(start, Member, options.Disk ?? Disk),
  }
}

interface Node {
  readonly name: NodeId
  readonly disk: Disk
  /** Null while the node is down. */
  member: RaftMember | null
}

/** A step that no member has made. */
const silent = (now: Milliseconds): Answer => ({
  now,
  wake: null,
  outputs: [],
  state: null,
  log: null,
  received: undefined,
  error: undefined,
})

class ReferenceSession implements Session {
  readonly initial: readonly Answer[]
  protected readonly start: Start
  protected readonly Member: new (setup: MemberSetup) => RaftMember
  protected readonly directory: Directory
  protected readonly messages = { last: 0 }
  protected readonly nodes = new Map<NodeId, Node>()

  constructor(start: Start, Member: new (setup: MemberSetup) => RaftMember, NodeDisk: new (saved: Saved) => Disk) {
    this.start = start
    this.Member = Member
    this.directory = new Directory(start.nodes)
    const { voters, learners } = start.configuration
    this.initial = start.nodes.map((name) => {
      const isFounder = voters.includes(name) || learners.includes(name)
      const saved = isFounder ? founded(start.configuration) : blank
      const node: Node = { name, disk: new NodeDisk(saved), member: null }
      this.nodes.set(name, node)
      return this.begin(node, saved, 0)
    })
  }

  step(input: Input): Answer {
    const node = this.nodes.get(input.node)
    if (node === undefined) throw new Error(`${input.node} is no node of this run`)
    try {
      return this.carryOut(node, input)
    } catch (error) {
      node.member = null
      const text = error instanceof Error ? error.message : String(error)
      return { ...silent(input.at), error: { kind: 'panic', text } }
    }
  }

  inspect(name: NodeId): Inspection {
    const member = this.nodes.get(name)?.member
    if (member === undefined || member === null) throw new Error(`${name} is down`)
    return member.inspect()
  }

  encode(from: NodeId, to: NodeId, view: Message): OutgoingMessage {
    return { type: 'message', id: ++this.messages.last, from, to, view, after: 0 }
  }

  close(): void {
    this.nodes.clear()
  }

  protected carryOut(node: Node, input: Input): Answer {
    const { member, disk } = node
    if (input.type === 'restart') return this.begin(node, disk.restart(), input.at)
    if (member === null) return { ...silent(input.at), error: { kind: 'panic', text: `${node.name} is down` } }
    switch (input.type) {
      case 'deliver':
        return this.written(node, member, member.receive(input.at, input.message))
      case 'advance':
        return this.written(node, member, member.advance(input.at, input.until))
      case 'operation':
        return this.written(node, member, member.operate(input.at, input.id, input.operation))
      case 'written':
        for (const write of input.writes) disk.acknowledge(write)
        return this.written(node, member, member.written(input.at, input.writes))
      case 'crash':
        disk.crash(input.keep, input.torn)
        node.member = null
        return silent(input.at)
    }
  }

  /** Keeps what the step has written. */
  protected written({ disk }: Node, { record }: RaftMember, answer: Answer): Answer {
    if (record !== null) disk.write(record)
    return answer
  }

  protected begin(node: Node, saved: Saved, now: Milliseconds): Answer {
    const { name, disk } = node
    const { options, seed } = this.start
    const { directory, messages } = this
    const { lastWrite, starts: incarnation } = disk
    node.member = new this.Member({ name, directory, options, seed, incarnation, now, messages, lastWrite, saved })
    return node.member.introduce()
  }
}
