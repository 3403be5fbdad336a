/** Names and meta: bytes on the wire, texts in views. */
import { WireError } from './error.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const hexadecimal = /^hex:((?:[0-9a-f]{2})*)$/

const asText = (bytes: Uint8Array): string | null => {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

/** A text, such as a name: two different ones must never look the same. */
export const decodeText = (bytes: Uint8Array): string => {
  const text = asText(bytes)
  if (text === null) throw new WireError('field', 'a text that is not UTF-8')
  return text
}

/** What a member tells of itself: any bytes. Those that are no text become `hex:` and their digits. */
export const decodeMeta = (bytes: Uint8Array): string => {
  const text = asText(bytes)
  return text === null || hexadecimal.test(text) ? `hex:${Buffer.from(bytes).toString('hex')}` : text
}

export const encodeMeta = (meta: string): Uint8Array => {
  const digits = hexadecimal.exec(meta)?.[1]
  return digits === undefined ? Buffer.from(meta) : Buffer.from(digits, 'hex')
}
