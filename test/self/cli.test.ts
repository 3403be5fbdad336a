/** The command, run in this process: what it says, and how it exits. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readReport } from '../../traces/report.ts'
import { main } from '../suites/command/main.ts'
import { packageRoot } from '../suites/package-files.ts'
import { loadSpec } from '../suites/spec.ts'

const folder = mkdtempSync(join(tmpdir(), 'swarmcheck-cli-'))
const before = process.cwd()
beforeAll(() => process.chdir(folder))
afterAll(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true })
})

async function run(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const code = await main(words, {
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
    env: {},
    signal: new AbortController().signal,
  })
  return { code, out, err }
}

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content)
  return name
}

const swimAdapter = `"${process.execPath}" "${join(packageRoot, 'test', 'self', 'hostile', 'swim-adapter.mjs')}"`
const hasPython = spawnSync('python3', ['--version']).status === 0

/** A single line, and no stack. */
const oneLine = /^[^\n]+\n$/

describe('what makes no sense', () => {
  test.each([
    [['rnu'], "swarmcheck: unknown command 'rnu'; did you mean 'run'?"],
    [['run', '--suite', 'rafd'], "swarmcheck: unknown suite 'rafd'; did you mean 'raft'?"],
    [
      ['run', '--suite', 'all', '--adapter', 'x'],
      'swarmcheck: --suite all checks the references whole: --adapter needs the name of one suite',
    ],
    [
      ['run', '--suite', 'wire', '--seed', '2'],
      'swarmcheck: --seed is for suites that draw their cases; --suite wire has the same ones each time',
    ],
    [['run', '--profile', 'raft-cor'], "swarmcheck: unknown profile 'raft-cor'; did you mean 'raft-core'?"],
    [
      ['run', '--requirement', 'raft/one-leader-per-trem'],
      "swarmcheck: unknown requirement 'raft/one-leader-per-trem'; did you mean 'raft/one-leader-per-term'?",
    ],
    [['run', '--requirement', 'survvies'], "swarmcheck: unknown requirement 'survvies'; did you mean 'survives'?"],
    [
      ['run', '--requirement', 'raft/quite-something-else-entirely'],
      "swarmcheck: unknown requirement 'raft/quite-something-else-entirely'; 'swarmcheck list requirements' names all",
    ],
    [
      ['run', '--requirement', 'swim/refutes'],
      "swarmcheck: suite raft does not test requirement 'swim/refutes'; --suite swim or wire does",
    ],
    [
      ['run', '--profile', 'swim-core'],
      "swarmcheck: suite raft does not test profile 'swim-core'; --suite swim or wire does",
    ],
    [
      ['run', '--suite', 'wire', '--process', 'serf agent'],
      'swarmcheck: --process: the command must say where to listen: {bind}, or {host} and {port}',
    ],
    [['run', '--suite', 'wire', '--adapter', 'x'], 'swarmcheck: --suite wire checks a process: name it with --process'],
    [['run', '--process', 'x {bind}'], 'swarmcheck: --process is for --suite wire'],
    [['run', '--key-command', 'x'], 'swarmcheck: --key-command is for --suite wire'],
    [['run', '--suite', 'wire', '--key', 'abc='], 'swarmcheck: --key: not 16, 24 or 32 bytes in base64'],
    [['run', '--suite', 'wire', '--label', 'x'], /--key is needed too$/],
    [['run', '--suite', 'wire', '--process', 'x {bind} {key}'], /stands for what --key gives$/],
    [
      ['run', '--suite', 'wire', '--key', 'AAAAAAAAAAAAAAAAAAAAAA==', '--process', 'x {bind}'],
      'swarmcheck: --process: with --key the command must say where the key goes: {key}',
    ],
    [
      ['run', '--suite', 'wire', '--key', 'AAAAAAAAAAAAAAAAAAAAAA==', '--process', 'x {bind} {key} {label}'],
      'swarmcheck: --process: {label} and --label go together',
    ],
    [
      ['run', '--suite', 'wire', '--key', 'AAAAAAAAAAAAAAAAAAAAAA==', '--key-command', 'x {key}'],
      'swarmcheck: --key-command is for what --process starts; the reference needs none',
    ],
    [
      [
        ...['run', '--suite', 'wire', '--key', 'AAAAAAAAAAAAAAAAAAAAAA=='],
        ...['--process', 'x {bind} {key}', '--key-command', 'x {key}'],
      ],
      'swarmcheck: --key-command: the command must say what it does, and with which key: {operation} and {key}',
    ],
    [
      ['run', '--suite', 'wire', '--process', '/no/such/program {bind}'],
      'swarmcheck: no answer: the process could not be started: spawn /no/such/program ENOENT',
    ],
    [['run', '--suite', 'wire', '--timing', 'lna'], "swarmcheck: unknown timing 'lna'; did you mean 'lan'?"],
    [['run', '--reporter', 'jnuit'], "swarmcheck: unknown reporter 'jnuit'; did you mean 'junit'?"],
    [['list', 'profile'], "swarmcheck: unknown list 'profile'; did you mean 'profiles'?"],
    [['explore', 'raft-elections'], "swarmcheck: unknown model 'raft-elections'; did you mean 'raft-election'?"],
    [
      ['explore', 'raft-election', 'term=2'],
      "swarmcheck: unknown parameter of raft-election 'term'; did you mean 'terms'?",
    ],
    [['explore', 'raft-election', 'terms=9'], "swarmcheck: terms: a whole number from 1 to 3 was expected, not '9'"],
    [['run', '--seed', '0'], /^swarmcheck: --seed: a whole number from 1 to \d+ was expected, not '0'$/],
    [['run', '--seed', '1e3'], /not '1e3'$/],
    [['run', '--budget', '-1'], /--budget: a whole number from 0 to 1000000 was expected, not '-1'$/],
    [['run', '--shard', '3/2'], "swarmcheck: --shard: a part such as 2/5 was expected, not '3/2'"],
    [['run', '--adapter', ''], 'swarmcheck: --adapter: the command is empty'],
    [['run', '--adapter', 'a "b'], 'swarmcheck: --adapter: the command has an unclosed ": a "b'],
    [['run', '--suite', 'adapter'], 'swarmcheck: --suite adapter checks an adapter: name it with --adapter'],
    [['run', '--expect', 'absent.json'], 'swarmcheck: absent.json: no such file'],
    [['init', 'adaptr'], "swarmcheck: unknown file to begin with 'adaptr'; did you mean 'adapter'?"],
    [['serve', 'names'], /^swarmcheck: unknown surface 'names'/],
    [['serve', 'swim'], /^swarmcheck: --bind is missing/],
    [['run', '--plugin', 'unix:/tmp/a.sock'], /^swarmcheck: --plugin is for --suite ipam/],
    [['run', '--suite', 'ipam', '--plugin', 'nowhere'], /^swarmcheck: --plugin: 'nowhere' is neither/],
    [['serve', 'swim', '--name', 'n1', '--bind', 'nowhere'], /^swarmcheck: --bind: 'nowhere' is no address/],
  ])('%j', async (words, message) => {
    const { code, err, out } = await run(...words)
    expect(err).toMatch(oneLine)
    if (typeof message === 'string') expect(err.trimEnd()).toBe(message)
    else expect(err.trimEnd()).toMatch(message)
    expect(code).toBe(3)
    expect(out).toBe('')
  })

  test('an unknown option names the nearest', async () => {
    const { code, err } = await run('run', '--sede', '1')
    expect(err).toContain('--seed')
    expect(code).toBe(3)
  })

  test('an adapter of another surface than the suite is one line', async () => {
    for (const words of [
      ['run', '--suite', 'raft'],
      ['shrink', 'raft.scenario'],
      ['replay', 'raft.scenario'],
    ]) {
      writeFileSync('raft.scenario', 'raft scenario v1\nnodes n1\nrun 1s\n')
      const { code, err, out } = await run(...words, '--adapter', swimAdapter)
      expect(err).toMatch(oneLine)
      expect(err).toMatch(/offers surface swim, and was to be tested for raft$/m)
      expect(code).toBe(3)
      expect(out).toBe('')
    }
  })

  test('a variant of the reference of Raft is none of SWIM', async () => {
    const { code, err } = await run('run', '--suite', 'swim', '--reference', 'on-apply')
    expect(err).toBe('swarmcheck: --reference names a variant of Raft; the reference of swim has none\n')
    expect(code).toBe(3)
  })

  test.each([['run'], ['run', '--suite', 'adapter']])(
    'an adapter that does not exist is one line: %j %j',
    async (...words) => {
      const { code, err, out } = await run(...words.filter(Boolean), '--adapter', './there-is-no-such-adapter --x')
      expect(err).toBe('swarmcheck: adapter ./there-is-no-such-adapter --x could not be started: no such command\n')
      expect({ code, out }).toEqual({ code: 3, out: '' })
    },
  )
})

