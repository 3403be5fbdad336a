/** Clients that read and write all the time, and the history of what they saw. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { KeyOperation } from '../../../properties/linearizability.ts'
import type { RealCluster } from './cluster.ts'

/** Numbers in [0, 1) that are the same for the same seed. */
export const createRandom = (seed: number): (() => number) => {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let hash = Math.imul(state ^ (state >>> 15), state | 1)
    hash ^= hash + Math.imul(hash ^ (hash >>> 7), hash | 61)
    return ((hash ^ (hash >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface Recorded extends KeyOperation {
  readonly key: string
}

export interface Clients {
  /** In the order of their beginning. */
  readonly history: Recorded[]
  /** Requests that were answered with what was asked for. */
  readonly acknowledged: () => number
  /** Lets the requests under way end. */
  stop(): Promise<void>
}

type Kind = KeyOperation['type']

const pathOf = (type: Kind, key: string, expect: string | null): string =>
  type !== 'compare-and-set'
    ? `/kv/${key}`
    : `/kv/${key}?${expect === null ? 'expect-absent' : `expect=${encodeURIComponent(expect)}`}`

/** Starts `count` clients, each of which does one thing after the other. */
export const startClients = (cluster: RealCluster, count: number, keys: readonly string[], seed: number): Clients => {
  const history: Recorded[] = []
  let acknowledged = 0
  let stopped = false
  let last = 0

  const run = async (random: () => number): Promise<void> => {
    const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!
    const known = new Map<string, string | null>()
    let node = pick(cluster.nodes)
    while (!stopped) {
      const key = pick(keys)
      const draw = random()
      const type: Kind = draw < 0.5 ? 'put' : draw < 0.85 ? 'get' : 'compare-and-set'
      const id = ++last
      const expect = known.get(key) ?? null
      const invoked = performance.now()
      const base = { id, key, type, value: type === 'get' ? '' : `v${id}`, expect, invoked }
      const recorded: Recorded = { ...base, returned: Infinity, result: undefined }
      history.push(recorded)
      // What surely had no effect is no part of the history.
      const forget = (): unknown => history.splice(history.indexOf(recorded), 1)
      const end = (result: string | null): void => {
        recorded.returned = performance.now()
        recorded.result = result
        acknowledged++
      }
      try {
        const path = pathOf(type, key, expect)
        const { status, body } = await cluster.ask(node, type === 'get' ? 'GET' : 'PUT', path, base.value)
        if (type === 'get' && (status === 200 || status === 404)) {
          end(body.value)
          known.set(key, body.value)
        } else if (status === 200) {
          end(type === 'put' ? null : 'true')
          known.set(key, base.value)
        } else if (status === 412) {
          end('false')
          known.delete(key)
        } else {
          if (body?.effect !== 'unknown') forget()
          node = cluster.nodes.find((name) => name === body?.leader?.node) ?? pick(cluster.nodes)
          await sleep(10)
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') forget()
        node = pick(cluster.nodes)
        await sleep(10)
      }
    }
  }

  const running = Array.from({ length: count }, (_, index) => run(createRandom(seed * 1_000 + index)))
  return {
    history,
    acknowledged: () => acknowledged,
    stop: async () => {
      stopped = true
      await Promise.all(running)
    },
  }
}
