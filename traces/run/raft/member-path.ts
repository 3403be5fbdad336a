/**
 * Runs a path of the member model against one node of an implementation. n1 is tested; what its peers n2 and n3 say is
 * made by the harness (`encode`), and what n1 says to them is judged and dropped. Each input is carried out until n1 has
 * come to rest and all its writes are acknowledged; then the machine is asked whether it accepts what came of it.
 *
 * A path is a plan: where n1 takes another allowed outcome, the run goes on from there to what the path still wants.
 */
import { AdapterError } from '../../../impl/contract/adapter-error.ts'
import type {
  Hello,
  Implementation,
  RemoteImplementation,
  RemoteSession,
  Session,
  Start,
} from '../../../impl/contract/raft.ts'
import { acceptingTransition, initialSnapshot, nextSnapshot, outcomesOf } from '../../../models/raft/member.ts'
import type { MemberSnapshot } from '../../../models/raft/member.ts'
import type { InputType, MemberInput } from '../../../models/raft/member/state.ts'
import { memberGraph, shortestWay } from '../../../models/raft/paths.ts'
import type { MemberPath, MemberStep } from '../../../models/raft/paths.ts'
import type { Answer, Input, Message, OutgoingMessage, RaftOptions } from '../../../models/raft/vocabulary.ts'
import type { Milliseconds, NodeId, WriteId } from '../../../models/vocabulary.ts'
import type { Violation } from '../../../properties/judge.ts'
import type { RequirementSlug } from '../../../properties/raft/requirements.ts'
import { Recording } from '../../record.ts'
import { NODES, ObservedMember, TESTED, describeInput, describeOutcome } from './member-translation.ts'
import type { MessageInput } from './member-translation.ts'
import type { JudgeOf, RaftSurface } from '../../surface.ts'
import type { RunResult } from '../result.ts'

/** Which requirement speaks of an outcome that the machine alone refuses. */
const blamed: { readonly [Type in InputType]: RequirementSlug } = {
  'election-timeout': 'raft/campaigns-after-timeout',
  'request-vote': 'raft/grants-vote',
  'request-vote-response': 'raft/leads-when-elected',
  'pre-vote': 'raft/pre-vote-changes-nothing',
  'pre-vote-response': 'raft/pre-vote-leads-to-campaign',
  'append-entries': 'raft/append-takes-entries',
  'append-entries-response': 'raft/commits-when-matched',
  heartbeat: 'raft/follower-commit-bounded',
  'timeout-now': 'raft/transfer-target-campaigns',
  propose: 'raft/only-leader-takes-proposals',
  restart: 'raft/recovers-term-and-vote',
}

/** Times without meaning of their own: nothing but `election-timeout` makes time pass. */
const electionTimeout: Milliseconds = 150
const heartbeatInterval: Milliseconds = 30

/** Turns that n1 may take to come to rest after an input; who takes more never will. */
const mostTurns = 1_000

export interface MemberRunOptions {
  /** Keep the events of the run. Default true. */
  readonly record?: boolean | undefined
  /** Transitions that the implementation is known not to take where it has a choice: the run keeps away from them. */
  readonly avoided?: ReadonlySet<string> | undefined
}

export interface MemberRunResult extends RunResult {
  /** Inputs of the model that were carried out; `steps` counts those of the contract. */
  readonly inputs: number
  /** Transitions in the order in which they were observed. */
  readonly path: readonly string[]
  /** Transitions that were planned and not taken: another allowed outcome was. */
  readonly declined: readonly string[]
  /** Transitions of the path that were not observed. */
  readonly missed: readonly string[]
}

type Demand =
  | { readonly demand: 'step'; readonly input: Input }
  | { readonly demand: 'encode'; readonly from: NodeId; readonly view: Message }

type Script = Generator<Demand, void, Answer | OutgoingMessage>

