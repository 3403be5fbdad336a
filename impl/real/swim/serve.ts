/** `swarmcheck serve swim --bind …`: a member of a real cluster, until the user ends it. */
import { isIP } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import type { Notice } from '../../../models/serf/vocabulary.ts'
import type { MemberRecord } from '../../../models/swim/vocabulary.ts'
import { escapeText, excerpt } from '../../contract/adapter-error.ts'
import { isKey, type Key } from '../../reference/swim/wire/encryption.ts'
import { parseKey } from '../../reference/swim/wire/keyring.ts'
import { wireLimits } from '../../reference/swim/wire/limits.ts'
import { type Address, isLoopback, isUnspecified, parseAddress, printAddress } from '../address.ts'
import type { Event } from './driver.ts'
import { startSwimNode, type SwimNodeSetup } from './node.ts'
import { type Profile, profiles } from './profiles.ts'

const flags = {
  name: { type: 'string' },
  bind: { type: 'string' },
  client: { type: 'string' },
  join: { type: 'string', multiple: true },
  meta: { type: 'string' },
  key: { type: 'string', multiple: true },
  label: { type: 'string' },
  profile: { type: 'string' },
  serf: { type: 'boolean' },
} as const

export const swimNodeHelp = `
Options of a member:
  --name <name>       its name (needed)
  --bind <address>    where it listens, TCP and UDP, and is found by the others (needed)
  --join <address>    somebody who is a member; may be given again, each is asked until one answers
  --client <address>  where it serves clients over HTTP (default: 127.0.0.1 and any free port)
  --meta <text>       what it tells of itself
  --key <base64>      16, 24 or 32 bytes, encrypts all that it says; others that are given are understood
  --label <text>      what others have another label for is not listened to
  --profile <name>    local, lan or wan: timing as memberlist has it (default: lan)
  --serf              is a member of a Serf cluster: its events, queries and leaves, and meta are tags: role=web,zone=a

Clients:
  GET /members   what the node knows
  POST /join     {"to": ["127.0.0.1:7946"]}
  POST /update   {"meta": "role=web"}
  POST /leave    {}
  POST /event, /query, /force-leave
                 {"name": "deploy", "payload": "v2"}, {"name": "load"}, {"member": "n2"}: with --serf
  POST /keys/install, /keys/use, /keys/remove
                 {"key": "base64"}, of this member alone: to change keys and lose nothing, install the new key at all
                 members, then use it at all, then remove the old one

Events are printed, one a line: join, update, leave or conflict, and the member; with --serf also what Serf tells.`

/** What the command has of the world around it. */
export interface ServeTerminal {
  readonly out: { write(text: string): unknown }
  readonly err: { write(text: string): unknown }
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal
}

/** What was asked for cannot be done as it was asked: one clear line. */
export class ServeError extends Error {
  override readonly name = 'ServeError'
}

type Settings = Omit<SwimNodeSetup, 'event' | 'unreadable'> & { readonly join: readonly string[] }

/** Each kind of what could not be read is said once of each sender, as long as there are few. */
const mostWarnings = 100

/** How long it may take to tell the others, in milliseconds. */
const longestLeave = 5_000

