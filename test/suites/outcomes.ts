/** From sums over runs to a verdict per requirement. */
import type { KnownFailure, Outcome, Verdict } from '../../traces/report.ts'
import { suggestion } from '../../traces/input-error.ts'
import type { AnyHello, SurfaceName } from '../../traces/surface.ts'
import type { Profile, Requirement } from './spec.ts'
import { suiteOf } from './surfaces.ts'
import type { Tally } from './tally.ts'

/** What an implementation must offer before a profile can be put to the test. */
interface Need {
  readonly operation?: string
  readonly capability?: string
}

const needs: Readonly<Record<string, Need>> = {
  'raft-persistence': { capability: 'disk' },
  'raft-transfer': { operation: 'transfer' },
  'raft-membership': { operation: 'change-membership' },
  'raft-membership-joint': { operation: 'change-membership' },
  'raft-config-on-append': { operation: 'change-membership' },
  'raft-config-on-apply': { operation: 'change-membership' },
  'raft-learners': { operation: 'change-membership' },
  'raft-snapshot': { operation: 'compact' },
  'raft-read-index': { operation: 'read' },
  'ipam-swarm': { capability: 'disk' },
  'raft-read-lease': { operation: 'read' },
}

const withoutCapability: Readonly<Record<string, string>> = { disk: 'has no disk that can crash' }

/** What the implementation lacks to be tested for a profile, in a few words; empty if nothing. */
function lack({ operations, capabilities }: AnyHello, profile: string): string {
  const { operation, capability } = needs[profile] ?? {}
  const has = capabilities as unknown as Readonly<Record<string, boolean>>
  if (capability !== undefined && !has[capability]!) return withoutCapability[capability]!
  const offered: readonly string[] = operations
  return operation !== undefined && !offered.includes(operation) ? `does not offer operation ${operation}` : ''
}

/** The verdict on each of the requirements, without counterexamples. */
export function outcomesOf(
  requirements: readonly Requirement[],
  hello: AnyHello,
  tally: Tally,
  known: readonly KnownFailure[],
): Outcome[] {
  return requirements.map((requirement) => {
    const { slug, level, profile, sentence, source } = requirement
    const { verdict, reason } = judge(requirement, hello, tally)
    return {
      requirement: slug,
      level,
      profile,
      sentence,
      source,
      claimed: hello.profiles.includes(profile),
      verdict,
      exercised: tally.exercised.get(slug) ?? 0,
      reason,
      replay: '',
      counterexample: null,
      known: known.find((failure) => failure.requirement === slug) ?? null,
    }
  })
}

function judge({ slug, profile }: Requirement, hello: AnyHello, tally: Tally): { verdict: Verdict; reason: string } {
  if (!hello.profiles.includes(profile)) {
    return { verdict: 'unsupported', reason: 'not claimed' }
  }
  const finding = tally.findings.get(slug)
  if (finding !== undefined) {
    const { text } = finding.violation
    const runs = tally.failures.get(slug)!
    return { verdict: 'fail', reason: `${text.split('\n')[0]} (${runs} of ${tally.scenarios} runs)` }
  }
  if ((tally.exercised.get(slug) ?? 0) > 0) return { verdict: 'pass', reason: '' }
  const missing = lack(hello, profile)
  if (missing !== '') return { verdict: 'unsupported', reason: missing }
  if (tally.errors.length > 0) return { verdict: 'error', reason: 'the adapter failed before it was put to the test' }
  return { verdict: 'inconclusive', reason: `${tally.scenarios} runs never put it to the test` }
}

/** Profiles that exclude each other. */
const exclusive = [['raft-config-on-append', 'raft-config-on-apply']] as const

/** What contradicts itself, or SPEC.md, in the profiles that an implementation claims: a line each. */
export function claimProblems({ surfaces, profiles }: AnyHello, known: readonly Profile[]): string[] {
  const names = known.map(({ name }) => name)
  return [
    ...profiles
      .filter((profile) => !names.includes(profile))
      .map((profile) => `claims profile '${profile}', which does not exist${suggestion(profile, names)}`),
    ...surfaces
      .map((surface) => suiteOf<SurfaceName>(surface).base)
      .filter((base) => !profiles.includes(base))
      .map((base) => `claims no profile '${base}', the base of all others`),
    ...exclusive
      .filter(([one, other]) => profiles.includes(one) && profiles.includes(other))
      .map(([one, other]) => `claims '${one}' and '${other}', which exclude each other`),
  ]
}
