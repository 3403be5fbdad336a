/** The report as JUnit XML: a suite a profile, a case a requirement. */
import { drawLanes } from '../show/lanes.ts'
import { remarkOf } from './pretty.ts'
import { byProfile, type Outcome, type Report } from './verdict.ts'

/** The XML document. What is inconclusive, unsupported or known to fail counts as skipped, with its reason. */
export function junitReport(report: Report): string {
  const name = report.implementation === null ? 'swarmcheck' : `swarmcheck ${report.implementation.name}`
  const count = (outcomes: readonly Outcome[], kind: string): number =>
    outcomes.filter((outcome) => kindOf(outcome) === kind).length
  const counts = (outcomes: readonly Outcome[]): string =>
    `tests="${outcomes.length}" failures="${count(outcomes, 'failure')}" errors="${count(outcomes, 'error')}" skipped="${count(outcomes, 'skipped')}"`
  const suites = [...byProfile(report.outcomes)].flatMap(([profile, outcomes]) => [
    `  <testsuite name="${escapeXml(profile)}" ${counts(outcomes)}>`,
    ...outcomes.flatMap(testCase),
    '  </testsuite>',
  ])
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${escapeXml(name)}" ${counts(report.outcomes)}>`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n')
}

function kindOf({ verdict, known }: Outcome): 'failure' | 'error' | 'skipped' | 'passed' {
  if (verdict === 'pass') return 'passed'
  if (verdict === 'fail') return known === null ? 'failure' : 'skipped'
  return verdict === 'error' ? 'error' : 'skipped'
}

function testCase(outcome: Outcome): string[] {
  const open = `    <testcase classname="${escapeXml(outcome.profile)}" name="${escapeXml(outcome.requirement)}"`
  const kind = kindOf(outcome)
  if (kind === 'passed') return [`${open}/>`]
  const message = escapeXml(`${outcome.verdict === 'fail' ? '' : `${outcome.verdict}: `}${remarkOf(outcome)}`)
  if (kind === 'skipped') return [`${open}>`, `      <skipped message="${message}"/>`, '    </testcase>']
  return [
    `${open}>`,
    `      <${kind} message="${message}" type="${escapeXml(outcome.level)}">${escapeXml(details(outcome))}</${kind}>`,
    '    </testcase>',
  ]
}

function details({ sentence, source, counterexample, replay }: Outcome): string {
  return [
    `${sentence} [${source}]`,
    ...(counterexample === null
      ? []
      : [
          counterexample.text,
          `allowed: ${counterexample.allowed}`,
          '',
          ...drawLanes(counterexample.story),
          '',
          counterexample.scenario,
        ]),
    ...(replay === '' ? [] : [`again: ${replay}`]),
  ].join('\n')
}

/** Escapes markup, and replaces what XML 1.0 cannot hold. */
export function escapeXml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|[\u007f-\u009f]/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => entities[character]!)
}
