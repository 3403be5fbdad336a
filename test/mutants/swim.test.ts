/** The zoo of SWIM: every mutant is killed by a default run of the suite, and blamed on the right requirement. */
import { expect, test } from 'vitest'
import { swimMutants, unseenSwimMutants } from './swim.ts'
import { hunt, shrink } from './zoo.ts'

const seen = swimMutants.filter(({ name }) => !(name in unseenSwimMutants))
const unseen = swimMutants.filter(({ name }) => name in unseenSwimMutants)

test.each(seen)('$name breaks $breaks', async (mutant) => {
  const { finding, cases } = await hunt(mutant)
  if (finding === null) throw new Error(`${mutant.name}: the suite sees nothing wrong in ${cases} cases`)
  const { requirement, text } = finding.violation
  const allowed = [mutant.breaks, ...Object.keys(mutant.also ?? {})]
  expect(allowed, `${finding.scenario.name}: ${requirement}: ${text}`).toContain(requirement)

  const { reproduced, trace } = await shrink(mutant, finding)
  expect(reproduced.failures).toBeGreaterThan(0)
  expect(finding.path === null ? trace.scenario.steps.length : 1).toBeLessThanOrEqual(30)
})

test.each(unseen)('$name is not given away, as is said of it', async (mutant) => {
  expect((await hunt(mutant)).finding).toBeNull()
})
