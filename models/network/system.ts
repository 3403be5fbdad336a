/**
 * Tasks on two nodes, the leader that allocates for them, and what the other node shows of each, as a system: news
 * arrives at any time or never, and addresses and VNIs are scarce. That nobody is reached who was not meant holds because
 * of the rules.
 *
 * State: a word for the networks, one for each task. Each task is of a service of its own, and is shown by the other node.
 */
import type { Emit, SystemModel, SystemProperty } from '../explorer.ts'

/** The rules on which it depends. */
export interface NetworkRules {
  /** Whether the address of a task is let go of. */
  mayRelease(task: { readonly stopped: boolean; readonly known: boolean; readonly confirmed: boolean }): boolean
  /** Whether a node takes news of a task, of which it may know that it is gone for good. */
  takesNews(knowsGone: boolean): boolean
  /** Whether a frame is taken in a network, of which it may have the VNI. */
  receives(hasVni: boolean): boolean
  /** Whether a VNI is given to another network, while so many nodes take part in the one that had it. */
  mayReuseVni(members: number): boolean
}

export const networkRules: NetworkRules = {
  mayRelease: ({ stopped, known, confirmed }) => stopped && known && confirmed,
  takesNews: (knowsGone) => !knowsGone,
  receives: (hasVni) => hasVni,
  mayReuseVni: (members) => members === 0,
}

export interface NetworkBounds {
  /** From 1 to 4; of two networks they belong to in turn. */
  readonly tasks: number
  /** From 1 to 3, the same in each network. */
  readonly addresses: number
  /** 1 or 2. */
  readonly networks: number
  /** 1 or 2. With one, the second network waits until the first is gone. */
  readonly vnis: number
}

/** One action of the model. Tasks are `t1`, `t2`, …, nodes `n1` and `n2`. */
export type NetworkAction =
  | {
      readonly type: 'start' | 'stop' | 'learn' | 'confirm' | 'release' | 'hear-start' | 'hear-stop'
      readonly task: string
    }
  | { readonly type: 'remove' | 'create' }
  | { readonly type: 'leave'; readonly node: string }

const kinds = ['start', 'stop', 'learn', 'confirm', 'release', 'hear-start', 'hear-stop'] as const
const REMOVE = 7
const CREATE = 8
const LEAVE = 9

/** A task: its stage (3 bits), address (2), node (1); whether the other node knows that it is gone (1); what it shows (2). */
const IDLE = 0
const RUNS = 1
const STOPPED = 2
const KNOWN = 3
const RELEASED = 4
const STAGE = 7
const ADDRESS_SHIFT = 3
const NODE_BIT = 1 << 5
const CONFIRMED = 1 << 6
const SHOWN = 1 << 7
const TOMBSTONE = 1 << 8

/** Networks: whether the first is being removed, who takes part in it (a bit a node), whether the second is there, its VNI. */
const REMOVING = 1
const MEMBERS_SHIFT = 1
const SECOND = 1 << 3
const SECOND_VNI = 1 << 4

