/** Runs a path through the member machine of whatever surface. */
import type { RunResult } from '../../traces/run.ts'
import type { Surface } from '../../traces/surface.ts'
import type { AnyPath } from './tally.ts'
import type { Runner } from './target.ts'

export function runPathOf(
  runner: Runner,
  path: AnyPath,
  options: { readonly against?: string },
): Promise<Pick<RunResult<Surface>, 'events' | 'violation' | 'violationEvent'>> {
  if (!('surface' in path)) return runner.runPath(path, options)
  return path.surface === 'swim' ? runner.runSwimPath(path, options) : runner.runNetworkDbPath(path, options)
}
