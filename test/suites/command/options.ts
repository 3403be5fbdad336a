/** Values of the command's options: what is not understood is refused with the nearest word that would be. */
import { splitCommand } from '../../../impl/contract/command-line.ts'
import { spawnAdapter } from '../../../impl/contract/stdio.ts'
import { adapterSurfaces, type AdapterSurface } from '../../../impl/contract/surfaces.ts'
import { type Endpoint, parseEndpoint } from '../../../impl/real/ipam/endpoint.ts'
import { connectPlugin } from '../../../impl/real/ipam/plugin-client.ts'
import { suggestion } from '../../../traces/input-error.ts'
import { reporters, type Reporter } from '../../../traces/report.ts'
import type { SurfaceName } from '../../../traces/surface.ts'
import { surfaceNames } from '../../../traces/surfaces.ts'
import type { Origin } from '../jobs.ts'
import { caseKinds, maximalSeed, type CaseKind } from '../scenarios.ts'
import { loadSpec, surfaceOf } from '../spec.ts'
import type { Variant } from '../surfaces/form.ts'
import { referenceOf, type Target } from '../target.ts'
import { isKey } from '../../../impl/reference/swim/wire/encryption.ts'
import { parseKey } from '../../../impl/reference/swim/wire/keyring.ts'
import { wireLimits } from '../../../impl/reference/swim/wire/limits.ts'
import type { Secrecy } from '../wire/seal.ts'
import { hasPlace, saysWhere } from '../wire/subject.ts'
import { engineRequirements } from '../engine/suite.ts'
import { pluginRequirements } from '../plugin/suite.ts'
import { wireRequirements } from '../wire/suite.ts'
import { UsageError } from './terminal.ts'

export interface TargetOptions {
  /** Which surface is tested. If absent, that which an adapter offers; Raft where none is named. */
  readonly suite?: SuiteName
  readonly adapter?: string
  /** Where a plugin of Docker for address management is to be found. */
  readonly plugin?: string
  /** Which variant of the reference, where no adapter is named. */
  readonly reference?: Variant
  /** Milliseconds. */
  readonly stepTimeout?: number
  /** False with `--no-timeout`. */
  readonly timeout?: boolean
}

export interface NamedTarget {
  readonly target: Target
  /** How another thread comes by the same. */
  readonly origin: Origin
  /** The adapter's command, null for the reference. */
  readonly command: string | null
  /** What a command line must say to name it again. */
  readonly flags: string
}

/**
 * An adapter's command in words, and how it is to be started.
 * @throws UsageError if it cannot be split, or the suite is of a surface that no adapter can offer
 */
export function adapterOf(command: string, { suite, stepTimeout, timeout = true }: TargetOptions) {
  if (surfaceNames.some((name) => name === suite) && !isAdapterSurface(suite))
    throw new UsageError(`adapters cannot offer ${suite} yet: it is checked on the reference alone`)
  return {
    words: split(command),
    start: {
      ...(isAdapterSurface(suite) ? { surface: suite } : {}),
      ...(stepTimeout === undefined ? {} : { stepTimeout }),
      ...(timeout ? {} : { stepTimeout: 0, startTimeout: 0 }),
    },
  }
}

/** @throws UsageError if the command cannot be split into words */
export function targetOf(options: TargetOptions): NamedTarget {
  const { adapter, suite, plugin } = options
  if (plugin !== undefined) {
    const endpoint = endpointOf(plugin)
    const target = { kind: 'plugin', connect: () => connectPlugin(endpoint) } as const
    return { target, origin: { kind: 'plugin', endpoint }, command: null, flags: ` --plugin ${quote(plugin)}` }
  }
  if (adapter === undefined) {
    const surface = surfaceNames.find((name) => name === suite) ?? 'raft'
    const { reference: variant = 'on-append' } = options
    const target = { kind: 'in-process', implementation: referenceOf(surface, variant) } as const
    const flags = variant === 'on-append' ? '' : ` --reference ${variant}`
    return { target, origin: { kind: 'reference', surface, variant }, command: null, flags }
  }
  const { words, start } = adapterOf(adapter, options)
  return {
    target: { kind: 'adapter', start: () => spawnAdapter(words, start) },
    origin: { kind: 'adapter', words, start },
    command: adapter,
    flags: ` --adapter ${quote(adapter)}`,
  }
}

