/** Settings for networks of three kinds: the defaults of memberlist. [ML] config.go */
import type { SwimOptions } from '../../../models/swim/vocabulary.ts'

const lan: SwimOptions = {
  probeInterval: 1_000,
  probeTimeout: 500,
  indirectChecks: 3,
  suspicionMult: 4,
  suspicionMaxTimeoutMult: 6,
  awarenessMaxMultiplier: 8,
  retransmitMult: 4,
  gossipInterval: 200,
  gossipNodes: 3,
  gossipToTheDead: 30_000,
  pushPullInterval: 30_000,
  streamTimeout: 10_000,
  streamPing: true,
}

export const profiles = {
  local: {
    ...lan,
    indirectChecks: 1,
    retransmitMult: 2,
    suspicionMult: 3,
    pushPullInterval: 15_000,
    probeTimeout: 200,
    gossipInterval: 100,
    gossipToTheDead: 15_000,
    streamTimeout: 1_000,
  },
  lan,
  wan: {
    ...lan,
    suspicionMult: 6,
    pushPullInterval: 60_000,
    probeTimeout: 3_000,
    probeInterval: 5_000,
    gossipNodes: 4,
    gossipInterval: 500,
    gossipToTheDead: 60_000,
    streamTimeout: 30_000,
  },
} satisfies Record<string, SwimOptions>

export type Profile = keyof typeof profiles
