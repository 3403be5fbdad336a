/**
 * Breadth-first search of a system model: every reachable state, or as many as the bounds allow.
 *
 * A state is a fixed number of int32 words. Visited states lie in an open-addressing Int32Array, so that a look-up
 * costs one cache miss; the queue is the list of states in the order in which they were found. A counterexample is a
 * shortest path: the parents are kept, and the actions between them are found again by asking the model.
 */

/** Hands over the state that the model has just written to `model.next`; `action` says what led there. */
export type Emit = (action: number) => void

/** `always` must hold in every reachable state; `sometimes` must hold in at least one. */
export interface SystemProperty {
  readonly name: string
  readonly kind: 'always' | 'sometimes'
  /** Reads the state that starts at `states[at]`. */
  holds(states: Int32Array, at: number): boolean
}

/** Initial states, what can happen in a state, and what must hold: over packed states, without allocation. */
export interface SystemModel<Action = unknown> {
  readonly name: string
  /** Number of int32 words of a state. */
  readonly words: number
  /** Where the model writes a state before it calls `emit`. */
  readonly next: Int32Array
  readonly properties: readonly SystemProperty[]
  /** Emits every initial state; the action is ignored. */
  initial(emit: Emit): void
  /** Emits every successor of the state that starts at `states[at]`. A step that changes nothing is no step. */
  successors(states: Int32Array, at: number, emit: Emit): void
  /** The state in words that a person can read. */
  describe(states: Int32Array, at: number): string
  describeAction(action: number): string
  /** The action as data, for whoever drives an implementation along a path. */
  decodeAction(action: number): Action
}

export interface Bounds {
  /** Most distinct states to visit; unbounded if absent. */
  readonly states?: number | undefined
  /** Most steps from an initial state; unbounded if absent. */
  readonly depth?: number | undefined
  /** Stop as soon as every property is violated or reached, though states may be left. */
  readonly untilDecided?: boolean | undefined
}

export interface Progress {
  /** Different states found so far. */
  readonly distinct: number
  /** States found so far, each as often as it was found. */
  readonly generated: number
  /** Steps from an initial state to the states being expanded. */
  readonly depth: number
  /** States that were found and not yet expanded. */
  readonly queued: number
}

export interface PathStep<Action = unknown> {
  /** What was done; null for the initial state. */
  readonly action: Action | null
  readonly description: string
  /** The state that it led to. */
  readonly state: string
}

export interface PropertyResult<Action = unknown> {
  readonly name: string
  readonly kind: 'always' | 'sometimes'
  /** `always`: holds or violated; `sometimes`: reached or unreachable; `unknown` where the search was cut short. */
  readonly verdict: 'holds' | 'violated' | 'reached' | 'unreachable' | 'unknown'
  /** A shortest path to the violation or the situation, beginning with the initial state. */
  readonly path: readonly PathStep<Action>[] | null
}

export interface Exploration<Action = unknown> {
  readonly model: string
  /**
   * `exhausted`: every reachable state was visited. `bounded`: a bound cut states off. `violated`: stopped at the
   * first violation. `decided`: stopped because nothing was left to decide.
   */
  readonly outcome: 'exhausted' | 'bounded' | 'violated' | 'decided'
  readonly distinct: number
  readonly generated: number
  /** Greatest number of steps from an initial state to a state that was found. */
  readonly depth: number
  readonly properties: readonly PropertyResult<Action>[]
}

/** How many expanded states lie between two reports of progress. */
const PROGRESS_INTERVAL = 1 << 16

