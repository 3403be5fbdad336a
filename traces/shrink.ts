/**
 * Makes a failing scenario small: random faults of messages become explicit steps, steps are removed (delta
 * debugging), and what is left gets simple values. It counts executions, since some implementations are slow, and it
 * has no clock: whoever calls may `stop` it, and gets the best scenario found so far.
 */
import type { NetworkProfile, Step } from '../models/vocabulary.ts'
import type { RunResult } from './run.ts'
import type { Scenario } from './scenario.ts'
import { type ShrinkRules, stepsOf, type Trial, withSteps } from './shrink/rules.ts'
import type { Surface } from './surface.ts'
import { tracesOf } from './surfaces.ts'
import { printScenario } from './text.ts'

export type { Trial } from './shrink/rules.ts'

/** A trial of a run: it fails in the same way if the same requirement was violated. */
export function trialOf<S extends Surface>(result: RunResult<S>, requirement: string): Trial {
  const { violation, violationStep, effective, targets } = result
  return { fails: violation?.requirement === requirement, violationStep, effective, targets }
}

export interface ShrinkOptions {
  /** Executions at most. Default 2,000. */
  readonly executions?: number
  /** A candidate is accepted if it fails in `needed` of `tries` executions. Default 1 of 1. */
  readonly tries?: number
  readonly needed?: number
  /** Asked before each execution: true ends the search with what was found so far. */
  readonly stop?: () => boolean
}

/** For implementations that do not declare themselves deterministic. */
export const nondeterministic = { tries: 5, needed: 2 } as const

export interface Shrunk<S extends Scenario = Scenario> {
  readonly scenario: S
  /** Whether the scenario failed at all when it was tried; if not, it is given back as it came. */
  readonly reproduced: boolean
  readonly executions: number
  /** Nothing more can be removed or simplified; false if the search was ended before. */
  readonly complete: boolean
}

/** Shrinks by running candidates in this process. */
export function shrink<S extends Scenario>(
  scenario: S,
  run: (candidate: S) => Trial,
  options: ShrinkOptions = {},
): Shrunk<S> {
  const search = shrinking(scenario, options)
  for (let next = search.next(); ; next = search.next(run(next.value))) {
    if (next.done === true) return next.value
  }
}

/** Shrinks by running candidates elsewhere. */
export async function shrinkAsync<S extends Scenario>(
  scenario: S,
  run: (candidate: S) => Promise<Trial>,
  options: ShrinkOptions = {},
): Promise<Shrunk<S>> {
  const search = shrinking(scenario, options)
  for (let next = search.next(); ; next = search.next(await run(next.value))) {
    if (next.done === true) return next.value
  }
}

type Search<S, Found> = Generator<S, Found, Trial>

/** The search itself: yields candidates, is given their trials, and returns the smallest that failed. */
export function* shrinking<S extends Scenario>(scenario: S, options: ShrinkOptions = {}): Search<S, Shrunk<S>> {
  // Rules of a surface are for scenarios of it.
  const rules = tracesOf(scenario.surface).rules as unknown as ShrinkRules<S>
  const search = new ShrinkSearch(scenario, rules, options)
  const reproduced = yield* search.attempt(scenario)
  if (reproduced) yield* search.shrink()
  const { best, executions, ended } = search
  return { scenario: best, reproduced, executions, complete: reproduced && !ended }
}

const mostStepsForLuck = 40
const luckySeeds = [0, 1, 2, 3, 4, 5]

class ShrinkSearch<S extends Scenario> {
  best: S
  executions = 0
  ended = false
  private trial: Trial = { fails: false, violationStep: -1, effective: [], targets: [] }
  private readonly limit: number
  private readonly tries: number
  private readonly needed: number
  private readonly stop: () => boolean
  private readonly rules: ShrinkRules<S>
  private readonly tried = new Set<string>()

  constructor(scenario: S, rules: ShrinkRules<S>, options: ShrinkOptions) {
    this.best = scenario
    this.rules = rules
    this.limit = options.executions ?? 2000
    this.tries = options.tries ?? 1
    this.needed = options.needed ?? 1
    this.stop = options.stop ?? (() => false)
  }

