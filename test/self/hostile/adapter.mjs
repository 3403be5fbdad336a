// An adapter that is honest until its one argument says how it misbehaves. It plays no Raft: every step of
// a node commits nothing and sends one heartbeat to the next node.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [mode = 'honest', argument = ''] = process.argv.slice(2)
const runs = new Map()
let stepsSeen = 0

const say = (line) => process.stdout.write(typeof line === 'string' ? line : JSON.stringify(line) + '\n')
const sleepForEver = () => setInterval(() => {}, 1_000_000)
const flood = (stream, text) => {
  const more = () => {
    while (stream.write(text)) {}
    stream.once('drain', more)
  }
  more()
}

const hello = {
  protocol: mode === 'wrong-version' ? 2 : 1,
  name: 'hostile',
  version: '1',
  language: 'javascript',
  surfaces: ['raft'],
  profiles: [],
  operations: ['propose'],
  capabilities: { disk: mode === 'false-capabilities', encode: mode === 'false-capabilities' },
  deterministic: true,
  assumptions: { fifo: false, noDuplicates: false, clockDrift: 0 },
}

const startRun = ({ nodes, configuration }) => {
  const state = {
    role: 'follower',
    term: 0,
    vote: null,
    leader: null,
    commit: 0,
    applied: 0,
    configuration,
    ready: false,
  }
  return { nodes, state, commits: new Map(nodes.map((node) => [node, 0])), messages: new Map(), nextMessage: 1 }
}

const initialAnswer = (run) => ({
  now: 0,
  wake: 10,
  state: run.state,
  log: { restore: { index: 0, term: 0, retain: false }, append: [] },
})

const step = (run, input) => {
  if (mode === 'false-capabilities') return { now: input.at, error: { kind: 'unsupported', text: input.type } }
  const now = input.type === 'advance' ? input.until : input.at
  const commit = run.commits.get(input.node) + 1
  run.commits.set(input.node, commit)
  const to = run.nodes[(run.nodes.indexOf(input.node) + 1) % run.nodes.length]
  const id = mode === 'reused-id' ? 1 : run.nextMessage++
  const view = { kind: 'heartbeat', term: 1, commit, round: 0 }
  run.messages.set(id, view)
  const answer = {
    now,
    wake: now + 10,
    outputs: [{ type: 'message', id, from: input.node, to, view, after: 0 }],
    state: { commit },
  }
  if (input.type === 'deliver') {
    answer.received = run.messages.get(input.message)
    if (mode === 'changed-view') answer.received = { ...answer.received, term: 2 }
  }
  if (mode === 'lying-delta') answer.state = { commit: commit + 1 }
  if (mode === 'unknown-field') answer.recieved = view
  if (mode === 'bad-type') answer.state.commit = '1'
  if (mode === 'wrong-time') answer.now = now + 1
  if (mode === 'stranger') answer.outputs[0].to = 'n99'
  return answer
}

const reply = (request) => {
  const { seq, run, type } = request
  const line = run === undefined ? { seq } : { seq, run }
  switch (type) {
    case 'hello':
      return { ...line, hello }
    case 'start':
      runs.set(run, startRun(request.start))
      return { ...line, answers: request.start.nodes.map(() => initialAnswer(runs.get(run))) }
    case 'steps': {
      const answers = request.inputs.map((input) => step(runs.get(run), input))
      if (mode === 'few-answers') answers.pop()
      return { ...line, answers }
    }
    case 'inspect': {
      const { state, commits } = runs.get(run)
      const inspected = { ...state, commit: commits.get(request.node) }
      return { ...line, inspection: { state: inspected, base: { index: 0, term: 0 }, entries: [], store: [] } }
    }
    case 'end':
      runs.delete(run)
      return line
    case 'exit':
      return line
    default:
      return { ...line, error: { kind: 'unsupported', text: String(type) } }
  }
}

const misbehave = (request) => {
  if (request.type !== 'steps' || ++stepsSeen < 3) return false
  switch (mode) {
    case 'hang':
      return true
    case 'crash':
      process.stderr.write('\u001b[31mgoing down\u001b[0m\n')
      process.exit(7)
    // eslint-disable-next-line no-fallthrough
    case 'flood':
      flood(process.stdout, 'x'.repeat(65_536))
      return true
    case 'flood-lines':
      flood(process.stdout, '{"seq":1}\n'.repeat(6_000))
      return true
    case 'flood-stderr':
      flood(process.stderr, 'why? '.repeat(13_000))
      return true
    case 'invalid-json':
      say('{"seq": oops \u001b]0;title\u0007}\n')
      return true
    case 'not-an-object':
      say('[1,2,3]\n')
      return true
    case 'wrong-seq':
      say({ ...reply(request), seq: request.seq + 1 })
      return true
    case 'wrong-run':
      say({ ...reply(request), run: request.run + 1 })
      return true
    case 'answer-twice':
      say(reply(request))
      say(reply(request))
      return true
    case 'unasked':
      say(reply(request))
      setTimeout(() => say({ seq: 0, hello: 'anybody there?' }), 20)
      return true
    case 'giant-line':
      say(JSON.stringify({ ...reply(request), padding: 'x'.repeat(20_000_000) }) + '\n')
      return true
    case 'deep-line':
      say('{"seq":' + '['.repeat(1_000_000) + '\n')
      return true
    case 'closed-output':
      process.stdout.end()
      sleepForEver()
      return true
    default:
      return false
  }
}

if (mode === 'crash-at-start') {
  process.stderr.write('no licence found\n')
  process.exit(3)
}
if (mode === 'talk-first') say('Welcome to the adapter!\n')
if (mode === 'deaf' || mode === 'stubborn') process.on('SIGTERM', () => {})
if (mode === 'grandchildren' || mode === 'stubborn') {
  const script = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6)"
  const child = spawn(process.execPath, ['-e', script], { stdio: 'inherit' })
  if (argument !== '') writeFileSync(argument, String(child.pid))
}
if (mode === 'hang-at-start') sleepForEver()
else {
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    const request = JSON.parse(line)
    if (misbehave(request)) return
    say(reply(request))
    if (request.type !== 'exit') return
    if (mode === 'deaf' || mode === 'stubborn') sleepForEver()
    else process.exit(0)
  })
}