class MemberRun {
  readonly #path: MemberPath
  readonly #hello: Hello
  readonly #judge: JudgeOf<RaftSurface>
  readonly #recording: Recording
  readonly #avoided: ReadonlySet<string>
  readonly #member: ObservedMember
  #snapshot: MemberSnapshot
  #now: Milliseconds = 0
  #unwritten: WriteId[] = []
  /** What n1 has sent since the input that is being carried out. */
  #sent: OutgoingMessage[] = []
  #operations = 0
  #steps = 0
  #stepIndex = 0
  readonly #observed: string[] = []
  readonly #declined = new Set<string>()
  readonly #deliveries = new Map<string, number>()
  readonly #results = new Map<string, number>()
  #violation: Violation | null = null
  #violationEvent = -1

  constructor(
    path: MemberPath,
    hello: Hello,
    judge: JudgeOf<RaftSurface>,
    start: Start,
    initial: readonly Answer[],
    { record = true, avoided = new Set() }: MemberRunOptions,
  ) {
    this.#path = path
    this.#hello = hello
    this.#judge = judge
    this.#recording = new Recording(record)
    this.#avoided = avoided
    const answer = initial[0]
    if (initial.length !== NODES.length || answer === undefined || answer.state === null) {
      throw new AdapterError(
        'contract',
        `${initial.length} initial answers for ${NODES.length} nodes, or one without its state`,
      )
    }
    this.#member = new ObservedMember(answer)
    this.#snapshot = initialSnapshot(path.options)
    if (this.#recording.keeps) this.#recording.add({ event: 'start', start, initial })
    else this.#recording.skip()
    this.#check(judge.start(start, initial))
  }

  *script(): Script {
    const wanted = new Set(this.#path.steps.map(({ transition }) => transition))
    let plan = [...this.#path.steps]
    while (this.#violation === null) {
      if (plan.length === 0) plan = this.#replan(wanted)
      const step = plan.shift()
      if (step === undefined) break
      if (step.input.type === 'restart' && !this.#hello.capabilities.disk) {
        this.#declined.add(step.transition)
        plan = []
        continue
      }
      const taken = yield* this.#carryOut(step.input)
      if (taken === null) return
      this.#observed.push(taken)
      this.#stepIndex++
      if (taken === step.transition) continue
      this.#declined.add(step.transition)
      plan = []
    }
    if (this.#violation !== null) return
    if (this.#recording.keeps) this.#recording.add({ event: 'finish', now: this.#now })
    else this.#recording.skip()
    this.#check(this.#judge.finish(this.#now))
  }

  /** The shortest way from where n1 really is to something that the path was to show, and has not yet. */
  #replan(all: ReadonlySet<string>): MemberStep[] {
    const declined = new Set([...this.#avoided, ...this.#declined])
    const wanted = new Set(all)
    for (const name of [...this.#observed, ...declined]) wanted.delete(name)
    if (wanted.size === 0) return []
    const graph = memberGraph(this.#path.options)
    const from = graph.find(this.#snapshot.value, this.#snapshot.context)
    if (from === undefined) return []
    const way = shortestWay(
      graph,
      from,
      ({ step }) => wanted.has(step.transition),
      ({ step }) => !declined.has(step.transition),
    )
    return way === null ? [] : way.map(({ step }) => step)
  }

  /** Carries out one input; gives the transition that accepts what came of it, or null after a violation. */
  *#carryOut(input: MemberInput): Generator<Demand, string | null, Answer | OutgoingMessage> {
    this.#sent = []
    switch (input.type) {
      case 'election-timeout':
        yield* this.#passTime()
        break
      case 'propose': {
        const id = ++this.#operations
        const command = { type: 'put', key: 'k', value: `v${id}` } as const
        yield* this.#give({
          type: 'operation',
          node: TESTED,
          at: this.#now,
          id,
          operation: { type: 'propose', command },
        })
        break
      }
      case 'restart':
        yield* this.#give({ type: 'crash', node: TESTED, at: this.#now, keep: [], torn: 0 })
        yield* this.#give({ type: 'restart', node: TESTED, at: this.#now })
        break
      default:
        yield* this.#deliver(input)
    }
    yield* this.#settleDisk()
    return this.#violation === null ? this.#accept(input) : null
  }

  *#deliver(input: MessageInput): Script {
    const from = NODES[input.from]!
    const message = (yield { demand: 'encode', from, view: this.#member.view(input) }) as OutgoingMessage
    const { kind } = message.view
    this.#deliveries.set(kind, (this.#deliveries.get(kind) ?? 0) + 1)
    yield* this.#give({ type: 'deliver', node: TESTED, at: this.#now, message })
  }

  /** Time passes until n1 campaigns, or until it must have; a leader just leads on. */
  *#passTime(): Script {
    const { role, term } = this.#member
    const until = this.#now + 2 * electionTimeout + 2 * heartbeatInterval + 1
    for (let turn = 0; this.#now < until && this.#violation === null; turn++) {
      this.#bound(turn)
      const seen = this.#sent.length
      yield* this.#give({ type: 'advance', node: TESTED, at: this.#now, until })
      if (role === 'leader') yield* this.#settleDisk()
      else if (this.#member.term !== term || this.#member.role !== role || this.#sent.slice(seen).some(isCampaign))
        return
    }
  }

  *#settleDisk(): Script {
    for (let turn = 0; this.#unwritten.length > 0 && this.#violation === null; turn++) {
      this.#bound(turn)
      const writes = this.#unwritten
      this.#unwritten = []
      yield* this.#give({ type: 'written', node: TESTED, at: this.#now, writes })
    }
  }

  #bound(turn: number): void {
    if (turn >= mostTurns) throw new AdapterError('flood', `${TESTED} does not come to rest within ${mostTurns} turns`)
  }

  *#give(input: Input): Script {
    if (this.#violation !== null) return
    const answer = (yield { demand: 'step', input }) as Answer
    if (answer.error?.kind === 'unsupported') {
      throw new AdapterError('contract', `${input.type} is refused as unsupported: ${answer.error.text}`)
    }
    this.#steps++
    this.#now = Math.max(this.#now, answer.now)
    if (this.#recording.keeps) this.#recording.add({ event: 'step', now: this.#now, input, answer })
    else this.#recording.skip()
    this.#check(this.#judge.step(input, answer, this.#now))
    this.#member.observe(answer)
    for (const output of answer.outputs) {
      if (output.type === 'message') this.#sent.push(output)
      if (output.type === 'write') this.#unwritten.push(output.id)
      if (output.type === 'result') this.#results.set(output.status, (this.#results.get(output.status) ?? 0) + 1)
    }
  }

  /** Asks the machine whether it accepts what was observed, and follows it. */
  #accept(input: MemberInput): string | null {
    const outcome = this.#member.outcome(input, this.#sent)
    const event = { ...input, outcome }
    const transition = acceptingTransition(this.#snapshot, event)
    if (transition !== null) {
      this.#snapshot = nextSnapshot(this.#snapshot, event)
      return transition
    }
    const { value, context } = this.#snapshot
    const allowed = outcomesOf(value, context, input).map((each) => describeOutcome(each.outcome))
    this.#check({
      requirement: blamed[input.type],
      text: `after ${describeInput(input)} it is ${describeOutcome(outcome)} (terms and indexes counted from the start)`,
      allowed: allowed.join('; or ') || 'nothing: no lawful cluster brings this about',
      node: TESTED,
    })
    return null
  }

  #check(violation: Violation | null): void {
    if (violation === null || this.#violation !== null) return
    this.#violation = violation
    this.#violationEvent = this.#recording.count - 1
  }

  result(): MemberRunResult {
    const counts = new Map<string, number>()
    for (const name of this.#observed) counts.set(name, (counts.get(name) ?? 0) + 1)
    return {
      violation: this.#violation,
      violationEvent: this.#violationEvent,
      violationStep: this.#violation === null ? -1 : this.#stepIndex,
      advice: this.#judge.advice(),
      events: this.#recording.events,
      eventCount: this.#recording.count,
      steps: this.#steps,
      deliveries: [...this.#deliveries.values()].reduce((sum, count) => sum + count, 0),
      duration: this.#now,
      faults: {},
      skipped: {},
      outside: {},
      settled: true,
      committedAfterHeal: 0,
      exercised: this.#judge.exercised(),
      transitions: counts,
      situations: new Map(),
      coverage: {
        deliveries: Object.fromEntries([...this.#deliveries].sort(([left], [right]) => (left < right ? -1 : 1))),
        operations: this.#operations > 0 ? { propose: this.#operations } : {},
        results: Object.fromEntries([...this.#results].sort(([left], [right]) => (left < right ? -1 : 1))),
      },
      effective: [],
      targets: [],
      inputs: this.#observed.length,
      path: this.#observed,
      declined: [...this.#declined],
      missed: [...new Set(this.#path.steps.map(({ transition }) => transition))].filter((name) => !counts.has(name)),
    }
  }
}

function isCampaign({ view }: OutgoingMessage): boolean {
  return view.kind === 'request-vote' || view.kind === 'pre-vote'
}

/** How the cluster of a member path is started. Leases and quorum checks are off: nothing but the path decides. */
export function startOfPath({ options: { preVote } }: MemberPath): Start {
  const options: RaftOptions = {
    electionTimeout,
    heartbeatInterval,
    preVote,
    checkQuorum: false,
    maxEntries: 16,
    maxInflight: 16,
  }
  return { nodes: NODES, configuration: { voters: NODES, outgoing: [], learners: [] }, options, seed: 1 }
}

function requireEncode({ name, capabilities }: Hello): void {
  if (!capabilities.encode) throw new AdapterError('contract', `${name} cannot make messages from views (encode)`)
}

/**
 * Runs a member path against an implementation in this process. An exception in a step counts as a panic.
 * `judge` should not judge the layer `state`: nothing is known of the disks of peers that are played.
 * @throws AdapterError if an answer contradicts the contract, or the implementation lacks `encode`
 */
export function runMemberPath(
  path: MemberPath,
  implementation: Implementation,
  judge: JudgeOf<RaftSurface>,
  options: MemberRunOptions = {},
): MemberRunResult {
  requireEncode(implementation.hello)
  const start = startOfPath(path)
  const session = implementation.open(start)
  try {
    const run = new MemberRun(path, implementation.hello, judge, start, session.initial, options)
    const script = run.script()
    for (let next = script.next(); next.done !== true;) next = script.next(supply(session, next.value))
    return run.result()
  } finally {
    session.close()
  }
}

function supply(session: Session, demand: Demand): Answer | OutgoingMessage {
  if (demand.demand === 'encode') return session.encode(demand.from, TESTED, demand.view)
  const { input } = demand
  try {
    return session.step(input)
  } catch (error) {
    if (error instanceof AdapterError) throw error
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { now: input.at, wake: null, outputs: [], state: null, log: null, error: { kind: 'panic', text } }
  }
}

/**
 * Runs a member path against an implementation out of this process. Several runs may share one implementation at a time.
 * @throws AdapterError if the adapter fails, an answer contradicts the contract, or the implementation lacks `encode`
 */
export async function runMemberPathRemote(
  path: MemberPath,
  implementation: RemoteImplementation,
  judge: JudgeOf<RaftSurface>,
  options: MemberRunOptions = {},
): Promise<MemberRunResult> {
  requireEncode(implementation.hello)
  const start = startOfPath(path)
  const session = await implementation.open(start)
  try {
    const run = new MemberRun(path, implementation.hello, judge, start, session.initial, options)
    const script = run.script()
    for (let next = script.next(); next.done !== true;) next = script.next(await supplyRemote(session, next.value))
    return run.result()
  } finally {
    await session.close()
  }
}

async function supplyRemote(session: RemoteSession, demand: Demand): Promise<Answer | OutgoingMessage> {
  if (demand.demand === 'encode') return session.encode(demand.from, TESTED, demand.view)
  const answers = await session.steps([demand.input])
  const answer = answers[0]
  if (answer === undefined) throw new AdapterError('contract', 'no answer to a step')
  return answer
}