  /** Runs a candidate that was not run before; the best so far becomes the candidate if it fails too. */
  *attempt(candidate: S): Search<S, boolean> {
    const key = printScenario(candidate)
    if (this.tried.has(key)) return false
    this.tried.add(key)
    let failures = 0
    for (let tries = 0; failures < this.needed && failures + this.tries - tries >= this.needed; tries++) {
      if (this.executions >= this.limit || this.stop()) this.ended = true
      if (this.ended) return false
      this.executions++
      const trial = yield candidate
      if (!trial.fails) continue
      failures++
      this.trial = trial
    }
    if (failures < this.needed) return false
    this.best = candidate
    if (this.tries === 1) this.cut()
    return true
  }

  private simpler(step: Step<unknown>): Step<unknown>[] {
    return step.step === 'operation'
      ? this.rules.simplerOperations(step.operation).map((operation) => ({ ...step, operation }))
      : simplerSteps(step)
  }

  *shrink(): Search<S, void> {
    yield* this.attempt(withSteps(this.best, this.best.steps.slice(0, this.trial.violationStep + 1)))
    yield* this.quiet()
    yield* this.removeKinds()
    yield* this.removeNodes()
    for (let before = ''; before !== printScenario(this.best) && !this.ended;) {
      before = printScenario(this.best)
      yield* this.removeSteps()
      yield* this.simplify()
      yield* this.tryLuck()
    }
  }

  /** What comes behind the violation made no difference to a deterministic run. */
  private cut(): void {
    const { steps } = this.best
    if (this.trial.violationStep < 0 || this.trial.violationStep + 1 >= steps.length) return
    this.best = withSteps(this.best, steps.slice(0, this.trial.violationStep + 1))
    this.tried.add(printScenario(this.best))
  }

  /** Replaces the random faults of messages by none, or by those that happened. */
  private *quiet(): Search<S, void> {
    const { best, trial } = this
    const calm = { ...best, network: withoutFaults(best.network) }
    const others = best.steps.filter((step) => step.step !== 'network')
    const scripted = others.filter((step) => !isMessageFault(step))
    if (yield* this.attempt(withSteps(calm, scripted))) return
    if (yield* this.attempt(withSteps(calm, others))) return
    yield* this.attempt(withSteps(calm, [...trial.effective, ...scripted]))
  }

  /** Tries to do without all steps of a kind at once. */
  private *removeKinds(): Search<S, void> {
    const kinds = [...new Set(this.best.steps.map(kindOf))]
    for (const kind of kinds) {
      yield* this.attempt(
        withSteps(
          this.best,
          this.best.steps.filter((step) => kindOf(step) !== kind),
        ),
      )
    }
  }

  /** Delta debugging: removes ever smaller pieces, the last first, as long as any piece of one step can go. */
  private *removeSteps(): Search<S, void> {
    let size = Math.max(1, this.best.steps.length >> 1)
    while (!this.ended) {
      let removed = false
      for (let end = this.best.steps.length; end > 0;) {
        const { steps } = this.best
        const from = Math.max(0, end - size)
        const shorter = withSteps(this.best, [...steps.slice(0, from), ...steps.slice(end)])
        if (yield* this.attempt(shorter)) removed = true
        end = Math.min(from, this.best.steps.length)
      }
      if (size === 1 && !removed) return
      size = Math.max(1, size >> 1)
    }
  }

  /**
   * Without a step, everything behind it happens at other times, and a failure may be missed by chance: other seeds
   * are other chances. Only for scenarios that are small already.
   */
  private *tryLuck(): Search<S, void> {
    if (this.best.steps.length > mostStepsForLuck) return
    for (const node of [...this.best.nodes].reverse()) {
      const smaller = this.rules.withoutNode(this.best, node)
      if (smaller !== null) yield* this.trySeeds(smaller)
    }
    for (let index = this.best.steps.length - 1; index >= 0; index--) {
      if (index >= this.best.steps.length) continue
      yield* this.trySeeds(withSteps(this.best, stepsOf(this.best).toSpliced(index, 1)))
    }
  }

  private *trySeeds(candidate: S): Search<S, void> {
    for (const seed of luckySeeds) if (yield* this.attempt({ ...candidate, seed })) return
  }

  private *removeNodes(): Search<S, void> {
    for (const node of [...this.best.nodes].reverse()) {
      const smaller = this.rules.withoutNode(this.best, node)
      if (smaller !== null) yield* this.attempt(smaller)
    }
  }

