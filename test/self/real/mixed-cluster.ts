/** Clusters of Debian's `serf agent` and of nodes of ours, each a process. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { freePorts, until } from './cluster.ts'

/** A network of this process alone: every address from 127.0.0.1 to 127.255.255.254 is this machine. */
export const hostOf = (number: number): string => `127.${1 + (process.pid % 200)}.${(process.pid >> 8) % 250}.${number}`

/** Runs a command to its end. */
export const run = promisify(execFile)
const isInstalled = (command: string, flag: string): boolean => spawnSync(command, [flag]).status === 0
/** What such clusters need, and is not here. */
export const missing = ['serf', 'setpriv'].filter((command) => !isInstalled(command, '--version'))

interface SerfMember {
  readonly name: string
  readonly addr: string
  readonly status: string
  readonly tags: Readonly<Record<string, string>>
}

/** Real agents and nodes of ours, each a process that dies with this one. */
export class MixedCluster {
  readonly #command: string
  readonly #encrypt: Buffer | null
  readonly #ports: readonly number[]
  readonly #running = new Map<string, { readonly child: ChildProcess; readonly ended: Promise<unknown> }>()
  /** By node of ours: what it has printed. */
  readonly printed = new Map<string, string>()
  readonly errors = new Map<string, string>()

  private constructor(command: string, ports: readonly number[], encrypt: Buffer | null) {
    this.#command = command
    this.#ports = ports
    this.#encrypt = encrypt
  }

  static async create(command: string, encrypt: Buffer | null): Promise<MixedCluster> {
    return new MixedCluster(command, await freePorts(2), encrypt)
  }

  address(number: number): string {
    return `${hostOf(number)}:${this.#ports[0]}`
  }

  rpc(number: number): string {
    return `${hostOf(number)}:${this.#ports[1]}`
  }

  async serf(name: string, number: number, ...more: string[]): Promise<void> {
    const where = [`-node=${name}`, `-bind=${this.address(number)}`, `-rpc-addr=${this.rpc(number)}`]
    const encrypt = this.#encrypt === null ? [] : [`-encrypt=${this.#encrypt.toString('base64')}`]
    this.#spawn(name, ['serf', 'agent', ...where, '-profile=local', '-log-level=warn', ...encrypt, ...more])
    await until(`${name} answers`, () => this.members(number).catch(() => undefined))
  }

  /** Starts a node of ours; gives where its clients are served. */
  async node(name: string, number: number, ...more: string[]): Promise<string> {
    const words = ['--name', name, '--bind', this.address(number), '--profile', 'local', '--serf', ...more]
    this.printed.set(name, '')
    this.#spawn(name, [process.execPath, this.#command, 'serve', 'swim', ...words])
    return until(`${name} is ready`, () => / clients on http:\/\/(\S+)\n/.exec(this.printed.get(name)!)?.[1])
  }

  async members(number: number): Promise<readonly SerfMember[]> {
    const { stdout } = await run('serf', ['members', '-format=json', `-rpc-addr=${this.rpc(number)}`])
    return (JSON.parse(stdout) as { members: SerfMember[] }).members
  }

  /** Waits until an agent lists these and no others: name, address and status, sorted. */
  async serfLists(number: number, expected: readonly string[]): Promise<void> {
    let last: string[] = []
    await until(
      `agent ${number} lists ${expected.join(', ')}`,
      async () => {
        last = (await this.members(number)).map(({ name, addr, status }) => `${name} ${addr} ${status}`).sort()
        return JSON.stringify(last) === JSON.stringify(expected) ? true : undefined
      },
      40_000,
    ).catch((error: Error) => {
      throw new Error(`${error.message}, but ${last.join(', ')}`)
    })
  }

  /** Waits until an agent says of a member that it has this status, and perhaps these tags. */
  async serfSays(number: number, name: string, status: string, tags: object = {}): Promise<void> {
    let last: unknown
    await until(
      `agent ${number} says that ${name} is ${status}`,
      async () => {
        const found = (last = await this.members(number)) && (last as SerfMember[]).find((each) => each.name === name)
        const isSo = Object.entries(tags).every(([tag, value]) => found?.tags[tag] === value)
        return found?.status === status && isSo ? true : undefined
      },
      40_000,
    ).catch((error: Error) => {
      throw new Error(`${error.message}, but ${JSON.stringify(last)}`)
    })
  }

  async kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<unknown> {
    const { child, ended } = this.#running.get(name)!
    child.kill(signal)
    return ended
  }

  async close(): Promise<void> {
    for (const name of this.#running.keys()) void this.kill(name)
    await Promise.all([...this.#running.values()].map(({ ended }) => ended))
  }

  #spawn(name: string, [command, ...words]: readonly string[]): void {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', command!, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#running.delete(name)
        resolve(signal ?? code)
      })
    })
    const keep = (kept: Map<string, string>) => (text: Buffer) =>
      kept.set(name, `${kept.get(name) ?? ''}${text.toString()}`)
    child.stdout.on('data', keep(this.printed))
    child.stderr.on('data', keep(this.errors))
    this.#running.set(name, { child, ended })
  }
}
