/** The reference of SWIM: its formulas, its parts, and small clusters that the judge watches. */
import { describe, expect, test } from 'vitest'
import type { Session } from '../../impl/contract/swim.ts'
import {
  confirmationsWanted,
  exchangeInterval,
  leastSuspicion,
  retransmitLimit,
  suspicionDuration,
} from '../../impl/reference/swim/formulas.ts'
import { SwimMember } from '../../impl/reference/swim/member.ts'
import { BroadcastQueue } from '../../impl/reference/swim/queue.ts'
import { createReference } from '../../impl/reference/swim/session.ts'
import { datagramSize } from '../../impl/reference/swim/sizes.ts'
import { encodePacket } from '../../impl/reference/swim/wire/packet.ts'
import { packetMessages } from '../../impl/reference/swim/wire/views.ts'
import { between, mix } from '../../impl/sim/hash.ts'
import type { SwimInput } from '../../models/swim/member.ts'
import { swimPaths } from '../../models/swim/paths.ts'
import type { Answer, Message, OutgoingMessage, Update } from '../../models/swim/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import { type ClusterSetup, lan, SwimCluster } from './swim-cluster.ts'

const names = (count: number): NodeId[] => Array.from({ length: count }, (_, number) => `n${number + 1}`)
const seeds = (count: number): number[] => Array.from({ length: count }, (_, number) => number + 1)

describe('formulas have the values that the implementation they come from is tested for', () => {
  test.each([
    [5, 1_000],
    [10, 1_000],
    [50, 1_698],
    [100, 2_000],
    [500, 2_698],
    [1_000, 3_000],
  ])('the least suspicion among %i members', (members, milliseconds) => {
    expect(leastSuspicion(3, members, 1_000) / 3).toBe(milliseconds)
  })

  test.each([
    [3, 0],
    [4, 2],
    [100, 2],
  ])('confirmations wanted among %i members', (members, wanted) => {
    expect(confirmationsWanted(4, members)).toBe(wanted)
  })

  test.each([
    [0, 30_000],
    [1, 16_000],
    [2, 7_810],
    [3, 2_000],
    [4, 2_000],
    [5, 2_000],
  ])('a suspicion of 2 to 30 seconds after %i of 3 confirmations', (confirmations, milliseconds) => {
    expect(suspicionDuration(confirmations, 3, 2_000, 30_000)).toBe(milliseconds)
  })

  test('a suspicion that nobody can confirm is as short as it gets', () => {
    expect(suspicionDuration(0, 0, 4_000, 24_000)).toBe(4_000)
  })

  test.each([
    [3, 0, 0],
    [3, 1, 3],
    [3, 99, 6],
    [4, 9, 4],
    [4, 10, 8],
    [4, 99, 8],
    [4, 100, 12],
    [4, 999, 12],
  ])('retransmissions, multiplier %i, %i members', (multiplier, members, limit) => {
    expect(retransmitLimit(multiplier, members)).toBe(limit)
  })

  test.each([
    [0, 1],
    [32, 1],
    [33, 2],
    [64, 2],
    [65, 3],
    [128, 3],
  ])('exchanges of tables among %i members', (members, intervals) => {
    expect(exchangeInterval(30_000, members)).toBe(30_000 * intervals)
  })
})

const alive = (node: NodeId, incarnation: number, more: Partial<Update> = {}): Update => ({
  status: 'alive',
  node,
  incarnation,
  from: node,
  address: addressOf(node),
  meta: '',
  ...more,
})
const accused = (status: 'suspect' | 'dead', node: NodeId, incarnation: number, from: NodeId): Update => ({
  status,
  node,
  incarnation,
  from,
  address: '',
  meta: '',
})
/** As the session gives them. */
const addressOf = (node: NodeId): string => `10.0.0.${node.slice(1)}:7946`

