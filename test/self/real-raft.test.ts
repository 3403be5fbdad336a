/** The reference over real connections and real files: processes that are killed, and come back. */
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, readdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { checkKey } from '../../properties/linearizability.ts'
import { createRandom, startClients } from './real/clients.ts'
import { buildCommand, RealCluster, until } from './real/cluster.ts'

const nodes = ['n1', 'n2', 'n3']
const keys = ['a', 'b', 'c', 'd', 'e', 'f']
let built: ReturnType<typeof buildCommand>
let running: RealCluster | null = null

/** Where the leader is not to change by itself, a busy machine needs a long timeout. */
const start = async (electionTimeout = 600): Promise<RealCluster> =>
  (running = await RealCluster.start({ command: built.command, nodes, electionTimeout }))

beforeAll(() => {
  built = buildCommand()
})
afterEach(async () => {
  await running?.close()
  expect(existsSync(running?.folder ?? '')).toBe(false)
  running = null
})
afterAll(() => built.remove())

test('what was acknowledged outlives the leader, which catches up when it is back', async () => {
  const cluster = await start()
  const first = await cluster.leader()
  const acknowledged: string[] = []
  let next = 0
  let killed = false
  const write = async (): Promise<void> => {
    while (!killed) {
      const key = `k${++next}`
      const reply = await cluster.ask(first, 'PUT', `/kv/${key}`, `value of ${key}`).catch(() => null)
      if (reply?.status === 200) acknowledged.push(key)
    }
  }
  const writers = Array.from({ length: 8 }, write)
  await until('writes', () => (acknowledged.length >= 100 ? true : undefined))
  // In the middle of the stream.
  await cluster.kill(first)
  killed = true
  await Promise.all(writers)

  const second = await cluster.leader()
  expect(second).not.toBe(first)
  for (const key of acknowledged)
    expect((await cluster.ask(second, 'GET', `/kv/${key}`)).body).toEqual({ key, value: `value of ${key}` })

  // A follower sends writers to the leader, and reads for itself.
  const follower = nodes.find((node) => node !== first && node !== second)!
  const refused = await cluster.ask(follower, 'PUT', '/kv/x', 'y')
  expect(refused).toEqual({
    status: 503,
    body: { error: 'not-leader', effect: 'none', leader: { node: second, address: cluster.client(second) } },
  })
  expect((await cluster.ask(follower, 'GET', '/kv/k1')).body.value).toBe('value of k1')

  await cluster.start(first)
  await cluster.caughtUp(first)
  expect((await cluster.ask(first, 'GET', `/kv/${acknowledged.at(-1)}`)).body.value).toBe(
    `value of ${acknowledged.at(-1)}`,
  )
})

test('a torn write at the end of the journal is cut off', async () => {
  const cluster = await start()
  const node = nodes.find((each) => each !== 'n2')!
  expect((await cluster.ask(await cluster.leader(), 'PUT', '/kv/x', 'before')).status).toBe(200)
  await cluster.caughtUp(node)
  await cluster.kill(node)
  const journal = join(cluster.data(node), 'journal')
  const whole = readFileSync(journal)
  // The first half of a record that was under way when the power went.
  appendFileSync(journal, whole.subarray(0, Math.floor(whole.readUInt32BE(0) / 2)))
  await cluster.start(node)
  expect(cluster.errors.get(node)).toMatch(/^swarmcheck: cut \d+ bytes of a torn write off the journal\n$/)
  expect((await cluster.ask(await cluster.leader(), 'PUT', '/kv/x', 'after')).status).toBe(200)
  await cluster.caughtUp(node)
  await until('the read', async () =>
    (await cluster.ask(node, 'GET', '/kv/x')).body.value === 'after' ? true : undefined,
  )
  expect(readFileSync(journal).subarray(0, whole.length)).toEqual(whole)
})

