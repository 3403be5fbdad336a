/**
 * One engine in namespaces of its own: network, mounts, processes. It has no way out, and leaves nothing behind: its first
 * process reads what this process never writes, so that the end of this process, however it comes, ends it; and the end of
 * the first process of a namespace ends all others, and unmounts what they had mounted.
 */
import { execFile } from 'node:child_process'
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { AdapterError } from '../../contract/adapter-error.ts'
import { Child } from '../../contract/child.ts'
import { EngineApi } from './api.ts'
import { tarOf } from './tar.ts'

const run = promisify(execFile)

/** Where the engine's containers find a resolver: in a network outside of the engine's, which is in the lab too. */
export const upstream = '192.0.2.53'
const outsideLength = 24
const ownAddress = '192.0.2.1'
const link = { own: 'outside0', other: 'outside1' } as const
/** What containers run. */
export const image = 'swarmcheck/busybox:1'

const startTime: Milliseconds = 20_000
const pause: Milliseconds = 25
/** An engine that has not ended by then is killed: what it holds is to survive that. */
const childOptions = { maxLine: 65_536, maxStderr: Infinity, grace: 400 }

const programs: Readonly<Record<string, string>> = {
  dockerd: 'docker.io',
  iptables: 'iptables',
  busybox: 'busybox-static',
  ip: 'iproute2',
  unshare: 'util-linux',
  nsenter: 'util-linux',
}

/** Everything after the script is data to it, never a part of it. */
const firstProcess = `
set -e
busybox mount -t tmpfs tmpfs /run
busybox mkdir -p "$1/data" /run/docker/plugins
busybox mount -t tmpfs tmpfs "$1/data"
busybox mount --bind "$1/resolv.conf" /etc/resolv.conf
busybox hostname engine
busybox ip link set lo up
exec 3<&0
busybox cat <&3 >/dev/null &
echo ready
wait $!
`

export interface AddressPool {
  /** A block in CIDR notation. */
  readonly base: string
  /** Length of the prefix of each subnet. */
  readonly size: number
}

/** Docker's own default pools. */
export const dockersPools: readonly AddressPool[] = [
  { base: '172.17.0.0/12', size: 16 },
  { base: '192.168.0.0/16', size: 20 },
]

function find(program: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return (
    folders
      .map((folder) => join(folder, program))
      .find((path) => {
        try {
          accessSync(path, constants.X_OK)
          return true
        } catch {
          return false
        }
      }) ?? null
  )
}

/** What this machine lacks for an engine, and how to get it; null if nothing. */
export async function lackOfLab(): Promise<string | null> {
  if (process.platform !== 'linux') return 'an engine needs Linux'
  if (process.getuid?.() !== 0) return 'an engine needs root: run this as root'
  const missing = Object.keys(programs).filter((program) => find(program) === null)
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((program) => programs[program]!))]
    return `${missing.join(', ')} not found: apt-get install --no-install-recommends ${packages.join(' ')}`
  }
  try {
    await run('unshare', ['--net', '--mount', '--pid', '--uts', '--ipc', '--fork', '--mount-proc', 'busybox', 'true'])
    return null
  } catch (error) {
    return `no namespaces can be made here: ${(error as Error).message.split('\n').at(-2) ?? ''}`
  }
}

export class Lab {
  readonly api: EngineApi
  readonly #folder = mkdtempSync(join(tmpdir(), 'swarmcheck-engine-'))
  readonly #cgroup = `${groupPrefix}${this.#folder.slice(-6)}`
  #init: Child | null = null
  #daemon: Child | null = null
  #outside: Child | null = null
  #daemonEnd: string | null = null
  #pools: readonly AddressPool[] = []
  #closed: Promise<void> | null = null

  /** Where this process ends without having closed it. */
  readonly #forget = (): void => rmSync(this.#folder, { recursive: true, force: true })

