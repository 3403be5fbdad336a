/**
 * One scenario run against one cluster, judged at each step. The execution asks for what it needs (answers to inputs,
 * an inspection) and is given it, so that the same code drives implementations in this process and out of it.
 */
import { AdapterError } from '../../impl/contract/adapter-error.ts'
import type { CrashKeep, Milliseconds, NetworkProfile, NodeId, Step } from '../../models/vocabulary.ts'
import type { Phase, Violation } from '../../properties/judge.ts'
import type { Recording } from '../record.ts'
import type { JudgeOf, Surface } from '../surface.ts'
import { type Cluster, checkInstants, inputOf } from './cluster.ts'
import { increment, toCounts } from './counts.ts'
import type { RunOptions, RunResult } from './result.ts'

/** What an execution waits for: answers to `inputs`, an inspection of `inspectedNode`, or nothing any more. */
export type Demand = 'steps' | 'inspect' | 'done'

/** How a surface shows, when faults have ended, that its nodes find together again. Durations in milliseconds. */
export interface Settling {
  /** Delays are at most this. */
  readonly delay: Milliseconds
  /** How long messages that were sent while faults were on may still be under way. */
  readonly grace: Milliseconds
  /** How long it may take. */
  readonly bound: Milliseconds
  /** How often the nodes are asked for progress. */
  readonly interval: Milliseconds
  /** How often it is looked whether they have made it. */
  readonly tick: Milliseconds
}

/** What is run, and on what. */
export interface Setup<S extends Surface, C extends Cluster<S>> {
  readonly scenario: S['scenario']
  readonly hello: S['hello']
  readonly judge: JudgeOf<S>
  readonly cluster: C
  readonly recording: Recording<S>
  readonly start: S['start']
  readonly options: RunOptions
}

export abstract class Execution<S extends Surface, C extends Cluster<S> = Cluster<S>> {
  protected readonly scenario: S['scenario']
  protected readonly hello: S['hello']
  protected readonly cluster: C
  readonly #judge: JudgeOf<S>
  readonly #recording: Recording<S>
  readonly #start: S['start']
  readonly #batchLimit: number
  readonly #inspectEvery: number
  readonly #maxSteps: number

  readonly #script: Generator<void, void, void>
  /** While not negative, events up to this harness time are carried out before the script goes on. */
  #until: Milliseconds = -1
  #inspecting = -1
  #inspection: S['inspection'] | null = null
  #answer: S['answer'] | null = null
  #nextInspection: number
  #nextInspected = 0
  protected stepIndex = 0
  #operations = 0
  #steps = 0
  #settled = true
  #ended = false
  #violation: Violation | null = null
  #violationEvent = -1
  #violationStep = -1

  readonly #operationCounts = new Map<string, number>()
  protected readonly skipped = new Map<string, number>()
  protected readonly outside = new Map<string, number>()
  readonly #situations = new Map<string, number>()
  protected readonly targets: (NodeId | null)[]

