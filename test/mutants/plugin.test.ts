/** The zoo of plugins and of their callers: the suite finds every mutant, and blames it on the right requirement. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { PluginService, servePlugin } from '../../impl/real/ipam/plugin-server.ts'
import { defaultIpamOptions } from '../../traces/scenario.ts'
import { checkCaller } from '../suites/plugin/caller.ts'
import { callerHost, checkPlugin } from '../suites/plugin/suite.ts'
import type { Finding } from '../suites/scripted.ts'
import { pluginMutants } from './plugin.ts'
import { serveMutant, type ServerMutant } from './plugin/servers.ts'

const folder = mkdtempSync(join(tmpdir(), 'swarmcheck-plugins-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function findingsOn(mutant: ServerMutant): Promise<Finding[]> {
  const behind = { path: join(folder, `${mutant.name}-behind.sock`) }
  const path = join(folder, `${mutant.name}.sock`)
  const server = await servePlugin(new PluginService(defaultIpamOptions), behind)
  const end = await serveMutant(mutant, behind, path)
  return checkPlugin({ path }).finally(async () => {
    end()
    await server.close()
  })
}

test.each(pluginMutants)('$name breaks $breaks', async (mutant) => {
  const findings =
    mutant.kind === 'server'
      ? await findingsOn(mutant)
      : await checkCaller(callerHost(mkdtempSync(`${folder}/`), mutant.Caller))
  const failed = findings.filter(({ verdict }) => verdict === 'fail')
  const blamed = [...new Set(failed.map(({ requirement }) => requirement))]
  const why = failed.map(({ requirement, check, reason }) => `${requirement}: ${check}: ${reason}`).join('\n')
  expect(blamed, why).toContain(mutant.breaks)
  const allowed = [mutant.breaks, ...Object.keys(mutant.also ?? {})]
  expect(
    blamed.filter((requirement) => !allowed.includes(requirement)),
    why,
  ).toEqual([])
})