/** Searches `model` breadth first until all is seen, a bound cuts states off, or an `always` property is violated. */
export function exploreModel<Action>(
  model: SystemModel<Action>,
  bounds: Bounds = {},
  onProgress?: (progress: Progress) => void,
): Exploration<Action> {
  const { words, next, properties } = model
  const mostDepth = bounds.depth ?? Infinity
  const visited = new VisitedStates(words)
  const witnesses: number[] = properties.map(() => -1)
  let undecided = [...properties.keys()]
  let mostStates = bounds.states ?? Infinity
  let checked = 0
  let generated = 0
  let current = -1
  let stop: Exploration['outcome'] | null = null

  const check = (id: number): void => {
    for (const index of undecided) {
      const property = properties[index]!
      const always = property.kind === 'always'
      if (property.holds(visited.states, id * words) === always) continue
      witnesses[index] = id
      undecided = undecided.filter((other) => other !== index)
      if (always) stop = 'violated'
      else if (undecided.length === 0 && bounds.untilDecided === true) stop ??= 'decided'
    }
  }

  const settle = (): void => {
    visited.settle(mostStates)
    for (; checked < visited.size; checked++) check(checked)
    if (visited.cutOff) stop ??= 'bounded'
  }

  const emit: Emit = () => {
    generated++
    if (visited.offer(next, current)) settle()
  }

  model.initial(emit)
  settle()
  let depth = 0
  let levelEnd = visited.size
  // States of the last level are expanded only to learn whether anything lies beyond it.
  if (depth === mostDepth) mostStates = Math.min(mostStates, levelEnd)
  for (current = 0; stop === null; current++) {
    if (current === levelEnd) {
      settle()
      if (current === visited.size || stop !== null) break
      depth++
      levelEnd = visited.size
      if (depth === mostDepth) mostStates = Math.min(mostStates, levelEnd)
    }
    model.successors(visited.states, current * words, emit)
    if (onProgress !== undefined && (current + 1) % PROGRESS_INTERVAL === 0)
      onProgress({ distinct: visited.size, generated, depth, queued: visited.size - current - 1 })
  }

  const outcome = stop ?? 'exhausted'
  return {
    model: model.name,
    outcome,
    distinct: visited.size,
    generated,
    depth: visited.size > levelEnd ? depth + 1 : depth,
    properties: properties.map(({ name, kind }, index) => {
      const witness = witnesses[index]!
      const path = witness < 0 ? null : pathTo(model, visited, witness)
      return { name, kind, verdict: verdictOf(kind, path !== null, outcome), path }
    }),
  }
}

function verdictOf(
  kind: SystemProperty['kind'],
  witnessed: boolean,
  outcome: Exploration['outcome'],
): PropertyResult['verdict'] {
  if (witnessed) return kind === 'always' ? 'violated' : 'reached'
  if (outcome !== 'exhausted') return 'unknown'
  return kind === 'always' ? 'holds' : 'unreachable'
}

/** The states from an initial one to `last`, and what led from each to the next: asked of the model again. */
function pathTo<Action>(
  model: SystemModel<Action>,
  { states, parents }: VisitedStates,
  last: number,
): PathStep<Action>[] {
  const { words, next } = model
  const path: PathStep<Action>[] = []
  for (let id = last; id >= 0; id = parents[id]!) {
    const parent = parents[id]!
    const state = model.describe(states, id * words)
    if (parent < 0) {
      path.push({ action: null, description: 'initial state', state })
      break
    }
    let taken = -1
    model.successors(states, parent * words, (action) => {
      if (taken < 0 && equalWords(next, 0, states, id * words, words)) taken = action
    })
    path.push({ action: model.decodeAction(taken), description: model.describeAction(taken), state })
  }
  return path.reverse()
}

function equalWords(a: Int32Array, atA: number, b: Int32Array, atB: number, words: number): boolean {
  for (let k = 0; k < words; k++) if (a[atA + k] !== b[atB + k]) return false
  return true
}

/** How many offered states are looked up together. */
const BATCH = 128

/**
 * The states that were visited, numbered in the order of their arrival.
 *
 * A look-up in a large table waits for memory. States are therefore gathered, their slots are all touched, so that the
 * waits overlap, and only then are they compared.
 */
