/** What is done to a member whose gossip is encrypted. Each check has a member of its own. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Peer } from '../../../impl/real/swim/peer.ts'
import type { Key } from '../../../impl/reference/swim/wire/encryption.ts'
import type { WireSettings } from '../../../impl/reference/swim/wire/envelopes.ts'
import { encodeMessage, type PacketMessage, type StreamMessage } from '../../../impl/reference/swim/wire/messages.ts'
import { encodePacket } from '../../../impl/reference/swim/wire/packet.ts'
import { encodeStream } from '../../../impl/reference/swim/wire/stream.ts'
import { slugs } from '../../../properties/swim/requirements.ts'
import { answered, type Check, lateness, outlives } from './checks.ts'
import { drawing } from './drawing.ts'
import { gossip } from './requirements.ts'
import { promptly, type Scene, startTime } from './scene.ts'
import { headerOf, sealDatagram, sealOf, sealStream } from './seal.ts'

/** Put to the test by whatever is seen of a member whose gossip is encrypted. */
export const alwaysSealed: readonly string[] = [gossip.encryptsAll, gossip.primaryEncrypts, gossip.noncesDiffer]

const nonce = (): Uint8Array => randomBytes(12)

/** How a datagram, or what opens a stream, is to be said. */
interface Way {
  readonly what: string
  datagram(messages: readonly PacketMessage[]): Buffer
  stream(message: StreamMessage): Buffer
}

/** As the codec says it, with some settings that are wrong. */
function way(scene: Scene, what: string, wrong: Partial<WireSettings>, checksum = false): Way {
  const { label, key } = scene.secrecy!
  const settings: WireSettings = { label, keys: [key], encryptionVersion: 1, compress: false, nonce, ...wrong }
  return {
    what,
    datagram: (messages) => encodePacket(messages, settings, { checksum }),
    stream: (message) => encodeStream(message, settings, 'opener'),
  }
}

/** The same, changed before it is sent. */
const changed = (before: Way, what: string, change: (bytes: Buffer) => Buffer): Way => ({
  what,
  datagram: (messages) => change(before.datagram(messages)),
  stream: (message) => change(before.stream(message)),
})

const ghost = (peer: Peer, node: string): PacketMessage => ({ ...peer.alive, node }) as PacketMessage

/** Says in each way what would show: a ping, and news of somebody whom nobody knows. None of it may have an effect. */
async function takesNone(scene: Scene, peer: Peer, requirement: string, ways: readonly Way[]): Promise<void> {
  const { versions } = peer
  const said = ways.map(({ what, datagram, stream }, index) => {
    const sequence = scene.sequence(peer)
    const names = [`ghost-${index}`, `ghost-of-table-${index}`] as const
    const record = { ...peer.record, node: names[1], versions }
    return {
      what,
      sequence,
      names,
      packets: [
        datagram([{ type: 'ping', sequence, node: scene.name, source: null }]),
        datagram([ghost(peer, names[0])]),
      ],
      opening: stream({ type: 'push-pull', join: true, members: [record], user: Buffer.alloc(0) }),
    }
  })
  for (const { packets, opening } of said) {
    for (const packet of packets) peer.sendBytes(scene.address, packet)
    await peer.pour(scene.address, opening, lateness)
  }
  const control = await scene.peer('control')
  await outlives(scene, control, 'what it must not take', requirement)
  await sleep(lateness)
  const { records } = await scene.mustTable()
  for (const { what, sequence, names } of said) {
    scene.judge(requirement, answered(scene, peer, sequence) === undefined, `acknowledged a ping ${what}`)
    for (const name of names) scene.judge(requirement, !records.has(name), `took news of a member ${what}`)
  }
}

/** Whether a peer, as it encrypts now, is answered on datagrams and on streams. */
async function isHeard(scene: Scene, peer: Peer, requirement: string, what: string): Promise<void> {
  const sequence = scene.ping(peer)
  await scene.comesAbout(requirement, `an ack of a ping ${what}`, promptly, () => answered(scene, peer, sequence))
  await scene.comesAbout(requirement, `a table in reply to one ${what}`, promptly, async () => {
    const { answer } = await peer.exchange(scene.address, [])
    return answer?.type === 'push-pull' ? answer : null
  })
}

