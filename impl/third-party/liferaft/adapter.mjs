/** Swarmcheck's adapter for the npm package @markwylde/liferaft: requests on standard input, answers on standard output. */
import './virtual.mjs'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { Node } from './node.mjs'

const { version } = createRequire(import.meta.url)('@markwylde/liferaft/package.json')

/**
 * With `--disk` the log's writes are reported, members crash, and persistence is claimed. Without, only what fails
 * although nobody ever crashes is looked for: liferaft writes neither term nor vote, so with a disk the first vote fails.
 */
const disk = process.argv.includes('--disk')

const hello = {
  protocol: 1,
  name: 'liferaft',
  version,
  language: 'JavaScript',
  surfaces: ['raft'],
  profiles: disk ? ['raft-core', 'raft-persistence'] : ['raft-core'],
  operations: ['propose'],
  capabilities: { disk, encode: false },
  deterministic: true,
  // Its transports answer a request once, on the request's own connection: packets may overtake, but none comes twice.
  assumptions: { fifo: false, noDuplicates: true, clockDrift: 0.5 },
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
  #nodes

  constructor(start) {
    const { nodes, configuration, options } = start
    const { voters, outgoing, learners } = configuration
    if (outgoing.length + learners.length > 0 || nodes.length !== voters.length) {
      throw new Unsupported('liferaft knows voters only, and cannot change them by agreement')
    }
    if (options.preVote || options.checkQuorum) throw new Unsupported('liferaft has neither pre-vote nor check-quorum')
    this.#nodes = new Map(nodes.map((id) => [id, new Node(id, start, this.#messages, disk)]))
  }

  async start() {
    const answers = []
    for (const node of this.#nodes.values()) answers.push(await node.boot(0))
    return answers
  }

  async steps(inputs, forget) {
    const answers = []
    for (const input of inputs) answers.push(await this.node(input.node).step(input))
    this.#messages.forget(forget)
    return answers
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

async function handle(request) {
  switch (request.type) {
    case 'hello':
      return { hello }
    case 'start': {
      const run = new Run(request.start)
      runs.set(request.run, run)
      return { answers: await run.start() }
    }
    case 'steps':
      return { answers: await runOf(request).steps(request.inputs, request.forget ?? []) }
    case 'inspect':
      return { inspection: runOf(request).node(request.node).inspect() }
    case 'end':
      runs.delete(request.run)
      return {}
    case 'exit':
      return {}
    default:
      throw new Unsupported(`unknown request: ${request.type}`)
  }
}

const write = (line) => new Promise((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, resolve))

process.stdout.on('error', () => process.exit(0))
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  const { seq, run } = request
  // One request after the other: the globals belong to the node that is running.
  const answer = await handle(request).catch((error) => ({
    error: { kind: error instanceof Unsupported ? 'unsupported' : 'definite', text: error.message },
  }))
  await write({ seq, run, ...answer })
  if (request.type === 'exit') break
}
process.exit(0)
