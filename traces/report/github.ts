/** The report as workflow commands, which GitHub shows as annotations. */
import { remarkOf } from './pretty.ts'
import { binding, conclusion, exitCode, unexpectedPasses, type Outcome, type Report } from './verdict.ts'

/** One command a line: failures as errors, what is inconclusive and known as warnings and notices. */
export function githubReport(report: Report): string {
  const lines = report.outcomes.flatMap((outcome) => {
    const level = levelOf(outcome, report.strict)
    return level === null ? [] : [command(level, outcome.requirement, messageOf(outcome))]
  })
  for (const { requirement, known } of unexpectedPasses(report)) {
    lines.push(command('warning', requirement, `passes, but was known to fail: ${known!.reason} ${known!.link}`))
  }
  for (const error of report.errors) lines.push(command('error', 'adapter', error))
  lines.push(command(exitCode(report) === 0 ? 'notice' : 'error', 'swarmcheck', conclusion(report)))
  return `${lines.join('\n')}\n`
}

function levelOf(outcome: Outcome, strict: boolean): 'error' | 'warning' | 'notice' | null {
  const { verdict, known } = outcome
  if (verdict === 'pass') return null
  if (known !== null) return 'notice'
  const bound = binding(outcome, strict)
  if (verdict === 'fail' || verdict === 'error') return bound ? 'error' : 'warning'
  return bound ? 'warning' : null
}

function messageOf(outcome: Outcome): string {
  const { level, sentence, verdict, counterexample, replay } = outcome
  return [
    `${verdict} (${level}): ${sentence}`,
    remarkOf(outcome),
    ...(counterexample === null || counterexample.allowed === '' ? [] : [`allowed: ${counterexample.allowed}`]),
    ...(replay === '' ? [] : [`again: ${replay}`]),
  ]
    .filter((line) => line !== '')
    .join('\n')
}

function command(level: string, title: string, message: string): string {
  return `::${level} title=${escapeProperty(title)}::${escapeData(message)}`
}

function escapeData(text: string): string {
  return text
    .replace(/%/g, '%25')
    .replace(/\r/g, '%0D')
    .replace(/\n/g, '%0A')
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '\ufffd')
}

function escapeProperty(text: string): string {
  return escapeData(text).replace(/:/g, '%3A').replace(/,/g, '%2C')
}
