/**
 * Nodes with one network and its entries, as a system: whatever was ever made of an entry or of an attachment may be heard
 * by anybody, in any order and as often as it likes; any two nodes may synchronize; anybody may lose anybody from sight,
 * leave the network and come back; what is old enough may be forgotten at any time. So the network may do what it will, and
 * so may clocks; what holds here holds because of the rules.
 *
 * What is older than a deletion that was forgotten travels no more, as no message takes as long as a deletion is remembered;
 * but who holds it still may tell it.
 */
import type { Emit, SystemModel } from '../explorer.ts'
import * as networkDbRules from './rules.ts'
import { Kind, decodeAction, describeAction, encode, operations, type NetworkDbAction } from './system/actions.ts'
import { checkBounds, type NetworkDbBounds } from './system/bounds.ts'
import { propertiesOf } from './system/properties.ts'
import {
  ABSENT,
  BURIED_UNKNOWN,
  LIVE,
  SHOWN_AGAIN,
  SUSPENDED,
  TOMBSTONE,
  UNTIMELY,
  WENT_BACK,
  entryOf,
  heldAttachment,
  heldOf,
  isJoined,
  layoutOf,
  ownerOf,
  statusNumber,
  statusOf,
  timeOf,
} from './system/state.ts'

export type { NetworkDbAction } from './system/actions.ts'
export type { NetworkDbBounds } from './system/bounds.ts'

export type NetworkDbRules = Pick<
  typeof networkDbRules,
  | 'afterTold'
  | 'afterOwnerFails'
  | 'afterOwnerReturns'
  | 'afterOwnLeave'
  | 'isCarriedOut'
  | 'afterAttachmentTold'
  | 'witness'
>

