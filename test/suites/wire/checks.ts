/** What is done to a member over the wire, and what must come of it. Each check has a member of its own. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Peer } from '../../../impl/real/swim/peer.ts'
import { encodeMessage, type NodeState, type PacketMessage } from '../../../impl/reference/swim/wire/messages.ts'
import { confirmationsWanted, suspicionDuration, suspicionTimeout } from '../../../models/swim/rules.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { slugs } from '../../../properties/swim/requirements.ts'
import { hostileDatagrams, hostileStreams, numbersOfBroken } from './hostile.ts'
import { BrokenOff, promptly, type Scene } from './scene.ts'

/** What not every member offers. */
export type Need = 'key' | 'label' | 'rotation'

export interface Check {
  readonly name: string
  /** Requirements that it puts to the test, besides those that every check does. */
  readonly requirements: readonly string[]
  /** What it takes of the member: gossip that is encrypted, in a cluster with a label, and keys that can be changed. */
  readonly needs?: readonly Need[]
  /** The member may tell on what it was told, and that cannot be read. */
  readonly echoes?: true
  run(scene: Scene): Promise<void>
}

/** Put to the test by whatever is seen of a member. */
export const always: readonly string[] = [
  slugs.survives,
  slugs.ownRecord,
  slugs.incarnationNeverFalls,
  slugs.acksPingsOnly,
  slugs.sequencesDiffer,
  slugs.exchangesWholeTable,
]

/** Timers of others are late by so much, in milliseconds, though nobody stalls. */
export const lateness: Milliseconds = 250
/** Tolerance of what must not be too early, in milliseconds. */
const granule: Milliseconds = 2
/** Between two looks at a table, in milliseconds. */
const pause: Milliseconds = 20

const accuse = (type: 'suspect' | 'dead', node: string, incarnation: number, from: string): PacketMessage => ({
  type,
  node,
  incarnation,
  from,
})

export const answered = (scene: Scene, peer: Peer, sequence: number) =>
  scene.heard(peer, (message) => message.type === 'ack' && message.sequence === sequence)

const pings: Check = {
  name: 'pings are acknowledged',
  requirements: [slugs.answersPings],
  async run(scene) {
    const a = await scene.peer('a')
    for (const sequence of [0, 1, 127, 70_000, 0xffffffff]) {
      scene.ping(a, scene.name, sequence)
      await scene.comesAbout(slugs.answersPings, `an ack by ${sequence}`, promptly, () => answered(scene, a, sequence))
    }
    const sequence = scene.sequence(a)
    const { answer } = await a.ask(scene.address, { type: 'ping', sequence, node: scene.name, source: null })
    const isAck = answer?.type === 'ack' && answer.sequence === sequence
    scene.judge(
      slugs.answersPings,
      isAck,
      `a ping by ${sequence} on a stream was answered by ${answer?.type ?? 'nothing'}`,
    )
  },
}

const foreignPings: Check = {
  name: 'pings for others are not acknowledged',
  requirements: [slugs.ignoresForeignPings],
  async run(scene) {
    const a = await scene.peer('a')
    const foreign = ['somebody', `${scene.name}-2`].map((name) => [name, scene.ping(a, name)] as const)
    const own = scene.ping(a)
    await scene.comesAbout(slugs.answersPings, 'an ack of the next ping', promptly, () => answered(scene, a, own))
    await sleep(lateness)
    for (const [name, sequence] of foreign)
      scene.judge(
        slugs.ignoresForeignPings,
        answered(scene, a, sequence) === undefined,
        `acknowledged a ping that names '${name}'`,
      )
    const sequence = scene.sequence(a)
    const { answer } = await a.ask(scene.address, { type: 'ping', sequence, node: 'somebody', source: null })
    scene.judge(
      slugs.ignoresForeignPings,
      answer?.type !== 'ack',
      "acknowledged a ping on a stream that names 'somebody'",
    )
  },
}

