import { fileURLToPath } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { AdapterError, spawnAdapter, type StdioSession } from '../../impl/contract/stdio.ts'
import type { SwimWords } from '../../impl/contract/swim.ts'
import type { Answer, Input } from '../../models/swim/vocabulary.ts'
import { completeSwimScenario } from '../../traces/scenario.ts'

vi.setConfig({ testTimeout: 30_000 })

const script = fileURLToPath(new URL('hostile/swim-adapter.mjs', import.meta.url))
const command = (mode: string): string[] => [process.execPath, script, mode]
const { nodes, members, options, seed } = completeSwimScenario({
  nodes: ['n1', 'n2', 'n3', 'n4'],
  members: ['n1', 'n2', 'n3'],
})
const start = { nodes, members, options, seed }
const swim = { surface: 'swim', startTimeout: 20_000 } as const

type Session = StdioSession<SwimWords>

const one = async (session: Session, input: Input): Promise<Answer> => (await session.steps([input]))[0]!

/** On each node's own clock: only that of n1 has come to its first probe. */
const now = (node: string): number => (node === 'n1' ? 1_000 : 10)

/** Delivers what comes of an answer, and what comes of that. */
const deliverAll = async (session: Session, { outputs }: Answer): Promise<void> => {
  for (const message of outputs) {
    if (message.type !== 'message') continue
    const { to: node } = message
    await deliverAll(session, await one(session, { type: 'deliver', node, at: now(node), message }))
  }
}

/** A probe, a join, an update, a crash and a restart, each seen to its end. */
const drive = async (session: Session): Promise<void> => {
  await deliverAll(session, await one(session, { type: 'advance', node: 'n1', at: 0, until: 1_500 }))
  const ask = (node: string, id: number, operation: Extract<Input, { type: 'operation' }>['operation']) =>
    one(session, { type: 'operation', node, at: now(node), id, operation })
  await deliverAll(session, await ask('n4', 1, { type: 'join', to: ['n1'] }))
  await deliverAll(session, await ask('n2', 2, { type: 'update', meta: 'm' }))
  await one(session, { type: 'crash', node: 'n3', at: 10 })
  await one(session, { type: 'restart', node: 'n3', at: 10 })
  for (const node of nodes) await session.inspect(node)
}

const failureOf = async (mode: string): Promise<AdapterError> => {
  const failure = await spawnAdapter(command(mode), swim).then(
    async (adapter) => {
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
  return failure as AdapterError
}

test('an honest adapter of SWIM is driven like any other', async () => {
  const adapter = await spawnAdapter(command('honest'), swim)
  try {
    expect(adapter.surface).toBe('swim')
    const session = await adapter.open(start)
    await drive(session)
    expect((await session.inspect('n1')).members.map(({ node }) => node)).toEqual(nodes)
    const message = await session.encode('n2', 'n1', { kind: 'stream-ping', sequence: 7, target: 'n1' })
    const answer = await one(session, { type: 'deliver', node: 'n1', at: 1_000, message })
    expect(answer.outputs).toMatchObject([{ view: { kind: 'stream-ack', sequence: 7 }, stream: message.stream }])
    await session.close()
  } finally {
    await adapter.close()
  }
})

describe('what contradicts the contract is refused in one clear line', () => {
  test.each([
    ['unopened-stream', 'outputs', 'message 2 of n1 is a stream-ack on stream 77, which nobody has opened'],
    ['gossip-on-stream', 'outputs', 'message 2 of n1 is a gossip, which no stream carries'],
    ['opens-twice', 'outputs', 'opens stream 79, which was opened before'],
    ['foreign-stream', 'outputs', 'is a push-pull-reply on stream 2, which nobody has opened'],
    ['early-answer', 'outputs', 'on stream 1, which n4 has opened to n1'],
    ['stranger', 'outputs', 'n1 sent message 1 to n99, which is no node of the run'],
    ['speaks-of-strangers', 'outputs', 'message 1 of n1 speaks of n99, which is no node of the run'],
    ['reused-id', 'outputs', 'message id 1 was used before'],
    ['changed-view', 'received', 'decoded message 1 differently: {"kind":"ping","sequence":2'],
    ['forgets-strangers', 'folds', 'n1 shows that it has forgotten n3, of which it had shown no record'],
    ['lying-delta', 'folds', 'its answers add up to nothing'],
    ['restarts-in-part', 'shown', 'n3 must answer a restart with its whole state and its whole table'],
    ['wrong-time', 'time', 'in a step of 0 to 1500'],
    ['past-wake', 'time', 'wants to be woken at'],
  ])('%s', async (mode, rule, text) => {
    expect(await failureOf(mode)).toMatchObject({ kind: 'contract', rule, message: expect.stringContaining(text) })
  })
})

describe('what has not the form that was asked for is named where it is wrong', () => {
  test.each([
    ['raft-answers', 'answered steps of run 1 (seq 3) badly: answers.0.state: Unrecognized keys: "role", "term"'],
    ['unknown-field', 'answers.0: Unrecognized key: "recieved"'],
    ['misspelt-kind', 'answers.0.outputs.0.view.gossip.0.status: Invalid option'],
    ['misspelt-operation', 'hello.operations.1: Invalid option: expected one of "join"|"leave"|"update"'],
    ['unknown-surface', 'hello.surfaces.0: Invalid input: expected "swim"'],
  ])('%s', async (mode, text) => {
    expect(await failureOf(mode)).toMatchObject({ kind: 'schema', message: expect.stringContaining(text) })
  })
})

describe('the surface', () => {
  test('is the one that was asked for, of several', async () => {
    for (const surface of ['raft', 'swim'] as const) {
      const adapter = await spawnAdapter(command('two-surfaces'), { surface })
      expect(adapter.surface).toBe(surface)
      expect(adapter.hello.surfaces).toEqual([surface])
      await adapter.close()
    }
  })

  test('is said by each start where there are several', async () => {
    const adapter = await spawnAdapter(command('two-surfaces'), swim)
    await drive(await adapter.open(start))
    await adapter.close()
  })

  test('is the first that is offered where none was asked for', async () => {
    const adapter = await spawnAdapter(command('two-surfaces'))
    expect(adapter.surface).toBe('raft')
    await adapter.close()
  })

  test('that is not offered is said in one line', async () => {
    await expect(spawnAdapter(command('honest'), { surface: 'raft' })).rejects.toThrow(
      /^adapter .* offers surface swim, and was to be tested for raft$/,
    )
  })
})
