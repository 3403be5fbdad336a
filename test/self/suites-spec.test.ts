import { describe, expect, test } from 'vitest'
import type { Catalogue } from '../../properties/catalogue.ts'
import { catalogue as balancing } from '../../properties/balancing/requirements.ts'
import { catalogue as ipam } from '../../properties/ipam/requirements.ts'
import { catalogue as networkdb } from '../../properties/networkdb/requirements.ts'
import { catalogue as raft } from '../../properties/raft/requirements.ts'
import { catalogue as swim } from '../../properties/swim/requirements.ts'
import { loadSpec, parseSpec, surfaceOf } from '../suites/spec.ts'

describe('SPEC.md', () => {
  const { requirements, profiles } = loadSpec()

  test.each<[string, Catalogue]>([
    ['raft', raft],
    ['swim', swim],
    ['ipam', ipam],
    ['networkdb', networkdb],
    ['balancing', balancing],
  ])('every requirement of %s is judged, every judged one is written down, of one profile', (surface, catalogue) => {
    const written = requirements.filter(({ slug }) => surfaceOf(slug) === surface)
    expect(written.map(({ slug, profile }) => `${slug} ${profile}`).toSorted()).toEqual(
      catalogue.slugs.map((slug, number) => `${slug} ${catalogue.profiles[number]}`).toSorted(),
    )
  })

  test('every profile of the table has requirements', () => {
    const used = new Set(requirements.map(({ profile }) => profile))
    expect(profiles.map(({ name }) => name).filter((name) => !used.has(name))).toEqual([])
  })

  test('sentences end as sentences do, and sources name a key of the table', () => {
    for (const { slug, sentence, source } of requirements) {
      expect(sentence, slug).toMatch(/\.$/)
      expect(source, slug).toMatch(
        /\[(Paper|Dissertation|TLA|ER|SK|Ongaro2015|Protocol|SWIM|Lifeguard|ML|IPAM|API|SKA|SKC|SKX|LN|IPVS|UCP|RFC|ND|Serf)\]/,
      )
    }
  })

  test('slugs that notes and the appendix mention exist', () => {
    const known = new Set(requirements.map(({ slug }) => slug))
    const mentioned = requirements.flatMap(
      ({ note }) => note.match(/\b(?:raft|swim|ipam|networkdb|balancing)\/[a-z-]*[a-z]/g) ?? [],
    )
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
