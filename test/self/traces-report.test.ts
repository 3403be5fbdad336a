import { describe, expect, test } from 'vitest'
import { InputError } from '../../traces/input-error.ts'
import {
  createProgress,
  exitCode,
  mergeReports,
  readKnownFailures,
  readReport,
  renderReport,
  reporters,
  shownCounterexample,
  reportJsonSchema,
  summaryOf,
  type Outcome,
  type Report,
} from '../../traces/report.ts'
import { sampleTrace } from './traces-sample.ts'

const counterexample = shownCounterexample(
  { trace: sampleTrace, violation: sampleTrace.violation!, event: 8 },
  {
    found: 'schedule 7',
    shrunk: { executions: 212, complete: true },
    reproduced: { failures: 1, tries: 1 },
    trace: 'one-vote-per-term.trace.jsonl',
  },
)

function outcome(parts: Partial<Outcome>): Outcome {
  return {
    requirement: 'raft/one-vote-per-term',
    level: 'MUST',
    profile: 'raft-core',
    sentence: 'A member votes for at most one candidate in a term.',
    source: 'Raft §5.2',
    claimed: true,
    verdict: 'pass',
    exercised: 1234,
    reason: '',
    replay: '',
    counterexample: null,
    known: null,
    ...parts,
  }
}

function reportOf(outcomes: readonly Outcome[], parts: Partial<Report> = {}): Report {
  return {
    format: 'swarmcheck-report',
    version: 1,
    swarmcheck: '0.1.0',
    implementation: sampleTrace.meta.implementation,
    spec: 1,
    command: null,
    suite: 'raft',
    seed: 1,
    shard: null,
    strict: false,
    runs: { scenarios: 1200, steps: 3_400_000, deliveries: 900_000, simulated: 1_800_000 },
    outcomes,
    coverage: {
      transitions: { 'follower → candidate': 12, 'leader → follower': 0 },
      situations: { 'two-leaders': 1, 'removed n1': 0 },
      faults: { loss: 5, crash: 2 },
      outside: { duplicate: 3 },
      skipped: { restart: 1 },
      deliveries: { 'append-entries': 9000 },
      operations: { propose: 100 },
      results: { ok: 90, unknown: 10 },
      searches: [{ name: 'election', states: 24_345, exhausted: true }],
    },
    errors: [],
    notes: [],
    interrupted: false,
    rerun: 'run it',
    ...parts,
  }
}

const failure = outcome({ verdict: 'fail', replay: 'swarmcheck replay x', counterexample })
const known = { requirement: 'raft/one-vote-per-term', reason: 'fixed in 2.0', link: 'https://example.org/1' }
const full = reportOf([
  failure,
  outcome({ requirement: 'raft/log-matching' }),
  outcome({ requirement: 'raft/linearizable', verdict: 'inconclusive', exercised: 0 }),
  outcome({
    requirement: 'raft/pre-vote-changes-nothing',
    profile: 'raft-pre-vote',
    claimed: false,
    verdict: 'unsupported',
    reason: 'no pre-vote',
    exercised: 0,
  }),
  outcome({ requirement: 'raft/survives', known: { ...known, requirement: 'raft/survives' } }),
])

describe('the exit code', () => {
  test.each<[string, Report, number]>([
    ['all pass', reportOf([outcome({})]), 0],
    ['a MUST fails', full, 1],
    ['a failure beats an error', reportOf([failure], { errors: ['died'] }), 1],
    ['a known failure', reportOf([{ ...failure, known }]), 0],
    ['a SHOULD fails', reportOf([{ ...failure, level: 'SHOULD' }]), 0],
    ['a SHOULD fails, strict', reportOf([{ ...failure, level: 'SHOULD' }], { strict: true }), 1],
    ['a MAY fails, strict', reportOf([{ ...failure, level: 'MAY' }], { strict: true }), 0],
    ['what is not claimed fails', reportOf([{ ...failure, claimed: false }]), 0],
    ['the adapter failed', reportOf([outcome({})], { errors: ['died'] }), 3],
    ['an error beats inconclusive', reportOf([outcome({ verdict: 'error' }), outcome({ verdict: 'inconclusive' })]), 3],
    ['interrupted', reportOf([outcome({})], { interrupted: true }), 3],
    ['a MUST was not tested', reportOf([outcome({ verdict: 'inconclusive' })]), 2],
    ['a claimed MUST is unsupported', reportOf([outcome({ verdict: 'unsupported' })]), 2],
    ['an unclaimed MUST is unsupported', reportOf([outcome({ verdict: 'unsupported', claimed: false })]), 0],
    ['a SHOULD was not tested', reportOf([outcome({ verdict: 'inconclusive', level: 'SHOULD' })]), 0],
  ])('when %s', (_, report, code) => {
    expect(exitCode(report)).toBe(code)
  })
})

