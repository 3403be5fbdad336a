/**
 * The packed states of the system model of the network database. A word for each key holds what was ever made of it, a bit
 * for each owner, time and whether it deletes; one word holds what cannot be seen any more; one for each node what it holds.
 */
import type { EntryStatus, Held, HeldAttachment } from '../rules.ts'
import type { NetworkDbBounds } from './bounds.ts'

/** Something that ever happened: a bit each. */
export const WENT_BACK = 1
/** A hidden entry was shown again. */
export const SHOWN_AGAIN = 2
/** The deletion of what was not known was taken. */
export const BURIED_UNKNOWN = 4
/** A deletion, or that somebody left, was forgotten while another still held what it ends. */
export const UNTIMELY = 8

/** By key: the greatest time of a deletion that was forgotten (3 bits); by node: that of a departure (2 bits). */
const FORGOTTEN_SHIFT = 4
const FORGOTTEN_BITS = 3
const DEPARTED_SHIFT = FORGOTTEN_SHIFT + 2 * FORGOTTEN_BITS
const DEPARTED_BITS = 2

/** A node, of each node: the time of the last that it knows of its attachment (2 bits), and whether it counts as failed. */
const PEER_BITS = 3
const ATTACHMENT = 3
const FAILED = 4
/** Then its table clock, and of each key status (2 bits), owner (2) and time (3). */
const CLOCK_SHIFT = 3 * PEER_BITS
const CLOCK = 7
const ENTRY_SHIFT = CLOCK_SHIFT + 3
const ENTRY_BITS = 7
const ENTRY = (1 << ENTRY_BITS) - 1

/** An entry in seven bits; of what is absent nothing but that. */
export const ABSENT = 0
export const LIVE = 1
export const SUSPENDED = 2
export const TOMBSTONE = 3
export const statusOf = (entry: number): number => entry & 3
export const ownerOf = (entry: number): number => (entry >> 2) & 3
export const timeOf = (entry: number): number => entry >> 4
export const entryOf = (status: number, owner: number, time: number): number =>
  status === ABSENT ? ABSENT : status | (owner << 2) | (time << 4)

const statuses: readonly EntryStatus[] = ['absent', 'live', 'suspended', 'tombstone']
export const statusNumber = (status: EntryStatus): number => statuses.indexOf(status)
/** In the words of the rules; the same object for the same entry. */
const heldEntries: readonly Held[] = Array.from({ length: 32 }, (_, number) => ({
  status: statuses[number & 3]!,
  time: (number & 3) === ABSENT ? 0 : number >> 2,
}))
export const heldOf = (entry: number): Held => heldEntries[statusOf(entry) | (timeOf(entry) << 2)]!

/** The first event about an attachment is that it begins, the next that it ends, and so on. */
export const isJoined = (time: number): boolean => time % 2 === 1
const attachments: readonly HeldAttachment[] = [0, 1, 2, 3].map((time) => ({
  status: time === 0 ? 'absent' : isJoined(time) ? 'joined' : 'left',
  time,
}))
export const heldAttachment = (time: number): HeldAttachment => attachments[time]!

/** Reads and writes of one state, which begins at `at`. */
export interface Layout {
  readonly words: number
  made(state: Int32Array, at: number, key: number): number
  isMade(state: Int32Array, at: number, key: number, owner: number, time: number, deletes: boolean): boolean
  make(state: Int32Array, at: number, key: number, owner: number, time: number, deletes: boolean): void
  /** Whether something of those bits ever happened. */
  has(state: Int32Array, at: number, bits: number): boolean
  note(state: Int32Array, at: number, bits: number): void
  /** The greatest time of a deletion that was forgotten: what is older travels no more. */
  forgotten(state: Int32Array, at: number, key: number): number
  forget(state: Int32Array, at: number, key: number, time: number): void
  departed(state: Int32Array, at: number, other: number): number
  depart(state: Int32Array, at: number, other: number, time: number): void
  attachment(state: Int32Array, at: number, node: number, other: number): number
  setAttachment(state: Int32Array, at: number, node: number, other: number, time: number): void
  isFailed(state: Int32Array, at: number, node: number, other: number): boolean
  setFailed(state: Int32Array, at: number, node: number, other: number, failed: boolean): void
  clock(state: Int32Array, at: number, node: number): number
  setClock(state: Int32Array, at: number, node: number, clock: number): void
  entry(state: Int32Array, at: number, node: number, key: number): number
  setEntry(state: Int32Array, at: number, node: number, key: number, entry: number): void
}

export function layoutOf({ nodes, keys, times }: NetworkDbBounds): Layout {
  const HISTORY = keys
  const NODES = keys + 1
  const bitOf = (owner: number, time: number, deletes: boolean): number =>
    1 << ((owner * times + time - 1) * 2 + (deletes ? 1 : 0))
  const read = (state: Int32Array, place: number, shift: number, mask: number): number =>
    (state[place]! >> shift) & mask
  const write = (state: Int32Array, place: number, shift: number, mask: number, value: number): void => {
    state[place] = (state[place]! & ~(mask << shift)) | ((value & mask) << shift)
  }
  const rise = (state: Int32Array, place: number, shift: number, mask: number, value: number): void =>
    write(state, place, shift, mask, Math.max(value, read(state, place, shift, mask)))
  const forgottenAt = (key: number): number => FORGOTTEN_SHIFT + key * FORGOTTEN_BITS
  const departedAt = (other: number): number => DEPARTED_SHIFT + other * DEPARTED_BITS
  const entryAt = (key: number): number => ENTRY_SHIFT + key * ENTRY_BITS
  return {
    words: NODES + nodes,
    made: (state, at, key) => state[at + key]!,
    isMade: (state, at, key, owner, time, deletes) => (state[at + key]! & bitOf(owner, time, deletes)) !== 0,
    make: (state, at, key, owner, time, deletes) => {
      state[at + key]! |= bitOf(owner, time, deletes)
    },
    has: (state, at, bits) => (state[at + HISTORY]! & bits) !== 0,
    note: (state, at, bits) => {
      state[at + HISTORY]! |= bits
    },
    forgotten: (state, at, key) => read(state, at + HISTORY, forgottenAt(key), 7),
    forget: (state, at, key, time) => rise(state, at + HISTORY, forgottenAt(key), 7, time),
    departed: (state, at, other) => read(state, at + HISTORY, departedAt(other), 3),
    depart: (state, at, other, time) => rise(state, at + HISTORY, departedAt(other), 3, time),
    attachment: (state, at, node, other) => read(state, at + NODES + node, other * PEER_BITS, ATTACHMENT),
    setAttachment: (state, at, node, other, time) =>
      write(state, at + NODES + node, other * PEER_BITS, ATTACHMENT, time),
    isFailed: (state, at, node, other) => read(state, at + NODES + node, other * PEER_BITS, FAILED) !== 0,
    setFailed: (state, at, node, other, failed) =>
      write(state, at + NODES + node, other * PEER_BITS, FAILED, failed ? FAILED : 0),
    clock: (state, at, node) => read(state, at + NODES + node, CLOCK_SHIFT, CLOCK),
    setClock: (state, at, node, clock) => write(state, at + NODES + node, CLOCK_SHIFT, CLOCK, clock),
    entry: (state, at, node, key) => read(state, at + NODES + node, entryAt(key), ENTRY),
    setEntry: (state, at, node, key, entry) => write(state, at + NODES + node, entryAt(key), ENTRY, entry),
  }
}
