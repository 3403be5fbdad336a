/**
 * Drives implementations into the rare situations that the explorer finds in the system models. The path of a situation
 * becomes a scenario: all links hold what is sent, and what the path delivers is delivered.
 *
 * A path is a plan, and an implementation may take it otherwise: its leaders append an entry when they are elected, send
 * one append at a time until they know where a log matches, and send a snapshot when they are told that it is needed. So
 * a path has several readings, which give the messages of one pair more or less time to go back and forth. What finds
 * nothing to deliver is skipped, and whether a situation was reached is counted, not judged.
 */
import { extractSituation } from '../../models/raft/system/situations.ts'
import type { Delivery, SystemAction } from '../../models/raft/system/actions.ts'
import type { Operation, OperationType, RaftOptions, RaftScenario } from '../../models/raft/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import { completeScenario, type RaftStep } from '../scenario.ts'

interface Plan {
  /** Name of the situation. */
  readonly name: string
  /** What must hold in the end, in the words of an expectation. */
  readonly reach: readonly [expect: string, ...words: string[]]
  /** What must be offered for it, beside proposals. */
  readonly operation?: 'change-membership' | 'compact'
  /** Number of readings: the n-th, counted from 0, has n rounds of answer and append behind each append of the path. */
  readonly readings: number
}

const plans: readonly Plan[] = [
  { name: 'split vote', reach: ['split-vote'], readings: 1 },
  { name: 'two live leaders', reach: ['two-leaders'], readings: 1 },
  { name: 'logs diverged two deep', reach: ['diverged', 'n1', 'n2', '2'], readings: 1 },
  { name: 'an older-term entry on a majority', reach: ['older-entry-on-majority'], readings: 4 },
  { name: 'a removed leader', reach: ['removed', 'n1'], operation: 'change-membership', readings: 4 },
  { name: 'a snapshot behind an append', reach: ['snapshot-behind-append', 'n3'], operation: 'compact', readings: 4 },
  { name: 'an append behind a snapshot', reach: ['append-behind-snapshot', 'n3'], operation: 'compact', readings: 4 },
]

const nodes: readonly NodeId[] = ['n1', 'n2', 'n3']
const links = nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => ({ from, to })))

/** Election timeouts that no plan outlasts: time passes only in heartbeats that solicit something. */
const options: RaftOptions = {
  electionTimeout: 3_000,
  heartbeatInterval: 100,
  preVote: false,
  checkQuorum: false,
  maxEntries: 16,
  maxInflight: 8,
}

/**
 * A scenario for each reading of each situation that can be reached with these operations. It is made when it is called
 * for: the first of a situation searches for its path, which takes up to a second.
 */
export function situationScenarios(operations: readonly OperationType[]): (() => RaftScenario)[] {
  return plans
    .filter(({ operation }) => operation === undefined || operations.includes(operation))
    .flatMap((plan) => Array.from({ length: plan.readings }, (_, rounds) => () => scenarioOf(plan, rounds)))
}

function scenarioOf(plan: Plan, rounds: number): RaftScenario {
  const actions = pathTo(plan.name)
  const isSnapshot = plan.operation === 'compact'
  const [expect, ...words] = plan.reach
  return completeScenario({
    name: plan.readings === 1 ? plan.name : `${plan.name}, reading ${rounds + 1} of ${plan.readings}`,
    nodes,
    // One entry at a time, as in the models; but a leader that is solicited must be able to send all that it has.
    options: { ...options, maxEntries: isSnapshot ? options.maxEntries : 1 },
    network: { delay: [1, 1], loss: 0, duplicate: 0, reorder: 0 },
    disk: { delay: [0, 0] },
    steps: [
      ...links.map((link): RaftStep => ({ step: 'hold', ...link })),
      ...new Reading(rounds, isSnapshot).steps(actions),
      { step: 'reach', expect, arguments: words },
      { step: 'heal' },
      { step: 'settle' },
    ],
  })
}

const paths = new Map<string, readonly SystemAction[]>()

function pathTo(situation: string): readonly SystemAction[] {
  const path = paths.get(situation) ?? extractSituation(situation).actions
  paths.set(situation, path)
  return path
}

/** Lets writes be acknowledged, and what waited for them be sent. */
const moment: RaftStep = { step: 'run', duration: 1 }

