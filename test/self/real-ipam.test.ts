/** The reference as a plugin of Docker, asked over a socket as a daemon would. */
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseEndpoint } from '../../impl/real/ipam/endpoint.ts'
import { type PluginServer, PluginService, servePlugin } from '../../impl/real/ipam/plugin-server.ts'
import { connectPlugin } from '../../impl/real/ipam/plugin-client.ts'
import { IpamNode } from '../../impl/reference/ipam/node.ts'
import type { Report } from '../../traces/report.ts'
import { checkConformance } from '../suites/suite.ts'
import { main } from '../suites/command/main.ts'
import { defaultIpamOptions } from '../../traces/scenario.ts'

const folder = mkdtempSync(join(tmpdir(), 'ipam-'))
const path = join(folder, 'ipam.sock')
let server: PluginServer

beforeAll(async () => {
  server = await servePlugin(new PluginService(defaultIpamOptions), { path })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

interface Reply {
  readonly status: number
  readonly type: string | undefined
  readonly body: any
}

function ask(url: string, body: unknown, method = 'POST'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: path, path: url, method }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const type = response.headers['content-type']
        resolve({ status: response.statusCode!, type, body: JSON.parse(text) })
      })
    })
    sent.on('error', reject)
    sent.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
}

describe('the plugin', () => {
  test('says what it is', async () => {
    const activated = await ask('/Plugin.Activate', '')
    expect(activated).toEqual({
      status: 200,
      type: 'application/vnd.docker.plugins.v1.2+json',
      body: { Implements: ['IpamDriver'] },
    })
    expect((await ask('/IpamDriver.GetCapabilities', '')).body).toEqual({
      RequiresMACAddress: false,
      RequiresRequestReplay: true,
    })
    expect((await ask('/IpamDriver.GetDefaultAddressSpaces', {})).body).toEqual({
      LocalDefaultAddressSpace: 'LocalDefault',
      GlobalDefaultAddressSpace: 'GlobalDefault',
    })
  })

  test('gives pools and addresses, and takes them back', async () => {
    const { body: pool } = await ask('/IpamDriver.RequestPool', { AddressSpace: 'GlobalDefault', Pool: '', V6: false })
    expect(pool).toEqual({ PoolID: 'GlobalDefault/10.0.0.0/24', Pool: '10.0.0.0/24', Data: {} })
    const options = { RequestAddressType: 'com.docker.network.gateway' }
    const address = (Address: string, Options?: object) =>
      ask('/IpamDriver.RequestAddress', { PoolID: pool.PoolID, Address, Options })
    expect((await address('', options)).body.Address).toBe('10.0.0.1/24')
    expect((await address('10.0.0.9')).body.Address).toBe('10.0.0.9/24')
    expect((await address('10.0.0.9')).body).toEqual({ Error: 'in use, or overlaps what is in use' })
    expect((await address('10.0.1.9')).body).toEqual({ Error: 'invalid request' })
    const serial = { 'com.docker.network.ipam.serial': 'true' }
    expect((await address('', serial)).body.Address).toBe('10.0.0.2/24')
    expect((await ask('/IpamDriver.ReleaseAddress', { PoolID: pool.PoolID, Address: '10.0.0.2' })).body).toEqual({})
    expect((await address('', serial)).body.Address).toBe('10.0.0.3/24')
    expect((await address('')).body.Address).toBe('10.0.0.2/24')
    expect((await ask('/IpamDriver.ReleasePool', { PoolID: pool.PoolID })).body).toEqual({})
    expect((await address('')).body).toEqual({ Error: 'there is no such pool' })
  })

  test('gives a subnet with a range, and refuses what overlaps it', async () => {
    const pool = { AddressSpace: 'LocalDefault', Pool: 'fd00:5::/64', SubPool: 'fd00:5::8000:0/112', V6: true }
    const { body } = await ask('/IpamDriver.RequestPool', pool)
    expect(body.PoolID).toBe('LocalDefault/fd00:5::/64/fd00:5::8000:0/112')
    const given = await ask('/IpamDriver.RequestAddress', { PoolID: body.PoolID })
    expect(given.body.Address).toBe('fd00:5::8000:0/64')
    expect((await ask('/IpamDriver.RequestPool', { ...pool, SubPool: '' })).body.Error).toContain('overlaps')
    expect((await ask('/IpamDriver.RequestPool', { AddressSpace: 'Elsewhere' })).body.Error).toContain('Elsewhere')
  })

  test.each([
    ['/IpamDriver.Unknown', {}, 404],
    ['/IpamDriver.RequestPool', 'nonsense', 400],
    ['/IpamDriver.ReleasePool', { PoolID: 7 }, 400],
    ['/IpamDriver.RequestPool', `"${'x'.repeat(70_000)}"`, 400],
  ])('refuses %s', async (url, body, status) => {
    expect((await ask(url, body)).status).toBe(status)
  })

  test('is asked by POST alone', async () => {
    expect((await ask('/Plugin.Activate', '', 'GET')).status).toBe(405)
  })
})

