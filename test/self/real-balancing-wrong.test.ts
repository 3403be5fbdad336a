/** Nodes that balance wrongly, over real connections: the judge of histories finds out by what clients see alone. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import type { Address } from '../../impl/real/address.ts'
import { RealBalancer } from '../../impl/real/balancing/node.ts'
import { BalancingNode } from '../../impl/reference/balancing/node.ts'
import { memberKey } from '../../impl/reference/balancing/traffic.ts'
import type { Operation, Pool, PoolMember } from '../../models/balancing/vocabulary.ts'
import { judgeHistory } from '../../properties/balancing/history.ts'
import { defaultBalancingOptions } from '../../traces/scenario.ts'
import { Recorder, Tasks } from './balancing/traffic.ts'

const bound = 700
const options = { ...defaultBalancingOptions, retryInterval: 100, refreshInterval: 200 }
let runs = 0
const ending: (() => void)[] = []
afterAll(() => {
  for (const end of ending) end()
})

/** Two nodes of this process, with a task each: some connections, one of them drains, more connections. */
async function history(Node: typeof BalancingNode): Promise<readonly string[]> {
  const net = `127.${20 + (process.pid % 200)}.${20 + ++runs}`
  const peers = new Map<string, Address>([
    ['n1', { host: `${net}.1`, port: 7101 }],
    ['n2', { host: `${net}.2`, port: 7101 }],
  ])
  const nodes = ['n1', 'n2'].map((id) => new RealBalancer({ id, peers, options, life: 1, Node }))
  const tasks = new Tasks()
  const recorder = new Recorder()
  ending.push(
    () => recorder.end(),
    () => tasks.end(),
    ...nodes.map((node) => () => node.close()),
  )
  for (const node of nodes) await node.start()
  const ask = (node: number, operation: Operation, address?: Address) => nodes[node]!.ask(operation, address)
  const ports = [{ protocol: 'tcp', target: 80, published: 8080, mode: 'ingress' }] as const
  await sleep(bound)
  await ask(0, { type: 'create-service', service: 'web', mode: 'vip', networks: [], ports, routes: [] })
  await sleep(bound)
  for (const at of [0, 1]) {
    const task = `t${at + 1}`
    const place = { host: `${net}.${11 + at}`, port: 9001 }
    await tasks.start(task, place)
    await recorder.change(task, 'active', async () => {
      await ask(at, { type: 'start', task, service: 'web' }, place)
      await ask(at, { type: 'enable', task })
    })
  }
  await sleep(bound)
  const mesh = { host: `${net}.1`, port: 8080 }
  await recorder.row('n1', mesh, 6)
  await recorder.change('t2', 'draining', () => ask(1, { type: 'disable', task: 't2' }))
  await sleep(bound)
  await recorder.row('n1', mesh, 4)
  await recorder.change('t2', 'active', () => ask(1, { type: 'enable', task: 't2' }))
  await sleep(bound)
  await recorder.row('n1', mesh, 6)
  const { changes, connections } = recorder
  const { violations } = judgeHistory({ changes, connections, bound, nodes: ['n1'], rounds: true })
  return violations.map(({ requirement }) => requirement.replace('balancing/', ''))
}

test.concurrent(
  'those of the reference are right',
  async () => {
    expect(await history(BalancingNode)).toEqual([])
  },
  60_000,
)

const wrong: Readonly<Record<string, typeof BalancingNode>> = {
  'rotates-exactly': class extends BalancingNode {
    #turns = 0

    protected override choose(turn: string, pool: Pool): PoolMember | undefined {
      const chosen = super.choose(turn, pool)
      if (chosen !== undefined && ++this.#turns % 3 === 0) this.last.set(turn, memberKey(pool.members[0]!))
      return chosen
    }
  },
  'weight-zero-gets-none': class extends BalancingNode {
    protected override isActive(): boolean {
      return true
    }
  },
  'tries-backends': class extends BalancingNode {
    protected override choose(turn: string, pool: Pool): PoolMember | undefined {
      return pool.members.every(({ weight }) => weight === 1) ? super.choose(turn, pool) : undefined
    }
  },
  'reaches-every-task': class extends BalancingNode {
    protected override choose(turn: string, { members, ...pool }: Pool): PoolMember | undefined {
      return super.choose(turn, { ...pool, members: members.filter(({ node }) => node === this.id) })
    }
  },
}

test.concurrent.each(Object.entries(wrong))(
  'those that break %s are found out',
  async (requirement, Node) => {
    expect(await history(Node)).toContain(requirement)
  },
  60_000,
)