const relays: Check = {
  name: 'pings for those who ask',
  requirements: [slugs.pingsForOthers, slugs.passesOnAcks, slugs.sendsNacks, slugs.nacksSilenceOnly],
  async run(scene) {
    const [a, lively, silent] = [await scene.peer('a'), await scene.peer('lively'), await scene.peer('silent')]
    silent.mute = true
    const request = (target: Peer, nack: boolean): number => {
      const sequence = scene.sequence(a)
      const { name: node, address } = target
      scene.tell(a, { type: 'indirect-ping', sequence, node, address, nack, source: null })
      return sequence
    }
    const pinged = (peer: Peer) => scene.heard(peer, (message) => message.type === 'ping' && message.node === peer.name)
    const nacked = (sequence: number) =>
      scene.heard(a, (message) => message.type === 'nack' && message.sequence === sequence)

    const first = request(lively, true)
    await scene.comesAbout(slugs.pingsForOthers, 'a ping for who asked', promptly, () => pinged(lively))
    await scene.comesAbout(slugs.passesOnAcks, `an ack by ${first}`, promptly, () => answered(scene, a, first))

    const asked = performance.now()
    const second = request(silent, true)
    const third = request(silent, false)
    await scene.comesAbout(slugs.pingsForOthers, 'a ping for who asked', promptly, () => pinged(silent))
    const { probeTimeout } = scene.options
    const nack = await scene.comesAbout(slugs.sendsNacks, `a nack by ${second}`, probeTimeout + promptly, () =>
      nacked(second),
    )
    const after = Math.round(nack.at - asked)
    scene.judge(slugs.nacksSilenceOnly, after >= probeTimeout - granule, `a nack came ${after} ms after the request`)
    await sleep(lateness)
    scene.judge(slugs.nacksSilenceOnly, nacked(third) === undefined, 'sent a nack that was not asked for')
    scene.judge(slugs.nacksSilenceOnly, nacked(first) === undefined, 'sent a nack for who answered')
    for (const sequence of [second, third])
      scene.judge(slugs.acksPingsOnly, answered(scene, a, sequence) === undefined, 'passed on an ack that nobody sent')
  },
}

const joining: Check = {
  name: 'somebody joins',
  requirements: [
    slugs.startsAlive,
    slugs.takesNewMember,
    slugs.takesMeta,
    slugs.probesEveryPeriod,
    slugs.probesMembers,
    slugs.ignoresUnknown,
  ],
  async run(scene) {
    const a = await scene.peer('a')
    a.meta = Buffer.from('who I am')
    a.incarnation = 3
    const { answer } = await a.exchange(scene.address, [a.record], true)
    const members = answer?.type === 'push-pull' ? answer.members : []
    scene.judge(slugs.exchangesWholeTable, members.length > 0, 'no table came in reply')
    const own = members.find(({ node }) => node === scene.name)
    const isRight = own?.status === 'alive' && own.incarnation >= 1 && own.address === scene.address
    scene.judge(slugs.startsAlive, isRight, `is not alive in its own table at ${scene.address}`)
    const { incarnation, meta, address } = a.record
    await scene.holds(slugs.takesNewMember, a.name, { status: 'alive', incarnation, address })
    await scene.holds(slugs.takesMeta, a.name, { meta })
    const bound = 3 * scene.options.probeInterval + promptly
    const isPing = (message: { readonly type: string }): boolean => message.type === 'ping'
    await scene.comesAbout(slugs.probesEveryPeriod, 'a probe of who joined', bound, () => scene.heard(a, isPing))
    for (const { message } of a.heard)
      if (message.type === 'ping')
        scene.judge(slugs.probesMembers, message.node === a.name, `a ping for ${message.node} went to ${a.name}`)
    scene.tell(a, accuse('suspect', 'ghost', 5, a.name), accuse('dead', 'ghost-2', 5, a.name))
    await sleep(lateness)
    const { records } = await scene.mustTable()
    for (const name of ['ghost', 'ghost-2'])
      scene.judge(slugs.ignoresUnknown, !records.has(name), `${name}, of whom no alive was said, is in the table`)
  },
}

const refutes: Check = {
  name: 'it is accused',
  requirements: [slugs.refutes, slugs.refutesExactly, slugs.startsAlive],
  async run(scene) {
    const a = await scene.member('a')
    const ownIncarnation = async (): Promise<number> => (await scene.mustTable()).records.get(scene.name)!.incarnation
    for (const [type, ahead] of [
      ['suspect', 0],
      ['dead', 0],
      ['suspect', 5],
      ['dead', 1_000],
    ] as const) {
      const accused = (await ownIncarnation()) + ahead
      scene.tell(a, accuse(type, scene.name, accused, a.name))
      const what = `an incarnation above ${accused}, after ${type} by that,`
      const raised = await scene.comesAbout(slugs.refutes, what, promptly, async () => {
        const now = await ownIncarnation()
        return now > accused ? now : undefined
      })
      scene.judge(slugs.refutesExactly, raised === accused + 1, `refuted ${type} by ${accused} with ${raised}`)
      await scene.comesAbout(slugs.refutes, `alive by ${raised}`, scene.options.pushPullInterval + promptly, () =>
        scene.heard(
          a,
          (message) =>
            (message.type === 'alive' && message.node === scene.name && message.incarnation >= raised) ||
            (message.type === 'push-pull' &&
              message.members.some(({ node, incarnation }) => node === scene.name && incarnation >= raised)),
        ),
      )
    }
    const now = await ownIncarnation()
    for (const type of ['suspect', 'dead'] as const)
      await scene.keeps(slugs.refutesExactly, scene.name, `${type} by the older ${now - 1}`, () =>
        scene.tell(a, accuse(type, scene.name, now - 1, a.name)),
      )
  },
}

