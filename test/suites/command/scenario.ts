/** Commands about one scenario or trace: run it, replay it, shrink it, show it. */
import { AdapterError } from '../../../impl/contract/adapter-error.ts'
import type { Violation } from '../../../properties/judge.ts'
import { writeTrace, type Trace } from '../../../traces/format.ts'
import { escapeControl } from '../../../traces/input-error.ts'
import { rejudge } from '../../../traces/rejudge.ts'
import { createProgress } from '../../../traces/report.ts'
import { grouped } from '../../../traces/report/verdict.ts'
import { nondeterministic } from '../../../traces/shrink.ts'
import { show, showLog, showMermaid } from '../../../traces/show.ts'
import type { Scenario } from '../../../traces/scenario.ts'
import type { SurfaceName } from '../../../traces/surface.ts'
import { printScenario } from '../../../traces/text.ts'
import { onAbort } from '../abort.ts'
import { shrinkFinding } from '../counterexample.ts'
import { packageVersion } from '../package-files.ts'
import { deathViolation } from '../runs.ts'
import { loadSpec } from '../spec.ts'
import { variants, type AnyPath } from '../surfaces/form.ts'
import { suiteOf } from '../surfaces.ts'
import { createRunner, judgeFor, referenceOf, type Runner } from '../target.ts'
import { filesOf, readRunnable, writeFiles } from './files.ts'
import { targetOf, type TargetOptions } from './options.ts'
import { defaultFolder, replayCommand } from './run.ts'
import { exits, usesColors, UsageError, widthOf, type Terminal } from './terminal.ts'

/** One run of a scenario, and what it broke. */
interface Seen {
  readonly trace: Trace
  readonly violation: Violation | null
  readonly event: number
}

/** The member path that a scenario stands for, if it is one. @throws UsageError if only a run could plan it */
function pathOf({ hello }: Runner, scenario: Scenario): AnyPath | null {
  const path = suiteOf<SurfaceName>(scenario.surface).paths?.find(scenario, hello) ?? null
  if (path !== 'unplanned') return path
  throw new UsageError(
    `${escapeControl(scenario.name)} was planned by what an implementation did before; 'swarmcheck run' plans it again`,
  )
}

async function observe(runner: Runner, scenario: Scenario): Promise<Seen> {
  const { hello } = runner
  const trace = (events: Trace['events'], violation: Violation | null): Trace => ({
    meta: {
      format: 'swarmcheck-trace',
      version: 1,
      swarmcheck: packageVersion,
      implementation: hello,
      seed: null,
      requirement: violation?.requirement ?? null,
    },
    scenario,
    events,
    violation,
  })
  try {
    const path = pathOf(runner, scenario)
    const { events, violation, violationEvent } = await (path === null
      ? runner.run(scenario)
      : runner.runPath(path, {}))
    return { trace: trace(events, violation), violation, event: violationEvent }
  } catch (error) {
    if (!(error instanceof AdapterError) || !error.died) throw error
    const violation = deathViolation(error, scenario)
    return { trace: trace([], violation), violation, event: -1 }
  }
}

async function withRunner(
  { surface }: Scenario,
  options: Omit<TargetOptions, 'suite'>,
  { signal }: Terminal,
  work: (runner: Runner, flags: string) => Promise<number>,
): Promise<number> {
  if (surface !== 'raft' && options.reference !== undefined) {
    throw new UsageError(`a scenario of ${surface} runs on the reference of ${surface}, which has no variants`)
  }
  if (surface !== 'ipam' && options.plugin !== undefined) throw new UsageError('--plugin is for scenarios of ipam')
  const { target, flags } = targetOf({ ...options, suite: surface })
  const runner = await createRunner(target)
  const forget = onAbort(signal, () => void runner.close())
  try {
    return await work(runner, flags)
  } finally {
    forget()
    await runner.close()
  }
}

/** `run FILE`: one run, shown whole if it breaks something. */
export async function runFile(
  file: string,
  options: Omit<TargetOptions, 'suite'> & { readonly out?: string },
  terminal: Terminal,
): Promise<number> {
  const { scenario } = readRunnable(file)
  return withRunner(scenario, options, terminal, async (runner, flags) => {
    const seen = await observe(runner, scenario)
    if (options.out !== undefined) writeFiles(options.out, { 'run.trace.jsonl': writeTrace(seen.trace) })
    if (seen.violation === null) {
      const last = seen.trace.events.at(-1)
      const time = last !== undefined && 'now' in last ? last.now : 0
      terminal.out.write(
        `${name(scenario, file)}: nothing is broken in ${grouped(seen.trace.events.length)} events, ${time} ms, on ${who(runner)}\n`,
      )
      return exits.conformant
    }
    terminal.out.write(told(seen, terminal, replayCommand(file, flags)))
    return exits.notConformant
  })
}