describe('files of strangers', () => {
  const scenario = 'raft scenario v1\nnodes n1 n2 n3\n\nrun 1s\nsettle\n'

  test.each([
    ['nothing there', 'nowhere.scenario', null, /^swarmcheck: nowhere\.scenario: no such file\n$/],
    ['a folder', '.', null, /^swarmcheck: \.: is a folder, not a file\n$/],
    ['empty', 'empty', '', /^swarmcheck: empty:1/],
    ['binary', 'binary', new Uint8Array([0x72, 0xff, 0xfe, 0]), /^swarmcheck: binary: not UTF-8 text\n$/],
    [
      'an unknown step',
      'step',
      scenario.replace('settle', 'settel'),
      /^swarmcheck: step:5:1: .*did you mean 'settle'\?\n$/,
    ],
    ['another version', 'version', scenario.replace('v1', 'v9'), /^swarmcheck: version:1/],
    ['terminal escapes', 'escapes', 'raft scenario v1\n\u001b[2Jnodes n1\n', /^swarmcheck: escapes:2/],
    ['a trace without an end', 'cut', '{"format":"swarmcheck-trace"', /^swarmcheck: cut:1/],
    ['no trace', 'json', '{"a":1}\n', /^swarmcheck: json:1/],
    ['deeply nested', 'deep', `{"a":${'['.repeat(100_000)}`, /^swarmcheck: deep:1/],
    ['a prototype', 'proto', '{"__proto__":{"x":1}}\n', /^swarmcheck: proto:1/],
  ])('%s', async (_, name, content, message) => {
    if (content !== null) file(name, content)
    for (const command of ['run', 'replay', 'shrink', 'show']) {
      const { code, err, out } = await run(command, name)
      expect(err).toMatch(oneLine)
      expect(err).toMatch(message)
      expect(err).not.toContain('\u001b')
      expect({ code, out }).toEqual({ code: 3, out: '' })
    }
    const { code, err } = await run('validate', name)
    expect(err).toMatch(oneLine)
    expect(code).toBe(3)
  })

  test('known failures that are not what they seem', async () => {
    for (const content of ['', '[', '[{"requirement":"raft/survvies","reason":"x","link":""}]', '[1]']) {
      const { code, err } = await run('run', '--expect', file('expect.json', content))
      expect(err).toMatch(oneLine)
      expect(err).toContain('expect.json')
      expect(code).toBe(3)
    }
  })

  test('reports that are not what they seem', async () => {
    for (const content of ['', '{}', '{"format":"swarmcheck-report","version":9}']) {
      const { code, err } = await run('report', file('report.json', content))
      expect(err).toMatch(oneLine)
      expect(code).toBe(3)
    }
  })
})

