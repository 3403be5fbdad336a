/**
 * The life of one endpoint over the layers as a state machine that accepts: an event is something that happened to it in
 * one layer, together with what it is then in all of them; what the rules forbid has no enabled transition.
 */
import { getInitialSnapshot, getNextSnapshot, setup } from 'xstate'
import type { SnapshotFrom } from 'xstate'
import {
  after,
  broken,
  stageOf,
  transitionName,
  unknown,
  type EndpointInput,
  type Layers,
  type Stage,
} from './rules.ts'

export interface EndpointEvent {
  readonly type: EndpointInput
  /** What it was seen to be then. */
  readonly outcome: Stage
}

/** How many others there are to show it, and whether its address rests until none of them does. */
interface Around {
  readonly viewers: number
  readonly barrier: boolean
}

interface EndpointContext extends Around {
  readonly layers: Layers
}

export const inputs: readonly EndpointInput[] = ['allocate', 'publish', 'show', 'hide', 'withdraw', 'release']
const stages: readonly Stage[] = ['absent', 'allocated', 'published', 'visible', 'withdrawn', 'stale', 'released']

/** Whether an input makes sense: nobody hides what he does not show, and so on. */
export function isPossible({ layers, viewers, barrier }: EndpointContext, input: EndpointInput): boolean {
  if (broken(layers, input, barrier) !== null) return false
  if (input === 'show') return layers.held && layers.shown < viewers
  if (input === 'hide') return layers.shown > 0
  if (input === 'publish') return !layers.told
  return input !== 'release' || layers.held
}

const transition = setup({
  types: {
    context: {} as EndpointContext,
    events: {} as EndpointEvent,
    input: {} as Around,
  },
})

const transitions = (input: EndpointInput) =>
  stages.map((target) => ({
    target: `#${target}` as const,
    guard: ({ context, event }: { context: EndpointContext; event: EndpointEvent }): boolean =>
      event.outcome === target && isPossible(context, input) && stageOf(after(context.layers, input)) === target,
    actions: transition.assign(({ context }) => ({ layers: after(context.layers, input) })),
  }))

const state = (id: Stage) => ({
  id,
  on: Object.fromEntries(inputs.map((input) => [input, transitions(input)])) as Record<
    EndpointInput,
    ReturnType<typeof transitions>
  >,
})

export const endpointMachine = transition.createMachine({
  id: 'endpoint',
  initial: 'absent',
  context: ({ input }) => ({ ...input, layers: unknown }),
  states: {
    absent: state('absent'),
    allocated: state('allocated'),
    published: state('published'),
    visible: state('visible'),
    withdrawn: state('withdrawn'),
    stale: state('stale'),
    released: state('released'),
  },
})

export type EndpointSnapshot = SnapshotFrom<typeof endpointMachine>

export const initialSnapshot = (around: Around): EndpointSnapshot => getInitialSnapshot(endpointMachine, around)

/** The endpoint after an event; the same if no transition accepts it. */
export const nextSnapshot = (snapshot: EndpointSnapshot, event: EndpointEvent): EndpointSnapshot =>
  getNextSnapshot(endpointMachine, snapshot, event)

/** The name of the transition that accepts an event; null if none does. */
export function acceptingTransition({ context }: EndpointSnapshot, { type, outcome }: EndpointEvent): string | null {
  const to = stageOf(after(context.layers, type))
  if (!isPossible(context, type) || to !== outcome) return null
  return transitionName(stageOf(context.layers), type, to)
}
