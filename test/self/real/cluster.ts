/** Clusters of real processes, each with real files, that tests start and kill. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Agent } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { packageRoot } from '../../suites/package-files.ts'
import { ask, createAgent, type Reply } from './http.ts'

/** Builds the command into a folder of its own, which `remove` takes away. */
export const buildCommand = (): { readonly command: string; remove(): void } => {
  const cache = join(packageRoot, 'node_modules', '.cache')
  mkdirSync(cache, { recursive: true })
  const built = mkdtempSync(join(cache, 'swarmcheck-real-'))
  writeFileSync(join(built, 'package.json'), '{ "type": "module" }')
  const compiler = join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc')
  const flags = ['-p', packageRoot, '--outDir', built, '--noCheck', '--declaration', 'false', '--sourceMap', 'false']
  execFileSync(process.execPath, [compiler, ...flags])
  return { command: join(built, 'cli.js'), remove: () => rmSync(built, { recursive: true }) }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

/** Ports below those that the system gives to outgoing connections, so that they stay free while a node is down. */
export const freePorts = async (count: number): Promise<number[]> => {
  const ports: number[] = []
  let port = 10_000 + (process.pid % 500) * 40
  while (ports.length < count) if (await isFree(++port)) ports.push(port)
  return ports
}

/** The first that is not undefined of what `look` gives, every few milliseconds. A busy machine takes its time. */
export const until = async <Found>(
  what: string,
  look: () => Promise<Found | undefined> | Found | undefined,
  timeout = 40_000,
): Promise<Found> => {
  const end = performance.now() + timeout
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > end) throw new Error(`not within ${timeout} ms: ${what}`)
    await sleep(15)
  }
}

export interface ClusterOptions {
  readonly command: string
  readonly nodes: readonly string[]
  /** Milliseconds. */
  readonly electionTimeout: number
}

interface Process {
  readonly child: ChildProcess
  readonly ended: Promise<number | NodeJS.Signals>
}

export class RealCluster {
  readonly nodes: readonly string[]
  readonly agent: Agent = createAgent()
  readonly folder: string = mkdtempSync(join(tmpdir(), 'swarmcheck-real-'))
  /** By node: what it wrote to standard error, in all its lives. */
  readonly errors = new Map<string, string>()
  readonly #command: string
  readonly #timing: readonly string[]
  readonly #ports = new Map<string, readonly [peer: number, client: number]>()
  readonly #running = new Map<string, Process>()

  protected constructor({ command, nodes, electionTimeout }: ClusterOptions) {
    this.#command = command
    this.nodes = nodes
    this.#timing = ['--election-timeout', `${electionTimeout}`, '--heartbeat', `${Math.ceil(electionTimeout / 5)}`]
  }

  static async start(options: ClusterOptions): Promise<RealCluster> {
    const cluster = new RealCluster(options)
    const ports = await freePorts(2 * options.nodes.length)
    options.nodes.forEach((node, index) => cluster.#ports.set(node, [ports[2 * index]!, ports[2 * index + 1]!]))
    try {
      await Promise.all(options.nodes.map((node) => cluster.start(node)))
    } catch (error) {
      await cluster.close()
      throw error
    }
    return cluster
  }

  client(node: string): string {
    return `127.0.0.1:${this.#ports.get(node)![1]}`
  }

  peer(node: string): string {
    return `127.0.0.1:${this.#ports.get(node)![0]}`
  }

  data(node: string): string {
    return join(this.folder, node)
  }

  isUp(node: string): boolean {
    return this.#running.has(node)
  }

  /** Adds a node that waits to be made a member. */
  async join(node: string): Promise<void> {
    const ports = await freePorts(2 * (this.#ports.size + 1))
    this.#ports.set(node, [ports.at(-2)!, ports.at(-1)!])
    await this.start(node, '--join')
  }

  /** Starts a node, and waits until it says that it is ready. */
  async start(node: string, ...more: string[]): Promise<void> {
    const peers = [...this.#ports.keys()].map((name) => `${name}=${this.peer(name)}`).join()
    const own = ['--node', node, '--client', this.client(node), '--peers', peers, '--data', this.data(node)]
    const words = [this.#command, 'serve', 'raft', ...own, ...this.#timing, ...more]
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = new Promise<number | NodeJS.Signals>((resolve) => {
      child.once('exit', (code, signal) => {
        this.#running.delete(node)
        resolve(signal ?? code!)
      })
    })
    this.#running.set(node, { child, ended })
    child.stderr.on('data', (text) => this.errors.set(node, `${this.errors.get(node) ?? ''}${text}`))
    const ready = new Promise((resolve) => child.stdout.once('data', resolve))
    if ((await Promise.race([ready, ended.then(() => 'ended')])) === 'ended')
      throw new Error(`${node} did not start: ${this.errors.get(node)}`)
  }

  /** Ends a node, with kill -9 if nothing else is said; gives its exit code, or the signal that ended it. */
  async kill(node: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<number | NodeJS.Signals> {
    const { child, ended } = this.#running.get(node)!
    child.kill(signal)
    return ended
  }

  ask(node: string, method: string, path: string, body = ''): Promise<Reply> {
    const headers: Record<string, string> = method === 'POST' ? { 'content-type': 'application/json' } : {}
    return ask(this.agent, this.client(node), { method, path, body, headers })
  }

  /** What a node knows; null where it does not answer. */
  async status(node: string): Promise<any> {
    if (!this.isUp(node)) return null
    return this.ask(node, 'GET', '/status').then(
      ({ body }) => body,
      () => null,
    )
  }

  /** The node that says it leads, and has committed in its term; the one of the highest term if several do. */
  async leader(): Promise<string> {
    return until('a leader', async () => {
      const all = await Promise.all([...this.#running.keys()].map((node) => this.status(node)))
      const leaders = all.filter((status) => status?.state.ready).sort((a, b) => b.state.term - a.state.term)
      return leaders[0]?.node as string | undefined
    })
  }

  /** Waits until a node has applied all that the leader had committed when this began. */
  async caughtUp(node: string): Promise<void> {
    const { state } = await this.status(await this.leader())
    await until(`${node} has caught up`, async () => {
      const status = await this.status(node)
      return status !== null && status.state.applied >= state.commit ? true : undefined
    })
  }

  /** Ends all nodes, and removes what they left. */
  async close(): Promise<void> {
    for (const node of this.#running.keys()) void this.kill(node)
    await Promise.all([...this.#running.values()].map(({ ended }) => ended))
    this.agent.destroy()
    rmSync(this.folder, { recursive: true })
  }
}
