/**
 * The text form of a scenario: a line a step, for people to write, review and keep beside a bug report.
 *
 * ```
 * raft scenario v1
 * name a deposed leader comes back
 * nodes n1 n2 n3
 *
 * timeout n1            # n1 campaigns at once
 * run 100ms
 * partition n1 | n2 n3
 * propose n1 x=1
 * heal
 * expect one-leader
 * ```
 */
import type {
  Command,
  MembershipChange,
  MessageKind,
  Operation,
  RaftOptions,
  RaftScenario,
} from '../models/raft/vocabulary.ts'
import type { Milliseconds, NetworkProfile, NodeId } from '../models/vocabulary.ts'
import { expectations, roles, type Parameter } from './expect.ts'
import { InputError, shorten, suggestion } from './input-error.ts'
import {
  completeScenario,
  defaultDisk,
  defaultNetwork,
  defaultOptions,
  leaderTarget,
  messageKinds,
  nodePattern,
  scenarioLimits,
  type RaftStep,
} from './scenario.ts'

// Printing

/** The text form of a scenario, complete: it says the defaults too, so that it means the same in later versions. */
export function printScenario(scenario: RaftScenario): string {
  const { nodes, configuration, options, network, disk } = scenario
  return [
    'raft scenario v1',
    ...(scenario.name === '' ? [] : [`name ${printName(scenario.name)}`]),
    `nodes ${nodes.join(' ')}`,
    `voters ${configuration.voters.join(' ')}`,
    ...(configuration.outgoing.length === 0 ? [] : [`outgoing ${configuration.outgoing.join(' ')}`]),
    ...(configuration.learners.length === 0 ? [] : [`learners ${configuration.learners.join(' ')}`]),
    `seed ${scenario.seed}`,
    `options ${printOptions(options)}`,
    `network ${printNetwork(network)}`,
    `disk delay ${printRange(disk.delay)}`,
    '',
    ...scenario.steps.map(printStep),
    '',
  ].join('\n')
}

/** One step, without a line end. */
export function printStep(step: RaftStep): string {
  switch (step.step) {
    case 'run':
      return `run ${step.duration}ms`
    case 'operation':
      return printOperation(step.node, step.operation)
    case 'partition':
      return `partition ${step.groups.map((group) => group.join(' ')).join(' | ')}`
    case 'cut':
    case 'hold':
    case 'release':
      return `${step.step} ${step.from} > ${step.to}`
    case 'ring':
    case 'heal':
    case 'settle':
      return step.step
    case 'timeout':
    case 'isolate':
    case 'restart':
    case 'pause':
    case 'resume':
      return `${step.step} ${step.node}`
    case 'crash':
      return `crash ${step.node} keep ${step.keep}${step.torn ? ' torn' : ''}`
    case 'clock':
      return `clock ${step.node} ${step.rate}`
    case 'network':
      return `network ${printNetwork(step.network)}`
    case 'drop':
    case 'duplicate':
      return `${step.step} ${step.from} > ${step.to} ${step.kind} ${step.nth}`
    case 'deliver':
      return `deliver ${step.from} > ${step.to} ${step.kind}`
    case 'delay':
      return `delay ${step.from} > ${step.to} ${step.kind} ${step.nth} by ${step.by}ms`
    case 'expect':
    case 'reach':
      return `${step.step} ${printExpectation(step.expect, step.arguments)}`
  }
}

function printOperation(node: string, operation: Operation): string {
  switch (operation.type) {
    case 'propose':
      return `propose ${node} ${printCommand(operation.command)}`
    case 'read':
      return `read ${node} ${printWord(operation.key)} by ${operation.by}`
    case 'transfer':
      return `transfer ${node} to ${operation.to}`
    case 'change-membership': {
      const changes = operation.changes.map((change) => `${change.type} ${change.node}`).join(', ')
      return `membership ${node} ${changes}${operation.joint ? ' joint' : ''}`
    }
    case 'compact':
      return `compact ${node} keep ${operation.keep}`
  }
}

function printCommand(command: Command): string {
  const key = printWord(command.key)
  switch (command.type) {
    case 'put':
      return `${key}=${printWord(command.value)}`
    case 'get':
      return `get ${key}`
    case 'compare-and-set':
      return `cas ${key}${command.expect === null ? ' absent' : `=${printWord(command.expect)}`} to ${printWord(command.value)}`
  }
}

function printExpectation(name: string, words: readonly string[]): string {
  const parameters = expectations.get(name)?.parameters ?? []
  return words.reduce((line, word, position) => {
    return `${line}${parameters[position] === 'value' ? '=' : ' '}${printWord(word)}`
  }, name)
}

