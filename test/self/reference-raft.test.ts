/** The reference at work, in a cluster without faults but those that each test makes. */
import { describe, expect, test } from 'vitest'
import { createReference } from '../../impl/reference/raft/session.ts'
import { decodeMessage, encodeMessage } from '../../impl/reference/raft/codec.ts'
import { decodeRecords, encodeRecord, type JournalRecord, recover } from '../../impl/reference/raft/journal.ts'
import { printCommand, parseCommand } from '../../impl/reference/store/command.ts'
import type {
  Answer,
  Command,
  Input,
  MemberState,
  Operation,
  OutgoingMessage,
  RaftOptions,
  Result,
} from '../../models/raft/vocabulary.ts'
import type { Milliseconds, NodeId, WriteId } from '../../models/vocabulary.ts'

const defaults: RaftOptions = {
  electionTimeout: 150,
  heartbeatInterval: 50,
  preVote: true,
  checkQuorum: true,
  maxEntries: 8,
  maxInflight: 4,
}

interface Event {
  readonly due: Milliseconds
  readonly order: number
  readonly node: NodeId
  readonly run: () => void
}

/** Delivers every message after 2 ms and every write after 1 ms, unless a test says otherwise. */
class Cluster {
  readonly implementation = createReference()
  readonly session
  readonly nodes: readonly NodeId[]
  readonly states = new Map<NodeId, MemberState>()
  readonly results = new Map<number, Result>()
  readonly applied = new Map<NodeId, string[]>()
  readonly sent: OutgoingMessage[] = []
  readonly down = new Set<NodeId>()
  /** Messages for which this holds are lost. */
  lost: (message: OutgoingMessage) => boolean = () => false
  now = 0
  steps = 0
  #events: Event[] = []
  #order = 0
  #operations = 0
  readonly #wake = new Map<NodeId, Milliseconds | null>()
  readonly #epoch = new Map<NodeId, number>()
  readonly #unwritten = new Map<NodeId, WriteId[]>()
  readonly #waiting = new Map<NodeId, OutgoingMessage[]>()

  constructor(
    nodes: readonly NodeId[],
    voters: readonly NodeId[] = nodes,
    options: Partial<RaftOptions> = {},
    seed = 1,
  ) {
    this.nodes = nodes
    const configuration = { voters: [...voters], outgoing: [], learners: [] }
    this.session = this.implementation.open({ nodes, configuration, options: { ...defaults, ...options }, seed })
    nodes.forEach((node, index) => this.#meet(node, this.session.initial[index]!))
  }

  #meet(node: NodeId, answer: Answer): void {
    this.#epoch.set(node, (this.#epoch.get(node) ?? 0) + 1)
    this.states.set(node, answer.state as MemberState)
    this.applied.set(node, [])
    this.#wake.set(node, answer.wake)
    this.#unwritten.set(node, [])
    this.#waiting.set(node, [])
  }

