/** The steps of the text form that every surface has: how they are written, and read. */
import type { Milliseconds, NetworkProfile, NodeId, Step } from '../../models/vocabulary.ts'
import { roles, type Parameter } from '../expect.ts'
import { defaultNetwork, scenarioLimits } from '../scenario/shared.ts'
import { type Cursor, printWord } from './cursor.ts'

/** What a surface adds to the text form. */
export interface Language<Operation> {
  /** How its own steps are written and read, by their first word. */
  readonly operations: Readonly<Record<string, StepReader<Operation>>>
  printOperation(node: string, operation: Operation): string
  readonly messageKinds: readonly string[]
  /** What may be expected: the parameters of each. */
  readonly expectations: ReadonlyMap<string, { readonly parameters: readonly Parameter[] }>
  /** Whether a step may be meant for whoever leads. */
  readonly hasLeader: boolean
}

export interface StepReader<Operation> {
  readonly usage: string
  read(cursor: Cursor): Step<Operation>
}

// Printing

/** One step, without a line end. */
export function printStepIn<Operation>(language: Language<Operation>, step: Step<Operation>): string {
  switch (step.step) {
    case 'run':
      return `run ${step.duration}ms`
    case 'operation':
      return language.printOperation(step.node, step.operation)
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
      return `${step.step} ${printExpectation(language, step.expect, step.arguments)}`
  }
}

function printExpectation<Operation>(
  { expectations }: Language<Operation>,
  name: string,
  words: readonly string[],
): string {
  const parameters = expectations.get(name)?.parameters ?? []
  return words.reduce((line, word, position) => {
    return `${line}${parameters[position] === 'value' ? '=' : ' '}${printWord(word)}`
  }, name)
}

export function printNetwork({ delay, loss, duplicate, reorder }: NetworkProfile): string {
  return `delay ${printRange(delay)} loss ${loss} duplicate ${duplicate} reorder ${reorder}`
}

export function printRange([least, greatest]: readonly [Milliseconds, Milliseconds]): string {
  return `${least}..${greatest}`
}

// Reading

/** Every step of a language, by its first word. */
export function stepReadersOf<Operation>(language: Language<Operation>): ReadonlyMap<string, StepReader<Operation>> {
  const kind = (cursor: Cursor): string => cursor.oneOf(language.messageKinds, 'kind of message')
  const nth = (cursor: Cursor) => {
    const link = readLink(cursor)
    return { ...link, kind: kind(cursor), nth: cursor.integer('a count', 1, Number.MAX_SAFE_INTEGER) }
  }
  const expectation = (cursor: Cursor, step: 'expect' | 'reach'): { expect: string; arguments: string[] } => {
    const name = cursor.oneOf([...language.expectations.keys()], 'expectation')
    const { parameters } = language.expectations.get(name)!
    cursor.usage = expectUsageIn(language, name, step)
    return { expect: name, arguments: parameters.flatMap((parameter) => readArgument(cursor, parameter)) }
  }
  const shared: Readonly<Record<string, StepReader<Operation>>> = {
    run: { usage: 'run DURATION', read: (cursor) => ({ step: 'run', duration: cursor.duration() }) },
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
      read: (cursor) => ({ step: 'deliver', ...readLink(cursor), kind: kind(cursor) }),
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
      read: (cursor) => ({ step: 'drop', ...nth(cursor) }),
    },
    duplicate: {
      usage: 'duplicate NODE > NODE KIND NTH',
      read: (cursor) => ({ step: 'duplicate', ...nth(cursor) }),
    },
    delay: {
      usage: 'delay NODE > NODE KIND NTH by DURATION',
      read: (cursor) => {
        const message = nth(cursor)
        cursor.keyword('by')
        return { step: 'delay', ...message, by: cursor.duration() }
      },
    },
    settle: { usage: 'settle', read: () => ({ step: 'settle' }) },
    expect: { usage: 'expect WHAT …', read: (cursor) => ({ step: 'expect', ...expectation(cursor, 'expect') }) },
    reach: { usage: 'reach WHAT …', read: (cursor) => ({ step: 'reach', ...expectation(cursor, 'reach') }) },
  }
  const { run, ...others } = shared
  return new Map(Object.entries({ run: run!, ...language.operations, ...others }))
}

function readLink(cursor: Cursor): { from: NodeId; to: NodeId } {
  const from = cursor.node()
  cursor.keyword('>')
  return { from, to: cursor.node() }
}

export function readNetwork(cursor: Cursor): NetworkProfile {
  cursor.usage = 'network delay LEAST..GREATEST loss P duplicate P reorder P'
  let network = defaultNetwork
  while (!cursor.done()) {
    const word = cursor.oneOf(['delay', 'loss', 'duplicate', 'reorder'], 'behaviour of the network')
    network = { ...network, [word]: word === 'delay' ? cursor.range(1) : cursor.decimal('a probability', 0, 1) }
  }
  return network
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
export function expectUsageIn<Operation>(
  { expectations }: Language<Operation>,
  name: string,
  step: 'expect' | 'reach' = 'expect',
): string {
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
export function stepUsagesIn<Operation>(language: Language<Operation>): string[] {
  const steps = [...stepReadersOf(language)].filter(([name]) => name !== 'expect' && name !== 'network')
  return [
    ...steps.map(([, { usage }]) => usage),
    'network delay LEAST..GREATEST loss P duplicate P reorder P',
    ...[...language.expectations.keys()].map((name) => expectUsageIn(language, name)),
  ]
}
