/** Serf's messages as bytes, each of which travels as a user message of memberlist. [Serf] messages.go, query.go */
import type { Broadcast, Message, Name, Response } from '../../../models/serf/vocabulary.ts'
import { WireError } from '../swim/wire/error.ts'
import { parseAddress } from '../swim/wire/address.ts'
import { Fields } from '../swim/wire/messages.ts'
import { structure, type Value, ValueReader } from '../swim/wire/msgpack.ts'
import { decode, decodeIntent, encodeIntent, limits, timeOf, typed } from '../swim/wire/serf.ts'
import { decodeMeta, encodeMeta } from '../swim/wire/text.ts'

const types = { event: 3, query: 4, response: 5, relay: 9 } as const

/** That its arrival is acknowledged; that a response says no more. */
const ackFlag = 1
/** By whom a query is to be answered: by name. */
const byName = 0

const uint8 = 0xff
const uint32 = 0xffffffff
const nanoseconds = 1_000_000

/** Where members are reached; '' where that is not known. */
export type AddressOf = (name: Name) => string

/** A message as user messages; what goes over streams has a form of its own. */
export function encodeMessage(view: Message, addressOf: AddressOf): Buffer[] {
  switch (view.kind) {
    case 'gossip':
      return view.broadcasts.map((broadcast) => encodeBroadcast(broadcast, addressOf))
    case 'response':
      return [encodeResponse(view)]
    case 'relay':
      return [encodeRelay(view, addressOf)]
    default:
      return []
  }
}

function encodeBroadcast(broadcast: Broadcast, addressOf: AddressOf): Buffer {
  switch (broadcast.type) {
    case 'join':
      return encodeIntent({ type: 'join', node: broadcast.name, time: broadcast.time, prune: false })
    case 'leave':
      return encodeIntent({ type: 'leave', node: broadcast.name, time: broadcast.time, prune: broadcast.prune })
    case 'event': {
      const { time, name, payload, coalesce } = broadcast
      return typed(types.event, structure({ LTime: time, Name: name, Payload: encodeMeta(payload), CC: coalesce }))
    }
    case 'query':
      return encodeQuery(broadcast, addressOf)
  }
}

function encodeQuery(query: Extract<Broadcast, { readonly type: 'query' }>, addressOf: AddressOf): Buffer {
  const { time, id, source, nodes, ack, relay, timeout, name, payload } = query
  const { ip, port } = placeOf(addressOf(source))
  return typed(
    types.query,
    structure({
      LTime: time,
      ID: id,
      Addr: ip,
      Port: port,
      SourceNode: source,
      Filters: nodes.length === 0 ? [] : [typed(byName, nodes)],
      Flags: ack ? ackFlag : 0,
      RelayFactor: relay,
      Timeout: timeout * nanoseconds,
      Name: name,
      Payload: encodeMeta(payload),
    }),
  )
}

const encodeResponse = ({ time, id, from, ack, payload }: Response): Buffer =>
  typed(
    types.response,
    structure({ LTime: time, ID: id, From: from, Flags: ack ? ackFlag : 0, Payload: encodeMeta(payload) }),
  )

function encodeRelay({ to, response }: Extract<Message, { readonly kind: 'relay' }>, addressOf: AddressOf): Buffer {
  const { ip, port } = placeOf(addressOf(to))
  const header = structure({ DestAddr: structure({ IP: ip, Port: port, Zone: '' }), DestName: to })
  return Buffer.concat([typed(types.relay, header), encodeResponse(response)])
}

const placeOf = (address: string): { readonly ip: Uint8Array; readonly port: number } =>
  address === '' ? { ip: Buffer.alloc(0), port: 0 } : parseAddress(address)

/** What a user message says; null for what is of no concern here. Throws a WireError where it cannot be read. */
export function decodeMessage(bytes: Uint8Array): Message | null {
  const intent = decodeIntent(bytes)
  if (intent !== null) {
    const { type, node: name, time, prune } = intent
    const broadcast: Broadcast = type === 'join' ? { type, name, time } : { type, name, time, prune }
    return { kind: 'gossip', broadcasts: [broadcast] }
  }
  switch (bytes[0]) {
    case types.event: {
      const fields = fieldsOf(bytes)
      const event = { time: clockOf(fields), name: fields.text('Name'), payload: decodeMeta(fields.bytes('Payload')) }
      return { kind: 'gossip', broadcasts: [{ type: 'event', ...event, coalesce: fields.boolean('CC') }] }
    }
    case types.query:
      return { kind: 'gossip', broadcasts: [decodeQuery(fieldsOf(bytes))] }
    case types.response:
      return { kind: 'response', ...decodeResponse(bytes) }
    case types.relay: {
      const reader = new ValueReader(bytes, limits, 1)
      const to = new Fields(reader.read()).text('DestName')
      return { kind: 'relay', to, response: decodeResponse(bytes.subarray(reader.position)) }
    }
    default:
      return null
  }
}

const fieldsOf = (bytes: Uint8Array): Fields => new Fields(decode(bytes.subarray(1)))

const clockOf = (fields: Fields): number => timeOf(fields.integer('LTime', Number.MAX_SAFE_INTEGER))

function decodeQuery(fields: Fields): Extract<Broadcast, { readonly type: 'query' }> {
  return {
    type: 'query',
    time: clockOf(fields),
    id: fields.integer('ID', uint32),
    source: fields.text('SourceNode'),
    nodes: fields.list('Filters').flatMap(namesOf),
    ack: (fields.integer('Flags', uint32) & ackFlag) !== 0,
    relay: fields.integer('RelayFactor', uint8),
    timeout: Math.ceil(fields.integer('Timeout', Number.MAX_SAFE_INTEGER) / nanoseconds),
    name: fields.text('Name'),
    payload: decodeMeta(fields.bytes('Payload')),
  }
}

/** Those whom a filter names. Whoever is asked by anything else is not asked here: nobody is called like that. */
function namesOf(filter: Value): Name[] {
  if (!(filter instanceof Uint8Array)) throw new WireError('field', 'a filter that is no bytes')
  if (filter[0] !== byName) return ['']
  const names = decode(filter.subarray(1))
  if (!Array.isArray(names)) throw new WireError('field', 'a filter without names')
  return names.map((name: Value) => {
    if (!(name instanceof Uint8Array)) throw new WireError('field', 'a name that is no text')
    return decodeMeta(name)
  })
}

function decodeResponse(bytes: Uint8Array): Response {
  if (bytes[0] !== types.response) throw new WireError('type', 'something else than a response is relayed')
  const fields = fieldsOf(bytes)
  return {
    time: clockOf(fields),
    id: fields.integer('ID', uint32),
    from: fields.text('From'),
    ack: (fields.integer('Flags', uint32) & ackFlag) !== 0,
    payload: decodeMeta(fields.bytes('Payload')),
  }
}
