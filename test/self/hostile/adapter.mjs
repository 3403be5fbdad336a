// An adapter that keeps the protocol until its one argument says how it does not. It plays no Raft: a node whose
// time has come calls itself leader, sends a heartbeat to the next node, and agrees to whatever is proposed.
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

const incapable = mode === 'no-capabilities'
const hello = {
  protocol: mode === 'wrong-version' ? 2 : 1,
  name: 'hostile',
  version: '1',
  language: 'javascript',
  surfaces: mode === 'no-surface' ? [] : ['raft'],
  profiles: [],
  operations: ['propose'],
  capabilities: { disk: !incapable, encode: !incapable },
  deterministic: mode !== 'undeclared-chance',
  assumptions: { fifo: false, noDuplicates: false, clockDrift: 0 },
}

// An honest node

/** When a node first acts: a draw from [300, 600) by seed and name. */
const firstWake = ({ seed }, node) => {
  if (mode === 'equal-timeouts') return 300
  if (mode === 'ignores-seed') seed = 0
  if (mode === 'chance' || mode === 'undeclared-chance') seed = Math.floor(Math.random() * 1_000_000)
  let hash = seed + 17
  for (const character of node) hash = (hash * 31 + character.charCodeAt(0) * 7919) % 1_000_003
  return 300 + (hash % 300)
}

const boot = (run, name, disk, now) => {
  const members = run.start.configuration.voters
  const known = members.includes(name) && mode !== 'starts-blank'
  return {
    name,
    disk,
    log: [...disk.log],
    commit: 0,
    role: 'follower',
    wake: known ? now + firstWake(run.start, name) : null,
    configuration: known ? run.start.configuration : { voters: [], outgoing: [], learners: [] },
  }
}

const stateOf = ({ role, name, commit, configuration }) => ({
  role,
  term: 1,
  vote: null,
  leader: role === 'leader' ? name : null,
  commit,
  applied: commit,
  configuration,
  ready: false,
})

const whole = (node, now) => ({
  now,
  wake: node.wake,
  state: stateOf(node),
  log: { restore: { index: 0, term: 0, retain: false }, append: node.log },
})

const startRun = (start) => {
  const run = { start, messages: new Map(), nextMessage: 1, nodes: new Map(), stepped: false }
  for (const name of start.nodes) run.nodes.set(name, boot(run, name, { log: [], writes: new Map(), lastWrite: 0 }, 0))
  return run
}

const keep = (run, from, to, view) => {
  const id = mode === 'reused-id' ? 1 : run.nextMessage++
  run.messages.set(id, view)
  return { type: 'message', id, from, to, view, after: 0 }
}

const beat = (run, node) => {
  const to = run.start.nodes[(run.start.nodes.indexOf(node.name) + 1) % run.start.nodes.length]
  return keep(run, node.name, to, { kind: 'heartbeat', term: 1, commit: node.commit, round: 0 })
}

const advance = (run, node, { at, until }) => {
  const due = mode === 'wakes-late' && node.role === 'follower' && node.wake !== null ? node.wake - 100 : node.wake
  if (due === null || due > until) return { now: until, wake: node.wake }
  const now = Math.max(due, at)
  node.wake = now + 50
  const changed = node.role === 'leader' ? null : { role: 'leader', leader: node.name }
  node.role = 'leader'
  if (mode === 'overshoots')
    return { now: until, wake: (node.wake = until + 50), outputs: [beat(run, node)], state: changed }
  return { now, wake: node.wake, outputs: [beat(run, node)], state: changed }
}

const propose = (run, node, { at, id, operation }) => {
  const { key, value = '' } = operation.command
  const index = node.log.length + 1
  const entry = { index, term: 1, kind: 'command', digest: `${key}=${value}` }
  node.log.push(entry)
  node.commit = index
  const write = ++node.disk.lastWrite
  node.disk.writes.set(write, entry)
  const result = { type: 'result', operation: id, status: 'ok', value: null, reason: '' }
  const outputs = [
    {
      type: 'write',
      id: mode === 'reused-write' ? 1 : write,
      file: 'log',
      sync: true,
      contents: { log: { append: [entry] } },
    },
    { type: 'apply', index, term: 1, digest: entry.digest },
    result,
  ]
  if (mode === 'answers-twice') outputs.push(result)
  if (mode === 'answers-strangers') outputs.push({ ...result, operation: 1_000 })
  const told = mode === 'lying-delta' ? index + 1 : index
  return { now: at, wake: node.wake, outputs, state: { commit: told, applied: told }, log: { append: [entry] } }
}

const crash = ({ disk }, { at, keep: kept }) => {
  for (const [id, entry] of disk.writes) if (kept.includes(id)) disk.log.push(entry)
  disk.writes.clear()
  return mode === 'speaks-dying'
    ? { now: at, outputs: [{ type: 'apply', index: 1, term: 1, digest: '' }] }
    : { now: at }
}