describe('the reference', () => {
  // Member paths take most of the time, and are tested elsewhere.
  const quick = ['--jobs', '1', '--reference', 'on-append', '--cases', 'corpus', '--cases', 'schedules'] as const

  test('a whole run: a verdict per requirement, coverage, and equal bytes for equal seeds', async () => {
    const words = ['run', '--budget', '3', ...quick, '--reporter', 'json']
    const first = await run(...words)
    expect(first.err).toBe('')
    expect([0, 2]).toContain(first.code)
    const report = readReport(first.out)
    const raft = loadSpec().requirements.filter(({ slug }) => slug.startsWith('raft/'))
    expect(report.outcomes.map(({ requirement }) => requirement)).toEqual(raft.map(({ slug }) => slug))
    expect(report.outcomes.filter(({ verdict }) => verdict === 'fail')).toEqual([])
    expect(report.runs.scenarios).toBeGreaterThanOrEqual(3)
    expect(Object.keys(report.coverage.transitions).length).toBeGreaterThan(20)
    expect((await run(...words)).out).toBe(first.out)
    expect((await run(...words, '--seed', '2')).out).not.toBe(first.out)
  })

  test('shards add up to the whole', async () => {
    const words = ['run', '--budget', '4', ...quick, '--reporter', 'json']
    const whole = readReport((await run(...words)).out)
    for (const part of ['1', '2']) {
      const { out } = await run(...words, '--shard', `${part}/2`)
      file(`shard-${part}.json`, out)
    }
    const merged = await run('report', 'shard-2.json', 'shard-1.json', '--reporter', 'json')
    const report = readReport(merged.out)
    expect(report.runs).toEqual(whole.runs)
    expect(report.coverage).toEqual(whole.coverage)
    expect(report.outcomes.map(({ verdict, exercised }) => [verdict, exercised])).toEqual(
      whole.outcomes.map(({ verdict, exercised }) => [verdict, exercised]),
    )
    const { code, err } = await run('report', 'shard-1.json')
    expect(err).toMatch(/2\/2 are missing/)
    expect(code).toBe(3)
  })

  test('only one requirement', async () => {
    const { code, out } = await run(
      ...['run', '--budget', '1', ...quick, '--requirement', 'term-never-falls', '--reporter', 'json'],
    )
    expect(readReport(out).outcomes).toMatchObject([{ requirement: 'raft/term-never-falls', verdict: 'pass' }])
    expect(code).toBe(0)
  })

  test('several reporters: the first is printed, all are written', async () => {
    const { out } = await run(
      ...['run', '--budget', '1', '--profile', 'raft-core', '--out', 'results', ...quick],
      ...['--reporter', 'github', '--reporter', 'junit', '--reporter', 'html'],
    )
    expect(out).toMatch(/^::/m)
    expect(readdirSync('results').toSorted()).toEqual(['report.github.txt', 'report.html', 'report.xml'])
    expect(readFileSync('results/report.xml', 'utf8')).toMatch(/^<\?xml/)
  })

  test('a scenario of its own', async () => {
    const name = file('mine.scenario', 'raft scenario v1\nnodes n1 n2 n3\n\nrun 2s\npropose leader x=1\nsettle\n')
    const { code, out } = await run('run', name, '--out', 'mine')
    expect(out).toMatch(/nothing is broken in \d+ events/)
    expect(code).toBe(0)
    expect((await run('validate', name, 'mine/run.trace.jsonl')).out).toMatch(
      /judged again, the same is broken: nothing/,
    )
    expect((await run('replay', 'mine/run.trace.jsonl')).code).toBe(0)
    expect((await run('show', 'mine/run.trace.jsonl', '--as', 'log')).out).toContain('client: put x=1')
  })

  test('an expectation that does not hold is told, with the place', async () => {
    const name = file('wish.scenario', 'raft scenario v1\nnodes n1 n2 n3\n\nrun 1s\nexpect no-leader\n')
    const { code, out } = await run('run', name)
    expect(out).toContain('scenario/expectation')
    expect(code).toBe(1)
  })
})