export function networkModel(bounds: NetworkBounds, rules: NetworkRules = networkRules): SystemModel<NetworkAction> {
  const { tasks, addresses, networks, vnis } = bounds
  const words = 1 + tasks
  const next = new Int32Array(words)

  const stageOf = (word: number): number => word & STAGE
  const addressOf = (word: number): number => (word >> ADDRESS_SHIFT) & 3
  const nodeOf = (word: number): number => (word & NODE_BIT) >> 5
  const networkOf = (task: number): number => task % networks
  const isHeld = (word: number): boolean => stageOf(word) !== IDLE && stageOf(word) !== RELEASED
  const isShown = (word: number): boolean => (word & (SHOWN | TOMBSTONE)) === SHOWN
  const vniOf = (net: number, network: number): number => (network === 0 ? 0 : (net & SECOND_VNI) >> 4)
  const membersOf = (net: number): number => (net >> MEMBERS_SHIFT) & 3
  const countMembers = (net: number): number => (membersOf(net) & 1) + (membersOf(net) >> 1)
  const load = (states: Int32Array, at: number): void => {
    for (let word = 0; word < words; word++) next[word] = states[at + word]!
  }
  const encode = (kind: number, of = 0): number => kind | (of << 4)

  const decodeAction = (action: number): NetworkAction => {
    const kind = action & 15
    const of = (action >> 4) + 1
    if (kind === REMOVE) return { type: 'remove' }
    if (kind === CREATE) return { type: 'create' }
    if (kind === LEAVE) return { type: 'leave', node: `n${of}` }
    return { type: kinds[kind]!, task: `t${of}` }
  }

  /** Some pair of tasks of which this holds. */
  const somePair = (
    states: Int32Array,
    at: number,
    holds: (one: number, other: number, task: number, second: number) => boolean,
  ): boolean => {
    for (let task = 0; task < tasks; task++) {
      for (let second = 0; second < tasks; second++) {
        if (task !== second && holds(states[at + 1 + task]!, states[at + 1 + second]!, task, second)) return true
      }
    }
    return false
  }

  const sameAddress = (one: number, other: number): boolean => addressOf(one) === addressOf(other)
  const sameNetwork = (task: number, second: number): boolean => networkOf(task) === networkOf(second)

  /** A connection to a task that is shown ends at another, which has its address where the frame arrives. */
  const isMisled = (states: Int32Array, at: number): boolean =>
    somePair(states, at, (shown, other, task, second) => {
      if (!isShown(shown) || stageOf(other) !== RUNS) return false
      if (!sameAddress(shown, other) || nodeOf(shown) !== nodeOf(other)) return false
      const net = states[at]!
      return rules.receives(vniOf(net, networkOf(task)) === vniOf(net, networkOf(second)))
    })

  const properties: SystemProperty[] = [
    {
      name: 'a connection ends at whom it was meant for, or nobody',
      kind: 'always',
      holds: (s, at) => !isMisled(s, at),
    },
    {
      name: 'no address is held for two',
      kind: 'always',
      holds: (states, at) =>
        !somePair(
          states,
          at,
          (one, other, task, second) =>
            isHeld(one) && isHeld(other) && sameAddress(one, other) && sameNetwork(task, second),
        ),
    },
    {
      name: 'no address is held for one while another is shown with it',
      kind: 'always',
      holds: (states, at) =>
        !somePair(
          states,
          at,
          (shown, other, task, second) =>
            isShown(shown) && isHeld(other) && sameAddress(shown, other) && sameNetwork(task, second),
        ),
    },
    {
      name: 'no node takes part in a network whose VNI another has',
      kind: 'always',
      holds: (states, at) => {
        const net = states[at]!
        return (net & SECOND) === 0 || membersOf(net) === 0 || vniOf(net, 1) !== 0
      },
    },
    {
      name: 'a task is shown that has stopped',
      kind: 'sometimes',
      holds: (states, at) => {
        for (let task = 0; task < tasks; task++) {
          const word = states[at + 1 + task]!
          if (isShown(word) && stageOf(word) !== RUNS) return true
        }
        return false
      },
    },
    {
      name: 'an address is used again',
      kind: 'sometimes',
      holds: (states, at) =>
        somePair(
          states,
          at,
          (one, other, task, second) =>
            stageOf(one) === RELEASED &&
            stageOf(other) === RUNS &&
            sameAddress(one, other) &&
            sameNetwork(task, second),
        ),
    },
    {
      name: 'a second network is there',
      kind: 'sometimes',
      holds: (states, at) => (states[at]! & SECOND) !== 0,
    },
  ]

  const isThere = (net: number, network: number): boolean =>
    network === 0 ? (net & REMOVING) === 0 : (net & SECOND) !== 0

  const isTaken = (states: Int32Array, at: number, address: number, network: number): boolean => {
    for (let task = 0; task < tasks; task++) {
      const word = states[at + 1 + task]!
      if (networkOf(task) === network && isHeld(word) && addressOf(word) === address) return true
    }
    return false
  }

  const start = (states: Int32Array, at: number, task: number, emit: Emit): void => {
    const network = networkOf(task)
    if (!isThere(states[at]!, network)) return
    for (let address = 0; address < addresses; address++) {
      if (isTaken(states, at, address, network)) continue
      for (const node of [0, NODE_BIT]) {
        load(states, at)
        next[1 + task] = RUNS | (address << ADDRESS_SHIFT) | node
        emit(encode(0, task))
      }
    }
  }

  const change = (states: Int32Array, at: number, kind: number, task: number, word: number, emit: Emit): void => {
    if (word === states[at + 1 + task]!) return
    load(states, at)
    next[1 + task] = word
    emit(encode(kind, task))
  }

  const live = (states: Int32Array, at: number, task: number, emit: Emit): void => {
    const word = states[at + 1 + task]!
    const stage = stageOf(word)
    const isTold = stage !== IDLE
    const to = (kind: number, changed: number): void => change(states, at, kind, task, changed, emit)
    if (stage === RUNS) to(1, word - RUNS + STOPPED)
    // The leader learns that it has stopped, and then tells the other node that it is gone for good.
    if (stage === STOPPED) to(2, word - STOPPED + KNOWN)
    if (stage === KNOWN) to(3, word | CONFIRMED | TOMBSTONE)
    const layers = { stopped: stage > RUNS, known: stage === KNOWN, confirmed: (word & CONFIRMED) !== 0 }
    if (isHeld(word) && rules.mayRelease(layers)) to(4, word - stage + RELEASED)
    // What was told once may arrive at any time, and again; the deletion is the newer.
    if (isTold && (word & TOMBSTONE) === 0 && rules.takesNews((word & CONFIRMED) !== 0)) to(5, word | SHOWN)
    if (stage > RUNS) to(6, word | TOMBSTONE)
  }

  return {
    name: `network, ${tasks} tasks, ${addresses} addresses, ${networks} networks, ${vnis} VNIs`,
    words,
    next,
    properties: networks > 1 ? properties : properties.slice(0, -1).filter(({ name }) => !name.includes('VNI')),

    initial(emit) {
      next.fill(0)
      next[0] = 3 << MEMBERS_SHIFT
      emit(0)
    },

    successors(states, at, emit) {
      const net = states[at]!
      let isUsed = false
      for (let task = 0; task < tasks; task++) {
        const word = states[at + 1 + task]!
        if (networkOf(task) === 0 && isHeld(word)) isUsed = true
        if (stageOf(word) === IDLE) start(states, at, task, emit)
        else live(states, at, task, emit)
      }
      if (networks === 1) return
      const become = (kind: number, word: number, of = 0): void => {
        load(states, at)
        next[0] = word
        emit(encode(kind, of))
      }
      if ((net & REMOVING) === 0 && !isUsed) become(REMOVE, net | REMOVING)
      for (const node of [0, 1]) {
        const member = 1 << (MEMBERS_SHIFT + node)
        if ((net & REMOVING) !== 0 && (net & member) !== 0) become(LEAVE, net & ~member, node)
      }
      if ((net & SECOND) !== 0) return
      if ((net & REMOVING) !== 0 && rules.mayReuseVni(countMembers(net))) become(CREATE, net | SECOND)
      else if (vnis > 1) become(CREATE, net | SECOND | SECOND_VNI)
    },

    describe(states, at) {
      const net = states[at]!
      const stages = ['idle', 'runs', 'stopped', 'known to have stopped', 'released']
      const second = (net & SECOND) === 0 ? 'no second network' : `second network, VNI ${vniOf(net, 1)}`
      return [
        `first network${(net & REMOVING) === 0 ? '' : ', going'}, ${countMembers(net)} members; ${second}`,
        ...Array.from({ length: tasks }, (_, task) => {
          const word = states[at + 1 + task]!
          if (stageOf(word) === IDLE) return `t${task + 1} idle`
          const shown = isShown(word) ? ', shown' : (word & TOMBSTONE) === 0 ? '' : ', known to be gone'
          return `t${task + 1} ${stages[stageOf(word)]!} on n${nodeOf(word) + 1} at ${addressOf(word)}${shown}`
        }),
      ].join('; ')
    },
    describeAction: (action) => describeAction(decodeAction(action)),
    decodeAction,
  }
}

function describeAction(action: NetworkAction): string {
  switch (action.type) {
    case 'start':
      return `${action.task} starts`
    case 'stop':
      return `${action.task} stops`
    case 'learn':
      return `the leader learns that ${action.task} has stopped`
    case 'confirm':
      return `the other node confirms that ${action.task} is gone`
    case 'release':
      return `the address of ${action.task} is let go of`
    case 'hear-start':
      return `the other node hears of ${action.task}`
    case 'hear-stop':
      return `the other node hears that ${action.task} is gone`
    case 'remove':
      return 'the first network is removed'
    case 'create':
      return 'the second network is created'
    case 'leave':
      return `${action.node} leaves the first network`
  }
}
