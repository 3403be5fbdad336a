/**
 * A program that is run inside of a network namespace, which a process can only be started in: it sends, listens and
 * connects for whoever writes to it, a line of JSON a request, and tells what came of it, a line each.
 */
import { createSocket } from 'node:dgram'
import { connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

/** What it is asked; bytes are in hexadecimal. */
export type Order =
  | {
      readonly id: number
      readonly order: 'query'
      readonly transport: 'udp' | 'tcp'
      readonly host: string
      readonly bytes: string
      readonly timeout: number
    }
  /** Answers everything that comes to port 53 there by a return code; names under `answers.test` by an address. */
  | { readonly id: number; readonly order: 'resolve'; readonly host: string; readonly conduct: Conduct }
  /** Nothing but to be answered, behind all that was told before. */
  | { readonly id: number; readonly order: 'sync' }
  | { readonly id: number; readonly order: 'listen'; readonly host: string; readonly port: number }
  | {
      readonly id: number
      readonly order: 'connect'
      readonly host: string
      readonly port: number
      readonly timeout: number
    }

export type Conduct = 'nxdomain' | 'servfail' | 'silent'

/** What it tells: what came of an order, or what a resolver was asked. */
export type Told =
  { readonly id: number; readonly bytes: string | null } | { readonly resolver: string; readonly bytes: string }

const dns = 53
const codes: Readonly<Record<Exclude<Conduct, 'silent'>, number>> = { nxdomain: 3, servfail: 2 }

const tell = (told: Told): void => void process.stdout.write(`${JSON.stringify(told)}\n`)
const hex = (bytes: Buffer): string => bytes.toString('hex')

/** The bytes that come first; null for none in time. */
function query({ transport, host, bytes, timeout }: Extract<Order, { order: 'query' }>): Promise<Buffer | null> {
  const sent = Buffer.from(bytes, 'hex')
  return transport === 'udp' ? queryByDatagram(host, sent, timeout) : queryByStream(host, sent, timeout)
}

function queryByDatagram(host: string, sent: Buffer, timeout: number): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    const end = (found: Buffer | null): void => {
      clearTimeout(timer)
      socket.close()
      resolve(found)
    }
    const timer = setTimeout(() => end(null), timeout)
    socket.on('error', () => end(null))
    socket.on('message', end)
    socket.send(sent, dns, host)
  })
}

function queryByStream(host: string, sent: Buffer, timeout: number): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const socket = connect(dns, host)
    const end = (found: Buffer | null): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(found)
    }
    const timer = setTimeout(() => end(null), timeout)
    socket.on('error', () => end(null))
    socket.on('close', () => end(null))
    readFrames(socket, end)
    socket.write(framed(sent))
  })
}

const framed = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function readFrames(socket: Socket, take: (bytes: Buffer) => void): void {
  let held = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const length = held.readUInt16BE(0)
      take(held.subarray(2, 2 + length))
      held = held.subarray(2 + length)
    }
  })
}

/** Where the question ends, and its name. */
function questionOf(bytes: Buffer): { readonly end: number; readonly name: string } {
  const labels: string[] = []
  let at = 12
  while (bytes[at] !== 0 && bytes[at] !== undefined) {
    labels.push(bytes.subarray(at + 1, at + 1 + bytes[at]!).toString('latin1'))
    at += 1 + bytes[at]!
  }
  return { end: at + 5, name: labels.join('.').toLowerCase() }
}

const address = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 77, 0, 4, 203, 0, 113, 9])

function replyTo(asked: Buffer, conduct: Exclude<Conduct, 'silent'>): Buffer {
  const { end, name } = questionOf(asked)
  const isKnown = conduct === 'nxdomain' && name.endsWith('answers.test')
  const header = Buffer.from(asked.subarray(0, 12))
  header.writeUInt16BE(0x8180 | (isKnown ? 0 : codes[conduct]), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(isKnown ? 1 : 0, 6)
  header.writeUInt32BE(0, 8)
  return Buffer.concat([header, asked.subarray(12, end), ...(isKnown ? [address] : [])])
}

function serve(host: string, conduct: Conduct): Promise<void> {
  const note = (bytes: Buffer): void => tell({ resolver: host, bytes: hex(bytes) })
  const datagrams = createSocket('udp4')
  datagrams.on('message', (bytes, from) => {
    note(bytes)
    if (conduct !== 'silent') datagrams.send(replyTo(bytes, conduct), from.port, from.address)
  })
  const streams = createServer((socket) => {
    socket.on('error', () => {})
    readFrames(socket, (bytes) => {
      note(bytes)
      if (conduct !== 'silent') socket.write(framed(replyTo(bytes, conduct)))
    })
  })
  return new Promise((resolve, reject) => {
    datagrams.on('error', reject)
    streams.on('error', reject)
    datagrams.bind(dns, host, () => streams.listen(dns, host, resolve))
  })
}

const listen = (host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.on('error', () => {}).end('here'))
    server.on('error', reject)
    server.listen(port, host, resolve)
  })

const reach = ({ host, port, timeout }: Extract<Order, { order: 'connect' }>): Promise<Buffer | null> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout })
    socket.on('data', (bytes: Buffer) => {
      resolve(bytes)
      socket.destroy()
    })
    socket.on('timeout', () => socket.destroy())
    socket.on('error', () => {})
    socket.on('close', () => resolve(null))
  })

async function carryOut(order: Order): Promise<Buffer | null> {
  switch (order.order) {
    case 'query':
      return query(order)
    case 'resolve':
      await serve(order.host, order.conduct)
      return Buffer.alloc(0)
    case 'sync':
      return null
    case 'listen':
      await listen(order.host, order.port)
      return Buffer.alloc(0)
    case 'connect':
      return reach(order)
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order
  void carryOut(order).then((found) => tell({ id: order.id, bytes: found === null ? null : hex(found) }))
}
process.exit(0)
