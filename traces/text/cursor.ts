/** The words of one line of the text form, read from left to right. */
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'
import { InputError, shorten, suggestion } from '../input-error.ts'
import { leaderTarget, nodePattern, scenarioLimits } from '../scenario/shared.ts'

interface Token {
  /** Unquoted text. */
  readonly text: string
  readonly quoted: boolean
  readonly column: number
  /** Column behind its last character. */
  readonly end: number
}

const mostLine = 16_384

/** Reads the tokens of one line from left to right; every complaint names the place and what is allowed there. */
export class Cursor {
  usage = ''
  private position = 0
  private readonly source: string
  private readonly tokens: readonly Token[]
  private readonly file: string
  private readonly line: number
  private readonly known: readonly NodeId[]
  private readonly hasLeader: boolean

  /** `known`: the nodes that there are. `hasLeader`: a step may be meant for whoever leads. */
  constructor(source: string, file: string, line: number, known: readonly NodeId[], hasLeader: boolean) {
    this.source = source
    this.tokens = tokenize(source, file, line)
    this.file = file
    this.line = line
    this.known = known
    this.hasLeader = hasLeader
  }

  done(): boolean {
    return this.position >= this.tokens.length
  }

  column(): number {
    return this.tokens[this.position]?.column ?? this.source.length + 1
  }

  error(text: string, column = this.column()): InputError {
    const usage = this.usage === '' ? '' : ` (${this.usage})`
    return new InputError({ file: this.file, line: this.line, column }, `${text}${usage}`)
  }

  end(): void {
    if (!this.done())
      throw this.error(`nothing more was expected, found '${shorten(this.tokens[this.position]!.text)}'`)
  }

  /** The next token if it is exactly this word or sign. */
  accept(text: string): boolean {
    const token = this.tokens[this.position]
    if (token === undefined || token.quoted || token.text !== text) return false
    this.position++
    return true
  }

  keyword(text: string): void {
    if (!this.accept(text)) throw this.expected(`'${text}'`)
  }

  /** An unquoted word. */
  word(what: string): string {
    const token = this.tokens[this.position]
    if (token === undefined || token.quoted || isSign(token.text)) throw this.expected(what)
    this.position++
    return token.text
  }

  /** A word, quoted or not. */
  string(what: string, most: number): string {
    const token = this.tokens[this.position]
    if (token === undefined || (!token.quoted && isSign(token.text))) throw this.expected(what)
    if (token.text.length > most) throw this.error(`${what} has more than ${most} characters`)
    this.position++
    return token.text
  }

  /** The rest of the line: one quoted string, or words. */
  rest(what: string, most: number): string {
    const column = this.column()
    const tokens = this.tokens.slice(this.position)
    const quoted = tokens.length === 1 && tokens[0]!.quoted
    const text = quoted ? tokens[0]!.text : this.source.slice(column - 1, (tokens.at(-1)?.end ?? column) - 1)
    this.position = this.tokens.length
    if (text.length > most) throw this.error(`${what} has more than ${most} characters`, column)
    return text
  }

  oneOf<Word extends string>(words: readonly Word[], what: string): Word {
    const column = this.column()
    const word = this.word(what)
    const found = words.find((candidate) => candidate === word)
    if (found === undefined) throw this.error(`unknown ${what} '${shorten(word)}'${suggestion(word, words)}`, column)
    return found
  }

  node(): NodeId {
    const column = this.column()
    const word = this.word('a node')
    if (!this.known.includes(word)) {
      throw this.error(`unknown node '${shorten(word)}'; the nodes are ${shorten(this.known.join(' '), 400)}`, column)
    }
    return word
  }

  target(): NodeId {
    return this.hasLeader && this.accept(leaderTarget) ? leaderTarget : this.node()
  }

  nodes(): NodeId[] {
    const nodes: NodeId[] = []
    const column = this.column()
    while (!this.done() && !isSign(this.tokens[this.position]!.text)) {
      const place = this.column()
      const node = this.node()
      if (nodes.includes(node)) throw this.error(`'${node}' is named twice`, place)
      nodes.push(node)
    }
    if (nodes.length === 0) throw this.error('expected a node', column)
    return nodes
  }

