/** The adapter for liferaft, driven by hand: it behaves in calm weather, and what it shows of liferaft is liferaft's own. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { spawnAdapter, type StdioImplementation, type StdioSession } from '../../impl/contract/stdio.ts'
import type {
  Answer,
  Entry,
  Input,
  Inspection,
  MemberState,
  Message,
  OutgoingMessage,
  Output,
} from '../../models/raft/vocabulary.ts'

const folder = fileURLToPath(new URL('../../impl/third-party/liferaft/', import.meta.url))
const installed = existsSync(`${folder}node_modules/@markwylde/liferaft`)

const nodeNames = ['n1', 'n2', 'n3', 'n4', 'n5']

const settings = {
  electionTimeout: 150,
  heartbeatInterval: 50,
  preVote: false,
  checkQuorum: false,
  maxEntries: 1,
  maxInflight: 1,
}

interface Member {
  state: MemberState
  log: Entry[]
  wake: number | null
  down: boolean
}

/** The appends of a link that are held back, and how many there shall be. */
interface Held {
  readonly from: string
  readonly to: string
  readonly count: number
  readonly messages: OutgoingMessage[]
}

/** A cluster over a network where every message takes 5 ms, and a disk that acknowledges at once. */
class Cluster {
  now = 0
  readonly outputs: (Output & { readonly node: string })[] = []
  readonly members = new Map<string, Member>()
  /** Why members panicked. */
  readonly failures: string[] = []
  #links: [string, string][] = []
  #flight: { readonly at: number; readonly message: OutgoingMessage }[] = []
  #held: Held = { from: '', to: '', count: 0, messages: [] }
  #operations = 0
  readonly #session: StdioSession

  private constructor(session: StdioSession) {
    this.#session = session
  }

  static async start(adapter: StdioImplementation<'raft'>, size: number, seed: number): Promise<Cluster> {
    const nodes = nodeNames.slice(0, size)
    const configuration = { voters: nodes, outgoing: [], learners: [] }
    const cluster = new Cluster(await adapter.open({ nodes, configuration, options: settings, seed }))
    for (const [place, node] of nodes.entries()) {
      cluster.members.set(node, { state: {} as MemberState, log: [], wake: null, down: false })
      await cluster.#observe(node, cluster.#session.initial[place]!)
    }
    return cluster
  }

  member(node: string): Member {
    return this.members.get(node)!
  }

