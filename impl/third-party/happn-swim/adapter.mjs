/** Swarmcheck's adapter for the npm package happn-swim: requests on standard input, answers on standard output. */
import './virtual.mjs'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { isDeepStrictEqual } from 'node:util'
import { Node } from './node.mjs'
import { Addresses, datagramOf, viewOf } from './packets.mjs'

const { version } = createRequire(import.meta.url)('happn-swim/package.json')

/**
 * happn-swim forgets the suspicion timeout that it is given, and takes 10 ms. With `--suspect-timeout` the adapter sets
 * it where it belongs, so that what lies behind is seen; without, every suspicion ends too soon.
 */
const setsSuspectTimeout = process.argv.includes('--suspect-timeout')

const hello = {
  protocol: 1,
  name: 'happn-swim',
  version,
  language: 'JavaScript',
  surfaces: ['swim'],
  profiles: ['swim-core'],
  operations: ['join', 'leave'],
  capabilities: { restart: true, encode: true, preset: true },
  deterministic: true,
  assumptions: { fifo: false, noDuplicates: false, clockDrift: 0.5 },
}

class Unsupported extends Error {}

/** Messages of a run stay here; the harness knows them by id. */
class Messages {
  #messages = new Map()
  #lastId = 0

  add(message) {
    this.#messages.set(++this.#lastId, message)
    return this.#lastId
  }

  get(id) {
    const message = this.#messages.get(id)
    if (message === undefined) throw new Error(`unknown message: ${id}`)
    return message
  }

  forget(ids) {
    for (const id of ids) this.#messages.delete(id)
  }
}

class Run {
  #messages = new Messages()
  #addresses
  #nodes
  #start

  constructor(start) {
    const { nodes, options } = start
    const given = [
      'probeInterval',
      'probeTimeout',
      'indirectChecks',
      'suspicionMult',
      'retransmitMult',
      'streamTimeout',
    ]
    const zero = given.find((option) => options[option] === 0)
    if (zero !== undefined) throw new Unsupported(`happn-swim takes 0 for its own default: ${zero}`)
    this.#start = start
    this.#addresses = new Addresses(nodes)
    this.#nodes = new Map(
      nodes.map((id) => [id, new Node(id, start, this.#addresses, this.#messages, setsSuspectTimeout)]),
    )
  }

  start() {
    const { members } = this.#start
    return [...this.#nodes.values()].map((node) => node.boot(0, members.includes(node.id) ? members : []))
  }

  steps(inputs, forget) {
    const answers = inputs.map((input) => this.node(input.node).step(input))
    this.#messages.forget(forget)
    return answers
  }

  /** A datagram as if `from` had sent it; refused if it would not say the same. */
  encode(from, to, view) {
    const addresses = this.#addresses
    const bytes = datagramOf(view, addresses)
    if (bytes === null) throw new Unsupported(`happn-swim has no ${view.kind} like this`)
    const port = Number(addresses.host(to).split(':')[1])
    const message = { bytes, from, to, senderPort: port, port, answersSync: view.kind === 'push-pull-reply' }
    const made = viewOf(message, addresses)
    if (!isDeepStrictEqual(made, view)) throw new Unsupported(`happn-swim would say ${JSON.stringify(made)}`)
    return { type: 'message', id: this.#messages.add(message), from, to, view: made, stream: 0 }
  }

  node(id) {
    const node = this.#nodes.get(id)
    if (node === undefined) throw new Error(`unknown node: ${id}`)
    return node
  }
}

const runs = new Map()

function runOf(request) {
  const run = runs.get(request.run)
  if (run === undefined) throw new Error(`unknown run: ${request.run}`)
  return run
}

function handle(request) {
  switch (request.type) {
    case 'hello':
      return { hello }
    case 'start': {
      const run = new Run(request.start)
      runs.set(request.run, run)
      return { answers: run.start() }
    }
    case 'steps':
      return { answers: runOf(request).steps(request.inputs, request.forget ?? []) }
    case 'inspect':
      return { inspection: runOf(request).node(request.node).inspect() }
    case 'encode':
      return { message: runOf(request).encode(request.from, request.to, request.view) }
    case 'end':
      runs.delete(request.run)
      return {}
    case 'exit':
      return {}
    default:
      throw new Unsupported(`unknown request: ${request.type}`)
  }
}

function answerTo(request) {
  try {
    return handle(request)
  } catch (error) {
    return { error: { kind: error instanceof Unsupported ? 'unsupported' : 'definite', text: error.message } }
  }
}

const write = (line) => new Promise((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, resolve))

process.stdout.on('error', () => process.exit(0))
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  const { seq, run } = request
  await write({ seq, run, ...answerTo(request) })
  if (request.type === 'exit') break
}
process.exit(0)
