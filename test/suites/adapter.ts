/** The check of an adapter itself: whether it keeps the protocol, whatever it adapts. */
import { isDeepStrictEqual } from 'node:util'
import { AdapterError } from '../../impl/contract/adapter-error.ts'
import type { Hello, Start } from '../../impl/contract/raft.ts'
import { lines, refusalSchema } from '../../impl/contract/schema.ts'
import { Connection, type AdapterOptions } from '../../impl/contract/connection.ts'
import { openSession, type StdioSession } from '../../impl/contract/stdio.ts'
import type { Answer, Input, Message, OutgoingMessage, RaftScenario } from '../../models/raft/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'
import type { TraceEvent } from '../../traces/event.ts'
import { runScenarioRemote, startOf } from '../../traces/run.ts'
import type { RaftJudge } from '../../traces/run/result.ts'
import { completeScenario, type RaftStep } from '../../traces/scenario.ts'
import { onAbort } from './abort.ts'
import { firstDifference, foldMismatch, receivedMismatch, resultMismatch, stepsOf } from './adapter-observations.ts'

export interface AdapterFinding {
  /** Slug of SPEC.md's chapter on the adapter protocol. */
  readonly requirement: string
  readonly verdict: 'pass' | 'fail' | 'unsupported' | 'inconclusive' | 'error'
  /** Why it is not a pass; empty for one. */
  readonly reason: string
}

export interface AdapterCheckOptions extends AdapterOptions {
  /** Check only these requirements, beside the first. Default all. */
  readonly requirements?: readonly string[]
  /** Ends the check early: what is not decided by then stays open. */
  readonly signal?: AbortSignal | undefined
  /** Told before each check: how many are done, of how many, and what comes next. */
  readonly onCheck?: ((done: number, total: number, requirement: string) => void) | undefined
}

export interface AdapterCheckResult {
  /** What the adapter said of itself; null if it did not. */
  readonly hello: Hello | null
  readonly findings: readonly AdapterFinding[]
}

/**
 * Checks an adapter against every requirement of the profile `adapter`. A process that breaks off is replaced, so that
 * what one check breaks leaves the others as they are. Nothing is thrown: a command that cannot be started fails.
 */
export async function checkAdapter(
  command: readonly string[],
  { requirements, signal, onCheck, ...options }: AdapterCheckOptions = {},
): Promise<AdapterCheckResult> {
  const first = await sayHello(command, options)
  const findings = new Map([['adapter/says-hello', first.finding]])
  const { hello } = first
  const subject = hello === null ? null : new Subject(command, options, hello)
  const selected = Object.entries(checks).filter(([requirement]) => requirements?.includes(requirement) ?? true)
  const forget = onAbort(signal, () => void subject?.close())
  try {
    for (const [index, [requirement, check]] of selected.entries()) {
      onCheck?.(index, selected.length, requirement)
      const own: AdapterFinding =
        subject === null
          ? { requirement, verdict: 'inconclusive', reason: 'it did not say hello' }
          : await judged(requirement, () => check(subject), findings)
      // What was broken off by the end says nothing.
      if (signal?.aborted === true) break
      if (findings.get(requirement)?.verdict !== 'fail') findings.set(requirement, own)
    }
  } finally {
    forget()
    await subject?.close()
  }
  const order = ['adapter/says-hello', ...Object.keys(checks)]
  return { hello, findings: order.flatMap((requirement) => findings.get(requirement) ?? []) }
}

/** What a check found: null for a pass. */
type Outcome = Omit<AdapterFinding, 'requirement'> | null
const fail = (reason: string): Outcome => ({ verdict: 'fail', reason })
const failIf = (reason: string | null): Outcome => (reason === null ? null : fail(reason))
const unsupported = (reason: string): Outcome => ({ verdict: 'unsupported', reason })
const inconclusive = (reason: string): Outcome => ({ verdict: 'inconclusive', reason })

