/**
 * Allocators, of which one leads, and the store that they share, as a system: clients ask anybody who takes itself for
 * the leader, writes are stored or lost at any time, and another may lead at any time. So clocks, disks and networks may do
 * what they will; that no address is given twice holds because of the rules.
 *
 * State: a word for the store and the terms, one for each node, one for each client.
 */
import type { Emit, SystemModel, SystemProperty } from '../explorer.ts'
import { lowestFree } from './rules.ts'

/** The rules on which it depends that no address is given twice. */
export interface IpamRules {
  /** Whether an operation may be answered by ok. */
  mayAnswer(stored: boolean): boolean
  /** Whether the store takes a write of a node. */
  mayStore(isLeader: boolean): boolean
  /** What a new leader holds, of what the store holds. */
  restored(stored: number): number
  /** Whether a node decides on an operation. */
  mayDecide(leads: boolean): boolean
  /** The address that is chosen of those that are taken, a bit each; -1 for none. */
  choose(taken: number, addresses: number): number
}

export const ipamRules: IpamRules = {
  mayAnswer: (stored) => stored,
  mayStore: (isLeader) => isLeader,
  restored: (stored) => stored,
  mayDecide: (leads) => leads,
  choose: (taken, addresses) => Number(lowestFree((offset) => (taken & (1 << Number(offset))) !== 0, 0, addresses - 1)),
}

export interface IpamBounds {
  /** From 1 to 3. */
  readonly nodes: number
  /** From 1 to 4. */
  readonly clients: number
  /** From 1 to 3. */
  readonly addresses: number
  /** Most times that another is to lead, from 0 to 6. */
  readonly failovers: number
}

/** One action of the model. Nodes are `n1`, `n2`, …, clients `c1`, `c2`, … */
export type IpamAction =
  | { readonly type: 'ask'; readonly node: string; readonly client: string }
  | { readonly type: 'store' | 'answer' | 'release'; readonly client: string }
  | { readonly type: 'lead'; readonly node: string }
  | { readonly type: 'depose'; readonly node: string }

const Kind = { ask: 0, store: 1, answer: 2, release: 3, lead: 4, depose: 5 } as const

/** The store: what is taken (4 bits), who leads (2), how often another did (4). */
const STORE = 0
const LEADER_SHIFT = 4
const TERMS_SHIFT = 6
const NODES = 1

/** A node: what it holds for taken (4 bits), whether it takes itself for the leader. */
const TAKEN = 15
const LEADS = 16

/** A client: its stage (3 bits), its address (2), the node that it asked (2). */
const IDLE = 0
const ASKED = 1
const STORED = 2
const HOLDS = 3
const GAVE_UP = 4
const STAGE = 7
const ADDRESS_SHIFT = 3
const NODE_SHIFT = 5

