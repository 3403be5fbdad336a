/** Random schedules as fast-check arbitraries, from the same generator as the seeded ones. */
import fc from 'fast-check'
import type { Hello } from '../../impl/contract/raft.ts'
import type { RaftScenario } from '../../models/raft/vocabulary.ts'
import type { Draw } from './draw.ts'
import { type ScheduleSize, drawScenario } from './schedule.ts'

const wholeRange = 0x100000000

/**
 * Schedules for an implementation. They shrink by their choices, towards fewer and plainer ones; what failed is shrunk
 * in far fewer runs by delta debugging over its steps.
 *
 * @example fc.assert(fc.property(scheduleArbitrary(hello), (scenario) => run(scenario).violation === null))
 */
export function scheduleArbitrary(hello: Hello, size: ScheduleSize = {}): fc.Arbitrary<RaftScenario> {
  const choice = fc.nat({ max: wholeRange - 1 })
  // Without `size` fast-check would make ten choices at most.
  const choices = fc.array(choice, { minLength: 300, maxLength: 1_000, size: 'max' })
  return fc.tuple(fc.nat(), choices).map(([seed, made]) => drawScenario(drawFromChoices(made), seed, hello, size))
}

/** Choices that were made before; behind the last all are the least. */
function drawFromChoices(choices: readonly number[]): Draw {
  let drawn = 0
  const next = (): number => choices[drawn++] ?? 0
  return {
    integer: (least, greatest) => (greatest <= least ? least : least + (next() % (greatest - least + 1))),
    chance: (probability) => next() >= (1 - probability) * wholeRange,
  }
}
