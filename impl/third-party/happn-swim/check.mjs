/**
 * Self-check of the adapter, by hand: `node check.mjs`. First that it does what the protocol asks for, in calm weather and
 * in faults; then that what README.md says of happn-swim is what it does.
 */
import assert from 'node:assert/strict'
import { Adapter, Cluster, defaults } from './drive.mjs'

const PERIOD = defaults.probeInterval
const others = (cluster, id) => cluster.start.nodes.filter((node) => node !== id)
const inOrder = (names) => names.toSorted((a, b) => (a < b ? -1 : 1))
const isBetween = (message, a, b) =>
  (message.from === a && message.to === b) || (message.from === b && message.to === a)

const suspect = (node, incarnation, from) => ({ status: 'suspect', node, incarnation, from, address: '', meta: '' })
const dead = (node, incarnation, from) => ({ status: 'dead', node, incarnation, from, address: '', meta: '' })
const alive = (cluster, node, incarnation) => {
  const { address } = cluster.initial[cluster.start.nodes.indexOf(node)].members.find((each) => each.node === node)
  return { status: 'alive', node, incarnation, from: node, address, meta: '' }
}
const gossip = (...updates) => ({ kind: 'gossip', gossip: updates })

/** A schedule with most of what there is: loss, a crash, a restart, a join. */
async function mixedSchedule(cluster) {
  let count = 0
  cluster.delay = () => (++count % 7 === 0 ? null : 1 + (count % 5))
  await cluster.pass(3 * PERIOD)
  await cluster.step('crash', 'n2')
  await cluster.pass(4 * PERIOD)
  await cluster.step('restart', 'n2')
  await cluster.operate('n2', { type: 'join', to: ['n1', 'n3'] })
  await cluster.pass(4 * PERIOD)
  return cluster
}

const linesOf = (adapter, run) =>
  adapter.lines.filter((line) => JSON.parse(line).run === run).map((line) => line.replace(/"seq":\d+,"run":\d+/, ''))

