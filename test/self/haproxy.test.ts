/** HAProxy as a third party: round robin, draining and what is gone, over real connections, by the same judge. */
import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HaProxy } from '../../impl/third-party/haproxy/balancer.ts'
import { judgeHistory } from '../../properties/balancing/history.ts'
import { Recorder, Tasks, type Place } from './balancing/traffic.ts'
import { until } from './real/cluster.ts'

const isThere = spawnSync('haproxy', ['-v']).status === 0
const net = `127.${20 + (process.pid % 200)}.8`
const at: Place = { host: `${net}.1`, port: 8080 }
const places = new Map(['t1', 't2', 't3'].map((task, number) => [task, { host: `${net}.${11 + number}`, port: 9001 }]))

/** How long its checks may take to notice that a task is gone. */
const bound = 1_500

describe.runIf(isThere)('HAProxy', () => {
  const tasks = new Tasks()
  const recorder = new Recorder()
  const haproxy = new HaProxy()

  beforeAll(async () => {
    for (const [task, place] of places) await recorder.change(task, 'active', () => tasks.start(task, place))
    haproxy.start(at, places)
    await until('HAProxy has its tasks', async () =>
      (await haproxy.healthy().catch(() => 0)) === 3 ? true : undefined,
    )
    await sleep(bound)
  }, 60_000)
  afterAll(() => {
    recorder.end()
    haproxy.end()
    tasks.end()
  })

  test('balances by rounds, drains, and passes over who is gone', async () => {
    await recorder.row('lb', at, 9)
    const held = [await recorder.connect('lb', at), await recorder.connect('lb', at), await recorder.connect('lb', at)]
    await recorder.change('t2', 'draining', () => haproxy.become('t2', 'drain'))
    await sleep(bound)
    await recorder.row('lb', at, 6)
    for (const connection of held) await recorder.more(connection)
    await recorder.change('t2', 'active', () => haproxy.become('t2', 'ready'))
    await sleep(bound)
    await recorder.row('lb', at, 6)
    await recorder.change('t3', 'gone', () => tasks.kill('t3'))
    await sleep(bound)
    await recorder.row('lb', at, 8)
    for (const connection of held) await recorder.more(connection)

    const { changes, connections } = recorder
    const { violations, exercised } = judgeHistory({ changes, connections, bound, nodes: ['lb'], rounds: true })
    expect(violations).toEqual([])
    expect([...exercised.keys()].sort()).toEqual([
      'balancing/draining-keeps-established',
      'balancing/established-stays',
      'balancing/reaches-every-task',
      'balancing/rotates-exactly',
      'balancing/tries-backends',
      'balancing/weight-zero-gets-none',
    ])
  }, 60_000)
})
