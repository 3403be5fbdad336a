/** The zoo of the layers together: every mutant is killed by a default run of the suite, and blamed on the right requirement. */
import { expect, test } from 'vitest'
import { networkMutants } from './network.ts'
import { hunt, layers, layersThatKill, shrink, type Layer } from './zoo.ts'

/** By layer: mutants that it alone sees. */
const alone = new Map<Layer, string[]>(layers.map((layer) => [layer, []]))

test.each(networkMutants)('$name breaks $breaks', async (mutant) => {
  const { finding, cases } = await hunt(mutant)
  if (finding === null) throw new Error(`${mutant.name}: the suite sees nothing wrong in ${cases} cases`)
  const { requirement, text } = finding.violation
  const allowed = [mutant.breaks, ...Object.keys(mutant.also ?? {})]
  expect(allowed, `${finding.scenario.name}: ${requirement}: ${text}`).toContain(requirement)
  const [layer, ...others] = layersThatKill(mutant, finding.scenario)
  if (layer !== undefined && others.length === 0) alone.get(layer)!.push(mutant.name)

  const { reproduced, trace } = await shrink(mutant, finding)
  expect(reproduced.failures).toBeGreaterThan(0)
  expect(trace.scenario.steps.length).toBeLessThanOrEqual(30)
})

test.each(layers)('the layer %s kills a mutant that no other layer sees', (layer) => {
  expect(alone.get(layer)).not.toEqual([])
})