  #at(due: Milliseconds, node: NodeId, run: () => void): void {
    const epoch = this.#epoch.get(node)
    this.#events.push({
      due,
      order: this.#order++,
      node,
      run: () => {
        if (!this.down.has(node) && this.#epoch.get(node) === epoch) run()
      },
    })
  }

  step(input: Input): Answer {
    const { node } = input
    const answer = this.session.step(input)
    this.steps++
    if (answer.error !== undefined) throw new Error(answer.error.text)
    this.#wake.set(node, answer.wake)
    if (answer.state !== null) this.states.set(node, { ...this.states.get(node)!, ...answer.state })
    for (const output of answer.outputs) {
      if (output.type === 'message') this.#post(output)
      else if (output.type === 'apply') this.applied.get(node)!.push(output.digest)
      else if (output.type === 'result') this.results.set(output.operation, output)
      else if (output.type === 'write') {
        this.#unwritten.get(node)!.push(output.id)
        this.#at(this.now + 1, node, () => this.#acknowledge(node, output.id))
      }
    }
    return answer
  }

  #acknowledge(node: NodeId, write: WriteId): void {
    this.#unwritten.set(
      node,
      this.#unwritten.get(node)!.filter((id) => id > write),
    )
    const waiting = this.#waiting.get(node)!
    this.#waiting.set(
      node,
      waiting.filter(({ after }) => after > write),
    )
    for (const message of waiting) if (message.after <= write) this.#transmit(message)
    this.step({ type: 'written', node, at: this.now, writes: [write] })
  }

  #post(message: OutgoingMessage): void {
    if (this.#unwritten.get(message.from)!.includes(message.after)) this.#waiting.get(message.from)!.push(message)
    else this.#transmit(message)
  }

  #transmit(message: OutgoingMessage): void {
    this.sent.push(message)
    if (this.lost(message)) return
    this.#at(this.now + 2, message.to, () => this.step({ type: 'deliver', node: message.to, at: this.now, message }))
  }

  run(duration: Milliseconds): void {
    const end = this.now + duration
    for (;;) {
      const event = this.#events.reduce<Event | null>(
        (least, next) =>
          least === null || next.due < least.due || (next.due === least.due && next.order < least.order) ? next : least,
        null,
      )
      let node: NodeId | null = null
      let due = event?.due ?? Infinity
      for (const [name, wake] of this.#wake)
        if (wake !== null && wake < due && !this.down.has(name)) [node, due] = [name, wake]
      if (due > end) break
      this.now = Math.max(due, this.now)
      if (node !== null) this.step({ type: 'advance', node, at: this.now, until: this.now })
      else {
        this.#events = this.#events.filter((other) => other !== event)
        event!.run()
      }
    }
    this.now = end
  }

  operate(node: NodeId, operation: Operation): number {
    const id = ++this.#operations
    this.step({ type: 'operation', node, at: this.now, id, operation })
    return id
  }

  propose(node: NodeId, command: Command): number {
    return this.operate(node, { type: 'propose', command })
  }

  put(node: NodeId, key: string, value: string): number {
    return this.propose(node, { type: 'put', key, value })
  }

  crash(node: NodeId, keep: readonly WriteId[] = [], torn: WriteId = 0): void {
    this.session.step({ type: 'crash', node, at: this.now, keep, torn })
    this.down.add(node)
  }

  restart(node: NodeId): Answer {
    const answer = this.session.step({ type: 'restart', node, at: this.now })
    this.down.delete(node)
    this.#meet(node, answer)
    return answer
  }

  isolate(...nodes: NodeId[]): void {
    this.lost = ({ from, to }) => nodes.includes(from) !== nodes.includes(to)
  }

  heal(): void {
    this.lost = () => false
  }

  leader(): NodeId {
    let leader: NodeId | null = null
    for (const [node, { role, term }] of this.states)
      if (role === 'leader' && !this.down.has(node) && (leader === null || term > this.states.get(leader)!.term))
        leader = node
    if (leader === null) throw new Error('no leader')
    return leader
  }

  followers(): NodeId[] {
    const leader = this.leader()
    return this.nodes.filter((node) => node !== leader)
  }

  unwritten(node: NodeId): readonly WriteId[] {
    return this.#unwritten.get(node)!
  }

  store(node: NodeId): Record<string, string> {
    return Object.fromEntries(this.session.inspect(node).store)
  }

  agree(nodes: readonly NodeId[] = this.nodes): void {
    const [first, ...others] = nodes.map((node) => this.session.inspect(node))
    for (const other of others) {
      expect(other.store).toEqual(first!.store)
      expect(other.state.commit).toBe(first!.state.commit)
      expect(other.state.configuration).toEqual(first!.state.configuration)
    }
  }
}

const elected = (nodes: readonly NodeId[], voters = nodes, options: Partial<RaftOptions> = {}): Cluster => {
  const cluster = new Cluster(nodes, voters, options)
  cluster.run(1000)
  return cluster
}

const three = ['n1', 'n2', 'n3']
const five = ['n1', 'n2', 'n3', 'n4', 'n5']

