/** host-local, which the world trusts, passes what a plugin claims. Skipped where it is not installed. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { connectPlugin } from '../../impl/real/ipam/plugin-client.ts'
import { packageRoot } from '../suites/package-files.ts'
import { checkPlugin } from '../suites/plugin/suite.ts'
import { checkConformance } from '../suites/suite.ts'

const binary = process.env['HOST_LOCAL'] ?? '/usr/lib/cni/host-local'

test.skipIf(!existsSync(binary))(
  'host-local conforms to what every allocator has to do',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'host-local-'))
    const path = join(folder, 'plugin.sock')
    const script = join(packageRoot, 'impl/third-party/cni-host-local/plugin.mjs')
    const plugin = spawn(process.execPath, [script, path, binary], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await new Promise((resolve) => plugin.stdout.once('data', resolve))
      const target = { kind: 'plugin', connect: () => connectPlugin({ path }) } as const
      const { report } = await checkConformance(target, { budget: 8, executions: 20 })
      expect(report.errors).toEqual([])
      expect(report.outcomes.filter(({ verdict }) => verdict === 'fail')).toEqual([])
      expect(report.outcomes.filter(({ verdict }) => verdict === 'pass').length).toBeGreaterThanOrEqual(17)
      const findings = await checkPlugin({ path })
      expect(findings.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
    } finally {
      plugin.kill('SIGINT')
      rmSync(folder, { recursive: true, force: true })
    }
  },
  300_000,
)
