/** Members over real sockets: among themselves, against enemies, and in clusters of Debian's `serf agent`. */
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { SerfApplication } from '../../impl/real/serf/application.ts'
import { type RunningSwimNode, startSwimNode, type SwimNodeSetup } from '../../impl/real/swim/node.ts'
import { profiles } from '../../impl/real/swim/profiles.ts'
import { serveSwimNode } from '../../impl/real/swim/serve.ts'
import { encodePacket } from '../../impl/reference/swim/wire/packet.ts'
import {
  decodeIntent,
  decodeSerfState,
  decodeTags,
  encodeIntent,
  encodeSerfState,
} from '../../impl/reference/swim/wire/serf.ts'
import { encodeStream } from '../../impl/reference/swim/wire/stream.ts'
import { encodeMeta } from '../../impl/reference/swim/wire/text.ts'
import type { Status, SwimOptions } from '../../models/swim/vocabulary.ts'
import { buildCommand, freePorts, until } from './real/cluster.ts'
import { ask, createAgent } from './real/http.ts'
import { hostOf, missing, MixedCluster, run } from './real/mixed-cluster.ts'

const agent = createAgent()
/** What is to be undone after a test, the last first. */
let undo: (() => unknown)[] = []
afterEach(async () => {
  for (const act of undo.reverse()) await act()
  undo = []
})

const key = Buffer.alloc(32, 7)

/** Fast, so that a failure is found within two seconds; news that all gossip missed comes with the next exchange. */
const fast: SwimOptions = {
  ...profiles.local,
  probeInterval: 200,
  probeTimeout: 100,
  gossipInterval: 40,
  suspicionMaxTimeoutMult: 2,
  pushPullInterval: 2_000,
  streamTimeout: 500,
}

const start = async (node: string, number: number, more: Partial<SwimNodeSetup> = {}): Promise<RunningSwimNode> => {
  const running = await startSwimNode({
    node,
    bind: { host: hostOf(number), port: 0 },
    client: { host: '127.0.0.1', port: 0 },
    options: fast,
    meta: '',
    keys: [],
    label: '',
    application: 'none',
    event: () => {},
    unreadable: () => {},
    ...more,
  })
  undo.push(() => running.close())
  return running
}

const addressOf = ({ address }: RunningSwimNode): string => `${address.host}:${address.port}`
const joins = (node: RunningSwimNode, to: RunningSwimNode) => node.operate({ type: 'join', to: [addressOf(to)] })
const tableOf = ({ members }: RunningSwimNode): Record<string, Status> =>
  Object.fromEntries(members.map(({ node, status }) => [node, status]))

/** Waits until a node's table says this. */
const says = (node: RunningSwimNode, table: Record<string, Status>): Promise<unknown> =>
  until(JSON.stringify(table), () => {
    const current = tableOf(node)
    const isSo = Object.entries(table).every(([name, status]) => current[name] === status)
    return isSo && Object.keys(current).length === Object.keys(table).length ? true : undefined
  }).catch((error: Error) => {
    throw new Error(`${error.message}, but ${JSON.stringify(tableOf(node))}`)
  })

/** Real clocks: a machine that stalls long enough lets live members be taken for dead. */
const patient = { retry: 1 }

