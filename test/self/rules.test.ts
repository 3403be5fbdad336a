/** The rules of the house: what may import what, and that no folder which must be deterministic has a clock. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packageRoot } from '../suites/package-files.ts'

interface Import {
  readonly file: string
  /** Path from the root of the package, or the name of a package. */
  readonly of: string
  /** Whether only types are imported. */
  readonly typesOnly: boolean
}

function sources(folder: string): string[] {
  return readdirSync(join(packageRoot, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : sources(path)
    return /\.m?ts$/.test(entry.name) ? [path] : []
  })
}

const statement = /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm
const dynamic = /\bimport\(\s*'([^']+)'\s*\)/g

function importsOf(file: string, text: string): Import[] {
  const resolve = (name: string): string => (name.startsWith('.') ? relative('.', join(dirname(file), name)) : name)
  return [
    ...[...text.matchAll(statement)].map(([, type, name]) => ({
      file,
      of: resolve(name!),
      typesOnly: type !== undefined,
    })),
    ...[...text.matchAll(dynamic)].map(([, name]) => ({ file, of: resolve(name!), typesOnly: false })),
  ]
}

interface Rule {
  readonly name: string
  /** Files that it is about. */
  readonly within: RegExp
  /** What they must not import. */
  readonly forbidden: (imported: Import) => boolean
}

const ours = /^(?:models|properties|impl|traces|test|cli\.ts|index\.ts|vitest\.ts)\b/
const only =
  (allowed: RegExp) =>
  ({ of }: Import): boolean =>
    ours.test(of) && !allowed.test(of)

const rules: readonly Rule[] = [
  { name: 'models know nothing of the others', within: /^models\//, forbidden: only(/^models\//) },
  { name: 'properties know models', within: /^properties\//, forbidden: only(/^(?:properties|models)\//) },
  {
    name: 'impl takes only types from models',
    within: /^impl\//,
    forbidden: (imported) =>
      only(/^(?:impl|models)\//)(imported) || (imported.of.startsWith('models/') && !imported.typesOnly),
  },
  {
    name: 'the contract knows no implementation',
    within: /^impl\/contract\//,
    forbidden: only(/^(?:impl\/contract|models)\//),
  },
  {
    name: 'the reference knows neither the simulator nor its judges',
    within: /^impl\/reference\//,
    forbidden: only(/^(?:impl\/(?:reference|contract)|models)\//),
  },
  {
    name: 'traces know no particular implementation',
    within: /^traces\//,
    forbidden: only(/^(?:traces|models|properties|impl\/contract|impl\/sim)\//),
  },
  {
    name: 'what is shipped imports neither vitest nor the tests of Swarmcheck itself',
    within: /^(?:cli\.ts|index\.ts|test\/suites\/|models|properties|impl|traces)/,
    forbidden: ({ of }) => of === 'vitest' || of.startsWith('vitest/') || /^test\/(?:self|mutants|bench)\//.test(of),
  },
]

function violations(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([file, text]) =>
    importsOf(file, text).flatMap((imported) =>
      rules
        .filter((rule) => rule.within.test(file) && rule.forbidden(imported))
        .map((rule) => `${file} imports ${imported.of}: ${rule.name}`),
    ),
  )
}

describe('what may import what', () => {
  test('everybody keeps to it', () => {
    const files = ['models', 'properties', 'impl', 'traces', 'test'].flatMap(sources)
    const texts = [...files, 'cli.ts', 'index.ts', 'vitest.ts'].map(
      (file) => [file, readFileSync(join(packageRoot, file), 'utf8')] as const,
    )
    expect(texts.length).toBeGreaterThan(80)
    expect(violations(new Map(texts))).toEqual([])
  })

  test.each([
    ['models/raft/x.ts', "import { a } from '../../properties/judge.ts'"],
    ['properties/x.ts', "import type { A } from '../impl/contract/raft.ts'"],
    ['impl/reference/raft/x.ts', "import { b } from '../../../models/raft/rules.ts'"],
    ['impl/reference/raft/x.ts', "import { b } from '../../sim/disk.ts'"],
    ['impl/contract/x.ts', "import { b } from '../reference/raft/session.ts'"],
    ['traces/x.ts', "export {\n  b,\n  c,\n} from '../impl/reference/raft/session.ts'"],
    ['traces/x.ts', "const { b } = await import('../test/suites/suite.ts')"],
    ['test/suites/x.ts', "import { b } from '../self/ping-pong.ts'"],
    ['index.ts', "import { test } from 'vitest'"],
  ])('%s must not %s', (file, text) => {
    expect(violations(new Map([[file, text]]))).toHaveLength(1)
  })

  test.each([
    ['properties/x.ts', "import { a } from '../models/raft/rules.ts'"],
    ['impl/reference/raft/x.ts', "import type { A } from '../../../models/raft/vocabulary.ts'"],
    ['traces/x.ts', "import { b } from '../impl/sim/disk.ts'"],
    ['vitest.ts', "import { test } from 'vitest'"],
  ])('%s may %s', (file, text) => {
    expect(violations(new Map([[file, text]]))).toEqual([])
  })
})

describe('the lint rule for determinism', () => {
  const lint = (folder: string, line: string): string => {
    const root = mkdtempSync(join(tmpdir(), 'swarmcheck-rules-'))
    try {
      mkdirSync(join(root, folder), { recursive: true })
      writeFileSync(join(root, '.oxlintrc.json'), readFileSync(join(packageRoot, '.oxlintrc.json')))
      writeFileSync(join(root, folder, 'planted.ts'), `${line}\n`)
      const binary = join(packageRoot, 'node_modules', 'oxlint', 'bin', 'oxlint')
      return execFileSync(process.execPath, [binary, '.'], { cwd: root, encoding: 'utf8', stdio: 'pipe' })
    } catch (error) {
      return (error as { stdout?: string }).stdout ?? ''
    } finally {
      rmSync(root, { recursive: true })
    }
  }

  test.each(['models', 'properties/raft', 'impl/reference/raft', 'impl/sim', 'traces/run'])('guards %s', (folder) => {
    const planted = [
      'export const now = Date.now()',
      'export const random = Math.random()',
      'export const elapsed = performance.now()',
      'setTimeout(() => {}, 1)',
      'export const ticks = process.hrtime.bigint()',
    ]
    const found = lint(folder, planted.join('\n'))
    expect(found.match(/no-restricted-(?:globals|properties)/g)).toHaveLength(planted.length)
  })

  test('leaves the doors alone', () => {
    expect(lint('test/suites', 'export const now = Date.now()')).not.toContain('no-restricted')
  })
})