const versions: Check = {
  name: 'both versions of encryption',
  requirements: [gossip.readsBothVersions],
  needs: ['key'],
  async run(scene) {
    const a = await scene.peer('a')
    for (const version of [0, 1] as const)
      for (const compress of [false, true]) {
        a.encryptionVersion = version
        a.compress = compress
        await isHeard(scene, a, gossip.readsBothVersions, `in version ${version}${compress ? ', compressed' : ''}`)
        // What sums up the whole text shows whether all of the padding was taken off.
        const sequence = scene.sequence(a)
        const { datagram, what } = way(
          scene,
          `in version ${version} with a checksum`,
          { encryptionVersion: version, compress },
          true,
        )
        a.sendBytes(scene.address, datagram([{ type: 'ping', sequence, node: scene.name, source: null }]))
        await scene.comesAbout(gossip.readsBothVersions, `an ack of a ping ${what}`, promptly, () =>
          answered(scene, a, sequence),
        )
      }
  },
}

const unknownKeys: Check = {
  name: 'keys that are not on the ring',
  requirements: [gossip.dropsUnknownKeys],
  needs: ['key'],
  async run(scene) {
    const a = await scene.peer('a')
    const primary = Buffer.from(scene.primary!)
    const lengths = [16, 24, 32]
    const keys: readonly (readonly [string, Key])[] = [
      ...lengths.map((length) => [`a random key of ${length} bytes`, randomBytes(length)] as const),
      ...lengths.map((length) => [`a key of ${length} zeros`, Buffer.alloc(length)] as const),
      ['the primary key, reversed,', Buffer.from(primary.toReversed())],
      ...lengths
        .filter((length) => length !== primary.length)
        .map((length) => [`the primary key, made ${length} bytes long,`, Buffer.alloc(length, primary)] as const),
      [
        'the primary key with another last bit',
        Buffer.from(primary.map((byte, at) => (at < primary.length - 1 ? byte : byte ^ 1))),
      ],
    ]
    const isOther = (key: Key): boolean => Buffer.compare(key, primary) !== 0
    const ways = keys
      .filter(([, key]) => isOther(key))
      .map(([what, key]) => way(scene, `under ${what}`, { keys: [key] }))
    await takesNone(scene, a, gossip.dropsUnknownKeys, ways)
  },
}

const plaintext: Check = {
  name: 'gossip in the clear',
  requirements: [gossip.dropsPlaintext],
  needs: ['key'],
  async run(scene) {
    const a = await scene.peer('a')
    const clear = { keys: [] }
    await takesNone(scene, a, gossip.dropsPlaintext, [
      way(scene, 'in the clear', clear),
      way(scene, 'in the clear, with a checksum', clear, true),
      way(scene, 'in the clear, compressed', { ...clear, compress: true }),
    ])
  },
}

const labels: Check = {
  name: 'other labels',
  requirements: [gossip.dropsOtherLabels],
  needs: ['key'],
  async run(scene) {
    const a = await scene.peer('a')
    const { label } = scene.secrecy!
    const own = way(scene, '', {})
    const bare = (bytes: Buffer): Buffer => bytes.subarray(headerOf(label).length)
    const others = ['other', `${label}s`, label.slice(0, -1), label.toUpperCase()].filter(
      (other, index, all) => other !== label && other !== '' && all.indexOf(other) === index,
    )
    const ways = others.flatMap((other) => [
      way(scene, `with the label '${other}'`, { label: other }),
      changed(own, `with '${other}' before it and nothing else changed`, (bytes) =>
        Buffer.concat([headerOf(other), bare(bytes)]),
      ),
    ])
    const unlabelled = [
      way(scene, 'of a cluster without a label', { label: '' }),
      changed(own, 'with its label taken off', bare),
      changed(own, 'with its label twice', (bytes) => Buffer.concat([headerOf(label), bytes])),
    ]
    await takesNone(scene, a, gossip.dropsOtherLabels, label === '' ? ways : [...ways, ...unlabelled])
  },
}

