import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { AdapterError, spawnAdapter, type AdapterOptions, type StdioSession } from '../../impl/contract/stdio.ts'
import type { Start } from '../../impl/contract/raft.ts'
import type { Input } from '../../models/raft/vocabulary.ts'

vi.setConfig({ testTimeout: 30_000 })

const script = fileURLToPath(new URL('hostile/adapter.mjs', import.meta.url))
const command = (mode: string, argument = ''): string[] => [process.execPath, script, mode, argument]
const options = { surface: 'raft', startTimeout: 20_000, grace: 300, maxStderr: 1_000_000 } as const
/** Where an answer must not come, waiting for it is wasted; elsewhere a busy machine may be slow. */
const impatient: AdapterOptions & { readonly surface: 'raft' } = { ...options, startTimeout: 1_500, stepTimeout: 500 }
const start: Start = {
  nodes: ['n1', 'n2', 'n3'],
  configuration: { voters: ['n1', 'n2', 'n3'], outgoing: [], learners: [] },
  options: {
    electionTimeout: 150,
    heartbeatInterval: 50,
    preVote: false,
    checkQuorum: false,
    maxEntries: 64,
    maxInflight: 8,
  },
  seed: 1,
}

/** Time for a node to do something. */
const advance = (at: number): Input => ({ type: 'advance', node: 'n1', at, until: at + 600 })
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    // A zombie that nobody has buried yet holds nothing.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

const drive = async (session: StdioSession): Promise<void> => {
  for (let step = 0; step < 6; step++) await session.steps([advance(step * 600)])
  // Time for what nobody asked for.
  await new Promise((resolve) => setTimeout(resolve, 100))
  await session.steps([advance(3_600)])
}

/** Runs an adapter until it fails; whatever happens, it is gone afterwards, soon, and has not grown this process. */
const failureOf = async (mode: string, patience: typeof impatient = options): Promise<AdapterError> => {
  const began = performance.now()
  const memory = process.memoryUsage().rss
  let pid: number | undefined
  const failure = await spawnAdapter(command(mode), patience).then(
    async (adapter) => {
      pid = adapter.pid
      try {
        return await adapter
          .open(start)
          .then(drive)
          .then(
            () => null,
            (error: unknown) => error,
          )
      } finally {
        await adapter.close()
      }
    },
    (error: unknown) => error,
  )
  expect(failure).toBeInstanceOf(AdapterError)
  if (pid !== undefined) expect(isAlive(pid)).toBe(false)
  expect(performance.now() - began).toBeLessThan(20_000)
  expect(process.memoryUsage().rss - memory).toBeLessThan(300_000_000)
  const { message } = failure as AdapterError
  expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
  expect(message.length).toBeLessThan(500)
  return failure as AdapterError
}

describe.concurrent('a hostile adapter is refused in one clear line', () => {
  test.each([
    ['crash-at-start', 'exit', 'ended with exit code 3 while it was asked hello'],
    ['hang-at-start', 'hang', 'did not answer hello (seq 1) within'],
    ['talk-first', 'json', 'sent a line that is not JSON: Welcome to the adapter!'],
    ['wrong-version', 'version', 'speaks version 2 of the protocol'],
    ['hang', 'hang', 'did not answer steps of run 1 (seq 5) within 500 ms'],
    ['crash', 'exit', 'ended with exit code 7 while it was asked steps of run 1'],
    ['closed-output', 'exit', 'closed its standard output while it was asked steps of run 1'],
    ['flood', 'flood', 'sent a line of more than 16777216 bytes'],
    ['flood-lines', 'sequence', 'answered seq 1 a second time'],
    ['flood-stderr', 'flood', 'to standard error without an answer'],
    ['giant-line', 'flood', 'sent a line of more than 16777216 bytes'],
    ['deep-line', 'json', 'not JSON'],
    ['invalid-json', 'json', 'not JSON: {"seq": oops \\u{1b}]0;title\\u{7}}'],
    ['not-an-object', 'json', 'not a JSON object: [1,2,3]'],
    ['wrong-seq', 'sequence', '; open: steps of run 1 (seq 5)'],
    ['wrong-run', 'sequence', 'answered steps of run 1 (seq 5) with run 2'],
    ['answer-twice', 'sequence', 'answered seq 5 a second time'],
    ['unasked', 'unasked', 'sent a line although nothing was asked: {"seq":0'],
    ['few-answers', 'schema', 'gave 0 answers to steps of run 1 (seq 3); it needs 1'],
    ['unknown-field', 'schema', 'recieved'],
    ['bad-type', 'schema', 'answers.0.now: Invalid input: expected number, received string'],
    ['wrong-time', 'contract', 'in a step of 0 to 600'],
    ['reused-id', 'contract', 'message id 1 was used before'],
    ['stranger', 'contract', 'n1 sent message 1 to n99, which is no node of the run'],
  ])('%s', async (mode, kind, text) => {
    const failure = await failureOf(mode, kind === 'hang' ? impatient : options)
    expect(failure.kind).toBe(kind)
    expect(failure.message).toContain(text)
  })

  test('its last words are kept, and cannot touch the terminal', async () => {
    expect((await failureOf('crash')).lastWords).toBe('\\u{1b}[31mgoing down\\u{1b}[0m')
    expect((await failureOf('crash-at-start')).lastWords).toBe('no licence found')
    expect((await failureOf('flood-stderr')).lastWords.length).toBeLessThanOrEqual(4_096)
  })

  test('a command that does not exist, or cannot be run', async () => {
    await expect(spawnAdapter(['no-such-adapter'])).rejects.toThrow('could not be started: no such command')
    await expect(spawnAdapter([script.replace('adapter.mjs', '')])).rejects.toThrow('it is not executable')
  })
})

