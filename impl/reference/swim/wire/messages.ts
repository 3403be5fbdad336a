/**
 * The messages of hashicorp/memberlist, each a type and a structure, and their bytes. [ML] net.go. What the structures
 * do not say is zero or empty; what they say in fields that are not known is ignored, and so is what follows them.
 */
import { parseAddress, printAddress } from './address.ts'
import { WireError } from './error.ts'
import { wireLimits } from './limits.ts'
import { encodeValue, structure, type Value, ValueReader, type Writable, type WritableMap } from './msgpack.ts'
import { decodeText } from './text.ts'

/** Types: the first byte of a message. [ML] net.go */
export const types = {
  ping: 0,
  indirectPing: 1,
  ack: 2,
  suspect: 3,
  alive: 4,
  dead: 5,
  pushPull: 6,
  compound: 7,
  user: 8,
  compressed: 9,
  encrypted: 10,
  nack: 11,
  checksum: 12,
  error: 13,
  label: 244,
} as const

/** Least, greatest and current version that somebody speaks. */
export interface Versions {
  /** Of the protocol of memberlist: 1 to 5. */
  readonly protocol: readonly [least: number, greatest: number, current: number]
  /** Of the protocol of the application above it; all 0 for none. */
  readonly delegate: readonly [least: number, greatest: number, current: number]
}

/** Who asked, so that the answer goes there instead of to where the datagram came from. */
export interface Source {
  readonly address: string
  readonly node: string
}

interface Ping {
  readonly type: 'ping'
  readonly sequence: number
  readonly node: string
  readonly source: Source | null
}
interface IndirectPing {
  readonly type: 'indirect-ping'
  readonly sequence: number
  readonly node: string
  readonly address: string
  readonly nack: boolean
  readonly source: Source | null
}
interface Ack {
  readonly type: 'ack'
  readonly sequence: number
  readonly payload: Uint8Array
}
interface Nack {
  readonly type: 'nack'
  readonly sequence: number
}
interface Accusation {
  readonly type: 'suspect' | 'dead'
  readonly incarnation: number
  readonly node: string
  readonly from: string
}
interface Alive {
  readonly type: 'alive'
  readonly incarnation: number
  readonly node: string
  readonly address: string
  readonly meta: Uint8Array
  readonly versions: Versions | null
}
interface User {
  readonly type: 'user'
  readonly bytes: Uint8Array
}

/** What a datagram carries. */
export type PacketMessage = Ping | IndirectPing | Ack | Nack | Accusation | Alive | User

export const states = ['alive', 'suspect', 'dead', 'left'] as const

/** What a table says of one member. */
export interface NodeState {
  readonly node: string
  readonly status: (typeof states)[number]
  readonly incarnation: number
  readonly address: string
  readonly meta: Uint8Array
  readonly versions: Versions | null
}

export interface PushPull {
  readonly type: 'push-pull'
  readonly join: boolean
  readonly members: readonly NodeState[]
  /** What the application adds. */
  readonly user: Uint8Array
}
interface Failure {
  readonly type: 'error'
  readonly text: string
}

/** What a stream carries. */
export type StreamMessage = PushPull | Ping | Ack | User | Failure

export const structureLimits = { bytes: wireLimits.structure, values: wireLimits.values, depth: wireLimits.depth }

const none = Buffer.alloc(0)

/** The fields of a structure, by name; each is checked when it is asked for. */
export class Fields {
  readonly #fields: ReadonlyMap<string, Value>

  constructor(value: Value) {
    if (!(value instanceof Map)) throw new WireError('field', 'a structure that is no map')
    this.#fields = value
  }