/** One way to turn a path into steps. */
class Reading {
  readonly #rounds: number
  readonly #solicits: boolean
  /** By link: requests for votes that were sent and not delivered, and answers to those that were. */
  readonly #requests = new Map<string, number>()
  readonly #votes = new Map<string, number>()
  #proposals = 0

  /** With `solicits`, whatever gives a leader more to send is followed by heartbeats, whose answers ask for it. */
  constructor(rounds: number, solicits: boolean) {
    this.#rounds = rounds
    this.#solicits = solicits
  }

  steps(actions: readonly SystemAction[]): RaftStep[] {
    return actions.flatMap((action) => this.#stepsOf(action)).flatMap((step) => [step, moment])
  }

  #stepsOf(action: SystemAction): RaftStep[] {
    switch (action.type) {
      case 'timeout':
        for (const { from, to } of linksFrom(action.node)) add(this.#requests, linkOf(from, to), 1)
        return [{ step: 'timeout', node: action.node }]
      case 'propose': {
        const value = String(++this.#proposals)
        return this.#ask(action.node, { type: 'propose', command: { type: 'put', key: 'x', value } })
      }
      case 'add':
      case 'remove': {
        const change = { type: action.type === 'add' ? 'add-voter' : 'remove', node: action.member } as const
        return this.#ask(action.node, { type: 'change-membership', changes: [change], joint: false })
      }
      case 'compact':
        return this.#ask(action.node, { type: 'compact', keep: 0 })
      case 'crash':
        return [
          { step: 'crash', node: action.node, keep: 'none', torn: false },
          { step: 'restart', node: action.node },
        ]
      case 'restart':
        return [{ step: 'restart', node: action.node }]
      case 'exchange':
        throw new Error('a path has no exchanges')
      case 'deliver':
        return this.#deliver(action)
    }
  }

  #ask(node: NodeId, operation: Operation): RaftStep[] {
    const asked: RaftStep = { step: 'operation', node, operation }
    return this.#solicits ? [asked, ...solicit(node)] : [asked]
  }

  #deliver(delivery: Delivery): RaftStep[] {
    const { from, to, kind } = delivery
    const deliver: RaftStep = { step: 'deliver', from, to, kind }
    switch (kind) {
      case 'request-vote': {
        // Those of earlier terms come before it.
        const requests = take(this.#requests, linkOf(from, to))
        add(this.#votes, linkOf(to, from), requests)
        return times(requests, [deliver])
      }
      case 'request-vote-response': {
        const votes = take(this.#votes, linkOf(from, to))
        // A refusal tells of a newer term; where nobody answered, the sender's own request does.
        if (votes === 0 && delivery.refused) return this.#deliver({ ...delivery, kind: 'request-vote' })
        return times(votes, [deliver])
      }
      case 'append-entries': {
        const answer: RaftStep = { step: 'deliver', from: to, to: from, kind: 'append-entries-response' }
        return [deliver, ...times(this.#rounds, [answer, deliver])]
      }
      default:
        return [deliver]
    }
  }
}

/** Whoever answers a heartbeat of the leader is sent what it lacks, as soon as it has been silent for two of them. */
function solicit(leader: NodeId): RaftStep[] {
  return [
    { step: 'run', duration: 2 * options.heartbeatInterval },
    ...linksFrom(leader).flatMap(({ from, to }): RaftStep[] => [
      { step: 'deliver', from, to, kind: 'heartbeat' },
      moment,
      { step: 'deliver', from: to, to: from, kind: 'heartbeat-response' },
    ]),
  ]
}

function linksFrom(node: NodeId): { from: NodeId; to: NodeId }[] {
  return links.filter(({ from }) => from === node)
}

function linkOf(from: NodeId, to: NodeId): string {
  return `${from} ${to}`
}

function add(counts: Map<string, number>, link: string, count: number): void {
  counts.set(link, (counts.get(link) ?? 0) + count)
}

/** The count, which is then 0. */
function take(counts: Map<string, number>, link: string): number {
  const count = counts.get(link) ?? 0
  counts.set(link, 0)
  return count
}

function times(count: number, steps: readonly RaftStep[]): RaftStep[] {
  return Array.from({ length: count }, () => steps).flat()
}