function split(command: string, option = '--adapter'): string[] {
  try {
    return splitCommand(command)
  } catch (error) {
    throw new UsageError(`${option}: ${(error as Error).message}`)
  }
}

/** Where a plugin is. @throws UsageError if that is no such place */
export function endpointOf(plugin: string): Endpoint {
  const endpoint = parseEndpoint(plugin)
  if (endpoint !== null) return endpoint
  throw new UsageError(`--plugin: '${printable(plugin)}' is neither unix:PATH nor an address`)
}

/** A process's command in words. @throws UsageError if it cannot be split, or does not say where to listen */
export function processOf(command: string): string[] {
  const words = split(command, '--process')
  if (saysWhere(words)) return words
  throw new UsageError('--process: the command must say where to listen: {bind}, or {host} and {port}')
}

export interface SecrecyOptions {
  /** In base64. */
  readonly key?: string
  readonly label?: string
  /** What changes the keys of what is started. */
  readonly keyCommand?: string
}

/** Of gossip that is encrypted; null where no key is given. @throws UsageError if the options do not go together */
export function secrecyOf(
  { key: text, label = '', keyCommand }: SecrecyOptions,
  words: readonly string[] | null,
): Secrecy | null {
  if (text === undefined) {
    if (label !== '') throw new UsageError('--label is for gossip that is encrypted: --key is needed too')
    if (keyCommand !== undefined) throw new UsageError('--key-command changes keys: --key is needed too')
    if (words !== null && hasPlace(words, 'key')) throw new UsageError('--process: {key} stands for what --key gives')
    return null
  }
  const key = parseKey(text)
  if (key === null || !isKey(key)) throw new UsageError('--key: not 16, 24 or 32 bytes in base64')
  if (Buffer.byteLength(label) > wireLimits.label)
    throw new UsageError(`--label: longer than ${wireLimits.label} bytes`)
  if (words !== null && !hasPlace(words, 'key'))
    throw new UsageError('--process: with --key the command must say where the key goes: {key}')
  if (words !== null && (label !== '') !== hasPlace(words, 'label'))
    throw new UsageError('--process: {label} and --label go together')
  return { key, label }
}

/** In words. @throws UsageError if it cannot be split, or does not say what it is to do */
export function keyCommandOf(command: string): string[] {
  const words = split(command, '--key-command')
  if (hasPlace(words, 'operation') && hasPlace(words, 'key')) return words
  throw new UsageError('--key-command: the command must say what it does, and with which key: {operation} and {key}')
}

export const suites = [...surfaceNames, 'adapter', 'wire', 'plugin', 'engine'] as const
export type SuiteName = (typeof suites)[number]

/** Those that the reference can be put through as it is. */
export const everySuite = suites.filter((suite) => suite !== 'adapter' && suite !== 'engine')

/** Whether a suite is that of a surface. */
export function isSurface(suite: SuiteName): suite is SurfaceName {
  return (surfaceNames as readonly string[]).includes(suite)
}

/** Whether adapters can offer a surface. */
function isAdapterSurface(name: string | undefined): name is AdapterSurface {
  return adapterSurfaces.some((surface) => surface === name)
}

/** A word of a fixed list. @throws UsageError that names the nearest */
export function oneOf<Word extends string>(what: string, words: readonly Word[], word: string): Word {
  if ((words as readonly string[]).includes(word)) return word as Word
  throw new UsageError(`unknown ${what} '${printable(word)}'${suggestion(word, words)}`)
}

