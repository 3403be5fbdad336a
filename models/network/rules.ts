/**
 * The rules of an endpoint's life over the layers, pure, so that the machine, the judge and the system model can share
 * them: what the allocator holds for a task, what its node tells of it, and who shows that.
 */

/** What is known of one endpoint. */
export interface Layers {
  /** Its address is allocated, and was so at some time. */
  readonly held: boolean
  readonly wasHeld: boolean
  /** Its own node tells of it, and did so at some time. */
  readonly told: boolean
  readonly wasTold: boolean
  /** How many other nodes show it. */
  readonly shown: number
}

export const unknown: Layers = { held: false, wasHeld: false, told: false, wasTold: false, shown: 0 }

export type EndpointInput = 'allocate' | 'publish' | 'show' | 'hide' | 'withdraw' | 'release'

export type Stage = 'absent' | 'allocated' | 'published' | 'visible' | 'withdrawn' | 'stale' | 'released'

/** `stale`: shown, although its node tells of it no more. */
export function stageOf({ held, wasHeld, told, wasTold, shown }: Layers): Stage {
  if (!wasHeld) return 'absent'
  if (!held) return 'released'
  if (told) return shown > 0 ? 'visible' : 'published'
  if (!wasTold) return 'allocated'
  return shown > 0 ? 'stale' : 'withdrawn'
}

export type EndpointRule =
  | 'allocatedOnce'
  | 'publishesAllocated'
  | 'showsPublished'
  | 'withdrawsPublished'
  | 'releasesWithdrawn'
  | 'outlivesViews'

/** What an input breaks; null where it is allowed. `barrier`: an address rests until nobody shows it. [SKA] doTaskAlloc */
export function broken(at: Layers, input: EndpointInput, barrier: boolean): EndpointRule | null {
  switch (input) {
    case 'allocate':
      return at.wasHeld ? 'allocatedOnce' : null
    case 'publish':
      return at.held ? null : 'publishesAllocated'
    case 'show':
      return at.wasTold ? null : 'showsPublished'
    case 'hide':
      return null
    case 'withdraw':
      return at.told ? null : 'withdrawsPublished'
    case 'release':
      if (at.told) return 'releasesWithdrawn'
      return barrier && at.shown > 0 ? 'outlivesViews' : null
  }
}

/** The endpoint after an input. */
export function after(at: Layers, input: EndpointInput): Layers {
  switch (input) {
    case 'allocate':
      return { ...at, held: true, wasHeld: true }
    case 'publish':
      return { ...at, told: true, wasTold: true }
    case 'show':
      return { ...at, shown: at.shown + 1 }
    case 'hide':
      return { ...at, shown: Math.max(0, at.shown - 1) }
    case 'withdraw':
      return { ...at, told: false }
    case 'release':
      return { ...at, held: false }
  }
}

/** How a transition is called. */
export const transitionName = (from: Stage, input: EndpointInput, to: Stage): string => `${from}: ${input}: ${to}`
