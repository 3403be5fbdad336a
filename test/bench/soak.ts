/**
 * Many random schedules on one implementation: `npm run soak -- --count 10000 --seed 1000001 [--adapter <command> |
 * --reference on-apply | --suite swim]`. An adapter's schedules are those of the surface that it offers. Counts the
 * schedules that were hard enough to say something, prints what they found, and the medians of what happened in them.
 * Ends with 1 if anything was found.
 */
import { parseArgs } from 'node:util'
import type * as raft from '../../impl/contract/raft.ts'
import { oneOf, suites, targetOf } from '../suites/command/options.ts'
import { suiteOf } from '../suites/surfaces.ts'
import { createRunner } from '../suites/target.ts'
import { drawSchedule } from '../../traces/schedule.ts'
import type { Scenario } from '../../traces/scenario.ts'
import type { Surface, SurfaceName } from '../../traces/surface.ts'
import { surfaceOfHello } from '../../traces/surfaces.ts'
import type { RunResult } from '../../traces/run.ts'

/** What a schedule has to have, to count. */
const least = { deliveries: 500, faults: 3, kinds: 2, duration: 60_000, steps: 50 }
/** Short episodes: as many faults as possible in as few steps. */
const size = { episodes: 3, deliveries: 300 }
const progressEvery = 500

const { values } = parseArgs({
  options: {
    adapter: { type: 'string' },
    reference: { type: 'string' },
    suite: { type: 'string' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000' },
  },
})
const first = Number(values.seed)
const count = Number(values.count)
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || count < 1) {
  throw new Error('--seed and --count take whole numbers')
}

const { target } = targetOf({
  ...(values.suite === undefined ? {} : { suite: oneOf('suite', suites, values.suite) }),
  adapter: values.adapter,
  reference: values.reference as 'on-append' | undefined,
})
const runner = await createRunner(target)
const suite = surfaceOfHello(runner.hello)
const draw = (seed: number): Scenario =>
  suite === 'raft'
    ? drawSchedule(seed, runner.hello as raft.Hello, size)
    : suiteOf<SurfaceName>(suite).draw(seed, runner.hello)
const found: string[] = []
/** What a SHOULD advises against, the first of each. */
const advised = new Map<string, string>()
const deliveries: number[] = []
const faults: number[] = []
const kinds: number[] = []
const durations: number[] = []
let schedules = 0
let steps = 0
const started = performance.now()

/** Of Raft something has to be committed after the faults, allocators must be asked, of the others a minute has to pass. */
function isHard({ deliveries, faults, committedAfterHeal, duration, steps }: RunResult<Surface>): boolean {
  if (suite === 'ipam') return steps >= least.steps
  const isOfRaft = suite === 'raft'
  const all = Object.values(faults).reduce((sum, each) => sum + each, 0)
  return (
    (!isOfRaft || deliveries >= least.deliveries) &&
    all >= least.faults &&
    Object.keys(faults).length >= least.kinds &&
    (isOfRaft ? committedAfterHeal > 0 : duration >= least.duration)
  )
}

function note(seed: number, result: RunResult<Surface>): void {
  schedules++
  steps += result.steps
  const { violation, advice } = result
  for (const { requirement, text } of advice)
    if (!advised.has(requirement)) advised.set(requirement, `seed ${seed}: ${requirement} (SHOULD): ${text}`)
  if (violation !== null) found.push(`seed ${seed}: ${violation.requirement}: ${violation.text}`)
  if (violation === null && !isHard(result)) return
  deliveries.push(result.deliveries)
  faults.push(Object.values(result.faults).reduce((sum, each) => sum + each, 0))
  kinds.push(Object.keys(result.faults).length)
  durations.push(result.duration)
  if (deliveries.length % progressEvery === 0) {
    const seconds = (performance.now() - started) / 1000
    console.log(`${deliveries.length} of ${count}, ${found.length} found, ${Math.round(steps / seconds)} steps/s`)
  }
}

let next = first
const lane = async (): Promise<void> => {
  while (deliveries.length < count) {
    const seed = next++
    note(seed, await runner.run(draw(seed), { record: false }))
  }
}
await Promise.all(Array.from({ length: runner.concurrency }, lane))
await runner.close()

const median = (numbers: number[]): number =>
  numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length / 2)]!
const seconds = (performance.now() - started) / 1000
console.log(
  `${schedules} schedules from seed ${first}, of which ${deliveries.length} count; ${steps} steps in ${seconds.toFixed(0)} s`,
)
console.log(
  `medians: ${median(deliveries)} deliveries, ${median(faults)} faults of ${median(kinds)} kinds, ${Math.round(median(durations) / 1000)} simulated s`,
)
console.log(found.length === 0 ? 'nothing found' : found.join('\n'))
for (const text of advised.values()) console.log(text)
process.exitCode = found.length === 0 ? 0 : 1