describe('among themselves', patient, () => {
  test.each([
    ['in the clear', {}],
    ['encrypted, with a label', { keys: [key], label: 'blue' }],
  ])('members join, fail, come back and leave, %s', async (_, more) => {
    const events: string[] = []
    const n1 = await start('n1', 1, {
      ...more,
      event: ({ event, node, meta }, record) => events.push(`${event} ${node} ${meta} ${record?.status}`),
    })
    const n2 = await start('n2', 2, { ...more, meta: 'two' })
    const n3 = await start('n3', 3, more)
    expect(await joins(n2, n1)).toMatchObject({ status: 'ok' })
    expect(await joins(n3, n1)).toMatchObject({ status: 'ok' })
    for (const node of [n1, n2, n3]) await says(node, { n1: 'alive', n2: 'alive', n3: 'alive' })
    expect(n1.members.map(({ node, address, meta }) => [node, address, meta])).toEqual([
      ['n1', addressOf(n1), ''],
      ['n2', addressOf(n2), 'two'],
      ['n3', addressOf(n3), ''],
    ])

    expect(await n2.operate({ type: 'update', meta: 'zwei' })).toMatchObject({ status: 'ok' })
    for (const node of [n1, n3])
      await until('the news', () => (node.members.some(({ meta }) => meta === 'zwei') ? true : undefined))

    await n3.close()
    for (const node of [n1, n2]) await says(node, { n1: 'alive', n2: 'alive', n3: 'dead' })

    const again = await start('n3', 3, { ...more, bind: n3.address, meta: 'again' })
    await joins(again, n2)
    for (const node of [n1, n2, again]) await says(node, { n1: 'alive', n2: 'alive', n3: 'alive' })

    await n2.operate({ type: 'leave' })
    await says(n1, { n1: 'alive', n2: 'left', n3: 'alive' })
    expect(n1.members[0]).toMatchObject({ node: 'n1', status: 'alive' })
    expect(events).toEqual([
      'join n2 two alive',
      'join n3  alive',
      'update n2 zwei alive',
      'leave n3  dead',
      'join n3 again alive',
      'leave n2 zwei left',
    ])
  })

  test('who has another key or label stays alone, and both sides hear why', async () => {
    const heard: string[] = []
    const more = { unreadable: (error: Error) => heard.push(error.message) }
    const n1 = await start('n1', 1, { ...more, keys: [key], label: 'blue' })
    const n2 = await start('n2', 2, { keys: [randomBytes(32)], label: 'blue' })
    const n3 = await start('n3', 3, { keys: [key], label: 'red' })
    const n4 = await start('n4', 4)
    for (const node of [n2, n3, n4]) {
      expect(await joins(node, n1)).toMatchObject({ status: 'failed' })
      expect(tableOf(node)).toEqual({ [node.members[0]!.node]: 'alive' })
    }
    expect(tableOf(n1)).toEqual({ n1: 'alive' })
    expect(heard).toEqual(['no key fits', 'another label', 'no label'])
  })

  test('a join where nobody listens is refused at once', async () => {
    const n1 = await start('n1', 1)
    const [free] = await freePorts(1)
    const began = performance.now()
    expect(await n1.operate({ type: 'join', to: [`127.0.0.1:${free}`] })).toMatchObject({ status: 'failed' })
    expect(performance.now() - began).toBeLessThan(fast.streamTimeout)
    expect(await n1.operate({ type: 'join', to: [`127.0.0.1:${free}`, 'no address'] })).toMatchObject({
      status: 'failed',
    })
  })

  test('a port that is taken is said, and nothing is left behind', async () => {
    const n1 = await start('n1', 1)
    await expect(start('n2', 1, { bind: n1.address })).rejects.toThrow('EADDRINUSE')
    // The TCP port is free, the other is not.
    const datagrams = createSocket('udp4')
    const [free] = await freePorts(1)
    await new Promise<void>((resolve) => datagrams.bind(free, hostOf(2), resolve))
    undo.push(() => datagrams.close())
    await expect(start('n2', 2, { bind: { host: hostOf(2), port: free! } })).rejects.toThrow('EADDRINUSE')
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(free, hostOf(2), resolve))
    server.close()
  })
})

