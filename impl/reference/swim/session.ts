/** The reference as an implementation in this process: members under virtual time. */
import type { Hello, Implementation, Session, Start } from '../../contract/swim.ts'
import type {
  Answer,
  Input,
  Inspection,
  MemberRecord,
  Message,
  OutgoingMessage,
} from '../../../models/swim/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { MemberSetup } from './core.ts'
import { SwimMember } from './member.ts'

export interface ReferenceOptions {
  /** What each node runs; the reference's own member if absent. */
  readonly Member?: new (setup: MemberSetup) => SwimMember
  readonly name?: string
}

const hello: Hello = {
  protocol: 1,
  name: 'swarmcheck-reference',
  version: '0.1.0',
  language: 'TypeScript',
  surfaces: ['swim'],
  profiles: ['swim-core', 'swim-memberlist', 'swim-lifeguard'],
  operations: ['join', 'leave', 'update'],
  capabilities: { restart: true, encode: true, preset: true },
  deterministic: true,
  assumptions: { fifo: false, noDuplicates: false, clockDrift: 0.5 },
}

/** The reference implementation of SWIM, or a variant of it with another member. */
export const createReference = (options: ReferenceOptions = {}): Implementation => ({
  hello: { ...hello, name: options.name ?? hello.name },
  open: (start) => new ReferenceSession(start, options.Member ?? SwimMember),
})

interface Node {
  readonly name: NodeId
  readonly address: string
  /** How often it was started. */
  starts: number
  /** Null while the node is down. */
  member: SwimMember | null
}

/** A step that no member has made. */
const silent = (now: Milliseconds): Answer => ({
  now,
  wake: null,
  outputs: [],
  state: null,
  members: null,
  received: undefined,
  error: undefined,
})

/** An address that differs from those of all others of the run. */
const addressOf = (number: number): string => `10.0.${(number + 1) >> 8}.${(number + 1) & 255}:7946`

const opensStream = ({ kind }: Message): boolean => kind.startsWith('push-pull') || kind.startsWith('stream')

class ReferenceSession implements Session {
  readonly initial: readonly Answer[]
  protected readonly start: Start
  protected readonly Member: new (setup: MemberSetup) => SwimMember
  protected readonly numbers = { message: 0, stream: 0 }
  protected readonly nodes = new Map<NodeId, Node>()

  constructor(start: Start, Member: new (setup: MemberSetup) => SwimMember) {
    this.start = start
    this.Member = Member
    start.nodes.forEach((name, number) =>
      this.nodes.set(name, { name, address: addressOf(number), starts: 0, member: null }),
    )
    const preset = start.members.map((name): MemberRecord => {
      const { address } = this.node(name)
      return { node: name, status: 'alive', incarnation: 1, address, meta: '' }
    })
    const isPreset = new Set(start.members)
    this.initial = [...this.nodes.values()].map((node) =>
      this.begin(node, 0, isPreset.has(node.name) ? preset.filter((record) => record.node !== node.name) : []),
    )
  }

  step(input: Input): Answer {
    const node = this.node(input.node)
    try {
      return this.carryOut(node, input)
    } catch (error) {
      node.member = null
      const text = error instanceof Error ? error.message : String(error)
      return { ...silent(input.at), error: { kind: 'panic', text } }
    }
  }

  inspect(name: NodeId): Inspection {
    const { member } = this.node(name)
    if (member === null) throw new Error(`${name} is down`)
    return member.inspect()
  }

  encode(from: NodeId, to: NodeId, view: Message): OutgoingMessage {
    const stream = opensStream(view) ? ++this.numbers.stream : 0
    return { type: 'message', id: ++this.numbers.message, from, to, view, stream }
  }

  close(): void {
    this.nodes.clear()
  }

  protected node(name: NodeId): Node {
    const node = this.nodes.get(name)
    if (node === undefined) throw new Error(`${name} is no node of this run`)
    return node
  }

  protected carryOut(node: Node, input: Input): Answer {
    const { member } = node
    if (input.type === 'restart') return this.begin(node, input.at, [])
    if (member === null) return { ...silent(input.at), error: { kind: 'panic', text: `${node.name} is down` } }
    switch (input.type) {
      case 'deliver':
        return member.receive(input.at, input.message)
      case 'advance':
        return member.advance(input.at, input.until)
      case 'operation':
        return member.operate(input.at, input.id, input.operation)
      case 'refuse':
        return member.refuse(input.at, input.stream)
      case 'crash':
        node.member = null
        return silent(input.at)
    }
  }

  protected begin(node: Node, now: Milliseconds, known: readonly MemberRecord[]): Answer {
    const { options, seed } = this.start
    const { name, address } = node
    const { numbers } = this
    const lives = node.starts++
    node.member = new this.Member({ name, address, meta: '', options, seed, now, lives, known, numbers })
    return node.member.introduce()
  }
}
