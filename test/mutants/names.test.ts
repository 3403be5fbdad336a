/** The zoo of names: each check that is done to a real engine sees who answers wrongly. It needs an engine. */
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type * as lab from '../../impl/third-party/docker-engine/lab.ts'
import { lackOfLab } from '../../impl/third-party/docker-engine/lab.ts'
import { buildCommand } from '../self/built.ts'
import type * as names from '../suites/engine/names.ts'
import type * as towns from '../suites/engine/town.ts'
import { heardBy, nameMutants } from './names.ts'

const lack = await lackOfLab()

describe.skipIf(lack !== null)(`an engine of this machine${lack === null ? '' : ` (skipped: ${lack})`}`, () => {
  let engine: lab.Lab
  let town: towns.Town
  let built: typeof names

  // What runs inside of containers is run by node, which does not know TypeScript.
  beforeAll(async () => {
    const folder = dirname(buildCommand())
    const load = <Module>(path: string): Promise<Module> => import(join(folder, path)) as Promise<Module>
    built = await load<typeof names>('test/suites/engine/names.js')
    engine = await (await load<typeof lab>('impl/third-party/docker-engine/lab.js')).Lab.start()
    town = await (await load<typeof towns>('test/suites/engine/town.js')).Town.open(engine)
    await built.settle(town)
  }, 120_000)
  afterAll(async () => {
    await town?.close()
    await engine?.close()
  })

  test('every requirement on names has a mutant', () => {
    const broken = new Set(nameMutants.map(({ breaks }) => breaks))
    expect([...built.nameRequirements].filter((slug) => !broken.has(slug))).toEqual([])
  })

  test.each(nameMutants)('$name breaks $breaks', async (mutant) => {
    const check = built.nameChecks.find(({ name }) => name === mutant.check)!
    const findings = await built.carryOut(check, heardBy(mutant, town))
    const failed = findings.filter(({ verdict }) => verdict === 'fail').map(({ requirement }) => requirement)
    expect(failed).toContain(mutant.breaks)
  })
})