describe('election', () => {
  for (const preVote of [true, false])
    for (const checkQuorum of [true, false])
      test(`one leader, with preVote ${preVote} and checkQuorum ${checkQuorum}`, () => {
        const cluster = elected(three, three, { preVote, checkQuorum })
        const leader = cluster.leader()
        expect(cluster.states.get(leader)!.ready).toBe(true)
        for (const node of three) expect(cluster.states.get(node)!.leader).toBe(leader)
      })

  test('a single voter leads alone', () => {
    const cluster = elected(['n1'])
    const id = cluster.put('n1', 'x', '1')
    cluster.run(100)
    expect(cluster.results.get(id)).toMatchObject({ status: 'ok' })
  })

  test('a leader that hears no quorum steps down, and its proposals are unknown', () => {
    const cluster = elected(three)
    const old = cluster.leader()
    cluster.isolate(old)
    const id = cluster.put(old, 'x', 'lost')
    cluster.run(1000)
    expect(cluster.results.get(id)).toMatchObject({ status: 'unknown', reason: 'lost-leadership' })
    expect(cluster.states.get(old)!.role).not.toBe('leader')
    const { term } = cluster.states.get(cluster.leader())!
    cluster.heal()
    cluster.run(1000)
    expect(cluster.states.get(cluster.leader())!.term).toBe(term)
    cluster.agree()
  })
})

describe('replication', () => {
  test('puts, gets and compare-and-sets', () => {
    const cluster = elected(five)
    const leader = cluster.leader()
    const ids = [
      cluster.put(leader, 'x', '1'),
      cluster.propose(leader, { type: 'get', key: 'x' }),
      cluster.propose(leader, { type: 'compare-and-set', key: 'x', expect: '1', value: '2' }),
      cluster.propose(leader, { type: 'compare-and-set', key: 'x', expect: '1', value: '3' }),
      cluster.propose(leader, { type: 'get', key: 'x' }),
      cluster.propose(leader, { type: 'get', key: 'absent' }),
    ]
    cluster.run(200)
    expect(ids.map((id) => cluster.results.get(id)!.value)).toEqual([null, '1', 'true', 'false', '2', null])
    const [follower] = cluster.followers()
    expect(cluster.results.get(cluster.put(follower!, 'x', '9'))).toMatchObject({
      status: 'failed',
      reason: 'not-leader',
    })
    cluster.agree()
  })

  test('a follower that was away catches up, in windows', () => {
    const cluster = elected(three)
    const leader = cluster.leader()
    const away = cluster.followers()[0]!
    cluster.isolate(away)
    for (let index = 0; index < 100; index++) {
      cluster.put(leader, 'x', `v${index}`)
      cluster.run(5)
    }
    cluster.heal()
    cluster.run(500)
    cluster.agree()
    expect(cluster.store(away)).toEqual({ x: 'v99' })
  })

  test('diverged logs are repaired', () => {
    const cluster = elected(five)
    const old = cluster.leader()
    cluster.isolate(old)
    for (let index = 0; index < 20; index++) cluster.put(old, 'x', `lost${index}`)
    cluster.run(1000)
    cluster.put(cluster.leader(), 'x', 'kept')
    cluster.run(100)
    cluster.heal()
    cluster.run(500)
    cluster.agree()
    expect(cluster.store(old)).toEqual({ x: 'kept' })
  })
})