  private *simplify(): Search<S, void> {
    yield* this.removeNodes()
    for (const change of [...sharedChanges<S>(), ...this.rules.changes]) {
      for (const candidate of change(this.best, this.trial)) {
        if (yield* this.attempt(candidate)) break
      }
    }
    // Behind a step may come fewer steps after each success, never more.
    for (let index = this.best.steps.length - 1; index >= 0; index--) {
      for (let again = true; again && !this.ended;) {
        again = false
        const step = this.best.steps[index]
        if (step === undefined) break
        for (const simpler of this.simpler(step)) {
          again = yield* this.attempt(withSteps(this.best, stepsOf(this.best).with(index, simpler)))
          if (again) break
        }
      }
    }
  }
}

/** Changes of a whole scenario that every surface knows, each the simplest first. */
const sharedChanges = <S extends Scenario>(): readonly ((best: S, trial: Trial) => S[])[] => [
  (best) => [withSteps(best, mergeRuns(best.steps))],
  ({ network, ...best }) =>
    [
      [1, 1],
      [network.delay[1], network.delay[1]],
      [1, network.delay[1]],
    ].map((delay) => ({ ...best, network: { ...network, delay } }) as unknown as S),
  (best) => [0, 1, 2, 3].filter((seed) => seed < best.seed).map((seed) => ({ ...best, seed })),
]

function withoutFaults(network: NetworkProfile): NetworkProfile {
  return { ...network, loss: 0, duplicate: 0, reorder: 0 }
}

function isMessageFault({ step }: Step<unknown>): boolean {
  return step === 'drop' || step === 'duplicate' || step === 'delay'
}

/** Steps that belong together: operations by their type, a cause with its end. */
function kindOf(step: Step<unknown>): string {
  switch (step.step) {
    case 'operation':
      return (step.operation as { readonly type: string }).type
    case 'crash':
    case 'restart':
      return 'crash'
    case 'pause':
    case 'resume':
      return 'pause'
    case 'hold':
    case 'release':
      return 'hold'
    case 'partition':
    case 'cut':
    case 'ring':
    case 'isolate':
    case 'heal':
      return 'partition'
    default:
      return step.step
  }
}

function mergeRuns(steps: readonly Step<unknown>[]): Step<unknown>[] {
  const merged: Step<unknown>[] = []
  for (const step of steps) {
    const last = merged.at(-1)
    if (step.step === 'run' && last?.step === 'run') {
      merged[merged.length - 1] = { step: 'run', duration: last.duration + step.duration }
    } else merged.push(step)
  }
  return merged
}

/** Simpler forms of a step, the simplest first; each is simpler than the step itself, so that simplifying ends. */
function simplerSteps(step: Exclude<Step<unknown>, { readonly step: 'operation' }>): Step<unknown>[] {
  switch (step.step) {
    case 'run':
      return simplerDurations(step.duration).map((duration) => ({ ...step, duration }))
    case 'crash':
      return [
        ...(step.torn ? [{ ...step, torn: false }] : []),
        ...(step.keep === 'some'
          ? [
              { ...step, keep: 'none' as const },
              { ...step, keep: 'all' as const },
            ]
          : []),
      ]
    case 'delay':
      return simplerDurations(step.by).map((by) => ({ ...step, by }))
    case 'clock':
      return [0.5, 2].filter((rate) => digits(rate) < digits(step.rate)).map((rate) => ({ ...step, rate }))
    case 'partition':
      return step.groups.length > 2 ? [{ ...step, groups: [step.groups[0]!, step.groups.slice(1).flat()] }] : []
    default:
      return []
  }
}

/** Shorter durations, then rounder ones, which may be up to a tenth longer. */
function simplerDurations(duration: number): number[] {
  const round = [1000, 500, 100, 50, 10].map((unit) => Math.ceil(duration / unit) * unit)
  return [
    ...[duration >> 3, duration >> 1, Math.floor(duration * 0.8)].filter(
      (shorter) => shorter > 0 && shorter < duration,
    ),
    ...round.filter((rounder) => rounder <= duration * 1.1 && digits(rounder) < digits(duration)),
  ]
}

/** Digits without zeros at the end: 1500 is simpler than 1487. */
function digits(value: number): number {
  return String(value).replace(/0+$/, '').length
}