test('members come and go, leadership is handed over, logs are compacted, and the end is orderly', async () => {
  const cluster = await start()
  const first = await cluster.leader()
  for (let index = 0; index < 20; index++) await cluster.ask(first, 'PUT', `/kv/k${index}`, `${index}`)
  expect((await cluster.ask(first, 'POST', '/compact', '{}')).body).toEqual({ ok: true })
  expect(statSync(join(cluster.data(first), 'journal')).size).toBeGreaterThan(0)

  await cluster.join('n4')
  const body = JSON.stringify({ type: 'add-voter', node: 'n4', address: cluster.peer('n4') })
  expect((await cluster.ask(first, 'POST', '/members', body)).body).toEqual({ ok: true })
  await cluster.caughtUp('n4')
  expect((await cluster.ask('n4', 'GET', '/kv/k7')).body.value).toBe('7')

  expect((await cluster.ask(first, 'POST', '/transfer', '{"to": "n4"}')).body).toEqual({ ok: true })
  await until('n4 leads', async () => ((await cluster.leader()) === 'n4' ? true : undefined))
  const refused = await cluster.ask(first, 'PUT', '/kv/x', 'y')
  expect(refused.body.leader).toEqual({ node: 'n4', address: cluster.client('n4') })

  const removal = JSON.stringify({ type: 'remove', node: first })
  expect((await cluster.ask('n4', 'POST', '/members', removal)).body).toEqual({ ok: true })
  const { state } = (await cluster.ask('n4', 'GET', '/status')).body
  expect(state.configuration.voters).toEqual([...nodes.filter((node) => node !== first), 'n4'])

  for (const node of [...nodes, 'n4']) {
    expect(await cluster.kill(node, node === first ? 'SIGINT' : 'SIGTERM')).toBe(0)
    expect(readdirSync(cluster.data(node)).sort()).toEqual(['journal', 'node.json'])
    expect(cluster.errors.get(node)).toBe(undefined)
  }
})

test('of several processes that want one directory at once at most one gets it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'swarmcheck-real-'))
  const script = `
    import { createInterface } from 'node:readline'
    import { lockDirectory } from ${JSON.stringify(join(dirname(built.command), 'impl/real/files.js'))}
    let release
    for await (const word of createInterface({ input: process.stdin })) {
      if (word === 'lock') release = await lockDirectory(${JSON.stringify(folder)}).catch(({ name }) => name)
      else if (typeof release === 'function') await release()
      console.log(typeof release === 'function' ? 'locked' : release)
    }`
  const flags = ['--input-type=module', '--eval', script]
  const children = Array.from({ length: 3 }, () =>
    spawn(process.execPath, flags, { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  const answers = children.map(({ stdout }) => createInterface({ input: stdout })[Symbol.asyncIterator]())
  const say = (word: string): Promise<string[]> => {
    for (const { stdin } of children) stdin.write(`${word}\n`)
    return Promise.all(answers.map(async (lines) => (await lines.next()).value as string))
  }
  const seen = new Set<string>()
  try {
    for (let round = 0; round < 100; round++) {
      const words = await say('lock')
      expect(words.filter((word) => word === 'locked').length).toBeLessThanOrEqual(1)
      for (const word of words) seen.add(word)
      await say('release')
    }
    expect([...seen].sort()).toEqual(['LockedError', 'locked'])
    expect(readdirSync(folder)).toEqual([])
  } finally {
    for (const child of children) child.kill()
    rmSync(folder, { recursive: true })
  }
})

test('twenty kills with clients at work leave a linearizable history', async () => {
  const cluster = await start(200)
  await cluster.leader()
  const seed = 20_260
  const random = createRandom(seed)
  const clients = startClients(cluster, 4, keys, seed)
  for (let round = 0; round < 20; round++) {
    // Every fifth time all of them, so that nothing is left but their files.
    const victims = round % 5 === 4 ? nodes : [nodes[Math.floor(random() * nodes.length)]!]
    const before = clients.acknowledged()
    await Promise.all(victims.map((node) => cluster.kill(node)))
    await sleep(50 + random() * 200)
    await Promise.all(victims.map((node) => cluster.start(node)))
    await until('an answer', () => (clients.acknowledged() > before ? true : undefined))
  }
  for (const node of nodes) await cluster.caughtUp(node)
  await clients.stop()

  const { history } = clients
  const outcomeOf = (key: string) => checkKey(history.filter((each) => each.key === key))
  expect(clients.acknowledged()).toBeGreaterThan(200)
  expect(keys.map(outcomeOf)).toEqual(keys.map(() => ({ ok: true })))

  // The check can fail: it does where one read misses the last write before it.
  const read = history.findLast(({ type, result }) => type === 'get' && typeof result === 'string')!
  read.result = null
  expect(outcomeOf(read.key)).toMatchObject({ ok: false })
}, 120_000)