  constructor({ scenario, hello, judge, cluster, recording, start, options }: Setup<S, C>) {
    this.scenario = scenario
    this.hello = hello
    this.cluster = cluster
    this.#judge = judge
    this.#recording = recording
    this.#start = start
    this.#batchLimit = options.batch ?? 64
    this.#inspectEvery = options.inspectEvery ?? 500
    this.#nextInspection = this.#inspectEvery
    this.#maxSteps = options.maxSteps ?? 5_000_000
    this.targets = new Array<NodeId | null>(scenario.steps.length).fill(null)
    this.#script = this.#perform()
    cluster.setNetwork(this.#allowed(scenario.network), false)
  }

  /** Begins with what the session answered to its start. @throws AdapterError if an answer contradicts the contract */
  begin(initial: readonly S['answer'][]): void {
    const { nodes } = this.scenario
    if (initial.length !== nodes.length) {
      throw new AdapterError('contract', `${initial.length} initial answers for ${nodes.length} nodes`)
    }
    const start = this.#start
    if (this.#recording.keeps) this.#recording.add({ event: 'start', start, initial })
    else this.#recording.skip()
    this.#check(this.#judge.start(start, initial))
    if (!this.#ended) this.cluster.start(initial)
  }

  // What a surface adds.

  protected abstract readonly settling: Settling

  /** The number of the node that is meant; -1 if there is none. */
  protected abstract target(target: NodeId): number

  /** What comes before the first step. */
  protected *prepare(): Generator<void, void, void> {}

  /** The operation as it is given to a node; null if it cannot be, as things are. */
  protected resolve(operation: S['operation']): S['operation'] | null {
    return operation
  }

  /** An operation is about to be given to a node. */
  protected abstract operating(id: number, operation: S['operation']): void

  protected abstract crash(node: number, keep: CrashKeep, torn: boolean): Generator<void, void, void>

  /** Moves the node's clock forward until it gives up waiting. */
  protected abstract timeout(node: number): Generator<void, void, void>

  /** Faults have ended. */
  protected abstract healed(): void

  /** Whether a node that is down is started again when faults end. */
  protected abstract comesBack(node: number): boolean

  /** Asks the nodes for progress, so that they can show it. */
  protected abstract probe(): Generator<void, void, void>

  /** Null if what is seen now is as expected; else what was seen instead. */
  protected abstract evaluate(name: string, words: readonly string[]): Generator<void, string | null, void>

  /** What the world wants of a node before time goes on; null for nothing. */
  protected abstract intervene(): { readonly node: number; readonly input: S['input'] } | null

  /** By how much the nodes got on after faults had ended. */
  protected abstract progress(): number

  /** Inputs to be answered, in order. Valid until `accept`. */
  get inputs(): readonly S['input'][] {
    return this.cluster.inputs
  }

  get inspectedNode(): NodeId {
    return this.cluster.nodes[this.#inspecting]!
  }

  /** Goes on until something is needed from the implementation. */
  proceed(): Demand {
    const { cluster } = this
    for (;;) {
      if (this.#ended) return 'done'
      if (this.#until >= 0) {
        const wanted = this.intervene()
        if (wanted !== null) {
          cluster.ask(wanted.node, wanted.input)
          return 'steps'
        }
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
  accept(answers: readonly S['answer'][]): void {
    const { cluster } = this
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
  acceptInspection(inspection: S['inspection']): void {
    const node = this.inspectedNode
    this.#inspecting = -1
    this.#inspection = inspection
    if (this.#recording.keeps) this.#recording.add({ event: 'inspect', now: this.cluster.now, node, inspection })
    else this.#recording.skip()
    this.#check(this.#judge.inspect(node, inspection))
  }

  /** What is known so far; all of it once `proceed` says `done`. */
  result(): RunResult<S> {
    const { cluster } = this
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
      skipped: toCounts(this.skipped),
      outside: toCounts(this.outside),
      settled: this.#settled,
      committedAfterHeal: this.progress(),
      exercised: this.#judge.exercised(),
      transitions: this.#judge.transitions(),
      situations: this.#situations,
      coverage: {
        deliveries: toCounts(cluster.deliveriesByKind()),
        operations: toCounts(this.#operationCounts),
        results: toCounts(cluster.results),
      },
      effective: cluster.effective,
      targets: this.targets,
    }
  }

  // The script: what happens between stretches of time. It yields when something is needed.

  *#perform(): Generator<void, void, void> {
    const { steps } = this.scenario
    yield* this.prepare()
    for (const [index, step] of steps.entries()) {
      if (this.#ended) return
      this.stepIndex = index
      switch (step.step) {
        case 'run':
          yield* this.run(step.duration)
          break
        case 'operation':
          yield* this.operate(this.target(step.node), step.operation)
          break
        case 'timeout':
          yield* this.timeout(this.target(step.node))
          break
        case 'crash':
          yield* this.crash(this.target(step.node), step.keep, step.torn)
          break
        case 'restart':
          yield* this.#restart(this.target(step.node))
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
    this.stepIndex = steps.length
    for (const node of this.cluster.nodes.keys()) {
      if (this.cluster.isUp(node)) yield* this.inspect(node)
    }
    if (this.#recording.keeps) this.#recording.add({ event: 'finish', now: this.cluster.now })
    else this.#recording.skip()
    this.#check(this.#judge.finish(this.cluster.now))
  }

  protected *run(duration: Milliseconds): Generator<void, void, void> {
    this.#until = this.cluster.now + duration
    yield
  }

  /** Gives one input outside of the flow of time, and waits for its answer. */
  protected *ask(node: number, input: S['input']): Generator<void, S['answer'], void> {
    this.cluster.ask(node, input)
    yield
    return this.#answer!
  }

  *#enter(phase: Phase): Generator<void, void, void> {
    if (this.#recording.keeps) this.#recording.add({ event: 'phase', now: this.cluster.now, phase })
    else this.#recording.skip()
    this.#check(this.#judge.phase(phase, this.cluster.now))
    yield
  }

  protected *inspect(node: number): Generator<void, S['inspection'], void> {
    this.#inspecting = node
    yield
    return this.#inspection!
  }

  /** Lets a node that was paused see the time that has passed, before it is given anything else. */
  protected *catchUp(node: number): Generator<void, void, void> {
    if (this.cluster.isOverdue(node)) yield* this.run(0)
  }

  protected *operate(node: number, asked: S['operation']): Generator<void, void, void> {
    const { cluster } = this
    const id = ++this.#operations
    if (!this.hello.operations.includes(asked.type)) return increment(this.outside, asked.type)
    const operation = cluster.isActive(node) ? this.resolve(asked) : null
    if (operation === null) return increment(this.skipped, 'operation')
    yield* this.catchUp(node)
    increment(this.#operationCounts, operation.type)
    this.operating(id, operation)
    yield* this.ask(
      node,
      inputOf<S>({ type: 'operation', node: cluster.nodes[node]!, at: cluster.local(node), id, operation }),
    )
  }

  *#restart(node: number): Generator<void, void, void> {
    const { cluster } = this
    if (!cluster.canRestart(node)) return increment(this.skipped, 'restart')
    yield* this.ask(node, inputOf<S>({ type: 'restart', node: cluster.nodes[node]!, at: cluster.local(node) }))
  }

  *#deliver(from: NodeId, to: NodeId, kind: string): Generator<void, void, void> {
    const { cluster } = this
    const node = cluster.number(to)
    if (!cluster.isActive(node)) return increment(this.skipped, 'deliver')
    yield* this.catchUp(node)
    if (!cluster.deliver(cluster.number(from), node, kind)) return increment(this.skipped, 'deliver')
    yield
  }

  /** Ends all faults, then asks the cluster for progress until it has shown all that liveness demands. */
  *#settle(): Generator<void, void, void> {
    const { cluster } = this
    const { delay, grace, bound, interval, tick } = this.settling
    yield* this.#enter('heal')
    this.healed()
    cluster.calmNetwork(delay)
    for (const node of cluster.nodes.keys()) {
      cluster.setClockRate(node, 1)
      cluster.resume(node)
    }
    cluster.heal()
    for (const node of cluster.nodes.keys()) {
      if (cluster.canRestart(node) && this.comesBack(node)) yield* this.#restart(node)
    }
    // Messages that were sent while faults were on may still be under way; give them time to arrive.
    yield* this.run(grace)
    yield* this.#enter('settle')
    const end = cluster.now + bound
    let nextProbe = cluster.now
    do {
      if (cluster.now >= nextProbe) {
        yield* this.probe()
        nextProbe = cluster.now + interval
      }
      yield* this.run(Math.min(tick, end - cluster.now))
    } while (cluster.now < end && !this.#judge.settled())
    this.#settled &&= this.#judge.settled()
  }

  *#expect(name: string, words: readonly string[]): Generator<void, void, void> {
    const text = yield* this.evaluate(name, words)
    if (text === null) return
    this.cluster.tell('expect', text)
    this.#fail({ requirement: 'scenario/expectation', text, allowed: ['expect', name, ...words].join(' '), node: null })
  }

  *#reach(name: string, words: readonly string[]): Generator<void, void, void> {
    const reached = (yield* this.evaluate(name, words)) === null
    const situation = [name, ...words].join(' ')
    this.#situations.set(situation, (this.#situations.get(situation) ?? 0) + (reached ? 1 : 0))
  }

  /** Carries out a step that takes no time and that no node sees. */
  #disturb(step: Step<S['operation']>): void {
    const { cluster } = this
    switch (step.step) {
      case 'partition':
        return cluster.partition(step.groups)
      case 'ring':
        return cluster.ring()
      case 'cut':
        return cluster.cut(cluster.number(step.from), cluster.number(step.to))
      case 'isolate': {
        const node = this.target(step.node)
        return node < 0 ? increment(this.skipped, 'isolate') : cluster.isolate(node)
      }
      case 'heal':
        return cluster.heal()
      case 'hold':
        return cluster.hold(cluster.number(step.from), cluster.number(step.to))
      case 'release':
        return cluster.release(cluster.number(step.from), cluster.number(step.to))
      case 'pause': {
        const node = this.target(step.node)
        return cluster.isActive(node) ? cluster.pause(node) : increment(this.skipped, 'pause')
      }
      case 'resume':
        if (!cluster.resume(cluster.number(step.node))) increment(this.skipped, 'resume')
        return
      case 'clock':
        if (Math.abs(step.rate - 1) > this.hello.assumptions.clockDrift) return increment(this.outside, 'clock')
        return cluster.setClockRate(cluster.number(step.node), step.rate)
      case 'network':
        return cluster.setNetwork(this.#allowed(step.network), true)
      case 'drop':
      case 'duplicate':
      case 'delay': {
        const { fifo, noDuplicates } = this.hello.assumptions
        const outside = step.step === 'duplicate' ? noDuplicates : step.step === 'delay' && fifo
        if (outside) return increment(this.outside, step.step)
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
    this.#violationStep = this.stepIndex
  }

  #chooseInspected(): boolean {
    // Ever more rarely, because an inspection costs as much as the log is long.
    this.#nextInspection = this.#steps + Math.max(this.#inspectEvery, this.#steps >> 2)
    for (let tries = 0; tries < this.cluster.nodes.length; tries++) {
      const node = this.#nextInspected
      this.#nextInspected = (node + 1) % this.cluster.nodes.length
      if (!this.cluster.isUp(node)) continue
      this.#inspecting = node
      return true
    }
    return false
  }

  /** The profile without what the implementation says cannot happen. */
  #allowed(profile: NetworkProfile): NetworkProfile {
    const { fifo, noDuplicates } = this.hello.assumptions
    if (fifo && profile.reorder > 0) increment(this.outside, 'reorder')
    if (noDuplicates && profile.duplicate > 0) increment(this.outside, 'duplicate')
    return {
      ...profile,
      reorder: fifo ? 0 : profile.reorder,
      duplicate: noDuplicates ? 0 : profile.duplicate,
    }
  }
}
