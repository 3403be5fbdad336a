/** The requirements that a judge decides, numbered, so that counting how often each was put to the test costs nothing. */

/** How deep a requirement is judged: at one step of one member, over all members, by what clients saw, or in time. */
export type Layer = 'step' | 'state' | 'history' | 'liveness'

export const allLayers: readonly Layer[] = ['step', 'state', 'history', 'liveness']

export interface Catalogue<Name extends string = string> {
  /** Number of each requirement. */
  readonly numbers: Readonly<Record<Name, number>>
  /** Slug, profile and layer of each requirement by number. */
  readonly slugs: readonly string[]
  readonly profiles: readonly string[]
  readonly layers: readonly Layer[]
}

/**
 * @param slugs slug of SPEC.md by the name that code uses
 * @param base the profile of those that no other profile names
 * @param profiles requirements by profile
 * @param layers layer of each requirement that is not judged at a step
 */
export function catalogueOf<Name extends string>(
  slugs: Readonly<Record<Name, string>>,
  base: string,
  profiles: Readonly<Record<string, readonly Name[]>>,
  layers: Readonly<Partial<Record<Name, Layer>>>,
): Catalogue<Name> {
  const names = Object.keys(slugs) as Name[]
  const profileOf = (name: Name): string =>
    Object.keys(profiles).find((profile) => profiles[profile]!.includes(name)) ?? base
  return {
    numbers: Object.fromEntries(names.map((name, number) => [name, number])) as Record<Name, number>,
    slugs: names.map((name) => slugs[name]),
    profiles: names.map(profileOf),
    layers: names.map((name) => layers[name] ?? 'step'),
  }
}