const rumours: Check = {
  name: 'rumours of another',
  requirements: [
    slugs.takesNewMember,
    slugs.takesNewerAlive,
    slugs.takesMeta,
    slugs.ignoresOlderAlive,
    slugs.ignoresOlderSuspicion,
    slugs.ignoresOlderDeath,
    slugs.takesSuspicion,
    slugs.takesDeath,
    slugs.goneStaysGone,
    slugs.aliveRevives,
    slugs.leaveIsNoFailure,
  ],
  async run(scene) {
    const a = await scene.member('a')
    const b = await scene.peer('b')
    const says = (incarnation: number, meta: string, address = b.address): PacketMessage => ({
      type: 'alive',
      node: b.name,
      incarnation,
      address,
      meta: Buffer.from(meta),
      versions: b.versions,
    })
    const told = (what: PacketMessage) => () => scene.tell(a, what)
    const holds = (requirement: string, expected: Partial<NodeState>) => scene.holds(requirement, b.name, expected)
    const keeps = (requirement: string, what: string, message: PacketMessage) =>
      scene.keeps(requirement, b.name, what, told(message))

    told(says(7, 'first'))()
    await holds(slugs.takesNewMember, { status: 'alive', incarnation: 7 })
    told(says(9, 'second'))()
    await holds(slugs.takesNewerAlive, { status: 'alive', incarnation: 9 })
    await holds(slugs.takesMeta, { meta: Buffer.from('second') })
    await keeps(slugs.ignoresOlderAlive, 'alive by 8, of one by 9,', says(8, 'third'))
    await keeps(slugs.ignoresOlderAlive, 'alive by 10 at another address', says(10, 'second', '127.0.0.1:9'))
    await keeps(slugs.ignoresOlderSuspicion, 'suspect by 8', accuse('suspect', b.name, 8, a.name))
    await keeps(slugs.ignoresOlderDeath, 'dead by 8', accuse('dead', b.name, 8, a.name))
    told(accuse('suspect', b.name, 9, a.name))()
    await holds(slugs.takesSuspicion, { status: 'suspect', incarnation: 9 })
    await keeps(slugs.ignoresOlderAlive, 'alive by the 9 that is suspected', says(9, 'second'))
    told(says(10, 'second'))()
    await holds(slugs.takesNewerAlive, { status: 'alive', incarnation: 10 })
    told(accuse('dead', b.name, 10, a.name))()
    await holds(slugs.takesDeath, { status: 'dead', incarnation: 10 })
    await keeps(slugs.ignoresOlderAlive, 'alive by the 10 that is dead', says(10, 'second'))
    await keeps(slugs.goneStaysGone, 'suspect by 12, of who is dead,', accuse('suspect', b.name, 12, a.name))
    told(says(13, 'third'))()
    await holds(slugs.aliveRevives, { status: 'alive', incarnation: 13 })
    told(accuse('dead', b.name, 13, b.name))()
    await holds(slugs.leaveIsNoFailure, { status: 'left', incarnation: 13 })
    await keeps(slugs.goneStaysGone, 'dead by 14, of who left,', accuse('dead', b.name, 14, a.name))
  },
}

/** Of a member that was silenced: what the table said of it, look by look. */
interface Look {
  readonly asked: Milliseconds
  readonly answered: Milliseconds
  readonly status: string
}

interface Silence {
  readonly silenced: Milliseconds
  /** When it was last seen alive, and first seen suspect: between them the suspicion began. */
  readonly lastAlive: Look
  readonly firstSuspect: Look
  readonly lastSuspect: Look
  readonly firstGone: Look
}

const isGone = (status: string): boolean => status === 'dead' || status === 'left' || status === 'unknown'

