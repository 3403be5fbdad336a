/** What a wire run is about: a process that speaks memberlist's wire format, started anew for each check. */
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { escapeText } from '../../../impl/contract/adapter-error.ts'
import { Child } from '../../../impl/contract/child.ts'
import { startSwimNode } from '../../../impl/real/swim/node.ts'
import { type Profile, profiles } from '../../../impl/real/swim/profiles.ts'

/** Where a member is to listen, and what it is to be called. */
export interface Place {
  readonly name: string
  readonly host: string
  readonly port: number
}

/** One that was started. */
export interface Subject {
  /** How it ended; null while it runs. */
  readonly ended: string | null
  /** The end of what it printed. */
  readonly lastWords: string
  /** Asks it to leave, as its user would. */
  leave(): void
  /** Ends it, however it is. */
  close(): Promise<void>
}

/** How one is started. */
export type Start = (place: Place) => Promise<Subject>

/** The reference, in this process, with sockets of its own. */
export const startReference =
  (timing: Profile): Start =>
  async ({ name, host, port }) => {
    let ended: string | null = null
    const node = await startSwimNode({
      node: name,
      bind: { host, port },
      client: { host, port: 0 },
      options: profiles[timing],
      meta: '',
      keys: [],
      label: '',
      application: 'none',
      event: () => {},
      unreadable: () => {},
    })
    node.ended.catch((error: Error) => (ended = `could not go on: ${error.message}`))
    return {
      get ended() {
        return ended
      },
      lastWords: '',
      leave: () => void node.operate({ type: 'leave' }),
      close: () => node.close(),
    }
  }

const placeholder = /\{(name|bind|host|port)\}/g

/** Whether a command has a place for where to listen, so that each start of it listens elsewhere. */
export function saysWhere(words: readonly string[]): boolean {
  const used = new Set([...words.join(' ').matchAll(placeholder)].map(([, word]) => word))
  return used.has('bind') || (used.has('host') && used.has('port'))
}

const childOptions = { maxLine: 65_536, maxStderr: Infinity, grace: 2_000 }
const keptLines = 20

/** A process. Words may hold `{name}`, `{bind}` (`127.1.2.3:7946`), `{host}` and `{port}`. */
export const startProcess =
  (words: readonly string[]): Start =>
  async ({ name, host, port }) => {
    const values: Readonly<Record<string, string>> = { name, host, port: String(port), bind: `${host}:${port}` }
    const command = words.map((word) => word.replaceAll(placeholder, (_, key: string) => values[key]!))
    let ended: string | null = null
    const lines: string[] = []
    const child = new Child(command, childOptions, {
      line: (line) => {
        lines.push(line)
        if (lines.length > keptLines) lines.shift()
      },
      flood: () => {},
      failed: (error) => (ended = `could not be started: ${error.message}`),
      ended: (how) => (ended = how),
    })
    return {
      get ended() {
        return ended
      },
      get lastWords() {
        return child.lastWords === '' ? escapeText(lines.join('\n')) : child.lastWords
      },
      leave: () => {
        if (child.pid !== undefined && ended === null) process.kill(child.pid, 'SIGINT')
      },
      close: () => child.end(),
    }
  }

/** A network of this run alone: every address from 127.0.0.1 to 127.255.255.254 is this machine. */
export function loopbackNetwork(): (number: number) => string {
  const network = `127.${randomInt(1, 255)}.${randomInt(256)}`
  return (number) => `${network}.${number}`
}

/** A port that is free there for datagrams and for streams. @throws Error of the system where the address is none */
export async function freePort(host: string): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const server = createServer()
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    const socket = createSocket('udp4')
    try {
      await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(port, host, resolve))
      return port
    } catch (error) {
      if (attempt === 10) throw error
    } finally {
      socket.close()
    }
  }
}
