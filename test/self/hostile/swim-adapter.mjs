// An adapter of the SWIM surface that keeps the protocol until its one argument says how it does not. It plays little of
// SWIM: a member pings one of the others in each period, exchanges tables with whom it is to join, and suspects nobody.
import { createInterface } from 'node:readline'

const [mode = 'honest'] = process.argv.slice(2)
const runs = new Map()

const raftHello = {
  protocol: 1,
  name: 'hostile',
  version: '1',
  language: 'javascript',
  surfaces: ['raft'],
  profiles: [],
  operations: ['propose'],
  capabilities: { disk: false, encode: false },
  deterministic: true,
  assumptions: { fifo: false, noDuplicates: false, clockDrift: 0 },
}
const swimHello = {
  ...raftHello,
  surfaces: [mode === 'unknown-surface' ? 'swum' : 'swim'],
  profiles: ['swim-core'],
  operations: mode === 'misspelt-operation' ? ['join', 'leaf'] : ['join', 'leave', 'update'],
  capabilities: { restart: mode !== 'no-capabilities', encode: mode !== 'no-capabilities', preset: true },
  deterministic: mode !== 'undeclared-chance',
}
const hello = mode === 'two-surfaces' ? [raftHello, swimHello] : swimHello

const choose = (seed, name, round, count) => {
  if (mode === 'ignores-seed') seed = 0
  if (mode === 'chance' || mode === 'undeclared-chance') seed = Math.floor(Math.random() * 1_000_000)
  let hash = seed * 31 + round * 17
  for (const character of name) hash = (hash * 131 + character.charCodeAt(0) * 7919) % 1_000_003
  return hash % count
}

const alive = (node, incarnation = 1, meta = '') => ({
  node,
  status: 'alive',
  incarnation,
  address: `${node}:7946`,
  meta,
})

const boot = (run, name, now, known) => {
  const members = mode === 'starts-blank' ? [] : known
  const table = new Map([name, ...members.filter((each) => each !== name)].map((node) => [node, alive(node)]))
  return {
    name,
    table,
    state: { incarnation: 1, score: 0, leaving: false },
    next: now + 1_000,
    round: 0,
    joins: new Map(),
  }
}

const wakeOf = ({ table, state, next }) => (table.size > 1 && !state.leaving ? next : null)
const rows = ({ table }) => [...table.values()].sort((one, other) => (one.node < other.node ? -1 : 1))
const whole = (node, now) => ({ now, wake: wakeOf(node), state: { ...node.state }, members: rows(node) })

const send = (run, from, to, view, stream = 0) => {
  const id = mode === 'reused-id' ? 1 : run.lastMessage++ + 1
  const message = { type: 'message', id, from, to: mode === 'stranger' ? 'n99' : to, view, stream }
  run.messages.set(id, message)
  return message
}

const ping = (run, node) => {
  const others = rows(node).filter((each) => each.node !== node.name)
  const target = others[choose(run.start.seed, node.name, node.round++, others.length)].node
  const gossip = mode === 'speaks-of-strangers' ? [{ ...alive('n99'), from: 'n99' }] : []
  const outputs = [send(run, node.name, target, { kind: 'ping', sequence: node.round, target, gossip })]
  if (mode === 'unopened-stream') outputs.push(send(run, node.name, target, { kind: 'stream-ack', sequence: 1 }, 77))
  if (mode === 'gossip-on-stream') outputs.push(send(run, node.name, target, { kind: 'gossip', gossip: [] }, 78))
  if (mode === 'opens-twice')
    for (let twice = 0; twice < 2; twice++)
      outputs.push(send(run, node.name, target, { kind: 'stream-ping', sequence: 1, target }, 79))
  return outputs
}