describe('crashes', () => {
  test('what was acknowledged survives the crash of all', () => {
    const cluster = elected(three)
    const id = cluster.put(cluster.leader(), 'x', '1')
    cluster.run(100)
    expect(cluster.results.get(id)!.status).toBe('ok')
    for (const node of three) cluster.crash(node)
    cluster.run(100)
    for (const node of three) cluster.restart(node)
    cluster.run(1000)
    expect(cluster.store(cluster.leader())).toEqual({ x: '1' })
    cluster.agree()
  })

  test('a torn write is lost, kept ones are not', () => {
    const cluster = elected(three)
    const leader = cluster.leader()
    const before = cluster.session.inspect(leader).entries.length
    for (const value of ['a', 'b', 'c']) cluster.put(leader, 'x', value)
    const [first, second] = cluster.unwritten(leader)
    cluster.crash(leader, [first!], second)
    const answer = cluster.restart(leader)
    expect(answer.log!.append).toHaveLength(before + 1)
    expect(answer.log!.append!.at(-1)!.digest).toMatch(/^put x a #/)
    cluster.run(1000)
    cluster.agree()
  })

  test('many crashes, any keep', () => {
    const cluster = new Cluster(five)
    for (let round = 0; round < 60; round++) {
      const victim = five[(round * 7) % 5]!
      cluster.run(97 + round)
      for (const [node, state] of cluster.states)
        if (state.role === 'leader' && !cluster.down.has(node)) cluster.put(node, `k${round % 3}`, `v${round}`)
      if (round % 5 === 3) cluster.operate(victim, { type: 'compact', keep: round % 4 })
      const pending = cluster.unwritten(victim)
      const kept = pending.slice(0, round % (pending.length + 1))
      cluster.crash(victim, kept, pending[kept.length] ?? 0)
      cluster.run(50)
      cluster.restart(victim)
    }
    cluster.run(2000)
    cluster.agree()
  })
})

describe('membership', () => {
  test('a blank node joins as learner, then votes; the leader removes itself', () => {
    const cluster = elected(['n1', 'n2', 'n3', 'n4'], three)
    const leader = cluster.leader()
    cluster.put(leader, 'x', '1')
    cluster.run(100)
    const change = (type: 'add-voter' | 'add-learner' | 'remove', node: NodeId): number =>
      cluster.operate(cluster.leader(), { type: 'change-membership', changes: [{ type, node }], joint: false })
    for (const id of [change('add-learner', 'n4')]) {
      cluster.run(300)
      expect(cluster.results.get(id)!.status).toBe('ok')
    }
    expect(cluster.store('n4')).toEqual({ x: '1' })
    const promote = change('add-voter', 'n4')
    expect(cluster.results.get(change('remove', 'n4'))).toMatchObject({
      status: 'failed',
      reason: 'change-in-progress',
    })
    cluster.run(300)
    expect(cluster.results.get(promote)!.status).toBe('ok')
    const remove = change('remove', leader)
    cluster.run(1500)
    expect(cluster.results.get(remove)!.status).toBe('ok')
    expect(cluster.leader()).not.toBe(leader)
    expect(cluster.states.get(cluster.leader())!.configuration.voters).not.toContain(leader)
    cluster.put(cluster.leader(), 'x', '2')
    cluster.run(200)
    cluster.agree(cluster.nodes.filter((node) => node !== leader))
  })

  test('a joint change replaces two voters, and is left without being asked', () => {
    const cluster = elected(five, three)
    const leader = cluster.leader()
    const [first, second] = three.filter((node) => node !== leader)
    const learners = (['n4', 'n5'] as const).map((node) => ({ type: 'add-learner', node }) as const)
    cluster.operate(leader, { type: 'change-membership', changes: learners, joint: false })
    cluster.run(300)
    const id = cluster.operate(leader, {
      type: 'change-membership',
      changes: [
        { type: 'add-voter', node: 'n4' },
        { type: 'add-voter', node: 'n5' },
        { type: 'remove', node: first! },
        { type: 'remove', node: second! },
      ],
      joint: false,
    })
    expect(cluster.states.get(leader)!.configuration.outgoing).toEqual(three)
    cluster.run(500)
    expect(cluster.results.get(id)!.status).toBe('ok')
    expect(cluster.states.get(leader)!.configuration).toEqual({
      voters: [leader, 'n4', 'n5'].sort(),
      outgoing: [],
      learners: [],
    })
    cluster.run(2000)
    expect(cluster.sent.some(({ view }) => view.kind === 'member-removed')).toBe(true)
    expect(cluster.leader()).toBe(leader)
  })

  test('a removal that leaves no reachable quorum is refused', () => {
    const cluster = elected(three)
    const leader = cluster.leader()
    const [first, second] = cluster.followers()
    cluster.isolate(first!)
    cluster.run(200)
    const remove = (node: NodeId): number =>
      cluster.operate(leader, { type: 'change-membership', changes: [{ type: 'remove', node }], joint: false })
    const id = remove(second!)
    expect(cluster.results.get(id)).toMatchObject({ status: 'failed', reason: 'unreachable-quorum' })
    const allowed = remove(first!)
    cluster.run(200)
    expect(cluster.results.get(allowed)!.status).toBe('ok')
  })
})

test('a voter whose demotion is not committed can still be elected, since others need its log', () => {
  const cluster = elected(three)
  const leader = cluster.leader()
  const [stays, goes] = cluster.followers() as [NodeId, NodeId]
  const changes = [leader, goes].map((node) => ({ type: 'add-learner', node }) as const)
  cluster.lost = ({ to, view }) =>
    to === stays &&
    view.kind === 'append-entries' &&
    view.entries.some((entry) => entry.configuration?.outgoing.length === 0)
  cluster.operate(leader, { type: 'change-membership', changes, joint: false })
  cluster.run(30)
  for (const node of [leader, goes]) expect(cluster.states.get(node)!.configuration.outgoing).toEqual([])
  expect(cluster.states.get(stays)!.configuration.outgoing).toEqual(three)
  cluster.crash(leader)
  cluster.restart(leader)
  cluster.heal()
  cluster.run(3000)
  expect(cluster.leader()).toBe(stays)
  expect(cluster.states.get(stays)!.configuration.voters).toEqual([stays])
  cluster.agree()
})

test('answers to messages of older terms confirm nothing', () => {
  const cluster = elected(three)
  const leader = cluster.leader()
  const [follower, other] = cluster.followers() as [NodeId, NodeId]
  const stale = cluster.session.encode(other, follower, { kind: 'heartbeat', term: 1, commit: 0, round: 7 })
  const { outputs } = cluster.step({ type: 'deliver', node: follower, at: cluster.now, message: stale })
  const { term } = cluster.states.get(leader)!
  expect(outputs).toMatchObject([{ to: other, view: { kind: 'heartbeat-response', term, round: 0 } }])
})

test('who restarts may have promised a lease, and disregards candidates for an election timeout', () => {
  const cluster = elected(three)
  const [follower, other] = cluster.followers() as [NodeId, NodeId]
  cluster.crash(follower)
  cluster.restart(follower)
  cluster.isolate(follower)
  const message = cluster.session.encode(other, follower, {
    kind: 'request-vote',
    term: 9,
    lastIndex: 99,
    lastTerm: 8,
    transfer: false,
  })
  const deliver = (): Answer => cluster.step({ type: 'deliver', node: follower, at: cluster.now, message })
  expect(deliver().outputs).toEqual([])
  cluster.run(defaults.electionTimeout)
  expect(deliver().state).toMatchObject({ term: 9, vote: other })
})

test('the same inputs give the same bytes', () => {
  const run = (): string => {
    const cluster = elected(five)
    cluster.put(cluster.leader(), 'x', '1')
    cluster.operate(cluster.leader(), { type: 'transfer', to: cluster.followers()[0]! })
    cluster.run(500)
    return JSON.stringify([cluster.sent, five.map((node) => cluster.session.inspect(node))])
  }
  expect(run()).toBe(run())
})

test('leadership is transferred, and proposals are refused meanwhile', () => {
  const cluster = elected(five)
  const leader = cluster.leader()
  const to = cluster.followers()[1]!
  cluster.put(leader, 'x', '1')
  const id = cluster.operate(leader, { type: 'transfer', to })
  expect(cluster.results.get(cluster.put(leader, 'x', '2'))).toMatchObject({ reason: 'transfer-in-progress' })
  cluster.run(100)
  expect(cluster.leader()).toBe(to)
  expect(cluster.results.get(id)!.status).toBe('ok')
})

test('a transfer to a node that is away is abandoned', () => {
  const cluster = elected(three)
  const leader = cluster.leader()
  const to = cluster.followers()[0]!
  cluster.isolate(to)
  const id = cluster.operate(leader, { type: 'transfer', to })
  cluster.run(200)
  expect(cluster.results.get(id)!.status).not.toBe('ok')
  const put = cluster.put(leader, 'x', '1')
  cluster.run(100)
  expect(cluster.results.get(put)!.status).toBe('ok')
})

test('a member that is behind a compacted log gets a snapshot', () => {
  const cluster = elected(three)
  const leader = cluster.leader()
  const away = cluster.followers()[0]!
  cluster.isolate(away)
  for (let index = 0; index < 30; index++) {
    cluster.put(leader, `k${index % 3}`, `v${index}`)
    cluster.run(5)
  }
  cluster.operate(leader, { type: 'compact', keep: 2 })
  cluster.put(leader, 'x', 'y')
  cluster.heal()
  cluster.run(500)
  expect(cluster.sent.some(({ view, to }) => view.kind === 'install-snapshot' && to === away)).toBe(true)
  cluster.agree()
  for (const node of three) cluster.crash(node)
  for (const node of three) cluster.restart(node)
  cluster.run(1000)
  cluster.agree()
  expect(cluster.store(leader)).toEqual({ k0: 'v27', k1: 'v28', k2: 'v29', x: 'y' })
})

test('reads by read-index and by lease, at the leader and elsewhere', () => {
  const cluster = elected(three)
  const leader = cluster.leader()
  const follower = cluster.followers()[0]!
  cluster.put(leader, 'x', '1')
  cluster.run(20)
  const ids = [leader, follower].flatMap((node) =>
    (['read-index', 'lease'] as const).map((by) => cluster.operate(node, { type: 'read', key: 'x', by })),
  )
  expect(cluster.results.get(ids[1]!)).toMatchObject({ status: 'ok', value: '1' })
  expect(cluster.results.has(ids[0]!)).toBe(false)
  cluster.run(100)
  for (const id of ids) expect(cluster.results.get(id)).toMatchObject({ status: 'ok', value: '1' })
  cluster.isolate(leader)
  const cut = cluster.operate(leader, { type: 'read', key: 'x', by: 'read-index' })
  cluster.run(1000)
  expect(cluster.results.get(cut)!.status).toBe('failed')
})

describe('codecs', () => {
  const commands: readonly Command[] = [
    { type: 'put', key: 'a key', value: '~ % #\ud800é' },
    { type: 'get', key: '' },
    { type: 'compare-and-set', key: 'x', expect: null, value: '' },
    { type: 'compare-and-set', key: 'x', expect: '~', value: 'v'.repeat(4000) },
  ]
  test('commands', () => {
    for (const command of commands) expect(parseCommand(printCommand(command, 7))).toEqual(command)
    expect(parseCommand('anything else')).toBe(null)
  })

  test('messages survive their bytes', () => {
    const cluster = elected(three)
    const leader = cluster.leader()
    for (const command of commands) cluster.propose(leader, command)
    cluster.operate(leader, { type: 'compact', keep: 0 })
    cluster.isolate(cluster.followers()[0]!)
    cluster.run(300)
    cluster.operate(leader, { type: 'compact', keep: 0 })
    cluster.heal()
    cluster.run(300)
    const kinds = new Set<string>()
    for (const message of cluster.sent) {
      kinds.add(message.view.kind)
      expect(decodeMessage(encodeMessage(message))).toEqual(message)
    }
    expect(kinds.size).toBeGreaterThanOrEqual(8)
    expect(() => decodeMessage(Buffer.from('{"message":{}}'))).toThrow()
  })

  test('records survive their bytes, up to a torn or broken one', () => {
    const records: JournalRecord[] = [1, 2, 3].map((write) => ({
      write,
      contents: {
        term: write,
        log: { append: [{ index: write, term: write, kind: 'command', digest: `put x v${write} #${write}` }] },
      },
      snapshot: null,
    }))
    const bytes = Buffer.concat(records.map(encodeRecord))
    expect(recover(decodeRecords(bytes).records)).toEqual(recover(records))
    const [first] = records
    const whole = encodeRecord(first!).length
    for (let length = whole; length < 2 * whole; length++)
      expect(decodeRecords(bytes.subarray(0, length))).toMatchObject({ length: whole, records: [{ write: 1 }] })
    bytes[whole + 12]! ^= 1
    expect(decodeRecords(bytes).records).toHaveLength(1)
  })
})
