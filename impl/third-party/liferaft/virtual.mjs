/**
 * Time and randomness. liferaft takes both from the globals, and only one node runs at any moment,
 * so the globals are those of whichever node is running. Import this before liferaft.
 */

const { setImmediate: nextTurn, clearImmediate: cancelTurn, Date: RealDate } = globalThis

/** @type {{ clock: Clock, random: () => number, failure: string | null } | null} */
let current = null

const here = () => {
  if (current === null) throw new Error('code of liferaft runs outside of every step')
  return current
}

/** A node's clock: it moves only when the node is stepped. */
export class Clock {
  #timers = new Map()
  #lastId = 0

  /** @param {number} now local instant in milliseconds */
  constructor(now) {
    this.now = now
  }

  /** Node's own rule: a delay is a whole number of milliseconds, at least 1. */
  start(callback, delay) {
    const id = ++this.#lastId
    this.#timers.set(id, { at: this.now + Math.max(1, Math.trunc(delay) || 1), callback })
    return id
  }

  stop(id) {
    this.#timers.delete(id)
  }

  /** Instant of the first timer, or null for none. */
  get wake() {
    let first = null
    for (const { at } of this.#timers.values()) if (first === null || at < first) first = at
    return first
  }

  /** Removes the oldest timer that is due and returns its callback. */
  due() {
    for (const [id, { at, callback }] of this.#timers) {
      if (at > this.now) continue
      this.#timers.delete(id)
      return callback
    }
    return null
  }
}

/** Immediates take no time; they are counted, so that a step knows when nothing is left to run. */
const immediates = new Set()

globalThis.setImmediate = (callback, ...args) => {
  const handle = nextTurn(() => {
    immediates.delete(handle)
    callback(...args)
  })
  immediates.add(handle)
  return handle
}
globalThis.clearImmediate = (handle) => {
  immediates.delete(handle)
  cancelTurn(handle)
}
globalThis.setTimeout = (callback, delay, ...args) => here().clock.start(() => callback(...args), delay)
globalThis.clearTimeout = (id) => here().clock.stop(id)
globalThis.setInterval = () => {
  throw new Error('liferaft uses no intervals')
}
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(here().clock.now)
    else super(...args)
  }

  static now() {
    return here().clock.now
  }
}
Math.random = () => here().random()

/** What would end a process of Node's own accord: the node that was running has failed. */
const failed = (reason) => {
  if (current === null) {
    console.error(reason)
    process.exit(1)
  }
  current.failure ??= String(reason)
}
process.on('unhandledRejection', failed)
process.on('uncaughtException', failed)

/** Runs code of a node until no promise, tick or immediate of it is left. */
export async function run(node, action) {
  current = node
  try {
    action()
  } catch (error) {
    failed(error)
  }
  // Ticks and microtasks are drained before a turn ends; what they scheduled is counted.
  do await new Promise((resolve) => nextTurn(resolve))
  while (immediates.size > 0)
  current = null
}

/** A stream of numbers in [0, 1) that depends on nothing but its name (FNV-1a, then mulberry32). */
export function randomStream(name) {
  let state = 0x811c9dc5
  for (const character of name) state = Math.imul(state ^ character.codePointAt(0), 0x01000193)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
