/**
 * Three lives as state machines that accept: of a task, of a service's virtual address, of a number that two services
 * may publish. An event is what was asked together with where that led; what the rules forbid has no enabled transition.
 */
import { getInitialSnapshot, getNextSnapshot, setup } from 'xstate'
import type { SnapshotFrom } from 'xstate'
import { afterTaskInput, clash, type TaskInput, type TaskStatus } from './rules.ts'
import type { EndpointMode, Port, PublishMode } from './vocabulary.ts'

/** A life: its states, and where each input leads; null where it is refused. */
export interface Life<State extends string = string, Input extends string = string> {
  readonly name: string
  readonly states: readonly State[]
  readonly inputs: readonly Input[]
  after(state: State, input: Input): State | null
}

export interface LifeEvent {
  readonly type: string
  /** Whether it was granted, and the state that was seen then. */
  readonly granted: boolean
  readonly to: string
}

/** Of a task on its node. */
export const taskLife: Life<TaskStatus, TaskInput> = {
  name: 'task',
  states: ['absent', 'starting', 'active', 'draining'],
  inputs: ['start', 'enable', 'disable', 'stop'],
  after: afterTaskInput,
}

export type AddressState = 'absent' | 'addressed' | 'plain'
export type AddressInput = 'create vip' | 'create dnsrr' | 'update vip' | 'update dnsrr' | 'remove'

/** Of a service on one network: addressed only while it is there and asks for it. */
export const addressLife: Life<AddressState, AddressInput> = {
  name: 'address',
  states: ['absent', 'addressed', 'plain'],
  inputs: ['create vip', 'create dnsrr', 'update vip', 'update dnsrr', 'remove'],
  after(state, input) {
    const creates = input.startsWith('create')
    if (creates !== (state === 'absent')) return null
    if (input === 'remove') return 'absent'
    const mode = input.slice(input.indexOf(' ') + 1) as EndpointMode
    return mode === 'vip' ? 'addressed' : 'plain'
  },
}

type Use = PublishMode | 'none'
export type PortState = `${Use} ${Use}`
export type PortInput = `${'first' | 'second'} ${Use}`

const uses: readonly Use[] = ['none', 'ingress', 'host']

const portOf = (use: Use): Port[] =>
  use === 'none' ? [] : [{ protocol: 'tcp', target: 80, published: 8080, mode: use }]
const getOn = (one: Use, other: Use): boolean =>
  portOf(one).every((port) => portOf(other).every((held) => !clash(port, held)))

/** Of one number: what each of two services does with it. */
export const portLife: Life<PortState, PortInput> = {
  name: 'port',
  states: uses.flatMap((one) => uses.filter((other) => getOn(one, other)).map((other): PortState => `${one} ${other}`)),
  inputs: uses.flatMap((use): PortInput[] => [`first ${use}`, `second ${use}`]),
  after(state, input) {
    const [first, second] = state.split(' ') as [Use, Use]
    const [who, use] = input.split(' ') as ['first' | 'second', Use]
    const [one, other] = who === 'first' ? [use, second] : [first, use]
    return getOn(one, other) ? `${one} ${other}` : null
  },
}

export const lives: readonly Life[] = [taskLife, addressLife, portLife]

/** The name of the transition that accepts an event; null if none does. */
export function acceptingTransition(life: Life, state: string, { type, granted, to }: LifeEvent): string | null {
  const next = life.after(state, type)
  const accepted = granted ? next === to : next === null && to === state
  return accepted ? `${life.name} ${state}: ${type}${granted ? '' : ' refused'}` : null
}

/** The machine of a life. */
export const machineOf = (life: Life) =>
  setup({ types: { events: {} as LifeEvent } }).createMachine({
    id: life.name,
    initial: life.states[0]!,
    states: Object.fromEntries(
      life.states.map((state) => [
        state,
        {
          on: Object.fromEntries(
            life.inputs.map((input) => [
              input,
              life.states.map((to) => ({
                target: to,
                guard: ({ event }: { readonly event: LifeEvent }) =>
                  event.to === to && acceptingTransition(life, state, event) !== null,
              })),
            ]),
          ),
        },
      ]),
    ),
  })

export type LifeMachine = ReturnType<typeof machineOf>

export const initialSnapshot = (machine: LifeMachine): SnapshotFrom<LifeMachine> => getInitialSnapshot(machine)

/** The life after an event; the same if no transition accepts it. */
export const nextSnapshot = (
  machine: LifeMachine,
  snapshot: SnapshotFrom<LifeMachine>,
  event: LifeEvent,
): SnapshotFrom<LifeMachine> => getNextSnapshot(machine, snapshot, event)