/** The system model. `rules` are those of the network database unless a test weakens one. */
export function networkDbModel(
  bounds: NetworkDbBounds,
  rules: NetworkDbRules = networkDbRules,
): SystemModel<NetworkDbAction> {
  checkBounds(bounds)
  const { nodes, keys, times, writers, attachments, failures, reaps } = bounds
  const layout = layoutOf(bounds)
  const { words } = layout
  const next = new Int32Array(words)
  /** A state in which it is tried what a synchronization would do. */
  const tried = new Int32Array(words)

  const isIn = (state: Int32Array, at: number, node: number): boolean =>
    isJoined(layout.attachment(state, at, node, node))
  const mayWrite = (node: number, key: number): boolean => (node - key + nodes) % nodes < writers

  // What becomes of a node's records; each answers whether any changed

  const setEntry = (state: Int32Array, node: number, key: number, entry: number): boolean => {
    if (layout.entry(state, 0, node, key) === entry) return false
    layout.setEntry(state, 0, node, key, entry)
    return true
  }

  /** A table event reaches a node. */
  const tell = (
    state: Int32Array,
    node: number,
    key: number,
    owner: number,
    time: number,
    deletes: boolean,
  ): boolean => {
    layout.setClock(state, 0, node, rules.witness(layout.clock(state, 0, node), time))
    const before = layout.entry(state, 0, node, key)
    const said = { time, deletes, owner: ownerState(state, node, owner) }
    const { next: after, taken } = rules.afterTold(heldOf(before), said, isIn(state, 0, node))
    if (!taken) return false
    const entry = entryOf(statusNumber(after.status), owner, after.time)
    if (!setEntry(state, node, key, entry)) return false
    if (statusOf(before) !== ABSENT && timeOf(entry) <= timeOf(before)) layout.note(state, 0, WENT_BACK)
    if (statusOf(before) === ABSENT && statusOf(entry) === TOMBSTONE) layout.note(state, 0, BURIED_UNKNOWN)
    return true
  }

  const ownerState = (state: Int32Array, node: number, owner: number): networkDbRules.OwnerState => {
    if (owner === node) return 'self'
    if (!isJoined(layout.attachment(state, 0, node, owner))) return 'detached'
    return layout.isFailed(state, 0, node, owner) ? 'failed' : 'attached'
  }

  /** An event about an attachment reaches a node. */
  const tellAttachment = (state: Int32Array, node: number, other: number, time: number): boolean => {
    const before = layout.attachment(state, 0, node, other)
    const about = other === node ? 'self' : layout.isFailed(state, 0, node, other) ? 'other' : 'active'
    const said = { time, leaves: !isJoined(time) }
    const { next: after, taken } = rules.afterAttachmentTold(heldAttachment(before), said, about)
    if (!taken) return false
    layout.setAttachment(state, 0, node, other, after.time)
    if (before > after.time) layout.note(state, 0, WENT_BACK)
    if (said.leaves) changeEntries(state, node, other, () => ABSENT)
    return before !== after.time
  }

  /** Changes what a node holds of somebody's entries. */
  const changeEntries = (state: Int32Array, node: number, owner: number, change: (entry: number) => number): void => {
    for (let key = 0; key < keys; key++) {
      const entry = layout.entry(state, 0, node, key)
      if (statusOf(entry) !== ABSENT && ownerOf(entry) === owner) layout.setEntry(state, 0, node, key, change(entry))
    }
  }

  const changed = (entry: number, { status, time }: networkDbRules.Held): number =>
    entryOf(statusNumber(status), ownerOf(entry), time)

  /** A node tells another all attachments that it holds, its own included. */
  const pushPull = (state: Int32Array, from: number, to: number): boolean => {
    let changes = false
    for (let other = 0; other < nodes; other++) {
      const time = layout.attachment(state, 0, from, other)
      if (time > 0 && tellAttachment(state, to, other, time)) changes = true
    }
    return changes
  }

  /** A node tells another all entries of the network. */
  const bulkSync = (state: Int32Array, from: number, to: number): boolean => {
    let changes = false
    for (let key = 0; key < keys; key++) {
      const entry = layout.entry(state, 0, from, key)
      if (statusOf(entry) === ABSENT) continue
      const deletes = statusOf(entry) === TOMBSTONE
      if (tell(state, to, key, ownerOf(entry), timeOf(entry), deletes)) changes = true
    }
    return changes
  }

  // What can happen

  const load = (states: Int32Array, at: number): void => {
    for (let word = 0; word < words; word++) next[word] = states[at + word]!
  }
  /** Emits what an action has made of the state that was loaded, if it made anything of it. */
  const emitChanged = (states: Int32Array, at: number, action: number, emit: Emit): void => {
    for (let word = 0; word < words; word++) {
      if (next[word] === states[at + word]) continue
      emit(action)
      return
    }
  }

  const write = (states: Int32Array, at: number, node: number, key: number, emit: Emit): void => {
    const held = layout.entry(states, at, node, key)
    const time = layout.clock(states, at, node) + 1
    if (time > times || !mayWrite(node, key)) return
    for (const [number, operation] of operations.entries()) {
      if (!rules.isCarriedOut(heldOf(held), operation)) continue
      load(states, at)
      const deletes = operation === 'delete'
      own(node, key, time, deletes)
      emit(encode(Kind.write, node, 0, key, 0, number))
    }
  }

  /** A node makes an event of its own. */
  const own = (node: number, key: number, time: number, deletes: boolean): void => {
    layout.make(next, 0, key, node, time, deletes)
    layout.setEntry(next, 0, node, key, entryOf(deletes ? TOMBSTONE : LIVE, node, time))
    layout.setClock(next, 0, node, time)
  }

  const hear = (states: Int32Array, at: number, node: number, key: number, emit: Emit): void => {
    const forgotten = layout.forgotten(states, at, key)
    for (let owner = 0; owner < nodes; owner++) {
      for (let time = forgotten + 1; time <= times; time++) {
        for (const deletes of [false, true]) {
          if (!layout.isMade(states, at, key, owner, time, deletes)) continue
          load(states, at)
          tell(next, node, key, owner, time, deletes)
          emitChanged(states, at, encode(Kind.hear, node, owner, key, time, deletes ? 1 : 0), emit)
        }
      }
    }
  }

  const hearAttachment = (states: Int32Array, at: number, node: number, other: number, emit: Emit): void => {
    const last = layout.attachment(states, at, other, other)
    for (let time = layout.departed(states, at, other) + 1; time <= last; time++) {
      load(states, at)
      tellAttachment(next, node, other, time)
      emitChanged(states, at, encode(Kind.attachment, node, other, 0, time), emit)
    }
  }

  const synchronize = (states: Int32Array, at: number, from: number, to: number, emit: Emit): void => {
    load(states, at)
    pushPull(next, from, to)
    emitChanged(states, at, encode(Kind.pushPull, from, to), emit)
    if (!isIn(states, at, from)) return
    load(states, at)
    pushPull(next, from, to)
    bulkSync(next, from, to)
    emitChanged(states, at, encode(Kind.sync, from, to), emit)
  }

  const loseSight = (states: Int32Array, at: number, node: number, other: number, emit: Emit): void => {
    load(states, at)
    const wasFailed = layout.isFailed(states, at, node, other)
    layout.setFailed(next, 0, node, other, !wasFailed)
    changeEntries(next, node, other, (entry) => {
      if (wasFailed && statusOf(entry) === SUSPENDED) layout.note(next, 0, SHOWN_AGAIN)
      return changed(entry, wasFailed ? rules.afterOwnerReturns(heldOf(entry)) : rules.afterOwnerFails(heldOf(entry)))
    })
    emit(encode(wasFailed ? Kind.back : Kind.fail, node, other))
  }

  const attach = (states: Int32Array, at: number, node: number, emit: Emit): void => {
    const time = layout.attachment(states, at, node, node) + 1
    if (time > attachments) return
    load(states, at)
    layout.setAttachment(next, 0, node, node, time)
    if (!isJoined(time) && !leave(node)) return
    emit(encode(isJoined(time) ? Kind.join : Kind.leave, node))
  }

  /** What a node that leaves makes of its entries; false where the times do not suffice. */
  const leave = (node: number): boolean => {
    for (let key = 0; key < keys; key++) {
      const entry = layout.entry(next, 0, node, key)
      if (statusOf(entry) === ABSENT) continue
      const isOwn = ownerOf(entry) === node
      const time = layout.clock(next, 0, node) + 1
      const after = rules.afterOwnLeave(heldOf(entry), isOwn, time)
      if (isOwn && after.status === 'tombstone' && after.time === time) {
        if (time > times) return false
        own(node, key, time, true)
      } else layout.setEntry(next, 0, node, key, changed(entry, after))
    }
    return true
  }

  /** A node forgets a deletion or a hidden entry. */
  const forget = (states: Int32Array, at: number, node: number, key: number, emit: Emit): void => {
    const entry = layout.entry(states, at, node, key)
    if (statusOf(entry) === ABSENT || statusOf(entry) === LIVE) return
    load(states, at)
    layout.setEntry(next, 0, node, key, ABSENT)
    if (statusOf(entry) === TOMBSTONE) {
      layout.forget(next, 0, key, timeOf(entry))
      for (let other = 0; other < nodes; other++) {
        const held = layout.entry(states, at, other, key)
        if (statusOf(held) !== ABSENT && timeOf(held) < timeOf(entry)) layout.note(next, 0, UNTIMELY)
      }
    }
    emit(encode(Kind.forget, node, 0, key))
  }

  /** A node forgets that another has left. */
  const forgetDeparture = (states: Int32Array, at: number, node: number, other: number, emit: Emit): void => {
    const time = layout.attachment(states, at, node, other)
    if (time === 0 || isJoined(time)) return
    load(states, at)
    layout.setAttachment(next, 0, node, other, 0)
    layout.depart(next, 0, other, time)
    for (let each = 0; each < nodes; each++) {
      const held = layout.attachment(states, at, each, other)
      if (held > 0 && held < time) layout.note(next, 0, UNTIMELY)
    }
    emit(encode(Kind.forgetDeparture, node, other))
  }

  /** Whether nobody is out of anybody's sight, and no two nodes have anything to tell each other. */
  const isAtRest = (states: Int32Array, at: number): boolean => {
    for (let word = 0; word < words; word++) tried[word] = states[at + word]!
    for (let from = 0; from < nodes; from++) {
      for (let to = 0; to < nodes; to++) {
        if (from === to) continue
        if (layout.isFailed(states, at, from, to)) return false
        if (pushPull(tried, from, to)) return false
        if (isIn(states, at, from) && isIn(states, at, to) && bulkSync(tried, from, to)) return false
      }
    }
    return true
  }

  return {
    name: `networkdb, ${nodes} nodes, ${keys} keys, ${times} times, ${writers} write, ${attachments} attachments${failures ? ', failures' : ''}${reaps ? ', reaps' : ''}`,
    words,
    next,
    properties: propertiesOf(bounds, layout, isAtRest),

    initial(emit) {
      next.fill(0)
      for (let node = 0; node < nodes; node++)
        for (let other = 0; other < nodes; other++) layout.setAttachment(next, 0, node, other, 1)
      emit(0)
    },

    successors(states, at, emit) {
      for (let node = 0; node < nodes; node++) {
        const isHere = isIn(states, at, node)
        for (let key = 0; key < keys; key++) {
          if (isHere) write(states, at, node, key, emit)
          hear(states, at, node, key, emit)
          if (reaps) forget(states, at, node, key, emit)
        }
        if (attachments > 1) attach(states, at, node, emit)
        for (let other = 0; other < nodes; other++) {
          if (attachments > 1) hearAttachment(states, at, node, other, emit)
          if (other === node) continue
          synchronize(states, at, node, other, emit)
          if (failures) loseSight(states, at, node, other, emit)
          if (reaps) forgetDeparture(states, at, node, other, emit)
        }
      }
    },

    describe: (states, at) => Array.from({ length: nodes }, (_, node) => describeNode(states, at, node)).join('; '),
    describeAction: (action) => describeAction(decodeAction(action)),
    decodeAction,
  }

  function describeNode(states: Int32Array, at: number, node: number): string {
    const names = ['absent', 'live', 'suspended', 'tombstone']
    const entries = Array.from({ length: keys }, (_, key) => {
      const entry = layout.entry(states, at, node, key)
      const status = names[statusOf(entry)]!
      return ` k${key + 1} ${status}${statusOf(entry) === ABSENT ? '' : ` ${timeOf(entry)} of n${ownerOf(entry) + 1}`}`
    })
    const others = Array.from({ length: nodes }, (_, other) => {
      const { status } = heldAttachment(layout.attachment(states, at, node, other))
      if (other === node || (status === 'joined' && !layout.isFailed(states, at, node, other))) return ''
      return `, n${other + 1} ${status}${layout.isFailed(states, at, node, other) ? ' and failed' : ''}`
    })
    const own = isIn(states, at, node) ? '' : ' left'
    return `n${node + 1}${own} ${layout.clock(states, at, node)}:${entries.join('')}${others.join('')}`
  }
}