/** A check that the protocol itself broke off blames the requirement that was broken, and remains undecided. */
async function judged(
  requirement: string,
  check: () => Promise<Outcome>,
  findings: Map<string, AdapterFinding>,
): Promise<AdapterFinding> {
  try {
    return { requirement, ...((await check()) ?? { verdict: 'pass', reason: '' }) }
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error
    const blamed = blame(error)
    const deadly = error.died && mustSurvive.has(requirement)
    if (blamed === requirement || error.kind === 'refused' || deadly)
      return { requirement, verdict: 'fail', reason: error.message }
    if (blamed === null) return { requirement, verdict: 'error', reason: error.message }
    findings.set(blamed, { requirement: blamed, verdict: 'fail', reason: error.message })
    return { requirement, verdict: 'inconclusive', reason: `broken off: ${blamed}` }
  }
}

/** Where dying is what an adapter must not do; elsewhere it may be the implementation that dies. */
const mustSurvive = new Set([
  'adapter/refuses-unknown',
  'adapter/ends-runs',
  'adapter/forgets',
  'adapter/delivers-again',
])

function blame({ kind, rule }: AdapterError): string | null {
  if (kind === 'json' || kind === 'schema' || kind === 'flood') return 'adapter/keeps-form'
  if (kind === 'sequence' || kind === 'unasked') return 'adapter/answers-once'
  if (kind !== 'contract') return null
  if (rule === 'outputs') return 'adapter/identifies-outputs'
  return rule === 'shown' ? 'adapter/restarts' : 'adapter/keeps-time'
}

async function sayHello(
  command: readonly string[],
  options: AdapterOptions,
): Promise<{ hello: Hello | null; finding: AdapterFinding }> {
  const requirement = 'adapter/says-hello'
  const connection = new Connection(command, options)
  try {
    const hello = (await connection.hello('raft')) as Hello
    return { hello, finding: { requirement, verdict: 'pass', reason: '' } }
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error
    return { hello: null, finding: { requirement, verdict: 'fail', reason: error.message } }
  } finally {
    await connection.close()
  }
}

/** The adapter that is checked. */
class Subject {
  readonly hello: Hello
  readonly #command: readonly string[]
  readonly #options: AdapterOptions
  #shared: Connection | undefined
  #observed: Promise<readonly TraceEvent[]> | undefined

  constructor(command: readonly string[], options: AdapterOptions, hello: Hello) {
    this.hello = hello
    this.#command = command
    this.#options = options
  }

