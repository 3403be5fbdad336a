/** The check of an adapter as a report, like that of every other suite. */
import { AdapterError, spawnAdapter, type SpawnOptions } from '../../../impl/contract/stdio.ts'
import type { Outcome, Report } from '../../../traces/report.ts'
import { checkAdapter } from './check.ts'
import { packageVersion } from '../package-files.ts'
import type { SuiteOptions } from '../suite.ts'
import { loadSpec, specVersion, surfaceOf } from '../spec.ts'

/**
 * Checks whether an adapter keeps the protocol. Everything that it does wrong is in the report.
 * @throws AdapterError if the command cannot be started at all
 */
export async function runAdapterSuite(
  words: readonly string[],
  adapterOptions: SpawnOptions,
  { strict = false, requirements, known = [], command = null, signal, onProgress }: SuiteOptions = {},
): Promise<Report> {
  await tryToStart(words, adapterOptions)
  const { hello, findings } = await checkAdapter(words, {
    ...adapterOptions,
    ...(requirements === undefined ? {} : { requirements }),
    signal,
    onCheck: (done, total, label) => onProgress?.({ done, total, label, failures: 0 }),
  })
  const entries = loadSpec().requirements.filter(
    ({ slug }) => surfaceOf(slug) === 'adapter' && (requirements?.includes(slug) ?? true),
  )
  const outcomes = entries.map(({ slug, level, profile, sentence, source }): Outcome => {
    const finding = findings.find(({ requirement }) => requirement === slug)
    return {
      requirement: slug,
      level,
      profile,
      sentence,
      source,
      // What the hello does not claim is not demanded.
      claimed: finding?.verdict !== 'unsupported',
      verdict: finding?.verdict ?? 'inconclusive',
      exercised: finding?.verdict === 'pass' || finding?.verdict === 'fail' ? 1 : 0,
      reason: finding?.reason ?? '',
      replay: '',
      counterexample: null,
      known: known.find(({ requirement }) => requirement === slug) ?? null,
    }
  })
  return {
    format: 'swarmcheck-report',
    version: 1,
    swarmcheck: packageVersion,
    spec: specVersion,
    implementation: hello,
    command,
    suite: 'adapter',
    seed: 1,
    shard: null,
    strict,
    runs: { scenarios: 0, steps: 0, deliveries: 0, simulated: 0 },
    outcomes,
    coverage: {
      transitions: {},
      situations: {},
      faults: {},
      outside: {},
      skipped: {},
      deliveries: {},
      operations: {},
      results: {},
      searches: [],
    },
    errors: [],
    notes: [],
    interrupted: signal?.aborted === true,
  }
}

/** A command that does not exist is a mistake of whoever typed it, not a finding. */
async function tryToStart(words: readonly string[], options: SpawnOptions): Promise<void> {
  try {
    await (await spawnAdapter(words, options)).close()
  } catch (error) {
    if (error instanceof AdapterError && error.kind === 'start') throw error
  }
}
