/** The reference's resolver on real sockets, UDP and TCP: it answers for the hosts of a file, and asks others for the rest. */
import { randomInt } from 'node:crypto'
import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { createServer, isIP, type Server, type Socket } from 'node:net'
import type { Answer, DiscoveryOptions, Forward, QueryType, Reply } from '../../../models/discovery/vocabulary.ts'
import { DiscoveryNode } from '../../reference/discovery/node.ts'
import { decode, encode, type Packet } from '../../reference/discovery/wire/packet.ts'
import { type Address, printAddress } from '../address.ts'
import { monotonicNow } from '../clock.ts'
import type { HostsLine } from './hosts.ts'

const network = 'hosts'
const sandbox = 'hosts'
const notImplemented = 4
/** Streams at a time, and how long one may say nothing, in milliseconds. */
const mostStreams = 100
const longestSilence = 10_000

export interface ServerSetup {
  readonly listen: Address
  readonly hosts: readonly HostsLine[]
  /** Resolvers that are asked for what is not known. */
  readonly upstreams: readonly Address[]
  /** What answers; the reference's own if absent. */
  readonly Node?: typeof DiscoveryNode
}

export interface DnsServer {
  /** Where it listens. */
  readonly place: string
  close(): Promise<void>
}

const optionsOf = (upstreams: readonly Address[]): DiscoveryOptions => ({
  networks: [{ name: network, kind: 'local', internal: false }],
  upstreams: upstreams.map((each) => ({ address: printAddress(each), host: false })),
  ndots: false,
  gossipInterval: 1_000,
  syncInterval: 60_000,
})

/** @throws Error of the system where it cannot listen */
export async function startDnsServer(setup: ServerSetup): Promise<DnsServer> {
  const service = new Service(setup)
  const { host, port } = setup.listen
  const streams = createServer((socket) => service.stream(socket))
  streams.maxConnections = mostStreams
  const datagrams = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4')
  await listening(streams, host, port)
  const bound = (streams.address() as { port: number }).port
  datagrams.on('message', (bytes, { address, port: from }) =>
    service.receive(bytes, 'udp', (reply) => datagrams.send(reply, from, address)),
  )
  datagrams.on('error', () => {})
  await new Promise<void>((resolve, reject) => datagrams.once('error', reject).bind(bound, host, resolve))
  return {
    place: printAddress({ host, port: bound }),
    close: async () => {
      service.close()
      datagrams.close()
      await new Promise((resolve) => streams.close(resolve))
    },
  }
}

const listening = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => server.once('error', reject).listen(port, host, resolve))

type Respond = (bytes: Uint8Array) => void

interface Waiting {
  readonly packet: Packet
  readonly respond: Respond
}

class Service {
  readonly #node: DiscoveryNode
  readonly #start = monotonicNow()
  readonly #upstreams: readonly Address[]
  readonly #waiting = new Map<number, Waiting>()
  readonly #sockets = new Set<Datagrams | Socket>()
  #timer: NodeJS.Timeout | null = null
  #operations = 0

  constructor({ hosts, upstreams, Node = DiscoveryNode }: ServerSetup) {
    this.#upstreams = upstreams
    const options = optionsOf(upstreams)
    const numbers = { message: 0, forward: 0 }
    const seed = randomInt(2 ** 31)
    this.#node = new Node({ life: 'n1', address: 'n1', options, seed, now: 0, known: [], numbers })
    for (const line of hosts) this.#attach(line)
  }

