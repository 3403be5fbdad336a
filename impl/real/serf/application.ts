/**
 * Serf above a member of memberlist: the reference, with a real clock. What it tells goes as user messages, all that it
 * knows goes with the tables that members exchange, and who is there it is told by the member below.
 */
import type { Answer, Message, Notice, Operation, Result, SerfOptions } from '../../../models/serf/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { SerfNode } from '../../reference/serf/node.ts'
import { decodeMessage, encodeMessage } from '../../reference/serf/wire.ts'
import {
  decodeSerfState,
  encodeIntent,
  encodeSerfState,
  encodeTags,
  serfVersions,
} from '../../reference/swim/wire/serf.ts'
import { decodeMeta } from '../../reference/swim/wire/text.ts'
import { monotonicNow } from '../clock.ts'
import type { Application, Below } from '../swim/application.ts'

/** Serf's own settings; how gossip is timed is the member's. */
const settings = {
  // Tables are exchanged by the member.
  pushPullInterval: 2 ** 31,
  reapInterval: 15_000,
  reconnectTimeout: 86_400_000,
  tombstoneTimeout: 86_400_000,
  recentIntentTimeout: 300_000,
  reconnectInterval: 30_000,
  broadcastTimeout: 5_000,
  leavePropagateDelay: 1_000,
  eventBuffer: 512,
  queryBuffer: 512,
  eventSizeLimit: 512,
  querySizeLimit: 1_024,
  queryTimeoutMult: 16,
  answerDelay: 1,
} as const

export type GossipOptions = Pick<SerfOptions, 'gossipInterval' | 'gossipNodes' | 'retransmitMult' | 'streamTimeout'>

/** The longest that a timer of Node.js takes. */
const longestTimer: Milliseconds = 2 ** 31 - 1

export class SerfApplication implements Application {
  readonly versions = serfVersions
  readonly #name: string
  readonly #node: SerfNode
  readonly #notice: (notice: Notice) => void
  readonly #waiting = new Map<number, (result: Result) => void>()
  #below: Below | null = null
  #lastOperation = 0
  #lastMessage = 0
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  /** @param notice is told what an application is told */
  constructor(name: string, options: GossipOptions, seed: number, notice: (notice: Notice) => void = () => {}) {
    this.#name = name
    this.#notice = notice
    this.#node = new SerfNode({
      name,
      options: { ...settings, ...options },
      seed,
      life: 1,
      now: monotonicNow(),
      known: [],
      numbers: { message: 0 },
    })
  }

  attach(below: Below): void {
    this.#below = below
    this.#wakeAt(this.#node.introduce().wake)
  }

  /** `role=web,zone=a`; a text without `=` is the role. */
  meta(text: string): string {
    const pairs = text === '' ? [] : text.split(',').map((pair) => (pair.includes('=') ? pair : `role=${pair}`))
    const tags = pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const)
    return decodeMeta(encodeTags(new Map(tags)))
  }

  state(): Uint8Array {
    const { memberTime, eventTime, queryTime, members, left, events } = this.#node.localState('push-pull', false)
    const statusTimes = new Map(members.map(({ name, time }) => [name, time]))
    return encodeSerfState({ time: memberTime, statusTimes, left, eventTime, queryTime, events })
  }

  merge(bytes: Uint8Array): void {
    const { time, statusTimes, left, eventTime, queryTime, events } = decodeSerfState(bytes)
    const members = [...statusTimes].map(([name, statusTime]) => ({ name, time: statusTime }))
    const clocks = { memberTime: time, eventTime, queryTime }
    this.#receive({ kind: 'push-pull-reply', join: false, ...clocks, members, left, events })
  }

  receive(bytes: Uint8Array): void {
    const view = decodeMessage(bytes)
    if (view !== null) this.#receive(view)
  }

  peer(name: string, status: 'up' | 'down' | 'update', tags: string): void {
    if (name === this.#name) return
    this.#carryOut(this.#node.tellPeer({ type: 'peer', node: this.#name, at: monotonicNow(), name, status, tags }))
  }

  joined(): void {
    this.#carryOut(this.#node.joined(monotonicNow()))
  }

  /** Told at once to all who are there: who has gone does not gossip. */
  leave(): Uint8Array | null {
    const answer = this.#operate(++this.#lastOperation, { type: 'leave' })
    const self = answer?.members?.find(({ name }) => name === this.#name)
    if (self === undefined || !('time' in self)) return null
    return encodeIntent({ type: 'leave', time: self.time, node: this.#name, prune: false })
  }

  operate(operation: Operation): Promise<Result> {
    const id = ++this.#lastOperation
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      if (this.#operate(id, operation) === null) this.#end({ operation: id, status: 'failed', reason: 'stopping' })
    })
  }

  /** From now on nothing is done; who still waits does not learn how it ended. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    for (const operation of this.#waiting.keys()) this.#end({ operation, status: 'unknown', reason: 'stopping' })
  }

  #operate(id: number, operation: Operation): Answer | null {
    if (this.#stopped) return null
    const answer = this.#node.operate(monotonicNow(), id, operation)
    this.#carryOut(answer)
    return answer
  }

  #receive(view: Message): void {
    if (this.#stopped) return
    const message = {
      type: 'message',
      id: ++this.#lastMessage,
      from: '',
      to: this.#name,
      view,
      reliable: false,
    } as const
    this.#carryOut(this.#node.receive(monotonicNow(), message))
  }

  #carryOut({ outputs, wake }: Answer): void {
    for (const output of outputs) {
      if (output.type === 'message') this.#send(output.to, output.view)
      else if (output.type === 'result') this.#end(output)
      else this.#notice(output)
    }
    this.#wakeAt(wake)
  }

  #send(to: string, view: Message): void {
    const below = this.#below
    if (below === null) return
    // Who has failed is looked for by an exchange of tables.
    if (view.kind === 'push-pull' && view.join) return below.exchange(to)
    for (const bytes of encodeMessage(view, (name) => below.addressOf(name))) below.send(to, bytes)
  }

  #end(result: Result): void {
    this.#waiting.get(result.operation)?.(result)
    this.#waiting.delete(result.operation)
  }

  #wakeAt(wake: Milliseconds | null): void {
    clearTimeout(this.#timer)
    if (wake === null || this.#stopped || this.#below === null) return
    const delay = Math.min(Math.max(wake - performance.now(), 0), longestTimer)
    this.#timer = setTimeout(() => {
      const now = monotonicNow()
      this.#carryOut(this.#node.advance(now, now))
    }, Math.ceil(delay))
  }
}
