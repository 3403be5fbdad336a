/**
 * Nodes on one network, the tasks of a service, and what each node holds of each, as a system: tasks start, are disabled and
 * end, nodes come and go, and whatever a node holds another may learn of it at any time, or never. So gossip may be as slow
 * as it will; what nobody may ever name follows from the rules.
 *
 * State: a word of which nodes are on the network and what went wrong, and one for each task: its stage, and what each node
 * holds of it.
 */
import type { Emit, SystemModel, SystemProperty } from '../explorer.ts'

/** What is held of a task: nothing, its record, its record disabled, or that it is gone. Its stage has the same values. */
export const held = { nothing: 0, enabled: 1, disabled: 2, gone: 3 } as const

/** The rules on which it depends what nodes may name. */
export interface DiscoveryRules {
  /** Whether what is told takes the place of what is held. */
  takes(before: number, told: number): boolean
  /** Whether a node that is not on the network takes anything of it. */
  takesOutside: boolean
  /** What a node holds of another's task when it leaves the network. */
  afterLeaving(before: number): number
  /** What the owner shows when its task is told to end. */
  afterDrain: number
}

export const discoveryRules: DiscoveryRules = {
  takes: (before, told) => told > before,
  takesOutside: false,
  afterLeaving: () => held.nothing,
  afterDrain: held.disabled,
}

export interface DiscoveryBounds {
  /** From 2 to 4. */
  readonly nodes: number
  /** From 1 to 3; task i is of node i, and again from the first. */
  readonly tasks: number
}

/** One action of the model. Nodes are `n1`, `n2`, …, tasks `t1`, `t2`, … */
export type DiscoveryAction =
  | { readonly type: 'start' | 'drain' | 'end'; readonly task: string }
  | { readonly type: 'join' | 'leave'; readonly node: string }
  | { readonly type: 'tell'; readonly from: string; readonly to: string; readonly task: string }

const kinds = ['start', 'drain', 'end', 'join', 'leave', 'tell'] as const
/** In the first word, above a bit for each node. */
const RELAPSED = 1 << 8

