import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { SurfaceName } from '../../traces/surface.ts'
import { surfaceNames } from '../../traces/surfaces.ts'
import { packageRoot } from '../suites/package-files.ts'
import { loadSpec, parseSpec, surfaceOf } from '../suites/spec.ts'
import { suiteOf } from '../suites/surfaces.ts'

describe('SPEC.md', () => {
  const { requirements, profiles } = loadSpec()

  test.each(surfaceNames)(
    'every requirement of %s is judged, every judged one is written down, of one profile',
    (surface) => {
      const { catalogue } = suiteOf<SurfaceName>(surface)
      const written = requirements.filter(({ slug }) => surfaceOf(slug) === surface)
      expect(written.map(({ slug, profile }) => `${slug} ${profile}`).toSorted()).toEqual(
        catalogue.slugs.map((slug, number) => `${slug} ${catalogue.profiles[number]}`).toSorted(),
      )
    },
  )

  test('every profile of the table has requirements', () => {
    const used = new Set(requirements.map(({ profile }) => profile))
    expect(profiles.map(({ name }) => name).filter((name) => !used.has(name))).toEqual([])
  })

  test('sentences end as sentences do, and sources name a key of the table', () => {
    const text = readFileSync(join(packageRoot, 'SPEC.md'), 'utf8')
    const keys = [...text.matchAll(/^\| \[(\w+)\] \|/gm)].map(([, key]) => key)
    for (const { slug, sentence, source } of requirements) {
      expect(sentence, slug).toMatch(/\.$/)
      expect(source.match(/\[(\w+)\]/)?.[1], slug).toBeOneOf(keys)
    }
  })

  test('slugs that notes and the appendix mention exist', () => {
    const known = new Set(requirements.map(({ slug }) => slug))
    const slugs = new RegExp(`\\b(?:${surfaceNames.join('|')})/[a-z-]*[a-z]`, 'g')
    const mentioned = requirements.flatMap(({ note }) => note.match(slugs) ?? [])
    expect(mentioned.filter((slug) => !known.has(slug) && !['raft/v'].includes(slug))).toEqual([])
  })
})

describe('reading a SPEC', () => {
  const table = '| `raft-core` | The base. |\n\n'
  const entry = '#### raft/a-rule\nMUST · raft-core · since 1 · until 2\n> It holds.\nSource: [Paper]\nNote: Why.\n\n'

  test('an entry has all of its parts', () => {
    expect(parseSpec(table + entry)).toEqual({
      profiles: [{ name: 'raft-core', summary: 'The base.' }],
      requirements: [
        {
          slug: 'raft/a-rule',
          level: 'MUST',
          profile: 'raft-core',
          since: 1,
          until: 2,
          sentence: 'It holds.',
          source: '[Paper]',
          note: 'Why.',
        },
      ],
    })
  })

  test.each([
    ['a second entry of a slug', entry + entry, /SPEC\.md:9: raft\/a-rule stands here for the second time/],
    ['an unknown profile', entry.replace('raft-core', 'raft-cor'), /a profile that the table lacks: raft-cor/],
    ['a missing level', entry.replace('MUST', 'SHALL'), /lacks level, profile and version/],
    ['a missing sentence', entry.replace('> It holds.\n', ''), /lacks its sentence/],
    ['a missing source', entry.replace('Source: [Paper]\n', ''), /lacks its source/],
    ['a heading that is no slug', '#### A rule\n', /is not a slug/],
  ])('%s is refused with its line', (_, text, message) => {
    expect(() => parseSpec(table + text)).toThrow(message)
  })
})