const advance = (run, node, { at, until }) => {
  const wake = wakeOf(node)
  const due = mode === 'wakes-late' && wake !== null ? wake - 100 : wake
  if (due === null || due > until) return { now: until, wake }
  const now = mode === 'overshoots' ? until : Math.max(due, at)
  while (node.next <= now + (mode === 'wakes-late' ? 100 : 0)) node.next += 1_000
  const answer = { now, wake: wakeOf(node), outputs: ping(run, node) }
  if (mode === 'forgets-strangers')
    answer.members = [
      { node: 'n3', status: 'forgotten' },
      { node: 'n3', status: 'forgotten' },
    ]
  return answer
}

/** What a member knows from another table: changed records, and events of those that are new. */
const merge = (node, members) => {
  const fresh = members.filter((each) => !node.table.has(each.node))
  const changed = members.filter((each) => {
    const known = node.table.get(each.node)
    return each.node !== node.name && (known === undefined || known.incarnation < each.incarnation)
  })
  for (const each of changed) node.table.set(each.node, each)
  const outputs = fresh.map(({ node, meta }) => ({ type: 'event', event: 'join', node, meta }))
  return { outputs, members: mode === 'lying-delta' ? changed.slice(1) : changed }
}

const deliver = (run, node, { at, message: id }) => {
  const message = run.messages.get(id)
  if (message === undefined) throw new Error(`message ${id} is not kept`)
  if (mode === 'once-only') run.messages.delete(id)
  const { from, view, stream } = message
  const answer = { now: at, wake: null, outputs: [], members: null, received: view }
  switch (view.kind) {
    case 'ping':
      if (view.target === node.name)
        answer.outputs.push(send(run, node.name, from, { kind: 'ack', sequence: view.sequence, gossip: [] }))
      break
    case 'stream-ping':
      answer.outputs.push(send(run, node.name, from, { kind: 'stream-ack', sequence: view.sequence }, stream))
      break
    case 'push-pull': {
      const { outputs, members } = merge(node, view.members)
      const table = { kind: 'push-pull-reply', join: view.join, members: rows(node) }
      answer.members = members
      answer.outputs.push(
        ...outputs,
        send(run, node.name, from, table, mode === 'foreign-stream' ? stream + 1 : stream),
      )
      break
    }
    case 'push-pull-reply': {
      Object.assign(answer, merge(node, view.members))
      const operation = node.joins.get(stream)
      node.joins.delete(stream)
      if (operation !== undefined) answer.outputs.push({ type: 'result', operation, status: 'ok', reason: '' })
      if (mode === 'answers-twice') answer.outputs.push({ type: 'result', operation, status: 'ok', reason: '' })
    }
  }
  answer.wake = wakeOf(node)
  if (mode === 'changed-view' && view.kind === 'ping') answer.received = { ...view, sequence: view.sequence + 1 }
  return answer
}

const operate = (run, node, { at, id, operation }) => {
  const result = { type: 'result', operation: id, status: 'ok', reason: '' }
  const answer = { now: at, wake: wakeOf(node), outputs: [] }
  if (mode === 'false-operations')
    return { now: at, wake: wakeOf(node), error: { kind: 'unsupported', text: operation.type } }
  if (operation.type === 'join') {
    const stream = ++run.lastStream
    node.joins.set(stream, id)
    const table = { kind: 'push-pull', join: true, members: rows(node) }
    answer.outputs.push(send(run, node.name, operation.to[0], table, stream))
    // An answer before the request has arrived.
    if (mode === 'early-answer')
      answer.outputs.push({
        ...send(run, operation.to[0], node.name, { ...table, kind: 'push-pull-reply' }, stream),
        from: node.name,
      })
    return answer
  }
  const own = node.table.get(node.name)
  if (operation.type === 'update') {
    node.state.incarnation++
    node.table.set(node.name, { ...own, incarnation: node.state.incarnation, meta: operation.meta })
    answer.state = { incarnation: node.state.incarnation }
  } else {
    node.state.leaving = true
    node.table.set(node.name, { ...own, status: 'left' })
    answer.state = { leaving: true }
    answer.wake = null
  }
  answer.members = [node.table.get(node.name)]
  answer.outputs.push(result)
  return answer
}