/** `replay FILE`: does it still happen? */
export async function replay(
  file: string,
  options: Omit<TargetOptions, 'suite'> & { readonly times?: number },
  terminal: Terminal,
): Promise<number> {
  const { scenario, trace } = readRunnable(file)
  const wanted = trace?.violation?.requirement ?? trace?.meta.requirement ?? null
  return withRunner(scenario, options, terminal, async (runner, flags) => {
    const tries = options.times ?? (runner.hello.deterministic ? 1 : 2 * nondeterministic.tries)
    const seen: Seen[] = []
    for (let attempt = 0; attempt < tries && !terminal.signal.aborted; attempt++) {
      seen.push(await observe(runner, scenario))
    }
    const broken = seen.filter(({ violation }) => violation !== null)
    const same = broken.filter(({ violation }) => wanted === null || violation!.requirement === wanted)
    const first = same[0] ?? broken[0]
    const { out } = terminal
    if (first !== undefined) out.write(told(first, terminal, replayCommand(file, flags)))
    if (wanted !== null && same.length < broken.length) {
      const others = new Set(broken.map(({ violation }) => violation!.requirement).filter((slug) => slug !== wanted))
      out.write(
        `${broken.length - same.length} of ${tries} runs broke another requirement: ${[...others].join(', ')}\n`,
      )
    }
    const what = wanted ?? 'a requirement'
    out.write(`${who(runner)}: ${escapeControl(what)} is broken in ${same.length} of ${tries} runs\n`)
    return broken.length > 0 ? exits.notConformant : exits.conformant
  })
}

/** `shrink FILE`: the smallest scenario that breaks the same requirement. */
export async function shrinkFile(
  file: string,
  options: Omit<TargetOptions, 'suite'> & { readonly out?: string; readonly executions?: number },
  terminal: Terminal,
): Promise<number> {
  const { scenario, trace } = readRunnable(file)
  return withRunner(scenario, options, terminal, async (runner, flags) => {
    const seen = await observe(runner, scenario)
    const violation = seen.violation ?? trace?.violation ?? null
    if (violation === null) {
      terminal.out.write(`${name(scenario, file)}: breaks nothing on ${who(runner)}; there is nothing to shrink\n`)
      return exits.inconclusive
    }
    const limit = options.executions ?? 2000
    const progress = createProgress(terminal.err)
    let executions = 0
    const stop = (): boolean => {
      progress.update(executions++, limit, `shrinking a failure of ${violation.requirement}`, 0)
      return terminal.signal.aborted
    }
    const path = pathOf(runner, scenario)
    const finding = { number: 0, scenario, violation, events: seen.trace.events, violationEvent: seen.event, path }
    const counterexample = await shrinkFinding(runner, finding, trace?.meta.seed ?? null, { executions: limit, stop })
    progress.clear()
    const folder = options.out ?? defaultFolder
    const files = filesOf(counterexample)
    writeFiles(folder, files)
    const kept = `${folder}/${Object.keys(files).at(-1)}`
    terminal.out.write(told(counterexample, terminal, replayCommand(kept, flags)))
    const { shrunk, reproduced } = counterexample
    terminal.out.write(
      reproduced.failures === 0
        ? `it did not happen again in ${reproduced.tries} tries\n`
        : `from ${scenario.steps.length} to ${counterexample.trace.scenario.steps.length} steps in ${grouped(shrunk.executions)} executions${shrunk.complete ? '' : ' (not to the end)'}; written to ${kept}\n`,
    )
    return exits.notConformant
  })
}

export const showForms = ['terminal', 'mermaid', 'log', 'scenario'] as const
export type ShowForm = (typeof showForms)[number]

/** `show FILE`: a recorded trace, judged again, for a person. */
export function showFile(file: string, form: ShowForm, terminal: Terminal): number {
  const { scenario, trace } = readRunnable(file)
  const { out } = terminal
  if (form === 'scenario' || trace === null) {
    if (form !== 'scenario' && form !== 'terminal')
      throw new UsageError(`${file}: a scenario has no events; 'swarmcheck run ${file}' makes a trace of it`)
    out.write(printScenario(scenario))
    return exits.conformant
  }
  const { violation, event } = judgeAgain(trace)
  if (form === 'log') out.write(`${showLog(trace, violation === null ? -1 : event).join('\n')}\n`)
  else if (violation === null) {
    if (form === 'mermaid') throw new UsageError(`${file}: breaks nothing, so there is nothing to draw`)
    out.write(`${showLog(trace).join('\n')}\nnothing is broken\n`)
  } else if (form === 'mermaid') out.write(`${showMermaid({ trace, violation, event })}\n`)
  else out.write(told({ trace, violation, event }, terminal, replayCommand(file, flagsFor(trace))))
  return exits.conformant
}

/** What names a trace's implementation again: a reader must put in the command of an adapter. */
function flagsFor({ meta: { implementation } }: Trace): string {
  const variant = variants.find((each) => referenceOf('raft', each).hello.name === implementation?.name)
  return variant === undefined ? ' --adapter COMMAND' : targetOf({ reference: variant }).flags
}

/** What today's judge says of a trace. @throws Error if the trace makes no sense to it */
export function judgeAgain(trace: Trace): { readonly violation: Violation | null; readonly event: number } {
  const { implementation, requirement } = trace.meta
  if (implementation === null) return { violation: trace.violation, event: trace.events.length - 1 }
  const first = rejudge(trace, judgeFor(implementation))
  if (first.violation !== null || requirement === null) return first
  // What a SHOULD advises against ends no run by itself.
  return rejudge(trace, judgeFor(implementation, { against: requirement }))
}

function told({ trace, violation, event }: Seen, { out, env }: Terminal, replay: string): string {
  if (violation === null) return ''
  const requirement = loadSpec().requirements.find(({ slug }) => slug === violation.requirement)
  return show({ trace, violation, event, requirement, replay }, { colors: usesColors(out, env), width: widthOf(out) })
}

function who({ hello }: Runner): string {
  return escapeControl(`${hello.name} ${hello.version}`)
}

function name(scenario: Scenario, file: string): string {
  return escapeControl(scenario.name === '' ? file : scenario.name)
}