/** Runs a member until the user interrupts; it leaves first. Gives the exit code; throws a ServeError. */
export async function serveSwimNode(words: readonly string[], { out, err, signal }: ServeTerminal): Promise<number> {
  const settings = settingsOf(words)
  const warned = new Set<string>()
  const warn = (text: string): void => {
    if (warned.has(text) || warned.size >= mostWarnings) return
    warned.add(text)
    err.write(`swarmcheck: ${text}\n`)
  }
  for (const address of [settings.bind, settings.client])
    if (!isLoopback(address) && (address === settings.client || settings.keys.length === 0))
      warn(`${printAddress(address)} can be reached from outside, and nobody is asked who they are`)
  const running = await startSwimNode({
    ...settings,
    notice: (notice) => out.write(`${oneLine(noticeOf(notice))}\n`),
    event: (event, record) => out.write(`${lineOf(event, record)}\n`),
    unreadable: (error, from) => warn(`cannot read what ${from} sends: ${excerpt(error.message)}`),
  }).catch((error: unknown) => {
    throw new ServeError(`cannot serve: ${excerpt((error as Error).message)}`)
  })
  try {
    const [address, client] = [printAddress(running.address), printAddress(running.client)]
    out.write(`${settings.node} is ready: members on ${address}, clients on http://${client}\n`)
    if (settings.join.length > 0) {
      const { status, reason } = await running.operate({ type: 'join', to: settings.join })
      if (status !== 'ok') warn(`nobody to join answered: ${reason}`)
    }
    await Promise.race([running.ended, aborted(signal)])
    await Promise.race([running.operate({ type: 'leave' }), sleep(longestLeave)])
    return 0
  } catch (error) {
    throw new ServeError(`${settings.node} cannot go on: ${excerpt((error as Error).message)}`)
  } finally {
    await running.close()
  }
}

const lineOf = ({ event, node, meta }: Event, record: MemberRecord | undefined): string => {
  const about = event === 'leave' ? record?.status : event === 'update' ? meta : record?.address
  return oneLine([event, node, about])
}

/** What Serf tells an application. */
const noticeOf = (notice: Notice): string[] => {
  switch (notice.type) {
    case 'member':
      return ['serf', notice.event, notice.name]
    case 'event':
      return ['serf event', notice.name, notice.payload]
    case 'query':
      return ['serf query', notice.name, notice.payload]
    case 'response':
      return [notice.ack ? 'serf ack' : 'serf answer', notice.from, notice.payload]
  }
}

const oneLine = (words: readonly (string | undefined)[]): string =>
  escapeText(words.filter((word) => word !== undefined && word !== '').join(' ')).replaceAll('\n', '\\n')

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

const settingsOf = (words: readonly string[]): Settings => {
  const values = valuesOf(words)
  const bind = addressOf('--bind', needed('--bind', values.bind))
  if (isIP(bind.host) === 0 || isUnspecified(bind))
    throw new ServeError('--bind: an IP address is needed at which the others can reach it')
  const profile = values.profile ?? 'lan'
  if (!Object.hasOwn(profiles, profile)) throw new ServeError(`--profile: '${profile}' is not local, lan or wan`)
  const meta = values.meta ?? ''
  const label = values.label ?? ''
  if (Buffer.byteLength(label) > wireLimits.label) throw new ServeError('--label is too long')
  return {
    node: nameOf(needed('--name', values.name)),
    bind,
    client: addressOf('--client', values.client ?? '127.0.0.1:0', true),
    join: (values.join ?? []).map((text) => printAddress(addressOf('--join', text))),
    options: profiles[profile as Profile],
    meta,
    keys: (values.key ?? []).map(keyOf),
    label,
    application: values.serf === true ? 'serf' : 'none',
  }
}

const valuesOf = (words: readonly string[]) => {
  try {
    return parseArgs({ args: [...words], options: flags, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw new ServeError(excerpt((error as Error).message))
  }
}

const needed = (flag: string, text: string | undefined): string => {
  if (text === undefined || text === '') throw new ServeError(`${flag} is missing; needed: --name, --bind`)
  return text
}

const nameOf = (text: string): string => {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text))
    throw new ServeError(`--name: '${text}' is no name: up to 64 letters, digits, dots, dashes, underscores`)
  return text
}

const addressOf = (flag: string, text: string, anyPort = false): Address => {
  const address = parseAddress(text)
  if (address === null || (address.port === 0 && !anyPort))
    throw new ServeError(`${flag}: '${text}' is no address such as 127.0.0.1:7946`)
  return address
}

const keyOf = (text: string): Key => {
  const key = parseKey(text)
  if (key === null || !isKey(key)) throw new ServeError('--key: not 16, 24 or 32 bytes in base64')
  return key
}