describe('the queue of updates', () => {
  const queueOf = () => {
    const finished: string[] = []
    return { queue: new BroadcastQueue(({ update }) => finished.push(update.node)), finished }
  }
  const take = (queue: BroadcastQueue, space: number, limit = 3): string[] =>
    queue.take(space, 2, limit).map(({ node }) => node)

  test('what was sent least comes first, then the largest that fits, then the newest', () => {
    const { queue } = queueOf()
    for (const [node, size] of Object.entries({ small: 10, large: 30, older: 20, newer: 20 }))
      queue.add(node, alive(node, 1), size)
    expect(take(queue, 32)).toEqual(['large'])
    expect(take(queue, 31)).toEqual(['newer'])
    expect(take(queue, 40)).toEqual(['older', 'small'])
    expect(take(queue, 1_000)).toEqual(['large', 'newer', 'older', 'small'])
  })

  test('each is sent so often, unless a newer one of that name replaces it', () => {
    const { queue, finished } = queueOf()
    queue.add('a', alive('first', 1), 10)
    queue.add('a', alive('second', 2), 10)
    expect(finished).toEqual(['first'])
    expect([take(queue, 99), take(queue, 99), take(queue, 99)]).toEqual([['second'], ['second'], ['second']])
    expect(finished).toEqual(['first', 'second'])
    expect([take(queue, 99), queue.isEmpty]).toEqual([[], true])
  })
})

/** One node that is told things by others that do not run. */
class Lonely {
  readonly session: Session
  #operations = 0

  constructor(count = 3, known = true) {
    const nodes = names(count)
    this.session = createReference().open({ nodes, members: known ? nodes : [], options: lan, seed: 1 })
  }

  hear(view: Message, from: NodeId = 'n3'): Answer {
    const message = this.session.encode(from, 'n1', view)
    return this.session.step({ type: 'deliver', node: 'n1', at: 0, message })
  }

  say(...gossip: readonly Update[]): Answer {
    return this.hear({ kind: 'gossip', gossip })
  }

  leave(): Answer {
    const id = ++this.#operations
    return this.session.step({ type: 'operation', node: 'n1', at: 0, id, operation: { type: 'leave' } })
  }

  advance(at: number, until: number): Answer {
    return this.session.step({ type: 'advance', node: 'n1', at, until })
  }

  /** What it holds of a node, as the machine names it. */
  holding(node: NodeId): { readonly holding: string; readonly incarnation: number } {
    const record = this.session.inspect('n1').members.find((each) => each.node === node)
    if (record === undefined) return { holding: 'unknown', incarnation: 0 }
    const { status, incarnation } = record
    const own = status === 'left' ? 'self-left' : 'self'
    return { holding: node === 'n1' ? own : status, incarnation }
  }
}

const messagesOf = ({ outputs }: Answer): OutgoingMessage[] => outputs.filter((output) => output.type === 'message')
const eventsOf = ({ outputs }: Answer): string[] =>
  outputs.flatMap((output) => (output.type === 'event' ? [`${output.event} ${output.node} ${output.meta}`] : []))

