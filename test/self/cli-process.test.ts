/** The command as a process: signals, children, several cores, pipes. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readReport } from '../../traces/report.ts'
import { packageRoot } from '../suites/package-files.ts'
import { buildCommand, runCommand } from './built.ts'

// Each test starts processes that run whole suites; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 240_000 })

let command = ''
const folder = mkdtempSync(join(tmpdir(), 'swarmcheck-process-'))
beforeAll(() => {
  command = buildCommand()
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true }))

/** The reference as an adapter that leaves its process number in a folder. */
function adapterIn(pids: string): string {
  mkdirSync(pids, { recursive: true })
  const file = join(pids, 'adapter.mjs')
  writeFileSync(
    file,
    `import { writeFileSync } from 'node:fs'
    import { createReference, serveStdio } from ${JSON.stringify(pathToFileURL(join(command, '..', 'index.js')))}
    writeFileSync(${JSON.stringify(pids)} + '/' + process.pid + '.pid', '')
    await serveStdio(createReference())`,
  )
  return `"${process.execPath}" "${file}"`
}

function alive(pids: string): { started: number; alive: number } {
  const numbers = readdirSync(pids).flatMap((file) => (file.endsWith('.pid') ? [Number.parseInt(file, 10)] : []))
  const living = numbers.filter((pid) => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  })
  return { started: numbers.length, alive: living.length }
}

describe('an interrupt', () => {
  test.each([
    ['SIGINT', []],
    ['SIGTERM', ['--jobs', '1']],
  ] as const)('%s %j: results so far are written, exit 130', async (signal, words) => {
    const { code, out } = await runCommand(
      command,
      ['run', '--budget', '1000000', '--cases', 'schedules', '--reporter', 'json', ...words],
      (child) => setTimeout(() => child.kill(signal), 6_000),
    )
    expect(code).toBe(130)
    const report = readReport(out)
    expect(report.interrupted).toBe(true)
    expect(report.runs.scenarios).toBeGreaterThan(0)
  })

  test.each([
    ['raft', '1'],
    ['raft', '2'],
    ['adapter', '1'],
  ])('suite %s, %s jobs: the adapters are ended', async (suite, jobs) => {
    const pids = join(folder, `interrupted-${suite}-${jobs}`)
    const { code } = await runCommand(
      command,
      [
        ...['run', '--suite', suite, '--jobs', jobs, '--adapter', adapterIn(pids)],
        ...(suite === 'adapter' ? [] : ['--budget', '1000000', '--cases', 'schedules']),
      ],
      // Not after a fixed time: a fast machine would be done, and a slow one would not have begun.
      (child) =>
        void expect
          .poll(() => alive(pids).started, { timeout: 30_000 })
          .toBeGreaterThan(0)
          .then(() => child.kill('SIGINT')),
    )
    expect(code).toBe(130)
    expect(alive(pids).started).toBeGreaterThan(0)
    await expect.poll(() => alive(pids).alive, { timeout: 10_000 }).toBe(0)
  })
})

test('with several cores the bytes are the same as with one', async () => {
  const words = ['run', '--budget', '12', '--cases', 'schedules', '--reporter', 'json']
  const one = await runCommand(command, [...words, '--jobs', '1'])
  const three = await runCommand(command, [...words, '--jobs', '3'])
  expect(three.out).toBe(one.out)
  expect(readReport(one.out).runs.scenarios).toBeGreaterThanOrEqual(12)
})

test('the reference through an adapter has the same verdicts as in this process', async () => {
  const words = ['run', '--cases', 'corpus', '--reporter', 'json']
  const direct = readReport((await runCommand(command, [...words, '--reference', 'on-append'])).out)
  const adapted = readReport((await runCommand(command, [...words, '--adapter', adapterIn(join(folder, 'plain'))])).out)
  expect(adapted.errors).toEqual([])
  expect(adapted.outcomes).toEqual(direct.outcomes)
  expect(adapted.coverage).toEqual(direct.coverage)
})

