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
 *
 * The first line says the surface: `raft scenario v1`, `swim scenario v1`, `networkdb scenario v1`, `ipam scenario v1`.
 */
import type { IpamScenario, Operation as IpamOperation } from '../models/ipam/vocabulary.ts'
import type { NetworkDbScenario, ScenarioOperation } from '../models/networkdb/vocabulary.ts'
import type { Operation, RaftScenario } from '../models/raft/vocabulary.ts'
import type { Operation as SwimOperation, SwimScenario } from '../models/swim/vocabulary.ts'
import type { DiskProfile, NodeId, Step } from '../models/vocabulary.ts'
import { InputError, shorten, suggestion } from './input-error.ts'
import {
  completeIpamScenario,
  completeNetworkDbScenario,
  completeScenario,
  completeSwimScenario,
  defaultDisk,
  defaultIpamDisk,
  defaultIpamOptions,
  defaultNetwork,
  defaultNetworkDbOptions,
  defaultOptions,
  defaultSwimOptions,
  scenarioLimits,
  type RaftStep,
  type Scenario,
} from './scenario.ts'
import { Cursor, quote } from './text/cursor.ts'
import { ipamLanguage, printIpamOptions, readIpamOptions } from './text/ipam.ts'
import { networkDbLanguage, printNetworkDbOptions, readNetworkDbOptions } from './text/networkdb.ts'
import { printRaftOptions, raftLanguage, readRaftOptions } from './text/raft.ts'
import {
  type Language,
  type StepReader,
  printNetwork,
  printRange,
  printStepIn,
  readNetwork,
  stepReadersOf,
  stepUsagesIn,
} from './text/steps.ts'
import { printSwimOptions, readSwimOptions, swimLanguage } from './text/swim.ts'

export { printWord } from './text/cursor.ts'

// Printing

/** The text form of a scenario, complete: it says the defaults too, so that it means the same in later versions. */
export function printScenario(scenario: Scenario): string {
  switch (scenario.surface) {
    case 'raft':
      return printRaft(scenario)
    case 'swim':
      return printSwim(scenario)
    case 'networkdb':
      return printNetworkDb(scenario)
    case 'ipam':
      return printIpam(scenario)
  }
}

function printRaft(scenario: RaftScenario): string {
  const { nodes, configuration, options, network, disk } = scenario
  return lines(scenario, [
    `nodes ${nodes.join(' ')}`,
    `voters ${configuration.voters.join(' ')}`,
    ...(configuration.outgoing.length === 0 ? [] : [`outgoing ${configuration.outgoing.join(' ')}`]),
    ...(configuration.learners.length === 0 ? [] : [`learners ${configuration.learners.join(' ')}`]),
    `seed ${scenario.seed}`,
    `options ${printRaftOptions(options)}`,
    `network ${printNetwork(network)}`,
    `disk delay ${printRange(disk.delay)}`,
    '',
    ...scenario.steps.map(printStep),
  ])
}

function printSwim(scenario: SwimScenario): string {
  const { nodes, members, options, network } = scenario
  return lines(scenario, [
    `nodes ${nodes.join(' ')}`,
    ...(members.length === 0 ? [] : [`members ${members.join(' ')}`]),
    `seed ${scenario.seed}`,
    `options ${printSwimOptions(options)}`,
    `network ${printNetwork(network)}`,
    '',
    ...scenario.steps.map((step) => printStepIn(swimLanguage, step)),
  ])
}

function printIpam(scenario: IpamScenario): string {
  const { nodes, options, disk } = scenario
  return lines(scenario, [
    `nodes ${nodes.join(' ')}`,
    `seed ${scenario.seed}`,
    `options ${printIpamOptions(options)}`,
    `disk delay ${printRange(disk.delay)}`,
    '',
    ...scenario.steps.map((step) => printStepIn(ipamLanguage, step)),
  ])
}

function printNetworkDb(scenario: NetworkDbScenario): string {
  const { nodes, options, network } = scenario
  return lines(scenario, [
    `nodes ${nodes.join(' ')}`,
    `seed ${scenario.seed}`,
    `options ${printNetworkDbOptions(options)}`,
    `network ${printNetwork(network)}`,
    '',
    ...scenario.steps.map((step) => printStepIn(networkDbLanguage, step)),
  ])
}

function lines({ surface, name }: Scenario, rest: readonly string[]): string {
  return [`${surface} scenario v1`, ...(name === '' ? [] : [`name ${printName(name)}`]), ...rest, ''].join('\n')
}

function printName(name: string): string {
  return /^[\w.,:;()'-]+( [\w.,:;()'-]+)*$/.test(name) ? name : quote(name)
}

/** One step of a Raft scenario, without a line end. */
export function printStep(step: RaftStep): string {
  return printStepIn(raftLanguage, step)
}