export function ipamModel(bounds: IpamBounds, rules: IpamRules = ipamRules): SystemModel<IpamAction> {
  const { nodes, clients, addresses, failovers } = bounds
  const CLIENTS = NODES + nodes
  const words = CLIENTS + clients
  const next = new Int32Array(words)

  const stageOf = (word: number): number => word & STAGE
  const addressOf = (word: number): number => (word >> ADDRESS_SHIFT) & 3
  const nodeOf = (word: number): number => (word >> NODE_SHIFT) & 3
  const leaderOf = (store: number): number => (store >> LEADER_SHIFT) & 3
  const termsOf = (store: number): number => store >> TERMS_SHIFT
  const clientWord = (stage: number, address: number, node: number): number =>
    stage | (address << ADDRESS_SHIFT) | (node << NODE_SHIFT)
  const load = (states: Int32Array, at: number): void => {
    for (let word = 0; word < words; word++) next[word] = states[at + word]!
  }
  const encode = (kind: number, actor: number, client = 0): number => kind | (actor << 3) | (client << 5)

  const decodeAction = (action: number): IpamAction => {
    const node = `n${((action >> 3) & 3) + 1}`
    const client = `c${(action >> 5) + 1}`
    switch (action & 7) {
      case Kind.ask:
        return { type: 'ask', node, client }
      case Kind.store:
        return { type: 'store', client }
      case Kind.answer:
        return { type: 'answer', client }
      case Kind.release:
        return { type: 'release', client }
      case Kind.lead:
        return { type: 'lead', node }
      default:
        return { type: 'depose', node }
    }
  }

  /** No address has two clients that were told that it is theirs. */
  const isUnique = (states: Int32Array, at: number): boolean => {
    let held = 0
    for (let client = 0; client < clients; client++) {
      const word = states[at + CLIENTS + client]!
      if (stageOf(word) !== HOLDS) continue
      const bit = 1 << addressOf(word)
      if ((held & bit) !== 0) return false
      held |= bit
    }
    return true
  }

  const heldAreStored = (states: Int32Array, at: number): boolean => {
    for (let client = 0; client < clients; client++) {
      const word = states[at + CLIENTS + client]!
      if (stageOf(word) === HOLDS && (states[at + STORE]! & (1 << addressOf(word))) === 0) return false
    }
    return true
  }

  const someClient = (states: Int32Array, at: number, holds: (word: number) => boolean): boolean => {
    for (let client = 0; client < clients; client++) if (holds(states[at + CLIENTS + client]!)) return true
    return false
  }

  const twoLead = (states: Int32Array, at: number): boolean => {
    let leading = 0
    for (let node = 0; node < nodes; node++) if ((states[at + NODES + node]! & LEADS) !== 0) leading++
    return leading > 1
  }

  const properties: SystemProperty[] = [
    { name: 'no address is given twice', kind: 'always', holds: isUnique },
    { name: 'what a client holds is stored', kind: 'always', holds: heldAreStored },
    {
      name: 'an address is held',
      kind: 'sometimes',
      holds: (states, at) => someClient(states, at, (word) => stageOf(word) === HOLDS),
    },
    {
      name: 'a client gives up, and what it asked for is stored',
      kind: 'sometimes',
      holds: (states, at) =>
        someClient(
          states,
          at,
          (word) => stageOf(word) === GAVE_UP && (states[at + STORE]! & (1 << addressOf(word))) !== 0,
        ),
    },
    { name: 'two take themselves for the leader', kind: 'sometimes', holds: twoLead },
  ]

  /** Another leads: of the writes of the one before, any may have been in time. */
  const lead = (states: Int32Array, at: number, node: number, emit: Emit): void => {
    const store = states[at + STORE]!
    const before = leaderOf(store)
    for (let kept = 0; kept < 1 << clients; kept++) {
      load(states, at)
      let taken = store & TAKEN
      let possible = true
      for (let client = 0; client < clients; client++) {
        const word = states[at + CLIENTS + client]!
        const stage = stageOf(word)
        if ((kept & (1 << client)) !== 0) {
          if (stage === ASKED && nodeOf(word) === before) taken |= 1 << addressOf(word)
          else possible = false
        }
        // A new term knows nothing of who asked in an earlier one: the answer is never given.
        if ((stage === ASKED || stage === STORED) && nodeOf(word) === node)
          next[CLIENTS + client] = clientWord(GAVE_UP, addressOf(word), node)
      }
      if (!possible) continue
      next[STORE] = taken | (node << LEADER_SHIFT) | ((termsOf(store) + 1) << TERMS_SHIFT)
      next[NODES + node] = LEADS | rules.restored(taken)
      emit(encode(Kind.lead, node))
    }
  }

  /** A node learns that another leads, and answers nothing of what was under way. */
  const depose = (states: Int32Array, at: number, node: number, emit: Emit): void => {
    load(states, at)
    next[NODES + node] = 0
    for (let client = 0; client < clients; client++) {
      const word = states[at + CLIENTS + client]!
      const stage = stageOf(word)
      if ((stage === ASKED || stage === STORED) && nodeOf(word) === node)
        next[CLIENTS + client] = clientWord(GAVE_UP, addressOf(word), node)
    }
    emit(encode(Kind.depose, node))
  }

  const serve = (states: Int32Array, at: number, client: number, emit: Emit): void => {
    const store = states[at + STORE]!
    const word = states[at + CLIENTS + client]!
    const stage = stageOf(word)
    const address = addressOf(word)
    const asked = nodeOf(word)
    if (stage === IDLE) {
      for (let node = 0; node < nodes; node++) {
        const own = states[at + NODES + node]!
        if (!rules.mayDecide((own & LEADS) !== 0)) continue
        const chosen = rules.choose(own & TAKEN, addresses)
        if (chosen < 0) continue
        load(states, at)
        next[NODES + node] = own | (1 << chosen)
        next[CLIENTS + client] = clientWord(ASKED, chosen, node)
        emit(encode(Kind.ask, node, client))
      }
    }
    if (stage === ASKED && rules.mayStore(leaderOf(store) === asked)) {
      load(states, at)
      next[STORE] = store | (1 << address)
      next[CLIENTS + client] = clientWord(STORED, address, asked)
      emit(encode(Kind.store, asked, client))
    }
    if ((stage === ASKED || stage === STORED) && rules.mayAnswer(stage === STORED)) {
      load(states, at)
      next[CLIENTS + client] = clientWord(HOLDS, address, asked)
      emit(encode(Kind.answer, asked, client))
    }
    if (stage === HOLDS) {
      // A release is stored like anything else; it is one step here, at whoever leads in the store.
      const leader = leaderOf(store)
      load(states, at)
      next[STORE] = store & ~(1 << address)
      next[NODES + leader] = states[at + NODES + leader]! & ~(1 << address)
      next[CLIENTS + client] = clientWord(IDLE, 0, 0)
      emit(encode(Kind.release, leader, client))
    }
  }

  return {
    name: `ipam, ${nodes} nodes, ${clients} clients, ${addresses} addresses, ${failovers} failovers`,
    words,
    next,
    properties: nodes > 1 && failovers > 0 ? properties : properties.slice(0, 3),

    initial(emit) {
      next.fill(0)
      next[NODES] = LEADS
      emit(0)
    },

    successors(states, at, emit) {
      const store = states[at + STORE]!
      for (let client = 0; client < clients; client++) serve(states, at, client, emit)
      for (let node = 0; node < nodes; node++) {
        if (termsOf(store) < failovers) lead(states, at, node, emit)
        if (node !== leaderOf(store) && (states[at + NODES + node]! & LEADS) !== 0) depose(states, at, node, emit)
      }
    },

    describe(states, at) {
      const store = states[at + STORE]!
      const set = (taken: number): string =>
        Array.from({ length: addresses }, (_, address) => address)
          .filter((address) => (taken & (1 << address)) !== 0)
          .join(' ') || '-'
      const stages = ['idle', 'asked', 'stored', 'holds', 'gave up']
      return [
        `store ${set(store & TAKEN)}, n${leaderOf(store) + 1} leads`,
        ...Array.from({ length: nodes }, (_, node) => {
          const own = states[at + NODES + node]!
          return `n${node + 1}${(own & LEADS) === 0 ? '' : ' leads'} ${set(own & TAKEN)}`
        }),
        ...Array.from({ length: clients }, (_, client) => {
          const word = states[at + CLIENTS + client]!
          const stage = stageOf(word)
          return `c${client + 1} ${stages[stage]!}${stage === IDLE ? '' : ` ${addressOf(word)} of n${nodeOf(word) + 1}`}`
        }),
      ].join('; ')
    },
    describeAction: (action) => describeAction(decodeAction(action)),
    decodeAction,
  }
}

function describeAction(action: IpamAction): string {
  switch (action.type) {
    case 'ask':
      return `${action.client} asks ${action.node}`
    case 'store':
      return `the request of ${action.client} is stored`
    case 'answer':
      return `${action.client} is answered`
    case 'release':
      return `${action.client} releases`
    case 'lead':
      return `${action.node} is to lead`
    case 'depose':
      return `${action.node} learns that another leads`
  }
}