test('a failure is told to every run and every later request', async () => {
  const adapter = await spawnAdapter(command('hang'), { ...options, stepTimeout: 1_000 })
  try {
    const [one, two] = [await adapter.open(start), await adapter.open(start)]
    await one.steps([advance(0)])
    await one.steps([advance(600)])
    const open = await Promise.allSettled([one.steps([advance(1_200)]), two.steps([advance(0)])])
    expect(open.map((result) => (result.status === 'rejected' ? result.reason.kind : 'fulfilled'))).toEqual([
      'hang',
      'hang',
    ])
    await expect(two.inspect('n1')).rejects.toThrow('did not answer')
    await expect(adapter.open(start)).rejects.toThrow('did not answer')
    await one.close()
  } finally {
    await adapter.close()
  }
  await expect(adapter.open(start)).rejects.toThrow('did not answer')
})

test('claims that are not true come back as unsupported, and the adapter goes on', async () => {
  const adapter = await spawnAdapter(command('false-capabilities'), options)
  try {
    expect(adapter.hello.capabilities).toEqual({ disk: true, encode: true })
    const session = await adapter.open(start)
    const [answer] = await session.steps([{ type: 'crash', node: 'n1', at: 0, keep: [], torn: 0 }])
    expect(answer?.error).toEqual({ kind: 'unsupported', text: 'crash' })
    const failure: unknown = await session
      .encode('n1', 'n2', { kind: 'timeout-now', term: 1 })
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ kind: 'refused', refusal: 'unsupported' })
    await session.close()
  } finally {
    await adapter.close()
  }
})

test('what it received, and deltas that lie, are kept as they are for the judge', async () => {
  const views = await spawnAdapter(command('changed-view'), options)
  const deltas = await spawnAdapter(command('lying-delta'), options)
  try {
    const session = await views.open(start)
    const [sent] = await session.steps([advance(0)])
    const message = sent!.outputs[0]!
    if (message.type !== 'message') throw new Error('no message')
    const [answer] = await session.steps([{ type: 'deliver', node: 'n2', at: 0, message }])
    expect(message.view).toMatchObject({ kind: 'heartbeat', term: 1 })
    expect(answer?.received).toMatchObject({ kind: 'heartbeat', term: 2 })

    const lying = await deltas.open(start)
    const command = { type: 'put', key: 'x', value: '1' } as const
    const operation: Input = { type: 'operation', node: 'n1', at: 0, id: 1, operation: { type: 'propose', command } }
    const [told] = await lying.steps([operation])
    expect(told?.state).toEqual({ commit: 2, applied: 2 })
    expect((await lying.inspect('n1')).state.commit).toBe(1)
  } finally {
    await views.close()
    await deltas.close()
  }
})

describe('no process is left', () => {
  test.each(['deaf', 'grandchildren', 'stubborn'])('%s', async (mode) => {
    const directory = mkdtempSync(join(tmpdir(), 'swarmcheck-'))
    const file = join(directory, 'pid')
    try {
      const adapter = await spawnAdapter(command(mode, file), options)
      const session = await adapter.open(start)
      await session.steps([advance(0)])
      const grandchild = mode === 'deaf' ? null : Number(readFileSync(file, 'utf8'))
      if (grandchild !== null) expect(isAlive(grandchild)).toBe(true)
      const began = performance.now()
      await adapter.close()
      expect(performance.now() - began).toBeLessThan(3_000)
      expect(isAlive(adapter.pid)).toBe(false)
      if (grandchild !== null) expect(isAlive(grandchild)).toBe(false)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
