/** Copies of a judge in the middle of a run: each judges on from there, and the others do not notice. */

const isConstant = (value: object): boolean => Object.isFrozen(value) || 'previousTerm' in value

/**
 * A copy of everything that can be reached from `value` and may still change: what is frozen (recorded events) and
 * records of entries, which stand for themselves, are shared.
 */
export function fork<Value>(value: Value, copies = new Map<object, unknown>()): Value {
  if (typeof value !== 'object' || value === null || isConstant(value)) return value
  const known = copies.get(value)
  if (known !== undefined) return known as Value
  return copyOf(value, copies) as Value
}

function copyOf(value: object, copies: Map<object, unknown>): unknown {
  if (ArrayBuffer.isView(value)) {
    const copy = (value as Float64Array).slice()
    copies.set(value, copy)
    return copy
  }
  if (Array.isArray(value)) {
    const copy: unknown[] = []
    copies.set(value, copy)
    for (const each of value) copy.push(fork(each, copies))
    return copy
  }
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>()
    copies.set(value, copy)
    for (const [key, each] of value) copy.set(key, fork(each, copies))
    return copy
  }
  if (value instanceof Set) {
    const copy = new Set<unknown>(value)
    copies.set(value, copy)
    return copy
  }
  const copy = Object.create(Object.getPrototypeOf(value) as object) as Record<string, unknown>
  copies.set(value, copy)
  for (const [key, each] of Object.entries(value)) copy[key] = fork(each, copies)
  return copy
}

/** Freezes all that can be reached, so that forks share it. */
export function freeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const each of Object.values(value)) freeze(each)
  return value
}
