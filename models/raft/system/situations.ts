/**
 * Rare situations that are worth driving an implementation into, each with a shortest path found by the explorer.
 * The paths are plans: what an implementation does otherwise, and may, is for whoever drives it to take up.
 */
import { exploreModel, type Bounds, type SystemModel, type SystemProperty } from '../../explorer.ts'
import * as raftRules from '../rules.ts'
import { withoutExchanges, type SystemAction } from './actions.ts'
import { electionModel } from './election.ts'
import { membershipModel } from './membership.ts'
import {
  APPEND_BEHIND_SNAPSHOT,
  committedOf,
  LEADER,
  lengthOf,
  logOf,
  matchOf,
  replicationModel,
  roleOf,
  SNAPSHOT_BEHIND_APPEND,
  termAt,
  termOf,
} from './replication.ts'

/** A situation, and how to get there from three blank members. */
export interface Situation {
  readonly name: string
  /** Why it is worth a visit. */
  readonly description: string
  readonly actions: readonly SystemAction[]
}

const MEMBERS = 3
const EVERYBODY = 0b111

const sometimes = (name: string, holds: SystemProperty['holds']): SystemProperty => ({ name, kind: 'sometimes', holds })

/** The last two entries of two logs, at the same indexes, are of different terms. */
const divergedTwoDeep = sometimes('logs diverged two deep', (states, at) => {
  for (let a = 0; a < MEMBERS; a++) {
    for (let b = a + 1; b < MEMBERS; b++) {
      const first = logOf(states[at + a]!)
      const second = logOf(states[at + b]!)
      if (lengthOf(first) < 2 || lengthOf(second) < 2) continue
      if (termAt(first, 1) !== termAt(second, 1) && termAt(first, 2) !== termAt(second, 2)) return true
    }
  }
  return false
})

/** A leader has brought an entry of an older term to a majority, and a member with a newer entry could still erase it. */
const olderTermOnMajority = sometimes('an older-term entry on a majority', (states, at) => {
  if (committedOf(states[at + MEMBERS]!) !== 0) return false
  for (let node = 0; node < MEMBERS; node++) {
    const leader = states[at + node]!
    const entry = termAt(logOf(leader), 1)
    if (roleOf(leader) !== LEADER || entry === 0 || entry === termOf(leader)) continue
    let holders = 0
    let rivals = 0
    for (let other = 0; other < MEMBERS; other++) {
      const own = termAt(logOf(states[at + other]!), 1)
      if (own === entry) holders |= 1 << other
      if (own > entry) rivals |= 1 << other
    }
    if (rivals !== 0 && raftRules.isQuorum(holders, EVERYBODY, 0)) return true
  }
  return false
})

/** A member met snapshot and append in the wrong order, while its leader had heard nothing from it. */
const race = (name: string, flag: number): SystemProperty =>
  sometimes(name, (states, at) => {
    for (let node = 0; node < MEMBERS; node++) {
      if ((states[at + node]! & flag) === 0) continue
      for (let other = 0; other < MEMBERS; other++) {
        const leader = states[at + other]!
        if (roleOf(leader) === LEADER && matchOf(leader, node) === 0) return true
      }
    }
    return false
  })

interface Plan {
  readonly name: string
  readonly description: string
  readonly model: () => SystemModel<SystemAction>
}

const replication = (
  property: SystemProperty,
  bounds: { terms: number; entries: number; snapshots?: boolean },
): (() => SystemModel<SystemAction>) => {
  return () => replicationModel({ crashes: 0, ...bounds }, [property])
}

const PLANS: readonly Plan[] = [
  {
    name: 'split vote',
    description: 'every member is a candidate of one term, and nobody can win it',
    model: () => electionModel({ terms: 1, crash: false }),
  },
  {
    name: 'two live leaders',
    description: 'a leader has not yet heard that another was elected in a newer term',
    model: () => electionModel({ terms: 2, crash: false }),
  },
  {
    name: 'logs diverged two deep',
    description: 'two members hold different entries at both of the last two indexes: one log must be cut back by two',
    model: replication(divergedTwoDeep, { terms: 2, entries: 2 }),
  },
  {
    name: 'an older-term entry on a majority',
    description:
      'figure 8 of the paper: the entry may not be committed by counting, since a rival could still erase it',
    model: replication(olderTermOnMajority, { terms: 3, entries: 1 }),
  },
  {
    name: 'a removed leader',
    description: 'a leader has committed its own removal',
    model: () => membershipModel({ members: 3, voters: 3, terms: 1, entries: 2 }),
  },
  {
    name: 'a snapshot behind an append',
    description: 'a snapshot arrives at a member whose log goes beyond it: what is behind must stay',
    model: replication(race('a snapshot behind an append', SNAPSHOT_BEHIND_APPEND), {
      terms: 1,
      entries: 2,
      snapshots: true,
    }),
  },
  {
    name: 'an append behind a snapshot',
    description: 'an append arrives at a member that has restored a snapshot beyond where the append begins',
    model: replication(race('an append behind a snapshot', APPEND_BEHIND_SNAPSHOT), {
      terms: 1,
      entries: 2,
      snapshots: true,
    }),
  },
]

/** Searches for every situation; throws if one cannot be reached, which would be a mistake in its model. */
export function extractSituations(): Situation[] {
  return PLANS.map(({ name }) => extractSituation(name))
}

/** Searches for one situation. */
export function extractSituation(name: string): Situation {
  const plan = PLANS.find((each) => each.name === name)
  if (plan === undefined) throw new RangeError(`there is no situation "${name}"`)
  return { name, description: plan.description, actions: shortestPath(plan.model(), name) }
}

/** A shortest path to where a `sometimes` property of the model holds; throws if there is none within the bounds. */
export function shortestPath(model: SystemModel<SystemAction>, property: string, bounds: Bounds = {}): SystemAction[] {
  const only = model.properties.filter(({ name }) => name === property)
  const { properties } = exploreModel({ ...model, properties: only }, { ...bounds, untilDecided: true })
  const path = properties[0]?.path ?? null
  if (path === null) throw new Error(`${model.name} does not reach "${property}"`)
  return withoutExchanges(path.flatMap(({ action }) => (action === null ? [] : [action])))
}