describe('a member by itself', () => {
  const told = (node: Lonely, subject: NodeId, input: SwimInput): Answer => {
    switch (input.type) {
      case 'leave':
        return node.leave()
      case 'alive': {
        const address = input.moved ? '10.9.9.9:7946' : addressOf(subject)
        return node.say(alive(subject, input.incarnation, { address, meta: input.news ? 'news' : '' }))
      }
      case 'suspect':
        return node.say(accused('suspect', subject, input.incarnation, 'n3'))
      case 'dead':
        return node.say(accused('dead', subject, input.incarnation, input.leaves ? subject : 'n3'))
    }
  }

  test.each(swimPaths())('follows $name of the machine', ({ start, steps }) => {
    const node = new Lonely(3, start.holding !== 'unknown')
    const subject = start.holding === 'self' ? 'n1' : 'n2'
    // An address that was taken over is the member's from then on.
    let moved = false
    for (const { input, outcome } of steps) {
      if (input.type === 'alive' && input.moved && moved) continue
      const before = node.holding(subject)
      told(node, subject, input)
      expect([before, input, node.holding(subject)]).toEqual([before, input, outcome])
      moved ||= before.holding === 'left' && input.type === 'alive' && input.moved
      if (moved) return
    }
  })

  test('who is met by incarnation 0 is dead, told to nobody, and forgotten at the end of the round', () => {
    const node = new Lonely(3, false)
    expect(node.say(alive('n2', 0))).toMatchObject({ outputs: [], members: [{ node: 'n2', status: 'dead' }] })
    expect(node.advance(1, 5_000).members).toEqual([{ node: 'n2', status: 'forgotten' }])
  })

  test('two of one name: the first keeps it, and the application is told', () => {
    const node = new Lonely()
    expect(eventsOf(node.say(alive('n2', 7, { address: '10.9.9.9:7946', meta: 'other' })))).toEqual([
      'conflict n2 other',
    ])
    expect(eventsOf(node.say(alive('n1', 7, { address: '10.9.9.9:7946', meta: 'other' })))).toEqual([
      'conflict n1 other',
    ])
    expect(node.holding('n1')).toEqual({ holding: 'self', incarnation: 1 })
  })

  test('a refutation does not replace what is told of the member under its name', () => {
    const node = new Lonely()
    const update = { type: 'update', meta: 'x' } as const
    node.session.step({ type: 'operation', node: 'n1', at: 0, id: 1, operation: update })
    node.say(accused('suspect', 'n1', 2, 'n2'))
    const [message] = messagesOf(node.hear({ kind: 'ping', sequence: 1, target: 'n1', gossip: [] }))
    expect(message!.view).toMatchObject({
      kind: 'ack',
      gossip: [
        { node: 'n1', incarnation: 3 },
        { node: 'n1', incarnation: 2 },
      ],
    })
  })

  test('updates fill datagrams, and no more', () => {
    const node = new Lonely(200)
    const gossip = names(200).slice(2)
    for (const each of gossip) node.say(accused('dead', each, 1, 'n2'))
    const [message] = messagesOf(node.hear({ kind: 'ping', sequence: 1, target: 'n1', gossip: [] }))
    const directory = {
      self: { node: 'n1', address: addressOf('n1') },
      addressOf,
      versionsOf: () => null,
    }
    const settings = {
      label: '',
      keys: [],
      encryptionVersion: 1,
      compress: false,
      nonce: () => Buffer.alloc(12),
    } as const
    const { length } = encodePacket(packetMessages(message!.view, directory), settings, { checksum: false })
    expect(length).toBeLessThanOrEqual(datagramSize)
    expect(length).toBeGreaterThan(0.9 * datagramSize)
  })

  test('what it is told about dead members of other tables is only a suspicion of its own', () => {
    const node = new Lonely()
    const answer = node.hear({
      kind: 'push-pull',
      join: false,
      members: [{ node: 'n2', status: 'dead', incarnation: 4, address: addressOf('n2'), meta: '' }],
    })
    expect(node.holding('n2')).toEqual({ holding: 'suspect', incarnation: 4 })
    // Its own table went before that.
    expect(messagesOf(answer)[0]!.view).toMatchObject({ kind: 'push-pull-reply', members: { length: 3 } })
  })

  test('a panic is told, and the node is down', () => {
    class Broken extends SwimMember {
      protected override gossipDue(): void {
        throw new Error('oops')
      }
    }
    const session = createReference({ Member: Broken }).open({
      nodes: names(2),
      members: names(2),
      options: lan,
      seed: 1,
    })
    session.step({ type: 'operation', node: 'n1', at: 0, id: 1, operation: { type: 'update', meta: 'x' } })
    const answer = session.step({ type: 'advance', node: 'n1', at: 0, until: 10_000 })
    expect(answer.error).toEqual({ kind: 'panic', text: 'oops' })
    expect(() => session.inspect('n1')).toThrow('n1 is down')
    expect(() => session.inspect('n9')).toThrow('no node')
  })
})

const clusterOf = (seed: number, more: Partial<ClusterSetup> = {}): SwimCluster =>
  new SwimCluster(createReference(), { nodes: names(3 + (seed % 6)), seed, ...more })

/** What nodes that are up say of one. */
const views = (cluster: SwimCluster, subject: NodeId, by: readonly NodeId[] = cluster.nodes): Set<string | undefined> =>
  new Set(by.filter((node) => node !== subject).map((node) => cluster.statuses(node)[subject]))

const rough = { delay: [1, 400], loss: 0.25, duplicate: 0.1, reorder: 0 } as const
const calm = { delay: [1, 20], loss: 0, duplicate: 0, reorder: 0 } as const

