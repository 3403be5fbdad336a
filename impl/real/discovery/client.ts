/** One question to a server, in octets: over a datagram or a stream. */
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import type { Address } from '../address.ts'

/** What came back that `isReply`; null if nothing did in that time. */
export function exchange(
  server: Address,
  transport: 'udp' | 'tcp',
  bytes: Uint8Array,
  timeout: Milliseconds,
  isReply: (bytes: Uint8Array) => boolean,
): Promise<Uint8Array | null> {
  return transport === 'udp' ? byDatagram(server, bytes, timeout, isReply) : byStream(server, bytes, timeout, isReply)
}

function byDatagram(
  { host, port }: Address,
  bytes: Uint8Array,
  timeout: Milliseconds,
  isReply: (bytes: Uint8Array) => boolean,
): Promise<Uint8Array | null> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    const end = (reply: Uint8Array | null): void => {
      clearTimeout(timer)
      socket.removeAllListeners()
      socket.close()
      resolve(reply)
    }
    const timer = setTimeout(() => end(null), timeout)
    socket.on('message', (reply) => {
      if (isReply(reply)) end(reply)
    })
    // Nobody listens there, or not any more.
    socket.on('error', () => end(null))
    socket.connect(port, host, () => socket.send(bytes))
  })
}

function byStream(
  { host, port }: Address,
  bytes: Uint8Array,
  timeout: Milliseconds,
  isReply: (bytes: Uint8Array) => boolean,
): Promise<Uint8Array | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    let held = Buffer.alloc(0)
    const end = (reply: Uint8Array | null): void => {
      clearTimeout(timer)
      socket.removeAllListeners()
      socket.on('error', () => {})
      socket.destroy()
      resolve(reply)
    }
    const timer = setTimeout(() => end(null), timeout)
    socket.on('connect', () => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(bytes.length)
      socket.write(Buffer.concat([length, bytes]))
    })
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const size = held.readUInt16BE(0)
        const reply = held.subarray(2, 2 + size)
        if (isReply(reply)) return end(reply)
        held = held.subarray(2 + size)
      }
    })
    socket.on('close', () => end(null))
    socket.on('error', () => end(null))
  })
}
