/**
 * Time, randomness and sockets. happn-swim takes the first two from the globals and the last from `dgram`. One node runs
 * at any moment and to its end, so all of them are those of whichever node is running. Import this before happn-swim.
 */
import dgram from 'node:dgram'
import { EventEmitter } from 'node:events'

const { Date: RealDate } = globalThis
const nextTick = process.nextTick.bind(process)

/** @type {import('./node.mjs').Node | null} */
let current = null

const here = () => {
  if (current === null) throw new Error('code of happn-swim runs outside of every step')
  return current
}

/** A node's clock: it moves only when the node is stepped. */
export class Clock {
  #timers = new Map()
  #lastId = 0
  #lastOrder = 0

  /** @param {number} now local instant in milliseconds */
  constructor(now) {
    this.now = now
  }

  /** Node's own rule: a delay is a whole number of milliseconds, at least 1. */
  start(callback, delay, repeats) {
    const id = ++this.#lastId
    const timer = { id, callback, delay: Math.max(1, Math.trunc(delay) || 1), repeats }
    this.#arm(timer)
    return id
  }

  #arm(timer) {
    this.#timers.set(timer.id, { ...timer, at: this.now + timer.delay, order: ++this.#lastOrder })
  }

  stop(id) {
    this.#timers.delete(id)
  }

  /** Instant of the first timer, or null for none. */
  get wake() {
    return this.#first()?.at ?? null
  }

  /** Fires the first timer if it is due, and says whether it was. */
  fire() {
    const timer = this.#first()
    if (timer === null || timer.at > this.now) return false
    this.#timers.delete(timer.id)
    // Armed before it runs, so that it can stop itself.
    if (timer.repeats) this.#arm(timer)
    timer.callback()
    return true
  }

  /** Of timers that are due at the same instant, the one that was armed first. */
  #first() {
    let first = null
    for (const timer of this.#timers.values()) {
      if (first === null || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer
    }
    return first
  }
}

/** A datagram socket of the node that made it. */
class Socket extends EventEmitter {
  #node = here()
  #port = 0

  bind(port, callback) {
    this.once('listening', callback)
    this.#node.ticks.push(() => {
      this.#port = port
      this.#node.sockets.set(port, this)
      this.emit('listening')
    })
  }

  send(buffer, offset, length, port, address) {
    // A socket that sends unbound gets a port of its own, on which nobody is written to.
    const sender = this.#port === 0 ? EPHEMERAL_PORT : this.#port
    this.#node.send(Buffer.from(buffer.subarray(offset, offset + length)), sender, address, Number(port))
  }

  close() {
    if (this.#port !== 0) this.#node.sockets.delete(this.#port)
  }
}

const EPHEMERAL_PORT = 49_152

dgram.createSocket = () => new Socket()

const start =
  (repeats) =>
  (callback, delay, ...args) =>
    here().clock.start(() => callback(...args), delay, repeats)
const stop = (id) => here().clock.stop(id)

globalThis.setTimeout = start(false)
globalThis.setInterval = start(true)
globalThis.clearTimeout = stop
globalThis.clearInterval = stop
// The next turn of the loop is the next instant: a node that starts is seen before it does anything.
globalThis.setImmediate = (callback, ...args) => here().clock.start(() => callback(...args), 1, false)
globalThis.clearImmediate = stop
// Node's own streams call it too, between steps.
process.nextTick = (callback, ...args) => {
  if (current === null) nextTick(callback, ...args)
  else current.ticks.push(() => callback(...args))
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

/** Runs code of a node until nothing is left of it but timers. An exception would end a process: the node has failed. */
export function run(node, action) {
  current = node
  try {
    action()
    for (let tick = node.ticks.shift(); tick !== undefined; tick = node.ticks.shift()) tick()
  } catch (error) {
    node.failure = String(error)
  }
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