const authentication: Check = {
  name: 'labels that were exchanged',
  requirements: [gossip.labelIsAuthenticated, gossip.labelFirst],
  needs: ['key', 'label'],
  async run(scene) {
    const a = await scene.peer('a')
    const sealedFor = (data: string): Way => {
      const sealing = (): Parameters<typeof sealDatagram>[1] => ({ ...scene.secrecy!, nonce: nonce(), data })
      const clear = way(scene, '', { label: '', keys: [] })
      return {
        what: `that was encrypted for ${data === '' ? 'no label' : `the label '${data}'`}`,
        datagram: (messages) => sealDatagram(clear.datagram(messages), sealing()),
        stream: (message) => sealStream(clear.stream(message), sealing()),
      }
    }
    const { label } = scene.secrecy!
    await takesNone(scene, a, gossip.labelIsAuthenticated, ['', 'other', `${label}s`].map(sealedFor))
    await isHeard(scene, a, gossip.labelFirst, 'with its label')
  },
}

/** Of a stream: the length in its head, its nonce, some of its text and its tag. */
const streamPositions = (head: number, length: number): number[] => [
  ...[1, 2, 3, 4, 6, 11, 17].map((at) => head + at),
  ...[20, 27, 40].map((at) => head + at),
  ...[length - 16, length - 8, length - 1],
]

const tampering: Check = {
  name: 'bits that were changed',
  requirements: [gossip.dropsTampered],
  needs: ['key'],
  async run(scene) {
    const a = await scene.peer('a')
    const { datagram, stream } = way(scene, '', {})
    const head = headerOf(scene.secrecy!.label).length
    const flip = (bytes: Buffer, at: number, bit: number): Buffer => {
      const wrong = Buffer.from(bytes)
      wrong[at]! ^= 1 << bit
      return wrong
    }
    const pings: number[] = []
    const ping = (): Buffer => {
      const sequence = scene.sequence(a)
      pings.push(sequence)
      return datagram([{ type: 'ping', sequence, node: scene.name, source: null }])
    }
    // The byte of the version is not protected by anything.
    for (let at = head + 1; at < ping().length; at++) a.sendBytes(scene.address, flip(ping(), at, at % 8))
    const news = datagram([ghost(a, 'ghost')])
    for (let at = head + 1; at < news.length; at++) a.sendBytes(scene.address, flip(news, at, at % 8))
    const record = { ...a.record, node: 'ghost-of-table' }
    const opening = stream({ type: 'push-pull', join: true, members: [record], user: Buffer.alloc(0) })
    await Promise.all(
      streamPositions(head, opening.length).map((at) => a.pour(scene.address, flip(opening, at, at % 8), lateness)),
    )
    await outlives(scene, await scene.peer('control'), 'bits that were changed', gossip.dropsTampered)
    await sleep(lateness)
    const { records } = await scene.mustTable()
    const acks = a.heard.filter(({ message }) => message.type === 'ack').length
    scene.judge(gossip.dropsTampered, acks === 0, `acknowledged ${acks} pings of ${pings.length} that were changed`)
    const strange = [...records.keys()].filter((name) => name !== scene.name)
    scene.judge(gossip.dropsTampered, strange.length === 0, `took news that was changed, of ${strange.length} members`)
  },
}

const fuzzed = { seed: 1, datagrams: 3_000, together: 100, streams: 120, streamsTogether: 20 }

