/** The zoo: every mutant is killed by a default run of the suite, blamed on the right requirement, and made small. */
import type { RaftScenario } from '../../models/raft/vocabulary.ts'
import { afterAll, describe, expect, test } from 'vitest'
import type { Mutant } from './mutant.ts'
import { raftMutants } from './raft.ts'
import { hunt, layers, layersThatKill, type Layer, shrink } from './zoo.ts'

interface Row {
  readonly mutant: Mutant
  readonly blamed: string
  readonly cases: number
  readonly steps: number
  readonly seconds: number
  readonly layers: readonly Layer[]
}

const rows: Row[] = []

describe.each(raftMutants)('$name', (mutant) => {
  test(`breaks ${mutant.breaks}`, async () => {
    const { finding, cases } = await hunt(mutant)
    if (finding === null) throw new Error(`the suite sees nothing wrong in ${cases} cases`)
    const { requirement, text } = finding.violation
    const allowed = [mutant.breaks, ...Object.keys(mutant.also ?? {})]
    expect(allowed, `${finding.scenario.name}: ${requirement}: ${text}`).toContain(requirement)

    const began = performance.now()
    const { reproduced, trace } = await shrink(mutant, finding)
    const seconds = (performance.now() - began) / 1000
    const steps = finding.path === null ? trace.scenario.steps.length : finding.path.steps.length
    const killing = finding.path === null ? layersThatKill(mutant, finding.scenario as RaftScenario) : []
    rows.push({ mutant, blamed: requirement, cases, steps, seconds, layers: killing })
    expect(reproduced.failures).toBeGreaterThan(0)
    expect(steps).toBeLessThanOrEqual(30)
  })
})

test.each(layers)('the layer %s kills a mutant that no other layer sees', (layer) => {
  const alone = rows.filter((row) => row.layers.length === 1 && row.layers[0] === layer)
  expect(alone.map(({ mutant }) => mutant.name)).not.toEqual([])
})

afterAll(() => {
  console.log(table(rows))
  console.log(
    `${rows.length} of ${raftMutants.length} mutants killed and blamed; ` +
      `medians: ${median(rows.map(({ cases }) => cases))} cases to the first violation, ` +
      `${median(rows.map(({ steps }) => steps))} steps after shrinking in ` +
      `${median(rows.map(({ seconds }) => seconds)).toFixed(2)} s`,
  )
})

function table(of: readonly Row[]): string {
  const cells = of.map(({ mutant, blamed, cases, steps, seconds, layers: killing }) => [
    mutant.name,
    blamed,
    String(cases),
    String(steps),
    seconds.toFixed(2),
    killing.join(' '),
  ])
  const head = ['mutant', 'requirement', 'cases', 'steps', 'seconds', 'layers that kill it alone']
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]!.length)))
  return [head, ...cells]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[sorted.length >> 1] ?? 0
}
