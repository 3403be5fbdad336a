/** What the self-check drives the adapter with: its process, and a cluster on a network that the check rules over. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const adapterFile = fileURLToPath(new URL('adapter.mjs', import.meta.url))

export class Adapter {
  /** All lines that it answered. */
  lines = []
  #process
  #answers
  #seq = 0
  #lastRun = 0

  constructor(...flags) {
    this.#process = spawn(process.execPath, [adapterFile, ...flags], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  async ask(request) {
    const seq = ++this.#seq
    this.#process.stdin.write(`${JSON.stringify({ seq, ...request })}\n`)
    const { value, done } = await this.#answers.next()
    assert.equal(done, false, 'the adapter ended')
    this.lines.push(value)
    const answer = JSON.parse(value)
    assert.equal(answer.seq, seq)
    return answer
  }

  nextRun() {
    return ++this.#lastRun
  }

  async exit() {
    await this.ask({ type: 'exit' })
    assert.equal((await this.#answers.next()).done, true)
  }
}

export const defaults = {
  probeInterval: 1000,
  probeTimeout: 200,
  indirectChecks: 3,
  suspicionMult: 4,
  suspicionMaxTimeoutMult: 1,
  awarenessMaxMultiplier: 1,
  retransmitMult: 4,
  gossipInterval: 200,
  gossipNodes: 3,
  gossipToTheDead: 3000,
  pushPullInterval: 0,
  streamTimeout: 500,
  streamPing: false,
}

export class Cluster {
  now = 0
  /** Every output, in order, with its instant and the node whose it is. */
  outputs = []
  /** Messages under way: `{ at, message }`. */
  #underWay = []
  #nodes = new Map()
  #lastOperation = 0

  /** Delay of a message in milliseconds, or null where it is lost. */
  delay = () => 2

  constructor(adapter, start) {
    this.adapter = adapter
    this.start = start
    this.run = adapter.nextRun()
  }

  static async start(adapter, count, { members, options = {}, seed = 1 } = {}) {
    const nodes = Array.from({ length: count }, (_, index) => `n${index + 1}`)
    const start = { nodes, members: members ?? nodes, options: { ...defaults, ...options }, seed }
    const cluster = new Cluster(adapter, start)
    const { answers, error } = await adapter.ask({ run: cluster.run, type: 'start', start })
    assert.equal(error, undefined)
    nodes.forEach((id, index) => cluster.#begin(id, answers[index]))
    cluster.initial = answers
    return cluster
  }

  #begin(id, answer) {
    this.#nodes.set(id, { up: true, state: {}, members: new Map(), wake: null })
    this.#fold(id, answer)
  }

  #fold(id, answer) {
    const node = this.#nodes.get(id)
    assert.equal(answer.error, undefined)
    if (answer.wake !== null) assert(answer.wake > answer.now, `${id} wants to be woken in the past`)
    node.wake = answer.wake
    Object.assign(node.state, answer.state)
    for (const change of answer.members ?? []) {
      if (change.status === 'forgotten') node.members.delete(change.node)
      else node.members.set(change.node, change)
    }
    for (const output of answer.outputs) {
      this.outputs.push({ at: answer.now, by: id, ...output })
      if (output.type !== 'message') continue
      const delay = this.delay(output, answer.now)
      if (delay !== null) this.#underWay.push({ at: answer.now + delay, message: output })
    }
  }

  /** One input to one node, now. */
  async step(type, node, fields = {}) {
    const input = { type, node, at: this.now, ...fields }
    const { answers, error } = await this.adapter.ask({ run: this.run, type: 'steps', inputs: [input] })
    assert.equal(error, undefined)
    const [answer] = answers
    if (type === 'crash') this.#nodes.get(node).up = false
    else if (type === 'restart') this.#begin(node, answer)
    else if (answer.error === undefined) this.#fold(node, answer)
    this.onStep?.(input, answer)
    return answer
  }

  async deliver(message) {
    if (!this.#nodes.get(message.to).up) return null
    const answer = await this.step('deliver', message.to, { message: message.id })
    if (answer.received !== undefined) assert.deepEqual(answer.received, message.view)
    return answer
  }

  /** Asks a node for something, and returns the operation's id. */
  async operate(node, operation) {
    const id = ++this.#lastOperation
    await this.step('operation', node, { id, operation })
    return id
  }

  resultOf(id) {
    return this.outputs.find(({ type, operation }) => type === 'result' && operation === id)
  }

  /** A message as if `from` had sent it, delivered now. */
  async say(from, to, view) {
    const { message, error } = await this.adapter.ask({ run: this.run, type: 'encode', from, to, view })
    assert.equal(error, undefined)
    return this.deliver(message)
  }

  /** Lets time pass for all nodes. */
  async pass(duration) {
    const until = this.now + duration
    for (;;) {
      const due = [...this.#nodes].filter(([, { up, wake }]) => up && wake !== null)
      const [waking] = due.sort(([, a], [, b]) => a.wake - b.wake)
      const [arriving] = this.#underWay.sort((a, b) => a.at - b.at || a.message.id - b.message.id)
      const wake = waking?.[1].wake ?? Infinity
      const arrival = arriving?.at ?? Infinity
      if (Math.min(wake, arrival) > until) break
      this.now = Math.max(this.now, Math.min(wake, arrival))
      if (wake <= arrival) await this.step('advance', waking[0], { until: this.now })
      else await this.deliver(this.#underWay.shift().message)
    }
    this.now = until
  }

  record(observer, subject) {
    return this.#nodes.get(observer).members.get(subject)
  }

  state(node) {
    return this.#nodes.get(node).state
  }

  /** Status and incarnation, such as `alive 1`. */
  view(observer, subject) {
    const record = this.record(observer, subject)
    return record === undefined ? 'unknown' : `${record.status} ${record.incarnation}`
  }

  events(node) {
    return this.outputs.filter(({ by, type }) => by === node && type === 'event')
  }

  messages(kind) {
    return this.outputs.filter(({ type, view }) => type === 'message' && view.kind === kind)
  }

  /** What was told adds up to what inspection shows. */
  async checkFolded() {
    for (const [id, { up, state, members }] of this.#nodes) {
      if (!up) continue
      const { inspection } = await this.adapter.ask({ run: this.run, type: 'inspect', node: id })
      const folded = [...members.values()].sort((a, b) => (a.node < b.node ? -1 : 1))
      assert.deepEqual(inspection, { state, members: folded })
    }
  }
}
