/** One liferaft node: it gets inputs one at a time, and tells what each of them did. */
import LifeRaft from '@markwylde/liferaft'
import Log from '@markwylde/liferaft/log.js'
import { Disk } from './disk.mjs'
import { entryOf, viewOf } from './packets.mjs'
import { Clock, randomStream, run } from './virtual.mjs'

const roles = { [LifeRaft.FOLLOWER]: 'follower', [LifeRaft.CANDIDATE]: 'candidate', [LifeRaft.LEADER]: 'leader' }

/** A commit event carries the command alone: this remembers which entry the command object came from. */
class Raft extends LifeRaft {
  positions = new WeakMap()

  commitEntries(entries) {
    for (const entry of entries) this.positions.set(entry.command, entryOf(entry))
    return super.commitEntries(entries)
  }
}

/** Carries a command out on the key-value store, and returns what the client gets. */
function execute(store, { type, key, value, expect }) {
  const present = store.get(key) ?? null
  if (type === 'get') return present
  if (type === 'put') {
    store.set(key, value)
    return null
  }
  if (present === expect) store.set(key, value)
  return String(present === expect)
}

export class Node {
  clock = new Clock(0)
  /** Why the node is down for good, or null. */
  failure = null
  #incarnation = 0
  #outputs = []
  #disk
  #raft
  #store
  #applied
  /** Operations proposed here that have no result yet. */
  #pending
  /** The state as last reported: field to its JSON. */
  #reported

  /**
   * @param {string} id
   * @param {{ configuration: object, options: object, seed: number }} start
   * @param {{ add: (message: object) => number, get: (id: number) => object }} messages of the whole run
   * @param {boolean} tellsWrites whether the log's writes are outputs, and can be lost in a crash
   */
  constructor(id, start, messages, tellsWrites) {
    this.id = id
    this.start = start
    this.messages = messages
    this.#disk = new Disk(tellsWrites ? (write) => this.#outputs.push(write) : null)
    this.random = randomStream(`${start.seed}/${id}`)
  }