/** Elements of a page that are not closed in their order. */
function unclosed(page: string): string[] {
  const open: string[] = []
  const body = page.replace(/<(script|style)>.*?<\/\1>/gs, '')
  for (const [, slash, name] of body.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*>/g)) {
    if (name === 'meta' || name === 'input' || ['line', 'rect', 'path'].includes(name!)) continue
    if (slash === '') open.push(name!)
    else if (open.at(-1) === name) open.pop()
    else open.push(`/${name}`)
  }
  return open
}

describe('reporters', () => {
  test('pretty: a verdict a requirement, coverage, counterexample, replay', () => {
    const text = renderReport(full, 'pretty')
    expect(text).toMatch(/✗ raft\/one-vote-per-term +MUST +1,234× +n3 voted for n1/)
    expect(text).toMatch(/\? raft\/linearizable +MUST +never put to the test/)
    expect(text).toContain('Not claimed, and so not judged\n  – raft-pre-vote  1 requirement\n')
    expect(text).not.toContain('raft/pre-vote-changes-nothing')
    expect(text).toContain('1 of 2 of the member model seen')
    expect(text).toContain('not seen      leader → follower')
    expect(text).toContain('situations    1 of 2 reached')
    expect(text).toContain('not reached   removed n1')
    expect(text).toContain('faults        loss 5, crash 2')
    expect(text).toContain('election: exhausted at 24,345 states')
    expect(text).toContain('found by "schedule 7", shrunk in 212 executions\n  again  swarmcheck replay x')
    expect(text).toContain('Known failures that pass now\n  raft/survives')
    expect(text).toContain('Without a verdict\n  raft/linearizable: never put to the test')
    expect(text).toContain(
      '1 fail, 1 inconclusive, 2 pass, 1 not claimed\nnot conformant: 1 requirement fails\nagain: r',
    )
    expect(text).not.toContain('\u001b')
    expect(renderReport(full, 'pretty', { colors: true })).toContain('\u001b[31m')
  })

  test('json: read back, same bytes, a published schema', async () => {
    const text = renderReport(full, 'json')
    expect(readReport(text)).toEqual(full)
    expect(renderReport(readReport(text), 'json')).toBe(text)
    const schema = `${JSON.stringify(reportJsonSchema(), null, 2)}\n`
    await expect(schema).toMatchFileSnapshot('../../traces/report/report.schema.json')
    expect(() => readReport('{"format":"x"}', 'r')).toThrow('r: not a report')
    expect(() => readReport('{"format":"swarmcheck-report","version":9}', 'r')).toThrow('r: unsupported version')
    expect(() => readReport(text.slice(0, 500), 'r')).toThrow(InputError)
    expect(() => readReport(text.replace('"verdict": "fail"', '"verdict": "maybe"'), 'r')).toThrow(
      'r: outcomes[0].verdict: ',
    )
    const stranger = { ...counterexample, story: { ...counterexample.story, nodes: ['n9'] } }
    expect(() => readReport(JSON.stringify(reportOf([{ ...failure, counterexample: stranger }])), 'r')).toThrow(
      'r: outcomes[0].counterexample.story: unknown node',
    )
  })

  test('junit: counts and kinds', () => {
    const text = renderReport(
      reportOf([...full.outcomes, outcome({ requirement: 'raft/e', verdict: 'error' })]),
      'junit',
    )
    expect(text).toContain('<testsuites name="swarmcheck sample" tests="6" failures="1" errors="1" skipped="2">')
    expect(text).toContain('<testsuite name="raft-core" tests="5" failures="1" errors="1" skipped="1">')
    expect(text).toContain('<failure message="n3 voted for n1 and then for n2 in term 2" type="MUST">')
    expect(text).toContain('<skipped message="inconclusive: never put to the test"/>')
    expect(renderReport(reportOf([{ ...failure, known }]), 'junit')).toContain('failures="0"')
  })

  test('github: commands, one a line', () => {
    const text = renderReport(full, 'github')
    expect(text).toContain('::error title=raft/one-vote-per-term::fail (MUST): A member votes')
    expect(text).toContain('%0Aagain: swarmcheck replay x')
    expect(text).toContain('::warning title=raft/linearizable::inconclusive')
    expect(text).toContain('::warning title=raft/survives::passes, but was known to fail')
    expect(
      text
        .trimEnd()
        .split('\n')
        .every((line) => line.startsWith('::')),
    ).toBe(true)
  })

  test('html: stands alone', () => {
    const text = renderReport(full, 'html')
    expect(text).not.toMatch(/src=|<link|@import|url\(/)
    expect(text).toContain('<a rel="noreferrer" href="https://example.org/1">')
    expect(text).toContain('<p class="conclusion fail">not conformant: 1 requirement fails</p>')
    expect(text).toContain('<td class="fail">✗ fail</td>')
    expect(text).toContain('<a href="#failure-1"><code>raft/one-vote-per-term</code></a>')
    expect(text).toContain('<details class="card" id="failure-1" open>')
    expect(text).toContain('<details class="profile">\n<summary><b class="soft">raft-pre-vote</b>')
    expect(text).toContain('The scenario, 3 steps')
    expect(renderReport(reportOf([outcome({})]), 'html')).toContain('<details class="profile">\n<summary><b>raft-core')
    expect(text).toContain('sequenceDiagram')
    expect(text).toMatch(/<svg class="story".*✗.*<\/svg>/s)
    expect(text.match(/<tr data-verdict/g)).toHaveLength(5)
    expect(unclosed(text)).toEqual([])
  })

  test.each(reporters)('%s: obeys nothing that strangers wrote', (reporter) => {
    const evil = `\u001b[31m</pre></script><script>alert(1)</script>"'&\r\n::error::forged ]]>\u202e\u0000`
    const shown = {
      ...counterexample,
      text: evil,
      allowed: evil,
      scenario: evil,
      story: {
        nodes: ['n1', evil],
        rows: [
          { row: 'message', now: 1, from: evil, to: 'n1', text: evil, sent: 0, lost: evil },
          { row: 'note', now: 1, node: evil, text: evil, tone: 'plain' },
          { row: 'fault', now: 2, text: evil },
        ],
        omitted: 1,
      } as const,
      log: evil,
      states: evil,
      found: evil,
    }
    const report = reportOf(
      [
        {
          ...failure,
          requirement: evil,
          sentence: evil,
          source: evil,
          profile: evil,
          replay: evil,
          counterexample: shown,
        },
        { ...failure, requirement: 'x', reason: evil, known: { requirement: 'x', reason: evil, link: evil } },
      ],
      {
        errors: [evil],
        notes: [evil],
        suite: evil,
        coverage: { ...full.coverage, transitions: { [evil]: 1 }, faults: { [evil]: 1 } },
      },
    )
    const text = renderReport(report, reporter)
    expect(text).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/)
    if (reporter === 'html' || reporter === 'junit') expect(text).not.toContain('<script>alert')
    if (reporter === 'html') expect(text).not.toContain('\u202e')
    if (reporter === 'github') expect(text.match(/^::/gm)).toHaveLength(text.trimEnd().split('\n').length)
    if (reporter === 'github') expect(text).not.toMatch(/^::error::forged/m)
    if (reporter === 'json') expect(readReport(text)).toEqual(report)
  })
})