/** How many records a table has in these checks, with that many peers: the member's own too. */
const durationOf = (scene: Scene, peers: number, confirmations: number) => {
  const { suspicionMult, suspicionMaxTimeoutMult, probeInterval } = scene.options
  const wanted = confirmationsWanted(suspicionMult, peers + 1)
  const least = suspicionTimeout(suspicionMult, peers + 1, probeInterval)
  const counted = Math.min(wanted, confirmations)
  return { wanted, least, duration: suspicionDuration(counted, wanted, least, least * suspicionMaxTimeoutMult) }
}

/** Silences a peer, and looks on until it is held for gone. `suspected` is told once. */
async function silence(
  scene: Scene,
  peer: Peer,
  longest: Milliseconds,
  suspected: () => void = () => {},
): Promise<Silence> {
  const silenced = performance.now()
  peer.mute = true
  const look = async (): Promise<Look> => {
    const { asked, answered: at, records } = await scene.mustTable()
    return { asked, answered: at, status: records.get(peer.name)?.status ?? 'unknown' }
  }
  let lastAlive: Look = { asked: silenced, answered: silenced, status: 'alive' }
  // A probe within three intervals, and one more for the period of one that has begun.
  const patience = 5 * scene.options.probeInterval + promptly
  const firstSuspect = await scene.comesAbout(
    slugs.suspectsTheSilent,
    `a suspicion of ${peer.name}`,
    patience,
    async () => {
      const now = await look()
      if (now.status === 'alive') lastAlive = now
      return now.status === 'alive' ? undefined : now
    },
  )
  const unseen = Math.round(firstSuspect.answered - lastAlive.asked)
  const { probeTimeout, probeInterval, suspicionMult } = scene.options
  const isFirst = firstSuspect.status === 'suspect'
  // A suspicion as short as they get may have come and gone between two looks that were so far apart.
  if (!isFirst && unseen >= suspicionMult * probeInterval)
    scene.undecided(slugs.suspectsFirst, 'inconclusive', `nobody looked for ${unseen} ms`)
  else scene.judge(slugs.suspectsFirst, isFirst, `${peer.name} became ${firstSuspect.status} within ${unseen} ms`)
  // A ping that waited to be read when the peer fell silent was sent before.
  const early = Math.round(firstSuspect.answered - silenced) + scene.stalled(silenced)
  scene.judge(slugs.waitsForAnswers, early >= probeTimeout - granule, `suspected ${peer.name} after ${early} ms`)
  suspected()
  let lastSuspect = firstSuspect
  const end = performance.now() + longest + promptly
  for (;;) {
    const now = await look()
    if (isGone(now.status)) return { silenced, lastAlive, firstSuspect, lastSuspect, firstGone: now }
    lastSuspect = now
    if (performance.now() > end) return { silenced, lastAlive, firstSuspect, lastSuspect, firstGone: now }
    await sleep(pause)
  }
}

/** A suspicion must last as long as it must wherever in the intervals it began and ended. */
function judgeDuration(
  scene: Scene,
  { lastAlive, firstSuspect, lastSuspect, firstGone }: Silence,
  least: Milliseconds,
  most: Milliseconds,
  ends: string,
): void {
  const atMost = Math.round(firstGone.answered - lastAlive.asked)
  const atLeast = Math.round(lastSuspect.asked - firstSuspect.answered)
  if (isGone(firstGone.status))
    scene.judge(slugs.suspicionLasts, atMost >= least - granule, `a suspicion of ${least} ms ended after ${atMost} ms`)
  if (atLeast <= most + lateness && isGone(firstGone.status)) scene.judge(ends, true, '')
  else scene.lateFailure(ends, `still suspects after ${atLeast} ms; it had ${most} ms`, most, firstSuspect.answered)
}

const alone: Check = {
  name: 'the only other falls silent',
  requirements: [
    slugs.suspectsTheSilent,
    slugs.suspectsFirst,
    slugs.waitsForAnswers,
    slugs.suspicionLasts,
    slugs.suspicionEnds,
    slugs.tellsTheSuspect,
  ],
  async run(scene) {
    const a = await scene.member('a')
    const { duration } = durationOf(scene, 1, 0)
    const seen = await silence(scene, a, duration)
    judgeDuration(scene, seen, duration, duration, slugs.suspicionEnds)
    const { silenced, firstSuspect, lastSuspect } = seen
    const unread = lateness + scene.stalled(silenced)
    for (const { message, together, at, onStream } of a.heard) {
      // What was sent before may be read later.
      const isLater = at > firstSuspect.answered + unread && at < lastSuspect.asked
      if (message.type !== 'ping' || onStream || !isLater) continue
      const isTold = together.some((each) => each.type === 'suspect' && each.node === a.name)
      scene.judge(slugs.tellsTheSuspect, isTold, 'a probe of a suspect did not say that it is suspected')
    }
  },
}