  async boot(at) {
    this.clock = new Clock(at)
    this.#incarnation += 1
    this.#store = new Map()
    this.#applied = 0
    this.#pending = new Set()
    this.#reported = new Map()
    const store = this.#disk.open()
    const { electionTimeout, heartbeatInterval } = this.start.options
    await run(this, () => {
      this.#raft = new Raft(this.id, {
        'election min': electionTimeout,
        'election max': 2 * electionTimeout - 1,
        heartbeat: heartbeatInterval,
        Log,
        adapter: () => store,
      })
      this.#raft.on('commit', (command) => this.#apply(command))
      this.#raft.on('state change', () => this.#loseProposals())
      for (const peer of this.start.configuration.voters) {
        if (peer !== this.id) this.#raft.join(peer, (packet, callback) => this.#request(peer, packet, callback))
      }
    })
    this.#disk.report()
    const log = { restore: { index: 0, term: 0, retain: false }, append: this.#disk.entries() }
    return { ...this.#answer(), log }
  }

  async step(input) {
    if (this.failure !== null) return this.#answer()
    switch (input.type) {
      case 'deliver':
        return this.#deliver(input.at, this.messages.get(input.message))
      case 'advance':
        return this.#advance(input.until)
      case 'operation':
        return this.#operate(input.at, input.id, input.operation)
      case 'written':
        this.clock.now = input.at
        this.#disk.acknowledge(input.writes)
        return this.#answer()
      case 'crash':
        this.#disk.crash(input.keep)
        this.clock = new Clock(input.at)
        return { now: input.at, wake: null, outputs: [], state: null, log: null }
      case 'restart':
        return this.boot(input.at)
      default:
        throw new Error(`unknown input: ${input.type}`)
    }
  }

  inspect() {
    return {
      state: this.#state(),
      base: { index: 0, term: 0 },
      entries: this.#disk.entries(),
      store: [...this.#store].sort(([a], [b]) => (a < b ? -1 : 1)),
    }
  }

  async #deliver(at, message) {
    const packet = JSON.parse(message.body)
    this.clock.now = at
    // An answer comes back on the connection of its request, which ended with the incarnation that asked.
    if (message.answers && message.incarnation !== this.#incarnation) return this.#answer()
    await run(this, () => {
      if (message.answers) message.callback(undefined, packet)
      else this.#raft.emit('data', packet, (data) => this.#respond(message, data))
    })
    return { ...this.#answer(), received: viewOf(packet) }
  }

  async #advance(until) {
    for (;;) {
      const { wake } = this.clock
      if (wake === null || wake > until) break
      this.clock.now = Math.max(this.clock.now, wake)
      for (let timer = this.clock.due(); timer !== null; timer = this.clock.due()) await run(this, timer)
      const answer = this.#answer()
      if (answer.outputs.length > 0 || answer.state !== null || answer.log !== null || answer.error) return answer
    }
    this.clock.now = until
    return this.#answer()
  }

  async #operate(at, id, operation) {
    this.clock.now = at
    if (operation.type !== 'propose') {
      return { ...this.#answer(), error: { kind: 'unsupported', text: `liferaft cannot ${operation.type}` } }
    }
    this.#pending.add(id)
    await run(this, () => {
      this.#raft.command({ operation: id, ...operation.command }).catch((error) => {
        if (error.message === 'NOTLEADER') this.#finish(id, 'failed', null, 'not-leader')
        else this.#finish(id, 'unknown', null, 'internal-error')
      })
    })
    return this.#answer()
  }

  #request(to, packet, callback) {
    this.#send({ to, body: JSON.stringify(packet), answers: false, callback, incarnation: this.#incarnation })
  }

  /** An answer travels as a message of its own, and ends in the callback of its request. */
  #respond(request, data) {
    // To a stale request liferaft answers with a promise where it means a packet: JSON makes `{}` of it, which the
    // other side ignores, whatever its state. There is nothing to show of it, nor anything to deliver.
    if (data === undefined || data instanceof Promise) return
    const { from, callback, incarnation } = request
    this.#send({ to: from, body: JSON.stringify(data), answers: true, callback, incarnation })
  }

  #send(message) {
    const id = this.messages.add({ ...message, from: this.id })
    const view = viewOf(JSON.parse(message.body))
    this.#outputs.push({ type: 'message', id, from: this.id, to: message.to, view, after: this.#disk.outstanding })
  }

  #apply(command) {
    const { index, term, digest } = this.#raft.positions.get(command)
    this.#applied = index
    this.#outputs.push({ type: 'apply', index, term, digest })
    const value = execute(this.#store, command)
    if (this.#pending.has(command.operation)) this.#finish(command.operation, 'ok', value, '')
  }

  #loseProposals() {
    if (this.#raft.state === LifeRaft.LEADER) return
    for (const id of this.#pending) this.#finish(id, 'unknown', null, 'lost-leadership')
  }

  #finish(operation, status, value, reason) {
    this.#pending.delete(operation)
    this.#outputs.push({ type: 'result', operation, status, value, reason })
  }

  #state() {
    const raft = this.#raft
    return {
      role: roles[raft.state],
      term: raft.term,
      vote: raft.votes.for,
      leader: raft.leader || null,
      commit: raft.log.committedIndex,
      applied: this.#applied,
      configuration: this.start.configuration,
      ready: false,
    }
  }

  /** All that happened since the last answer. */
  #answer() {
    const changed = {}
    for (const [field, value] of Object.entries(this.#state())) {
      const text = JSON.stringify(value)
      if (this.#reported.get(field) === text) continue
      this.#reported.set(field, text)
      changed[field] = value
    }
    const answer = {
      now: this.clock.now,
      wake: this.failure === null ? this.clock.wake : null,
      outputs: this.#outputs.splice(0),
      state: Object.keys(changed).length > 0 ? changed : null,
      log: this.#disk.report(),
    }
    return this.failure === null ? answer : { ...answer, error: { kind: 'panic', text: this.failure } }
  }
}