  private constructor() {
    this.api = new EngineApi(join(this.#folder, 'docker.sock'))
    process.on('exit', this.#forget)
  }

  /** @throws AdapterError if the engine does not start */
  static async start(pools: readonly AddressPool[] = dockersPools): Promise<Lab> {
    const lab = new Lab()
    try {
      await lab.#makeNamespaces()
      await lab.#makeOutside()
      await lab.restart(pools)
      await lab.#importImage()
      return lab
    } catch (error) {
      await lab.close()
      throw error
    }
  }

  /** The network namespace of the engine, or that of a container by its process as the engine numbers it. */
  namespaceOf(container: number | null = null): string {
    const init = this.#first
    return container === null ? `/proc/${init}/ns/net` : `/proc/${init}/root/proc/${container}/ns/net`
  }

  /** The network namespace of a machine besides that of the engine. */
  get outside(): string {
    return `/proc/${this.#outside?.pid ?? 0}/ns/net`
  }

  /** The folder in which the engine looks for the sockets of plugins. */
  get plugins(): string {
    return `/proc/${this.#first}/root/run/docker/plugins`
  }

  /** Runs a program in a network, which is that of the engine if nothing is said. @throws Error with what it said */
  async inside(words: readonly string[], network: string = this.namespaceOf()): Promise<string> {
    const { stdout } = await run('nsenter', [`--net=${network}`, ...words], { timeout: 10_000 })
    return stdout
  }

  /** The same as `restart`, for an engine that has no networks: whatever it has written down of them is lost. */
  async forgetNetworks(pools: readonly AddressPool[]): Promise<void> {
    await this.#daemon?.end()
    rmSync(`/proc/${this.#first}/root${this.#folder}/data/network`, { recursive: true, force: true })
    await this.restart(pools)
  }

  /** Starts the engine again, its containers running on; with other default pools perhaps. */
  async restart(pools: readonly AddressPool[] = this.#pools): Promise<void> {
    await this.#daemon?.end()
    this.#pools = pools
    const pidfile = join(this.#folder, 'docker.pid')
    // Who was killed could not remove it.
    rmSync(pidfile, { force: true })
    const config = {
      'data-root': join(this.#folder, 'data'),
      'exec-root': '/run/docker',
      pidfile,
      hosts: [`unix://${join(this.#folder, 'docker.sock')}`],
      bridge: 'none',
      'storage-driver': 'vfs',
      'cgroup-parent': `/${this.#cgroup}`,
      'exec-opts': ['native.cgroupdriver=cgroupfs'],
      'live-restore': true,
      'log-driver': 'none',
      dns: [upstream],
      'default-address-pools': pools,
    }
    const file = join(this.#folder, 'daemon.json')
    writeFileSync(file, JSON.stringify(config))
    const target = ['--target', String(this.#first), '--mount', '--net', '--pid', '--uts', '--ipc']
    this.#daemonEnd = null
    const daemon = new Child(['nsenter', ...target, '--', 'dockerd', '--config-file', file], childOptions, {
      line: () => {},
      flood: () => {},
      failed: ({ message }) => (this.#daemonEnd = `could not be started: ${message}`),
      ended: (how) => (this.#daemonEnd = how),
    })
    this.#daemon = daemon
    await this.#until(
      'the engine',
      () => this.#daemonEnd,
      async () => {
        const { status } = await this.api.ask('GET', '/_ping', { timeout: 2_000 }).catch(() => ({ status: 0 }))
        return status === 200
      },
    )
  }

  /** How the engine ended; null while it runs. */
  get ended(): string | null {
    return this.#daemonEnd
  }

  /** What the engine said last. */
  get lastWords(): string {
    return this.#daemon?.lastWords ?? ''
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  async #close(): Promise<void> {
    await this.#init?.end()
    await Promise.all([this.#daemon?.end(), this.#outside?.end()])
    removeGroups()
    // What was mounted goes with the last process, which takes a moment.
    for (let attempt = 0; ; attempt++) {
      try {
        this.#forget()
        process.off('exit', this.#forget)
        return
      } catch (error) {
        if (attempt === 40) throw error
        await sleep(pause)
      }
    }
  }

  get #first(): number {
    const unshare = this.#init?.pid
    const [child] = unshare === undefined ? [] : childrenOf(unshare)
    if (child === undefined) throw new AdapterError('exit', 'the namespaces of the engine are gone')
    return child
  }

  async #makeNamespaces(): Promise<void> {
    writeFileSync(join(this.#folder, 'resolv.conf'), `nameserver ${upstream}\n`)
    let ended: string | null = null
    let isReady = false
    const words = ['unshare', '--net', '--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child', '--mount-proc']
    const script = ['busybox', 'sh', '-c', firstProcess, 'sh', this.#folder]
    this.#init = new Child([...words, ...script], childOptions, {
      line: (line) => (isReady ||= line === 'ready'),
      flood: () => {},
      failed: ({ message }) => (ended = `could not be started: ${message}`),
      ended: (how) => (ended = how),
    })
    await this.#until(
      'the namespaces',
      () => ended,
      () => isReady,
      this.#init,
    )
  }

  /** A machine besides the engine's: a network, and a cable between the two. */
  async #makeOutside(): Promise<void> {
    let ended: string | null = null
    const child = new Child(['unshare', '--net', 'busybox', 'cat'], childOptions, {
      line: () => {},
      flood: () => {},
      failed: ({ message }) => (ended = `could not be started: ${message}`),
      ended: (how) => (ended = how),
    })
    this.#outside = child
    const ip = (network: string, ...words: readonly string[]) => this.inside(['ip', ...words], network)
    const own = this.namespaceOf()
    await this.#until(
      'the network outside',
      () => ended,
      () => isApart(child.pid),
      child,
    )
    const peer = ['peer', 'name', link.other, 'netns', String(child.pid)]
    await ip(own, 'link', 'add', link.own, 'type', 'veth', ...peer)
    for (const [network, device, address] of [
      [own, link.own, ownAddress],
      [this.outside, link.other, upstream],
    ] as const) {
      await ip(network, 'addr', 'add', `${address}/${outsideLength}`, 'dev', device)
      await ip(network, 'link', 'set', device, 'up')
    }
  }

  async #until(
    what: string,
    ended: () => string | null,
    look: () => boolean | Promise<boolean>,
    child: Child | null = this.#daemon,
  ): Promise<void> {
    const end = performance.now() + startTime
    while (!(await look())) {
      const how = ended() ?? (performance.now() > end ? `did not start within ${startTime} ms` : null)
      if (how !== null) throw new AdapterError('start', `${what} ${how}`, { lastWords: child?.lastWords ?? '' })
      await sleep(pause)
    }
  }

  async #importImage(): Promise<void> {
    const content = readFileSync(find('busybox')!)
    const [repo, tag] = image.split(':')
    const body = tarOf([{ path: 'bin/busybox', mode: 0o755, content }])
    await this.api.must('POST', `/images/create?fromSrc=-&repo=${encodeURIComponent(repo!)}&tag=${tag}`, { body })
  }
}

const groupsRoot = '/sys/fs/cgroup'
const groupPrefix = 'swarmcheck-'

/**
 * Groups of processes are folders of the system, which outlive the processes; those that still have some stay. So
 * whatever a run has left that was killed goes with the next.
 */
function removeGroups(): void {
  if (!existsSync(groupsRoot)) return
  const hierarchies = [groupsRoot, ...foldersIn(groupsRoot)]
  for (const hierarchy of hierarchies)
    for (const folder of foldersIn(hierarchy)) if (basename(folder).startsWith(groupPrefix)) removeTree(folder)
}

const foldersIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [join(folder, entry.name)] : [],
  )

/** Folders alone can be removed there. */
function removeTree(folder: string): void {
  try {
    for (const inner of foldersIn(folder)) removeTree(inner)
    rmdirSync(folder)
  } catch {
    // There is none, or a process is still ending.
  }
}

/** Whether a process has another network than this one. */
function isApart(pid: number | undefined): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync('/proc/self/ns/net')
  } catch {
    return false
  }
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}