describe('lists and first files', () => {
  test.each(['suites', 'profiles', 'requirements', 'scenarios', 'models'])('list %s', async (what) => {
    const { code, out } = await run('list', what)
    expect(out.split('\n').length).toBeGreaterThan(1)
    expect(code).toBe(0)
  })

  test('explore says how far it came', async () => {
    const { code, out } = await run('explore', 'raft-election', 'terms=1', 'crashes=0')
    expect(out).toMatch(/every reachable state was visited: [\d,]+ states/)
    expect(code).toBe(0)
    expect((await run('explore', 'raft-election', '--states', '10')).out).toContain('bounded')
  })

  test('init writes once, and again only by force', async () => {
    expect((await run('init')).out).toContain('adapter')
    expect((await run('init', 'github')).code).toBe(0)
    expect(existsSync('.github/workflows/conformance.yml')).toBe(true)
    expect((await run('init', 'github')).err).toMatch(/is there already; --force overwrites it/)
    expect((await run('init', 'github', '--force')).code).toBe(0)
    const { code } = await run('init', 'expect')
    expect(code).toBe(0)
    expect(
      (await run('run', '--cases', 'corpus', '--reference', 'on-append', '--expect', 'swarmcheck-expect.json')).err,
    ).toBe('')
  })

  test.skipIf(!hasPython)('the adapter to begin with keeps the protocol', async () => {
    expect((await run('init', 'adapter')).code).toBe(0)
    const { code, out } = await run(
      ...['run', '--suite', 'adapter', '--adapter', 'python3 swarmcheck-adapter.py', '--reporter', 'json'],
    )
    const { outcomes } = readReport(out)
    expect(outcomes.filter(({ level, verdict }) => level === 'MUST' && ['fail', 'error'].includes(verdict))).toEqual([])
    expect(outcomes.filter(({ verdict }) => verdict === 'pass').length).toBeGreaterThan(12)
    // A node that does nothing leaves much untested.
    expect(code).toBe(2)
  })

  test('help and version are no failures', async () => {
    expect(await run('--version')).toMatchObject({ code: 0, err: '' })
    expect((await run('--help')).out).toContain('Exit codes')
  })
})