describe('an adapter that fails', () => {
  const adapter = (name: string, body: string): string => {
    const file = join(folder, `${name}.mjs`)
    writeFileSync(file, body)
    return `"${process.execPath}" "${file}"`
  }
  /** Speaks for the reference, but may do something else with a request, or change a reply. */
  const reference = (act: string, change = ''): string => `
    import { existsSync, writeFileSync } from 'node:fs'
    import { createInterface } from 'node:readline'
    import { PassThrough } from 'node:stream'
    import { createReference, serveStdio } from ${JSON.stringify(pathToFileURL(join(command, '..', 'index.js')))}
    const requests = new PassThrough()
    const replies = new PassThrough()
    createInterface({ input: process.stdin })
      .on('line', (line) => {
        const request = JSON.parse(line)
        ${act}
        requests.write(line + '\\n')
      })
      .on('close', () => requests.end())
    createInterface({ input: replies }).on('line', (line) => {
      const reply = JSON.parse(line)
      ${change}
      console.log(JSON.stringify(reply))
    })
    await serveStdio(createReference(), requests, replies)
  `
  const check = async (command_: string, ...words: string[]) => {
    const { code, out } = await runCommand(command, [
      ...[
        'run',
        '--budget',
        '6',
        '--cases',
        'schedules',
        '--reporter',
        'json',
        '--adapter',
        command_,
        '--out',
        join(folder, 'out'),
      ],
      ...words,
    ])
    return { code, report: readReport(out) }
  }

  test('now and then: its words are in the report, and the rest of the run goes on', async () => {
    const mark = JSON.stringify(join(folder, 'once'))
    const act = `if (request.seq === 40 && !existsSync(${mark})) {
      writeFileSync(${mark}, '')
      console.error('I slipped')
      process.exit(7)
    }`
    const { code, report } = await check(adapter('slips', reference(act)))
    expect(code).toBe(3)
    expect(report.errors).toHaveLength(1)
    expect(report.errors[0]).toContain('I slipped')
    expect(report.errors[0]).toContain('did not happen again')
    expect(report.runs.scenarios).toBeGreaterThanOrEqual(6)
    expect(report.outcomes.filter(({ verdict }) => verdict === 'fail')).toEqual([])
  })

  test('always at the same input: it does not survive, and the scenario is shrunk', async () => {
    const act = `if (request.inputs?.some((input) => input.operation?.type === 'compact')) { console.error('no room'); process.exit(9) }`
    const { code, report } = await check(adapter('dies', reference(act)), '--requirement', 'raft/survives')
    expect(code).toBe(1)
    const [survives] = report.outcomes
    expect(survives).toMatchObject({ requirement: 'raft/survives', verdict: 'fail' })
    expect(survives!.counterexample!.scenario).toContain('compact')
    expect(survives!.counterexample!.steps).toBeLessThan(6)
    expect(survives!.counterexample!.text).toContain('no room')
    expect(survives!.replay).toContain('replay')
    expect(readdirSync(join(folder, 'out'))).toContain('raft-survives.scenario')
  })

  test('in every run: it is given up, and what was not tested says so', async () => {
    const act = `if (request.type === 'steps') { console.log('{"seq":' + request.seq + ',"nonsense":1}'); return }`
    const { code, report } = await check(adapter('nonsense', reference(act)))
    expect(code).toBe(3)
    expect(report.errors.length).toBeGreaterThan(0)
    expect(report.errors.length).toBeLessThan(20)
    expect(report.outcomes.filter(({ verdict }) => verdict === 'pass')).toEqual([])
    expect(report.outcomes.some(({ verdict }) => verdict === 'error')).toBe(true)
  })

  test('a false claim is named', async () => {
    const change = `if (reply.hello) reply.hello.profiles = ['raft-core', 'raft-persistense']`
    const { code, report } = await check(adapter('boasts', reference('', change)))
    expect(report.errors).toContain(
      "claims profile 'raft-persistense', which does not exist; did you mean 'raft-persistence'?",
    )
    expect([1, 3]).toContain(code)
  })
})

test('a reader that has seen enough is no failure', async () => {
  const child = spawn('sh', ['-c', `"${process.execPath}" "${command}" list requirements | head -n 1`], {
    cwd: packageRoot,
  })
  let text = ''
  child.stdout.on('data', (data) => (text += String(data)))
  child.stderr.on('data', (data) => (text += String(data)))
  await new Promise((resolve) => child.on('close', resolve))
  expect(text).toMatch(/^raft\/\S+ +MUST {4}[^\n]+\n$/)
})