describe('against enemies', () => {
  const settings = { label: '', keys: [], encryptionVersion: 1, compress: false, nonce: () => randomBytes(12) } as const

  test('neither bytes nor silence hurt', async () => {
    const heard = new Set<string>()
    const n1 = await start('n1', 1, { unreadable: ({ fault }) => heard.add(fault) })
    const { host, port } = n1.address
    const datagrams = createSocket('udp4')
    undo.push(() => datagrams.close())
    const shoot = (bytes: Buffer): Promise<void> =>
      new Promise((resolve) => datagrams.send(bytes, port, host, () => resolve()))
    for (let length = 0; length < 300; length++) await shoot(randomBytes(length))
    await shoot(Buffer.alloc(0))
    await shoot(Buffer.of(7, 255))
    await shoot(encodePacket([{ type: 'ack', sequence: 99, payload: randomBytes(40) }], settings, { checksum: true }))
    await shoot(encodePacket([{ type: 'user', bytes: randomBytes(40) }], settings, { checksum: true }))

    const sockets = Array.from({ length: 300 }, () => {
      const socket = connect({ host, port })
      socket.on('error', () => {})
      return socket
    })
    undo.push(() => sockets.forEach((socket) => socket.destroy()))
    sockets.forEach((socket, index) => {
      if (index % 3 === 0) socket.write(randomBytes(index + 1))
      if (index % 3 === 1) socket.end()
    })
    sockets[2]!.write(encodeStream({ type: 'error', text: 'x' }, settings, 'opener'))
    // Those that keep silent are ended, and then others are served.
    await until('all are closed', () => (sockets.every(({ closed }) => closed) ? true : undefined))
    const n2 = await start('n2', 2)
    expect(await joins(n2, n1)).toMatchObject({ status: 'ok' })
    await says(n1, { n1: 'alive', n2: 'alive' })
    expect([...heard]).toEqual(expect.arrayContaining(['type', 'truncated']))
  })

  test('an accusation that cannot be refuted ends nothing', async () => {
    const n1 = await start('n1', 1)
    const n2 = await start('n2', 2)
    await joins(n2, n1)
    const datagrams = createSocket('udp4')
    undo.push(() => datagrams.close())
    const message = { type: 'suspect', node: 'n1', incarnation: 0xffffffff, from: 'n2' } as const
    const bytes = encodePacket([message], settings, { checksum: true })
    for (let time = 0; time < 2; time++) datagrams.send(bytes, n1.address.port, n1.address.host)
    await until('the answer', () => (n1.state.incarnation === 0xffffffff ? true : undefined))
    await sleep(3 * fast.gossipInterval)
    expect(tableOf(n1)['n1']).toBe('alive')
    expect(await joins(n2, n1)).toMatchObject({ status: 'ok' })
  })

  test('what clients ask', async () => {
    const n1 = await start('n1', 1)
    const client = `127.0.0.1:${n1.client.port}`
    const post = (path: string, body: string, type = 'application/json') =>
      ask(agent, client, { method: 'POST', path, body, headers: { 'content-type': type } })
    expect(await ask(agent, client, { path: '/members' })).toEqual({
      status: 200,
      body: {
        node: 'n1',
        address: addressOf(n1),
        state: { incarnation: expect.any(Number), score: 0, leaving: false },
        members: [expect.objectContaining({ node: 'n1', status: 'alive', address: addressOf(n1), meta: '' })],
      },
    })
    expect(await post('/update', '{"meta":"x"}')).toEqual({ status: 200, body: { ok: true } })
    expect(n1.members).toMatchObject([{ meta: 'x' }])
    expect((await post('/update', `{"meta":"${'é'.repeat(257)}"}`)).status).toBe(400)
    expect(await post('/join', `{"to":["127.0.0.1:1"]}`)).toMatchObject({ status: 409, body: { effect: 'none' } })
    expect((await post('/join', '{"to":["nowhere"]}')).status).toBe(400)
    expect((await post('/join', '{')).body.error).toBe('malformed-json')
    expect((await post('/leave', '{}', 'text/plain')).status).toBe(415)
    expect((await post('/leave', 'x'.repeat(70_000))).status).toBe(413)
    expect((await post('/members', '{}')).status).toBe(405)
    expect((await post('/__proto__', '{}')).status).toBe(404)
    expect(await post('/leave', '{}')).toEqual({ status: 200, body: { ok: true } })
  })
})