describe('an adapter of SWIM', () => {
  test('is checked by the suite of its surface, and what it fails can be replayed', async () => {
    const words = ['--adapter', swimAdapter, '--out', 'swim-out']
    const { code, out, err } = await run('run', '--budget', '2', '--cases', 'schedules', '--reporter', 'json', ...words)
    expect(err).toBe('')
    const report = readReport(out)
    expect(report.suite).toBe('swim')
    const failed = report.outcomes.filter(({ verdict }) => verdict === 'fail')
    expect(code).toBe(1)
    // It suspects nobody, whatever happens.
    expect(failed.map(({ requirement }) => requirement)).toContain('swim/suspects-the-silent')
    const file = readdirSync('swim-out').find((name) => name.endsWith('.trace.jsonl'))!
    const again = await run('replay', join('swim-out', file), '--adapter', swimAdapter)
    expect(again.out).toContain('is broken in 1 of 1 runs')
    expect(again.code).toBe(1)
  })
})

describe.skipIf(!hasPython)('an adapter of addresses', () => {
  const adapter = `python3 "${join(packageRoot, 'impl', 'examples', 'python-ipam', 'adapter.py')}"`

  test('is checked by the suite of its surface; a scenario is run on it, replayed and shrunk', async () => {
    const { code, out } = await run('run', '--cases', 'corpus', '--reporter', 'json', '--adapter', adapter)
    const report = readReport(out)
    expect(report.suite).toBe('ipam')
    expect(report.errors).toEqual([])
    expect(report.outcomes.filter(({ verdict }) => verdict === 'fail').map(({ requirement }) => requirement)).toContain(
      'ipam/refuses-overlap',
    )
    expect(code).toBe(1)
    const steps = ['request-pool n1 a local', 'request-pool n1 b local subnet 10.0.0.0/8', 'run 1s']
    const overlap = 'request-pool n1 c local subnet 10.1.0.0/16'
    const name = file(
      'overlap.scenario',
      ['ipam scenario v1', 'nodes n1', '', ...steps, overlap, 'settle', ''].join('\n'),
    )
    expect(await run('run', name)).toMatchObject({ code: 0 })
    const failed = await run('run', name, '--adapter', adapter)
    expect(failed).toMatchObject({ code: 1, out: expect.stringContaining('took pool c as 10.1.0.0/16') })
    expect((await run('replay', name, '--adapter', adapter)).out).toContain('is broken in 1 of 1 runs')
    const shrunk = await run('shrink', name, '--adapter', adapter, '--out', 'ipam-shrunk')
    expect(shrunk.out).toContain('from 5 to 2 steps')
  })
})
