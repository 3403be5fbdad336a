/**
 * Model mutation: the rules that machine, judge and system model share are replaced for a while by wrong ones, so that all
 * three share one mistake, and it is seen who finds it.
 */
import { exploreModel, type SystemModel } from '../../../models/explorer.ts'

type Rule = (...given: never[]) => unknown

/** Rules that stand in for the true ones at the moment. */
export type Active = Record<string, Rule | undefined>

/** A module of rules as its importers are to see it: each function asks first whether another stands in for it. */
export function switchable<Rules extends object>(rules: Rules, active: Active): Rules {
  const entries = Object.entries(rules).map(([name, value]: [string, unknown]) => {
    if (typeof value !== 'function') return [name, value] as const
    const own = value as Rule
    return [name, (...given: never[]): unknown => (active[name] ?? own)(...given)] as const
  })
  return Object.fromEntries(entries) as Rules
}

/** One rule of a module, made wrong in one way. */
export interface Mutation<Rules> {
  readonly rule: keyof Rules & string
  readonly as: string
  readonly wrong: Partial<Rules>
  /** What the explorer finds: the first property that does not hold, or is reached no more; null if nothing. */
  readonly explorer: string | null
  /** What the judge, or the machine, blames on the reference, which is right; null if nothing. */
  readonly reference: string | null
  /** A value that is published for the rule differs. */
  readonly vectors?: boolean
  /** Why nobody finds it. */
  readonly reason?: string
}

/** What was found of a mutation, in the words in which it is listed. */
export type Found = Pick<Mutation<never>, 'explorer' | 'reference'> & { readonly vectors: boolean }

/** What is listed of a mutation. */
export const listedOf = <Rules>({ explorer, reference, vectors = false }: Mutation<Rules>): Found => ({
  explorer,
  reference,
  vectors,
})

/** Whether a mutation is found, or else is listed with the reason why it is not. */
export const isExplained = <Rules>({ reason, ...mutation }: Mutation<Rules>): boolean => {
  const { explorer, reference, vectors } = listedOf(mutation)
  return (explorer !== null || reference !== null || vectors) === (reason === undefined)
}

/** What is published of rules: what they answer to what. */
export type Vectors<Rules> = readonly (readonly [
  rule: keyof Rules & string,
  given: readonly unknown[],
  value: unknown,
])[]

/** Whether a rule, as it stands at the moment, answers as published. */
export const answersAsPublished = <Rules extends object>(
  rules: Rules,
  [rule, given, value]: Vectors<Rules>[number],
): boolean => JSON.stringify((rules[rule] as Rule)(...(given as never[]))) === JSON.stringify(value)

/** Who finds a mutation. `blames`: what is blamed on the reference under the rules as they stand at the moment. */
export function findersOf<Rules extends object>(
  { wrong, rule }: Mutation<Rules>,
  active: Active,
  rules: Rules,
  models: readonly (() => SystemModel)[],
  blames: () => string | null,
  vectors: Vectors<Rules>,
): Found {
  Object.assign(active, wrong)
  try {
    const published = vectors.filter(([each]) => each === rule)
    return {
      explorer: firstFailure(models),
      reference: blames(),
      vectors: published.some((each) => !answersAsPublished(rules, each)),
    }
  } finally {
    for (const name of Object.keys(wrong)) active[name] = undefined
  }
}

/** The first property that does not hold, or is reached no more. */
function firstFailure(models: readonly (() => SystemModel)[]): string | null {
  for (const model of models) {
    const { outcome, properties } = exploreModel(model())
    const failed = properties.find(({ verdict }) => verdict === 'violated' || verdict === 'unreachable')
    if (failed !== undefined) return failed.name
    if (outcome !== 'exhausted') throw new Error(`the search of ${model().name} is ${outcome}`)
  }
  return null
}
