/** A snapshot: the whole state at one position of the log. */
import type { Configuration, Message, OutgoingMessage, Position } from '../../../models/raft/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { emptyStore, type StoreContents } from '../store/key-value.ts'

export interface Snapshot extends Position {
  readonly configuration: Configuration
  readonly store: StoreContents
  /** Nodes that were members once, and are so no more. */
  readonly removed: readonly NodeId[]
}

/** Keeps the snapshot that a message carries out of sight of those who look at messages as data. */
const payload = Symbol('payload')
type Carrier = OutgoingMessage & { readonly [payload]?: Snapshot }
type InstallSnapshot = Extract<Message, { kind: 'install-snapshot' }>

export const carrying = (message: OutgoingMessage, snapshot: Snapshot): OutgoingMessage =>
  ({ ...message, [payload]: snapshot }) as Carrier

/** The snapshot that a message carries; one that was made from its view alone holds an empty store. */
export const carriedBy = (message: OutgoingMessage): Snapshot | null => {
  const snapshot = (message as Carrier)[payload]
  if (snapshot !== undefined) return snapshot
  return message.view.kind === 'install-snapshot' ? viewed(message.view) : null
}

const viewed = ({ lastIndex, lastTerm, configuration, digest }: InstallSnapshot): Snapshot => ({
  index: lastIndex,
  term: lastTerm,
  configuration,
  store: { pairs: emptyStore.pairs, digest },
  removed: [],
})
