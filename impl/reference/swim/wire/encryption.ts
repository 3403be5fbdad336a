/**
 * Encryption: a version, a nonce of 12 bytes, and what AES-GCM makes of the text, its tag of 16 bytes last. Version 0
 * pads the text to whole blocks (PKCS #7), version 1 does not. The length of the key chooses AES-128, -192 or -256.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { WireError } from './error.ts'

export type EncryptionVersion = 0 | 1

const nonceBytes = 12
const tagBytes = 16
const blockBytes = 16
/** Besides the text: version, nonce and tag. */
const frameBytes = 1 + nonceBytes + tagBytes

const ciphers = new Map([
  [16, 'aes-128-gcm'],
  [24, 'aes-192-gcm'],
  [32, 'aes-256-gcm'],
] as const)

export type Key = Uint8Array

/** Whether the key has one of the three lengths. */
export const isKey = (key: Key): boolean => ciphers.has(key.length as 16)

const cipherOf = (key: Key): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' => {
  const cipher = ciphers.get(key.length as 16)
  if (cipher === undefined) throw new WireError('encryption', `a key of ${key.length} bytes`)
  return cipher
}

export const encryptedLength = (version: EncryptionVersion, length: number): number =>
  frameBytes + length + (version === 0 ? blockBytes - (length % blockBytes) : 0)

export interface Sealing {
  readonly version: EncryptionVersion
  readonly key: Key
  /** 12 bytes that were never used with this key before. */
  readonly nonce: Uint8Array
  /** What is protected too, but not part of the bytes. */
  readonly data: Uint8Array
}

export const encrypt = (text: Uint8Array, { version, key, nonce, data }: Sealing): Buffer => {
  if (nonce.length !== nonceBytes) throw new WireError('encryption', `a nonce of ${nonce.length} bytes`)
  const cipher = createCipheriv(cipherOf(key), key, nonce).setAAD(data)
  const padding = encryptedLength(version, text.length) - frameBytes - text.length
  const body = [cipher.update(text), cipher.update(Buffer.alloc(padding, padding)), cipher.final()]
  return Buffer.concat([Buffer.of(version), nonce, ...body, cipher.getAuthTag()])
}

/** The text, with the first of the keys that fits. */
export const decrypt = (bytes: Uint8Array, keys: readonly Key[], data: Uint8Array): Buffer => {
  const version = bytes[0]
  if (version !== 0 && version !== 1) throw new WireError('encryption', `version ${version} of encryption`)
  if (bytes.length < encryptedLength(version, 0)) throw new WireError('encryption', 'too short to be encrypted')
  for (const key of keys) {
    const text = decryptWith(key, bytes, data)
    if (text !== null) return version === 0 ? withoutPadding(text) : text
  }
  throw new WireError('encryption', 'no key fits')
}

const decryptWith = (key: Key, bytes: Uint8Array, data: Uint8Array): Buffer | null => {
  const nonce = bytes.subarray(1, 1 + nonceBytes)
  const decipher = createDecipheriv(cipherOf(key), key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(data).setAuthTag(bytes.subarray(-tagBytes))
  const text = decipher.update(bytes.subarray(1 + nonceBytes, -tagBytes))
  try {
    decipher.final()
  } catch {
    return null
  }
  return text
}

const withoutPadding = (text: Buffer): Buffer => {
  const padding = text.at(-1) ?? 0
  if (padding === 0 || padding > Math.min(blockBytes, text.length)) throw new WireError('encryption', 'wrong padding')
  return text.subarray(0, -padding)
}
