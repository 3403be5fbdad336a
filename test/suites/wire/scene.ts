/** One member under test with peers that are played around it, and what was seen of it, as judgements. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { AdapterError, escapeText, excerpt } from '../../../impl/contract/adapter-error.ts'
import { type Heard, Peer } from '../../../impl/real/swim/peer.ts'
import type { Key } from '../../../impl/reference/swim/wire/encryption.ts'
import type { KeyOperation } from '../../../impl/reference/swim/wire/keyring.ts'
import type { NodeState, PacketMessage, Versions } from '../../../impl/reference/swim/wire/messages.ts'
import type { SwimOptions } from '../../../models/swim/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { slugs } from '../../../properties/swim/requirements.ts'
import { gossip } from './requirements.ts'
import { sealDatagram, sealOf, sealStream, type Secrecy } from './seal.ts'
import type { Stalls } from './stalls.ts'
import { freePort } from '../../../impl/real/ports.ts'
import { loopbackNetwork, type Place, type Rotation, type Start, type Subject } from './subject.ts'

export interface Judgement {
  readonly requirement: string
  readonly verdict: 'pass' | 'fail' | 'inconclusive' | 'unsupported'
  readonly reason: string
  /** Something did not come about in time, or nobody can say: worth another try. */
  readonly late: boolean
}

/** What a member answered when it was asked for its table, which was so at some instant between these two. */
export interface Table {
  readonly asked: Milliseconds
  readonly answered: Milliseconds
  readonly records: ReadonlyMap<string, NodeState>
}

/** What follows in a check needs something that was not so; it is judged already. */
export class BrokenOff extends Error {}

/** How long a process may take until it answers first, in milliseconds. */
export const startTime: Milliseconds = 15_000
/** How long it may take to carry out what needs no waiting. */
export const promptly: Milliseconds = 2_000
/** Time to do what must not be done. */
const patience: Milliseconds = 250
/** Between two looks. */
const pause: Milliseconds = 15

const memberName = 'subject'

export interface SceneSetup {
  readonly start: Start
  readonly options: SwimOptions
  readonly stalls: Stalls
  /** Null for gossip in the clear. */
  readonly secrecy: Secrecy | null
  readonly signal?: AbortSignal | undefined
}

export class Scene {
  readonly options: SwimOptions
  readonly judgements: Judgement[] = []
  /** It was asked to leave. */
  leaving = false
  readonly secrecy: Secrecy | null
  readonly #setup: SceneSetup
  readonly #hostOf = loopbackNetwork()
  readonly #peers: Peer[] = []
  readonly #observer: Peer
  /** By peer: numbers of its pings and requests. */
  readonly #asked = new Map<Peer, Set<number>>()
  #place: Place
  #subject: Subject | null = null
  #versions: Versions | null = null
  #lastTable: Table | null = null
  #lastSequence = 1_000
  /** Keys that the suite has, whether the member has them or not. */
  readonly #known: Key[] = []
  /** Which key was the primary, from when at the earliest and until when at the latest. */
  readonly #primaries: { readonly key: Key; readonly from: Milliseconds; until: Milliseconds }[] = []
  #lastOther = 2
  /** The end of the process was judged. */
  #isBlamed = false

  private constructor(setup: SceneSetup) {
    this.#setup = setup
    this.options = setup.options
    this.secrecy = setup.secrecy
    this.#place = { name: memberName, host: '', port: 0, secrecy: this.secrecy }
    if (this.secrecy !== null) {
      this.#known.push(this.secrecy.key)
      this.#primaries.push({ key: this.secrecy.key, from: 0, until: Infinity })
    }
    this.#observer = this.#peer('observer', 2, promptly / 2)
  }

  /** Starts a member, and waits until it answers. @throws AdapterError where it does not */
  static async start(setup: SceneSetup): Promise<Scene> {
    const scene = new Scene(setup)
    try {
      await scene.#start()
      return scene
    } catch (error) {
      await scene.close()
      throw error
    }
  }