function printOptions(options: RaftOptions): string {
  return [
    `election-timeout ${options.electionTimeout}ms`,
    `heartbeat ${options.heartbeatInterval}ms`,
    `pre-vote ${options.preVote ? 'on' : 'off'}`,
    `check-quorum ${options.checkQuorum ? 'on' : 'off'}`,
    `max-entries ${options.maxEntries}`,
    `max-inflight ${options.maxInflight}`,
  ].join(' ')
}

function printNetwork({ delay, loss, duplicate, reorder }: NetworkProfile): string {
  return `delay ${printRange(delay)} loss ${loss} duplicate ${duplicate} reorder ${reorder}`
}

function printRange([least, greatest]: readonly [Milliseconds, Milliseconds]): string {
  return `${least}..${greatest}`
}

function printName(name: string): string {
  return /^[\w.,:;()'-]+( [\w.,:;()'-]+)*$/.test(name) ? name : quote(name)
}

/** A word of the text form; one that is not plain is quoted. */
export function printWord(word: string): string {
  return /^[\w.:/+*@-]+$/.test(word) ? word : quote(word)
}

/** JSON, with everything but printable ASCII escaped, so that a terminal or an editor changes nothing. */
function quote(word: string): string {
  return JSON.stringify(word).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

// Parsing

interface Token {
  /** Unquoted text. */
  readonly text: string
  readonly quoted: boolean
  readonly column: number
  /** Column behind its last character. */
  readonly end: number
}

const mostLine = 16_384
const mostText = 16_777_216

/**
 * Reads the text form. `file` is the name that errors give.
 *
 * @throws InputError with the line and column of the first thing that is wrong, and what is allowed there.
 */
export function parseScenario(text: string, file = 'scenario'): RaftScenario {
  if (text.length > mostText) throw new InputError({ file, line: 0, column: 0 }, `larger than ${mostText} characters`)
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/)
  const reader = new ScenarioReader(file)
  for (const [index, line] of lines.entries()) reader.line(line, index + 1)
  return reader.finish(lines.length)
}

const headers = ['name', 'nodes', 'voters', 'outgoing', 'learners', 'seed', 'options', 'network', 'disk'] as const
type Header = (typeof headers)[number]

class ScenarioReader {
  private readonly file: string
  private begun = false
  private readonly given = new Map<Header, number>()
  private readonly steps: RaftStep[] = []
  private name = ''
  private nodes: NodeId[] = []
  private readonly configuration: { voters: NodeId[]; outgoing: NodeId[]; learners: NodeId[] } = {
    voters: [],
    outgoing: [],
    learners: [],
  }
  private seed = 1
  private options = defaultOptions
  private network = defaultNetwork
  private disk = defaultDisk

  constructor(file: string) {
    this.file = file
  }

  line(text: string, number: number): void {
    const cursor = new Cursor(text, this.file, number, this.nodes)
    if (cursor.done()) return
    if (!this.begun) return this.first(cursor)
    const column = cursor.column()
    const keyword = cursor.word('a header or a step')
    const header = headers.find((header) => header === keyword)
    if (header !== undefined && this.steps.length === 0 && !(header === 'network' && this.given.has('network'))) {
      if (this.given.has(header)) {
        throw cursor.error(`'${header}' was already given in line ${this.given.get(header)}`, column)
      }
      this.given.set(header, number)
      this.header(header, cursor, column)
      return cursor.end()
    }
    if (header !== undefined && header !== 'network') {
      throw cursor.error(`'${header}' belongs before the first step`, column)
    }
    const reader = stepReaders.get(keyword)
    if (reader === undefined) {
      const allowed = this.steps.length === 0 ? [...headers, ...stepReaders.keys()] : stepReaders.keys()
      throw cursor.error(`unknown step '${shorten(keyword)}'${suggestion(keyword, allowed)}`, column)
    }
    if (this.nodes.length === 0) throw cursor.error("the line 'nodes NODE…' must come before the first step", column)
    if (this.steps.length >= scenarioLimits.steps) {
      throw cursor.error(`more than ${scenarioLimits.steps} steps`, column)
    }
    cursor.usage = reader.usage
    this.steps.push(reader.read(cursor))
    cursor.end()
  }