/** Everybody asks everybody; who was dead to another one is heard once that has heard that it is. */
const rejoin = (cluster: SwimCluster, nodes: readonly NodeId[] = cluster.nodes): void => {
  for (let time = 0; time < 2; time++) {
    for (const node of nodes) cluster.operate(node, { type: 'join', to: nodes.filter((each) => each !== node) })
    cluster.run(5_000)
  }
}

describe('the judge finds nothing', () => {
  test.each(seeds(20))('in a quiet cluster, and nobody is suspected, seed %i', (seed) => {
    const cluster = clusterOf(seed)
    cluster.run(120_000)
    for (const node of cluster.nodes) expect(views(cluster, node)).toEqual(new Set(['alive']))
    expect([...cluster.judge.transitions().keys()]).toEqual([])
    expect(cluster.settle()).toBe(0)
  })

  test.each(seeds(20))('when members join one by one, seed %i', (seed) => {
    const cluster = clusterOf(seed, { members: [] })
    const joins = cluster.nodes.slice(1).map((node) => {
      cluster.run((seed * 137) % 700)
      return cluster.operate(node, { type: 'join', to: ['n1'] })
    })
    cluster.run(40_000)
    for (const join of joins) expect(cluster.results.get(join)).toMatchObject({ status: 'ok' })
    for (const node of cluster.nodes) expect(views(cluster, node)).toEqual(new Set(['alive']))
    for (const at of cluster.nodes)
      for (const node of cluster.nodes)
        if (at !== node) expect(cluster.events).toContainEqual({ at, event: 'join', node, meta: '' })
    cluster.settle()
  })

  test.each(seeds(20))('when one crashes: all find out, and when it is back, seed %i', (seed) => {
    const cluster = clusterOf(seed)
    cluster.run(5_000 + seed * 61)
    cluster.crash('n2')
    // Two rounds of probes, the longest suspicion, and one period.
    cluster.run(2 * cluster.nodes.length * lan.probeInterval + 25_000)
    const others = cluster.nodes.filter((node) => node !== 'n2')
    expect(['dead', undefined]).toEqual(expect.arrayContaining([...views(cluster, 'n2', others)]))
    cluster.restart('n2')
    cluster.operate('n2', { type: 'join', to: ['n3', 'n1'] })
    cluster.settle()
    expect(views(cluster, 'n2')).toEqual(new Set(['alive']))
  })

  test.each(seeds(20))('when one restarts before anybody has noticed, seed %i', (seed) => {
    const cluster = clusterOf(seed)
    cluster.run(5_000)
    cluster.crash('n2')
    cluster.run(((seed * 377) % 8_000) + 1)
    cluster.restart('n2')
    cluster.operate('n2', { type: 'join', to: ['n3'] })
    cluster.run(10_000)
    cluster.settle()
    expect(cluster.table('n1')['n2']).toMatchObject({
      status: 'alive',
      incarnation: cluster.table('n2')['n2']!.incarnation,
    })
  })

  test.each(seeds(20))('when one leaves, and goes, seed %i', (seed) => {
    const cluster = clusterOf(seed)
    cluster.run(5_000)
    const leave = cluster.operate('n3', { type: 'leave' })
    const again = cluster.operate('n3', { type: 'leave' })
    cluster.run(10_000)
    for (const each of [leave, again]) expect(cluster.results.get(each)).toMatchObject({ status: 'ok' })
    const update = cluster.operate('n3', { type: 'update', meta: 'x' })
    const join = cluster.operate('n3', { type: 'join', to: ['n1'] })
    for (const each of [update, join])
      expect(cluster.results.get(each)).toMatchObject({ status: 'failed', reason: 'left' })
    cluster.crash('n3')
    cluster.run(30_000)
    cluster.settle()
    expect(cluster.events).toContainEqual({ at: 'n1', event: 'leave', node: 'n3', meta: '' })
  })

  test.each(seeds(20))('when members have news, seed %i', (seed) => {
    const cluster = clusterOf(seed)
    cluster.run(3_000)
    const updates = ['n1', 'n2', 'n1'].map((node, number) => {
      cluster.run((number * seed * 71) % 900)
      return cluster.operate(node, { type: 'update', meta: `news ${number}` })
    })
    // Gossip may miss one; tables are exchanged every 30 seconds.
    cluster.run(120_000)
    for (const update of updates) expect(cluster.results.get(update)).toMatchObject({ status: 'ok' })
    for (const node of cluster.nodes)
      expect(cluster.table(node)['n1']).toMatchObject({ meta: 'news 2', incarnation: 3 })
    cluster.settle()
    const tooLong = cluster.operate('n1', { type: 'update', meta: 'x'.repeat(513) })
    expect(cluster.results.get(tooLong)).toMatchObject({ status: 'failed', reason: 'meta-too-long' })
  })

  test.each(seeds(30))('when the network loses, doubles and delays, seed %i', (seed) => {
    const cluster = clusterOf(seed, { network: rough })
    cluster.run(30_000)
    cluster.crash('n1')
    cluster.operate('n2', { type: 'update', meta: 'y' })
    cluster.run(60_000)
    cluster.restart('n1')
    cluster.operate('n1', { type: 'join', to: cluster.nodes.slice(1) })
    cluster.run(30_000)
    cluster.network = calm
    rejoin(cluster)
    cluster.settle()
  })

  test.each(seeds(30))('when the cluster is cut in two, and whole again, seed %i', (seed) => {
    const cluster = clusterOf(seed)
    cluster.run(5_000)
    cluster.partition(['n1', 'n2'], cluster.nodes.slice(2))
    cluster.run((seed * 1_700) % 60_000)
    cluster.heal()
    rejoin(cluster)
    cluster.settle()
  })

  test.each(seeds(20))('when all but three of many crash, seed %i', (seed) => {
    const cluster = clusterOf(seed, { nodes: names(9 + (seed % 6)), network: seed % 2 === 0 ? rough : calm })
    for (const node of cluster.nodes.slice(3)) {
      cluster.run(3_000)
      cluster.crash(node)
    }
    cluster.run(90_000)
    cluster.network = calm
    rejoin(cluster, ['n1', 'n2', 'n3'])
    cluster.settle()
  })

  test.each(seeds(10))('when clocks run fast and slow, seed %i', (seed) => {
    const cluster = clusterOf(seed)
    cluster.setRate('n1', 0.6)
    cluster.setRate('n2', 1.5)
    cluster.run(20_000)
    cluster.crash('n3')
    cluster.run(90_000)
    cluster.restart('n3')
    cluster.operate('n3', { type: 'join', to: ['n1'] })
    cluster.run(10_000)
    rejoin(cluster)
    cluster.settle()
  })

  test.each(seeds(60))('whatever happens, seed %i', (seed) => {
    const fast = { ...lan, probeInterval: 300, probeTimeout: 200, suspicionMult: 3 + (seed % 3) }
    const cluster = clusterOf(seed, { options: seed % 2 === 0 ? lan : fast, members: names(3) })
    const { nodes } = cluster
    const up = new Set(nodes)
    const left = new Set<NodeId>()
    for (let turn = 0; turn < turns; turn++) {
      const draw = (purpose: number, bound: number): number => between(mix(mix(seed, turn), purpose), 0, bound - 1)
      const node = nodes[draw(1, nodes.length)]!
      disturb(cluster, node, up, left, draw, turn)
      cluster.run(draw(2, 6_000))
      cluster.inspect()
    }
    cluster.heal()
    cluster.network = calm
    for (const node of nodes)
      if (left.has(node) && up.has(node)) cluster.crash(node)
      else if (!left.has(node) && !up.has(node)) cluster.restart(node)
    // What is under way still, and what was said of the dead, may take its time.
    cluster.run(20_000)
    const staying = nodes.filter((node) => !left.has(node))
    rejoin(cluster, staying)
    rejoin(cluster, staying)
    cluster.settle()
  })
})