  /** An integer from 0 to `greatest`. */
  integer(name: string, greatest: number): number {
    const value = this.#fields.get(name) ?? 0
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > greatest) throw wrong(name)
    return value
  }

  /** How many there are of something. */
  count(name: string, most: number): number {
    const value = this.integer(name, Number.MAX_SAFE_INTEGER)
    if (value > most) throw new WireError('too-large', `${name} is ${value}`)
    return value
  }

  boolean(name: string): boolean {
    const value = this.#fields.get(name) ?? false
    if (typeof value !== 'boolean') throw wrong(name)
    return value
  }

  bytes(name: string): Uint8Array {
    const value = this.#fields.get(name) ?? none
    if (!(value instanceof Uint8Array)) throw wrong(name)
    return value
  }

  text(name: string): string {
    return decodeText(this.bytes(name))
  }

  map(name: string): ReadonlyMap<string, Value> {
    const value = this.#fields.get(name) ?? new Map<string, Value>()
    if (!(value instanceof Map)) throw wrong(name)
    return value
  }

  list(name: string): readonly Value[] {
    const value = this.#fields.get(name) ?? []
    if (!Array.isArray(value)) throw wrong(name)
    return value
  }
}

const wrong = (name: string): WireError => new WireError('field', `field ${name} has a wrong type or is out of range`)

const uint8 = 0xff
const uint16 = 0xffff
const uint32 = 0xffffffff

const addressOf = (fields: Fields, ip: string, port: string): string =>
  printAddress({ ip: fields.bytes(ip), port: fields.integer(port, uint16) })

const sourceOf = (fields: Fields): Source | null => {
  const address = addressOf(fields, 'SourceAddr', 'SourcePort')
  return address === '' ? null : { address, node: fields.text('SourceNode') }
}

/** Fewer than six numbers say nothing; [ML] state.go aliveNode. */
const versionsOf = (fields: Fields): Versions | null => {
  const [a, b, c, d, e, f] = fields.bytes('Vsn')
  return f === undefined ? null : { protocol: [a!, b!, c!], delegate: [d!, e!, f] }
}

const metaOf = (fields: Fields): Uint8Array => {
  const meta = fields.bytes('Meta')
  if (meta.length > wireLimits.meta) throw new WireError('too-large', `meta of ${meta.length} bytes`)
  return meta
}

const readStructure = (bytes: Uint8Array): Fields => new Fields(new ValueReader(bytes, structureLimits).read())

/** By type: how the message of a datagram is read. */
const readers: Readonly<Record<number, (body: Uint8Array) => PacketMessage>> = {
  [types.ping]: (body) => readPing(readStructure(body)),
  [types.indirectPing]: (body) => {
    const fields = readStructure(body)
    return {
      type: 'indirect-ping',
      sequence: fields.integer('SeqNo', uint32),
      node: fields.text('Node'),
      address: addressOf(fields, 'Target', 'Port'),
      nack: fields.boolean('Nack'),
      source: sourceOf(fields),
    }
  },
  [types.ack]: (body) => readAck(readStructure(body)),
  [types.nack]: (body) => ({ type: 'nack', sequence: readStructure(body).integer('SeqNo', uint32) }),
  [types.suspect]: (body) => readAccusation('suspect', body),
  [types.dead]: (body) => readAccusation('dead', body),
  [types.alive]: (body) => {
    const fields = readStructure(body)
    return {
      type: 'alive',
      incarnation: fields.integer('Incarnation', uint32),
      node: fields.text('Node'),
      address: addressOf(fields, 'Addr', 'Port'),
      meta: metaOf(fields),
      versions: versionsOf(fields),
    }
  },
  [types.user]: (body) => ({ type: 'user', bytes: body }),
}

export const readPing = (fields: Fields): Ping => ({
  type: 'ping',
  sequence: fields.integer('SeqNo', uint32),
  node: fields.text('Node'),
  source: sourceOf(fields),
})

export const readAck = (fields: Fields): Ack => ({
  type: 'ack',
  sequence: fields.integer('SeqNo', uint32),
  payload: fields.bytes('Payload'),
})

const readAccusation = (type: 'suspect' | 'dead', body: Uint8Array): Accusation => {
  const fields = readStructure(body)
  return {
    type,
    incarnation: fields.integer('Incarnation', uint32),
    node: fields.text('Node'),
    from: fields.text('From'),
  }
}