class VisitedStates {
  readonly words: number
  size = 0
  /** All states, one after another. */
  states: Int32Array
  /** The state from which each was first reached, -1 for an initial one. */
  parents: Int32Array
  /** Whether a new state was refused because there were too many. */
  cutOff = false
  /** Slots of one state each, its first word raised by one: so 0 means empty, and -1 cannot be a first word. */
  private table: Int32Array
  /** A state is looked for from slot hash >>> shift on: the table keeps the order of the hashes. */
  private shift: number
  private readonly offered: Int32Array
  private readonly offeredFrom = new Int32Array(BATCH)
  private readonly slots = new Int32Array(BATCH)
  private waiting = 0
  /** Keeps the engine from dropping the reads that touch the slots. */
  touched = 0

  constructor(words: number) {
    const bits = 12
    this.words = words
    this.states = new Int32Array(words << bits)
    this.parents = new Int32Array(1 << bits)
    this.table = new Int32Array(words << bits)
    this.shift = 32 - bits
    this.offered = new Int32Array(BATCH * words)
  }

  /** Takes a copy of the state; answers whether it is time to settle. */
  offer(state: Int32Array, parent: number): boolean {
    const { words, offered, waiting } = this
    const at = waiting * words
    offered[at] = state[0]! + 1
    for (let k = 1; k < words; k++) offered[at + k] = state[k]!
    this.offeredFrom[waiting] = parent
    this.waiting = waiting + 1
    return waiting + 1 === BATCH
  }

  /** Adds those offered states that are new, while there are fewer than `most`. */
  settle(most: number): void {
    this.reserve(this.waiting)
    const { words, offered, offeredFrom, slots, table, states, parents, shift, waiting } = this
    let touched = 0
    for (let i = 0; i < waiting; i++) slots[i] = (hashWords(offered, i * words, words) >>> shift) * words
    for (let i = 0; i < waiting; i++) touched ^= table[slots[i]!]!
    this.touched ^= touched
    let size = this.size
    for (let i = 0; i < waiting; i++) {
      const from = i * words
      let at = slots[i]!
      for (;;) {
        if (table[at] === 0) {
          if (size >= most) {
            this.cutOff = true
            break
          }
          const to = size * words
          for (let k = 0; k < words; k++) states[to + k] = table[at + k] = offered[from + k]!
          states[to]! -= 1
          parents[size++] = offeredFrom[i]!
          break
        }
        let k = 0
        while (k < words && table[at + k] === offered[from + k]) k++
        if (k === words) break
        at += words
        if (at === table.length) at = 0
      }
    }
    this.size = size
    this.waiting = 0
  }

  /** Makes room for so many more states, and keeps a quarter of the slots empty. */
  private reserve(more: number): void {
    const { words } = this
    const size = this.size + more
    if (size > this.parents.length) {
      this.parents = grown(this.parents)
      this.states = grown(this.states)
    }
    const slots = 2 ** (32 - this.shift)
    if (size * 4 <= slots * 3) return
    const old = this.table
    const table = new Int32Array(old.length * 2)
    const shift = this.shift - 1
    // In the order of the slots, which is that of the hashes: both tables are walked from end to end.
    for (let from = 0; from < old.length; from += words) {
      if (old[from] === 0) continue
      let at = (hashWords(old, from, words) >>> shift) * words
      while (table[at] !== 0) {
        at += words
        if (at === table.length) at = 0
      }
      for (let k = 0; k < words; k++) table[at + k] = old[from + k]!
    }
    this.table = table
    this.shift = shift
  }
}

/** Every bit of the state reaches every bit of the hash, so that neighbouring states do not cluster. */
function hashWords(words: Int32Array, at: number, count: number): number {
  let hash = 0x9e3779b9
  for (let k = 0; k < count; k++) {
    hash = Math.imul(hash ^ words[at + k]!, 0x85ebca6b)
    hash ^= hash >>> 15
  }
  hash = Math.imul(hash, 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

function grown(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2)
  larger.set(array)
  return larger
}
