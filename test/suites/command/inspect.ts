/** Commands that run nothing on an implementation: `list`, `validate`, `report`, `explore`. */
import { InputError, escapeControl } from '../../../traces/input-error.ts'
import { createProgress, mergeReports, readReport } from '../../../traces/report.ts'
import { grouped } from '../../../traces/report/verdict.ts'
import { explore, systemModels } from '../../../models/systems.ts'
import { readCorpus } from '../scenarios.ts'
import { loadSpec } from '../spec.ts'
import { suiteOf } from '../surfaces.ts'
import { readInput, readRunnable } from './files.ts'
import { integerOf, isSurface, oneOf, suites, type SuiteName } from './options.ts'
import { writeReport, type RunOptions } from './run.ts'
import { judgeAgain } from './scenario.ts'
import { exits, UsageError, type Terminal } from './terminal.ts'

export const lists = ['suites', 'profiles', 'requirements', 'scenarios', 'models'] as const
export type List = (typeof lists)[number]

const otherTexts = {
  adapter: 'the adapter itself: whether it keeps to the protocol',
  wire: 'a process that speaks the wire format of memberlist, against members that are played over real sockets',
  plugin: 'the protocol of plugins for addresses: a plugin from outside, and whoever calls one',
  engine: 'a Docker Engine that is started in a network of its own: its addresses, names and plugins',
} as const

function textOf(suite: SuiteName): string {
  return isSurface(suite) ? suiteOf(suite).text : otherTexts[suite]
}

/** Lines of two columns. */
function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length))
  return rows.map(([name, text]) => `${name.padEnd(width)}  ${text}\n`).join('')
}

export function list(what: List, { profile }: { readonly profile?: readonly string[] }, { out }: Terminal): number {
  const { profiles, requirements } = loadSpec()
  const rows: Readonly<Record<List, () => (readonly [string, string])[]>> = {
    suites: () => suites.map((suite) => [suite, textOf(suite)]),
    profiles: () => profiles.map(({ name, summary }) => [name, summary]),
    requirements: () =>
      requirements
        .filter((requirement) => profile === undefined || profile.includes(requirement.profile))
        .map(({ slug, level, sentence }) => [slug, `${level.padEnd(6)}  ${sentence}`]),
    scenarios: () => readCorpus().map(({ name, steps }) => [name, `${steps.length} steps`]),
    models: () =>
      systemModels.map(({ name, description, parameters }) => [
        name,
        `${description} Parameters: ${parameters.map((each) => `${each.name}=${each.default}`).join(' ')}`,
      ]),
  }
  out.write(columns(rows[what]()))
  return exits.conformant
}

/** `validate FILE…`: whether files are what they seem, a line each. */
export function validate(files: readonly string[], { out, err }: Terminal): number {
  let invalid = 0
  for (const file of files) {
    try {
      out.write(`${escapeControl(file)}: ${kindOf(file)}\n`)
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      invalid++
      err.write(`${error.message}\n`)
    }
  }
  return invalid === 0 ? exits.conformant : exits.failed
}

function kindOf(file: string): string {
  const text = readInput(file).toString('utf8')
  if (/^\s*\{\s*"format"\s*:\s*"swarmcheck-report"/.test(text.slice(0, 200))) {
    return `a report of ${readReport(text, file).outcomes.length} requirements`
  }
  const { scenario, trace } = readRunnable(file)
  if (trace === null) return `a scenario of ${scenario.steps.length} steps`
  const { violation } = judge(file, () => judgeAgain(trace))
  const was = trace.violation?.requirement ?? 'nothing'
  const is = violation?.requirement ?? 'nothing'
  const verdict = was === is ? `judged again, the same is broken: ${is}` : `it broke ${was}; judged again: ${is}`
  return `a trace of ${grouped(trace.events.length)} events; ${escapeControl(verdict)}`
}

/** A trace that no run can have written is refused as other bad input is. */
function judge<Result>(file: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw new InputError({ file, line: 0, column: 0 }, (error as Error).message)
  }
}

/** `report FILE…`: reports of shards as one. */
export function mergeFiles(
  files: readonly string[],
  options: Pick<RunOptions, 'reporter' | 'out'>,
  terminal: Terminal,
): number {
  const reports = files.map((file) => ({ file, report: readReport(readInput(file).toString('utf8'), file) }))
  return writeReport(mergeReports(reports), options, terminal)
}

export interface ExploreOptions {
  readonly states?: number
  readonly depth?: number
}

/** `explore MODEL [name=value…]`: searches a system model, and says how far it came. */
export function exploreSystem(
  name: string,
  settings: readonly string[],
  options: ExploreOptions,
  { out, err }: Terminal,
): number {
  const model = systemModels.find((each) => each.name === oneOf('model', modelNames(), name))!
  const parameters = Object.fromEntries(
    settings.map((setting) => {
      const [key = '', value = ''] = setting.split('=', 2)
      const { least, most } = model.parameters.find(
        (parameter) => parameter.name === oneOf(`parameter of ${name}`, parameterNames(model), key),
      )!
      return [key, integerOf(key, least, most)(value)]
    }),
  )
  const progress = createProgress(err)
  const result = explore(name, parameters, options, ({ distinct, queued }) =>
    progress.update(distinct, distinct + queued, `${grouped(distinct)} states`, 0),
  )
  progress.clear()
  const how = result.outcome === 'exhausted' ? 'every reachable state was visited' : `the search was ${result.outcome}`
  out.write(
    `${result.model}: ${how}: ${grouped(result.distinct)} states, ${grouped(result.generated)} generated, depth ${result.depth}\n`,
  )
  for (const { kind, name: property, verdict, path } of result.properties) {
    out.write(`  ${kind.padEnd(9)}  ${verdict.padEnd(11)}  ${property}\n`)
    if (path === null) continue
    for (const [index, { description, state }] of path.entries()) {
      out.write(`    ${String(index).padStart(3)}  ${description}${verdict === 'violated' ? `  →  ${state}` : ''}\n`)
    }
  }
  if (result.outcome === 'violated') return exits.notConformant
  return result.properties.some(({ verdict }) => verdict === 'unknown') ? exits.inconclusive : exits.conformant
}

function modelNames(): string[] {
  return systemModels.map(({ name }) => name)
}

function parameterNames({ parameters }: (typeof systemModels)[number]): string[] {
  if (parameters.length === 0) throw new UsageError('this model has no parameters')
  return parameters.map(({ name }) => name)
}