describe('Serf', () => {
  test('tags, and a clock that outlives what others say', () => {
    const serf = new SerfApplication('n1', profiles.local, 1)
    expect(decodeTags(encodeMeta(serf.meta('web')))).toEqual(new Map([['role', 'web']]))
    expect(decodeTags(encodeMeta(serf.meta('role=web,zone=a=b')))).toEqual(
      new Map([
        ['role', 'web'],
        ['zone', 'a=b'],
      ]),
    )
    expect(decodeTags(encodeMeta(serf.meta('')))).toEqual(new Map())

    const state = () => decodeSerfState(serf.state())
    expect(state()).toMatchObject({ time: 1, statusTimes: new Map([['n1', 0]]) })
    serf.receive(encodeIntent({ type: 'join', time: 7, node: 'n2', prune: false }))
    expect(state()).toMatchObject({ time: 8, statusTimes: new Map([['n1', 0]]) })
    // Somebody still tells that this node left in an earlier life.
    serf.receive(encodeIntent({ type: 'leave', time: 20, node: 'n1', prune: false }))
    expect(state().statusTimes.get('n1')).toBeGreaterThan(20)
    const events = [{ time: 2, name: 'deploy', payload: 'v2' }]
    const theirs = { time: 50, statusTimes: new Map([['n1', 40]]), left: ['n1'], eventTime: 3, queryTime: 4, events }
    serf.merge(encodeSerfState(theirs))
    expect(state()).toMatchObject({ eventTime: 3, queryTime: 4, events })
    expect(state().statusTimes.get('n1')).toBeGreaterThan(41)
    // What they only repeat changes nothing.
    const before = state()
    serf.merge(encodeSerfState(before))
    expect(state()).toEqual(before)

    const leave = decodeIntent(serf.leave()!)
    expect(leave).toMatchObject({ type: 'leave', node: 'n1' })
    expect(leave!.time).toBeGreaterThan(before.statusTimes.get('n1')!)
    expect(() =>
      serf.receive(encodeIntent({ type: 'join', time: Number.MAX_SAFE_INTEGER, node: 'n2', prune: false })),
    ).toThrow('clock')
    expect(() => serf.merge(Buffer.from('x'))).toThrow('user state')
  })
})

