/** All member paths against one implementation: what it did not show by the first paths is planned anew. */
import type { Hello } from '../../../impl/contract/raft.ts'
import { transitionNames } from '../../../models/raft/member.ts'
import { memberGraph, memberPaths, memberPlans, transitionCover } from '../../../models/raft/paths.ts'
import type { MemberPath, MemberPathOptions } from '../../../models/raft/paths.ts'
import type { MemberRunResult } from './member-path.ts'

/** Rounds of paths at most: each knows better what the implementation does where it has a choice. */
const mostRounds = 4

/** How often a transition is declined before it is no longer counted on. */
const enough = 3

/** What an implementation is seen to do where the protocol leaves it a choice. */
export class MemberHabits {
  readonly #declined = new Map<string, number>()
  readonly #observed = new Map<string, number>()

  note({ transitions, declined }: MemberRunResult): void {
    for (const [name, count] of transitions) this.#observed.set(name, (this.#observed.get(name) ?? 0) + count)
    for (const name of declined) this.#declined.set(name, (this.#declined.get(name) ?? 0) + 1)
  }

  /** How often each transition was observed; those that were not are left out. */
  get observed(): ReadonlyMap<string, number> {
    return this.#observed
  }

  /** Transitions that it might have taken again and again, and never did. */
  avoided(): Set<string> {
    return new Set(
      [...this.#declined].filter(([name, times]) => times >= enough && !this.#observed.has(name)).map(([name]) => name),
    )
  }
}

/** What the paths for an implementation are made of: pre-votes and transfers are asked of those only that claim them. */
export function pathOptionsFor({ profiles }: Hello): MemberPathOptions[] {
  const transfer = profiles.includes('raft-transfer')
  return (profiles.includes('raft-pre-vote') ? [false, true] : [false]).map((preVote) => ({ preVote, transfer }))
}

export class MemberCampaign {
  readonly habits = new MemberHabits()
  readonly #options: readonly MemberPathOptions[]
  #rounds = 0

  constructor(options: readonly MemberPathOptions[]) {
    this.#options = options
  }

  /** Paths to run next, in any order or at once; none when nothing is left to try. Their results go to `habits`. */
  round(): MemberPath[] {
    if (this.#rounds++ === 0) return this.#options.flatMap((options) => memberPaths(options))
    if (this.#rounds > mostRounds) return []
    const seen = new Set(this.habits.observed.keys())
    const avoided = this.habits.avoided()
    return this.#options.flatMap((options) =>
      memberPlans(options).flatMap((plan) => transitionCover(memberGraph(plan), seen, avoided)),
    )
  }

  /** How often each transition was observed; 0 for those that were not. */
  coverage(): ReadonlyMap<string, number> {
    return new Map(transitionNames().map((name) => [name, this.habits.observed.get(name) ?? 0]))
  }
}
