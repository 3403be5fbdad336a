/** The reference of Serf over real sockets, in a cluster of Debian's `serf agent`: each understands what the other says. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { decodeMessage, encodeMessage } from '../../impl/reference/serf/wire.ts'
import type { Message } from '../../models/serf/vocabulary.ts'
import { buildCommand, until } from './real/cluster.ts'
import { ask, createAgent } from './real/http.ts'
import { missing, MixedCluster, run } from './real/mixed-cluster.ts'

describe('messages as bytes', () => {
  const response = { time: 4, id: 2 ** 31, from: 'n2', ack: false, payload: 'fine' }
  const views: Message[] = [
    { kind: 'gossip', broadcasts: [{ type: 'join', name: 'n1', time: 3 }] },
    { kind: 'gossip', broadcasts: [{ type: 'leave', name: 'n1', time: 3, prune: true }] },
    { kind: 'gossip', broadcasts: [{ type: 'event', time: 300, name: 'deploy', payload: 'v2', coalesce: true }] },
    {
      kind: 'gossip',
      broadcasts: [
        {
          type: 'query',
          time: 70_000,
          id: 2 ** 31 - 1,
          source: 'n1',
          nodes: ['n2', 'n3'],
          ack: true,
          relay: 2,
          timeout: 15_000,
          name: 'load',
          payload: '',
        },
      ],
    },
    { kind: 'response', ...response, ack: true },
    { kind: 'relay', to: 'n1', response },
  ]

  test.each(views.map((view) => ({ view })))('$view.kind is read as it was written', ({ view }) => {
    const [bytes, ...more] = encodeMessage(view, () => '127.0.0.1:7946')
    expect(more).toEqual([])
    expect(decodeMessage(bytes!)).toEqual(view)
    for (let end = 0; end < bytes!.length; end++) {
      const cut = bytes!.subarray(0, end)
      expect(() => (end === 0 ? decodeMessage(cut) : (decodeMessage(cut), null))).not.toThrow(TypeError)
    }
  })
})

const agent = createAgent()
const title = missing.length === 0 ? 'with serf agents' : `with serf agents (skipped: no ${missing.join(', no ')} here)`
describe.skipIf(missing.length > 0)(title, { timeout: 120_000 }, () => {
  let built: ReturnType<typeof buildCommand>
  beforeAll(() => {
    built = buildCommand()
  })
  afterAll(() => built.remove())
  let undo: (() => unknown)[] = []
  afterEach(async () => {
    for (const act of undo.reverse()) await act()
    undo = []
  })

  test('events and queries go both ways, and so does who leaves and who is said to', async () => {
    const cluster = await MixedCluster.create(built.command, null)
    undo.push(() => cluster.close())
    const folder = mkdtempSync(join(tmpdir(), 'swarmcheck-serf-'))
    undo.push(() => rmSync(folder, { recursive: true }))
    const heard = join(folder, 'heard')
    const handlers = [`-event-handler=user:ours=cat > '${heard}'`, '-event-handler=query:load=echo calm']
    await cluster.serf('s1', 1, ...handlers)
    await cluster.serf('s2', 2, `-join=${cluster.address(1)}`)
    const client = await cluster.node('n1', 3, '--join', cluster.address(1))
    const ourCall = (path: string, body: object) =>
      ask(agent, client, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        path,
        body: JSON.stringify(body),
      })
    const weSee = (line: string): Promise<unknown> =>
      until(
        `we see "${line}"`,
        () => (cluster.printed.get('n1')!.split('\n').includes(line) ? true : undefined),
        40_000,
      )
    for (const number of [1, 2]) await cluster.serfSays(number, 'n1', 'alive')
    await weSee('serf join s2')

    // An event of theirs, and one of ours.
    await run('serf', ['event', `-rpc-addr=${cluster.rpc(2)}`, 'deploy', 'v2'])
    await weSee('serf event deploy v2')
    expect((await ourCall('/event', { name: 'ours', payload: 'v3' })).status).toBe(200)
    await until('they hear of ours', () => (existsSync(heard) ? readFileSync(heard, 'utf8') : '') || undefined)
    expect(readFileSync(heard, 'utf8').trim()).toBe('v3')

    // A query of theirs reaches us and is acknowledged; one of ours is answered by a handler of theirs.
    const { stdout } = await run('serf', ['query', '-no-ack=false', `-rpc-addr=${cluster.rpc(2)}`, 'ping'])
    expect(stdout).toContain("Ack from 'n1'")
    await weSee('serf query ping')
    expect((await ourCall('/query', { name: 'load', ack: true })).status).toBe(200)
    await weSee('serf ack s2')
    await weSee('serf answer s1 calm\\n')

    // Who is said to leave, and does not, says so; who leaves has not failed.
    await run('serf', ['force-leave', `-rpc-addr=${cluster.rpc(1)}`, 'n1'])
    await cluster.serfSays(1, 'n1', 'alive')
    await run('serf', ['leave', `-rpc-addr=${cluster.rpc(2)}`])
    await weSee('serf leave s2')

    // Who has failed is said to have left, by them and by us.
    await cluster.serf('s3', 4, `-join=${cluster.address(1)}`)
    await weSee('serf join s3')
    await cluster.kill('s3')
    await weSee('serf failed s3')
    await cluster.serfSays(1, 's3', 'failed')
    expect((await ourCall('/force-leave', { member: 's3' })).status).toBe(200)
    await cluster.serfSays(1, 's3', 'left')
    await weSee('serf leave s3')
    expect(cluster.errors.get('n1')).toBe(undefined)
  })
})
