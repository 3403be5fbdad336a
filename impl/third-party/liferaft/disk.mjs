/** The log's storage: the in-memory store that liferaft is tested with, watched, and able to lose what was not synced. */
import MemDOWN from 'memdown'
import { entryOf } from './packets.mjs'

const sameEntry = (a, b) => a.index === b.index && a.term === b.term && a.digest === b.digest

/** How `before` became `after`; both are the entries from index `from` on. Null where nothing that is observed changed. */
function difference(from, before, after) {
  let common = 0
  while (common < before.length && common < after.length && sameEntry(before[common], after[common])) common += 1
  const delta = {}
  if (common < before.length) delta.truncate = from - 1 + common
  if (common < after.length) delta.append = after.slice(common)
  return Object.keys(delta).length === 0 ? null : delta
}

class WatchedStore extends MemDOWN {
  constructor(disk) {
    super()
    this.disk = disk
  }

  _put(key, value, options, callback) {
    this.disk.wrote(String(key), String(value))
    super._put(key, value, options, callback)
  }

  _del(key, options, callback) {
    this.disk.wrote(String(key), null)
    super._del(key, options, callback)
  }

  /** Puts what a former incarnation left, without telling. */
  load(records) {
    for (const [key, value] of records) super._put(Buffer.from(key), Buffer.from(value), {}, () => {})
  }
}

export class Disk {
  /** What is sure to survive a crash: key to value. */
  #durable = new Map()
  /** Writes since, in order. liferaft never asks for a sync, so none of them becomes durable before a crash keeps it. */
  #unsynced = []
  #lastWrite = 0
  #acknowledged = 0
  /** Entries by index, as the store holds them now; a gap ends what can be shown as a log. */
  #entries = new Map()
  #length = 0
  /** Entries as they were last reported, and the lowest index written since. */
  #reported = []
  #touched = Infinity

  /** @param {((write: object) => void) | null} onWrite is told of every write as an output; null keeps them to itself */
  constructor(onWrite) {
    this.onWrite = onWrite
  }

  /** A store with all that has survived. */
  open() {
    const store = new WatchedStore(this)
    store.load(this.#durable)
    this.#entries = new Map()
    for (const value of this.#durable.values()) {
      const entry = entryOf(JSON.parse(value))
      this.#entries.set(entry.index, entry)
    }
    this.#measure(0)
    this.#reported = this.entries()
    this.#touched = Infinity
    return store
  }

  wrote(key, value) {
    const index = Number.parseInt(key, 16)
    const before = this.entries(index)
    if (value === null) this.#entries.delete(index)
    else this.#entries.set(index, entryOf(JSON.parse(value)))
    this.#measure(Math.min(this.#length, index - 1))
    this.#touched = Math.min(this.#touched, index)
    if (this.onWrite === null) return
    const log = difference(index, before, this.entries(index))
    const id = ++this.#lastWrite
    this.#unsynced.push({ id, key, value })
    this.onWrite({ type: 'write', id, file: 'log', sync: false, contents: log === null ? {} : { log } })
  }

  acknowledge(ids) {
    this.#acknowledged = Math.max(this.#acknowledged, ...ids)
  }

  /** The write that a message waits for: liferaft goes on only when the store has called back. */
  get outstanding() {
    return this.#lastWrite > this.#acknowledged ? this.#lastWrite : 0
  }

  /** @param {readonly number[]} keep ids of the unsynced writes that survive */
  crash(keep) {
    const kept = new Set(keep)
    for (const { id, key, value } of this.#unsynced) {
      if (!kept.has(id)) continue
      if (value === null) this.#durable.delete(key)
      else this.#durable.set(key, value)
    }
    this.#unsynced = []
    this.#acknowledged = this.#lastWrite
  }

  /** Entries from an index on, up to the first gap. */
  entries(from = 1) {
    const entries = []
    for (let index = from; index <= this.#length; index += 1) entries.push(this.#entries.get(index))
    return entries
  }

  /** What happened to the log since it was last reported, or null. */
  report() {
    if (this.#touched === Infinity) return null
    const from = Math.min(this.#touched, this.#reported.length + 1)
    const now = this.entries(from)
    const delta = difference(from, this.#reported.slice(from - 1), now)
    this.#reported.splice(from - 1, Infinity, ...now)
    this.#touched = Infinity
    return delta
  }

  #measure(from) {
    this.#length = from
    while (this.#entries.has(this.#length + 1)) this.#length += 1
  }
}
