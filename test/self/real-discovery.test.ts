/** The reference's resolver on real sockets, asked by dig; and servers of names as the suite sees them. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { dnsProcess } from '../../impl/real/discovery/process.ts'
import { parseHosts, printHosts } from '../../impl/real/discovery/hosts.ts'
import { startDnsServer, type DnsServer } from '../../impl/real/discovery/server.ts'
import { readReport, type Report } from '../../traces/report.ts'
import { checkConformance } from '../suites/suite.ts'
import { buildCommand, runCommand } from './built.ts'

vi.setConfig({ testTimeout: 240_000 })

const has = (program: string): boolean => spawnSync(program, ['-v']).error === undefined
const hasDig = has('dig')
const hasDnsmasq = has('dnsmasq')

const crowd = Array.from({ length: 40 }, (_, number) => `10.0.1.${number + 1}`)
const lines = [
  { address: '10.0.0.1', names: ['web', 'www'] },
  { address: '10.0.0.2', names: ['web'] },
  { address: 'fd00::1', names: ['web'] },
  { address: '10.0.0.3', names: ['db'] },
  ...crowd.map((address) => ({ address, names: ['big'] })),
]

describe('files of hosts', () => {
  test('are read and written', () => {
    expect(parseHosts('# nothing\n10.0.0.1 web www # two\n\n::1\tlocal\r\n')).toEqual([
      { address: '10.0.0.1', names: ['web', 'www'] },
      { address: '::1', names: ['local'] },
    ])
    expect(parseHosts(printHosts(lines))).toEqual(lines)
    expect(() => parseHosts('10.0.0.1 web\nweb 10.0.0.1')).toThrow('line 2 is not an address with its names')
  })
})

describe.skipIf(!hasDig)('asked by dig', () => {
  let outside: DnsServer
  let server: DnsServer
  beforeAll(async () => {
    const listen = { host: '127.0.0.1', port: 0 }
    outside = await startDnsServer({ listen, hosts: [{ address: '192.0.2.1', names: ['example.com'] }], upstreams: [] })
    const [host, port] = outside.place.split(':')
    server = await startDnsServer({ listen, hosts: lines, upstreams: [{ host: host!, port: Number(port) }] })
  })
  afterAll(async () => {
    await server.close()
    await outside.close()
  })

  /** The server is in this process: dig must not keep it from answering. */
  const dig = async (
    ...words: readonly string[]
  ): Promise<{ flags: string; status: string; answers: string[]; size: number }> => {
    const [host, port] = server.place.split(':')
    const out = await new Promise<string>((resolve, reject) => {
      let text = ''
      const child = spawn('dig', [`@${host}`, '-p', port!, '+tries=1', '+time=5', ...words])
      child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
      child.on('error', reject).on('close', () => resolve(text))
    })
    const answer = /;; ANSWER SECTION:\n([^]*?)\n\n/.exec(out)?.[1] ?? ''
    return {
      flags: /;; flags: ([a-z ]*);/.exec(out)?.[1] ?? '',
      status: /status: (\w+)/.exec(out)?.[1] ?? '',
      answers: answer === '' ? [] : answer.split('\n').map((line) => line.split(/\s+/).slice(1).join(' ')),
      size: Number(/MSG SIZE {2}rcvd: (\d+)/.exec(out)?.[1]),
    }
  }

  test.each([['+notcp'], ['+tcp']])('types are answered as they have to be, %s', async (transport) => {
    const a = await dig(transport, 'WEB', 'A')
    expect(a).toMatchObject({ status: 'NOERROR', flags: 'qr rd ra' })
    expect(a.answers.sort()).toEqual(['600 IN A 10.0.0.1', '600 IN A 10.0.0.2'])
    expect((await dig(transport, 'www.hosts', 'A')).answers).toEqual(['600 IN A 10.0.0.1'])
    expect((await dig(transport, 'web', 'AAAA')).answers).toEqual(['600 IN AAAA fd00::1'])
    expect(await dig(transport, 'db', 'AAAA')).toMatchObject({ status: 'NOERROR', answers: [] })
    expect(await dig(transport, 'web', 'MX')).toMatchObject({ status: 'NOERROR', answers: [] })
    expect((await dig(transport, '-x', '10.0.0.3')).answers).toEqual(['600 IN PTR db.hosts.'])
    expect((await dig(transport, 'example.com', 'A')).answers).toEqual(['600 IN A 192.0.2.1'])
    // The resolver outside knows no other, and has nobody to ask.
    for (const type of ['TXT', 'SRV', 'CAA', 'NS', 'SOA', 'CNAME'])
      expect(await dig(transport, 'web', type), type).toMatchObject({ status: 'SERVFAIL', answers: [] })
    expect(await dig(transport, '-x', '10.9.9.9')).toMatchObject({ status: 'SERVFAIL' })
    expect(await dig(transport, 'nobody', 'A')).toMatchObject({ status: 'SERVFAIL' })
  })

  test('large answers are cut where they have to be', async () => {
    const cut = await dig('+notcp', '+ignore', '+noedns', 'big', 'A')
    expect(cut.flags).toBe('qr tc rd ra')
    expect(cut.size).toBeLessThanOrEqual(512)
    expect(cut.answers.length).toBeGreaterThan(20)
    for (const words of [['+bufsize=1232'], ['+tcp', '+noedns'], ['+noedns']]) {
      const whole = await dig(...words, 'big', 'A')
      expect(whole.flags).toBe('qr rd ra')
      expect(whole.answers).toHaveLength(40)
    }
    expect((await dig('+ignore', '+bufsize=600', 'big', 'A')).size).toBeLessThanOrEqual(600)
  })
})