  newNodes(): NodeId[] {
    const nodes: NodeId[] = []
    while (!this.done() || nodes.length === 0) {
      const column = this.column()
      const node = this.word('the name of a node')
      if (!nodePattern.test(node) || node.length > 64 || node === leaderTarget) {
        throw this.error(`'${shorten(node)}' cannot be the name of a node: letters, digits, '.', '_' and '-'`, column)
      }
      if (nodes.includes(node)) throw this.error(`'${node}' is named twice`, column)
      if (nodes.length === scenarioLimits.nodes) throw this.error(`more than ${scenarioLimits.nodes} nodes`, column)
      nodes.push(node)
    }
    return nodes
  }

  integer(what: string, least: number, greatest: number): number {
    const column = this.column()
    const word = this.word(what)
    const number = /^\d{1,16}$/.test(word) ? Number(word) : NaN
    if (!(number >= least && number <= greatest)) {
      throw this.error(`expected ${what} from ${least} to ${greatest}, found '${shorten(word)}'`, column)
    }
    return number
  }

  decimal(what: string, least: number, greatest: number): number {
    const column = this.column()
    const word = this.word(what)
    const number = /^\d{1,16}(\.\d{1,30})?(e[+-]?\d{1,3})?$/.test(word) ? Number(word) : NaN
    if (!(number >= least && number <= greatest)) {
      throw this.error(`expected ${what} from ${least} to ${greatest}, found '${shorten(word)}'`, column)
    }
    return number
  }

  duration(): Milliseconds {
    const column = this.column()
    const word = this.word('a duration')
    const parts = /^(\d{1,12})(ms|s|)$/.exec(word)
    const duration = parts === null ? NaN : Number(parts[1]) * (parts[2] === 's' ? 1000 : 1)
    if (!(duration <= scenarioLimits.duration)) {
      throw this.error(`expected a duration such as 300ms or 2s, found '${shorten(word)}'`, column)
    }
    return duration
  }

  range(least: Milliseconds): readonly [Milliseconds, Milliseconds] {
    const column = this.column()
    const word = this.word('a range of milliseconds')
    const parts = /^(\d{1,9})(?:\.\.(\d{1,9}))?(?:ms)?$/.exec(word)
    const range: [number, number] = parts === null ? [NaN, NaN] : [Number(parts[1]), Number(parts[2] ?? parts[1])]
    if (!(range[0] >= least && range[0] <= range[1] && range[1] <= scenarioLimits.duration)) {
      throw this.error(`expected a range of milliseconds such as ${least}..10, found '${shorten(word)}'`, column)
    }
    return range
  }

  private expected(what: string): InputError {
    const found = this.done() ? 'the line ends' : `found '${shorten(this.tokens[this.position]!.text)}'`
    return this.error(`expected ${what}, ${found}`)
  }
}

function isSign(text: string): boolean {
  return text === '|' || text === '>' || text === ',' || text === '='
}

function tokenize(line: string, file: string, number: number): Token[] {
  if (line.length > mostLine) {
    throw new InputError({ file, line: number, column: mostLine }, `the line is longer than ${mostLine} characters`)
  }
  const tokens: Token[] = []
  const pattern = /[ \t]+|#.*$|"(?:[^"\\]|\\.)*"|[|>,=]|[^\s\p{C}|>,="#][^\s\p{C}|>,="]*/uy
  while (pattern.lastIndex < line.length) {
    const column = pattern.lastIndex + 1
    const match = pattern.exec(line)
    if (match === null) {
      const character = String.fromCodePoint(line.codePointAt(column - 1)!)
      throw new InputError(
        { file, line: number, column },
        character === '"' ? 'a quoted word does not end' : `unexpected character '${character}'`,
      )
    }
    const text = match[0]
    const end = column + text.length
    if (text.startsWith('"')) tokens.push({ text: unquote(text, file, number, column), quoted: true, column, end })
    else if (text.trim() !== '' && !text.startsWith('#')) tokens.push({ text, quoted: false, column, end })
  }
  return tokens
}

function unquote(text: string, file: string, line: number, column: number): string {
  try {
    return JSON.parse(text) as string
  } catch {
    throw new InputError({ file, line, column }, 'a quoted word is not a JSON string')
  }
}

/** A word of the text form; one that is not plain is quoted. */
export function printWord(word: string): string {
  return /^[\w.:/+*@-]+$/.test(word) ? word : quote(word)
}

/** JSON, with everything but printable ASCII escaped, so that a terminal or an editor changes nothing. */
export function quote(word: string): string {
  return JSON.stringify(word).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