  finish(lines: number): RaftScenario {
    const place = { file: this.file, line: lines, column: 0 }
    if (!this.begun) throw new InputError(place, "the file is empty; it should begin with 'raft scenario v1'")
    if (this.nodes.length === 0) throw new InputError(place, "the line 'nodes NODE…' is missing")
    const { name, nodes, seed, options, network, disk, steps } = this
    const others = new Set([...this.configuration.learners, ...this.configuration.outgoing])
    const voters = this.given.has('voters')
      ? this.configuration.voters
      : nodes.filter((node) => !others.has(node)).sort()
    if (voters.length === 0) throw new InputError(place, 'there are no voters')
    return completeScenario({
      name,
      nodes,
      seed,
      configuration: { ...this.configuration, voters },
      options,
      network,
      disk,
      steps,
    })
  }

  private first(cursor: Cursor): void {
    const column = cursor.column()
    const surface = cursor.word("'raft scenario v1'")
    const form = cursor.done() ? '' : cursor.word("'raft scenario v1'")
    const version = cursor.done() ? '' : cursor.word("'raft scenario v1'")
    if (surface !== 'raft' || form !== 'scenario') {
      throw cursor.error("not a scenario: the first line should be 'raft scenario v1'", column)
    }
    if (version !== 'v1') {
      throw cursor.error(`unsupported version '${shorten(version)}'; this program reads v1`, column)
    }
    this.begun = true
    cursor.end()
  }

  private header(header: Header, cursor: Cursor, column: number): void {
    if (header !== 'name' && header !== 'nodes' && header !== 'seed' && this.nodes.length === 0) {
      if (header === 'voters' || header === 'outgoing' || header === 'learners') {
        throw cursor.error(`the line 'nodes NODE…' must come before '${header}'`, column)
      }
    }
    switch (header) {
      case 'name':
        cursor.usage = 'name TEXT'
        this.name = cursor.rest('the name', scenarioLimits.name)
        break
      case 'nodes':
        cursor.usage = 'nodes NODE…'
        this.nodes = cursor.newNodes()
        break
      case 'voters':
      case 'outgoing':
      case 'learners':
        cursor.usage = `${header} NODE…`
        this.configuration[header] = cursor.nodes()
        break
      case 'seed':
        cursor.usage = 'seed NUMBER'
        this.seed = cursor.integer('a seed', 0, Number.MAX_SAFE_INTEGER)
        break
      case 'options':
        this.options = readOptions(cursor)
        break
      case 'network':
        this.network = readNetwork(cursor)
        break
      case 'disk':
        cursor.usage = 'disk delay LEAST..GREATEST'
        cursor.keyword('delay')
        this.disk = { delay: cursor.range(0) }
        break
    }
  }
}

/** Reads the tokens of one line from left to right; every complaint names the place and what is allowed there. */
class Cursor {
  usage = ''
  private position = 0
  private readonly source: string
  private readonly tokens: readonly Token[]
  private readonly file: string
  private readonly line: number
  private readonly known: readonly NodeId[]