const unconfirmed: Check = {
  name: 'one of two falls silent, and nobody else notices',
  requirements: [slugs.suspicionLasts, slugs.suspicionEnds, slugs.suspectsTheSilent],
  async run(scene) {
    const a = await scene.member('a')
    await scene.member('b')
    const { duration } = durationOf(scene, 2, 0)
    judgeDuration(scene, await silence(scene, a, duration), duration, duration, slugs.suspicionEnds)
  },
}

const confirmed: Check = {
  name: 'one of two falls silent, and the other says so too',
  requirements: [slugs.asksHelpers, slugs.wantsNacks, slugs.confirmationsShorten, slugs.suspectsTheSilent],
  async run(scene) {
    const a = await scene.member('a')
    const b = await scene.member('b')
    const { wanted, least, duration } = durationOf(scene, 2, 1)
    const seen = await silence(scene, a, duration, () =>
      scene.tell(b, accuse('suspect', a.name, a.incarnation, b.name)),
    )
    if (wanted === 0)
      scene.undecided(slugs.confirmationsShorten, 'unsupported', 'with this timing no confirmation counts among three')
    else judgeDuration(scene, seen, least, duration, slugs.confirmationsShorten)
    const requests = b.heard.filter(({ message }) => message.type === 'indirect-ping' && message.node === a.name)
    // Some draw helpers at random and may miss the only one; not in each probe of a suspicion.
    scene.judge(slugs.asksHelpers, requests.length > 0, `${b.name} was never asked to ping ${a.name}`)
    for (const { message } of requests)
      if (message.type === 'indirect-ping')
        scene.judge(slugs.wantsNacks, message.nack, 'asked for help and not for a nack')
  },
}

const leaving: Check = {
  name: 'it is asked to leave',
  requirements: [slugs.leaveIsTold],
  async run(scene) {
    const a = await scene.member('a')
    scene.leave()
    const says = () =>
      scene.heard(a, (message) => message.type === 'dead' && message.node === scene.name && message.from === scene.name)
    const end = performance.now() + 3 * promptly
    const isOver = (): boolean => scene.ended !== null || scene.interrupted || performance.now() > end
    while (says() === undefined && !isOver()) await sleep(pause)
    await sleep(lateness)
    if (says() !== undefined) scene.judge(slugs.leaveIsTold, true, '')
    else scene.undecided(slugs.leaveIsTold, 'unsupported', 'an interrupt does not make it leave')
  },
}

/** After each of the bytes it still answers. */
export const outlives = async (
  scene: Scene,
  a: Peer,
  what: string,
  requirement: string = slugs.survives,
): Promise<void> => {
  const sequence = scene.ping(a)
  try {
    await scene.comesAbout(requirement, `an ack after ${what}`, promptly, () => answered(scene, a, sequence))
  } catch (error) {
    if (error instanceof BrokenOff && scene.ended !== null) scene.died(` at ${what}`, requirement)
    throw error
  }
}

const datagrams = Object.keys(hostileDatagrams(Buffer.alloc(1))).map((kind): Check => ({
  name: kind,
  requirements: [slugs.survives],
  echoes: true,
  async run(scene) {
    const a = await scene.peer('a')
    const [sequence] = [scene.sequence(a), ...numbersOfBroken.map((number) => scene.sequence(a, number))]
    const ping = encodeMessage({ type: 'ping', sequence, node: scene.name, source: null })
    for (const { what, bytes } of hostileDatagrams(ping)[kind]!) {
      a.sendBytes(scene.address, scene.sealed(bytes))
      await outlives(scene, a, what)
    }
  },
}))

const streams: Check = {
  name: 'streams that no member opens',
  requirements: [slugs.survives],
  echoes: true,
  async run(scene) {
    const a = await scene.peer('a')
    for (const { what, bytes } of hostileStreams) {
      await a.pour(scene.address, scene.sealed(bytes, 'stream'), lateness)
      await outlives(scene, a, `a stream: ${what}`)
    }
  },
}

/** The longest first: they run side by side. */
export const checks: readonly Check[] = [
  unconfirmed,
  confirmed,
  alone,
  rumours,
  refutes,
  streams,
  ...datagrams,
  joining,
  relays,
  foreignPings,
  pings,
  leaving,
]
