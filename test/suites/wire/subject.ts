/** What a wire run is about: a process that speaks memberlist's wire format, started anew for each check. */
import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { AdapterError, escapeText, excerpt } from '../../../impl/contract/adapter-error.ts'
import { Child } from '../../../impl/contract/child.ts'
import { startSwimNode } from '../../../impl/real/swim/node.ts'
import { type Profile, profiles } from '../../../impl/real/swim/profiles.ts'
import type { Key } from '../../../impl/reference/swim/wire/encryption.ts'
import type { KeyOperation } from '../../../impl/reference/swim/wire/keyring.ts'
import type { Secrecy } from './seal.ts'

/** Where a member is to listen, and what it is to be called. */
export interface Place {
  readonly name: string
  readonly host: string
  readonly port: number
  /** Null for gossip in the clear. */
  readonly secrecy: Secrecy | null
}

/** What came of an operation on keys. */
export interface Rotation {
  readonly accepted: boolean
  /** What was said, where it was refused. */
  readonly reason: string
}

/** One that was started. */
export interface Subject {
  /** How it ended; null while it runs. */
  readonly ended: string | null
  /** The end of what it printed. */
  readonly lastWords: string
  /** Asks it to leave, as its user would. */
  leave(): void
  /** Changes its keyring; null where nothing says how. @throws AdapterError where nobody can tell whether it did */
  readonly rotate: ((operation: KeyOperation, key: Key) => Promise<Rotation>) | null
  /** Ends it, however it is. */
  close(): Promise<void>
}

/** How one is started. */
export type Start = (place: Place) => Promise<Subject>

/** The reference, in this process, with sockets of its own. */
export const startReference =
  (timing: Profile): Start =>
  async ({ name, host, port, secrecy }) => {
    let ended: string | null = null
    const node = await startSwimNode({
      node: name,
      bind: { host, port },
      client: { host, port: 0 },
      options: profiles[timing],
      meta: '',
      keys: secrecy === null ? [] : [secrecy.key],
      label: secrecy?.label ?? '',
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
      rotate: async (operation, key) => {
        const refused = node.keyring.operate(operation, key)
        return { accepted: refused === null, reason: refused ?? '' }
      },
      close: () => node.close(),
    }
  }

const placeholder = /\{(name|bind|host|port|key|label|operation)\}/g

const placesIn = (words: readonly string[]): Set<string | undefined> =>
  new Set([...words.join(' ').matchAll(placeholder)].map(([, word]) => word))

/** Whether a command has a place for that. */
export const hasPlace = (words: readonly string[], place: 'key' | 'label' | 'operation'): boolean =>
  placesIn(words).has(place)

const fill = (words: readonly string[], values: Readonly<Record<string, string>>): string[] =>
  words.map((word) => word.replaceAll(placeholder, (whole, key: string) => values[key] ?? whole))

/** Whether a command has a place for where to listen, so that each start of it listens elsewhere. */
export function saysWhere(words: readonly string[]): boolean {
  const used = placesIn(words)
  return used.has('bind') || (used.has('host') && used.has('port'))
}

const childOptions = { maxLine: 65_536, maxStderr: Infinity, grace: 2_000 }
const keptLines = 20

/** How long a command that changes keys may take, in milliseconds. */
const longestRotation = 10_000

const base64 = (key: Key): string => Buffer.from(key).toString('base64')

/** Runs a command to its end: it was accepted if that is exit code 0. */
const rotation = ([file = '', ...words]: readonly string[]): Promise<Rotation> =>
  new Promise((resolve, reject) => {
    execFile(file, words, { timeout: longestRotation }, (error, out, err) => {
      if (error === null) return resolve({ accepted: true, reason: '' })
      const said = `${out}${err}`.trim().split('\n').at(-1) ?? ''
      if (typeof error.code === 'number') return resolve({ accepted: false, reason: excerpt(said) })
      reject(
        new AdapterError('start', `the command that changes keys did not end by itself: ${excerpt(error.message)}`),
      )
    })
  })

/**
 * A process. Words may hold `{name}`, `{bind}` (`127.1.2.3:7946`), `{host}` and `{port}`; `{key}` in base64 and
 * `{label}`; and those of the command that changes its keys also `{operation}`: `install`, `use` or `remove`.
 */
export const startProcess =
  (words: readonly string[], keyCommand: readonly string[] | null = null): Start =>
  async ({ name, host, port, secrecy }) => {
    const place: Readonly<Record<string, string>> = { name, host, port: String(port), bind: `${host}:${port}` }
    const told: Readonly<Record<string, string>> =
      secrecy === null ? {} : { key: base64(secrecy.key), label: secrecy.label }
    const command = fill(words, { ...place, ...told })
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
      rotate:
        keyCommand === null
          ? null
          : (operation, key) => rotation(fill(keyCommand, { ...place, ...told, operation, key: base64(key) })),
      close: () => child.end(),
    }
  }

/** A network of this run alone: every address from 127.0.0.1 to 127.255.255.254 is this machine. */
export function loopbackNetwork(): (number: number) => string {
  const network = `127.${randomInt(1, 255)}.${randomInt(256)}`
  return (number) => `${network}.${number}`
}
