/** One node of happn-swim: it gets inputs one at a time, and tells what each of them did. */
import Swim from 'happn-swim'
import { recordOf, viewOf } from './packets.mjs'
import { Clock, randomStream, run } from './virtual.mjs'

/** The largest datagram of UDP over IPv4: a whole table travels in one, as it does on a stream elsewhere. */
const LARGEST_DATAGRAM = 65_507

/** `lib/member.js` */
const FAULTY = 2

/** How long a suspicion lasts, in milliseconds: one duration for the whole run, whatever a table's size. */
function suspectTimeoutOf({ suspicionMult, probeInterval }, nodes) {
  return Math.round(suspicionMult * Math.max(1, Math.log10(nodes)) * probeInterval)
}

/** Options of happn-swim. It takes 0 for "not given". */
function optionsOf(host, { nodes, options }) {
  const { probeInterval, probeTimeout, indirectChecks, retransmitMult, streamTimeout } = options
  return {
    local: { host },
    interval: probeInterval,
    pingTimeout: probeTimeout,
    // A probe ends with its period, and before the next begins.
    pingReqTimeout: Math.max(1, probeInterval - probeTimeout - 1),
    pingReqGroupSize: indirectChecks,
    disseminationFactor: retransmitMult,
    joinTimeout: streamTimeout,
    // This one is accepted, and never arrives: see README.md.
    suspectTimeout: suspectTimeoutOf(options, nodes.length),
    udp: { maxDgramSize: LARGEST_DATAGRAM },
  }
}

const byNode = (a, b) => (a.node < b.node ? -1 : 1)

export class Node {
  clock = new Clock(0)
  /** Why the node is down for good, or null. */
  failure = null
  /** What is to run before the step ends. */
  ticks = []
  /** Bound sockets, by port. */
  sockets = new Map()
  #swim
  #outputs = []
  /** The delivered message is a sync, and what is sent meanwhile answers it. */
  #answersSync = false
  /** State and table as last reported: field, or node, to its JSON. */
  #reportedState
  #reportedMembers

  /**
   * @param {string} id
   * @param {{ nodes: string[], members: string[], options: object, seed: number }} start
   * @param {import('./packets.mjs').Addresses} addresses
   * @param {{ add: (message: object) => number, get: (id: number) => object }} messages of the whole run
   * @param {boolean} setsSuspectTimeout whether suspicions last as long as the run asks for
   */
  constructor(id, start, addresses, messages, setsSuspectTimeout) {
    this.id = id
    this.start = start
    this.addresses = addresses
    this.messages = messages
    this.setsSuspectTimeout = setsSuspectTimeout
    this.random = randomStream(`${start.seed}/${id}`)
  }

