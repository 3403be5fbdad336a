/**
 * Trace mutation: what one step of a passing run showed is corrupted in one place, and the step layer of the judge has
 * to see it, there or later. A corrupted message is an observation error at its sender alone: it arrives as it was sent.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import type { Surface } from '../../traces/surface.ts'
import type { Allowance } from './trace-mutation/allowance.ts'
import { raftAllowances } from './trace-mutation/raft-allowances.ts'
import { raftRuns } from './trace-mutation/raft-runs.ts'
import { broad, type Fate, type Subject, survey, uniform } from './trace-mutation/survey.ts'
import { swimAllowances } from './trace-mutation/swim-allowances.ts'
import { swimRuns } from './trace-mutation/swim-runs.ts'

interface Part {
  readonly surface: string
  readonly allowances: readonly Allowance[]
  readonly runs: number
  readonly corruptionsOfRun: number
  /** More, for kinds that are rare. */
  readonly rareRuns: number
  readonly rareCorruptionsOfRun: number
  survey(...rest: Parameters<typeof survey> extends [unknown, ...infer Rest] ? Rest : never): void
}

const part = <S extends Surface>(subject: Subject<S>, rest: Omit<Part, 'survey'>): Part => ({
  ...rest,
  survey: (...how) => survey(subject, ...how),
})

const parts = [
  part(raftRuns, {
    surface: 'raft',
    allowances: raftAllowances,
    runs: 25,
    corruptionsOfRun: 400,
    rareRuns: 12,
    rareCorruptionsOfRun: 250,
  }),
  part(swimRuns, {
    surface: 'swim',
    allowances: swimAllowances,
    runs: 25,
    corruptionsOfRun: 120,
    rareRuns: 12,
    rareCorruptionsOfRun: 80,
  }),
]

const total = (fates: readonly Fate[]): { readonly drawn: number; readonly survived: number } => ({
  drawn: fates.reduce((sum, { drawn }) => sum + drawn, 0),
  survived: fates.reduce((sum, { survived }) => sum + survived, 0),
})

describe.each(parts)('corrupted traces of $surface', (subject) => {
  const { allowances, runs, corruptionsOfRun, rareRuns, rareCorruptionsOfRun } = subject
  const allowanceOf = (name: string): Allowance | undefined => allowances.find(({ of }) => of.test(name))
  const isFree = (name: string): boolean => allowanceOf(name)?.free === true
  const isCounted = (name: string): boolean => !isFree(name)
  const fates = new Map<string, Fate>()
  const rareFates = new Map<string, Fate>()

  beforeAll(() => {
    for (let seed = 1; seed <= runs; seed++) subject.survey(seed, corruptionsOfRun, uniform(isCounted), fates)
    for (let seed = 1; seed <= rareRuns; seed++) subject.survey(runs + seed, rareCorruptionsOfRun, broad, rareFates)
  }, 300_000)

  it('are rejected by the step layer', () => {
    const { drawn, survived } = total([...fates].flatMap(([name, fate]) => (isFree(name) ? [] : [fate])))
    const rate = 1 - survived / drawn
    const all = total([...fates.values()])
    console.log(`${drawn} corruptions, ${percent(rate)} rejected; survived: ${survivors(fates, isFree)}`)
    console.log(`${percent(1 - all.survived / all.drawn)} of ${all.drawn} with those that are free`)
    console.log(`of each kind alike, survived: ${survivors(rareFates, isFree)}`)
    expect(drawn).toBe(runs * corruptionsOfRun)
    expect(rate).toBeGreaterThanOrEqual(0.95)
  })

  it('survive only where the protocol allows what they show', () => {
    const holes = [...fates, ...rareFates].filter(
      ([name, { survived }]) => survived > 0 && allowanceOf(name) === undefined,
    )
    expect(
      holes.map(([name, { survived, example }]) => `${name}: ${survived} survived, the first: ${example}`),
    ).toEqual([])
  })
})

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

/** How many of each kind survived, of how many. */
function survivors(fates: ReadonlyMap<string, Fate>, isFree: (name: string) => boolean): string {
  return [...fates]
    .filter(([, { survived }]) => survived > 0)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, { drawn, survived }]) => `${name}${isFree(name) ? ' (free)' : ''} ${survived}/${drawn}`)
    .join(', ')
}
