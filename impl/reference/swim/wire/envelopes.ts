/** What a cluster agrees on besides the messages, and the envelopes that datagrams and streams share. */
import { encrypt, type EncryptionVersion, type Key } from './encryption.ts'
import { WireError } from './error.ts'
import { wireLimits } from './limits.ts'
import { compress, decompress } from './lzw.ts'
import { Fields, types } from './messages.ts'
import { encodeValue, structure, type Value } from './msgpack.ts'

export interface WireSettings {
  /** Before every datagram and stream; '' for none. Whoever has another one is not listened to. */
  readonly label: string
  /** The first encrypts, all decrypt; none for no encryption. */
  readonly keys: readonly Key[]
  readonly encryptionVersion: EncryptionVersion
  /** Whether what is sent is compressed. What arrives may be so in any case. */
  readonly compress: boolean
  /** 12 bytes that no call gave before: randomness belongs to whoever has sockets. */
  readonly nonce: () => Uint8Array
}

const lzwAlgorithm = 0

/** The label as bytes. */
export const labelBytes = ({ label }: WireSettings): Buffer => {
  const bytes = Buffer.from(label)
  if (bytes.length > wireLimits.label) throw new WireError('label', `a label of ${bytes.length} bytes`)
  return bytes
}

/** What comes before the bytes of a datagram or a stream; nothing where there is no label. */
export const labelHeader = (settings: WireSettings): Buffer => {
  const label = labelBytes(settings)
  return label.length === 0 ? label : Buffer.concat([Buffer.of(types.label, label.length), label])
}

export const wrapCompressed = (bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(types.compressed), encodeValue(structure({ Algo: lzwAlgorithm, Buf: compress(bytes) }))])

/** The bytes in the structure that follows the type `compressed`; at most `most`. */
export const unwrapCompressed = (value: Value, most: number): Buffer => {
  const fields = new Fields(value)
  const algorithm = fields.integer('Algo', 0xff)
  if (algorithm !== lzwAlgorithm) throw new WireError('compression', `algorithm ${algorithm} of compression`)
  return decompress(fields.bytes('Buf'), most)
}

/** Encrypts with the first key; `data` is protected too. */
export const wrapEncrypted = (bytes: Uint8Array, settings: WireSettings, data: Uint8Array): Buffer => {
  const { encryptionVersion: version, keys, nonce } = settings
  return encrypt(bytes, { version, key: keys[0]!, nonce: nonce(), data })
}