  /** @param {readonly string[]} known members that it knows from the start */
  boot(at, known) {
    this.clock = new Clock(at)
    this.ticks = []
    this.sockets = new Map()
    this.#reportedState = new Map()
    this.#reportedMembers = new Map()
    run(this, () => {
      const options = optionsOf(this.addresses.host(this.id), this.start)
      this.#swim = new Swim(options)
      const { membership } = this.#swim
      if (this.setsSuspectTimeout) membership.suspectTimeout = options.suspectTimeout
      // As if their updates had arrived, before there is anybody to be told of it.
      for (const node of known) {
        if (node !== this.id) membership.onUpdate({ host: this.addresses.host(node), state: 0, incarnation: 0 })
      }
      this.#swim.on(Swim.EventType.Change, (data) => this.#tell(data.state === FAULTY ? 'leave' : 'join', data))
      this.#swim.on(Swim.EventType.Update, (data) => {
        // A death is told twice, as a change and as an update; it changes nothing that a member tells of itself.
        if (data.state !== FAULTY) this.#tell('update', data)
      })
      this.#swim.bootstrap([], (error) => {
        if (error) throw error
      })
    })
    return this.#answer()
  }

  step(input) {
    this.clock.now = input.at
    if (this.failure !== null) return this.#answer()
    switch (input.type) {
      case 'deliver':
        return this.#deliver(this.messages.get(input.message))
      case 'advance':
        return this.#advance(input.until)
      case 'operation':
        return this.#operate(input.id, input.operation)
      case 'crash':
        this.clock = new Clock(input.at)
        this.sockets.clear()
        return { now: input.at, wake: null, outputs: [], state: null, members: null }
      case 'restart':
        return this.boot(input.at, [])
      default:
        return this.#refuse(`happn-swim has no input ${input.type}`)
    }
  }

  inspect() {
    return { state: this.#state(), members: this.#members() }
  }

  /** Sends a datagram: what happn-swim asks of its socket. */
  send(bytes, senderPort, address, port) {
    const to = this.addresses.nodeAt(address)
    const message = { bytes, from: this.id, to, senderPort, port, answersSync: this.#answersSync }
    const id = this.messages.add(message)
    const view = viewOf(message, this.addresses)
    this.#outputs.push({ type: 'message', id, from: this.id, to, view, stream: 0 })
  }

  #deliver(message) {
    const socket = this.sockets.get(message.port)
    if (socket === undefined) return this.#answer()
    const received = viewOf(message, this.addresses)
    const [address] = this.addresses.host(message.from).split(':')
    this.#answersSync = received.kind === 'push-pull'
    run(this, () => socket.emit('message', Buffer.from(message.bytes), { address, port: message.senderPort }))
    this.#answersSync = false
    return { ...this.#answer(), received }
  }

  #advance(until) {
    for (;;) {
      const { wake } = this.clock
      if (wake === null || wake > until) break
      this.clock.now = Math.max(this.clock.now, wake)
      let fired = true
      while (fired && this.failure === null) run(this, () => (fired = this.clock.fire()))
      const answer = this.#answer()
      if (answer.outputs.length > 0 || answer.state !== null || answer.members !== null || answer.error) return answer
    }
    this.clock.now = until
    return this.#answer()
  }

  #operate(id, operation) {
    switch (operation.type) {
      case 'join':
        this.#join(id, operation.to)
        break
      case 'leave':
        run(this, () => this.#swim.leave())
        this.#finish(id, 'ok', '')
        break
      default:
        return this.#refuse(`happn-swim cannot ${operation.type}`)
    }
    return this.#answer()
  }

  #join(id, to) {
    let ended = false
    run(this, () => {
      const hosts = to.map((node) => this.addresses.host(node))
      this.#swim.join(hosts, (error) => {
        // A node that has left says at once that it cannot, and goes on all the same.
        if (ended) return
        ended = true
        if (!error) this.#finish(id, 'ok', '')
        else this.#finish(id, 'failed', error instanceof Swim.Error.InvalidStateError ? 'left' : 'timeout')
      })
    })
  }

  #finish(operation, status, reason) {
    this.#outputs.push({ type: 'result', operation, status, reason })
  }

  #tell(event, { host, meta }) {
    this.#outputs.push({ type: 'event', event, node: this.addresses.node(host), meta: meta ?? '' })
  }

  /** There is no such notion as a score; a node that has left is stopped. */
  #state() {
    const { membership, state } = this.#swim
    const own = recordOf(membership.local.data(), this.addresses)
    return { incarnation: own.incarnation, score: 0, leaving: state === Swim.State.Stopped }
  }

  /** Its own record is there, and those of the dead, which it remembers to tell others who join. */
  #members() {
    const records = this.#swim.membership.all(true, true)
    return records.map((each) => recordOf(each, this.addresses)).sort(byNode)
  }

  #changedState() {
    const changed = {}
    for (const [field, value] of Object.entries(this.#state())) {
      if (this.#reportedState.get(field) === value) continue
      this.#reportedState.set(field, value)
      changed[field] = value
    }
    return Object.keys(changed).length > 0 ? changed : null
  }

  #changedMembers() {
    const records = this.#members()
    const changes = []
    const present = new Set()
    for (const record of records) {
      const text = JSON.stringify(record)
      present.add(record.node)
      if (this.#reportedMembers.get(record.node) === text) continue
      this.#reportedMembers.set(record.node, text)
      changes.push(record)
    }
    for (const node of this.#reportedMembers.keys()) {
      if (present.has(node)) continue
      this.#reportedMembers.delete(node)
      changes.push({ node, status: 'forgotten' })
    }
    return changes.length > 0 ? changes : null
  }

  #refuse(text) {
    return { ...this.#answer(), error: { kind: 'unsupported', text } }
  }

  /** All that happened since the last answer. */
  #answer() {
    const answer = {
      now: this.clock.now,
      wake: this.failure === null ? this.clock.wake : null,
      outputs: this.#outputs.splice(0),
      state: this.#changedState(),
      members: this.#changedMembers(),
    }
    return this.failure === null ? answer : { ...answer, error: { kind: 'panic', text: this.failure } }
  }
}