// Parsing

const mostText = 16_777_216

/**
 * Reads the text form. `file` is the name that errors give.
 *
 * @throws InputError with the line and column of the first thing that is wrong, and what is allowed there.
 */
export function parseScenario(text: string, file = 'scenario'): Scenario {
  if (text.length > mostText) throw new InputError({ file, line: 0, column: 0 }, `larger than ${mostText} characters`)
  const all = text.replace(/^\ufeff/, '').split(/\r?\n/)
  let reader: RaftReader | SwimReader | NetworkDbReader | IpamReader | null = null
  for (const [index, line] of all.entries()) {
    if (reader !== null) reader.line(line, index + 1)
    else {
      const cursor = new Cursor(line, file, index + 1, [], false)
      if (!cursor.done()) reader = new readers[readFirst(cursor)](file)
    }
  }
  if (reader === null) {
    throw new InputError(
      { file, line: all.length, column: 0 },
      "the file is empty; it should begin with 'raft scenario v1'",
    )
  }
  return reader.finish(all.length)
}

/** As `parseScenario`, of Raft only. @throws InputError also if it is one of another surface */
export function parseRaftScenario(text: string, file = 'scenario'): RaftScenario {
  const scenario = parseScenario(text, file)
  if (scenario.surface === 'raft') return scenario
  throw new InputError({ file, line: 1, column: 1 }, `a scenario of ${scenario.surface}; one of raft was expected here`)
}

const surfaces = ['raft', 'swim', 'networkdb', 'ipam'] as const

/** The first line: which surface is spoken of. */
function readFirst(cursor: Cursor): (typeof surfaces)[number] {
  const column = cursor.column()
  const word = cursor.word("'raft scenario v1'")
  const form = cursor.done() ? '' : cursor.word("'raft scenario v1'")
  const version = cursor.done() ? '' : cursor.word("'raft scenario v1'")
  const surface = surfaces.find((each) => each === word)
  if (surface === undefined || form !== 'scenario') {
    const allowed = surfaces.map((each) => `'${each} scenario v1'`).join(' or ')
    throw cursor.error(`not a scenario: the first line should be ${allowed}`, column)
  }
  if (version !== 'v1') {
    throw cursor.error(`unsupported version '${shorten(version)}'; this program reads v1`, column)
  }
  cursor.end()
  return surface
}

/** Reads line by line: headers, then steps. */
abstract class ScenarioReader<Operation> {
  protected readonly given = new Map<string, number>()
  protected readonly steps: Step<Operation>[] = []
  protected name = ''
  protected nodes: NodeId[] = []
  protected seed = 1
  protected network = defaultNetwork
  private readonly file: string
  private readonly headers: readonly string[]
  private readonly language: Language<Operation>
  private readonly readers: ReadonlyMap<string, StepReader<Operation>>

  constructor(file: string, language: Language<Operation>, headers: readonly string[]) {
    this.file = file
    this.language = language
    this.headers = headers
    this.readers = stepReadersOf(language)
  }

  /** Reads what follows a header that only this surface has. */
  protected abstract ownHeader(header: string, cursor: Cursor, column: number): void

