/** HAProxy as a balancer of TCP: its configuration, its process, and its runtime socket for what tasks are to get. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Place {
  readonly host: string
  readonly port: number
}

const places = ({ host, port }: Place): string => `${host}:${port}`

/** One thread, so that there is one round for all connections; a task that is gone is noticed within a second. */
const configurationOf = (socket: string, at: Place, tasks: ReadonlyMap<string, Place>): string => `
global
  nbthread 1
  stats socket ${socket} mode 600 level admin
defaults
  mode tcp
  retries 3
  option redispatch 1
  timeout connect 1s
  timeout client 60s
  timeout server 60s
frontend mesh
  bind ${places(at)}
  default_backend web
backend web
  balance roundrobin
${[...tasks].map(([name, place]) => `  server ${name} ${places(place)} check inter 200ms fall 2 rise 1`).join('\n')}
`

export class HaProxy {
  readonly #folder = mkdtempSync(join(tmpdir(), 'haproxy-'))
  readonly #socket = join(this.#folder, 'runtime.sock')
  #child: ChildProcess | null = null

  /** Starts it in front of these tasks. */
  start(at: Place, tasks: ReadonlyMap<string, Place>): void {
    const file = join(this.#folder, 'haproxy.cfg')
    writeFileSync(file, configurationOf(this.#socket, at, tasks))
    this.#child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'ignore'] })
  }

  end(): void {
    this.#child?.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true })
  }

  /** A task is to get nothing new, or its turns again. */
  async become(task: string, state: 'drain' | 'ready'): Promise<void> {
    const answer = await this.#ask(`set server web/${task} state ${state}`)
    if (answer !== '') throw new Error(`HAProxy: ${answer}`)
  }

  /** How many tasks it takes for healthy, or for such that drain. */
  async healthy(): Promise<number> {
    const lines = (await this.#ask('show stat')).split('\n').map((line) => line.split(','))
    return lines.filter(
      ([pool, name, ...rest]) => pool === 'web' && name !== 'BACKEND' && /^(UP|DRAIN)/.test(rest[15] ?? ''),
    ).length
  }

  #ask(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = ''
      const socket = connect(this.#socket, () => socket.end(`${command}\n`))
      socket.on('data', (data) => (text += data.toString()))
      socket.on('error', reject)
      socket.on('close', () => resolve(text.trim()))
    })
  }
}