describe('the command', () => {
  const run = async (words: readonly string[]) => {
    const [out, err]: [string[], string[]] = [[], []]
    const controller = new AbortController()
    const ended = serveSwimNode(words, {
      out: { write: (text: string) => out.push(text) },
      err: { write: (text: string) => err.push(text) },
      signal: controller.signal,
    })
    return { out, err, end: () => controller.abort(), ended }
  }

  test('serves, prints events, leaves when it is interrupted', async () => {
    const n2 = await start('n2', 2, { options: profiles.local })
    const bind = `${hostOf(1)}:${(await freePorts(1))[0]}`
    const command = await run([
      '--name',
      'n1',
      '--bind',
      bind,
      '--join',
      addressOf(n2),
      '--profile',
      'local',
      '--meta',
      'm',
    ])
    undo.push(() => command.end())
    await says(n2, { n1: 'alive', n2: 'alive' })
    expect(n2.members[0]).toMatchObject({ node: 'n1', address: bind, meta: 'm' })
    await until('the event', () => (command.out.includes(`join n2 ${addressOf(n2)}\n`) ? true : undefined))
    await n2.operate({ type: 'update', meta: 'a\nb\u001b' })
    await until('news', () => (command.out.includes('update n2 a\\nb\\u{1b}\n') ? true : undefined))
    command.end()
    expect(await command.ended).toBe(0)
    await says(n2, { n1: 'left', n2: 'alive' })
    expect(command.out[0]).toMatch(new RegExp(`^n1 is ready: members on ${bind}, clients on http://127.0.0.1:\\d+\n$`))
    expect(command.err).toEqual([])
  })

  test('says once that a stranger cannot be read, and that nobody answered', async () => {
    const [port, free] = await freePorts(2)
    const host = hostOf(1)
    const words = ['--name', 'n1', '--bind', `${host}:${port}`, '--join', `127.0.0.1:${free}`, '--profile', 'local']
    const command = await run([...words, '--key', key.toString('base64')])
    undo.push(() => command.end())
    await until('the warning', () => (command.err.length === 1 ? true : undefined))
    expect(command.err[0]).toMatch(/^swarmcheck: nobody to join answered: /)
    const datagrams = createSocket('udp4')
    undo.push(() => datagrams.close())
    await new Promise<void>((resolve) => datagrams.bind(0, host, resolve))
    for (let time = 0; time < 3; time++) datagrams.send(Buffer.of(0), port!, host)
    await until('another', () => (command.err.length === 2 ? true : undefined))
    await sleep(100)
    expect(command.err.slice(1)).toEqual([
      `swarmcheck: cannot read what ${host}:${datagrams.address().port} sends: version 0 of encryption\n`.replace(
        'version 0 of encryption',
        'too short to be encrypted',
      ),
    ])
    command.end()
    expect(await command.ended).toBe(0)
  })

  test.each([
    [['--bind', '127.0.0.1:1'], '--name is missing'],
    [['--name', 'n1'], '--bind is missing'],
    [['--name', 'n 1', '--bind', '127.0.0.1:1'], 'is no name'],
    [['--name', 'n1', '--bind', '0.0.0.0:7946'], 'can reach it'],
    [['--name', 'n1', '--bind', 'localhost:7946'], 'can reach it'],
    [['--name', 'n1', '--bind', '127.0.0.1'], 'is no address'],
    [['--name', 'n1', '--bind', '127.0.0.1:7946', '--join', 'x'], 'is no address'],
    [['--name', 'n1', '--bind', '127.0.0.1:7946', '--profile', 'moon'], 'local, lan or wan'],
    [['--name', 'n1', '--bind', '127.0.0.1:7946', '--key', 'c2hvcnQ='], '16, 24 or 32 bytes'],
    [['--name', 'n1', '--bind', '127.0.0.1:7946', '--key', '!'.repeat(44)], '16, 24 or 32 bytes'],
    [['--name', 'n1', '--bind', '127.0.0.1:7946', '--label', 'x'.repeat(256)], 'too long'],
    [['--name', 'n1', '--bind', '127.0.0.1:7946', '--oops'], '--oops'],
    [['--name', 'n1', '--bind', '192.0.2.1:7946'], 'cannot serve: '],
  ])('%j is refused in one line', async (words, reason) => {
    const { ended } = await run(words)
    const error = await ended.catch((caught: Error) => caught)
    expect(error).toMatchObject({ name: 'ServeError', message: expect.stringContaining(reason) })
    expect((error as Error).message).not.toContain('\n')
  })
})

// With agents of others

