/** What can happen in the system model of the network database, as numbers and as data. */
import type { NodeId } from '../../vocabulary.ts'
import type { EntryOperation } from '../rules.ts'

/** One action of the model. Nodes are `n1`, `n2`, …, keys `k1` and `k2`. */
export type NetworkDbAction =
  | { readonly type: 'write'; readonly node: NodeId; readonly key: string; readonly operation: EntryOperation }
  | {
      readonly type: 'hear'
      readonly node: NodeId
      readonly key: string
      readonly owner: NodeId
      readonly time: number
      readonly deletes: boolean
    }
  | { readonly type: 'hear-attachment'; readonly node: NodeId; readonly other: NodeId; readonly time: number }
  | { readonly type: 'push-pull' | 'bulk-sync'; readonly node: NodeId; readonly other: NodeId }
  | { readonly type: 'fail' | 'return' | 'forget-departure'; readonly node: NodeId; readonly other: NodeId }
  | { readonly type: 'join' | 'leave'; readonly node: NodeId }
  | { readonly type: 'forget'; readonly node: NodeId; readonly key: string }

export const Kind = {
  write: 0,
  hear: 1,
  attachment: 2,
  pushPull: 3,
  sync: 4,
  fail: 5,
  back: 6,
  join: 7,
  leave: 8,
  forget: 9,
  forgetDeparture: 10,
} as const
type Kind = (typeof Kind)[keyof typeof Kind]

export const operations: readonly EntryOperation[] = ['create', 'update', 'delete']

/** `detail`: the operation, or whether what is heard deletes. */
export const encode = (kind: Kind, node: number, other = 0, key = 0, time = 0, detail = 0): number =>
  kind | (node << 4) | (other << 6) | (key << 8) | (time << 9) | (detail << 12)

export function decodeAction(action: number): NetworkDbAction {
  const node = `n${((action >> 4) & 3) + 1}`
  const other = `n${((action >> 6) & 3) + 1}`
  const key = `k${((action >> 8) & 1) + 1}`
  const time = (action >> 9) & 7
  const detail = action >> 12
  switch ((action & 15) as Kind) {
    case Kind.write:
      return { type: 'write', node, key, operation: operations[detail]! }
    case Kind.hear:
      return { type: 'hear', node, key, owner: other, time, deletes: detail === 1 }
    case Kind.attachment:
      return { type: 'hear-attachment', node, other, time }
    case Kind.pushPull:
      return { type: 'push-pull', node, other }
    case Kind.sync:
      return { type: 'bulk-sync', node, other }
    case Kind.fail:
      return { type: 'fail', node, other }
    case Kind.back:
      return { type: 'return', node, other }
    case Kind.join:
      return { type: 'join', node }
    case Kind.leave:
      return { type: 'leave', node }
    case Kind.forget:
      return { type: 'forget', node, key }
    case Kind.forgetDeparture:
      return { type: 'forget-departure', node, other }
  }
}

export function describeAction(action: NetworkDbAction): string {
  const { node } = action
  switch (action.type) {
    case 'write':
      return `${node} ${action.operation}s ${action.key}`
    case 'hear': {
      const { owner, key, time, deletes } = action
      return `${node} hears that ${owner} ${deletes ? 'deleted' : 'wrote'} ${key} at ${time}`
    }
    case 'hear-attachment':
      return `${node} hears of ${action.other}'s attachment at ${action.time}`
    case 'push-pull':
      return `${node} tells ${action.other} all attachments`
    case 'bulk-sync':
      return `${node} tells ${action.other} all entries`
    case 'fail':
      return `${node} loses sight of ${action.other}`
    case 'return':
      return `${node} sees ${action.other} again`
    case 'join':
      return `${node} joins`
    case 'leave':
      return `${node} leaves`
    case 'forget':
      return `${node} forgets ${action.key}`
    case 'forget-departure':
      return `${node} forgets that ${action.other} left`
  }
}
