/** The text form of the scenarios of a surface: its headers, and how its steps are read line by line. */
import type { DiskProfile, NetworkProfile, NodeId, Step } from '../../models/vocabulary.ts'
import { InputError, shorten, suggestion } from '../input-error.ts'
import { scenarioLimits } from '../scenario/shared.ts'
import { Cursor } from './cursor.ts'
import { printNetwork, printRange, readNetwork, stepReadersOf, type Language, type StepReader } from './steps.ts'

/** What every scenario has: its surface says what else. */
interface Parts {
  readonly name: string
  readonly nodes: readonly NodeId[]
  readonly seed: number
  readonly steps: readonly Step<unknown>[]
}

/** A line before the steps that only some surfaces have. */
interface Header<Scenario> {
  /** What follows the word; empty if the line is left out. */
  print(scenario: Scenario): string
  /** Reads what follows the word; `nodes` for nodes that were named before. */
  readonly read: 'nodes' | ((cursor: Cursor) => unknown)
}

export interface TextForm<Scenario extends Parts, Operation> {
  readonly language: Language<Operation>
  /** By their words, in their order. Those of nodes come before the seed, all others behind it. */
  readonly headers: Readonly<Record<string, Header<Scenario>>>
  /** The scenario of what was read: each header under its word, if it was given. `complain` refuses the whole. */
  complete(
    parts: Pick<Scenario, 'nodes'> & Partial<Scenario>,
    headers: Readonly<Record<string, unknown>>,
    complain: (text: string) => never,
  ): Scenario
}

export function nodesHeader<Scenario>(nodesOf: (scenario: Scenario) => readonly NodeId[]): Header<Scenario> {
  return { print: (scenario) => nodesOf(scenario).join(' '), read: 'nodes' }
}

export const networkHeader: Header<{ readonly network: NetworkProfile }> = {
  print: ({ network }) => printNetwork(network),
  read: readNetwork,
}

export const diskHeader: Header<{ readonly disk: DiskProfile }> = {
  print: ({ disk }) => `delay ${printRange(disk.delay)}`,
  read(cursor): DiskProfile {
    cursor.usage = 'disk delay LEAST..GREATEST'
    cursor.keyword('delay')
    return { delay: cursor.range(0) }
  },
}

/** The lines of the headers but the first and the name. */
export function printHeaders<Scenario extends Parts>(
  { headers }: Pick<TextForm<Scenario, unknown>, 'headers'>,
  scenario: Scenario,
): string[] {
  const { nodes, seed } = scenario
  const printed = Object.entries(headers).map(([word, header]) => ({
    before: header.read === 'nodes',
    line: `${word} ${header.print(scenario)}`,
  }))
  const lines = (before: boolean): string[] =>
    printed.filter((each) => each.before === before && !each.line.endsWith(' ')).map(({ line }) => line)
  return [`nodes ${nodes.join(' ')}`, ...lines(true), `seed ${seed}`, ...lines(false)]
}

const sharedHeaders = ['name', 'nodes', 'seed']

/** Reads line by line: headers, then steps. */
export class ScenarioReader<Scenario extends Parts, Operation> {
  readonly #file: string
  readonly #form: TextForm<Scenario, Operation>
  readonly #headers: readonly string[]
  readonly #readers: ReadonlyMap<string, StepReader<Operation>>
  /** Numbers of the lines in which headers were given. */
  readonly #given = new Map<string, number>()
  readonly #values: Record<string, unknown> = {}
  readonly #steps: Step<Operation>[] = []
  #name = ''
  #nodes: NodeId[] = []
  #seed = 1

  constructor(file: string, form: TextForm<Scenario, Operation>) {
    this.#file = file
    this.#form = form
    this.#headers = [...sharedHeaders, ...Object.keys(form.headers)]
    this.#readers = stepReadersOf(form.language)
  }

  line(text: string, number: number): void {
    const cursor = new Cursor(text, this.#file, number, this.#nodes, this.#form.language.hasLeader)
    if (cursor.done()) return
    const column = cursor.column()
    const keyword = cursor.word('a header or a step')
    const isHeader = this.#headers.includes(keyword)
    // The network may be set again by a step.
    if (isHeader && this.#steps.length === 0 && !(keyword === 'network' && this.#given.has('network'))) {
      if (this.#given.has(keyword)) {
        throw cursor.error(`'${keyword}' was already given in line ${this.#given.get(keyword)}`, column)
      }
      this.#given.set(keyword, number)
      this.#header(keyword, cursor, column)
      return cursor.end()
    }
    if (isHeader && keyword !== 'network') throw cursor.error(`'${keyword}' belongs before the first step`, column)
    const reader = this.#readers.get(keyword)
    if (reader === undefined) {
      const allowed = this.#steps.length === 0 ? [...this.#headers, ...this.#readers.keys()] : this.#readers.keys()
      throw cursor.error(`unknown step '${shorten(keyword)}'${suggestion(keyword, allowed)}`, column)
    }
    if (this.#nodes.length === 0) throw cursor.error("the line 'nodes NODE…' must come before the first step", column)
    if (this.#steps.length >= scenarioLimits.steps) {
      throw cursor.error(`more than ${scenarioLimits.steps} steps`, column)
    }
    cursor.usage = reader.usage
    this.#steps.push(reader.read(cursor))
    cursor.end()
  }

  /** @throws InputError if something is missing */
  finish(lines: number): Scenario {
    const complain = (text: string): never => {
      throw new InputError({ file: this.#file, line: lines, column: 0 }, text)
    }
    if (this.#nodes.length === 0) complain("the line 'nodes NODE…' is missing")
    const parts: Parts = { name: this.#name, nodes: this.#nodes, seed: this.#seed, steps: this.#steps }
    return this.#form.complete(parts as Partial<Scenario> & Pick<Scenario, 'nodes'>, this.#values, complain)
  }

  #header(header: string, cursor: Cursor, column: number): void {
    switch (header) {
      case 'name':
        cursor.usage = 'name TEXT'
        this.#name = cursor.rest('the name', scenarioLimits.name)
        break
      case 'nodes':
        cursor.usage = 'nodes NODE…'
        this.#nodes = cursor.newNodes()
        break
      case 'seed':
        cursor.usage = 'seed NUMBER'
        this.#seed = cursor.integer('a seed', 0, Number.MAX_SAFE_INTEGER)
        break
      default: {
        const { read } = this.#form.headers[header]!
        this.#values[header] = read === 'nodes' ? this.#nodesOf(header, cursor, column) : read(cursor)
      }
    }
  }

  /** Nodes of a header, which must be known by then. */
  #nodesOf(header: string, cursor: Cursor, column: number): NodeId[] {
    if (this.#nodes.length === 0) {
      throw cursor.error(`the line 'nodes NODE…' must come before '${header}'`, column)
    }
    cursor.usage = `${header} NODE…`
    return cursor.nodes()
  }
}