const title = missing.length === 0 ? 'with serf agents' : `with serf agents (skipped: no ${missing.join(', no ')} here)`
describe.skipIf(missing.length > 0)(title, patient, () => {
  let built: ReturnType<typeof buildCommand>
  beforeAll(() => {
    built = buildCommand()
  })
  afterAll(() => built.remove())

  test.each([
    ['in the clear', null],
    ['encrypted', key],
  ])('both sides agree who is there, who failed and who left, %s', async (_, encrypt) => {
    const cluster = await MixedCluster.create(built.command, encrypt)
    undo.push(() => cluster.close())
    await cluster.serf('s1', 1, '-tag=role=first')
    await cluster.serf('s2', 2, `-join=${cluster.address(1)}`)
    await cluster.serf('s3', 3, `-join=${cluster.address(1)}`)
    const encryption = encrypt === null ? [] : ['--key', encrypt.toString('base64')]
    const words = ['--join', cluster.address(2), '--meta', 'role=guest', ...encryption]
    let client = await cluster.node('n1', 4, ...words)
    const ours = async (): Promise<any> => (await ask(agent, client, { path: '/members' })).body
    const weSay = (table: Record<string, Status>): Promise<unknown> =>
      until(
        `we say ${JSON.stringify(table)}`,
        async () => {
          const { members } = await ours()
          const current = Object.fromEntries(members.map((each: any) => [each.node, each.status]))
          return JSON.stringify(current) === JSON.stringify(table) ? true : undefined
        },
        40_000,
      )
    const eventsOf = (name: string): string[] =>
      cluster.printed
        .get(name)!
        .split('\n')
        .slice(1, -1)
        .filter((line) => !line.startsWith('serf '))

    await weSay({ n1: 'alive', s1: 'alive', s2: 'alive', s3: 'alive' })
    for (const number of [1, 2, 3]) await cluster.serfSays(number, 'n1', 'alive', { role: 'guest' })
    // Both sides list the same members, at the same addresses.
    for (const number of [1, 2, 3])
      await cluster.serfLists(number, [
        `n1 ${cluster.address(4)} alive`,
        `s1 ${cluster.address(1)} alive`,
        `s2 ${cluster.address(2)} alive`,
        `s3 ${cluster.address(3)} alive`,
      ])
    const { members } = await ours()
    expect(members.map((each: any) => [each.node, each.address])).toEqual([
      ['n1', cluster.address(4)],
      ['s1', cluster.address(1)],
      ['s2', cluster.address(2)],
      ['s3', cluster.address(3)],
    ])
    expect(decodeTags(encodeMeta(members[1].meta))).toEqual(new Map([['role', 'first']]))
    expect(eventsOf('n1').sort()).toEqual([1, 2, 3].map((each) => `join s${each} ${cluster.address(each)}`))

    // News of ours reach them, and theirs us.
    const update = { method: 'POST', headers: { 'content-type': 'application/json' }, path: '/update' }
    expect((await ask(agent, client, { ...update, body: '{"meta":"role=host,zone=a"}' })).status).toBe(200)
    for (const number of [1, 2, 3]) await cluster.serfSays(number, 'n1', 'alive', { role: 'host', zone: 'a' })
    await run('serf', ['tags', '-set', 'role=second', `-rpc-addr=${cluster.rpc(2)}`])
    // Gossip may miss one of four; then the next exchange of tables tells it, every 15 seconds or so.
    const isTold = async (): Promise<true | undefined> => {
      const { meta } = (await ours()).members[2]
      return decodeTags(encodeMeta(meta)).get('role') === 'second' ? true : undefined
    }
    await until('the tag of s2', isTold, 40_000)

    await cluster.kill('s3')
    await weSay({ n1: 'alive', s1: 'alive', s2: 'alive', s3: 'dead' })
    for (const number of [1, 2])
      await cluster.serfLists(number, [
        `n1 ${cluster.address(4)} alive`,
        `s1 ${cluster.address(1)} alive`,
        `s2 ${cluster.address(2)} alive`,
        `s3 ${cluster.address(3)} failed`,
      ])
    expect(eventsOf('n1').at(-1)).toBe('leave s3 dead')

    await cluster.kill('n1')
    for (const number of [1, 2]) await cluster.serfSays(number, 'n1', 'failed')

    client = await cluster.node('n1', 4, ...words)
    for (const number of [1, 2]) await cluster.serfSays(number, 'n1', 'alive', { role: 'guest' })
    // What is said of the dead tells nothing to who does not know them.
    await weSay({ n1: 'alive', s1: 'alive', s2: 'alive' })

    // Who leaves is not taken for failed, on either side.
    await run('serf', ['leave', `-rpc-addr=${cluster.rpc(2)}`])
    await weSay({ n1: 'alive', s1: 'alive', s2: 'left' })
    expect(await cluster.kill('n1', 'SIGTERM')).toBe(0)
    await cluster.serfSays(1, 'n1', 'left')
    expect(cluster.errors.get('n1')).toBe(undefined)

    if (encrypt === null) return
    const stranger = await cluster.node(
      'n2',
      5,
      '--join',
      cluster.address(1),
      '--key',
      randomBytes(32).toString('base64'),
    )
    await until('the stranger gives up', () => cluster.errors.get('n2'))
    expect((await ask(agent, stranger, { path: '/members' })).body.members).toHaveLength(1)
    expect((await cluster.members(1)).map(({ name }) => name)).not.toContain('n2')
  })
})