/** Each check: what is so, and how it is seen. `published` is happn-swim as it is, `again` another process of it, `timed` one with `--suspect-timeout`. */
const protocol = {
  'says who it is': async ({ published }) => {
    const { hello } = await published.ask({ type: 'hello', protocol: 1 })
    assert.equal(hello.name, 'happn-swim')
    assert.equal(hello.version, '1.0.3')
    assert.deepEqual(hello.profiles, ['swim-core'])
    assert.deepEqual(hello.operations, ['join', 'leave'])
    assert.equal(hello.deterministic, true)
  },

  'calm weather changes nothing': async ({ published }) => {
    const cluster = await Cluster.start(published, 5)
    await cluster.pass(20 * PERIOD)
    for (const observer of cluster.start.nodes) {
      for (const node of cluster.start.nodes) assert.equal(cluster.view(observer, node), 'alive 1')
      assert.deepEqual(cluster.events(observer), [])
      // The first is in the first instant, the last in the last.
      const pings = cluster.messages('ping').filter(({ from }) => from === observer)
      assert.equal(pings.length, 21)
      for (let round = 0; round < 20; round += 4) {
        const targets = pings.slice(round, round + 4).map(({ view }) => view.target)
        assert.deepEqual(inOrder(targets), others(cluster, observer))
      }
    }
    await cluster.pass(PERIOD / 2)
    assert.equal(cluster.messages('ack').length, cluster.messages('ping').length)
    assert.deepEqual(cluster.messages('indirect-ping'), [])
    await cluster.checkFolded()
  },

  'nodes that start alone join': async ({ published }) => {
    const cluster = await Cluster.start(published, 3, { members: [] })
    assert.equal(cluster.view('n1', 'n2'), 'unknown')
    const joins = [await cluster.operate('n2', { type: 'join', to: ['n1'] })]
    await cluster.pass(50)
    joins.push(await cluster.operate('n3', { type: 'join', to: ['n2'] }))
    await cluster.pass(5 * PERIOD)
    for (const id of joins) assert.equal(cluster.resultOf(id).status, 'ok')
    for (const observer of cluster.start.nodes) {
      for (const node of cluster.start.nodes) assert.equal(cluster.view(observer, node), 'alive 1')
      const joined = cluster.events(observer).filter(({ event }) => event === 'join')
      assert.deepEqual(inOrder(joined.map(({ node }) => node)), others(cluster, observer))
    }
    await cluster.checkFolded()
  },

  'a join that nobody answers fails': async ({ published }) => {
    const cluster = await Cluster.start(published, 2, { members: [] })
    cluster.delay = () => null
    const join = await cluster.operate('n2', { type: 'join', to: ['n1'] })
    await cluster.pass(defaults.streamTimeout - 1)
    assert.equal(cluster.resultOf(join), undefined)
    await cluster.pass(1)
    const { status, reason, at } = cluster.resultOf(join)
    assert.deepEqual([status, reason, at], ['failed', 'timeout', defaults.streamTimeout])
  },

  'a crash is found, and a restart comes back': async ({ published }) => {
    const cluster = await Cluster.start(published, 3)
    await cluster.pass(PERIOD)
    await cluster.step('crash', 'n3')
    await cluster.pass(4 * PERIOD)
    for (const observer of ['n1', 'n2']) {
      assert.equal(cluster.view(observer, 'n3'), 'dead 1')
      assert.deepEqual(
        cluster
          .events(observer)
          .filter(({ event }) => event === 'leave')
          .map(({ node }) => node),
        ['n3'],
      )
    }
    const { members, state } = await cluster.step('restart', 'n3')
    assert.deepEqual([members.length, state.incarnation], [1, 1])
    await cluster.operate('n3', { type: 'join', to: ['n1'] })
    await cluster.pass(4 * PERIOD)
    for (const observer of cluster.start.nodes) assert.equal(cluster.view(observer, 'n3'), 'alive 2')
    await cluster.checkFolded()
  },

  'a message may come twice, late, or to a node that has left': async ({ published }) => {
    const cluster = await Cluster.start(published, 2)
    await cluster.pass(2)
    const [ping] = cluster.messages('ping').filter(({ to }) => to === 'n2')
    const again = await cluster.deliver(ping)
    assert.deepEqual(
      again.outputs.map(({ view }) => view.kind),
      ['ack'],
    )
    await cluster.operate('n2', { type: 'leave' })
    const after = await cluster.deliver(ping)
    assert.deepEqual(after.outputs, [])
    assert.equal(after.received, undefined)
  },

  'what it cannot do is unsupported': async ({ published }) => {
    const cluster = await Cluster.start(published, 2)
    const answer = await cluster.step('operation', 'n1', { id: 1, operation: { type: 'update', meta: 'x' } })
    assert.equal(answer.error.kind, 'unsupported')
    const start = { ...cluster.start, options: { ...defaults, indirectChecks: 0 } }
    const refused = await published.ask({ run: published.nextRun(), type: 'start', start })
    assert.equal(refused.error.kind, 'unsupported')
    const sentence = { run: cluster.run, type: 'encode', from: 'n1', to: 'n2' }
    for (const view of [
      { kind: 'nack', sequence: 1, gossip: [] },
      { kind: 'indirect-ping', sequence: 1, target: 'n1', nack: true, gossip: [] },
      gossip({ ...alive(cluster, 'n1', 2), address: 'elsewhere' }),
      gossip(suspect('n1', 0, 'n1')),
    ]) {
      assert.equal((await published.ask({ ...sentence, view })).error?.kind, 'unsupported', JSON.stringify(view))
    }
    assert.equal((await published.ask({ type: 'sing' })).error.kind, 'unsupported')
  },

  'every kind of message is encoded as it is decoded': async ({ published }) => {
    const cluster = await Cluster.start(published, 3)
    const updates = [alive(cluster, 'n1', 2), suspect('n3', 1, 'n1'), dead('n3', 1, 'n1')]
    const members = ['n1', 'n2', 'n3'].map((id) => ({ ...cluster.record('n1', id), meta: 'm' }))
    for (const view of [
      { kind: 'ping', sequence: 7, target: 'n2', gossip: updates },
      { kind: 'indirect-ping', sequence: 7, target: 'n3', nack: false, gossip: [] },
      { kind: 'ack', sequence: 7, gossip: updates.slice(1) },
      { kind: 'push-pull', join: true, members },
      { kind: 'push-pull-reply', join: true, members: members.slice(1) },
      gossip(...updates),
      gossip(updates[0]),
    ]) {
      const { message } = await published.ask({ run: cluster.run, type: 'encode', from: 'n1', to: 'n2', view })
      assert.deepEqual(message.view, view)
    }
  },

  'the same inputs give the same bytes': async ({ published, again }) => {
    const first = await mixedSchedule(await Cluster.start(published, 3))
    const second = await mixedSchedule(await Cluster.start(again, 3))
    assert.deepEqual(linesOf(published, first.run), linesOf(again, second.run))
    const other = await mixedSchedule(await Cluster.start(again, 3, { seed: 2 }))
    assert.notDeepEqual(linesOf(again, other.run), linesOf(again, second.run))
    // Two runs side by side do not touch each other.
    const [left, right] = [await Cluster.start(again, 3), await Cluster.start(again, 3, { seed: 2 })]
    await Promise.all([mixedSchedule(left), mixedSchedule(right)])
    assert.deepEqual(linesOf(again, left.run), linesOf(again, second.run))
    assert.deepEqual(linesOf(again, right.run), linesOf(again, other.run))
  },
}