const perform = (run, input) => {
  const node = run.nodes.get(input.node)
  // Who is alone does not wake up, and so lets periods go by.
  if (wakeOf(node) === null) while (node.next <= (input.until ?? input.at)) node.next += 1_000
  switch (input.type) {
    case 'advance':
      return advance(run, node, input)
    case 'deliver':
      return deliver(run, node, input)
    case 'operation':
      return operate(run, node, input)
    case 'refuse': {
      const operation = node.joins.get(input.stream)
      node.joins.delete(input.stream)
      const outputs =
        operation === undefined ? [] : [{ type: 'result', operation, status: 'failed', reason: 'refused' }]
      return { now: input.at, wake: wakeOf(node), outputs }
    }
    case 'crash':
      return { now: input.at }
    case 'restart': {
      const again = boot(run, node.name, input.at, [])
      run.nodes.set(node.name, again)
      const answer = whole(again, input.at)
      return mode === 'restarts-in-part' ? { ...answer, state: { incarnation: 1 } } : answer
    }
  }
}

/** What a leader of Raft would answer. */
const asRaft = ({ now }) => ({ now, wake: null, outputs: [], state: { role: 'leader', term: 1 }, log: null })

const step = (run, input, position) => {
  if (mode === 'runs-mix' && runs.size > 1) input = { ...input, seed: 0 }
  const answer = perform(run, input)
  if (mode === 'runs-mix' && runs.size > 1 && input.type === 'advance' && answer.outputs !== undefined)
    answer.outputs.pop()
  if (mode === 'batches-differ' && position > 0 && answer.outputs !== undefined) answer.outputs.pop()
  if (mode === 'wrong-time') answer.now += 10_000
  if (mode === 'past-wake') answer.wake = answer.now
  if (mode === 'unknown-field') answer.recieved = null
  if (mode === 'misspelt-kind' && answer.outputs?.[0]?.view !== undefined)
    answer.outputs[0] = { ...answer.outputs[0], view: { ...answer.outputs[0].view, gossip: [{ status: 'left' }] } }
  return mode === 'raft-answers' ? asRaft(answer) : answer
}

const startRun = (start) => {
  const run = { start, messages: new Map(), lastMessage: 0, lastStream: 0, nodes: new Map() }
  for (const name of start.nodes)
    run.nodes.set(name, boot(run, name, 0, start.members.includes(name) ? start.members : []))
  return run
}

const reply = (request) => {
  const { seq, run, type } = request
  const line = { seq, run }
  const current = runs.get(run)
  if (!['hello', 'start', 'exit'].includes(type) && run !== undefined && current === undefined)
    return { ...line, error: { kind: 'definite', text: 'no such run' } }
  switch (type) {
    case 'hello':
      return { ...line, hello }
    case 'start':
      if (mode === 'two-surfaces' && request.surface !== 'swim')
        return { ...line, error: { kind: 'unsupported', text: 'only SWIM is played' } }
      runs.set(run, startRun(request.start))
      return { ...line, answers: [...runs.get(run).nodes.values()].map((node) => whole(node, 0)) }
    case 'steps': {
      const answers = request.inputs.map((input, position) => step(current, input, position))
      for (const id of request.forget ?? []) current.messages.delete(id)
      return { ...line, answers }
    }
    case 'inspect': {
      const node = current.nodes.get(request.node)
      return { ...line, inspection: { state: node.state, members: rows(node) } }
    }
    case 'encode': {
      const { from, to, view } = request
      const streamed = view.kind.startsWith('push-pull') || view.kind.startsWith('stream')
      const message = send(current, from, to, view, streamed ? ++current.lastStream : 0)
      return {
        ...line,
        message: mode === 'encodes-another' ? { ...message, view: { ...view, sequence: 99 } } : message,
      }
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

createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line)
  process.stdout.write(JSON.stringify(reply(request)) + '\n')
  if (request.type === 'exit') process.exit(0)
})