  async #start(): Promise<void> {
    const host = this.#hostOf(1)
    try {
      this.#place = { ...this.#place, host, port: await freePort(host) }
      await this.#observer.listen()
      this.#subject = await this.#setup.start(this.#place)
    } catch (error) {
      throw new AdapterError('start', `cannot start on loopback: ${(error as Error).message}`)
    }
    const end = performance.now() + startTime
    for (;;) {
      const { answer } = await this.#observer.exchange(this.address, [])
      if (answer?.type === 'push-pull') {
        this.#versions = answer.members.find(({ node }) => node === this.name)?.versions ?? null
        return
      }
      const { ended, lastWords } = this.#subject
      if (this.interrupted) throw new AdapterError('closed', 'the run was ended')
      if (ended !== null) throw new AdapterError('start', `no answer: the process ${ended}`, { lastWords })
      if (performance.now() > end) {
        const [heard] = this.#observer.unreadable
        const why = heard === undefined ? '' : `; what it sends cannot be read: ${heard}`
        throw new AdapterError('hang', `nobody gave a table at ${this.address} within ${startTime} ms${why}`, {
          lastWords,
        })
      }
      await sleep(50)
    }
  }

  /** Name of the member under test. */
  get name(): string {
    return this.#place.name
  }

  get address(): string {
    return `${this.#place.host}:${this.#place.port}`
  }

  /** The user has ended the run. */
  get interrupted(): boolean {
    return this.#setup.signal?.aborted === true
  }

  /** How long this process could not do anything, at most at a time, since that instant or shortly before. */
  stalled(since: Milliseconds): Milliseconds {
    return Math.round(this.#setup.stalls.since(since))
  }

  get ended(): string | null {
    return this.#subject?.ended ?? null
  }

  /** A peer that listens, and speaks the versions that the member speaks. */
  async peer(name: string): Promise<Peer> {
    const peer = this.#peer(name, 10 + this.#peers.length, this.options.streamTimeout)
    this.#peers.push(peer)
    this.#asked.set(peer, new Set())
    await peer.listen()
    if (this.#versions !== null) peer.versions = this.#versions
    return peer
  }

  #peer(name: string, number: number, streamTimeout: Milliseconds): Peer {
    const peer = new Peer(name, this.#hostOf(number), streamTimeout, this.secrecy?.label)
    peer.keys = this.keysFrom(this.primary)
    return peer
  }

  /** A peer that the member has taken in. */
  async member(name: string): Promise<Peer> {
    const peer = await this.peer(name)
    peer.incarnation = 7
    await peer.exchange(this.address, [peer.record], true)
    await this.holds(slugs.takesNewMember, peer.name, { status: 'alive', incarnation: 7 })
    return peer
  }

  // What is said

  tell(peer: Peer, ...messages: readonly PacketMessage[]): void {
    peer.send(this.address, ...messages)
  }

  /** A number that no ping or request of the peer had. */
  sequence(peer: Peer, sequence = ++this.#lastSequence): number {
    this.#asked.get(peer)!.add(sequence)
    return sequence
  }

  /** Sends a ping; gives its number. */
  ping(peer: Peer, node = this.name, sequence?: number): number {
    const number = this.sequence(peer, sequence)
    this.tell(peer, { type: 'ping', sequence: number, node, source: null })
    return number
  }

  leave(): void {
    this.leaving = true
    this.#subject!.leave()
  }

  // Keys

  /** The key that encrypts, as far as the suite has changed it; null for gossip in the clear. */
  get primary(): Key | null {
    return this.#primaries.at(-1)?.key ?? null
  }

  /** A key that nobody has yet; peers can read what is under it. */
  newKey(length: number): Key {
    const key = randomBytes(length)
    this.#known.push(key)
    for (const peer of [this.#observer, ...this.#peers]) peer.keys = [...peer.keys, key]
    return key
  }

  /** What a peer is to have that encrypts with that key. */
  keysFrom(key: Key | null): readonly Key[] {
    return key === null ? [] : [key, ...this.#known.filter((each) => each !== key)]
  }

  /** Changes its keyring, and the observer's after it. */
  async rotate(operation: KeyOperation, key: Key): Promise<Rotation> {
    const asked = performance.now()
    const rotation = await this.#subject!.rotate!(operation, key)
    if (operation === 'use' && rotation.accepted) {
      this.#primaries.at(-1)!.until = performance.now()
      this.#primaries.push({ key, from: asked, until: Infinity })
      this.#observer.keys = this.keysFrom(key)
    }
    return rotation
  }

  /** Bytes as somebody with the key sends them: they reach what decodes messages. */
  sealed(bytes: Uint8Array, how: 'datagram' | 'stream' = 'datagram'): Buffer {
    if (this.secrecy === null) return Buffer.from(bytes)
    const sealing = { ...this.secrecy, key: this.primary!, nonce: randomBytes(12) }
    return how === 'datagram' ? sealDatagram(bytes, sealing) : sealStream(bytes, sealing)
  }

  /** Whether another member runs when it is started with that key: null where it was neither heard nor ended in time. */
  async runsWith(key: Key, isUsable: boolean, bound: Milliseconds): Promise<boolean | null> {
    const host = this.#hostOf(++this.#lastOther)
    const place = { ...this.#place, host, port: await freePort(host), secrecy: { ...this.secrecy!, key } }
    const other = await this.#setup.start(place).catch(() => null)
    const peer = new Peer('other', this.#hostOf(100 + this.#lastOther), promptly / 2, place.secrecy.label)
    peer.keys = isUsable ? [key] : []
    try {
      await peer.listen()
      for (const end = performance.now() + bound; performance.now() < end && !this.interrupted; await sleep(50)) {
        if (other === null || other.ended !== null) return false
        const { answer } = await peer.exchange(`${host}:${place.port}`, [])
        if (answer?.type === 'push-pull') return true
      }
      return null
    } finally {
      await Promise.all([other?.close(), peer.close()])
    }
  }

  // What is seen

  heard(peer: Peer, is: (message: Heard['message'], heard: Heard) => boolean): Heard | undefined {
    return peer.heard.find((each) => is(each.message, each))
  }

  /** The member's table now; null where it does not answer. Judges what must hold of every table. */
  async table(): Promise<Table | null> {
    const { asked, answered, answer } = await this.#observer.exchange(this.address, [])
    if (answer?.type !== 'push-pull') return null
    const records = new Map(answer.members.map((member) => [member.node, member]))
    const table = { asked, answered, records }
    const own = records.get(this.name)
    if (!this.leaving) {
      const status = own?.status ?? 'not there'
      this.judge(slugs.ownRecord, status === 'alive', `its own record is ${status}`)
    }
    const before = this.#lastTable
    if (before !== null && before.answered <= asked) {
      const [was, is] = [before.records.get(this.name)?.incarnation ?? 0, own?.incarnation ?? 0]
      this.judge(
        slugs.incarnationNeverFalls,
        is >= was || own === undefined,
        `its incarnation fell from ${was} to ${is}`,
      )
    }
    this.#lastTable = table
    return table
  }

  /** A table, or the check ends. */
  async mustTable(): Promise<Table> {
    return this.comesAbout(slugs.exchangesWholeTable, 'a table in reply to one', promptly, () => this.table())
  }

  // What is judged

  judge(requirement: string, holds: boolean, reason: string): void {
    this.#add(requirement, holds ? 'pass' : 'fail', holds ? '' : reason)
  }

  undecided(requirement: string, verdict: 'inconclusive' | 'unsupported', reason: string): void {
    this.#add(requirement, verdict, reason, verdict === 'inconclusive')
  }

  #add(requirement: string, verdict: Judgement['verdict'], reason: string, late = false): void {
    this.judgements.push({ requirement, verdict, reason: escapeText(reason), late })
  }

  /**
   * Waits until something is so. Where it is not within the bound, the requirement is broken; it is undecided where
   * this process stalled for more than a fifth of it. @throws BrokenOff
   */
  async comesAbout<Found>(
    requirement: string,
    what: string,
    bound: Milliseconds,
    look: () => Promise<Found | null | undefined> | Found | null | undefined,
  ): Promise<Found> {
    const began = performance.now()
    for (;;) {
      if (this.interrupted) throw new BrokenOff()
      const found = await look()
      if (found !== null && found !== undefined && found !== false) {
        this.#add(requirement, 'pass', '')
        return found
      }
      if (this.ended !== null) throw new BrokenOff()
      const now = performance.now()
      if (now > began + bound) break
      await sleep(pause)
    }
    this.lateFailure(requirement, `${what} did not come within ${bound} ms`, bound, began)
    throw new BrokenOff()
  }

  /** The process has ended by itself, where it must not. */
  died(when: string, requirement: string = slugs.survives): void {
    this.#isBlamed = true
    const lines = this.#subject!.lastWords.trim().split('\n')
    const words = lines.find((line) => /panic|error/i.test(line)) ?? lines.at(-1)!
    this.judge(requirement, false, `the process ${this.ended}${when}${words === '' ? '' : `: ${excerpt(words)}`}`)
  }

  /** Something took longer than its bound, or this process was too busy to tell. */
  lateFailure(requirement: string, reason: string, bound: Milliseconds, since: Milliseconds): void {
    const stall = this.stalled(since)
    if (stall > bound / 5)
      this.undecided(requirement, 'inconclusive', `this machine stalled for ${stall} ms of ${bound} ms`)
    else this.#add(requirement, 'fail', reason, true)
  }

  /** Waits until the member's table says so of somebody. */
  async holds(requirement: string, node: string, expected: Partial<NodeState>, bound = promptly): Promise<NodeState> {
    let last: NodeState | undefined
    return this.comesAbout(requirement, `${node} as ${print(expected)}`, bound, async () => {
      last = (await this.table())?.records.get(node)
      return last !== undefined && fits(last, expected) ? last : undefined
    })
  }

  /** Does something that must change nothing of somebody's record, and gives it time to do so nevertheless. */
  async keeps(requirement: string, node: string, what: string, act: () => void): Promise<void> {
    const before = (await this.mustTable()).records.get(node)
    act()
    await sleep(patience)
    const after = (await this.mustTable()).records.get(node)
    const isKept = print(before) === print(after)
    // Whoever was not answered within a period while this process stalled has its own reasons to change its mind.
    const { probeInterval } = this.options
    const stall = this.stalled(performance.now() - 3 * probeInterval)
    if (!isKept && stall > probeInterval / 5)
      this.undecided(
        requirement,
        'inconclusive',
        `this machine stalled for ${stall} ms; a period has ${probeInterval} ms`,
      )
    else this.judge(requirement, isKept, `${what} made of ${print(before)} ${print(after)}`)
  }

  /** What can be judged only of all that was heard. Ends the scene. */
  async finish(): Promise<void> {
    if (this.ended !== null && !this.leaving && !this.#isBlamed) this.died('')
    if (this.secrecy !== null) this.#judgeSeals(this.secrecy)
    for (const peer of this.#peers) {
      const asked = this.#asked.get(peer)!
      const pings = new Set<number>()
      for (const { message, onStream } of peer.heard) {
        if (onStream) continue
        if (message.type === 'ack') {
          const { sequence } = message
          this.judge(
            slugs.acksPingsOnly,
            asked.has(sequence),
            `acknowledged ${sequence}, which ${peer.name} never sent`,
          )
        } else if (message.type === 'ping') {
          this.judge(slugs.sequencesDiffer, !pings.has(message.sequence), `used number ${message.sequence} again`)
          pings.add(message.sequence)
        }
      }
    }
    await this.close()
  }

  /** How everything that the member sent was encrypted. */
  #judgeSeals({ label }: Secrecy): void {
    const nonces = new Set<string>()
    for (const peer of [this.#observer, ...this.#peers])
      for (const raw of peer.raw) {
        const { key, labelled, nonce } = sealOf(raw, label, this.#known)
        const what = raw.how === 'datagram' ? 'a datagram' : raw.how === 'opener' ? 'a stream it opened' : 'an answer'
        if (label !== '' && raw.how !== 'answerer')
          this.judge(gossip.labelFirst, labelled, `${what} did not begin with the label`)
        this.judge(gossip.encryptsAll, key !== null, `${what} was not encrypted with any key that it may have`)
        if (key === null) continue
        const use = `${this.#known.indexOf(key)} ${nonce}`
        this.judge(gossip.noncesDiffer, !nonces.has(use), `used the nonce ${nonce} again`)
        nonces.add(use)
        // What was sent before may be read later.
        const unread = patience + this.stalled(raw.at - promptly)
        const isPrimary = this.#primaries.some(
          (primary) => primary.key === key && raw.at >= primary.from && raw.at - unread <= primary.until,
        )
        this.judge(gossip.primaryEncrypts, isPrimary, `${what} was not encrypted with the primary key`)
      }
  }

  /** What the member sent and no peer could read. */
  get unreadable(): string[] {
    return [this.#observer, ...this.#peers].flatMap((peer) => [...peer.unreadable])
  }

  async close(): Promise<void> {
    await Promise.all([this.#subject?.close(), this.#observer.close(), ...this.#peers.map((peer) => peer.close())])
  }
}

const fits = (record: NodeState, expected: Partial<NodeState>): boolean =>
  Object.entries(expected).every(([field, value]) => {
    const own = record[field as keyof NodeState]
    return own instanceof Uint8Array ? Buffer.compare(own, value as Uint8Array) === 0 : own === value
  })

const print = (record: Partial<NodeState> | undefined): string => {
  if (record === undefined) return 'no record'
  const { status = '', incarnation, address, meta } = record
  const told = meta === undefined || meta.length === 0 ? '' : `"${Buffer.from(meta).toString('latin1')}"`
  const by = incarnation === undefined ? '' : `by ${incarnation}`
  return [status, by, address === undefined ? '' : `at ${address}`, told].filter((word) => word !== '').join(' ')
}