  /** A line is an endpoint: the first name is its own, the others are aliases. */
  #attach({ address, names: [name, ...aliases] }: HostsLine): void {
    const id = ++this.#operations
    const isV6 = isIP(address) === 6
    this.#node.operate(0, id, {
      type: 'attach',
      endpoint: `e${id}`,
      sandbox,
      network,
      name: name!,
      aliases,
      address: isV6 ? '' : address,
      address6: isV6 ? address : '',
      service: null,
      checked: false,
    })
  }

  /** Bytes that are no query are answered by nothing. */
  receive(bytes: Uint8Array, transport: 'udp' | 'tcp', respond: Respond): void {
    const packet = decode(bytes)
    const [question] = packet?.questions ?? []
    if (packet === null || packet.response || question === undefined) return
    const id = ++this.#operations
    this.#waiting.set(id, { packet, respond })
    if (packet.opcode !== 0) return this.#respond(id, notImplemented)
    const { name, type } = question
    // Of types that have no name here the resolver knows that they are not its own.
    const qtype = type as QueryType
    const size = packet.size ?? 0
    this.#take(this.#node.operate(this.#now(), id, { type: 'query', sandbox, name, qtype, transport, size }))
  }

  /** Questions on a stream, each behind its length. */
  stream(socket: Socket): void {
    this.#sockets.add(socket)
    let held: Buffer = Buffer.alloc(0)
    socket.setTimeout(longestSilence, () => socket.destroy())
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk])
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const end = 2 + held.readUInt16BE(0)
        this.receive(held.subarray(2, end), 'tcp', (reply) => {
          const length = Buffer.alloc(2)
          length.writeUInt16BE(reply.length)
          if (socket.writable) socket.write(Buffer.concat([length, reply]))
        })
        held = held.subarray(end)
      }
    })
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    for (const socket of this.#sockets)
      if ('destroy' in socket) socket.destroy()
      else socket.close()
    this.#sockets.clear()
  }

  #now(): number {
    return monotonicNow() - this.#start
  }

  #take({ outputs, wake }: Answer): void {
    for (const output of outputs) {
      if (output.type === 'result') this.#answer(output.operation, output.reply)
      else if (output.type === 'forward') this.#forward(output)
    }
    this.#sleepUntil(wake)
  }

  #sleepUntil(wake: number | null): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (wake === null) return
    this.#timer = setTimeout(
      () => {
        const now = this.#now()
        this.#take(this.#node.advance(Math.min(now, wake), now))
      },
      Math.max(1, wake - this.#now()),
    )
  }

  #answer(id: number, reply: Reply | null): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined || reply === null) return
    this.#waiting.delete(id)
    const { packet, respond } = waiting
    const { rcode, authoritative, recursionAvailable, truncated, answers } = reply
    const flags = { response: true, authoritative, recursionAvailable, truncated, rcode }
    respond(encode({ ...packet, ...flags, questions: packet.questions.slice(0, 1), answers, size: null }))
  }

  #respond(id: number, rcode: number): void {
    const { packet, respond } = this.#waiting.get(id)!
    this.#waiting.delete(id)
    respond(encode({ ...packet, response: true, rcode, answers: [], size: null }))
  }

  /** Asks one resolver; whether it answers in time is for the node to say. */
  #forward({ id, server, name, qtype }: Forward): void {
    const upstream = this.#upstreams.find((each) => printAddress(each) === server)
    if (upstream === undefined) return
    const socket = createSocket(isIP(upstream.host) === 6 ? 'udp6' : 'udp4')
    this.#sockets.add(socket)
    const number = randomInt(65_536)
    const end = (): void => {
      if (this.#sockets.delete(socket)) socket.close()
    }
    const giveUp = setTimeout(end, 2 * longestSilence).unref()
    socket.on('error', end)
    socket.on('message', (bytes) => {
      const packet = decode(bytes)
      if (packet === null || !packet.response || packet.id !== number) return
      clearTimeout(giveUp)
      end()
      this.#take(this.#node.hear(this.#now(), id, { rcode: packet.rcode, answers: packet.answers }))
    })
    const query = encode({
      id: number,
      response: false,
      opcode: 0,
      authoritative: false,
      truncated: false,
      recursionDesired: true,
      recursionAvailable: false,
      rcode: 0,
      questions: [{ name, type: qtype }],
      answers: [],
      size: 4_096,
    })
    socket.send(query, upstream.port, upstream.host)
  }
}