export function profileOf(name: string): string {
  return oneOf(
    'profile',
    loadSpec().profiles.map((profile) => profile.name),
    name,
  )
}

/** A slug; its surface may be left out. @throws UsageError */
export function requirementOf(word: string): string {
  const slugs = loadSpec().requirements.map(({ slug }) => slug)
  if (!word.includes('/')) {
    const found = slugs.find((slug) => slug.endsWith(`/${word}`))
    if (found !== undefined) return found
    const near = suggestion(
      word,
      slugs.map((slug) => slug.slice(slug.indexOf('/') + 1)),
    )
    throw new UsageError(`unknown requirement '${printable(word)}'${near.startsWith('; did') ? near : seeList}`)
  }
  if (slugs.includes(word)) return word
  const near = suggestion(word, slugs)
  throw new UsageError(`unknown requirement '${printable(word)}'${near.startsWith('; did') ? near : seeList}`)
}

/** What is tested by suites that are not those of one surface. */
const scripted: Partial<Readonly<Record<SuiteName, ReadonlySet<string>>>> = {
  wire: wireRequirements,
  plugin: pluginRequirements,
  engine: engineRequirements,
}

const tests = (suite: SuiteName, slug: string): boolean => scripted[suite]?.has(slug) ?? surfaceOf(slug) === suite

interface Selection {
  readonly profile?: readonly string[]
  readonly requirement?: readonly string[]
}

/** @throws UsageError if the suite tests nothing of a profile or a requirement that was named */
export function checkTested(suite: SuiteName, { profile = [], requirement = [] }: Selection): void {
  const { requirements } = loadSpec()
  const check = (what: string, slugs: readonly string[]): void => {
    const able = suites.filter((each) => slugs.some((slug) => tests(each, slug)))
    if (able.includes(suite)) return
    if (able.length > 0) throw new UsageError(`suite ${suite} does not test ${what}; --suite ${able.join(' or ')} does`)
    throw new UsageError(`no suite tests ${what} yet; the suites are ${suites.join(', ')}`)
  }
  for (const slug of requirement) check(`requirement '${slug}'`, [slug])
  for (const name of profile)
    check(
      `profile '${name}'`,
      requirements.filter((each) => each.profile === name).map(({ slug }) => slug),
    )
}

const seeList = "; 'swarmcheck list requirements' names all"

export function caseKindOf(word: string): CaseKind {
  return oneOf('kind of cases', caseKinds, word)
}

export function reporterOf(word: string): Reporter {
  return oneOf('reporter', reporters, word)
}

/** A whole number within bounds. @throws UsageError */
export function integerOf(option: string, least: number, most: number): (word: string) => number {
  return (word) => {
    const number = Number(word)
    if (/^\d{1,16}$/.test(word) && number >= least && number <= most) return number
    throw new UsageError(`${option}: a whole number from ${least} to ${most} was expected, not '${printable(word)}'`)
  }
}

/** A seed, or `random`. */
export function seedOf(word: string): number {
  if (word === 'random') return 1 + Math.floor(Math.random() * 0x7fffffff)
  return integerOf('--seed', 1, maximalSeed)(word)
}

/** `2/5`: the second of five parts. */
export function shardOf(word: string): { readonly index: number; readonly of: number } {
  const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(word) ?? []
  const shard = { index: Number(index), of: Number(of) }
  if (index === undefined || shard.index < 1 || shard.index > shard.of) {
    throw new UsageError(`--shard: a part such as 2/5 was expected, not '${printable(word)}'`)
  }
  return shard
}

/** For options that may be given several times. */
export function collect<Value>(parse: (word: string) => Value): (word: string, before?: Value[]) => Value[] {
  return (word, before = []) => [...before, parse(word)]
}

function printable(word: string): string {
  return JSON.stringify(word.length > 80 ? `${word.slice(0, 80)}…` : word).slice(1, -1)
}

/** A word as a shell takes it. */
export function quote(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
