/** What encrypts the bytes that a member sent, found by trying every key that the suite knows. */
import type { Raw } from '../../../impl/real/swim/peer.ts'
import { decrypt, encrypt, type Key } from '../../../impl/reference/swim/wire/encryption.ts'
import { WireError } from '../../../impl/reference/swim/wire/error.ts'

/** What a cluster agrees on so that nobody else is heard. */
export interface Secrecy {
  readonly key: Key
  /** '' for none. */
  readonly label: string
}

export interface Seal {
  /** Whether they begin with the label, where there is one and they must. */
  readonly labelled: boolean
  /** Null where they are in the clear, or under no key and label that are known. */
  readonly key: Key | null
  readonly nonce: string
}

export const encryptedType = 10
const labelType = 244
const frameBytes = 5
const nonceBytes = 12

/** What comes before the bytes of a label's cluster. */
export const headerOf = (label: string): Buffer =>
  label === '' ? Buffer.alloc(0) : Buffer.concat([Buffer.of(labelType, Buffer.byteLength(label)), Buffer.from(label)])

export function sealOf({ bytes, how }: Raw, label: string, keys: readonly Key[]): Seal {
  const header = how === 'answerer' ? Buffer.alloc(0) : headerOf(label)
  const labelled = header.equals(bytes.subarray(0, header.length))
  const rest = bytes.subarray(labelled ? header.length : 0)
  const isStream = how !== 'datagram'
  const body = isStream ? rest.subarray(frameBytes) : rest
  const data = Buffer.concat([isStream ? rest.subarray(0, frameBytes) : Buffer.alloc(0), Buffer.from(label)])
  const isFramed = !isStream || rest[0] === encryptedType
  const key = isFramed ? keys.find((each) => opens(body, each, data)) : undefined
  return { labelled, key: key ?? null, nonce: Buffer.from(body.subarray(1, 1 + nonceBytes)).toString('hex') }
}

const opens = (bytes: Uint8Array, key: Key, data: Uint8Array): boolean => {
  try {
    decrypt(bytes, [key], data)
    return true
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return false
  }
}

export interface Sealing extends Secrecy {
  readonly nonce: Uint8Array
  /** What is authenticated instead of the label. */
  readonly data?: string
}

/** A datagram of any bytes, under a key and a label. */
export function sealDatagram(bytes: Uint8Array, { key, label, nonce, data = label }: Sealing): Buffer {
  return Buffer.concat([headerOf(label), encrypt(bytes, { version: 1, key, nonce, data: Buffer.from(data) })])
}

/** All that the opener of a stream says: any bytes, under a key and a label. */
export function sealStream(bytes: Uint8Array, { key, label, nonce, data = label }: Sealing): Buffer {
  const frame = Buffer.of(encryptedType, 0, 0, 0, 0)
  frame.writeUInt32BE(1 + nonceBytes + bytes.length + 16, 1)
  const sealed = encrypt(bytes, { version: 1, key, nonce, data: Buffer.concat([frame, Buffer.from(data)]) })
  return Buffer.concat([headerOf(label), frame, sealed])
}
