/**
 * Real connections, judged by what clients saw: intervals on one clock, and when tasks came, drained and went. What a
 * balancer knows is never seen, so whatever it may not have noticed yet is allowed: it has the bound for it.
 */
import type { Milliseconds } from '../../models/vocabulary.ts'
import type { Violation } from '../judge.ts'
import { isInTurn } from '../../models/balancing/rules.ts'
import { slugs } from './requirements.ts'

/** What became of a task, at some time within the interval. */
export interface TaskChange {
  readonly task: string
  readonly to: 'active' | 'draining' | 'gone'
  readonly from: Milliseconds
  readonly until: Milliseconds
}

/** A connection, or something more on one. */
export interface RealConnection {
  /** The name of an established connection that this goes on with; null for a new one. */
  readonly continues: string | null
  readonly connection: string
  /** Where it was begun. */
  readonly node: string
  readonly from: Milliseconds
  readonly until: Milliseconds
  /** Who answered; null for nobody. */
  readonly task: string | null
}

export interface RealHistory {
  readonly changes: readonly TaskChange[]
  readonly connections: readonly RealConnection[]
  /** How long it takes at most until a change is known everywhere. */
  readonly bound: Milliseconds
  /** Nodes that are up at the end: each has to have reached all tasks. */
  readonly nodes: readonly string[]
  /** Whether each node tells of rounds of its own. */
  readonly rounds: boolean
}

export interface HistoryVerdict {
  readonly violations: readonly Violation[]
  /** How often each requirement was put to the test, by slug. */
  readonly exercised: ReadonlyMap<string, number>
}

type State = TaskChange['to']

/** What a balancer may have taken a task for at any time of the interval. */
function statesIn(history: RealHistory, task: string, from: Milliseconds, until: Milliseconds): Set<State> {
  const own = history.changes.filter((change) => change.task === task)
  const states = new Set<State>()
  let settled: State = 'gone'
  for (const change of own) {
    if (change.until + history.bound < from) settled = change.to
    else if (change.from <= until) states.add(change.to)
  }
  states.add(settled)
  return states
}

/** Judges a whole history; connections of one node are in the order in which they were begun. */
export function judgeHistory(history: RealHistory): HistoryVerdict {
  const judging = new HistoryJudge(history)
  judging.judge()
  return { violations: judging.violations, exercised: judging.exercised }
}

class HistoryJudge {
  readonly violations: Violation[] = []
  readonly exercised = new Map<string, number>()
  readonly #history: RealHistory
  readonly #tasks: readonly string[]

  constructor(history: RealHistory) {
    this.#history = history
    this.#tasks = [...new Set(history.changes.map(({ task }) => task))]
  }

  judge(): void {
    const byNode = new Map<string, RealConnection[]>()
    const established = new Map<string, string>()
    for (const each of this.#history.connections) {
      if (each.continues === null) {
        this.#judgeNew(each)
        if (each.task !== null) established.set(each.connection, each.task)
        const own = byNode.get(each.node)
        if (own === undefined) byNode.set(each.node, [each])
        else own.push(each)
      } else this.#judgeMore(each, established.get(each.continues))
    }
    if (this.#history.rounds) for (const own of byNode.values()) this.#judgeRounds(own)
    this.#judgeReach(byNode)
  }

  #test(slug: string, holds: boolean, node: string, text: string, allowed: string): void {
    this.exercised.set(slug, (this.exercised.get(slug) ?? 0) + 1)
    if (!holds) this.violations.push({ requirement: slug, text, allowed, node })
  }

  #may(task: string, { from, until }: RealConnection): Set<State> {
    return statesIn(this.#history, task, from, until)
  }

  #judgeNew(each: RealConnection): void {
    const { task, node, from } = each
    const told = `at ${from} ms ${task === null ? 'is refused' : `reaches ${task}`}`
    const surely = this.#tasks.filter((other) => [...this.#may(other, each)].every((state) => state === 'active'))
    const maybe = this.#tasks.filter((other) => this.#may(other, each).has('active'))
    if (surely.length > 0) this.#test(slugs.triesBackends, task !== null, node, told, 'that a task answers')
    if (maybe.length === 0) this.#test(slugs.refusesWithoutBackend, task === null, node, told, 'that it is refused')
    if (task === null) return
    const states = this.#may(task, each)
    if (!states.has('active') && states.has('draining'))
      this.#test(slugs.weightZeroGetsNone, false, node, told, `nothing new for ${task}, which drains`)
    else this.#test(slugs.weightZeroGetsNone, states.has('active'), node, told, `nothing for ${task}, which is gone`)
  }

  /** More on a connection: its own task answers while it runs, and nobody else ever. */
  #judgeMore(each: RealConnection, own: string | undefined): void {
    if (own === undefined) return
    const { node, task, from } = each
    const told = `at ${from} ms a connection of ${own} is answered by ${task ?? 'nobody'}`
    const states = this.#may(own, each)
    const slug = states.has('draining') ? slugs.drainingKeepsEstablished : slugs.establishedStays
    // Who may be gone may have ended it.
    const holds = task === null ? states.has('gone') : task === own
    this.#test(slug, holds, node, told, `that ${own} goes on with it`)
  }

  /** While nothing changes, and no two connections are under way at once, rounds are exact. */
  #judgeRounds(own: readonly RealConnection[]): void {
    let recent: string[] = []
    let before: RealConnection | undefined
    let set = ''
    for (const each of own) {
      const active = this.#certain(each)
      const isApart = before === undefined || before.until <= each.from
      const now = active?.join() ?? ''
      if (active === null || !isApart || now !== set) recent = []
      set = now
      before = each
      if (active === null || each.task === null) continue
      if (active.length > 1 && recent.length > 0) {
        const holds = isInTurn(recent, active.length, each.task)
        const told = `at ${each.from} ms ${each.task} has a turn after ${recent.slice(1 - active.length).join(', ')}`
        this.#test(slugs.rotatesExactly, holds, each.node, told, 'each once in a round')
      }
      recent.push(each.task)
    }
  }

  /** Who is active, where there is no doubt of anybody; else null. */
  #certain(each: RealConnection): string[] | null {
    const active: string[] = []
    for (const task of this.#tasks) {
      const states = this.#may(task, each)
      if (states.size > 1) return null
      if (states.has('active')) active.push(task)
    }
    return active
  }

  /** After the last change is known everywhere, each node has reached each task. */
  #judgeReach(byNode: ReadonlyMap<string, readonly RealConnection[]>): void {
    const { changes, bound, nodes } = this.#history
    const since = Math.max(0, ...changes.map(({ until }) => until)) + bound
    const last = new Map(changes.map(({ task, to }) => [task, to]))
    for (const node of nodes) {
      const late = (byNode.get(node) ?? []).filter(({ from }) => from > since)
      if (late.length < 2 * this.#tasks.length) continue
      for (const [task, to] of last) {
        if (to !== 'active') continue
        const isReached = late.some((each) => each.task === task)
        this.#test(slugs.reachesEveryTask, isReached, node, `has not reached ${task} after ${since} ms`, 'that it has')
      }
    }
  }
}
