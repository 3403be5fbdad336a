/**
 * What the contract demands of the answers of the network database: only nodes of the run are spoken of, no life has the
 * name of another, views arrive as they were sent, and changes add up to the tables.
 */
import type {
  Answer,
  Attachment,
  Entry,
  Input,
  Inspection,
  NodeState,
  Peer,
} from '../../../models/networkdb/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { ContractCheck, outputs, received, shown, type Breach } from '../check.ts'
import type { NetworkDbWords, Start } from '../networkdb.ts'
import { StateFold, TableFold, tellsAll } from './fold.ts'

const attachmentKey = ({ name, network }: Pick<Attachment, 'name' | 'network'>): string => `${name} in ${network}`
const entryKey = ({ network, key }: Pick<Entry, 'network' | 'key'>): string => `${network}/${key}`

const stateFields = ['name', 'networkClock', 'tableClock', 'leaving'] as const

/** What the answers of a node add up to. */
class Folded {
  readonly state = new StateFold<NodeState>(stateFields)
  readonly peers = new TableFold<Peer>(({ name }) => name, ['address', 'status'])
  readonly attachments = new TableFold<Attachment>(attachmentKey, ['time', 'status'])
  readonly entries = new TableFold<Entry>(entryKey, ['owner', 'time', 'value', 'status'])

  clear(): void {
    for (const each of [this.state, this.peers, this.attachments, this.entries]) each.clear()
  }
}

export class NetworkDbCheck extends ContractCheck<NetworkDbWords> {
  protected readonly whole = 'its whole state, and all peers, attachments and entries'
  readonly #folded: ReadonlyMap<NodeId, Folded>
  /** The names of all lives so far. */
  readonly #names = new Set<string>()

  constructor(start: Start) {
    super(start)
    this.#folded = new Map(start.nodes.map((node) => [node, new Folded()]))
  }

  protected isWhole({ state, peers, attachments, entries }: Answer): boolean {
    return tellsAll(stateFields, state) && peers !== null && attachments !== null && entries !== null
  }

  protected override shows(node: NodeId, answer: Answer, input: Input | null): Breach | null {
    const breach = input?.type === 'deliver' ? received(node, input.message, answer) : null
    if (breach !== null || answer.error !== undefined) return breach
    return this.#named(node, answer, input) ?? this.#fold(node, answer, input)
  }

  /** A node that starts has a name of its own; no other step gives it another. */
  #named(node: NodeId, { state }: Answer, input: Input | null): Breach | null {
    const name = state?.name
    if (name === undefined) return null
    if (input !== null && input.type !== 'restart') return shown(`${node} calls itself ${name} in the midst of a life`)
    if (this.#names.has(name)) return shown(`${node} starts as ${name}, the name of another life`)
    this.#names.add(name)
    return null
  }

  #fold(node: NodeId, { state, peers, attachments, entries }: Answer, input: Input | null): Breach | null {
    const folded = this.#folded.get(node)!
    if (input === null || input.type === 'crash' || input.type === 'restart') folded.clear()
    folded.state.take(state)
    for (const peer of peers ?? []) {
      if (!this.nodes.has(peer.address))
        return outputs(`${node} shows a peer at ${peer.address}, which is no node of the run`)
      folded.peers.put(peer)
    }
    for (const change of attachments ?? []) {
      if (change.status === 'forgotten') folded.attachments.remove(attachmentKey(change))
      else folded.attachments.put(change)
    }
    for (const change of entries ?? []) {
      if (change.status === 'forgotten') folded.entries.remove(entryKey(change))
      else folded.entries.put(change)
    }
    return null
  }

  override inspected(node: NodeId, { state, peers, attachments, entries }: Inspection): Breach | null {
    const folded = this.#folded.get(node)
    if (folded === undefined) return null
    return (
      folded.state.breach(node, state) ??
      folded.peers.breach(node, peers) ??
      folded.attachments.breach(node, attachments) ??
      folded.entries.breach(node, entries)
    )
  }
}
