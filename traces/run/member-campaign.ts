/** All member paths against one implementation: what it did not show by the first paths is planned anew. */
import type { Hello } from '../../impl/contract/raft.ts'
import { transitionNames } from '../../models/raft/member.ts'
import { memberGraph, memberPaths, memberPlans, transitionCover } from '../../models/raft/paths.ts'
import type { MemberPath, MemberPathOptions } from '../../models/raft/paths.ts'
import type { MemberRunResult } from './member-path.ts'

/** Rounds of paths at most: each knows better what the implementation does where it has a choice. */
const mostRounds = 4

/** How often a transition is declined before it is no longer counted on. */
const enough = 3

export class MemberCampaign {
  readonly #options: readonly MemberPathOptions[]
  readonly #declined = new Map<string, number>()
  readonly #observed = new Map<string, number>()
  #rounds = 0

  /** Pre-votes and transfers are asked of those only that claim them. */
  constructor({ profiles }: Hello, cover: MemberPathOptions['cover'] = 'transitions') {
    const transfer = profiles.includes('raft-transfer')
    const preVotes = profiles.includes('raft-pre-vote') ? [false, true] : [false]
    this.#options = preVotes.map((preVote) => ({ preVote, transfer, cover }))
  }

  /** Paths to run next, in any order or at once; none when there is nothing left to try. */
  round(): MemberPath[] {
    if (this.#rounds++ === 0) return this.#options.flatMap((options) => memberPaths(options))
    if (this.#rounds > mostRounds) return []
    const seen = new Set(this.#observed.keys())
    const avoided = this.avoided()
    return this.#options.flatMap((options) =>
      memberPlans(options).flatMap((plan) => transitionCover(memberGraph(plan), seen, avoided)),
    )
  }

  /** What the implementation has never done where it might have. */
  avoided(): Set<string> {
    return new Set(
      [...this.#declined].filter(([name, times]) => times >= enough && !this.#observed.has(name)).map(([name]) => name),
    )
  }

  /** Takes the result of a path of the round. */
  note({ transitions, declined }: MemberRunResult): void {
    for (const [name, count] of transitions) this.#observed.set(name, (this.#observed.get(name) ?? 0) + count)
    for (const name of declined) this.#declined.set(name, (this.#declined.get(name) ?? 0) + 1)
  }

  /** How often each transition was observed; 0 for those that were not. */
  coverage(): ReadonlyMap<string, number> {
    return new Map(transitionNames().map((name) => [name, this.#observed.get(name) ?? 0]))
  }
}