export const readNodeState = (fields: Fields): NodeState => {
  const status = states[fields.integer('State', uint8)]
  if (status === undefined) throw new WireError('field', 'a state that no member can have')
  return {
    node: fields.text('Name'),
    status,
    incarnation: fields.integer('Incarnation', uint32),
    address: addressOf(fields, 'Addr', 'Port'),
    meta: metaOf(fields),
    versions: versionsOf(fields),
  }
}

/** The message of a datagram without anything around it. Throws a WireError. */
export const decodeMessage = (bytes: Uint8Array): PacketMessage => {
  const type = bytes[0]
  const read = type === undefined ? undefined : readers[type]
  if (read === undefined) throw new WireError('type', `no message of a datagram is of type ${type}`)
  return read(bytes.subarray(1))
}

const encode = (type: number, fields: WritableMap): Buffer => Buffer.concat([Buffer.of(type), encodeValue(fields)])

const sourceFields = (source: Source | null): Record<string, Writable> => {
  if (source === null) return {}
  const { ip, port } = parseAddress(source.address)
  return { SourceAddr: ip, SourcePort: port, SourceNode: source.node }
}

const versionBytes = (versions: Versions | null): Uint8Array | null =>
  versions === null ? null : Uint8Array.of(...versions.protocol, ...versions.delegate)

const orNull = (bytes: Uint8Array): Uint8Array | null => (bytes.length === 0 ? null : bytes)

const checked = (value: number): number => {
  if (!Number.isInteger(value) || value < 0 || value > uint32) throw new WireError('field', `${value} is no uint32`)
  return value
}

const checkedMeta = (meta: Uint8Array): Uint8Array | null => {
  if (meta.length > wireLimits.meta) throw new WireError('too-large', `meta of ${meta.length} bytes`)
  return orNull(meta)
}

/** Throws a WireError where the message holds what no field can. */
export const encodeMessage = (message: PacketMessage | Failure): Buffer => {
  switch (message.type) {
    case 'ping': {
      const { node, source } = message
      return encode(types.ping, structure({ SeqNo: checked(message.sequence), Node: node, ...sourceFields(source) }))
    }
    case 'indirect-ping': {
      const { ip, port } = parseAddress(message.address)
      const target = { SeqNo: checked(message.sequence), Target: ip, Port: port, Node: message.node }
      return encode(types.indirectPing, structure({ ...target, Nack: message.nack, ...sourceFields(message.source) }))
    }
    case 'ack':
      return encode(types.ack, structure({ SeqNo: checked(message.sequence), Payload: orNull(message.payload) }))
    case 'nack':
      return encode(types.nack, structure({ SeqNo: checked(message.sequence) }))
    case 'suspect':
    case 'dead': {
      const fields = { Incarnation: checked(message.incarnation), Node: message.node, From: message.from }
      return encode(message.type === 'dead' ? types.dead : types.suspect, structure(fields))
    }
    case 'alive':
      return encode(types.alive, structure({ ...nodeFields(message), Node: message.node }))
    case 'user':
      return Buffer.concat([Buffer.of(types.user), message.bytes])
    case 'error':
      return encode(types.error, structure({ Error: message.text }))
  }
}

const nodeFields = ({ incarnation, address, meta, versions }: Omit<NodeState, 'node' | 'status'>) => {
  const { ip, port } = parseAddress(address)
  const where = { Addr: ip, Port: port }
  return { ...where, Incarnation: checked(incarnation), Meta: checkedMeta(meta), Vsn: versionBytes(versions) }
}

/** A table: a header, so many structures, and the user's bytes. */
export const encodePushPull = ({ join, members, user }: PushPull): Buffer => {
  const header = structure({ Nodes: members.length, UserStateLen: user.length, Join: join })
  const rows = members.map((member) =>
    encodeValue(structure({ ...nodeFields(member), Name: member.node, State: states.indexOf(member.status) })),
  )
  return Buffer.concat([Buffer.of(types.pushPull), encodeValue(header), ...rows, user])
}

/** A user message on a stream; unlike in a datagram its length is said. */
export const encodeStreamUser = ({ bytes }: User): Buffer =>
  Buffer.concat([encode(types.user, structure({ UserMsgLen: bytes.length })), bytes])
