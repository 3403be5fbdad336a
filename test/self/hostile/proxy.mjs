// `node proxy.mjs MODE BUILT SURFACE`: an adapter of any surface that breaks one rule of the protocol. It stands between
// the suite and the reference, as it was built, and changes what goes through.
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pathToFileURL } from 'node:url'

const [mode, built, surface] = process.argv.slice(2)
const load = (...path) => import(pathToFileURL(join(built, 'impl', ...path)).href)
const { serveStdio } = await load('contract', 'serve-stdio.js')
const { createReference } = await load('reference', surface, 'session.js')
const requests = new PassThrough()
const replies = new PassThrough()
let lastResult = null
const asked = new Map()
const running = new Set()
const delivered = new Set()

const each = (reply, change) => reply.answers?.forEach(change)
/** Changes the answers to inputs of this type; `change` gives what is to be different. */
const answersTo = (type, change) => ({
  reply: (reply, request) =>
    each(reply, (answer, index) => {
      if (request.inputs?.[index].type === type) Object.assign(answer, change(answer, request.inputs[index]))
    }),
})
const everyAnswer = (change) => ({
  reply: (reply, { type }) =>
    type === 'steps' && each(reply, (answer, index) => Object.assign(answer, change(answer, index))),
})
const outputs = (change) => everyAnswer((answer) => ({ outputs: (answer.outputs ?? []).flatMap(change) }))
const messages = (change) =>
  outputs((output) => (output.type === 'message' ? { ...output, ...change(output) } : output))
const results = (change) => outputs((output) => (output.type === 'result' ? change(output) : output))
const start = (change) => ({ request: (request) => request.type === 'start' && Object.assign(request.start, change()) })
const initial = (change) => ({ reply: (reply, { type }) => type === 'start' && each(reply, change) })
const dies = (when) => ({ request: (request) => when(request) && process.exit(1) })
const withoutLast = ({ outputs = [] }) => ({ outputs: outputs.slice(0, -1) })
const isSecond = ({ run, inputs = [] }) =>
  inputs.some(({ type, message }) => {
    if (type !== 'deliver') return false
    const key = `${run} ${message}`
    return delivered.has(key) || !delivered.add(key)
  })

const modes = {
  honest: {},
  'unknown-surface': { reply: ({ hello }) => hello && (hello.surfaces = ['swum']) },
  'unknown-field': everyAnswer(() => ({ recieved: null })),
  'wrong-seq': { reply: (reply, { type }) => type === 'steps' && reply.seq++ },
  'starts-blank': initial((answer) => (answer.peers = [])),
  'starts-leading': initial((answer) => (answer.state = { leading: true })),
  'reused-id': outputs((output) => ('id' in output ? { ...output, id: 1 } : output)),
  stranger: messages(() => ({ to: 'n99' })),
  'speaks-as-another': messages(({ to }) => ({ from: to })),
  'strange-peer': everyAnswer(({ peers }) => ({ peers: peers?.map((peer) => ({ ...peer, address: 'n99' })) ?? null })),
  'wrong-time': everyAnswer(({ now }) => ({ now: now + 100_000 })),
  'past-wake': everyAnswer(({ now }) => ({ wake: now })),
  overshoots: answersTo('advance', (answer, { until }) => ({ now: until, wake: until + 50 })),
  'wakes-late': { reply: (reply) => each(reply, (answer) => (answer.wake &&= answer.wake + 100)) },
  'stops-early': answersTo('advance', (_answer, { at }) => ({ now: at })),
  'lying-delta': everyAnswer(({ entries, changes }) => ({
    ...(entries ? { entries: entries.slice(1) } : {}),
    ...(changes ? { changes: changes.slice(0, -1) } : {}),
  })),
  'lying-state': everyAnswer(({ state }) => ({
    state: state && { ...state, ...('tableClock' in state ? { tableClock: 99 } : {}) },
  })),
  'runs-mix': everyAnswer((answer) => (running.size > 1 ? withoutLast(answer) : {})),
  'batches-differ': everyAnswer((answer, index) => (index > 0 ? withoutLast(answer) : {})),
  chance: results((result) => ({ ...result, ['value' in result ? 'value' : 'address']: String(Math.random()) })),
  'ignores-seed': start(() => ({ seed: 7 })),
  'once-only': dies(isSecond),
  'dies-of-forgetting': dies(({ forget }) => forget !== undefined),
  'changed-view': answersTo('deliver', () => ({ received: { kind: 'gossip', events: [] } })),
  'false-operations': answersTo('operation', (_answer, { operation }) =>
    operation.type === 'get' || operation.pool === 'none' ? { error: { kind: 'unsupported', text: 'no' } } : {},
  ),
  'refuses-wrongly': { reply: ({ error }) => error && (error.kind = 'definite') },
  'answers-twice': results((result) => [result, result]),
  'answers-strangers': results((result) => ({ ...result, operation: 1_000 })),
  'restarts-in-part': answersTo('restart', () => ({ state: null })),
  'speaks-dying': answersTo('crash', () => ({ outputs: [lastResult] })),
  'keeps-its-name': answersTo('restart', ({ state }, { node }) => ({ state: { ...state, name: node } })),
  renames: answersTo('advance', ({ state }) => ({ state: { ...state, name: 'another' } })),
  'leads-in-part': answersTo('lead', () => ({ changes: null })),
  'encodes-another': { reply: ({ message }) => message && (message.view = { kind: 'gossip', events: [] }) },
  'dies-of-ended-runs': dies(({ type, run }) => type === 'steps' && !running.has(run)),
  'exits-badly': { exit: 5 },
}
const { request: onRequest, reply: onReply, exit } = modes[mode]

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const request = JSON.parse(line)
    if (request.type === 'start') running.add(request.run)
    onRequest?.(request)
    if (request.type === 'end') running.delete(request.run)
    asked.set(request.seq, request)
    requests.write(JSON.stringify(request) + '\n')
  })
  .on('close', () => requests.end())
createInterface({ input: replies }).on('line', (line) => {
  const reply = JSON.parse(line)
  const outputsOfAll = (reply.answers ?? []).flatMap(({ outputs = [] }) => outputs)
  lastResult = outputsOfAll.findLast(({ type }) => type === 'result') ?? lastResult
  onReply?.(reply, asked.get(reply.seq))
  asked.delete(reply.seq)
  process.stdout.write(JSON.stringify(reply) + '\n')
})
await serveStdio(createReference(), requests, replies)
// The last line is on its way.
setImmediate(() => process.exit(exit ?? 0))
