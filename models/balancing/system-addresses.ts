/** Addresses of services that come and go, of which nodes hear late: what becomes of who connects to one. */
import type { Emit, SystemModel, SystemProperty } from '../explorer.ts'

export interface AddressBounds {
  /** Addresses that there are, and services that are made in all. */
  readonly addresses: number
  readonly services: number
}

export interface AddressRules {
  /** The address of a new service, of a set of those that are taken, behind the one that was given last; -1 for none. */
  choose(taken: number, addresses: number, last: number): number
}

export const addressRules: AddressRules = {
  choose(taken, addresses, last) {
    for (let step = 1; step <= addresses; step++) {
      const address = (last + step) % addresses
      if ((taken & (1 << address)) === 0) return address
    }
    return -1
  },
}

export type AddressAction =
  | { readonly type: 'creates' | 'removes'; readonly service: string }
  | { readonly type: 'hears'; readonly node: string }
  | { readonly type: 'resolves' | 'connects'; readonly node: string }

const NODES = 2
const kinds = ['creates', 'removes', 'hears', 'resolves', 'connects'] as const
const encode = (kind: (typeof kinds)[number], which: number): number => kinds.indexOf(kind) | (which << 3)

// A word for the manager: by address the service that has it (3 bits each), then how many were made, and the last
// address. A word a node: by address what it has set up. The last word: stage, the service that a client means, the
// address that it was told, and the service that has answered.
const MANAGER = 0
const VIEWS = 1
const CLIENT = VIEWS + NODES
const LAST = 12
const MADE = 16
const TABLE = (1 << LAST) - 1
const ownerOf = (word: number, address: number): number => (word >> (3 * address)) & 7
const madeOf = (word: number): number => (word >> MADE) & 7
const lastOf = (word: number): number => (word >> LAST) & 7

const serviceName = (service: number): string => `service ${service}`
const nodeName = (node: number): string => `n${node + 1}`

/** One name after the other is a new service: all have names of their own. */
export function addressModel(
  { addresses, services }: AddressBounds,
  rules: AddressRules = addressRules,
): SystemModel<AddressAction> {
  const words = CLIENT + 1
  const next = new Int32Array(words)
  const load = (states: Int32Array, at: number): void => {
    for (let word = 0; word < words; word++) next[word] = states[at + word]!
  }
  const takenIn = (word: number): number => {
    let taken = 0
    for (let address = 0; address < addresses; address++) if (ownerOf(word, address) !== 0) taken |= 1 << address
    return taken
  }
  const stageOf = (client: number): number => client & 3
  const meantBy = (client: number): number => (client >> 2) & 7
  const toldTo = (client: number): number => (client >> 5) & 7
  const answeredBy = (client: number): number => (client >> 8) & 7

  const properties: SystemProperty[] = [
    {
      name: 'who connects to a service reaches no other',
      kind: 'always',
      holds: (states, at) => {
        const client = states[at + CLIENT]!
        return stageOf(client) !== 2 || answeredBy(client) === 0 || answeredBy(client) === meantBy(client)
      },
    },
    {
      name: 'who connects is answered',
      kind: 'sometimes',
      holds: (states, at) => stageOf(states[at + CLIENT]!) === 2 && answeredBy(states[at + CLIENT]!) !== 0,
    },
  ]

  const manage = (states: Int32Array, at: number, emit: Emit): void => {
    const word = states[at]!
    const made = madeOf(word)
    const address = rules.choose(takenIn(word), addresses, lastOf(word))
    if (made < services && address >= 0) {
      load(states, at)
      next[MANAGER] =
        (word & TABLE & ~(7 << (3 * address))) |
        ((made + 1) << (3 * address)) |
        (address << LAST) |
        ((made + 1) << MADE)
      emit(encode('creates', made + 1))
    }
    for (let each = 0; each < addresses; each++) {
      if (ownerOf(word, each) === 0) continue
      load(states, at)
      next[MANAGER] = word & ~(7 << (3 * each))
      emit(encode('removes', ownerOf(word, each)))
    }
  }

  return {
    name: `addresses, ${addresses} of them, ${services} services`,
    words,
    next,
    properties,
    initial(emit) {
      next.fill(0)
      next[MANAGER] = (addresses - 1) << LAST
      emit(0)
    },
    successors(states, at, emit) {
      manage(states, at, emit)
      const client = states[at + CLIENT]!
      for (let node = 0; node < NODES; node++) {
        const table = states[at + MANAGER]! & TABLE
        const view = states[at + VIEWS + node]!
        if (view !== table) {
          load(states, at)
          next[VIEWS + node] = table
          emit(encode('hears', node))
        }
        // A client is told an address at one node, and connects at the other.
        for (let address = 0; address < addresses && stageOf(client) === 0; address++) {
          if (ownerOf(view, address) === 0) continue
          load(states, at)
          next[CLIENT] = 1 | (ownerOf(view, address) << 2) | (address << 5)
          emit(encode('resolves', node))
        }
        if (stageOf(client) !== 1) continue
        load(states, at)
        next[CLIENT] = 2 | (meantBy(client) << 2) | (toldTo(client) << 5) | (ownerOf(view, toldTo(client)) << 8)
        emit(encode('connects', node))
      }
    },
    describe(states, at) {
      const tableOf = (word: number): string =>
        Array.from({ length: addresses }, (_, address) => ownerOf(word, address) || '-').join(' ')
      const client = states[at + CLIENT]!
      const stages = [
        'no client',
        `means ${meantBy(client)}`,
        `meant ${meantBy(client)}, reached ${answeredBy(client)}`,
      ]
      return [
        `manager ${tableOf(states[at + MANAGER]!)}`,
        ...Array.from({ length: NODES }, (_, node) => `${nodeName(node)} ${tableOf(states[at + VIEWS + node]!)}`),
        stages[stageOf(client)]!,
      ].join('; ')
    },
    describeAction: (action) => describeAddressAction(decode(action)),
    decodeAction: decode,
  }
}

function decode(action: number): AddressAction {
  const type = kinds[action & 7]!
  const which = action >> 3
  if (type === 'creates' || type === 'removes') return { type, service: serviceName(which) }
  return { type, node: nodeName(which) }
}

const describeAddressAction = (action: AddressAction): string =>
  'service' in action ? `${action.service}: ${action.type}` : `${action.node} ${action.type}`
