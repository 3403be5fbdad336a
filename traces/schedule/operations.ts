/** Draws what clients and operators ask for, as far as the implementation can do it. */
import type { Hello } from '../../impl/contract/raft.ts'
import type { Command, MembershipChange, Operation, RaftOptions } from '../../models/raft/vocabulary.ts'
import type { NodeId, Target } from '../../models/vocabulary.ts'
import type { RaftStep } from '../scenario.ts'
import { type Draw, pick, pickWeighted } from './draw.ts'

const keys = ['x', 'y', 'z']

/** Draws operations; remembers values, so that all are unique, and members, so that a quorum always remains. */
export class OperationSource {
  readonly #draw: Draw
  readonly #hello: Hello
  readonly #nodes: readonly NodeId[]
  readonly #initialVoters: number
  readonly #leases: boolean
  readonly #mayRemove: boolean
  /** Members as they are if every change so far was carried out. */
  readonly #voters: Set<NodeId>
  readonly #learners: Set<NodeId>
  readonly #removed = new Set<NodeId>()
  readonly #values: string[] = []

  constructor(
    draw: Draw,
    hello: Hello,
    nodes: readonly NodeId[],
    voters: readonly NodeId[],
    learners: readonly NodeId[],
    options: RaftOptions,
    leases: boolean,
  ) {
    this.#draw = draw
    this.#hello = hello
    this.#nodes = nodes
    this.#initialVoters = voters.length
    this.#leases = leases
    this.#voters = new Set(voters)
    this.#learners = new Set(learners)
    // Without either, a removed member that never hears of its removal may disturb elections for ever.
    this.#mayRemove = options.preVote || options.checkQuorum
  }

  next(): RaftStep {
    const draw = this.#draw
    const can = (type: Operation['type'], weight: number): number =>
      this.#hello.operations.includes(type) ? weight : 0
    const make = pickWeighted<() => RaftStep | null>(draw, [
      [can('propose', 60), () => this.#ask(this.#client(), { type: 'propose', command: this.#command() })],
      [can('read', 15), () => this.#read()],
      [can('compact', 6), () => this.#ask(pick(draw, this.#nodes), { type: 'compact', keep: draw.integer(0, 4) })],
      [can('transfer', 4), () => this.#ask('leader', { type: 'transfer', to: pick(draw, [...this.#voters]) })],
      [can('change-membership', 7), () => this.#changeMembership()],
      [1, () => null],
    ])
    return make() ?? this.put()
  }

  put(): RaftStep {
    return this.#ask('leader', { type: 'propose', command: this.#put() })
  }

  /** A change that leaves a quorum whether or not the changes before it were carried out; null if there is none. */
  #changeMembership(): RaftStep | null {
    const draw = this.#draw
    const { profiles } = this.#hello
    const jointly = profiles.includes('raft-membership-joint')
    const changes: MembershipChange[] = []
    const count = jointly && draw.chance(0.3) ? 2 : 1
    for (let made = 0; made < count; made++) {
      const change = this.#change(changes)
      if (change !== null) changes.push(change)
    }
    if (changes.length === 0) return null
    // Several changes need a joint configuration, whether or not it is asked for.
    const joint = jointly && (changes.length > 1 ? this.#values.length % 2 === 0 : draw.chance(0.3))
    return this.#ask(draw.chance(0.9) ? 'leader' : pick(draw, this.#nodes), {
      type: 'change-membership',
      changes,
      joint,
    })
  }

  #change(others: readonly MembershipChange[]): MembershipChange | null {
    const draw = this.#draw
    const free = (node: NodeId): boolean => !this.#removed.has(node) && !others.some((other) => other.node === node)
    const blank = this.#nodes.filter((node) => free(node) && !this.#voters.has(node) && !this.#learners.has(node))
    const learners = [...this.#learners].filter(free)
    const removable =
      this.#mayRemove && this.#initialVoters - this.#removed.size > 2 ? [...this.#voters].filter(free) : []
    const add = (type: 'add-voter' | 'add-learner', nodes: readonly NodeId[]): MembershipChange => {
      const node = pick(draw, nodes)
      this.#learners.delete(node)
      ;(type === 'add-voter' ? this.#voters : this.#learners).add(node)
      return { type, node }
    }
    const make = pickWeighted<() => MembershipChange | null>(draw, [
      [blank.length > 0 ? 4 : 0, () => add('add-voter', blank)],
      [blank.length > 0 && this.#hello.profiles.includes('raft-learners') ? 3 : 0, () => add('add-learner', blank)],
      [learners.length > 0 ? 3 : 0, () => add('add-voter', learners)],
      [
        removable.length > 0 ? 2 : 0,
        () => {
          const node = pick(draw, removable)
          this.#voters.delete(node)
          this.#removed.add(node)
          return { type: 'remove', node }
        },
      ],
      [1, () => null],
    ])
    return make()
  }

  #read(): RaftStep {
    const draw = this.#draw
    const indexed = this.#hello.profiles.includes('raft-read-index')
    const by = this.#leases && (!indexed || draw.chance(0.4)) ? 'lease' : 'read-index'
    return this.#ask(this.#client(), { type: 'read', key: pick(draw, keys), by })
  }

  #command(): Command {
    const draw = this.#draw
    const key = pick(draw, keys)
    const type = pickWeighted(draw, [
      [6, 'put'],
      [1, 'get'],
      [1, 'compare-and-set'],
    ] as const)
    if (type === 'put') return this.#put()
    if (type === 'get') return { type, key }
    const recent = this.#values.slice(-4)
    const expect = recent.length === 0 || draw.chance(0.2) ? null : pick(draw, recent)
    return { type, key, expect, value: this.#newValue() }
  }

  #put(): Command {
    return { type: 'put', key: pick(this.#draw, keys), value: this.#newValue() }
  }

  #newValue(): string {
    const value = `v${this.#values.length + 1}`
    this.#values.push(value)
    return value
  }

  /** Mostly whom clients would ask; sometimes a node that may be anything. */
  #client(): Target {
    return this.#draw.chance(0.75) ? 'leader' : pick(this.#draw, this.#nodes)
  }

  #ask(node: Target, operation: Operation): RaftStep {
    return { step: 'operation', node, operation }
  }
}
