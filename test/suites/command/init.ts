/** `swarmcheck init`: first files for whoever begins. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { packageRoot } from '../package-files.ts'
import { writeFiles } from './files.ts'
import { oneOf } from './options.ts'
import { exits, UsageError, type Terminal } from './terminal.ts'

interface Snippet {
  readonly description: string
  /** File to write, in the current folder. */
  readonly file: string
  readonly content: () => string
  /** What to do next, a line each. */
  readonly next: readonly string[]
}

const workflow = `name: conformance
on: [push, pull_request]
jobs:
  swarmcheck:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 20
      - run: npx swarmcheck run --adapter './my-adapter' --reporter github --reporter html --out swarmcheck-out
      - uses: actions/upload-artifact@v4
        if: failure()
        with:
          name: swarmcheck
          path: swarmcheck-out
`

const vitestFile = `import { defineConformance } from 'swarmcheck/vitest'
import { createReference } from 'swarmcheck'

// One test per requirement. Put your own implementation in the reference's place.
defineConformance(createReference())
`

const expectations = `[
  {
    "requirement": "raft/one-leader-per-term",
    "reason": "an example: say why it is known to fail",
    "link": ""
  }
]
`

const example = (path: string): string => readFileSync(join(packageRoot, 'impl', 'examples', path), 'utf8')

export const snippets: Readonly<Record<string, Snippet>> = {
  adapter: {
    description: 'a skeleton of an adapter in Python, which speaks the protocol and knows no Raft yet',
    file: 'swarmcheck-adapter.py',
    content: () => example('skeleton/adapter.py'),
    next: [
      "npx swarmcheck run --suite adapter --adapter 'python3 swarmcheck-adapter.py'",
      "npx swarmcheck run --adapter 'python3 swarmcheck-adapter.py'",
    ],
  },
  github: {
    description: 'a workflow for GitHub',
    file: '.github/workflows/conformance.yml',
    content: () => workflow,
    next: ["put your adapter's command in the place of ./my-adapter"],
  },
  vitest: {
    description: 'a test file for vitest',
    file: 'conformance.test.ts',
    content: () => vitestFile,
    next: ['npx vitest run conformance.test.ts'],
  },
  expect: {
    description: 'a list of known failures',
    file: 'swarmcheck-expect.json',
    content: () => expectations,
    next: ['npx swarmcheck run --expect swarmcheck-expect.json'],
  },
}

export function init(
  what: string | undefined,
  { force = false }: { readonly force?: boolean },
  { out }: Terminal,
): number {
  if (what === undefined) {
    for (const [name, { description, file }] of Object.entries(snippets)) {
      out.write(`${name.padEnd(8)}  ${file}: ${description}\n`)
    }
    return exits.conformant
  }
  const { file, content, next } = snippets[oneOf('file to begin with', Object.keys(snippets), what)]!
  if (existsSync(file) && !force) throw new UsageError(`${file} is there already; --force overwrites it`)
  const folder = dirname(file)
  writeFiles(folder, { [file.slice(folder === '.' ? 0 : folder.length + 1)]: content() })
  out.write(`wrote ${file}\n${next.map((line) => `  ${line}\n`).join('')}`)
  return exits.conformant
}
