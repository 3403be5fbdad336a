/**
 * Linearizability of a key-value history, key by key (Herlihy and Wing 1990, locality; the search is that of Wing and
 * Gong 1993 with Lowe's memory of visited configurations, 2017).
 */

/** One operation on one key, in harness time. */
export interface KeyOperation {
  readonly id: number
  readonly type: 'put' | 'get' | 'compare-and-set'
  /** What a put or a successful compare-and-set writes. */
  readonly value: string
  /** What a compare-and-set expects. */
  readonly expect: string | null
  readonly invoked: number
  /** Infinity where no answer came: it may take effect at any time after `invoked`, or never. */
  returned: number
  /** What a get saw, or whether a compare-and-set succeeded (`'true'`, `'false'`); undefined where unknown. */
  result: string | null | undefined
}

export type Outcome =
  { readonly ok: true } | { readonly ok: false; readonly stuck: readonly KeyOperation[] } | 'unknown'

/** Most configurations that a search visits before it gives up as unknown. */
const LIMIT = 500_000

/** Operations whose effect nobody can have seen need not be placed: dropping them keeps the search small. */
function relevant(operations: readonly KeyOperation[]): KeyOperation[] {
  const seen = new Set<string | null>()
  for (const each of operations) {
    if (each.type === 'get' && each.result !== undefined) seen.add(each.result)
    if (each.type === 'compare-and-set') seen.add(each.expect)
  }
  // A compare-and-set that failed has seen that some write, of whatever value, replaced the one that it expected.
  const failed = operations.some((each) => each.type === 'compare-and-set' && each.result === 'false')
  return operations.filter((each) => {
    if (each.returned !== Infinity) return true
    return each.type !== 'get' && (failed || seen.has(each.value))
  })
}

interface Applied {
  readonly fits: boolean
  readonly value: string | null
}

function apply(operation: KeyOperation, value: string | null): Applied {
  switch (operation.type) {
    case 'put':
      return { fits: true, value: operation.value }
    case 'get':
      return { fits: operation.result === undefined || operation.result === value, value }
    case 'compare-and-set': {
      const succeeds = operation.expect === value
      const fits = operation.result === undefined || operation.result === String(succeeds)
      return { fits, value: succeeds ? operation.value : value }
    }
  }
}

/** Searches an order of one key's operations that a single register allows, starting from absent (null). */
export function checkKey(all: readonly KeyOperation[]): Outcome {
  const operations = relevant(all).sort((left, right) => left.invoked - right.invoked || left.id - right.id)
  const count = operations.length
  const done = new Uint8Array(count)
  const visited = new Set<string>()
  let remaining = operations.filter((each) => each.returned !== Infinity).length
  let value: string | null = null
  let first = 0
  const path: { readonly at: number; readonly valueBefore: string | null; readonly firstBefore: number }[] = []
  let furthest = -1
  let stuck: readonly KeyOperation[] = []
  let visits = 0
  let from = 0

  while (remaining > 0) {
    // Candidates: invoked before the earliest return among what is not yet placed.
    let deadline = Infinity
    for (let at = first; at < count; at++) {
      const each = operations[at]!
      if (each.invoked > deadline) break
      if (done[at] === 0 && each.returned < deadline) deadline = each.returned
    }
    let placed = false
    for (let at = Math.max(first, from); at < count; at++) {
      const each = operations[at]!
      if (each.invoked > deadline) break
      if (done[at] === 1) continue
      const applied = apply(each, value)
      if (!applied.fits) continue
      done[at] = 1
      let firstAfter = first
      while (firstAfter < count && done[firstAfter] === 1) firstAfter++
      const key = configurationKey(done, firstAfter, count, deadline, operations, applied.value)
      if (visited.has(key)) {
        done[at] = 0
        continue
      }
      visited.add(key)
      if (++visits > LIMIT) return 'unknown'
      path.push({ at, valueBefore: value, firstBefore: first })
      value = applied.value
      first = firstAfter
      if (each.returned !== Infinity) remaining--
      placed = true
      from = 0
      break
    }
    if (placed) continue
    if (path.length > furthest) {
      furthest = path.length
      stuck = operations.filter((each, at) => done[at] === 0 && each.invoked <= deadline)
    }
    const last = path.pop()
    if (last === undefined) return { ok: false, stuck }
    done[last.at] = 0
    if (operations[last.at]!.returned !== Infinity) remaining++
    value = last.valueBefore
    first = last.firstBefore
    from = last.at + 1
  }
  return { ok: true }
}

/** Which operations are placed, and the value: what is before `first` is placed, so only the window needs bits. */
function configurationKey(
  done: Uint8Array,
  first: number,
  count: number,
  deadline: number,
  operations: readonly KeyOperation[],
  value: string | null,
): string {
  let key = `${first}:`
  for (let at = first; at < count; at++) {
    if (done[at] === 1) key += `${at},`
    else if (operations[at]!.invoked > deadline) break
  }
  return `${key}=${value === null ? '' : `"${value}"`}`
}

export function describeOperation(key: string, operation: KeyOperation): string {
  const times = `[${operation.invoked}, ${operation.returned === Infinity ? '∞' : operation.returned}] ms`
  switch (operation.type) {
    case 'put':
      return `put ${key}=${operation.value} ${times}`
    case 'get':
      return `get ${key} → ${operation.result === undefined ? '?' : (operation.result ?? 'absent')} ${times}`
    case 'compare-and-set':
      return `compare-and-set ${key} ${operation.expect ?? 'absent'}→${operation.value} → ${operation.result ?? '?'} ${times}`
  }
}
