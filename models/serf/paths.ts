/** Paths through the machine of a member. */
import { pathsThrough } from '../member-paths.ts'
import { heldTime, inputsTo, outcomeOf, subjectStart, type SubjectInput, type SubjectStart } from './member.ts'

export interface SerfPath {
  readonly surface: 'serf'
  readonly name: string
  readonly steps: readonly SubjectInput[]
}

/** Times stand only for their order, so that a situation is the same whatever they are, but for the first. */
const keyOf = (at: SubjectStart): string =>
  [at.status, heldTime(at) === 0 ? 'fresh' : 'known', at.buffered, at.pruning ? 'pruning' : 'staying'].join(' ')

const through = () => pathsThrough<SubjectStart, SubjectInput>({ start: subjectStart, inputsTo, outcomeOf, keyOf })

/** All paths; none is the beginning of another. */
export const serfPaths = (): SerfPath[] =>
  through().map((edges, number) => ({
    surface: 'serf',
    name: `member path ${number + 1}`,
    steps: edges.map(({ input }) => input),
  }))

/** Names of all transitions that can be taken. */
export const transitionNames = (): string[] =>
  [...new Set(through().flatMap((edges) => edges.map(({ transition }) => transition)))].sort()
