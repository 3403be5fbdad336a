/** SPEC.md as data. The document is the only place that says what is required; code names requirements by slug. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Level } from '../../traces/report.ts'
import { packageRoot } from './package-files.ts'

/** One testable sentence. */
export interface Requirement {
  /** `raft/one-leader-per-term`: never changed, never used again. */
  readonly slug: string
  readonly level: Level
  readonly profile: string
  /** Version of SPEC.md from which it holds. */
  readonly since: number
  /** Version of SPEC.md up to which it held; null while it does. */
  readonly until: number | null
  readonly sentence: string
  readonly source: string
  readonly note: string
}

/** A named set of requirements that an implementation can claim. */
export interface Profile {
  readonly name: string
  readonly summary: string
}

export interface Spec {
  readonly requirements: readonly Requirement[]
  readonly profiles: readonly Profile[]
}

/** Version of SPEC.md itself. */
export const specVersion = 1

let spec: Spec | undefined

/** What this version of the package requires. */
export function loadSpec(): Spec {
  return (spec ??= parseSpec(readFileSync(join(packageRoot, 'SPEC.md'), 'utf8')))
}

/** The surface of a slug: `raft`. */
export function surfaceOf(slug: string): string {
  return slug.slice(0, slug.indexOf('/'))
}

const head = /^(MUST|SHOULD|MAY) · ([a-z][a-z-]*) · since (\d+)(?: · until (\d+))?$/

/**
 * Reads the entries (`#### slug`) and the table of profiles.
 * @throws Error that names the line of the first thing that is wrong
 */
export function parseSpec(text: string): Spec {
  const lines = text.split(/\r?\n/)
  const profiles = lines.flatMap((line): Profile[] => {
    const row = /^\| `([a-z-]+)` \| (.+) \|$/.exec(line)
    return row === null ? [] : [{ name: row[1]!, summary: row[2]! }]
  })
  const requirements: Requirement[] = []
  const seen = new Set<string>()
  for (const [index, line] of lines.entries()) {
    const slug = /^#### (.+)$/.exec(line)?.[1]
    if (slug === undefined) continue
    const fail = (problem: string): never => {
      throw new Error(`SPEC.md:${index + 1}: ${slug} ${problem}`)
    }
    if (!/^[a-z]+(?:\/[a-z][a-z0-9]*(?:-[a-z0-9]+)*)$/.test(slug)) fail('is not a slug')
    if (seen.has(slug)) fail('stands here for the second time')
    seen.add(slug)
    const entry = entryAt(lines, index + 1)
    const [, level, profile, since, until] = head.exec(entry[0] ?? '') ?? fail('lacks level, profile and version')
    if (!profiles.some(({ name }) => name === profile)) fail(`has a profile that the table lacks: ${profile}`)
    const part = (mark: string): string =>
      entry
        .find((each) => each.startsWith(mark))
        ?.slice(mark.length)
        .trim() ?? ''
    const sentence = part('> ')
    const source = part('Source: ')
    if (sentence === '') fail('lacks its sentence')
    if (source === '') fail('lacks its source')
    requirements.push({
      slug,
      level: level as Level,
      profile: profile!,
      since: Number(since),
      until: until === undefined ? null : Number(until),
      sentence,
      source,
      note: part('Note: '),
    })
  }
  return { requirements, profiles }
}

/** The lines of an entry, up to an empty one. */
function entryAt(lines: readonly string[], from: number): readonly string[] {
  const end = lines.indexOf('', from)
  return lines.slice(from, end < 0 ? lines.length : end)
}
