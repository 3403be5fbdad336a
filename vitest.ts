/**
 * The suite in your own vitest: a test per requirement.
 *
 * ```ts
 * import { adapter } from 'swarmcheck'
 * import { defineConformance } from 'swarmcheck/vitest'
 *
 * defineConformance(adapter('./my-adapter'), { budget: 300 })
 * ```
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { checkConformance, type SuiteOptions } from './test/suites/suite.ts'
import { loadSpec, surfaceOf } from './test/suites/spec.ts'
import type { AnyImplementation, Target } from './test/suites/target.ts'
import { binding, drawLanes, type Outcome, type Report } from './traces/report.ts'
import { surfaceOfHello } from './traces/surfaces.ts'

export interface ConformanceOptions extends Omit<SuiteOptions, 'signal' | 'onProgress' | 'place' | 'command'> {
  /** What becomes of a requirement that no run put to the test. Default: it fails if it counts for conformance. */
  readonly inconclusive?: 'fail' | 'skip'
  /** Milliseconds for the whole suite. Default 120,000. */
  readonly timeout?: number
}

/**
 * Registers a test per requirement, in a `describe` per profile. The suite runs once, before the first of them.
 * Requirements of profiles that are not claimed are skipped, with the reason. An adapter is taken for one of Raft
 * unless it says otherwise: `adapter('./my-adapter', { surface: 'swim' })`.
 */
export function defineConformance(subject: AnyImplementation | Target, options: ConformanceOptions = {}): void {
  const { inconclusive = 'fail', timeout = 120_000, ...suite } = options
  const given: Target = 'kind' in subject ? subject : { kind: 'in-process', implementation: subject }
  // Tests are registered before an adapter has said what it offers.
  const target: Target = given.kind === 'adapter' ? { ...given, surface: given.surface ?? ('raft' as const) } : given
  const surface = surfaceOfTarget(target)
  const { requirements, profiles } = loadSpec()
  const selected = requirements.filter(
    ({ slug, profile, until }) =>
      surfaceOf(slug) === surface &&
      until === null &&
      (suite.profiles?.includes(profile) ?? true) &&
      (suite.requirements?.includes(slug) ?? true),
  )
  describe('conformance', () => {
    let report: Report
    beforeAll(async () => {
      ;({ report } = await checkConformance(target, suite))
    }, timeout)

    test('the adapter keeps to the protocol', () => {
      expect(report.errors).toEqual([])
    })
    for (const { name } of profiles) {
      const entries = selected.filter(({ profile }) => profile === name)
      if (entries.length === 0) continue
      describe(name, () => {
        for (const { slug, level, sentence } of entries) {
          test(`${slug} (${level}): ${sentence}`, ({ skip }) => {
            const outcome = report.outcomes.find(({ requirement }) => requirement === slug)!
            const reason = skipReason(outcome, report.strict, inconclusive)
            if (reason !== null) skip(reason)
            if (outcome.verdict !== 'pass') throw new Error(messageOf(outcome))
          })
        }
      })
    }
  })
}

function surfaceOfTarget(target: Target): string {
  switch (target.kind) {
    case 'in-process':
      return surfaceOfHello(target.implementation.hello)
    case 'adapter':
      return target.surface!
    case 'plugin':
      return 'ipam'
  }
}

/** Why a requirement decides nothing; null if it does. */
function skipReason(outcome: Outcome, strict: boolean, inconclusive: 'fail' | 'skip'): string | null {
  const { verdict, claimed, reason, known } = outcome
  if (verdict === 'pass') return null
  if (!claimed) return reason
  if (known !== null) return `known: ${known.reason} ${known.link}`
  if (!binding(outcome, strict)) return `${verdict}: ${reason}`
  return verdict === 'inconclusive' && inconclusive === 'skip' ? reason : null
}

function messageOf({ verdict, reason, sentence, counterexample }: Outcome): string {
  if (counterexample === null) return `${verdict}: ${reason}`
  const { text, allowed, story, scenario } = counterexample
  return [sentence, '', text, `allowed: ${allowed}`, '', ...drawLanes(story), '', scenario].join('\n')
}
