/** Commands of the key-value store as texts: `put x v1 #7`, `get x #8`, `cas x v1 v2 #9`. Equal texts are equal commands. */
import type { Command } from '../../../models/raft/vocabulary.ts'
import { hex, mixText } from './hash.ts'

/** Longest digest; a content that is no longer is its own digest. */
const longestDigest = 200

const escapeToken = (text: string): string =>
  text.replace(/[^\w.-]/g, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
const unescapeToken = (token: string): string =>
  token.includes('%') ? token.replace(/%(.{4})/g, (_, unit) => String.fromCharCode(Number.parseInt(unit, 16))) : token

/** A key that is absent, where a compare-and-set expects that. No token is written so. */
const absent = '~'

export const printCommand = (command: Command, operation: number): string => {
  const key = escapeToken(command.key)
  switch (command.type) {
    case 'put':
      return `put ${key} ${escapeToken(command.value)} #${operation}`
    case 'get':
      return `get ${key} #${operation}`
    case 'compare-and-set': {
      const expect = command.expect === null ? absent : escapeToken(command.expect)
      return `cas ${key} ${expect} ${escapeToken(command.value)} #${operation}`
    }
  }
}

/** The command of a text; null where it is none. */
export const parseCommand = (text: string): Command | null => {
  const first = text.indexOf(' ')
  const second = text.indexOf(' ', first + 1)
  if (first < 0 || second < 0) return null
  const type = text.slice(0, first)
  const key = unescapeToken(text.slice(first + 1, second))
  if (type === 'get') return { type, key }
  const third = text.indexOf(' ', second + 1)
  if (third < 0) return null
  const value = unescapeToken(text.slice(second + 1, third))
  if (type === 'put') return { type, key, value }
  const fourth = text.indexOf(' ', third + 1)
  if (type !== 'cas' || fourth < 0) return null
  const expect = text.slice(second + 1, third) === absent ? null : value
  return { type: 'compare-and-set', key, expect, value: unescapeToken(text.slice(third + 1, fourth)) }
}

/** A short text that is as unique as its content. */
export const digestOf = (content: string): string =>
  content.length <= longestDigest
    ? content
    : `${content.slice(0, 40)}… ${content.length} ${hex(mixText(1, content))}${hex(mixText(2, content))}`
