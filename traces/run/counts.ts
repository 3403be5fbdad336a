/** Counts by name. */
export function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** As a plain object, by name in order; names without any are left out. */
export function toCounts(counts: ReadonlyMap<string, number>): Record<string, number> {
  const entries = [...counts].filter(([, count]) => count > 0)
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)))
}