  constructor(source: string, file: string, line: number, known: readonly NodeId[]) {
    this.source = source
    this.tokens = tokenize(source, file, line)
    this.file = file
    this.line = line
    this.known = known
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
    return this.accept(leaderTarget) ? leaderTarget : this.node()
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

interface StepReader {
  readonly usage: string
  read(cursor: Cursor): RaftStep
}

const readers: Readonly<Record<string, StepReader>> = {
  run: { usage: 'run DURATION', read: (cursor) => ({ step: 'run', duration: cursor.duration() }) },
  propose: {
    usage: 'propose NODE KEY=VALUE, propose NODE get KEY, or propose NODE cas KEY=VALUE to VALUE',
    read: (cursor) => operation(cursor, () => ({ type: 'propose', command: readCommand(cursor) })),
  },
  read: {
    usage: 'read NODE KEY by read-index|lease',
    read: (cursor) =>
      operation(cursor, () => {
        const key = cursor.string('a key', scenarioLimits.key)
        cursor.keyword('by')
        return { type: 'read', key, by: cursor.oneOf(['read-index', 'lease'], 'way to read') }
      }),
  },
  transfer: {
    usage: 'transfer NODE to NODE',
    read: (cursor) =>
      operation(cursor, () => {
        cursor.keyword('to')
        return { type: 'transfer', to: cursor.node() }
      }),
  },
  membership: {
    usage: 'membership NODE add-voter|add-learner|remove NODE, … [joint]',
    read: (cursor) =>
      operation(cursor, () => {
        const changes: MembershipChange[] = []
        do {
          const type = cursor.oneOf(['add-voter', 'add-learner', 'remove'], 'change')
          changes.push({ type, node: cursor.node() })
        } while (cursor.accept(','))
        return { type: 'change-membership', changes, joint: cursor.accept('joint') }
      }),
  },
  compact: {
    usage: 'compact NODE keep NUMBER',
    read: (cursor) =>
      operation(cursor, () => {
        cursor.keyword('keep')
        return { type: 'compact', keep: cursor.integer('a number of entries', 0, Number.MAX_SAFE_INTEGER) }
      }),
  },
  timeout: { usage: 'timeout NODE', read: (cursor) => ({ step: 'timeout', node: cursor.target() }) },
  partition: {
    usage: 'partition NODE… | NODE…',
    read: (cursor) => {
      const groups = [cursor.nodes()]
      while (cursor.accept('|')) groups.push(cursor.nodes())
      return { step: 'partition', groups }
    },
  },
  cut: { usage: 'cut NODE > NODE', read: (cursor) => ({ step: 'cut', ...readLink(cursor) }) },
  ring: { usage: 'ring', read: () => ({ step: 'ring' }) },
  isolate: { usage: 'isolate NODE', read: (cursor) => ({ step: 'isolate', node: cursor.target() }) },
  heal: { usage: 'heal', read: () => ({ step: 'heal' }) },
  hold: { usage: 'hold NODE > NODE', read: (cursor) => ({ step: 'hold', ...readLink(cursor) }) },
  release: { usage: 'release NODE > NODE', read: (cursor) => ({ step: 'release', ...readLink(cursor) }) },
  deliver: {
    usage: 'deliver NODE > NODE KIND',
    read: (cursor) => ({ step: 'deliver', ...readLink(cursor), kind: readKind(cursor) }),
  },
  crash: {
    usage: 'crash NODE [keep all|none|some] [torn]',
    read: (cursor) => {
      const node = cursor.target()
      const keep = cursor.accept('keep') ? cursor.oneOf(['all', 'none', 'some'], 'share of the writes') : 'none'
      return { step: 'crash', node, keep, torn: cursor.accept('torn') }
    },
  },
  restart: { usage: 'restart NODE', read: (cursor) => ({ step: 'restart', node: cursor.node() }) },
  pause: { usage: 'pause NODE', read: (cursor) => ({ step: 'pause', node: cursor.target() }) },
  resume: { usage: 'resume NODE', read: (cursor) => ({ step: 'resume', node: cursor.node() }) },
  clock: {
    usage: 'clock NODE RATE',
    read: (cursor) => ({
      step: 'clock',
      node: cursor.node(),
      rate: cursor.decimal('a rate', 1 / scenarioLimits.rate, scenarioLimits.rate),
    }),
  },
  network: { usage: '', read: (cursor) => ({ step: 'network', network: readNetwork(cursor) }) },
  drop: {
    usage: 'drop NODE > NODE KIND NTH',
    read: (cursor) => ({ step: 'drop', ...readNth(cursor) }),
  },
  duplicate: {
    usage: 'duplicate NODE > NODE KIND NTH',
    read: (cursor) => ({ step: 'duplicate', ...readNth(cursor) }),
  },
  delay: {
    usage: 'delay NODE > NODE KIND NTH by DURATION',
    read: (cursor) => {
      const message = readNth(cursor)
      cursor.keyword('by')
      return { step: 'delay', ...message, by: cursor.duration() }
    },
  },
  settle: { usage: 'settle', read: () => ({ step: 'settle' }) },
  expect: { usage: 'expect WHAT …', read: (cursor) => ({ step: 'expect', ...readExpectation(cursor, 'expect') }) },
  reach: { usage: 'reach WHAT …', read: (cursor) => ({ step: 'reach', ...readExpectation(cursor, 'reach') }) },
}
const stepReaders: ReadonlyMap<string, StepReader> = new Map(Object.entries(readers))

function operation(cursor: Cursor, read: () => Operation): RaftStep {
  return { step: 'operation', node: cursor.target(), operation: read() }
}

function readCommand(cursor: Cursor): Command {
  const word = cursor.string('a key', scenarioLimits.key)
  if (cursor.accept('=')) return { type: 'put', key: word, value: cursor.string('a value', scenarioLimits.value) }
  if (word === 'get') return { type: 'get', key: cursor.string('a key', scenarioLimits.key) }
  if (word !== 'cas') throw cursor.error("expected '=' and a value")
  const key = cursor.string('a key', scenarioLimits.key)
  let expect: string | null = null
  if (!cursor.accept('absent')) {
    cursor.keyword('=')
    expect = cursor.string('a value', scenarioLimits.value)
  }
  cursor.keyword('to')
  return { type: 'compare-and-set', key, expect, value: cursor.string('a value', scenarioLimits.value) }
}

function readLink(cursor: Cursor): { from: NodeId; to: NodeId } {
  const from = cursor.node()
  cursor.keyword('>')
  return { from, to: cursor.node() }
}

function readNth(cursor: Cursor): { from: NodeId; to: NodeId; kind: string; nth: number } {
  const link = readLink(cursor)
  const kind = readKind(cursor)
  return { ...link, kind, nth: cursor.integer('a count', 1, Number.MAX_SAFE_INTEGER) }
}

function readKind(cursor: Cursor): MessageKind {
  return cursor.oneOf(messageKinds, 'kind of message')
}

function readOptions(cursor: Cursor): RaftOptions {
  const words = ['election-timeout', 'heartbeat', 'pre-vote', 'check-quorum', 'max-entries', 'max-inflight'] as const
  cursor.usage =
    'options election-timeout 300ms heartbeat 50ms pre-vote on|off check-quorum on|off max-entries N max-inflight N'
  let options = defaultOptions
  const positive = (what: string): number => cursor.integer(what, 1, Number.MAX_SAFE_INTEGER)
  const interval = (): Milliseconds => {
    const column = cursor.column()
    const duration = cursor.duration()
    if (duration === 0) throw cursor.error('a timeout is at least 1 ms', column)
    return duration
  }
  const flag = (): boolean => cursor.oneOf(['on', 'off'], 'switch') === 'on'
  while (!cursor.done()) {
    const word = cursor.oneOf(words, 'option')
    if (word === 'election-timeout') options = { ...options, electionTimeout: interval() }
    else if (word === 'heartbeat') options = { ...options, heartbeatInterval: interval() }
    else if (word === 'pre-vote') options = { ...options, preVote: flag() }
    else if (word === 'check-quorum') options = { ...options, checkQuorum: flag() }
    else if (word === 'max-entries') options = { ...options, maxEntries: positive('a number of entries') }
    else options = { ...options, maxInflight: positive('a number of messages') }
  }
  return options
}

function readNetwork(cursor: Cursor): NetworkProfile {
  cursor.usage = 'network delay LEAST..GREATEST loss P duplicate P reorder P'
  let network = defaultNetwork
  while (!cursor.done()) {
    const word = cursor.oneOf(['delay', 'loss', 'duplicate', 'reorder'], 'behaviour of the network')
    network = { ...network, [word]: word === 'delay' ? cursor.range(1) : cursor.decimal('a probability', 0, 1) }
  }
  return network
}

function readExpectation(cursor: Cursor, step: 'expect' | 'reach'): { expect: string; arguments: string[] } {
  const name = cursor.oneOf([...expectations.keys()], 'expectation')
  const { parameters } = expectations.get(name)!
  cursor.usage = expectUsage(name, step)
  return { expect: name, arguments: parameters.flatMap((parameter) => readArgument(cursor, parameter)) }
}

function readArgument(cursor: Cursor, parameter: Parameter): string[] {
  switch (parameter) {
    case 'node':
      return [cursor.target()]
    case 'nodes':
      return cursor.nodes()
    case 'number':
      return [String(cursor.integer('a number', 0, 999_999_999_999_999))]
    case 'role':
      return [cursor.oneOf(roles, 'role')]
    case 'key':
      return [cursor.string('a key', scenarioLimits.key)]
    case 'value':
      cursor.keyword('=')
      return [cursor.string('a value', scenarioLimits.value)]
  }
}

/** How an expectation is written: `expect value NODE KEY=VALUE`. */
export function expectUsage(name: string, step: 'expect' | 'reach' = 'expect'): string {
  const words: Record<Parameter, string> = {
    node: ' NODE',
    nodes: ' NODE…',
    number: ' NUMBER',
    role: ` ${roles.join('|')}`,
    key: ' KEY',
    value: '=VALUE',
  }
  const parameters = expectations.get(name)?.parameters ?? []
  return `${step} ${name}${parameters.map((parameter) => words[parameter]).join('')}`
}

/** How every step is written, for a usage page. */
export function stepUsages(): string[] {
  const steps = [...stepReaders].filter(([name]) => name !== 'expect' && name !== 'network')
  return [
    ...steps.map(([, { usage }]) => usage),
    'network delay LEAST..GREATEST loss P duplicate P reorder P',
    ...[...expectations.keys()].map((name) => expectUsage(name)),
  ]
}
