/** The reference as a routing mesh of real processes, each node on an address of its own; its history is judged. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { judgeHistory } from '../../properties/balancing/history.ts'
import { Recorder, Tasks } from './balancing/traffic.ts'
import { buildCommand, until } from './real/cluster.ts'

const nodes = ['n1', 'n2', 'n3'] as const
type Name = (typeof nodes)[number]
/** A net of the loopback for this run. */
const net = `127.${20 + (process.pid % 200)}.7`
const hostOf = (node: Name): string => `${net}.${nodes.indexOf(node) + 1}`
const peers = nodes.map((node) => `${node}=${hostOf(node)}:7101`).join(',')
const mesh = (node: Name) => ({ host: hostOf(node), port: 8080 })
const web = {
  service: 'web',
  mode: 'vip',
  networks: [],
  ports: [{ protocol: 'tcp', target: 80, published: 8080, mode: 'ingress' }],
  routes: [],
} as const

/** How long a change may take until all have heard of it. */
const bound = 3_000

let built: ReturnType<typeof buildCommand>
const tasks = new Tasks()
const recorder = new Recorder()
const children = new Map<Name, ChildProcess>()

async function ask(node: Name, operation: object, address?: string): Promise<{ readonly status: string }> {
  const response = await fetch(`http://${hostOf(node)}:7201/operations`, {
    method: 'POST',
    body: JSON.stringify({ operation, ...(address === undefined ? {} : { address }) }),
  })
  return (await response.json()) as { readonly status: string }
}

/** How many backends of the service the node has. */
async function backends(node: Name): Promise<number> {
  const response = await fetch(`http://${hostOf(node)}:7201/status`)
  const { pools } = (await response.json()) as { readonly pools: { readonly members: unknown[] }[] }
  return pools[0]?.members.length ?? 0
}

/** Not every machine has it; what must hold before a change lands installs it. */
const hasCurl = spawnSync('curl', ['--version']).status === 0

/** The answer of a task to who speaks HTTP. */
async function curl(node: Name): Promise<string> {
  const { stdout } = await promisify(execFile)('curl', ['--silent', `http://${hostOf(node)}:8080/`])
  return stdout.trim()
}

async function startNode(node: Name): Promise<void> {
  const words = ['serve', 'balancing', '--node', node, '--peers', peers, '--client', `${hostOf(node)}:7201`]
  const child = spawn(process.execPath, [built.command, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.set(node, child)
  let isReady = false
  child.stdout.on('data', () => (isReady = true))
  await until(`${node} is ready`, () => isReady || undefined)
}

async function startTask(node: Name, task: string, last: number): Promise<void> {
  const place = { host: `${net}.${last}`, port: 9001 }
  await tasks.start(task, place)
  await recorder.change(task, 'active', async () => {
    expect(await ask(node, { type: 'start', task, service: 'web' }, `${place.host}:${place.port}`)).toMatchObject({
      status: 'ok',
    })
    expect(await ask(node, { type: 'enable', task })).toMatchObject({ status: 'ok' })
  })
}

const knows = (node: Name, count: number): Promise<true> =>
  until(`${node} knows ${count} backends`, async () => ((await backends(node)) === count ? true : undefined))

beforeAll(async () => {
  built = buildCommand()
  await Promise.all(nodes.map(startNode))
}, 120_000)
afterAll(() => {
  recorder.end()
  tasks.end()
  for (const child of children.values()) child.kill('SIGKILL')
  built.remove()
})

test('any node reaches all tasks in turn, also one without any; what ends loses nothing once that is known', async () => {
  expect(await ask('n1', { type: 'create-service', ...web })).toMatchObject({ status: 'ok' })
  for (const node of ['n1', 'n2'] as const)
    await until(`${node} knows the service`, async () => {
      const { status } = await ask(node, { type: 'start', task: `probe-${node}`, service: 'web' })
      return status === 'ok' || undefined
    })
  await startTask('n1', 't1', 11)
  await startTask('n1', 't2', 12)
  await startTask('n2', 't3', 13)
  await Promise.all(nodes.map((node) => knows(node, 3)))
  await sleep(bound)
  for (const node of nodes) {
    const row = await recorder.row(node, mesh(node), 6)
    expect(new Set(row)).toEqual(new Set(['t1', 't2', 't3']))
    expect(row.slice(3)).toEqual(row.slice(0, 3))
    if (hasCurl)
      expect(new Set([await curl(node), await curl(node), await curl(node)])).toEqual(new Set(['t1', 't2', 't3']))
  }

  // A task drains: it keeps what it has, and gets nothing new.
  const held = [
    await recorder.connect('n3', mesh('n3')),
    await recorder.connect('n3', mesh('n3')),
    await recorder.connect('n3', mesh('n3')),
  ]
  await recorder.change('t2', 'draining', () => ask('n1', { type: 'disable', task: 't2' }))
  await sleep(bound)
  expect(new Set(await recorder.row('n3', mesh('n3'), 4))).toEqual(new Set(['t1', 't3']))
  for (const connection of held) expect(await recorder.more(connection)).not.toBeNull()
  await recorder.change('t2', 'active', () => ask('n1', { type: 'enable', task: 't2' }))
  await sleep(bound)
  expect(new Set(await recorder.row('n3', mesh('n3'), 3))).toEqual(new Set(['t1', 't2', 't3']))

  // A task is killed, and nobody is told: those who are sent to it are sent to the next.
  await recorder.change('t1', 'gone', () => tasks.kill('t1'))
  for (const node of nodes) expect(await recorder.row(node, mesh(node), 4)).not.toContain(null)

  // A node is killed with its task: once it is lost from sight, the others go on.
  await recorder.change('t3', 'gone', async () => {
    children.get('n2')!.kill('SIGKILL')
    await tasks.kill('t3')
  })
  await Promise.all((['n1', 'n3'] as const).map((node) => knows(node, 1)))
  await sleep(bound)
  for (const node of ['n1', 'n3'] as const)
    expect(new Set(await recorder.row(node, mesh(node), 6))).toEqual(new Set(['t2']))

  const { changes, connections } = recorder
  const { violations, exercised } = judgeHistory({ changes, connections, bound, nodes: ['n1', 'n3'], rounds: true })
  expect(violations).toEqual([])
  for (const slug of [
    'tries-backends',
    'weight-zero-gets-none',
    'rotates-exactly',
    'draining-keeps-established',
    'reaches-every-task',
  ])
    expect(exercised.get(`balancing/${slug}`), slug).toBeGreaterThan(0)
}, 120_000)
