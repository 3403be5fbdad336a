/** What went wrong between the suite and an adapter; everything but `refused` ends the adapter. */
export type AdapterErrorKind =
  /** The command could not be started. */
  | 'start'
  /** It speaks another version of the protocol. */
  | 'version'
  /** It ended by itself. */
  | 'exit'
  /** It did not answer in time. */
  | 'hang'
  /** It sent more than the bounds allow. */
  | 'flood'
  /** A line was not a JSON object. */
  | 'json'
  /** A line lacks a field, has an unknown one, or one of the wrong type or size. */
  | 'schema'
  /** It answered another request than the one asked, or for another run. */
  | 'sequence'
  /** It sent a line although nothing was asked. */
  | 'unasked'
  /** A well-formed answer contradicts the contract: an identifier used twice, an instant outside the step. */
  | 'contract'
  /** It answered that it cannot or will not do what was asked; it can still be used. */
  | 'refused'
  /** It offers another surface than the one that is to be tested. */
  | 'surface'
  /** It was used after it was closed. */
  | 'closed'

/** How sure a refusal is: never possible, did not happen, or may have happened. */
export type RefusalKind = 'unsupported' | 'definite' | 'indefinite'

/** One clear line in `message`, and what the adapter last said on standard error in `lastWords` (bounded, escaped). */
export class AdapterError extends Error {
  readonly kind: AdapterErrorKind
  readonly lastWords: string
  readonly run: number | null
  readonly refusal: RefusalKind | null
  /** Of kind `contract`: which rule of it was broken. */
  readonly rule: string | null

  constructor(
    kind: AdapterErrorKind,
    message: string,
    details: { lastWords?: string; run?: number | null; refusal?: RefusalKind | null; rule?: string | null } = {},
  ) {
    super(message)
    this.name = 'AdapterError'
    this.kind = kind
    this.lastWords = details.lastWords ?? ''
    this.run = details.run ?? null
    this.refusal = details.refusal ?? null
    this.rule = details.rule ?? null
  }

  /** It died or hung: on a valid schedule this fails a requirement if it happens again on replay. */
  get died(): boolean {
    return this.kind === 'exit' || this.kind === 'hang'
  }
}

const escapeCharacter = (character: string): string => {
  if (character === '\n') return character
  return character === '\t' ? '  ' : `\\u{${character.codePointAt(0)!.toString(16)}}`
}

/** Text of strangers, safe to print: control and invisible characters are escaped, new lines are kept. */
export const escapeText = (text: string): string =>
  text.replaceAll('\r\n', '\n').replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escapeCharacter)

/** The same on one line, cut to `length` characters. */
export const excerpt = (text: string, length = 120): string => {
  const line = escapeText(text.slice(0, length + 1)).replaceAll('\n', '\\n')
  return line.length > length ? `${line.slice(0, length)}…` : line
}