  line(text: string, number: number): void {
    const cursor = new Cursor(text, this.file, number, this.nodes, this.language.hasLeader)
    if (cursor.done()) return
    const column = cursor.column()
    const keyword = cursor.word('a header or a step')
    const isHeader = this.headers.includes(keyword)
    if (isHeader && this.steps.length === 0 && !(keyword === 'network' && this.given.has('network'))) {
      if (this.given.has(keyword)) {
        throw cursor.error(`'${keyword}' was already given in line ${this.given.get(keyword)}`, column)
      }
      this.given.set(keyword, number)
      this.header(keyword, cursor, column)
      return cursor.end()
    }
    if (isHeader && keyword !== 'network') throw cursor.error(`'${keyword}' belongs before the first step`, column)
    const reader = this.readers.get(keyword)
    if (reader === undefined) {
      const allowed = this.steps.length === 0 ? [...this.headers, ...this.readers.keys()] : this.readers.keys()
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

  private header(header: string, cursor: Cursor, column: number): void {
    switch (header) {
      case 'name':
        cursor.usage = 'name TEXT'
        this.name = cursor.rest('the name', scenarioLimits.name)
        break
      case 'nodes':
        cursor.usage = 'nodes NODE…'
        this.nodes = cursor.newNodes()
        break
      case 'seed':
        cursor.usage = 'seed NUMBER'
        this.seed = cursor.integer('a seed', 0, Number.MAX_SAFE_INTEGER)
        break
      case 'network':
        this.network = readNetwork(cursor)
        break
      default:
        this.ownHeader(header, cursor, column)
    }
  }

  /** Nodes of a header, which must be known by then. */
  protected nodesOf(header: string, cursor: Cursor, column: number): NodeId[] {
    if (this.nodes.length === 0) {
      throw cursor.error(`the line 'nodes NODE…' must come before '${header}'`, column)
    }
    cursor.usage = `${header} NODE…`
    return cursor.nodes()
  }

  protected complain(lines: number, text: string): never {
    throw new InputError({ file: this.file, line: lines, column: 0 }, text)
  }
}

const raftHeaders = ['name', 'nodes', 'voters', 'outgoing', 'learners', 'seed', 'options', 'network', 'disk']
const ipamHeaders = ['name', 'nodes', 'seed', 'options', 'disk']
const networkDbHeaders = ['name', 'nodes', 'seed', 'options', 'network']
const swimHeaders = ['name', 'nodes', 'members', 'seed', 'options', 'network']

class RaftReader extends ScenarioReader<Operation> {
  private readonly configuration: { voters: NodeId[]; outgoing: NodeId[]; learners: NodeId[] } = {
    voters: [],
    outgoing: [],
    learners: [],
  }
  private options = defaultOptions
  private disk = defaultDisk

  constructor(file: string) {
    super(file, raftLanguage, raftHeaders)
  }

  finish(lines: number): RaftScenario {
    if (this.nodes.length === 0) this.complain(lines, "the line 'nodes NODE…' is missing")
    const { name, nodes, seed, options, network, disk, steps } = this
    const others = new Set([...this.configuration.learners, ...this.configuration.outgoing])
    const voters = this.given.has('voters')
      ? this.configuration.voters
      : nodes.filter((node) => !others.has(node)).sort()
    if (voters.length === 0) this.complain(lines, 'there are no voters')
    const configuration = { ...this.configuration, voters }
    return completeScenario({ name, nodes, seed, configuration, options, network, disk, steps })
  }

  protected ownHeader(header: string, cursor: Cursor, column: number): void {
    switch (header) {
      case 'voters':
      case 'outgoing':
      case 'learners':
        this.configuration[header] = this.nodesOf(header, cursor, column)
        break
      case 'options':
        this.options = readRaftOptions(cursor)
        break
      default:
        this.disk = readDisk(cursor)
    }
  }
}

class SwimReader extends ScenarioReader<SwimOperation> {
  private members: NodeId[] = []
  private options = defaultSwimOptions

  constructor(file: string) {
    super(file, swimLanguage, swimHeaders)
  }

  finish(lines: number): SwimScenario {
    if (this.nodes.length === 0) this.complain(lines, "the line 'nodes NODE…' is missing")
    const { name, nodes, members, seed, options, network, steps } = this
    return completeSwimScenario({ name, nodes, members, seed, options, network, steps })
  }

  protected ownHeader(header: string, cursor: Cursor, column: number): void {
    if (header === 'members') this.members = this.nodesOf(header, cursor, column)
    else this.options = readSwimOptions(cursor)
  }
}

class NetworkDbReader extends ScenarioReader<ScenarioOperation> {
  private options = defaultNetworkDbOptions

  constructor(file: string) {
    super(file, networkDbLanguage, networkDbHeaders)
  }

  finish(lines: number): NetworkDbScenario {
    if (this.nodes.length === 0) this.complain(lines, "the line 'nodes NODE…' is missing")
    const { name, nodes, seed, options, network, steps } = this
    return completeNetworkDbScenario({ name, nodes, seed, options, network, steps })
  }

  protected ownHeader(_header: string, cursor: Cursor): void {
    this.options = readNetworkDbOptions(cursor)
  }
}

class IpamReader extends ScenarioReader<IpamOperation> {
  private options = defaultIpamOptions
  private disk = defaultIpamDisk

  constructor(file: string) {
    super(file, ipamLanguage, ipamHeaders)
  }

  finish(lines: number): IpamScenario {
    if (this.nodes.length === 0) this.complain(lines, "the line 'nodes NODE…' is missing")
    const { name, nodes, seed, options, disk, steps } = this
    return completeIpamScenario({ name, nodes, seed, options, disk, steps })
  }

  protected ownHeader(header: string, cursor: Cursor): void {
    if (header === 'options') this.options = readIpamOptions(cursor)
    else this.disk = readDisk(cursor)
  }
}

function readDisk(cursor: Cursor): DiskProfile {
  cursor.usage = 'disk delay LEAST..GREATEST'
  cursor.keyword('delay')
  return { delay: cursor.range(0) }
}

const readers = { raft: RaftReader, swim: SwimReader, networkdb: NetworkDbReader, ipam: IpamReader }

/** How every step of Raft is written, for a usage page. */
export function stepUsages(): string[] {
  return stepUsagesIn(raftLanguage)
}