/** Durations of suspicions that ended in death, at one observer. */
async function durationOfSuspicion(adapter) {
  const cluster = await Cluster.start(adapter, 2)
  await cluster.step('crash', 'n2')
  const seen = new Map()
  for (let instant = 0; instant < 4 * PERIOD && !seen.has('dead'); instant += 1) {
    await cluster.pass(1)
    const { status } = cluster.record('n1', 'n2')
    if (!seen.has(status)) seen.set(status, cluster.now)
  }
  return seen.get('dead') - seen.get('suspect')
}

const findings = {
  'suspicion-lasts: 10 ms, whatever is asked for': async ({ published, timed }) => {
    assert.equal(await durationOfSuspicion(published), 10)
    const cluster = await Cluster.start(timed, 2, { options: { suspicionMult: 0.5 } })
    await cluster.step('crash', 'n2')
    await cluster.pass(PERIOD + 499)
    assert.equal(cluster.view('n1', 'n2'), 'suspect 1')
    await cluster.pass(1)
    assert.equal(cluster.view('n1', 'n2'), 'dead 1')
  },

  'helpers-are-others: it asks the silent member to ping itself': async ({ timed }) => {
    const cluster = await Cluster.start(timed, 3)
    await cluster.step('crash', 'n3')
    await cluster.pass(3 * PERIOD)
    const foolish = cluster.messages('indirect-ping').filter(({ to, view }) => view.target === to)
    assert(foolish.length > 0)
  },

  'waits-for-answers: a late ack counts for nothing': async ({ timed }) => {
    const cluster = await Cluster.start(timed, 2)
    cluster.delay = ({ view }) => (view.kind === 'indirect-ping' ? null : defaults.probeTimeout)
    await cluster.pass(PERIOD - 1)
    const acked = cluster.messages('ack').some(({ to, at }) => to === 'n1' && at + defaults.probeTimeout < PERIOD - 1)
    assert(acked)
    await cluster.pass(1)
    assert.equal(cluster.view('n1', 'n2'), 'suspect 1')
  },

  'finds-the-dead, suspicion-ends: each failed probe begins the suspicion anew': async ({ timed }) => {
    const cluster = await Cluster.start(timed, 3)
    await cluster.step('crash', 'n3')
    await cluster.pass(100 * PERIOD)
    assert.equal(cluster.view('n1', 'n3'), 'suspect 1')
    assert.equal(cluster.view('n2', 'n3'), 'suspect 1')
  },

  'suspicion-ends: who is told of a suspicion does not end it': async ({ timed }) => {
    const cluster = await Cluster.start(timed, 3, { options: { suspicionMult: 0.5 } })
    await cluster.pass(10)
    await cluster.say('n2', 'n1', gossip(suspect('n3', 1, 'n2')))
    // Nobody hears of anybody until the period ends, and so neither does a probe fail.
    cluster.delay = () => null
    await cluster.pass(PERIOD - 20)
    assert.equal(cluster.view('n1', 'n3'), 'suspect 1')
  },

  'suspicion-ends: a newer suspicion outlives the timer of the older': async ({ timed }) => {
    const cluster = await Cluster.start(timed, 2, { options: { suspicionMult: 0.5 } })
    await cluster.step('crash', 'n2')
    await cluster.pass(PERIOD)
    assert.equal(cluster.view('n1', 'n2'), 'suspect 1')
    await cluster.say('n2', 'n1', gossip(suspect('n2', 2, 'n2')))
    await cluster.pass(PERIOD / 2)
    assert.equal(cluster.view('n1', 'n2'), 'suspect 2')
  },

  'suspects-the-silent: a probe accuses the record that it began its round with': async ({ published }) => {
    for (let seed = 1; ; seed += 1) {
      const cluster = await Cluster.start(published, 3, { seed })
      await cluster.pass(1)
      const [first] = cluster.messages('ping').filter(({ from }) => from === 'n1')
      if (first.to !== 'n3') continue
      await cluster.step('crash', 'n2')
      await cluster.say('n3', 'n1', gossip(alive(cluster, 'n2', 2)))
      cluster.delay = (message) => (isBetween(message, 'n1', 'n3') && message.view.kind !== 'indirect-ping' ? 2 : null)
      await cluster.pass(2 * PERIOD - 1)
      const asked = cluster.messages('indirect-ping').filter(({ from, view }) => from === 'n1' && view.target === 'n2')
      assert(asked.length > 0)
      assert.equal(cluster.view('n1', 'n2'), 'alive 2')
      return
    }
  },

  'gone-stays-gone: a suspicion brings the dead back': async ({ timed }) => {
    const cluster = await Cluster.start(timed, 3)
    await cluster.say('n2', 'n1', gossip(dead('n3', 1, 'n2')))
    assert.equal(cluster.view('n1', 'n3'), 'dead 1')
    await cluster.say('n2', 'n1', gossip(suspect('n3', 2, 'n2')))
    assert.equal(cluster.view('n1', 'n3'), 'suspect 2')
    assert.deepEqual(
      cluster.events('n1').map(({ event, node }) => [event, node]),
      [
        ['leave', 'n3'],
        ['join', 'n3'],
        ['update', 'n3'],
      ],
    )
  },

  'gone-stays-gone: a newer death renews an older': async ({ timed }) => {
    const cluster = await Cluster.start(timed, 3)
    await cluster.say('n2', 'n1', gossip(dead('n3', 1, 'n2')))
    await cluster.say('n2', 'n1', gossip(dead('n3', 2, 'n2')))
    assert.equal(cluster.view('n1', 'n3'), 'dead 2')
  },

  'ignores-unknown: an accusation makes a stranger a member': async ({ timed }) => {
    const cluster = await Cluster.start(timed, 3, { members: ['n1', 'n2'] })
    await cluster.say('n2', 'n1', gossip(suspect('n3', 1, 'n2')))
    assert.equal(cluster.view('n1', 'n3'), 'suspect 1')
    await cluster.say('n1', 'n2', gossip(dead('n3', 1, 'n1')))
    assert.equal(cluster.view('n2', 'n3'), 'dead 1')
  },

  'tells-bounded-times: an accusation long refuted is answered over and over': async ({ timed }) => {
    const cluster = await Cluster.start(timed, 2)
    await cluster.say('n2', 'n1', gossip(suspect('n1', 1, 'n2')))
    for (let round = 0; round < 10; round += 1) {
      await cluster.say('n2', 'n1', gossip(suspect('n1', 1, 'n2')))
      await cluster.pass(PERIOD)
    }
    assert.equal(cluster.state('n1').incarnation, 2)
    const told = cluster.outputs.filter(
      ({ by, type, view }) =>
        type === 'message' && by === 'n1' && view.gossip?.some((each) => each.node === 'n1' && each.incarnation === 2),
    )
    assert(told.length > defaults.retransmitMult)
  },

  'views-converge: both sides of a partition hold each other for dead, for good': async ({ published }) => {
    const cluster = await Cluster.start(published, 4)
    const side = (id) => id === 'n1' || id === 'n2'
    cluster.delay = ({ from, to }) => (side(from) === side(to) ? 2 : null)
    await cluster.pass(10 * PERIOD)
    cluster.delay = () => 2
    await cluster.pass(100 * PERIOD)
    for (const left of ['n1', 'n2']) {
      for (const right of ['n3', 'n4']) {
        assert.equal(cluster.view(left, right).split(' ')[0], 'dead')
        assert.equal(cluster.view(right, left).split(' ')[0], 'dead')
      }
    }
  },

  'leave-is-told: who leaves tells nobody': async ({ published }) => {
    const cluster = await Cluster.start(published, 3)
    await cluster.pass(10)
    const before = cluster.outputs.length
    const leave = await cluster.operate('n3', { type: 'leave' })
    assert.equal(cluster.resultOf(leave).status, 'ok')
    assert.equal(cluster.state('n3').leaving, true)
    assert.equal(cluster.view('n3', 'n3'), 'alive 1')
    await cluster.pass(5 * PERIOD)
    assert.deepEqual(
      cluster.outputs.slice(before).filter(({ by, type }) => by === 'n3' && type === 'message'),
      [],
    )
    assert.equal(cluster.view('n1', 'n3'), 'dead 1')
    // It says that it cannot join any more, and asks all the same.
    const join = await cluster.operate('n3', { type: 'join', to: ['n1'] })
    assert.deepEqual([cluster.resultOf(join).status, cluster.resultOf(join).reason], ['failed', 'left'])
    assert.equal(cluster.messages('push-pull').length, 1)
  },
}

const adapters = { published: new Adapter(), again: new Adapter(), timed: new Adapter('--suspect-timeout') }
let failed = 0
for (const [name, check] of Object.entries({ ...protocol, ...findings })) {
  try {
    await check(adapters)
    console.log(`ok      ${name}`)
  } catch (error) {
    failed += 1
    console.log(`not ok  ${name}\n${error.stack}`)
  }
}
for (const adapter of Object.values(adapters)) await adapter.exit()
process.exitCode = failed > 0 ? 1 : 0
