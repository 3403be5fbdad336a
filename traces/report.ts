/** Reports: what a suite found, for people, for programs, and for the pages that show the results of builds. */
import { match } from 'ts-pattern'
import { githubReport } from './report/github.ts'
import { htmlReport } from './report/html.ts'
import { jsonReport } from './report/json.ts'
import { junitReport } from './report/junit.ts'
import { prettyReport, type PrettyOptions } from './report/pretty.ts'
import type { Report, ShownCounterexample } from './report/verdict.ts'
import { showEvents, showStates, storyOf, type Counterexample } from './show.ts'
import { printScenario } from './text.ts'

export { combineReports, mergeReports, readKnownFailures, readReport, reportJsonSchema } from './report/json.ts'
export {
  createProgress,
  summaryOf,
  tallyOf,
  type PrettyOptions,
  type ProgressStream,
  type SuiteSummary,
} from './report/pretty.ts'
export { binding, conclusion, exitCode } from './report/verdict.ts'
export type { Counts, KnownFailure, Level, Outcome, Report, ShownCounterexample, Verdict } from './report/verdict.ts'
export { drawLanes } from './show/lanes.ts'

export const reporters = ['pretty', 'json', 'junit', 'github', 'html'] as const
export type Reporter = (typeof reporters)[number]

/** Name of the file that a reporter writes into a directory of results. */
export const reportFiles: Readonly<Record<Reporter, string>> = {
  pretty: 'report.txt',
  json: 'report.json',
  junit: 'report.xml',
  github: 'report.github.txt',
  html: 'report.html',
}

/** The report in the form of a reporter. */
export function renderReport(report: Report, reporter: Reporter, options: PrettyOptions = {}): string {
  return match(reporter)
    .with('pretty', () => prettyReport(report, options))
    .with('json', () => jsonReport(report))
    .with('junit', () => junitReport(report))
    .with('github', () => githubReport(report))
    .with('html', () => htmlReport(report))
    .exhaustive()
}

/** What a report keeps of a counterexample. */
export function shownCounterexample(
  counterexample: Counterexample,
  search: Pick<ShownCounterexample, 'found' | 'shrunk' | 'reproduced' | 'trace'>,
): ShownCounterexample {
  const { violation, trace } = counterexample
  return {
    text: violation.text,
    allowed: violation.allowed,
    node: violation.node,
    scenario: printScenario(trace.scenario),
    steps: trace.scenario.steps.length,
    story: storyOf(counterexample),
    log: showEvents(counterexample),
    states: showStates(counterexample),
    ...search,
  }
}