describe('shards', () => {
  const shard = (index: number, outcomes: readonly Outcome[], parts: Partial<Report> = {}) => ({
    file: `${index}.json`,
    report: reportOf(outcomes, { shard: { index, of: 2 }, ...parts }),
  })

  test('merge into the report of the whole', () => {
    const merged = mergeReports([
      shard(2, [outcome({ exercised: 2 }), outcome({ requirement: 'b', verdict: 'inconclusive', exercised: 0 })]),
      shard(1, [failure, outcome({ requirement: 'b', exercised: 5 })]),
    ])
    expect(merged.shard).toBeNull()
    expect(merged.outcomes).toEqual([{ ...failure, exercised: 1236 }, outcome({ requirement: 'b', exercised: 5 })])
    expect(merged.runs.scenarios).toBe(2400)
    expect(merged.coverage.transitions).toEqual({ 'follower → candidate': 24, 'leader → follower': 0 })
    expect(exitCode(merged)).toBe(1)
  })

  test('that do not belong together are refused', () => {
    expect(() => mergeReports([shard(1, [])])).toThrow('merge: shards 2/2 are missing')
    expect(() => mergeReports([shard(1, []), shard(1, [])])).toThrow('1.json: the same shard as 1.json')
    expect(() => mergeReports([shard(1, []), shard(2, [], { seed: 9 })])).toThrow('2.json: of another run than 1.json')
    expect(() => mergeReports([])).toThrow('merge: no reports')
  })
})