const turns = 40

/** One thing that may happen to a node, or to the network. */
function disturb(
  cluster: SwimCluster,
  node: NodeId,
  up: Set<NodeId>,
  left: Set<NodeId>,
  draw: (purpose: number, bound: number) => number,
  turn: number,
): void {
  const { nodes } = cluster
  const isUp = up.has(node)
  switch (draw(3, 10)) {
    case 0:
      if (up.delete(node)) cluster.crash(node)
      return
    case 1:
      if (isUp || left.has(node)) return
      up.add(node)
      return cluster.restart(node)
    case 2:
      return cluster.partition(nodes.slice(0, draw(4, nodes.length)), nodes.slice(draw(4, nodes.length)))
    case 3:
      return cluster.heal()
    case 4:
      cluster.network = draw(5, 2) === 0 ? rough : calm
      return
    case 5:
      if (isUp) cluster.operate(node, { type: 'update', meta: `turn ${turn}` })
      return
    case 6:
      // A few stay to the end.
      if (!isUp || turn < turns / 2 || left.size > 1) return
      left.add(node)
      cluster.operate(node, { type: 'leave' })
      return
    default:
      if (isUp) cluster.operate(node, { type: 'join', to: [nodes[draw(6, nodes.length)]!] })
  }
}

describe('streams', () => {
  test('where datagrams are lost, streams show who is alive', () => {
    const cluster = clusterOf(1, { network: { ...calm, loss: 1 } })
    cluster.run(120_000)
    for (const node of cluster.nodes) expect(views(cluster, node)).toEqual(new Set(['alive']))
  })

  test('without them, nobody is found', () => {
    const options = { ...lan, streamPing: false, pushPullInterval: 0 }
    const cluster = clusterOf(1, { options, network: { ...calm, loss: 1 } })
    cluster.run(60_000)
    for (const node of cluster.nodes)
      expect(new Set(Object.values(cluster.statuses(node)))).toEqual(new Set(['alive', 'dead']))
  })

  test('a join says why nobody answered', () => {
    const cluster = clusterOf(1, { members: [] })
    cluster.crash('n2')
    cluster.partition(['n1', 'n2'], ['n3', 'n4'])
    const [refused, lost, second] = [['n2'], ['n3'], ['n2', 'n4']].map((to) =>
      cluster.operate('n1', { type: 'join', to }),
    )
    cluster.run(lan.streamTimeout + 100)
    expect(cluster.results.get(refused!)).toMatchObject({ status: 'failed', reason: 'refused' })
    expect(cluster.results.get(lost!)).toMatchObject({ status: 'unknown', reason: 'timeout' })
    expect(cluster.results.get(second!)).toMatchObject({ status: 'unknown', reason: 'timeout' })
  })

  test('nobody waits for ever until others were told', () => {
    const cluster = clusterOf(1)
    cluster.run(1_000)
    for (const node of cluster.nodes.slice(1)) cluster.crash(node)
    const options = cluster.operate('n1', { type: 'update', meta: 'x' })
    cluster.run(2_000)
    expect(cluster.results.get(options)).toMatchObject({ status: 'ok' })
  })
})

test('the same seed gives the same run, and another one another', () => {
  const told = (seed: number): string => {
    const cluster = new SwimCluster(createReference(), { nodes: names(5), seed, network: rough })
    cluster.run(20_000)
    cluster.crash('n2')
    cluster.run(20_000)
    return JSON.stringify([cluster.messages, cluster.events, cluster.nodes.slice(2).map((node) => cluster.table(node))])
  }
  expect(told(1)).toBe(told(1))
  expect(told(1)).not.toBe(told(2))
})

test('300 members find five that crash, and hear news, without a judge', () => {
  const nodes = names(300)
  const cluster = new SwimCluster(createReference(), { nodes, seed: 1, judged: false })
  cluster.run(5_000)
  cluster.operate('n300', { type: 'update', meta: 'news' })
  const crashed = ['n10', 'n20', 'n30', 'n40', 'n50']
  for (const node of crashed) cluster.crash(node)
  cluster.run(55_000)
  for (const node of nodes.filter((each) => !crashed.includes(each))) {
    const table = cluster.table(node)
    expect(table['n300']).toMatchObject({ meta: 'news' })
    expect(new Set(crashed.map((each) => table[each]?.status ?? 'dead'))).toEqual(new Set(['dead']))
  }
})
