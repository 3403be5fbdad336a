/**
 * One scenario run against one cluster, judged at each step. The execution asks for what it needs (answers to inputs,
 * an inspection) and is given it, so that the same code drives implementations in this process and out of it.
 */
import { AdapterError } from '../../impl/contract/adapter-error.ts'
import type { Hello, Start } from '../../impl/contract/raft.ts'
import type {
  Answer,
  Input,
  Inspection,
  Operation,
  OutgoingMessage,
  RaftScenario,
} from '../../models/raft/vocabulary.ts'
import type { CrashKeep, Milliseconds, NetworkProfile, NodeId, Step, Target } from '../../models/vocabulary.ts'
import type { Phase, Violation } from '../../properties/judge.ts'
import { type SeenNode, evaluate, inspects } from '../expect.ts'
import { Recording } from '../record.ts'
import { Cluster, checkInstants } from './cluster.ts'
import { increment, toCounts } from './counts.ts'
import type { RaftJudge, RunOptions, RunResult } from './result.ts'

/** In `settle`, liveness must show within this many least election timeouts. */
export const settleElectionTimeouts = 30

/** How a cluster is started for a scenario. */
export function startOf({ nodes, configuration, options, seed }: RaftScenario): Start {
  return { nodes, configuration, options, seed }
}

/** What an execution waits for: answers to `inputs`, an inspection of `inspectedNode`, or nothing any more. */
export type Demand = 'steps' | 'inspect' | 'done'

export class Execution {
  readonly #scenario: RaftScenario
  readonly #hello: Hello
  readonly #judge: RaftJudge
  readonly #recording: Recording
  readonly #cluster: Cluster
  readonly #batchLimit: number
  readonly #inspectEvery: number
  readonly #maxSteps: number

  readonly #script: Generator<void, void, void>
  /** While not negative, events up to this harness time are carried out before the script goes on. */
  #until: Milliseconds = -1
  #inspecting = -1
  #inspection: Inspection | null = null
  #answer: Answer | null = null
  #nextInspection: number
  #nextInspected = 0
  #stepIndex = 0
  #operations = 0
  #probes = 0
  #steps = 0
  #settled = true
  #commitAtHeal = 0
  #ended = false
  #violation: Violation | null = null
  #violationEvent = -1
  #violationStep = -1

  readonly #operationCounts = new Map<string, number>()
  readonly #skipped = new Map<string, number>()
  readonly #outside = new Map<string, number>()
  readonly #situations = new Map<string, number>()
  readonly #targets: (NodeId | null)[]

  /**
   * @param initial what the session answered to `startOf(scenario)`
   * @param forgotten is given the messages that will not be delivered (again); whoever reads them empties it
   */
  constructor(
    scenario: RaftScenario,
    hello: Hello,
    judge: RaftJudge,
    initial: readonly Answer[],
    options: RunOptions = {},
    forgotten: number[] | null = null,
  ) {
    this.#scenario = scenario
    this.#hello = hello
    this.#judge = judge
    this.#recording = new Recording(options.record ?? true)
    this.#batchLimit = options.batch ?? 64
    this.#inspectEvery = options.inspectEvery ?? 500
    this.#nextInspection = this.#inspectEvery
    this.#maxSteps = options.maxSteps ?? 5_000_000
    this.#cluster = new Cluster(scenario, this.#allowed(scenario.network), hello, this.#recording, forgotten)
    this.#targets = new Array<NodeId | null>(scenario.steps.length).fill(null)
    this.#script = this.#perform()
    this.#start(initial)
  }

  /** Inputs to be answered, in order. Valid until `accept`. */
  get inputs(): readonly Input[] {
    return this.#cluster.inputs
  }

  get inspectedNode(): NodeId {
    return this.#cluster.nodes[this.#inspecting]!
  }

