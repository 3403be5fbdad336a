/** The adapter for liferaft by hand: it behaves in calm weather, and liferaft's faults are liferaft's. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import type { Hello } from '../../impl/contract/raft.ts'
import type {
  Answer,
  Entry,
  Input,
  Inspection,
  MemberState,
  OutgoingMessage,
  Output,
} from '../../models/raft/vocabulary.ts'

const folder = fileURLToPath(new URL('../../impl/third-party/liferaft/', import.meta.url))
const installed = existsSync(`${folder}node_modules/@markwylde/liferaft`)

/** An input as it is on the wire: a delivery names its message. */
type WireInput = Exclude<Input, { type: 'deliver' }> | { type: 'deliver'; node: string; at: number; message: number }

interface Response {
  readonly seq: number
  readonly run?: number
  readonly hello?: Hello
  readonly answers?: readonly Answer[]
  readonly inspection?: Inspection
  readonly error?: { readonly kind: string; readonly text: string }
}

class Adapter {
  #seq = 0
  readonly #child = spawn(process.execPath, ['adapter.mjs'], { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] })
  readonly #waiting: ((line: string) => void)[] = []
  readonly exited = new Promise<number | null>((resolve) => this.#child.on('exit', resolve))

  constructor() {
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#waiting.shift()?.(line))
  }

  async ask(request: object): Promise<Response> {
    const line = new Promise<string>((resolve) => this.#waiting.push(resolve))
    const seq = ++this.#seq
    this.#child.stdin.write(`${JSON.stringify({ seq, ...request })}\n`)
    const response = JSON.parse(await line) as Response
    expect(response.seq).toBe(seq)
    return response
  }

  end(): void {
    this.#child.stdin.end()
  }
}

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

/** A cluster over a network where every message takes 5 ms, and a disk that acknowledges at once. */
class Cluster {
  now = 0
  readonly outputs: (Output & { readonly node: string })[] = []
  readonly members = new Map<string, Member>()
  #links: [string, string][] = []
  #flight: { readonly at: number; readonly id: number; readonly from: string; readonly to: string }[] = []
  #held: { from: string; to: string; kind: string; id?: number } | undefined
  #operations = 0

  readonly adapter: Adapter
  readonly run: number

  private constructor(adapter: Adapter, run: number) {
    this.adapter = adapter
    this.run = run
  }

  static async start(adapter: Adapter, run: number, nodes: readonly string[], seed: number): Promise<Cluster> {
    const cluster = new Cluster(adapter, run)
    const configuration = { voters: nodes, outgoing: [], learners: [] }
    const { answers } = await adapter.ask({
      run,
      type: 'start',
      start: { nodes, configuration, options: settings, seed },
    })
    for (const [place, node] of nodes.entries()) {
      cluster.members.set(node, { state: {} as MemberState, log: [], wake: null, down: false })
      await cluster.#observe(node, answers![place]!)
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

  /** Holds back the next message of a kind on a link, until `release`. */
  hold(from: string, to: string, kind: string): void {
    this.#held = { from, to, kind }
  }

  async release(): Promise<void> {
    const { to, id } = this.#held!
    await this.step({ type: 'deliver', node: to, at: this.now, message: id! })
  }

  async runFor(duration: number): Promise<void> {
    const end = this.now + duration
    for (;;) {
      const awake = [...this.members].filter(([, { down, wake }]) => !down && wake !== null)
      const timer = awake.sort((a, b) => a[1].wake! - b[1].wake!)[0]
      const message = this.#flight[0]
      const next = Math.min(timer?.[1].wake ?? Infinity, message?.at ?? Infinity)
      if (next > end) break
      this.now = Math.max(this.now, next)
      if (message !== undefined && message.at <= next) {
        this.#flight.shift()
        if (this.#links.some(([from, to]) => from === message.from && to === message.to)) continue
        if (this.member(message.to).down) continue
        await this.step({ type: 'deliver', node: message.to, at: this.now, message: message.id })
      } else {
        await this.step({ type: 'advance', node: timer![0], at: this.now, until: this.now })
      }
    }
    this.now = end
  }

  async step(input: WireInput): Promise<Answer> {
    const { answers } = await this.adapter.ask({ run: this.run, type: 'steps', inputs: [input] })
    await this.#observe(input.node, answers![0]!)
    return answers![0]!
  }

  inspect(node: string): Promise<Inspection> {
    return this.adapter.ask({ run: this.run, type: 'inspect', node }).then(({ inspection }) => inspection!)
  }

  leaders(): string[] {
    return [...this.members].filter(([, { state, down }]) => !down && state.role === 'leader').map(([node]) => node)
  }

  applied(node: string): string[] {
    return this.outputs.flatMap((output) => (output.node === node && output.type === 'apply' ? [output.digest] : []))
  }

  async #observe(node: string, answer: Answer): Promise<void> {
    const member = this.member(node)
    expect(answer.error).toBeUndefined()
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
      const { from, to, kind, id } = this.#held ?? {}
      if (id === undefined && output.from === from && output.to === to && output.view.kind === kind) {
        this.#held!.id = output.id
      } else this.#flight.push({ at: this.now + 5, ...output })
    }
    if (writes.length > 0) await this.step({ type: 'written', node, at: this.now, writes })
  }
}

const title = installed
  ? 'the adapter for liferaft'
  : 'the adapter for liferaft (unsupported here: run npm ci in impl/third-party/liferaft first)'

if (!installed)
  console.warn('unsupported here: the adapter for liferaft; run npm ci in impl/third-party/liferaft first')

describe.skipIf(!installed)(title, () => {
  let adapter: Adapter
  const open = async (nodes: number, seed = 1): Promise<Cluster> => {
    adapter = new Adapter()
    return Cluster.start(adapter, 1, ['n1', 'n2', 'n3', 'n4', 'n5'].slice(0, nodes), seed)
  }
  /** Runs until one node leads. */
  const elect = async (cluster: Cluster): Promise<string> => {
    for (let tries = 0; cluster.leaders().length === 0 && tries < 100; tries += 1) await cluster.runFor(50)
    expect(cluster.leaders()).toHaveLength(1)
    return cluster.leaders()[0]!
  }
  const others = (cluster: Cluster, ...nodes: string[]): string[] =>
    [...cluster.members.keys()].filter((node) => !nodes.includes(node))

  afterEach(() => adapter.end())

  test('says what it is', async () => {
    adapter = new Adapter()
    const { hello } = await adapter.ask({ type: 'hello', protocol: 1 })
    expect(hello).toMatchObject({ protocol: 1, name: 'liferaft', version: '1.4.0', deterministic: true })
    await adapter.ask({ type: 'exit' })
    expect(await adapter.exited).toBe(0)
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
    const inputs = [{ type: 'operation', node: leader, at: cluster.now, id: 9, operation: read }]
    const { answers } = await adapter.ask({ run: 1, type: 'steps', inputs })
    expect(answers![0]!.error).toMatchObject({ kind: 'unsupported' })
    const configuration = { voters: ['n1', 'n2'], outgoing: [], learners: ['n3'] }
    const start = { nodes: ['n1', 'n2', 'n3'], configuration, options: settings, seed: 1 }
    const { error } = await adapter.ask({ run: 2, type: 'start', start })
    expect(error).toMatchObject({ kind: 'unsupported' })
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
    const alone = await scenario(await open(3, 11))
    adapter.end()
    adapter = new Adapter()
    const nodes = ['n1', 'n2', 'n3']
    const runs = await Promise.all([11, 12, 11].map((seed, run) => Cluster.start(adapter, run, nodes, seed)))
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
    cluster.hold(leader, follower!, 'append-entries')
    await cluster.runFor(60)
    await cluster.propose(leader, 'x', '2')
    await cluster.runFor(10)
    expect(cluster.member(leader).state.commit).toBe(2)
    expect(cluster.member(follower!).log).toHaveLength(2)
    await cluster.release()
    expect(cluster.member(follower!).log).toHaveLength(1)
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
    const answer = await cluster.step({ type: 'deliver', node: leader, at, message: heartbeat.id })
    expect(answer).toMatchObject({ outputs: [], state: null, log: null, received: heartbeat.view })
  })

  test('liferaft: term and vote are forgotten in a crash, so two leaders are elected in one term', async () => {
    const cluster = await open(3)
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