  /** Messages pass only within a group. */
  partition(...groups: readonly (readonly string[])[]): void {
    const nodes = [...this.members.keys()]
    const group = (node: string) => groups.findIndex((members) => members.includes(node))
    this.#links = nodes.flatMap((from) =>
      nodes.filter((to) => group(from) !== group(to)).map((to): [string, string] => [from, to]),
    )
  }

  heal(): void {
    this.#links = []
  }

  async propose(node: string, key: string, value: string): Promise<void> {
    const operation = { type: 'propose', command: { type: 'put', key, value } } as const
    await this.step({ type: 'operation', node, at: this.now, id: ++this.#operations, operation })
  }

  async crash(node: string, keep: readonly number[] = []): Promise<void> {
    this.member(node).down = true
    await this.step({ type: 'crash', node, at: this.now, keep, torn: 0 })
  }

  async restart(node: string): Promise<void> {
    this.member(node).down = false
    await this.step({ type: 'restart', node, at: this.now })
  }

  /** Holds back the next appends on a link, until `release`. */
  hold(from: string, to: string, count = 1): void {
    this.#held = { from, to, count, messages: [] }
  }

  get heldMessage(): OutgoingMessage {
    return this.#held.messages[0]!
  }

  async release(): Promise<void> {
    for (const message of this.#held.messages) await this.deliver(message, this.now)
  }

  deliver(message: OutgoingMessage, at: number): Promise<Answer> {
    return this.step({ type: 'deliver', node: message.to, at, message })
  }

  async runFor(duration: number): Promise<void> {
    const end = this.now + duration
    for (;;) {
      const awake = [...this.members].filter(([, { down, wake }]) => !down && wake !== null)
      const timer = awake.sort((a, b) => a[1].wake! - b[1].wake!)[0]
      const arrival = this.#flight[0]
      const next = Math.min(timer?.[1].wake ?? Infinity, arrival?.at ?? Infinity)
      if (next > end) break
      this.now = Math.max(this.now, next)
      // Timers first: the contract lets no member be stepped at an instant at which it should have been woken.
      if (arrival !== undefined && (timer === undefined || arrival.at < timer[1].wake!)) {
        this.#flight.shift()
        const { from, to } = arrival.message
        if (this.member(to).down || this.#links.some((link) => link[0] === from && link[1] === to)) continue
        await this.deliver(arrival.message, this.now)
      } else {
        await this.step({ type: 'advance', node: timer![0], at: this.now, until: this.now })
      }
    }
    this.now = end
  }

  /** One input; its answer is checked by the contract, and taken in. */
  async step(input: Input): Promise<Answer> {
    const [answer] = await this.#session.steps([input])
    if (answer!.error !== undefined) {
      this.failures.push(answer!.error.text)
      this.member(input.node).down = true
      return answer!
    }
    if (input.type === 'deliver') expect(answer!.received).toEqual(input.message.view)
    await this.#observe(input.node, answer!)
    return answer!
  }

  /** An input that is to be refused. */
  async refused(input: Input): Promise<Answer['error']> {
    const [answer] = await this.#session.steps([input])
    return answer!.error
  }

  inspect(node: string): Promise<Inspection> {
    return this.#session.inspect(node)
  }

  leaders(): string[] {
    return [...this.members].filter(([, { state, down }]) => !down && state.role === 'leader').map(([node]) => node)
  }

  applied(node: string): string[] {
    return this.outputs.flatMap((output) => (output.node === node && output.type === 'apply' ? [output.digest] : []))
  }

  async #observe(node: string, answer: Answer): Promise<void> {
    const member = this.member(node)
    member.state = { ...member.state, ...answer.state }
    member.wake = answer.wake
    if (answer.log?.restore !== undefined) member.log = []
    if (answer.log?.truncate !== undefined) member.log.length = answer.log.truncate
    member.log.push(...(answer.log?.append ?? []))
    const writes: number[] = []
    for (const output of answer.outputs) {
      this.outputs.push({ ...output, node })
      if (output.type === 'write') writes.push(output.id)
      if (output.type !== 'message') continue
      const { from, to, count, messages } = this.#held
      const onLink = output.from === from && output.to === to && output.view.kind === 'append-entries'
      if (onLink && messages.length < count) messages.push(output)
      else this.#flight.push({ at: this.now + 5, message: output })
    }
    if (writes.length > 0) await this.step({ type: 'written', node, at: this.now, writes })
  }
}

const isRefusal = (view: Message): boolean => view.kind === 'append-entries-response' && !view.success

const title = installed
  ? 'the adapter for liferaft'
  : 'the adapter for liferaft (unsupported here: run npm ci in impl/third-party/liferaft first)'

if (!installed)
  console.warn('unsupported here: the adapter for liferaft; run npm ci in impl/third-party/liferaft first')

describe.skipIf(!installed)(title, () => {
  let adapter: StdioImplementation<'raft'>
  let withDisk: StdioImplementation<'raft'>
  const open = (size: number, seed = 1): Promise<Cluster> => Cluster.start(adapter, size, seed)
  const openWithDisk = (size: number, seed = 1): Promise<Cluster> => Cluster.start(withDisk, size, seed)
  /** Runs until one node leads. */
  const elect = async (cluster: Cluster): Promise<string> => {
    for (let tries = 0; cluster.leaders().length === 0 && tries < 100; tries += 1) await cluster.runFor(50)
    expect(cluster.leaders()).toHaveLength(1)
    return cluster.leaders()[0]!
  }
  const others = (cluster: Cluster, ...nodes: string[]): string[] =>
    [...cluster.members.keys()].filter((node) => !nodes.includes(node))

  beforeAll(async () => {
    adapter = await spawnAdapter([process.execPath, `${folder}adapter.mjs`], { surface: 'raft' })
    withDisk = await spawnAdapter([process.execPath, `${folder}adapter.mjs`, '--disk'], { surface: 'raft' })
  })
  afterAll(() => Promise.all([adapter.close(), withDisk.close()]))

  test('says what it is', () => {
    expect(adapter.hello).toMatchObject({ protocol: 1, name: 'liferaft', version: '1.4.0', deterministic: true })
    expect([adapter.hello.profiles, adapter.hello.capabilities.disk]).toEqual([['raft-core'], false])
    expect([withDisk.hello.profiles, withDisk.hello.capabilities.disk]).toEqual([
      ['raft-core', 'raft-persistence'],
      true,
    ])
  })

  test.each([2, 3, 4, 5])('elects and commits on %i nodes while nothing fails', async (nodes) => {
    const cluster = await open(nodes, 7)
    const leader = await elect(cluster)
    for (const value of ['1', '2', '3']) {
      await cluster.propose(leader, 'x', value)
      await cluster.runFor(20)
    }
    await cluster.runFor(200)
    for (const [node, { state, log }] of cluster.members) {
      expect(state).toMatchObject({ leader, commit: 3, applied: 3, vote: leader })
      expect(cluster.applied(node)).toEqual(['#1 put x=1', '#2 put x=2', '#3 put x=3'])
      const inspection = await cluster.inspect(node)
      expect(inspection.entries).toEqual(log)
      expect(inspection.state).toEqual(state)
      expect(inspection.store).toEqual([['x', '3']])
    }
    expect(cluster.failures).toEqual([])
    const results = cluster.outputs.filter(({ type }) => type === 'result')
    expect(results).toMatchObject([1, 2, 3].map((operation) => ({ node: leader, operation, status: 'ok' })))
  })

  test('refuses what liferaft cannot do', async () => {
    const cluster = await open(3)
    const leader = await elect(cluster)
    const [follower] = others(cluster, leader)
    await cluster.propose(follower!, 'x', '1')
    expect(cluster.outputs.at(-1)).toMatchObject({ type: 'result', status: 'failed', reason: 'not-leader' })
    const read = { type: 'read', key: 'x', by: 'read-index' } as const
    const at = cluster.now
    expect(await cluster.refused({ type: 'operation', node: leader, at, id: 9, operation: read })).toMatchObject({
      kind: 'unsupported',
    })
    const configuration = { voters: ['n1', 'n2'], outgoing: [], learners: ['n3'] }
    const start = { nodes: ['n1', 'n2', 'n3'], configuration, options: settings, seed: 1 }
    await expect(adapter.open(start)).rejects.toMatchObject({ kind: 'refused', refusal: 'unsupported' })
  })

  test('a message that arrives when a timer is due does not set it off', async () => {
    const cluster = await open(3)
    const leader = await elect(cluster)
    const [first, second] = others(cluster, leader)
    cluster.hold(leader, first!)
    await cluster.runFor(100)
    cluster.partition([leader], [first!], [second!])
    await cluster.runFor(cluster.member(first!).wake! - cluster.now - 1)
    const due = cluster.member(first!).wake!
    const answer = await cluster.deliver(cluster.heldMessage, due)
    expect(answer).toMatchObject({ now: due, outputs: [], state: null })
    expect(answer.wake).toBeGreaterThanOrEqual(due + settings.electionTimeout)
  })

  test('a crash leaves the writes that it is told to leave', async () => {
    const cluster = await openWithDisk(3)
    const leader = await elect(cluster)
    const [node] = others(cluster, leader)
    for (const value of ['1', '2']) await cluster.propose(leader, 'x', value)
    await cluster.runFor(100)
    const { log } = cluster.member(node!)
    expect(log).toHaveLength(2)
    const writes = cluster.outputs.filter((output) => output.node === node && output.type === 'write')
    const [first] = writes as { id: number }[]
    await cluster.crash(node!, [first!.id])
    await cluster.restart(node!)
    expect(cluster.member(node!).log).toEqual(log.slice(0, 1))
    await cluster.crash(node!)
    await cluster.restart(node!)
    expect(cluster.member(node!).log).toEqual(log.slice(0, 1))
    await cluster.runFor(300)
    expect(cluster.member(node!).log).toEqual(log)
    expect((await cluster.inspect(node!)).entries).toEqual(log)
  })

  test('the same inputs give the same answers, whatever else runs', async () => {
    const scenario = async (cluster: Cluster): Promise<unknown> => {
      const leader = await elect(cluster)
      await cluster.propose(leader, 'x', '1')
      cluster.partition([leader], others(cluster, leader))
      await cluster.runFor(2000)
      cluster.heal()
      await cluster.runFor(500)
      await cluster.crash(leader)
      await cluster.restart(leader)
      await cluster.runFor(500)
      return [cluster.outputs, [...cluster.members]]
    }
    const alone = await scenario(await openWithDisk(3, 11))
    const runs = await Promise.all([11, 12, 11].map((seed) => openWithDisk(3, seed)))
    const together = await Promise.all(runs.map(scenario))
    expect(together[0]).toEqual(alone)
    expect(together[2]).toEqual(alone)
    expect(together[1]).not.toEqual(alone)
  })

  test('liferaft: a deposed leader commits an entry that another leader has replaced', async () => {
    const cluster = await open(3)
    const deposed = await elect(cluster)
    const rest = others(cluster, deposed)
    cluster.partition([deposed], rest)
    await cluster.propose(deposed, 'x', 'lost')
    await cluster.runFor(1000)
    const leader = cluster.leaders().find((node) => node !== deposed)!
    await cluster.propose(leader, 'x', 'kept')
    await cluster.runFor(200)
    cluster.heal()
    await cluster.runFor(200)
    expect(cluster.applied(leader)).toEqual(['#2 put x=kept'])
    expect(cluster.applied(deposed)).toEqual(['#1 put x=lost'])
  })

  test('liferaft: a node with an empty log is elected over those that hold a committed entry', async () => {
    const cluster = await open(3)
    const first = await elect(cluster)
    const [second, blank] = others(cluster, first)
    cluster.partition([first, second!], [blank!])
    await cluster.propose(first, 'x', '1')
    await cluster.runFor(100)
    expect(cluster.member(second!).state.commit).toBe(1)
    cluster.heal()
    cluster.partition([first], [second!, blank!])
    for (let tries = 0; cluster.member(blank!).state.role !== 'leader' && tries < 100; tries += 1) {
      await cluster.runFor(50)
    }
    expect(cluster.member(blank!).state.role).toBe('leader')
    expect(cluster.member(blank!).log).toEqual([])
  })

  test('liferaft: an entry of an older term is committed by counting its copies', async () => {
    const cluster = await open(3)
    const first = await elect(cluster)
    const [second, third] = others(cluster, first)
    await cluster.propose(first, 'x', '1')
    await cluster.runFor(100)
    cluster.partition([first, second!], [third!])
    await cluster.propose(first, 'x', '2')
    await cluster.runFor(7)
    cluster.partition([first], [second!, third!])
    await cluster.runFor(3000)
    const { log, state } = cluster.member(second!)
    expect(state).toMatchObject({ role: 'leader', commit: 2 })
    expect(log.every((entry) => entry.term < state.term)).toBe(true)
    expect(cluster.member(third!).log).toEqual(log)
  })

  test('liferaft: a follower acknowledges an entry and deletes it, so the leader alone holds what it commits', async () => {
    const cluster = await open(3)
    const deposed = await elect(cluster)
    const rest = others(cluster, deposed)
    await cluster.propose(deposed, 'x', '1')
    await cluster.runFor(100)
    cluster.partition([deposed], rest)
    await cluster.propose(deposed, 'x', '2')
    await cluster.propose(deposed, 'x', '3')
    await cluster.runFor(1000)
    const leader = cluster.leaders().find((node) => node !== deposed)!
    const third = rest.find((node) => node !== leader)!
    cluster.partition([deposed, leader], [third])
    await cluster.propose(leader, 'x', '4')
    await cluster.runFor(10)
    expect(cluster.member(leader).state.commit).toBe(2)
    expect(cluster.member(deposed).log).toHaveLength(1)
    expect(cluster.member(third).log).toHaveLength(1)
  })

  test('liferaft: a heartbeat that was overtaken erases entries that were acknowledged and committed', async () => {
    const cluster = await open(3)
    const leader = await elect(cluster)
    const [follower] = others(cluster, leader)
    await cluster.propose(leader, 'x', '1')
    cluster.hold(leader, follower!)
    await cluster.runFor(60)
    await cluster.propose(leader, 'x', '2')
    await cluster.runFor(10)
    expect(cluster.member(leader).state.commit).toBe(2)
    expect(cluster.member(follower!).log).toHaveLength(2)
    await cluster.release()
    expect(cluster.member(follower!).log).toHaveLength(1)
  })

  test('liferaft: late appends make a follower fail on an entry that it has just deleted', async () => {
    const cluster = await open(3)
    const leader = await elect(cluster)
    const [follower] = others(cluster, leader)
    await cluster.propose(leader, 'x', '1')
    await cluster.runFor(100)
    cluster.hold(leader, follower!, 2)
    for (const value of ['2', '3']) await cluster.propose(leader, 'x', value)
    // The next heartbeat finds both entries missing; the leader goes back to the first of them.
    const refusals = () => cluster.outputs.filter((output) => output.type === 'message' && isRefusal(output.view))
    for (let waited = 0; refusals().length < 2 && waited < 100; waited += 1) await cluster.runFor(1)
    await cluster.release()
    expect(cluster.member(follower!).log).toHaveLength(3)
    expect(cluster.failures).toEqual([])
    await cluster.runFor(15)
    expect(cluster.failures).toEqual(['NotFoundError: Key not found in database [2]'])
  })

  test('liferaft: an entry stays uncommitted when its acknowledgements are lost', async () => {
    const cluster = await open(3)
    const leader = await elect(cluster)
    await cluster.propose(leader, 'x', '1')
    await cluster.runFor(7)
    cluster.partition(...nodeNames.map((node) => [node]))
    await cluster.runFor(10)
    cluster.heal()
    await cluster.runFor(3000)
    expect(cluster.leaders()).toEqual([leader])
    for (const { log, state } of cluster.members.values()) expect([log.length, state.commit]).toEqual([1, 0])
  })

  test('liferaft: a single node never leads', async () => {
    const cluster = await open(1)
    await cluster.runFor(3000)
    expect(cluster.member('n1').state.role).toBe('candidate')
  })

  test('liferaft: a leader of an older term gets no answer, and so does not learn that it is deposed', async () => {
    const cluster = await open(3)
    const deposed = await elect(cluster)
    const rest = others(cluster, deposed)
    cluster.partition([deposed], rest)
    await cluster.runFor(1000)
    const leader = cluster.leaders().find((node) => node !== deposed)!
    const at = cluster.member(deposed).wake!
    const { outputs } = await cluster.step({ type: 'advance', node: deposed, at: cluster.now, until: at })
    const heartbeat = outputs.find((output) => output.type === 'message' && output.to === leader) as OutgoingMessage
    expect(heartbeat.view.term).toBeLessThan(cluster.member(leader).state.term)
    const answer = await cluster.deliver(heartbeat, cluster.now)
    expect(answer).toMatchObject({ outputs: [], state: null, log: null, received: heartbeat.view })
  })

  test('liferaft: term and vote are forgotten in a crash, so two leaders are elected in one term', async () => {
    const cluster = await openWithDisk(3)
    const [first, voter, third] = [...cluster.members.keys()].sort(
      (a, b) => cluster.member(a).wake! - cluster.member(b).wake!,
    ) as [string, string, string]
    cluster.partition([first, voter], [third])
    await cluster.runFor(cluster.member(first).wake! + 10)
    expect(cluster.member(first).state).toMatchObject({ role: 'leader', term: 1 })
    expect(cluster.member(voter).state).toMatchObject({ vote: first, term: 1 })
    await cluster.crash(voter)
    await cluster.restart(voter)
    expect(cluster.member(voter).state).toMatchObject({ vote: null, term: 0 })
    cluster.partition([first], [voter, third])
    await cluster.runFor(300)
    const leaders = cluster.leaders().map((node) => [node, cluster.member(node).state.term])
    expect(leaders).toEqual(
      expect.arrayContaining([
        [first, 1],
        [expect.stringMatching(`${voter}|${third}`), 1],
      ]),
    )
  })
})
