/**
 * The reference with all of its mutants in it: small changes of its code, each behind a switch that is set while it
 * runs. Stryker's instrumenter finds them; what it makes is compiled to a folder of its own.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Instrumenter } from '@stryker-mutator/instrumenter'
import { packageRoot } from '../../suites/package-files.ts'

export interface Mutant {
  readonly id: string
  /** Of the source, from 1. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** The line as it is. */
  readonly text: string
  /** What kind of change it is, by Stryker's names. */
  readonly operator: string
  readonly original: string
  readonly replacement: string
}

export interface Instrumented {
  readonly mutants: readonly Mutant[]
  /** Folder of the reference that counts which mutants a run comes past. */
  readonly counting: string
  /** Folder of the same without the counters. */
  readonly plain: string
}

/** Not mutated: the bytes of messages between real nodes, which have no part in virtual time and tests of their own. */
const left = new Set(['codec.ts'])

const folder = 'impl/reference/raft'
/** What the reference uses besides, as it is. */
const store = 'impl/reference/store'

/** Counters that the instrumenter puts in. */
const counter = /stryCov_9fa48\((?:"\d+"(?:, )?)+\)/g

type Logger = ConstructorParameters<typeof Instrumenter>[0]

/** Nothing that the instrumenter says matters here but its errors, which it throws. */
const silent = new Proxy({}, { get: () => () => false }) as Logger

export async function instrument(target: string): Promise<Instrumented> {
  const files = readdirSync(join(packageRoot, folder))
    .filter((file) => file.endsWith('.ts') && !left.has(file))
    .map((file) => ({ name: join(packageRoot, folder, file), content: read(join(folder, file)), mutate: true }))
  const { files: made, mutants } = await new Instrumenter(silent).instrument(files, {
    plugins: null,
    excludedMutations: [],
    ignorers: [],
  })
  const sources = new Map(files.map(({ name, content }) => [name, content]))
  const build = (name: string, change: (code: string) => string): string => {
    const root = join(target, name)
    for (const each of made) write(join(root, 'source', relative(each.name)), change(each.content))
    for (const each of readdirSync(join(packageRoot, store)))
      write(join(root, 'source', store, each), read(join(store, each)))
    compile(root)
    return join(root, 'built', folder)
  }
  return {
    mutants: mutants.map(({ id, fileName, location, mutatorName, replacement }) => {
      const file = relative(fileName).slice(folder.length + 1)
      const source = sources.get(fileName)!
      const original = cut(source, location)
      const { line, column } = location.start
      const text = source.split('\n')[line]!.trim()
      return { id, file, line: line + 1, column: column + 1, text, operator: mutatorName, original, replacement }
    }),
    counting: build('counting', (code) => code),
    plain: build('plain', (code) => code.replaceAll(counter, '0')),
  }
}

const read = (path: string): string => readFileSync(join(packageRoot, path), 'utf8')
const relative = (path: string): string => path.slice(packageRoot.length).replace(/^[/\\]/, '')

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** Types of the mutated code do not fit, and need not. */
function compile(root: string): void {
  const compilerOptions = {
    target: 'es2023',
    module: 'nodenext',
    types: [],
    rootDir: 'source',
    outDir: 'built',
    noCheck: true,
    rewriteRelativeImportExtensions: true,
    verbatimModuleSyntax: true,
  }
  write(join(root, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['source'] }))
  write(join(root, 'package.json'), JSON.stringify({ type: 'module' }))
  const compiler = join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc')
  execFileSync(process.execPath, [compiler, '-p', root], { stdio: 'inherit' })
}

interface Place {
  readonly line: number
  readonly column: number
}

function cut(text: string, { start, end }: { readonly start: Place; readonly end: Place }): string {
  const lines = text.split('\n').slice(start.line, end.line + 1)
  lines[lines.length - 1] = lines.at(-1)!.slice(0, end.column)
  lines[0] = lines[0]!.slice(start.column)
  return lines.join('\n')
}