const written = ({ disk, wake }, { at, writes }) => {
  for (const id of writes) {
    disk.log.push(disk.writes.get(id))
    disk.writes.delete(id)
  }
  return { now: at, wake }
}

const deliver = (run, node, { at, message }) => {
  const view = run.messages.get(message)
  if (mode === 'once-only') run.messages.delete(message)
  const received = mode === 'changed-view' ? { ...view, term: 2 } : view
  return { now: at, wake: node.wake, received }
}

const perform = (run, input) => {
  const node = run.nodes.get(input.node)
  switch (input.type) {
    case 'advance':
      return advance(run, node, input)
    case 'operation':
      return propose(run, node, input)
    case 'deliver':
      return deliver(run, node, input)
    case 'written':
      return written(node, input)
    case 'crash':
      return crash(node, input)
    case 'restart': {
      const restarted = boot(run, node.name, node.disk, input.at)
      run.nodes.set(node.name, restarted)
      return mode === 'restarts-in-part' ? { now: input.at, state: { commit: 0 } } : whole(restarted, input.at)
    }
  }
}

const step = (run, input, position) => {
  if (mode === 'false-capabilities') return { now: input.at, error: { kind: 'unsupported', text: input.type } }
  const answer = perform(run, input)
  if (mode === 'batches-differ' && position > 0) return { ...answer, wake: answer.now + 7 }
  if (mode === 'runs-mix' && runs.size > 1) return { ...answer, wake: answer.now + 7 }
  if (mode === 'unknown-field') answer.recieved = {}
  if (mode === 'bad-type') answer.now = String(answer.now)
  if (mode === 'wrong-time') answer.now += 1_000
  if (mode === 'past-wake') answer.wake = answer.now
  if (mode === 'stranger' && answer.outputs !== undefined) answer.outputs[0].to = 'n99'
  return answer
}

const encode = (run, { from, to, view }) =>
  keep(run, from, to, mode === 'encodes-another' ? { ...view, term: view.term + 1 } : view)

const reply = (request) => {
  const { seq, run, type } = request
  const line = run === undefined ? { seq } : { seq, run }
  const refusal = (kind, text) => ({ ...line, error: { kind, text } })
  const current = runs.get(run)
  if (['steps', 'inspect', 'encode', 'end'].includes(type) && current === undefined) {
    if (mode === 'dies-of-ended-runs') process.exit(1)
    return mode === 'answers-ended-runs' ? { ...line, answers: [{ now: 1 }] } : refusal('definite', 'no such run')
  }
  switch (type) {
    case 'hello':
      return { ...line, hello }
    case 'start': {
      const started = startRun(request.start)
      runs.set(run, started)
      return { ...line, answers: [...started.nodes.values()].map((node) => whole(node, 0)) }
    }
    case 'steps': {
      const answers = request.inputs.map((input, position) => step(current, input, position))
      if (mode === 'few-answers') answers.pop()
      for (const id of request.forget ?? []) {
        if (mode === 'dies-of-forgetting') process.exit(1)
        current.messages.delete(id)
      }
      return { ...line, answers }
    }
    case 'inspect': {
      const node = current.nodes.get(request.node)
      return {
        ...line,
        inspection: { state: stateOf(node), base: { index: 0, term: 0 }, entries: node.log, store: [] },
      }
    }
    case 'encode':
      return mode === 'false-capabilities'
        ? refusal('unsupported', 'encode')
        : { ...line, message: encode(current, request) }
    case 'end':
      runs.delete(run)
      return line
    case 'exit':
      return line
    default:
      if (mode === 'dies-of-unknown') process.exit(1)
      return refusal(mode === 'refuses-wrongly' ? 'definite' : 'unsupported', String(type))
  }
}

// What goes wrong in the third request of steps

const misbehave = (request) => {
  if (request.type !== 'steps' || ++stepsSeen < 3) return false
  switch (mode) {
    case 'hang':
      return true
    case 'crash':
      process.stderr.write('\u001b[31mgoing down\u001b[0m\n')
      process.exit(7)
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
      // In one write: later, a busy machine may have asked something again, and the line would be out of sequence.
      say([reply(request), { seq: 0, hello: 'anybody there?' }].map((line) => JSON.stringify(line) + '\n').join(''))
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
if (mode === 'outlives-input') sleepForEver()
if (mode === 'hang-at-start') sleepForEver()
else {
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    const request = JSON.parse(line)
    if (misbehave(request)) return
    if (request.type === 'exit' && mode === 'leaves-in-silence') process.exit(0)
    say(reply(request))
    if (request.type !== 'exit') return
    if (mode === 'deaf' || mode === 'stubborn') sleepForEver()
    else process.exit(mode === 'exits-badly' ? 5 : 0)
  })
}