describe('the suite, on a plugin', () => {
  const check = async (Node: typeof IpamNode) => {
    const place = join(folder, `${Node.name}.sock`)
    const plugin = await servePlugin(new PluginService(defaultIpamOptions, Node), { path: place })
    const target = { kind: 'plugin', connect: () => connectPlugin({ path: place }) } as const
    const { report } = await checkConformance(target, { budget: 12, executions: 60 })
    await plugin.close()
    return report
  }
  const failed = ({ outcomes }: Report): string[] =>
    outcomes.flatMap(({ requirement, verdict }) => (verdict === 'fail' ? [requirement] : []))

  test('passes the reference, and judges nothing that a plugin does not claim', async () => {
    const report = await check(IpamNode)
    expect(report.errors).toEqual([])
    expect(failed(report)).toEqual([])
    const judged = report.outcomes.filter(({ verdict }) => verdict === 'pass').map(({ profile }) => profile)
    expect(new Set(judged)).toEqual(new Set(['ipam-core']))
    expect(judged.length).toBeGreaterThanOrEqual(18)
  }, 120_000)

  test('fails one that gives what is taken', async () => {
    const report = await check(
      class GivesTwice extends IpamNode {
        protected override isTaken(): boolean {
          return false
        }
      },
    )
    expect(failed(report)).toContain('ipam/addresses-unique')
    const outcome = report.outcomes.find(({ requirement }) => requirement === 'ipam/addresses-unique')
    expect(outcome?.counterexample?.text).toMatch(
      /^gave .* to .*\(operation \d+ at n1, .*held by .*\(operation \d+ at n1/,
    )
  }, 120_000)

  test('says what is there instead of a plugin', async () => {
    await expect(connectPlugin({ path: join(folder, 'nobody.sock') })).rejects.toThrow(/Plugin\.Activate/)
  })
})

describe('the command', () => {
  test.each([
    [[], '--listen is missing'],
    [['--listen', 'nowhere'], "--listen: 'nowhere' is neither unix:PATH nor an address"],
    [['--listen', '192.0.2.1:7001'], '--listen: only addresses of this machine'],
  ])('refuses %j', async (settings, message) => {
    let told = ''
    const write = (text: string): boolean => {
      told += text
      return true
    }
    const terminal = { out: { write }, err: { write }, env: {}, signal: new AbortController().signal }
    expect(await main(['serve', 'ipam', ...settings], terminal as never)).toBe(3)
    expect(told).toContain(message)
  })

  test('serves until it is interrupted', async () => {
    const interrupt = new AbortController()
    let told = ''
    const write = (text: string): boolean => {
      told += text
      interrupt.abort()
      return true
    }
    const terminal = { out: { write }, err: { write }, env: {}, signal: interrupt.signal }
    const place = `unix:${join(folder, 'other.sock')}`
    expect(await main(['serve', 'ipam', '--listen', place], terminal as never)).toBe(0)
    expect(told).toBe(`listening on ${place}\n`)
  })

  test('understands places', () => {
    expect(parseEndpoint('unix:/run/a.sock')).toEqual({ path: '/run/a.sock' })
    expect(parseEndpoint('127.0.0.1:80')).toEqual({ host: '127.0.0.1', port: 80 })
    expect(parseEndpoint('unix:')).toBeNull()
  })
})