describe('the suite', () => {
  let command = ''
  const folder = mkdtempSync(join(tmpdir(), 'swarmcheck-dns-'))
  beforeAll(() => {
    command = buildCommand()
  }, 120_000)
  afterAll(() => rmSync(folder, { recursive: true }))

  const run = async (words: readonly string[], budget: number): Promise<Report> => {
    const target = { kind: 'plugin', connect: () => dnsProcess(words) } as const
    return (await checkConformance(target, { budget, executions: 2, shrinkTime: 500 })).report
  }
  const failed = ({ outcomes }: Report): string[] =>
    outcomes.filter(({ verdict }) => verdict === 'fail').map(({ requirement }) => requirement)

  test('finds nothing in the reference', async () => {
    const served = [process.execPath, command, 'serve', 'discovery', '--listen', '{host}:{port}', '--hosts', '{hosts}']
    const report = await run(served, 3)
    expect(failed(report)).toEqual([])
    expect(report.errors).toEqual([])
    expect(report.outcomes.filter(({ verdict }) => verdict === 'pass')).toHaveLength(13)
  })

  test.skipIf(!hasDnsmasq)('finds nothing in dnsmasq', async () => {
    const words =
      'dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file --no-resolv --no-hosts --local=/#/ --bind-interfaces --listen-address={host} --port={port} --addn-hosts={hosts}'
    const report = await run(words.split(' '), 8)
    expect(failed(report)).toEqual([])
    expect(report.errors).toEqual([])
  })

  test.each([
    ['tells-one', 'discovery/answers-whole'],
    ['repeats-one', 'discovery/no-duplicates'],
    ['compares-letters', 'discovery/case-insensitive'],
    ['denies-other-family', 'discovery/empty-for-other-family'],
    ['sends-large-datagrams', 'discovery/fits-datagram'],
    ['cuts-in-silence', 'discovery/tells-truncation'],
    ['cuts-streams', 'discovery/stream-is-whole'],
    ['answers-for-others', 'discovery/answers-bear-question'],
    ['dies-at-large', 'discovery/survives'],
    ['is-silent-at-large', 'discovery/answers-once'],
  ])('blames a server that %s for %s', async (rule, requirement) => {
    const server = join(dirname(command), 'test', 'self', 'hostile', 'dns-server.js')
    const report = await run([process.execPath, server, rule, '{port}', '{hosts}'], 3)
    expect(failed(report)).toContain(requirement)
  })

  test('is asked for by a command that says where to listen', async () => {
    const served = `"${process.execPath}" "${command}" serve discovery --listen {host}:{port} --hosts {hosts}`
    const words = ['run', '--suite', 'discovery', '--budget', '1', '--reporter', 'json', '--dns', served]
    const asked = await runCommand(command, words)
    expect(readReport(asked.out).outcomes.some(({ verdict }) => verdict === 'pass')).toBe(true)
    const { code, err } = await runCommand(command, ['run', '--suite', 'discovery', '--dns', 'dnsmasq'])
    expect(err).toContain('--dns: the command must say where to listen')
    expect(code).toBe(3)
    writeFileSync(join(folder, 'bad'), 'web 10.0.0.1\n')
    const unreadable = ['serve', 'discovery', '--listen', '127.0.0.1:0', '--hosts', join(folder, 'bad')]
    expect((await runCommand(command, unreadable)).err).toContain('--hosts: line 1 is not an address with its names')
    expect((await runCommand(command, ['serve', 'discovery', '--listen', '192.0.2.1:53'])).err).toContain(
      'only addresses of this machine',
    )
  })
})
