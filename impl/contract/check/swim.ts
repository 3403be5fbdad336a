/**
 * What the contract demands of SWIM's answers: only nodes of the run are spoken of, streams are opened by a request and
 * answered by whom it has reached, views arrive as they were sent, and changes of a table add up to it.
 */
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
import { ContractCheck, outputs, received, type Breach } from '../check.ts'
import type { Start, SwimWords } from '../swim.ts'
import { StateFold, TableFold, tellsAll } from './fold.ts'

interface Stream {
  readonly opener: NodeId
  readonly other: NodeId
  /** Whether its first message was delivered. */
  reached: boolean
}

const stateFields = ['incarnation', 'score', 'leaving'] as const

/** What the answers of a node add up to. */
class Folded {
  readonly state = new StateFold<MemberState>(stateFields)
  readonly members = new TableFold<MemberRecord>(({ node }) => node, ['status', 'incarnation', 'address', 'meta'])
}

const isRequest = ({ kind }: Message): boolean => kind === 'push-pull' || kind === 'stream-ping'
const isOfStreams = (view: Message): boolean =>
  isRequest(view) || view.kind === 'push-pull-reply' || view.kind === 'stream-ack'

export class SwimCheck extends ContractCheck<SwimWords> {
  protected readonly whole = 'its whole state and its whole table'
  readonly #streams = new Map<StreamId, Stream>()
  readonly #folded: ReadonlyMap<NodeId, Folded>

  constructor(start: Start) {
    super(start)
    this.#folded = new Map(start.nodes.map((node) => [node, new Folded()]))
  }

  protected isWhole({ state, members }: Answer): boolean {
    return tellsAll(stateFields, state) && members !== null
  }

  override encoded(message: OutgoingMessage): Breach | null {
    const { stream, from, to } = message
    const breach = super.encoded(message)
    // A reply that is made by itself has a stream of its own.
    if (breach === null && stream !== 0 && !this.#streams.has(stream)) this.#open(stream, from, to)
    return breach
  }

  protected override message({ id, from, to, view, stream }: OutgoingMessage): Breach | null {
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

  protected override output(node: NodeId, output: Output): Breach | null {
    return output.type === 'event' && !this.nodes.has(output.node)
      ? outputs(`${node} told its application of ${output.node}, which is no node of the run`)
      : null
  }

  protected override shows(node: NodeId, answer: Answer, input: Input | null): Breach | null {
    if (input?.type === 'deliver') {
      const { message } = input
      const stream = this.#streams.get(message.stream)
      if (stream !== undefined && node === stream.other) stream.reached = true
      const breach = received(node, message, answer)
      if (breach !== null) return breach
    }
    if (answer.error !== undefined) return null
    return this.#fold(node, answer, input === null || input.type === 'crash' || input.type === 'restart')
  }

  #fold(node: NodeId, { state, members }: Answer, begins: boolean): Breach | null {
    const folded = this.#folded.get(node)!
    if (begins) {
      folded.state.clear()
      folded.members.clear()
    }
    folded.state.take(state)
    for (const change of members ?? []) {
      if (!this.nodes.has(change.node))
        return outputs(`${node} shows a record of ${change.node}, which is no node of the run`)
      if (change.status !== 'forgotten') folded.members.put(change)
      else if (!folded.members.remove(change.node))
        return {
          rule: 'folds',
          text: `${node} shows that it has forgotten ${change.node}, of which it had shown no record`,
        }
    }
    return null
  }

  override inspected(node: NodeId, { state, members }: Inspection): Breach | null {
    const folded = this.#folded.get(node)
    if (folded === undefined) return null
    return folded.state.breach(node, state) ?? folded.members.breach(node, members)
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
