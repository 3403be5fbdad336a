/** What can happen to a cluster in the system models, as data for whoever drives an implementation along a path. */
import type { NodeId } from '../../vocabulary.ts'
import type { MessageKind } from '../vocabulary.ts'

/** One action of a system model. Nodes are `n1`, `n2`, … */
export type SystemAction =
  /** The election timeout of the node passes: it campaigns. */
  | { readonly type: 'timeout'; readonly node: NodeId }
  | Delivery
  /** A client proposes a command to the leader. */
  | { readonly type: 'propose'; readonly node: NodeId }
  /** An operator asks the leader to add or remove one member, itself perhaps. */
  | { readonly type: 'add' | 'remove'; readonly node: NodeId; readonly member: NodeId }
  /** The node takes a snapshot at its commit index and discards the log that it covers. */
  | { readonly type: 'compact'; readonly node: NodeId }
  /** The node loses what is not durable. In the system models it is back at once. */
  | { readonly type: 'crash' | 'restart'; readonly node: NodeId }

/** One message arrives, in an exchange its answer too; all others stay in flight. What a field does not concern is 0. */
export interface Delivery {
  readonly type: 'deliver' | 'exchange'
  readonly from: NodeId
  readonly to: NodeId
  readonly kind: MessageKind
  /** Term of the message; of a refusal, the newer term that it tells. */
  readonly term: number
  /** A refusal of a vote or an append. */
  readonly refused: boolean
  /**
   * Of an append: the index before its entries; of an acknowledgement or a snapshot: the index that it is about; of a
   * request: the candidate's last index.
   */
  readonly index: number
  /** Of an append, a snapshot or a request: the term of the entry at `index`. */
  readonly logTerm: number
  /** Of an append: the term of its entry. */
  readonly entryTerm: number
  /** Of an append: how many entries it holds. */
  readonly entries: number
  /** Of an append: the commit index that it announces. */
  readonly commit: number
}

/** Name of the node with that number, counted from 0. */
export function nodeName(node: number): NodeId {
  return `n${node + 1}`
}

/** A delivery of which only what differs from an empty message is given. */
export function delivery(
  from: number,
  to: number,
  kind: MessageKind,
  term: number,
  details: Partial<Pick<Delivery, 'refused' | 'index' | 'logTerm' | 'entryTerm' | 'entries' | 'commit'>> = {},
): Delivery {
  return {
    type: 'deliver',
    from: nodeName(from),
    to: nodeName(to),
    kind,
    term,
    refused: false,
    index: 0,
    logTerm: 0,
    entryTerm: 0,
    entries: 0,
    commit: 0,
    ...details,
  }
}

/** One line for people: `deliver append-entries n1>n2 term 2 after 0: 1 entry, commit 0`. */
export function describeAction(action: SystemAction): string {
  if ('kind' in action) {
    const head = `${action.type} ${action.kind} ${action.from}>${action.to} term ${action.term}`
    if (action.refused) return `${head} refused`
    if (action.kind === 'append-entries') {
      const entries = action.entries === 1 ? '1 entry' : `${action.entries} entries`
      return `${head} after ${action.index}: ${entries}, commit ${action.commit}`
    }
    return action.index === 0 ? head : `${head} index ${action.index}`
  }
  const member = 'member' in action ? ` ${action.member}` : ''
  return `${action.type} ${action.node}${member}`
}

/** The same as deliveries only: an exchange is a request and its answer. */
export function withoutExchanges(actions: readonly SystemAction[]): SystemAction[] {
  return actions.flatMap((action) => {
    if (action.type !== 'exchange') return [action]
    const isAppend = action.kind === 'append-entries'
    const answer: Delivery = {
      ...action,
      type: 'deliver',
      from: action.to,
      to: action.from,
      kind: isAppend ? 'append-entries-response' : 'request-vote-response',
      index: action.index + action.entries,
      entries: 0,
      commit: 0,
    }
    return [{ ...action, type: 'deliver' } satisfies Delivery, answer]
  })
}
