/** What runs above membership: it adds to tables, hears what others add, and may say something when its node leaves. */
import { WireError } from '../../reference/swim/wire/error.ts'
import type { Versions } from '../../reference/swim/wire/messages.ts'
import {
  decodeIntent,
  decodeSerfState,
  encodeIntent,
  encodeSerfState,
  encodeTags,
  serfVersions,
} from '../../reference/swim/wire/serf.ts'
import { decodeMeta } from '../../reference/swim/wire/text.ts'

export interface Application {
  readonly versions: Versions['delegate']
  /** What the node tells of itself, of what its user wants it to. */
  meta(text: string): string
  /** What goes with a table. */
  state(): Uint8Array
  /** What came with a table. Throws a WireError where it cannot be read. */
  merge(state: Uint8Array): void
  /** A message of another one. Throws a WireError where it cannot be read. */
  receive(message: Uint8Array): void
  /** What all are told when the node leaves; null for nothing. */
  leave(): Uint8Array | null
}

const nothing = Buffer.alloc(0)

/** Membership alone. */
export const noApplication: Application = {
  versions: [0, 0, 0],
  meta: (text) => text,
  state: () => nothing,
  merge: () => {},
  receive: () => {},
  leave: () => null,
}

/**
 * As much of Serf as makes a member of a Serf cluster: its versions, tags, and a Lamport clock, without which its
 * members would take who leaves for failed. Its events and queries are not answered.
 */
export class SerfApplication implements Application {
  readonly versions = serfVersions
  readonly #node: string
  /** Since when it is there: later than anything that others say of it. */
  #joined = 1
  #time = 1
  #eventTime = 1
  #queryTime = 1

  constructor(node: string) {
    this.#node = node
  }

  /** `role=web,zone=a`; a text without `=` is the role. */
  meta(text: string): string {
    const pairs = text === '' ? [] : text.split(',').map((pair) => (pair.includes('=') ? pair : `role=${pair}`))
    const tags = pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const)
    return decodeMeta(encodeTags(new Map(tags)))
  }

  /** Of other members Serf's own know better. */
  state(): Uint8Array {
    return encodeSerfState({
      time: this.#time,
      statusTimes: new Map([[this.#node, this.#joined]]),
      left: [],
      eventTime: this.#eventTime,
      queryTime: this.#queryTime,
    })
  }

  merge(bytes: Uint8Array): void {
    const { time, statusTimes, left, eventTime, queryTime } = decodeSerfState(bytes)
    // No message of that time has been sent yet.
    this.#witness(time - 1)
    this.#eventTime = Math.max(this.#eventTime, eventTime)
    this.#queryTime = Math.max(this.#queryTime, queryTime)
    const joined = statusTimes.get(this.#node) ?? 0
    if (left.includes(this.#node) || joined > this.#joined) this.#outlive(joined + 1)
  }

  receive(message: Uint8Array): void {
    const intent = decodeIntent(message)
    if (intent === null) return
    this.#witness(intent.time)
    if (intent.node === this.#node && intent.time > this.#joined) this.#outlive(intent.time)
  }

  leave(): Uint8Array {
    this.#outlive(this.#time)
    return encodeIntent({ type: 'leave', time: this.#joined, node: this.#node })
  }

  #witness(time: number): void {
    if (time >= Number.MAX_SAFE_INTEGER) throw new WireError('field', 'a clock beyond all bounds')
    this.#time = Math.max(this.#time, time + 1)
  }

  /** Is there at a later time than this. */
  #outlive(time: number): void {
    this.#witness(time)
    this.#joined = this.#time
  }
}
