/**
 * What the contract demands of SWIM's answers: only nodes of the run are spoken of, streams are opened by a request and
 * answered by whom it has reached, views arrive as they were sent, and changes of a table add up to it.
 */
import { isDeepStrictEqual } from 'node:util'
import type {
  Answer,
  Input,
  Inspection,
  MemberRecord,
  MemberState,
  Message,
  OutgoingMessage,
  Output,
  StreamId,
} from '../../../models/swim/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { ContractCheck, outputs, type Breach } from '../check.ts'
import type { Start, SwimWords } from '../swim.ts'

interface Stream {
  readonly opener: NodeId
  readonly other: NodeId
  /** Whether its first message was delivered. */
  reached: boolean
}

/** What the answers of a node add up to. */
interface Shown {
  state: Partial<MemberState>
  readonly members: Map<NodeId, MemberRecord>
}

const stateFields = ['incarnation', 'score', 'leaving'] as const
const recordFields = ['status', 'incarnation', 'address', 'meta'] as const

const folds = (text: string): Breach => ({ rule: 'folds', text })
const isRequest = ({ kind }: Message): boolean => kind === 'push-pull' || kind === 'stream-ping'
const isOfStreams = (view: Message): boolean =>
  isRequest(view) || view.kind === 'push-pull-reply' || view.kind === 'stream-ack'

export class SwimCheck extends ContractCheck<SwimWords> {
  protected readonly whole = 'its whole state and its whole table'
  readonly #streams = new Map<StreamId, Stream>()
  readonly #shown: ReadonlyMap<NodeId, Shown>

  constructor(start: Start) {
    super(start)
    this.#shown = new Map(start.nodes.map((node) => [node, { state: {}, members: new Map() }]))
  }

  protected isWhole({ state, members }: Answer): boolean {
    return state !== null && stateFields.every((field) => state[field] !== undefined) && members !== null
  }

  override encoded(message: OutgoingMessage): Breach | null {
    const { stream, from, to } = message
    const breach = super.encoded(message)
    // A reply that is made by itself has a stream of its own.
    if (breach === null && stream !== 0 && !this.#streams.has(stream)) this.#open(stream, from, to)
    return breach
  }

  protected message({ id, from, to, view, stream }: OutgoingMessage): Breach | null {
    const stranger = this.#strangerIn(view)
    if (stranger !== null) return outputs(`message ${id} of ${from} speaks of ${stranger}, which is no node of the run`)
    if (stream === 0) return null
    if (!isOfStreams(view)) return outputs(`message ${id} of ${from} is a ${view.kind}, which no stream carries`)
    const open = this.#streams.get(stream)
    if (isRequest(view)) {
      if (open !== undefined) return outputs(`message ${id} of ${from} opens stream ${stream}, which was opened before`)
      this.#open(stream, from, to)
      return null
    }
    if (open === undefined)
      return outputs(`message ${id} of ${from} is a ${view.kind} on stream ${stream}, which nobody has opened`)
    if (from !== open.other || to !== open.opener)
      return outputs(
        `message ${id} goes from ${from} to ${to} on stream ${stream}, which ${open.opener} has opened to ${open.other}`,
      )
    return open.reached ? null : outputs(`${from} answers on stream ${stream}, which has not reached it`)
  }

  protected output(node: NodeId, output: Output): Breach | null {
    return output.type === 'event' && !this.nodes.has(output.node)
      ? outputs(`${node} told its application of ${output.node}, which is no node of the run`)
      : null
  }

  protected override shows(node: NodeId, answer: Answer, input: Input | null): Breach | null {
    if (input?.type === 'deliver') {
      const { message } = input
      const stream = this.#streams.get(message.stream)
      if (stream !== undefined && node === stream.other) stream.reached = true
      const { received } = answer
      if (received !== undefined && !isDeepStrictEqual(received, message.view))
        return { rule: 'received', text: `${node} decoded message ${message.id} differently: ${inBrief(received)}` }
    }
    if (answer.error !== undefined) return null
    return this.#fold(node, answer, input === null || input.type === 'crash' || input.type === 'restart')
  }

  #fold(node: NodeId, { state, members }: Answer, begins: boolean): Breach | null {
    const shown = this.#shown.get(node)!
    if (begins) {
      shown.state = {}
      shown.members.clear()
    }
    if (state !== null) shown.state = { ...shown.state, ...state }
    for (const change of members ?? []) {
      if (!this.nodes.has(change.node))
        return outputs(`${node} shows a record of ${change.node}, which is no node of the run`)
      if (change.status !== 'forgotten') shown.members.set(change.node, change)
      else if (!shown.members.delete(change.node))
        return folds(`${node} shows that it has forgotten ${change.node}, of which it had shown no record`)
    }
    return null
  }

  override inspected(node: NodeId, { state, members }: Inspection): Breach | null {
    const shown = this.#shown.get(node)
    if (shown === undefined) return null
    for (const field of stateFields)
      if (shown.state[field] !== state[field])
        return folds(`${node} shows ${field} ${state[field]}; its answers add up to ${shown.state[field]}`)
    for (const each of members) {
      const told = shown.members.get(each.node)
      if (told === undefined || recordFields.some((field) => told[field] !== each[field]))
        return folds(`${node} shows ${inBrief(each)}; its answers add up to ${inBrief(told)}`)
    }
    const seen = new Set(members.map((each) => each.node))
    const missing = [...shown.members.keys()].find((each) => !seen.has(each))
    if (missing !== undefined)
      return folds(
        `${node} shows no record of ${missing}; its answers add up to ${inBrief(shown.members.get(missing))}`,
      )
    return seen.size === members.length ? null : folds(`${node} shows two records of one member`)
  }

  #open(stream: StreamId, opener: NodeId, other: NodeId): void {
    this.#streams.set(stream, { opener, other, reached: false })
  }

  #strangerIn(view: Message): NodeId | null {
    const spoken = 'gossip' in view ? view.gossip : 'members' in view ? view.members : []
    for (const { node } of spoken) if (!this.nodes.has(node)) return node
    return 'target' in view && !this.nodes.has(view.target) ? view.target : null
  }
}

function inBrief(value: object | undefined): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 160 ? `${text.slice(0, 160)}…` : text
}