const broken: Check = {
  name: 'encryption that is broken',
  requirements: [gossip.survivesBroken],
  needs: ['key'],
  echoes: true,
  async run(scene) {
    const a = await scene.peer('a')
    const { datagram, stream } = way(scene, '', {})
    const head = headerOf(scene.secrecy!.label).length
    const survives = (what: string): Promise<void> => outlives(scene, a, what, gossip.survivesBroken)
    const ping = datagram([{ type: 'ping', sequence: scene.sequence(a), node: scene.name, source: null }])
    for (let length = 0; length < ping.length; length++) a.sendBytes(scene.address, ping.subarray(0, length))
    await survives('a datagram cut short')
    for (const more of [1, 16, 1_000, 60_000]) a.sendBytes(scene.address, Buffer.concat([ping, Buffer.alloc(more, 7)]))
    await survives('a datagram made longer')
    for (let version = 2; version < 256; version++) {
      const wrong = Buffer.from(ping)
      wrong[head] = version
      a.sendBytes(scene.address, wrong)
    }
    await survives('a version of encryption that is none')
    const opening = stream({ type: 'push-pull', join: false, members: [a.record], user: Buffer.alloc(0) })
    for (const claimed of [0, 1, 28, 29, 44, 45, 2 ** 20, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
      const wrong = Buffer.from(opening)
      wrong.writeUInt32BE(claimed, head + 1)
      await a.pour(scene.address, wrong, lateness)
      await survives(`a stream that claims ${claimed} bytes`)
    }
    const draw = drawing(fuzzed.seed)
    for (let sent = 0; sent < fuzzed.datagrams; sent += fuzzed.together) {
      for (let each = 0; each < fuzzed.together; each++) a.sendBytes(scene.address, draw.broken(ping, head))
      await survives(`datagrams ${sent + 1} to ${sent + fuzzed.together} that were drawn with seed ${fuzzed.seed}`)
    }
    for (let opened = 0; opened < fuzzed.streams; opened += fuzzed.streamsTogether) {
      const all = Array.from({ length: fuzzed.streamsTogether }, () => draw.broken(opening, head))
      await Promise.all(all.map((bytes) => a.pour(scene.address, bytes, lateness)))
      await survives(`streams ${opened + 1} to ${opened + fuzzed.streamsTogether} that were drawn`)
    }
  },
}

/** Who takes a text for padded may cut off more than there is. */
const relabelled: Check = {
  name: 'a version of encryption that was exchanged',
  requirements: [gossip.survivesBroken],
  needs: ['key'],
  echoes: true,
  async run(scene) {
    const a = await scene.peer('a')
    const head = headerOf(scene.secrecy!.label).length
    // It takes no key: what the member said itself comes back, with another version.
    let seen = 0
    for (let last = 15; last < 256; last += 16) {
      const sequence = scene.ping(a, scene.name, 0xe0000000 + last)
      await scene.comesAbout(slugs.answersPings, `an ack by ${sequence}`, promptly, () => answered(scene, a, sequence))
      for (const { bytes, how } of a.raw.slice(seen)) {
        if (how !== 'datagram') continue
        const back = Buffer.from(bytes)
        back[head] = 0
        a.sendBytes(scene.address, back)
      }
      seen = a.raw.length
      await outlives(scene, a, `its own ack by ${sequence}, as if it were padded`, gossip.survivesBroken)
    }
    for (const last of [0, 1, 15, 16, 17, 32, 33, 0xc0, 0xff]) {
      // An ack ends in the last byte of its number; who has no key can make one of version 1 into one of version 0.
      const ack = encodeMessage({ type: 'ack', sequence: 0xf0000000 + last, payload: Buffer.alloc(0) })
      const said = scene.sealed(ack)
      said[head] = 0
      a.sendBytes(scene.address, said)
      await outlives(scene, a, `an ack whose text ends in ${last}, as if it were padded`, gossip.survivesBroken)
    }
  },
}

/** How long a process may take to see that it cannot run, in milliseconds. */
const longestRefusal = 6_000

const startingKeys: Check = {
  name: 'it is started with keys of all lengths',
  requirements: [gossip.keyLengths],
  needs: ['key'],
  async run(scene) {
    for (const [length, isKey] of [
      [15, false],
      [16, true],
      [24, true],
      [32, true],
      [33, false],
    ] as const) {
      const began = performance.now()
      const bound = isKey ? startTime : longestRefusal
      const runs = await scene.runsWith(randomBytes(length), isKey, bound)
      const what = `started with a key of ${length} bytes it ${runs === false ? 'ended' : 'ran on'}`
      if (runs !== null) scene.judge(gossip.keyLengths, runs === isKey, what)
      else if (!isKey) scene.lateFailure(gossip.keyLengths, what, bound, began)
      else scene.undecided(gossip.keyLengths, 'inconclusive', `${what} and was not heard of`)
    }
  },
}

const ring: Check = {
  name: 'a ring of several keys',
  requirements: [gossip.anyKeyDecrypts, gossip.installKeepsPrimary, gossip.keyLengths],
  needs: ['key', 'rotation'],
  async run(scene) {
    const [a, other] = [await scene.peer('a'), await scene.peer('other')]
    for (const length of [1, 15, 17, 31, 33, 64]) {
      const { accepted } = await scene.rotate('install', randomBytes(length))
      scene.judge(gossip.keyLengths, !accepted, `installed a key of ${length} bytes`)
    }
    const primary = scene.primary!
    const keys = [16, 24, 32].map((length) => scene.newKey(length))
    for (const key of keys) {
      const { accepted, reason } = await scene.rotate('install', key)
      scene.judge(gossip.keyLengths, accepted, `refused to install a key of ${key.length} bytes: ${reason}`)
    }
    const before = a.raw.length
    for (const key of [...keys, primary]) {
      a.keys = scene.keysFrom(key)
      await isHeard(scene, a, gossip.anyKeyDecrypts, `under ${key === primary ? 'the primary key' : 'another key'}`)
    }
    for (const raw of a.raw.slice(before)) {
      const { key } = sealOf(raw, scene.secrecy!.label, [primary, ...keys])
      scene.judge(gossip.installKeepsPrimary, key === primary, 'encrypted with a key that was only installed')
    }
    for (const key of keys) {
      other.keys = scene.keysFrom(key)
      const name = `news-${key.length}`
      scene.tell(other, ghost(other, name))
      await scene.holds(gossip.anyKeyDecrypts, name, { status: 'alive' })
    }
  },
}

const rotating: Check = {
  name: 'keys are changed',
  requirements: [
    gossip.rotationLosesNothing,
    gossip.useNeedsInstalled,
    gossip.primaryStays,
    gossip.removeForgets,
    slugs.takesNewMember,
  ],
  needs: ['key', 'rotation'],
  async run(scene) {
    // One goes ahead and one comes last, both as far apart as whoever changes keys allows.
    const [first, last] = [await scene.peer('first'), await scene.peer('last')]
    const old = scene.primary!
    const stranger = randomBytes(16)
    const { accepted: used } = await scene.rotate('use', stranger)
    scene.judge(gossip.useNeedsInstalled, !used, 'used a key that was never installed')
    await isHeard(scene, first, gossip.useNeedsInstalled, 'after the use of an unknown key was asked for')
    await takesNone(scene, last, gossip.useNeedsInstalled, [
      way(scene, 'under a key of which only the use was asked for', { keys: [stranger] }),
    ])
    const { accepted: removed } = await scene.rotate('remove', old)
    scene.judge(gossip.primaryStays, !removed, 'removed the primary key')
    await isHeard(scene, first, gossip.primaryStays, 'after the removal of the primary key was asked for')

    const pings = new Map<number, Peer>()
    const timer = setInterval(() => {
      for (const peer of [first, last]) pings.set(scene.ping(peer), peer)
    }, 10)
    const key = scene.newKey(32)
    const must = async (operation: 'install' | 'use' | 'remove', which: Key): Promise<void> => {
      const { accepted, reason } = await scene.rotate(operation, which)
      scene.judge(gossip.rotationLosesNothing, accepted, `refused to ${operation} a key: ${reason}`)
      await sleep(lateness)
    }
    try {
      await must('install', key)
      first.keys = scene.keysFrom(key)
      await sleep(lateness)
      await must('use', key)
      last.keys = scene.keysFrom(key)
      await sleep(lateness)
      await must('remove', old)
    } finally {
      clearInterval(timer)
    }
    const open = (): number =>
      [...pings].filter(([sequence, peer]) => answered(scene, peer, sequence) === undefined).length
    await scene.comesAbout(gossip.rotationLosesNothing, 'an ack of every ping', promptly, () => open() === 0 || null)
    await takesNone(scene, last, gossip.removeForgets, [way(scene, 'under a key that was removed', { keys: [old] })])
    // What it says of its own accord is under the new key too.
    const joined = await scene.member('joined')
    const bound = 3 * scene.options.probeInterval + promptly
    const isPing = ({ type }: { readonly type: string }): boolean => type === 'ping'
    await scene.comesAbout(slugs.probesEveryPeriod, 'a probe of who joined', bound, () => scene.heard(joined, isPing))
  },
}

export const encryptionChecks: readonly Check[] = [
  rotating,
  tampering,
  broken,
  relabelled,
  startingKeys,
  ring,
  unknownKeys,
  labels,
  authentication,
  plaintext,
  versions,
]