export function discoveryModel(
  { nodes, tasks }: DiscoveryBounds,
  rules: DiscoveryRules = discoveryRules,
): SystemModel<DiscoveryAction> {
  const words = 1 + tasks
  const next = new Int32Array(words)

  const ownerOf = (task: number): number => task % nodes
  const stageOf = (word: number): number => word & 3
  const heldBy = (word: number, node: number): number => (word >> (2 + 2 * node)) & 3
  const withStage = (word: number, stage: number): number => (word & ~3) | stage
  const withHeld = (word: number, node: number, value: number): number =>
    (word & ~(3 << (2 + 2 * node))) | (value << (2 + 2 * node))
  const isOn = (word: number, node: number): boolean => (word & (1 << node)) !== 0
  const load = (states: Int32Array, at: number): void => {
    for (let word = 0; word < words; word++) next[word] = states[at + word]!
  }
  const encode = (kind: number, one: number, two = 0, three = 0): number =>
    kind | (one << 3) | (two << 5) | (three << 7)

  const some = (
    states: Int32Array,
    at: number,
    holds: (word: number, node: number, task: number) => boolean,
  ): boolean => {
    for (let task = 0; task < tasks; task++)
      for (let node = 0; node < nodes; node++) if (holds(states[at + 1 + task]!, node, task)) return true
    return false
  }
  const names = (word: number, node: number): boolean => heldBy(word, node) === held.enabled

  const properties: SystemProperty[] = [
    {
      name: 'nobody names what its owner never showed',
      kind: 'always',
      holds: (states, at) => !some(states, at, (word, node) => names(word, node) && stageOf(word) === held.nothing),
    },
    {
      name: 'nobody outside of the network holds anything of it',
      kind: 'always',
      holds: (states, at) =>
        !some(states, at, (word, node) => !isOn(states[at]!, node) && heldBy(word, node) !== held.nothing),
    },
    {
      name: 'what was disabled is not enabled again',
      kind: 'always',
      holds: (states, at) => (states[at]! & RELAPSED) === 0,
    },
    {
      name: 'an owner names no task that ends',
      kind: 'always',
      holds: (states, at) =>
        !some(
          states,
          at,
          (word, node, task) => node === ownerOf(task) && names(word, node) && stageOf(word) > held.enabled,
        ),
    },
    {
      name: 'a task is named that is gone',
      kind: 'sometimes',
      holds: (states, at) => some(states, at, (word, node) => names(word, node) && stageOf(word) === held.gone),
    },
    {
      name: 'two nodes name different tasks',
      kind: 'sometimes',
      holds: (states, at) =>
        some(states, at, (word, node) =>
          Array.from({ length: nodes }, (_, other) => other).some(
            (other) => isOn(states[at]!, node) && isOn(states[at]!, other) && names(word, node) !== names(word, other),
          ),
        ),
    },
    {
      name: 'a service has ended, and nobody names it',
      kind: 'sometimes',
      holds: (states, at) => !some(states, at, (word, node) => names(word, node) || stageOf(word) !== held.gone),
    },
  ]

  /** The node holds another value; a value that is enabled again is remembered. */
  const put = (task: number, node: number, value: number): void => {
    const word = next[1 + task]!
    if (heldBy(word, node) >= held.disabled && value === held.enabled) next[0] = next[0]! | RELAPSED
    next[1 + task] = withHeld(word, node, value)
  }

  const live = (states: Int32Array, at: number, task: number, emit: Emit): void => {
    const word = states[at + 1 + task]!
    const owner = ownerOf(task)
    const stage = stageOf(word)
    const go = (kind: number, to: number, shown: number): void => {
      load(states, at)
      next[1 + task] = withStage(word, to)
      put(task, owner, shown)
      emit(encode(kind, task))
    }
    if (!isOn(states[at]!, owner)) return
    if (stage === held.nothing) go(0, held.enabled, held.enabled)
    if (stage === held.enabled) go(1, held.disabled, rules.afterDrain)
    if (stage === held.enabled || stage === held.disabled) go(2, held.gone, held.gone)
  }

  const move = (states: Int32Array, at: number, node: number, emit: Emit): void => {
    const isThere = isOn(states[at]!, node)
    for (let task = 0; task < tasks; task++) {
      const stage = stageOf(states[at + 1 + task]!)
      // Who has tasks stays.
      if (isThere && ownerOf(task) === node && stage !== held.nothing && stage !== held.gone) return
    }
    load(states, at)
    next[0] = states[at]! ^ (1 << node)
    if (isThere) {
      for (let task = 0; task < tasks; task++)
        next[1 + task] = withHeld(next[1 + task]!, node, rules.afterLeaving(heldBy(next[1 + task]!, node)))
    }
    emit(encode(isThere ? 4 : 3, node))
  }

  const tell = (states: Int32Array, at: number, from: number, to: number, task: number, emit: Emit): void => {
    const word = states[at + 1 + task]!
    const told = heldBy(word, from)
    const before = heldBy(word, to)
    if (told === held.nothing || told === before || to === ownerOf(task)) return
    if (!rules.takes(before, told) || !(rules.takesOutside || isOn(states[at]!, to))) return
    load(states, at)
    put(task, to, told)
    emit(encode(5, from, to, task))
  }

  const decodeAction = (action: number): DiscoveryAction => {
    const type = kinds[action & 7]!
    const [one, two, three] = [(action >> 3) & 3, (action >> 5) & 3, (action >> 7) & 3]
    if (type === 'tell') return { type, from: `n${one + 1}`, to: `n${two + 1}`, task: `t${three + 1}` }
    return type === 'join' || type === 'leave' ? { type, node: `n${one + 1}` } : { type, task: `t${one + 1}` }
  }

  return {
    name: `discovery, ${nodes} nodes, ${tasks} tasks`,
    words,
    next,
    properties,

    initial(emit) {
      next.fill(0)
      next[0] = (1 << nodes) - 1
      emit(0)
    },

    successors(states, at, emit) {
      for (let task = 0; task < tasks; task++) {
        live(states, at, task, emit)
        for (let from = 0; from < nodes; from++)
          for (let to = 0; to < nodes; to++) if (from !== to) tell(states, at, from, to, task, emit)
      }
      for (let node = 0; node < nodes; node++) move(states, at, node, emit)
    },

    describe(states, at) {
      const words = ['-', 'enabled', 'disabled', 'gone']
      const on = Array.from({ length: nodes }, (_, node) => node).filter((node) => isOn(states[at]!, node))
      return [
        `on the network ${on.map((node) => `n${node + 1}`).join(' ')}`,
        ...Array.from({ length: tasks }, (_, task) => {
          const word = states[at + 1 + task]!
          const seen = Array.from({ length: nodes }, (_, node) => words[heldBy(word, node)]!).join(' ')
          return `t${task + 1} ${words[stageOf(word)]!}, held ${seen}`
        }),
      ].join('; ')
    },
    describeAction: (action) => describeAction(decodeAction(action)),
    decodeAction,
  }
}

function describeAction(action: DiscoveryAction): string {
  switch (action.type) {
    case 'start':
      return `${action.task} starts`
    case 'drain':
      return `${action.task} is told to end`
    case 'end':
      return `${action.task} is gone`
    case 'join':
      return `${action.node} comes to the network`
    case 'leave':
      return `${action.node} leaves the network`
    case 'tell':
      return `${action.to} learns of ${action.task} from ${action.from}`
  }
}