  /** Does something with a process that others used before, and left as it was. */
  async with<T>(act: (connection: Connection) => Promise<T>): Promise<T> {
    if (this.#shared === undefined || this.#shared.isOver) {
      await this.close()
      this.#shared = new Connection(this.#command, this.#options)
      await this.#shared.hello('raft')
    }
    return act(this.#shared)
  }

  /** Does something with a process of its own. */
  async withFresh<T>(act: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = new Connection(this.#command, this.#options)
    try {
      await connection.hello('raft')
      return await act(connection)
    } finally {
      await connection.close()
    }
  }

  async close(): Promise<void> {
    await this.#shared?.close()
  }

  /** Runs a scenario without judging it. */
  async run(connection: Connection, scenario: RaftScenario, batch = 64): Promise<readonly TraceEvent[]> {
    const { hello } = this
    const open = (start: Start) => openSession(connection, 'raft', start)
    const implementation = { hello, open, close: async () => {} }
    const result = await runScenarioRemote(scenario, implementation, unjudged, { batch, inspectEvery: 20 })
    return result.events
  }

  /** The events of one run of everything, which several checks look at. */
  get observed(): Promise<readonly TraceEvent[]> {
    return (this.#observed ??= this.runAlone(busy(this.hello)))
  }

  /** The same in a process of its own. */
  runAlone(scenario: RaftScenario, batch = 64): Promise<readonly TraceEvent[]> {
    return this.withFresh((connection) => this.run(connection, scenario, batch))
  }
}

const unjudged: RaftJudge = {
  start: () => null,
  step: () => null,
  inspect: () => null,
  phase: () => null,
  settled: () => false,
  finish: () => null,
  advice: () => [],
  exercised: () => new Map(),
  transitions: () => new Map(),
}

const nodes = ['n1', 'n2', 'n3']
const voting = { voters: nodes, outgoing: [], learners: [] }
const run = (duration: Milliseconds): RaftStep => ({ step: 'run', duration })
const put = (value: string): RaftStep => ({
  step: 'operation',
  node: 'leader',
  operation: { type: 'propose', command: { type: 'put', key: 'x', value } },
})

/** Elections and a few writes, without faults. */
const calm = (seed: number, parts: Partial<RaftScenario> = {}): RaftScenario =>
  completeScenario({
    nodes,
    seed,
    network: { delay: [5, 20], loss: 0, duplicate: 0, reorder: 0 },
    steps: [run(1_500), put('a'), run(100), put('b'), put('c'), run(400), { step: 'timeout', node: 'n2' }, run(500)],
    ...parts,
  })

/** Everything that the hello claims, and the faults that it allows. */
function busy({ operations, capabilities }: Hello): RaftScenario {
  const steps: RaftStep[] = [run(1_500)]
  const ask = (operation: Extract<RaftStep, { step: 'operation' }>['operation'], time = 300): void => {
    if (operations.includes(operation.type)) steps.push({ step: 'operation', node: 'leader', operation }, run(time))
  }
  ask({ type: 'propose', command: { type: 'put', key: 'x', value: 'a' } })
  ask({ type: 'propose', command: { type: 'compare-and-set', key: 'x', expect: 'a', value: 'b' } })
  ask({ type: 'propose', command: { type: 'get', key: 'x' } })
  ask({ type: 'read', key: 'x', by: 'read-index' })
  ask({ type: 'change-membership', changes: [{ type: 'add-learner', node: 'n4' }], joint: false }, 600)
  ask({ type: 'change-membership', changes: [{ type: 'add-voter', node: 'n4' }], joint: false }, 600)
  ask({ type: 'compact', keep: 1 })
  ask({ type: 'transfer', to: 'n2' }, 1_000)
  ask({ type: 'change-membership', changes: [{ type: 'remove', node: 'n4' }], joint: false }, 600)
  const network = { delay: [1, 30], loss: 0.05, duplicate: 0.1, reorder: 0.1 } as const
  steps.push({ step: 'network', network }, put('d'), run(500))
  if (capabilities.disk) {
    steps.push({ step: 'crash', node: 'leader', keep: 'some', torn: true }, run(800))
    for (const node of nodes) steps.push({ step: 'restart', node })
  }
  steps.push(put('e'), run(1_500), { step: 'heal' }, run(1_000))
  return completeScenario({ nodes: allNodes(operations), configuration: voting, seed: 3, steps })
}

/** Nodes outside the configuration are there only for those who can add them. */
const allNodes = (operations: Hello['operations']): NodeId[] =>
  operations.includes('change-membership') ? [...nodes, 'n4'] : nodes

const startOfNodes = (seed: number, names: readonly NodeId[] = nodes): Start =>
  startOf(completeScenario({ nodes: names, seed, configuration: voting }))

const { electionTimeout } = startOfNodes(1).options
/** By then whoever hears nothing has campaigned. */
const longEnough = 3 * electionTimeout

const hasEffect = ({ outputs, state, log }: Answer): boolean =>
  outputs.length > 0 || Object.keys(state ?? {}).length > 0 || Object.keys(log ?? {}).length > 0

/** One input in a request of its own. */
async function step(session: StdioSession, input: Input): Promise<Answer> {
  const [answer] = await session.steps([input])
  return answer!
}

/** Completes every write of an answer, and of the answers to that. */
async function completeWrites(session: StdioSession, node: NodeId, answer: Answer): Promise<void> {
  const writes = answer.outputs.flatMap((output) => (output.type === 'write' ? [output.id] : []))
  if (writes.length === 0) return
  await completeWrites(session, node, await step(session, { type: 'written', node, at: answer.now, writes }))
}

/** Advances a node from its start to the first instant at which something happens. */
const firstEffect = (session: StdioSession, node: NodeId): Promise<Answer> =>
  step(session, { type: 'advance', node, at: 0, until: longEnough })

/** The messages by which the first node to be advanced campaigns. */
async function campaign(session: StdioSession): Promise<OutgoingMessage[]> {
  let answer = await firstEffect(session, 'n1')
  for (;;) {
    await completeWrites(session, 'n1', answer)
    const messages = answer.outputs.filter((output) => output.type === 'message')
    if (messages.length > 0 || answer.now >= longEnough) return messages
    answer = await step(session, { type: 'advance', node: 'n1', at: answer.now, until: longEnough })
  }
}

/** One view of each kind, as a node that knows nothing yet could be sent it. */
const views: readonly Message[] = [
  { kind: 'request-vote', term: 1, lastIndex: 0, lastTerm: 0, transfer: false },
  { kind: 'request-vote-response', term: 1, granted: false },
  { kind: 'append-entries', term: 1, previousIndex: 0, previousTerm: 0, entries: [], commit: 0, round: 0 },
  { kind: 'append-entries-response', term: 1, success: true, index: 0, hint: 0, round: 0 },
  { kind: 'heartbeat', term: 1, commit: 0, round: 0 },
  { kind: 'heartbeat-response', term: 1, round: 0 },
]

/** The checks, in the order of SPEC.md; `says-hello` comes before them. */
const checks: Readonly<Record<string, (subject: Subject) => Promise<Outcome>>> = {
  'adapter/keeps-form': checkBusy,
  'adapter/answers-once': checkBusy,

  'adapter/starts-every-node': (subject) =>
    subject.with(async (connection) => {
      const start = startOfNodes(1, allNodes(subject.hello.operations))
      const session = await openSession(connection, 'raft', start)
      for (const [index, node] of start.nodes.entries()) {
        const { voters } = session.initial[index]!.state!.configuration!
        const expected = start.configuration.voters.includes(node) ? start.configuration.voters : []
        if (!isDeepStrictEqual(voters, expected))
          return fail(`${node} starts with voters [${voters.join()}], not [${expected.join()}]`)
      }
      return null
    }),

  'adapter/identifies-outputs': checkBusy,
  'adapter/keeps-time': checkBusy,

  'adapter/stops-at-first-effect': (subject) =>
    subject.with(async (connection) => {
      const whole = await firstEffect(await openSession(connection, 'raft', startOfNodes(1)), 'n1')
      if (!hasEffect(whole)) return inconclusive(`nothing happens at n1 within ${longEnough} ms`)
      if (whole.now === longEnough) return fail(`an advance with an effect ended at its end, ${longEnough}`)
      if (!subject.hello.deterministic) return null
      // The same in hops from one wake-up to the next.
      const session = await openSession(connection, 'raft', startOfNodes(1))
      let hop = session.initial[0]!
      while (!hasEffect(hop) || hop === session.initial[0]) {
        if (hop.wake === null || hop.wake > longEnough)
          return fail('n1 does not wake up for what it does when advanced')
        hop = await step(session, { type: 'advance', node: 'n1', at: hop.wake, until: hop.wake })
      }
      return hop.now === whole.now
        ? null
        : fail(`n1 acts at ${hop.now} if advanced to each wake-up, and at ${whole.now} if advanced at once`)
    }),

  'adapter/wakes-in-time': (subject) =>
    subject.with(async (connection) => {
      const session = await openSession(connection, 'raft', startOfNodes(1))
      for (const [index, node] of nodes.entries()) {
        const { wake } = session.initial[index]!
        const until = wake === null ? longEnough : wake - 1
        if (until < 0) continue
        const answer = await step(session, { type: 'advance', node, at: 0, until })
        if (hasEffect(answer)) return fail(`${node} does something at ${answer.now}; it asked to be woken at ${wake}`)
        if (answer.now !== until)
          return fail(`an advance of ${node} to ${until} without an effect ended at ${answer.now}`)
      }
      return null
    }),

  'adapter/deltas-fold': async (subject) => failIf(foldMismatch(await subject.observed)),

  'adapter/runs-independently': async (subject) => {
    const alone = await subject.runAlone(calm(1))
    const [beside] = await subject.withFresh((connection) =>
      Promise.all([1, 2, 3].map((seed) => subject.run(connection, calm(seed)))),
    )
    if (!subject.hello.deterministic) return unsupported('it does not declare itself deterministic')
    return failIf(firstDifference(alone, beside!, 'alone', 'beside other runs'))
  },

  'adapter/batches-as-single': async (subject) => {
    if (!subject.hello.deterministic) return unsupported('it does not declare itself deterministic')
    const [single, batched] = [await subject.runAlone(calm(1), 1), await subject.runAlone(calm(1), 64)]
    return failIf(firstDifference(single, batched, 'one by one', 'in batches'))
  },

  'adapter/repeats': async (subject) => {
    if (!subject.hello.deterministic) return unsupported('it does not declare itself deterministic')
    const [first, second] = [await subject.observed, await subject.runAlone(busy(subject.hello))]
    return failIf(firstDifference(first, second, 'the first time', 'the second time'))
  },

  'adapter/seed-decides': (subject) =>
    subject.with(async (connection) => {
      const drawn: Milliseconds[][] = []
      for (let seed = 1; seed <= 5; seed++) {
        const session = await openSession(connection, 'raft', startOfNodes(seed))
        const instants: Milliseconds[] = []
        for (const node of nodes) instants.push((await firstEffect(session, node)).now)
        drawn.push(instants)
      }
      const shown = drawn.map((instants) => instants.join('/')).join(', ')
      if (drawn.every((instants) => new Set(instants).size === 1))
        return fail(`all nodes act at the same instant: ${shown}`)
      if (subject.hello.deterministic && new Set(drawn.map(String)).size === 1)
        return fail(`five seeds give the same instants: ${shown}`)
      return null
    }),

  'adapter/delivers-again': (subject) =>
    subject.with(async (connection) => {
      if (subject.hello.assumptions.noDuplicates) return unsupported('it assumes that no message arrives twice')
      const session = await openSession(connection, 'raft', startOfNodes(1))
      const [message] = await campaign(session)
      if (message === undefined) return inconclusive('no message was sent')
      const delivery: Input = { type: 'deliver', node: message.to, at: 1, message }
      const answers = [await step(session, delivery), await step(session, delivery)]
      const error = answers.find((answer) => answer.error !== undefined)?.error
      if (error !== undefined) return fail(`the second delivery of a message gave ${error.kind}: ${error.text}`)
      return isDeepStrictEqual(answers[0]!.received, answers[1]!.received)
        ? null
        : fail('a message was decoded differently when it arrived again')
    }),

  'adapter/forgets': (subject) =>
    subject.with(async (connection) => {
      const session = await openSession(connection, 'raft', startOfNodes(1))
      const messages = await campaign(session)
      if (messages.length === 0) return inconclusive('no message was sent')
      session.forget(messages.map(({ id }) => id))
      const [message] = messages
      await step(session, { type: 'advance', node: message!.to, at: 0, until: 1 })
      await session.inspect(message!.to)
      return null
    }),

  'adapter/received-as-sent': async (subject) => {
    const { shown, mismatch } = receivedMismatch(await subject.observed)
    if (mismatch !== null) return fail(mismatch)
    return shown === 0 ? unsupported('it does not show how messages were decoded') : null
  },

  'adapter/claims-hold': async (subject) => {
    for (const { input, answer } of stepsOf(await subject.observed)) {
      if (answer.error?.kind !== 'unsupported') continue
      const what = input.type === 'operation' ? input.operation.type : input.type
      return fail(`${what} is claimed, and answered with unsupported: ${answer.error.text}`)
    }
    return null
  },

  'adapter/refuses-unknown': (subject) =>
    subject.with(async (connection) => {
      const session = await openSession(connection, 'raft', startOfNodes(1))
      for (const run of [null, session.run]) {
        const reply = await connection.askRaw('levitate', run, {})
        const refusal = refusalSchema.safeParse(reply)
        if (!refusal.success) return fail('a request of an unknown type was not refused')
        const { kind } = refusal.data.error
        if (kind !== 'unsupported') return fail(`a request of an unknown type was refused as ${kind}`)
      }
      await session.close()
      return null
    }),

  'adapter/ends-results-once': async (subject) => failIf(resultMismatch(await subject.observed)),

  'adapter/restarts': async (subject) => {
    if (!subject.hello.capabilities.disk) return unsupported('it claims no disk')
    const steps = stepsOf(await subject.observed)
    const restarted = steps.some(({ input, answer }) => input.type === 'restart' && answer.error === undefined)
    return restarted ? null : inconclusive('no node was restarted')
  },

  'adapter/encodes': (subject) =>
    subject.with(async (connection) => {
      if (!subject.hello.capabilities.encode) return unsupported('it does not claim encode')
      const session = await openSession(connection, 'raft', startOfNodes(1))
      let made = 0
      for (const view of views) {
        const message = await unlessRefused(session.encode('n2', 'n1', view))
        if (message === null) continue
        made++
        if (!isDeepStrictEqual(message.view, view) || message.from !== 'n2' || message.to !== 'n1')
          return fail(`asked for ${JSON.stringify(view)} from n2 to n1, made ${JSON.stringify(message)}`)
        const { error } = await step(session, { type: 'deliver', node: 'n1', at: 0, message })
        if (error !== undefined) return fail(`a ${view.kind} that was made cannot be delivered: ${error.text}`)
      }
      return made === 0 ? fail('it claims encode, and makes no kind of message') : null
    }),

  'adapter/ends-runs': (subject) =>
    subject.with(async (connection) => {
      const { run: ended } = await openSession(connection, 'raft', startOfNodes(1))
      await connection.endRun(ended)
      const inputs = [{ type: 'advance', node: 'n1', at: 0, until: 1 }]
      const reply = await connection.askRaw('steps', ended, { inputs })
      if (lines.raft.replies.steps.safeParse(reply).success) return fail('a run that was ended still answers steps')
      if (!refusalSchema.safeParse(reply).success) return fail('a request for a run that was ended is not refused')
      await openSession(connection, 'raft', startOfNodes(1))
      return null
    }),

  'adapter/exits': async (subject) => {
    for (const how of ['exit', 'end of input'] as const) {
      const { answered, code } = await subject.withFresh((connection) => connection.leave(how))
      if (how === 'exit' && !answered) return fail('exit was not answered')
      if (code === null) return fail(`it did not end by itself after ${how}`)
      if (how === 'exit' && code !== 0) return fail(`it ended with exit code ${code} after exit`)
    }
    return null
  },
}

/** What holds of every line is broken by an error on the way; see `blame`. */
async function checkBusy(subject: Subject): Promise<Outcome> {
  await subject.with((connection) =>
    Promise.all([subject.run(connection, busy(subject.hello)), subject.run(connection, calm(1))]),
  )
  return null
}

async function unlessRefused<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof AdapterError && error.refusal === 'unsupported') return null
    throw error
  }
}
