/**
 * A process that runs the suite on one mutant after the other. Who started it ends it, also when a mutant keeps it busy
 * for too long; a mutant that uses up its memory ends it too.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Implementation } from '../../../impl/contract/raft.ts'
import type { Variant } from '../../suites/surfaces/form.ts'
import { type Execution, type Exercised, executionsOf, untested } from './suite.ts'

/** What Stryker's switches and counters look at. */
interface Switchboard {
  activeMutant?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  currentTestId?: string | undefined
  mutantCoverage?: {
    static: Record<string, number>
    perTest: Record<string, Record<string, number>>
  }
}

export interface WorkerStart {
  /** Where the mutated reference is. */
  readonly folder: string
  /** Random schedules of each variant. */
  readonly budget: number
  /** Set before the code is loaded. */
  readonly active?: string | undefined
}

export type Order = { readonly order: 'survey' } | { readonly order: 'try'; readonly task: Task }

export interface Task {
  readonly mutant: string
  /** The executions that come past the mutant, in the order to be tried. */
  readonly trials: readonly Trial[]
  /** How often the other executions put each requirement to the test, by variant. */
  readonly besides: Readonly<Record<Variant, Exercised>>
}

export interface Trial {
  /** Number of the execution. */
  readonly number: number
  /** How often it comes past the mutant on the unchanged reference. */
  readonly hits: number
  /** How many steps it takes on the unchanged reference. */
  readonly steps: number
}

export type WorkerMessage =
  /** Says that something is done; what is done last follows. */
  | { readonly type: 'alive' }
  | { readonly type: 'survey'; readonly survey: Survey }
  | { readonly type: 'verdict'; readonly verdict: Verdict }
  | { readonly type: 'failed'; readonly text: string }

export interface Verdict {
  /** The requirement that was found broken, or what else gave the mutant away; null for a survivor. */
  readonly broken: string | null
  /** In which execution. */
  readonly by: string
}

/** One execution on the unchanged reference. */
export interface Baseline {
  readonly name: string
  readonly variant: Variant
  readonly steps: number
  readonly exercised: Exercised
  /** Mutants that it comes past, and how often. */
  readonly hits: Readonly<Record<string, number>>
}

export interface Survey {
  readonly baselines: readonly Baseline[]
  /** Mutants that are decided when the code is loaded. */
  readonly loaded: readonly string[]
}

/** How much longer than on the reference a run may get, in steps and in passing the mutant. */
const leeway = 10

const { folder, budget, active } = JSON.parse(process.argv[2]!) as WorkerStart
const board: Switchboard = ((globalThis as { __stryker__?: Switchboard }).__stryker__ ??= {})
board.activeMutant = active
const tell = (message: WorkerMessage): void => void process.send!(message)

interface Mutated {
  readonly createReference: (options: { readonly configuration: Variant }) => Implementation
}
const loading = import(pathToFileURL(join(folder, 'session.js')).href) as Promise<Mutated>
const executions = executionsOf(budget)

process.on('message', ({ ...order }: Order) => {
  carryOut(order).then(tell, (error: unknown) => tell({ type: 'failed', text: String((error as Error).stack) }))
})

async function carryOut(order: Order): Promise<WorkerMessage> {
  if (order.order === 'survey') return { type: 'survey', survey: await surveyAll() }
  return { type: 'verdict', verdict: await tryMutant(order.task) }
}

/** Runs everything on the reference itself, and counts. */
async function surveyAll(): Promise<Survey> {
  await loading
  const loaded = Object.keys(board.mutantCoverage?.static ?? {})
  const baselines: Baseline[] = []
  for (const [number, execution] of executions.entries()) {
    board.currentTestId = String(number)
    const { broken, steps, exercised } = execution.run(await open(execution.variant), 5_000_000)
    if (broken !== null) throw new Error(`${execution.name} finds ${broken} at the reference itself`)
    const hits = board.mutantCoverage?.perTest[number] ?? {}
    baselines.push({ name: execution.name, variant: execution.variant, steps, exercised, hits })
    await alive()
  }
  return { baselines, loaded }
}

async function tryMutant({ mutant, trials, besides }: Task): Promise<Verdict> {
  board.activeMutant = mutant
  const exercised = new Map<Variant, Map<string, number>>()
  for (const { number, hits, steps } of trials) {
    const execution = executions[number]!
    const { name, variant } = execution
    board.hitCount = 0
    board.hitLimit = leeway * (hits + 1000)
    const result = await attempt(execution, leeway * (steps + 100))
    if (result === null) return { broken: 'no answer', by: name }
    if (result.broken !== null) return { broken: result.broken, by: name }
    if (!exercised.has(variant)) exercised.set(variant, new Map(Object.entries(besides[variant])))
    const sums = exercised.get(variant)!
    for (const [slug, count] of Object.entries(result.exercised)) sums.set(slug, (sums.get(slug) ?? 0) + count)
    await alive()
  }
  for (const [variant, sums] of exercised) {
    const slug = untested(await open(variant), sums)
    if (slug !== null) return { broken: slug, by: `all runs, ${variant}` }
  }
  return { broken: null, by: '' }
}

/** Null if the mutant cannot even be started, or says of itself what nothing can be done with. */
async function attempt(execution: Execution, steps: number): Promise<ReturnType<Execution['run']> | null> {
  try {
    return execution.run(await open(execution.variant), steps)
  } catch {
    return null
  }
}

/** @throws TypeError if the mutant makes no implementation at all */
async function open(variant: Variant): Promise<Implementation> {
  const { createReference } = await loading
  const implementation: Implementation | undefined = createReference({ configuration: variant })
  if (implementation === undefined) throw new TypeError('no implementation')
  return implementation
}

/** Lets messages pass. */
async function alive(): Promise<void> {
  tell({ type: 'alive' })
  await new Promise(setImmediate)
}