describe('known failures', () => {
  const slugs = ['raft/log-matching', 'raft/linearizable']

  test('are a list with reasons', () => {
    const list = [{ requirement: 'raft/linearizable', reason: 'r', link: 'l' }]
    expect(readKnownFailures(JSON.stringify(list), 'k', slugs)).toEqual(list)
    expect(readKnownFailures('[]', 'k', slugs)).toEqual([])
  })

  test.each([
    ['[{"requirement":"raft/lineariazble","reason":"r","link":""}]', "did you mean 'raft/linearizable'?"],
    ['[{"requirement":"raft/linearizable","link":""}]', 'known[0].reason: '],
    ['[', 'k: '],
    ['null', 'k: a JSON object was expected'],
  ])('that are wrong are refused: %s', (content, message) => {
    expect(() => readKnownFailures(content, 'k', slugs)).toThrow(InputError)
    expect(() => readKnownFailures(content, 'k', slugs)).toThrow(message)
  })
})

test('progress is drawn on terminals and silent in pipes', () => {
  const written: string[] = []
  const write = (text: string) => written.push(text)
  const silent = createProgress({ write, isTTY: false })
  silent.update(1, 2, 'x', 0)
  silent.clear()
  expect(written).toEqual([])
  const progress = createProgress({ write, isTTY: true, columns: 80 })
  progress.update(1, 2, 'raft/\u001b[2Jx', 1)
  progress.update(1, 2, 'raft/\u001b[2Jx', 1)
  progress.clear()
  expect(written).toEqual(['\r\u001b[2K██████████░░░░░░░░░░  50 %  1 failed  raft/\\x1b[2Jx', '\r\u001b[2K'])
})

test('what became of several suites is told in a line each, and in the last what is not conformant', () => {
  const passes = { suite: 'raft', code: 0, text: '135 pass' }
  const fails = { suite: 'networkdb', code: 1, text: '1 fail, 59 pass' }
  const failed = { suite: 'wire', code: 3, text: 'cannot start on loopback:\u001b[31m' }
  expect(summaryOf([passes])).toEqual(['Suites', '  ✓ raft  135 pass', '', 'all conformant'])
  expect(summaryOf([passes, fails, failed])).toEqual([
    'Suites',
    '  ✓ raft       135 pass',
    '  ✗ networkdb  1 fail, 59 pass',
    '  ! wire       cannot start on loopback:\\x1b[31m',
    '',
    'networkdb: not conformant; wire: failed',
  ])
})
