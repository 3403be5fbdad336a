/** The zoo of balancing: every mutant is killed by a default run of the suite, and blamed on the right requirement. */
import { expect, test } from 'vitest'
import { balancingMutants } from './balancing.ts'
import { hunt, shrink } from './zoo.ts'

test.each(balancingMutants)('$name breaks $breaks', async (mutant) => {
  const { finding, cases } = await hunt(mutant)
  if (finding === null) throw new Error(`${mutant.name}: the suite sees nothing wrong in ${cases} cases`)
  const { requirement, text } = finding.violation
  const allowed = [mutant.breaks, ...Object.keys(mutant.also ?? {})]
  expect(allowed, `${finding.scenario.name}: ${requirement}: ${text}`).toContain(requirement)

  const { reproduced, trace } = await shrink(mutant, finding)
  expect(reproduced.failures).toBeGreaterThan(0)
  expect(trace.scenario.steps.length).toBeLessThanOrEqual(30)
})