  /** Goes on until something is needed from the implementation. */
  proceed(): Demand {
    const cluster = this.#cluster
    for (;;) {
      if (this.#ended) return 'done'
      if (this.#until >= 0) {
        if (this.#steps >= this.#nextInspection && this.#chooseInspected()) return 'inspect'
        if (cluster.collect(this.#until, Math.min(this.#batchLimit, this.#nextInspection - this.#steps))) return 'steps'
        cluster.passTo(this.#until)
        this.#until = -1
      }
      if (this.#script.next().done === true) {
        this.#ended = true
        return 'done'
      }
      // A violation during the script ends the run, whatever the script asked for.
      if (this.#ended) return 'done'
      if (cluster.size > 0) return 'steps'
      if (this.#inspecting >= 0) return 'inspect'
    }
  }

  /**
   * Takes the answers to `inputs`.
   * @throws AdapterError if an answer contradicts the contract
   */
  accept(answers: readonly Answer[]): void {
    const cluster = this.#cluster
    const { inputs } = cluster
    for (let position = 0; position < inputs.length; position++) {
      const input = inputs[position]!
      const answer = answers[position]
      if (answer === undefined)
        throw new AdapterError('contract', `${answers.length} answers to ${inputs.length} inputs`)
      cluster.reach(position)
      const { now } = cluster
      this.#answer = answer
      checkInstants(input, answer)
      this.#steps++
      if (this.#recording.keeps) this.#recording.add({ event: 'step', now, input, answer })
      else this.#recording.skip()
      const violation = this.#judge.step(input, answer, now)
      if (violation !== null) {
        this.#fail(violation)
        return
      }
      cluster.apply(position, answer)
    }
    cluster.endBatch()
    if (this.#steps >= this.#maxSteps) {
      throw new AdapterError('flood', `the run takes more than ${this.#maxSteps} steps`)
    }
  }

  /** Takes the inspection of `inspectedNode`. */
  acceptInspection(inspection: Inspection): void {
    const node = this.inspectedNode
    this.#inspecting = -1
    this.#inspection = inspection
    if (this.#recording.keeps) this.#recording.add({ event: 'inspect', now: this.#cluster.now, node, inspection })
    else this.#recording.skip()
    this.#check(this.#judge.inspect(node, inspection))
  }

  /** What is known so far; all of it once `proceed` says `done`. */
  result(): RunResult {
    const cluster = this.#cluster
    return {
      violation: this.#violation,
      violationEvent: this.#violationEvent,
      violationStep: this.#violationStep,
      advice: this.#judge.advice(),
      events: this.#recording.events,
      eventCount: this.#recording.count,
      steps: this.#steps,
      deliveries: cluster.deliveries,
      duration: cluster.now,
      faults: cluster.faults.counts(),
      skipped: toCounts(this.#skipped),
      outside: toCounts(this.#outside),
      settled: this.#settled,
      committedAfterHeal: Math.max(0, cluster.greatestCommit() - this.#commitAtHeal),
      exercised: this.#judge.exercised(),
      transitions: this.#judge.transitions(),
      situations: this.#situations,
      coverage: {
        deliveries: toCounts(cluster.deliveriesByKind()),
        operations: toCounts(this.#operationCounts),
        results: toCounts(cluster.results),
      },
      effective: cluster.effective,
      targets: this.#targets,
    }
  }

  #start(initial: readonly Answer[]): void {
    const { nodes } = this.#scenario
    if (initial.length !== nodes.length) {
      throw new AdapterError('contract', `${initial.length} initial answers for ${nodes.length} nodes`)
    }
    const start = startOf(this.#scenario)
    if (this.#recording.keeps) this.#recording.add({ event: 'start', start, initial })
    else this.#recording.skip()
    this.#check(this.#judge.start(start, initial))
    if (!this.#ended) this.#cluster.start(initial)
  }

  // The script: what happens between stretches of time. It yields when something is needed.

  *#perform(): Generator<void, void, void> {
    const { steps } = this.#scenario
    for (const [index, step] of steps.entries()) {
      if (this.#ended) return
      this.#stepIndex = index
      switch (step.step) {
        case 'run':
          yield* this.#run(step.duration)
          break
        case 'operation':
          yield* this.#operate(this.#target(step.node), step.operation)
          break
        case 'timeout':
          yield* this.#timeout(this.#target(step.node))
          break
        case 'crash':
          yield* this.#crash(this.#target(step.node), step.keep, step.torn)
          break
        case 'restart':
          yield* this.#restart(this.#target(step.node))
          break
        case 'settle':
          yield* this.#settle()
          if (steps.slice(index + 1).some(({ step }) => step !== 'expect')) yield* this.#enter('disturb')
          break
        case 'deliver':
          yield* this.#deliver(step.from, step.to, step.kind)
          break
        case 'expect':
          yield* this.#expect(step.expect, step.arguments)
          break
        case 'reach':
          yield* this.#reach(step.expect, step.arguments)
          break
        default:
          this.#disturb(step)
      }
    }
    if (this.#ended) return
    this.#stepIndex = steps.length
    for (const node of this.#cluster.nodes.keys()) {
      if (this.#cluster.isUp(node)) yield* this.#inspect(node)
    }
    if (this.#recording.keeps) this.#recording.add({ event: 'finish', now: this.#cluster.now })
    else this.#recording.skip()
    this.#check(this.#judge.finish(this.#cluster.now))
  }

  *#run(duration: Milliseconds): Generator<void, void, void> {
    this.#until = this.#cluster.now + duration
    yield
  }

  /** Gives one input outside of the flow of time, and waits for its answer. */
  *#ask(node: number, input: Input): Generator<void, Answer, void> {
    this.#cluster.ask(node, input)
    yield
    return this.#answer!
  }

  *#enter(phase: Phase): Generator<void, void, void> {
    if (this.#recording.keeps) this.#recording.add({ event: 'phase', now: this.#cluster.now, phase })
    else this.#recording.skip()
    this.#check(this.#judge.phase(phase, this.#cluster.now))
    yield
  }

  *#inspect(node: number): Generator<void, Inspection, void> {
    this.#inspecting = node
    yield
    return this.#inspection!
  }

  /** Lets a node that was paused see the time that has passed, before it is given anything else. */
  *#catchUp(node: number): Generator<void, void, void> {
    if (this.#cluster.isOverdue(node)) yield* this.#run(0)
  }

  *#operate(node: number, operation: Operation): Generator<void, void, void> {
    const cluster = this.#cluster
    const id = ++this.#operations
    if (!this.#hello.operations.includes(operation.type)) return increment(this.#outside, operation.type)
    if (!cluster.isActive(node)) return increment(this.#skipped, 'operation')
    yield* this.#catchUp(node)
    increment(this.#operationCounts, operation.type)
    if (operation.type === 'change-membership') cluster.membershipOperations.add(id)
    yield* this.#ask(node, { type: 'operation', node: cluster.nodes[node]!, at: cluster.local(node), id, operation })
  }

  /** Moves the node's clock forward until it campaigns. */
  *#timeout(node: number): Generator<void, void, void> {
    const cluster = this.#cluster
    if (!cluster.isActive(node) || cluster.states[node]!.role === 'leader') return increment(this.#skipped, 'timeout')
    yield* this.#catchUp(node)
    const { term, role } = cluster.states[node]!
    const { electionTimeout, heartbeatInterval } = this.#scenario.options
    const until = cluster.local(node) + 2 * electionTimeout + heartbeatInterval
    cluster.tell('timeout', cluster.nodes[node]!)
    for (;;) {
      const at = cluster.wake(node)
      if (at > until) return increment(this.#skipped, 'timeout')
      const { outputs } = yield* this.#ask(node, { type: 'advance', node: cluster.nodes[node]!, at, until })
      const state = cluster.states[node]!
      const asked = outputs.some((output) => output.type === 'message' && isCampaign(output))
      if (asked || state.term > term || (state.role !== role && state.role !== 'follower')) break
    }
    cluster.faults.count('timeout')
  }

  *#crash(node: number, keep: CrashKeep, torn: boolean): Generator<void, void, void> {
    const cluster = this.#cluster
    if (!this.#hello.capabilities.disk) return increment(this.#outside, 'crash')
    if (node < 0 || !cluster.isUp(node)) return increment(this.#skipped, 'crash')
    yield* this.#catchUp(node)
    const { keep: kept, torn: tornWrite } = cluster.crashDisk(node, keep, torn)
    const at = cluster.local(node)
    yield* this.#ask(node, { type: 'crash', node: cluster.nodes[node]!, at, keep: kept, torn: tornWrite })
  }

  *#restart(node: number): Generator<void, void, void> {
    const cluster = this.#cluster
    if (!cluster.canRestart(node)) return increment(this.#skipped, 'restart')
    yield* this.#ask(node, { type: 'restart', node: cluster.nodes[node]!, at: cluster.local(node) })
  }

  *#deliver(from: NodeId, to: NodeId, kind: string): Generator<void, void, void> {
    const cluster = this.#cluster
    const node = cluster.number(to)
    if (!cluster.isActive(node)) return increment(this.#skipped, 'deliver')
    yield* this.#catchUp(node)
    if (!cluster.deliver(cluster.number(from), node, kind)) return increment(this.#skipped, 'deliver')
    yield
  }

  /** Ends all faults, then asks the cluster for progress until it has shown all that liveness demands. */
  *#settle(): Generator<void, void, void> {
    const cluster = this.#cluster
    const { electionTimeout, heartbeatInterval } = this.#scenario.options
    yield* this.#enter('heal')
    this.#commitAtHeal = cluster.greatestCommit()
    cluster.calmNetwork()
    for (const node of cluster.nodes.keys()) {
      cluster.setClockRate(node, 1)
      cluster.resume(node)
    }
    cluster.heal()
    for (const node of cluster.nodes.keys()) if (cluster.canRestart(node)) yield* this.#restart(node)
    // Messages that were sent while faults were on may still be under way; give them time to arrive.
    yield* this.#run(electionTimeout)
    yield* this.#enter('settle')
    const bound = this.#cluster.now + settleElectionTimeouts * electionTimeout
    let nextProbe = this.#cluster.now
    do {
      if (this.#cluster.now >= nextProbe) {
        yield* this.#probe()
        nextProbe = this.#cluster.now + electionTimeout
      }
      yield* this.#run(Math.min(heartbeatInterval, bound - this.#cluster.now))
    } while (this.#cluster.now < bound && !this.#judge.settled())
    this.#settled &&= this.#judge.settled()
  }

  /** Asks a node that says it leads for progress, by a command and by a read; if several lead, each in turn. */
  *#probe(): Generator<void, void, void> {
    const leaders = this.#cluster.leaders()
    const leader = leaders[this.#probes % Math.max(1, leaders.length)]
    if (leader === undefined) return
    const value = `probe-${++this.#probes}`
    yield* this.#operate(leader, { type: 'propose', command: { type: 'put', key: 'probe', value } })
    const reads = this.#hello.operations.includes('read') && this.#hello.profiles.includes('raft-read-index')
    if (reads) yield* this.#operate(leader, { type: 'read', key: 'probe', by: 'read-index' })
  }

  *#expect(name: string, words: readonly string[]): Generator<void, void, void> {
    const text = yield* this.#evaluate(name, words)
    if (text === null) return
    this.#cluster.tell('expect', text)
    this.#fail({ requirement: 'scenario/expectation', text, allowed: ['expect', name, ...words].join(' '), node: null })
  }

  *#reach(name: string, words: readonly string[]): Generator<void, void, void> {
    const reached = (yield* this.#evaluate(name, words)) === null
    const situation = [name, ...words].join(' ')
    this.#situations.set(situation, (this.#situations.get(situation) ?? 0) + (reached ? 1 : 0))
  }

  /** Null if what is seen now is as expected; else what was seen instead. */
  *#evaluate(name: string, words: readonly string[]): Generator<void, string | null, void> {
    const cluster = this.#cluster
    const snapshot = new Map<NodeId, SeenNode>()
    for (const [number, node] of cluster.nodes.entries()) {
      const running = cluster.isUp(number)
      const inspection = running && inspects(name) ? yield* this.#inspect(number) : undefined
      snapshot.set(node, { running, state: cluster.states[number]!, received: cluster.received[number]!, inspection })
    }
    return evaluate(name, words, snapshot)
  }

  /** Carries out a step that takes no time and that no node sees. */
  #disturb(step: Step<Operation>): void {
    const cluster = this.#cluster
    switch (step.step) {
      case 'partition':
        return cluster.partition(step.groups)
      case 'ring':
        return cluster.ring()
      case 'cut':
        return cluster.cut(cluster.number(step.from), cluster.number(step.to))
      case 'isolate': {
        const node = this.#target(step.node)
        return node < 0 ? increment(this.#skipped, 'isolate') : cluster.isolate(node)
      }
      case 'heal':
        return cluster.heal()
      case 'hold':
        return cluster.hold(cluster.number(step.from), cluster.number(step.to))
      case 'release':
        return cluster.release(cluster.number(step.from), cluster.number(step.to))
      case 'pause': {
        const node = this.#target(step.node)
        return cluster.isActive(node) ? cluster.pause(node) : increment(this.#skipped, 'pause')
      }
      case 'resume':
        if (!cluster.resume(cluster.number(step.node))) increment(this.#skipped, 'resume')
        return
      case 'clock':
        if (Math.abs(step.rate - 1) > this.#hello.assumptions.clockDrift) return increment(this.#outside, 'clock')
        return cluster.setClockRate(cluster.number(step.node), step.rate)
      case 'network':
        return cluster.setNetwork(this.#allowed(step.network))
      case 'drop':
      case 'duplicate':
      case 'delay': {
        const { fifo, noDuplicates } = this.#hello.assumptions
        const outside = step.step === 'duplicate' ? noDuplicates : step.step === 'delay' && fifo
        if (outside) return increment(this.#outside, step.step)
        const by = step.step === 'delay' ? step.by : 0
        return cluster.plan(cluster.number(step.from), cluster.number(step.to), step.kind, step.nth, step.step, by)
      }
      default:
        throw new Error(`unexpected step ${step.step}`)
    }
  }

  // Judging.

  #check(violation: Violation | null): void {
    if (violation !== null) this.#fail(violation)
  }

  /** The event that was last recorded showed a violation: the run ends. */
  #fail(violation: Violation): void {
    if (this.#ended) return
    this.#ended = true
    this.#violation = violation
    this.#violationEvent = this.#recording.count - 1
    this.#violationStep = this.#stepIndex
  }

  #chooseInspected(): boolean {
    // Ever more rarely, because an inspection costs as much as the log is long.
    this.#nextInspection = this.#steps + Math.max(this.#inspectEvery, this.#steps >> 2)
    for (let tries = 0; tries < this.#cluster.nodes.length; tries++) {
      const node = this.#nextInspected
      this.#nextInspected = (node + 1) % this.#cluster.nodes.length
      if (!this.#cluster.isUp(node)) continue
      this.#inspecting = node
      return true
    }
    return false
  }

  /** The node that is meant; -1 if it is the leader and there is none. */
  #target(target: Target): number {
    const cluster = this.#cluster
    if (target !== 'leader') return cluster.number(target)
    const leader = cluster.leader()
    if (leader >= 0) this.#targets[this.#stepIndex] = cluster.nodes[leader]!
    return leader
  }

  /** The profile without what the implementation says cannot happen. */
  #allowed(profile: NetworkProfile): NetworkProfile {
    const { fifo, noDuplicates } = this.#hello.assumptions
    if (fifo && profile.reorder > 0) increment(this.#outside, 'reorder')
    if (noDuplicates && profile.duplicate > 0) increment(this.#outside, 'duplicate')
    return {
      ...profile,
      reorder: fifo ? 0 : profile.reorder,
      duplicate: noDuplicates ? 0 : profile.duplicate,
    }
  }
}

function isCampaign({ view }: OutgoingMessage): boolean {
  return view.kind === 'request-vote' || view.kind === 'pre-vote'
}
