/**
 * What members say of each other, as a system: any member may suspect any other at any time, suspicions may end at any
 * time, and whatever was ever said may be heard by anybody, in any order and as often as it likes. So the network may
 * do what it will, and so may clocks; what holds here holds because of the rules.
 *
 * State: one word for what was said (a bit for each subject, kind and incarnation), one for the members themselves, and
 * one for each member's records of the others.
 */
import type { Emit, SystemModel, SystemProperty } from '../explorer.ts'
import type { NodeId } from '../vocabulary.ts'
import * as swimRules from './rules.ts'

export type SwimRules = Pick<
  typeof swimRules,
  'afterAlive' | 'afterSuspect' | 'afterDead' | 'mustRefute' | 'refutation'
>

export interface SwimBounds {
  /** From 2 to 3. */
  readonly members: number
  /** Greatest incarnation: from 1 to 3 of two members, to 2 of three. */
  readonly incarnations: number
  /** Most members that crash. */
  readonly crashes: number
  /** Most members that leave. */
  readonly leaves: number
  /** How many members, from the first on, ever suspect of their own accord; the others only hear. */
  readonly accusers: number
}

/** One action of the model. Nodes are `n1`, `n2`, … */
export type SwimAction =
  | { readonly type: 'suspect' | 'expire'; readonly node: NodeId; readonly member: NodeId }
  | { readonly type: 'crash' | 'leave'; readonly node: NodeId }
  | {
      readonly type: 'hear'
      readonly node: NodeId
      readonly said: 'alive' | 'suspect' | 'dead' | 'left'
      readonly member: NodeId
      readonly incarnation: number
    }

const { UNKNOWN, ALIVE, SUSPECT, DEAD, LEFT, record, statusOf, incarnationOf } = swimRules

/** What may be said: alive, suspect, dead, and dead by the member itself. */
const KINDS = ['alive', 'suspect', 'dead', 'left'] as const
const STATUSES = ['unknown', 'alive', 'suspect', 'dead', 'left']

const SAID = 0
const SELF = 1
const TABLES = 2

/** A record in a table: status (3 bits) and incarnation (2). */
const RECORD_BITS = 5
const RECORD_MASK = (1 << RECORD_BITS) - 1
const LEFT_IS_KNOWN = 'a member that left is known to have'

/** A member of itself: incarnation (2 bits), down, left; then whether a record ever went back in the order of [SWIM]. */
const SELF_BITS = 4
const DOWN = 4
const GONE = 8
const WENT_BACK = 1 << 30
/** Whether a suspect, or one held for dead, was ever taken for alive again. */
const REFUTED = 1 << 29
const REVIVED = 1 << 28

const Kind = { suspect: 0, expire: 1, crash: 2, leave: 3, hear: 4 } as const
type Kind = (typeof Kind)[keyof typeof Kind]

const node = (number: number): NodeId => `n${number + 1}`

/** The system model. `rules` are SWIM's unless a test weakens one. */
export function swimModel(bounds: SwimBounds, rules: SwimRules = swimRules): SystemModel<SwimAction> {
  const { members, incarnations, crashes, leaves, accusers } = bounds
  if (members < 2 || members > 3) throw new RangeError(`members must be 2 or 3, not ${members}`)
  // What was said has a bit for each member, kind and incarnation, in one word.
  const most = members === 2 ? 3 : 2
  if (incarnations < 1 || incarnations > most)
    throw new RangeError(`incarnations must be 1 to ${most}, not ${incarnations}`)
  const words = TABLES + members
  const next = new Int32Array(words)

  const bitOf = (subject: number, kind: number, incarnation: number): number =>
    1 << ((subject * KINDS.length + kind) * incarnations + incarnation - 1)
  const selfOf = (word: number, member: number): number => (word >> (member * SELF_BITS)) & 15
  const ownIncarnation = (word: number, member: number): number => selfOf(word, member) & 3
  const isDown = (word: number, member: number): boolean => (selfOf(word, member) & DOWN) !== 0
  const hasLeft = (word: number, member: number): boolean => (selfOf(word, member) & GONE) !== 0
  /** A record as the rules have it. */
  const recordOf = (states: Int32Array, at: number, observer: number, subject: number): number => {
    const packed = (states[at + TABLES + observer]! >> (subject * RECORD_BITS)) & RECORD_MASK
    return record(packed & 7, packed >> 3)
  }
  const setRecord = (observer: number, subject: number, to: number): void => {
    const shift = subject * RECORD_BITS
    const packed = statusOf(to) | (incarnationOf(to) << 3)
    next[TABLES + observer] = (next[TABLES + observer]! & ~(RECORD_MASK << shift)) | (packed << shift)
  }
  const say = (subject: number, kind: number, incarnation: number): void => {
    next[SAID]! |= bitOf(subject, kind, incarnation)
  }
  const count = (word: number, bit: number): number => {
    let found = 0
    for (let member = 0; member < members; member++) if ((selfOf(word, member) & bit) !== 0) found++
    return found
  }
  const load = (states: Int32Array, at: number): void => {
    for (let word = 0; word < words; word++) next[word] = states[at + word]!
  }

  const encode = (kind: Kind, actor: number, subject = 0, said = 0, incarnation = 0): number =>
    kind | (actor << 3) | (subject << 5) | (said << 7) | (incarnation << 9)

  const decodeAction = (action: number): SwimAction => {
    const kind = (action & 7) as Kind
    const actor = node((action >> 3) & 3)
    const member = node((action >> 5) & 3)
    switch (kind) {
      case Kind.suspect:
        return { type: 'suspect', node: actor, member }
      case Kind.expire:
        return { type: 'expire', node: actor, member }
      case Kind.crash:
        return { type: 'crash', node: actor }
      case Kind.leave:
        return { type: 'leave', node: actor }
      case Kind.hear:
        return { type: 'hear', node: actor, said: KINDS[(action >> 7) & 3]!, member, incarnation: action >> 9 }
    }
  }

  /** A member hears what was said of itself. */
  const hearOfItself = (
    states: Int32Array,
    at: number,
    member: number,
    kind: number,
    said: number,
    emit: Emit,
  ): void => {
    const word = states[at + SELF]!
    if (kind === 0 || hasLeft(word, member)) return
    const own = ownIncarnation(word, member)
    if (!rules.mustRefute(own, said)) return
    const refuted = rules.refutation(own, said)
    if (refuted > incarnations || refuted === own) return
    load(states, at)
    next[SELF] = word + ((refuted - own) << (member * SELF_BITS))
    say(member, 0, refuted)
    emit(encode(Kind.hear, member, member, kind, said))
  }

  const hear = (
    states: Int32Array,
    at: number,
    observer: number,
    subject: number,
    kind: number,
    said: number,
    emit: Emit,
  ): void => {
    const known = recordOf(states, at, observer, subject)
    const after =
      kind === 0
        ? rules.afterAlive(known, said, false)
        : kind === 1
          ? rules.afterSuspect(known, said)
          : rules.afterDead(known, said, kind === 3)
    if (after === known) return
    load(states, at)
    setRecord(observer, subject, after)
    if (goesBack(known, after)) next[SELF]! |= WENT_BACK
    if (statusOf(after) === ALIVE && statusOf(known) === SUSPECT) next[SELF]! |= REFUTED
    if (statusOf(after) === ALIVE && statusOf(known) === DEAD) next[SELF]! |= REVIVED
    emit(encode(Kind.hear, observer, subject, kind, said))
  }

  const properties: SystemProperty[] = [
    { name: 'incarnations come from their owner', kind: 'always', holds: incarnationsOwned },
    { name: 'records never go back', kind: 'always', holds: (states, at) => (states[at + SELF]! & WENT_BACK) === 0 },
    { name: 'only who leaves is said to have left', kind: 'always', holds: onlyLeaversLeft },
    { name: 'who is held for gone may still refute', kind: 'always', holds: refutable },
    { name: 'a live member is held for dead', kind: 'sometimes', holds: heldForDead },
    { name: 'a suspicion is shared', kind: 'sometimes', holds: (states, at) => shared(states, at, SUSPECT) },
    { name: 'a death is shared', kind: 'sometimes', holds: (states, at) => shared(states, at, DEAD) },
    {
      name: 'a refutation is believed',
      kind: 'sometimes',
      holds: (states, at) => (states[at + SELF]! & REFUTED) !== 0,
    },
    {
      name: 'the dead are alive again',
      kind: 'sometimes',
      holds: (states, at) => (states[at + SELF]! & REVIVED) !== 0,
    },
    { name: LEFT_IS_KNOWN, kind: 'sometimes', holds: (states, at) => shared(states, at, LEFT) },
  ]

  return {
    name: `swim, ${members} members, ${incarnations} incarnations, ${crashes} crashes, ${leaves} leave, ${accusers} suspect`,
    words,
    next,
    properties: properties.filter(({ name }) => leaves > 0 || name !== LEFT_IS_KNOWN),

    initial(emit) {
      next.fill(0)
      for (let member = 0; member < members; member++) {
        next[SELF]! |= 1 << (member * SELF_BITS)
        say(member, 0, 1)
        for (let other = 0; other < members; other++) if (other !== member) setRecord(member, other, record(ALIVE, 1))
      }
      emit(0)
    },

    successors(states, at, emit) {
      const word = states[at + SELF]!
      const said = states[at + SAID]!
      for (let member = 0; member < members; member++) {
        if (isDown(word, member)) continue
        if (count(word, DOWN) < crashes) {
          load(states, at)
          next[SELF]! |= DOWN << (member * SELF_BITS)
          emit(encode(Kind.crash, member))
        }
        if (!hasLeft(word, member) && count(word, GONE) < leaves) {
          load(states, at)
          next[SELF]! |= GONE << (member * SELF_BITS)
          say(member, 3, ownIncarnation(word, member))
          emit(encode(Kind.leave, member))
        }
        for (let other = 0; other < members; other++) {
          if (other !== member && member < accusers) own(states, at, member, other, emit)
          for (let kind = 0; kind < KINDS.length; kind++) {
            for (let incarnation = 1; incarnation <= incarnations; incarnation++) {
              if ((said & bitOf(other, kind, incarnation)) === 0) continue
              if (other === member) hearOfItself(states, at, member, kind, incarnation, emit)
              else hear(states, at, member, other, kind, incarnation, emit)
            }
          }
        }
      }
    },

    describe(states, at) {
      return Array.from({ length: members }, (_, member) => {
        const word = states[at + SELF]!
        const state = isDown(word, member) ? 'down' : hasLeft(word, member) ? 'left' : 'up'
        const table = Array.from({ length: members }, (_each, other) => {
          const known = recordOf(states, at, member, other)
          return other === member ? '' : ` ${node(other)} ${STATUSES[statusOf(known)]!} ${incarnationOf(known)}`
        })
        return `${node(member)} ${state} ${ownIncarnation(word, member)}:${table.join('')}`
      }).join('; ')
    },
    describeAction: (action) => describeAction(decodeAction(action)),
    decodeAction,
  }

  /** What a member does of its own accord: its probe fails, or its suspicion ends. */
  function own(states: Int32Array, at: number, member: number, other: number, emit: Emit): void {
    const known = recordOf(states, at, member, other)
    const incarnation = incarnationOf(known)
    if (statusOf(known) === ALIVE) {
      load(states, at)
      setRecord(member, other, record(SUSPECT, incarnation))
      say(other, 1, incarnation)
      emit(encode(Kind.suspect, member, other))
    } else if (statusOf(known) === SUSPECT) {
      load(states, at)
      setRecord(member, other, record(DEAD, incarnation))
      say(other, 2, incarnation)
      emit(encode(Kind.expire, member, other))
    }
  }

  function everyRecord(states: Int32Array, at: number, holds: (known: number, subject: number) => boolean): boolean {
    for (let observer = 0; observer < members; observer++) {
      for (let subject = 0; subject < members; subject++) {
        if (observer !== subject && !holds(recordOf(states, at, observer, subject), subject)) return false
      }
    }
    return true
  }

  function incarnationsOwned(states: Int32Array, at: number): boolean {
    const word = states[at + SELF]!
    return everyRecord(states, at, (known, subject) => incarnationOf(known) <= ownIncarnation(word, subject))
  }

  function onlyLeaversLeft(states: Int32Array, at: number): boolean {
    const word = states[at + SELF]!
    return everyRecord(states, at, (known, subject) => statusOf(known) !== LEFT || hasLeft(word, subject))
  }

  /** Of a live member that is held for gone either more is said by now, or what it has to refute was said. */
  function refutable(states: Int32Array, at: number): boolean {
    const word = states[at + SELF]!
    const said = states[at + SAID]!
    return everyRecord(states, at, (known, subject) => {
      const status = statusOf(known)
      if (hasLeft(word, subject) || (status !== SUSPECT && status !== DEAD)) return true
      const held = incarnationOf(known)
      if (ownIncarnation(word, subject) > held)
        return (said & bitOf(subject, 0, held + 1)) !== 0 || aliveSaid(said, subject, held)
      return (said & (bitOf(subject, 1, held) | bitOf(subject, 2, held))) !== 0
    })
  }

  function aliveSaid(said: number, subject: number, above: number): boolean {
    for (let incarnation = above + 1; incarnation <= incarnations; incarnation++)
      if ((said & bitOf(subject, 0, incarnation)) !== 0) return true
    return false
  }

  function heldForDead(states: Int32Array, at: number): boolean {
    const word = states[at + SELF]!
    return !everyRecord(states, at, (known, subject) => statusOf(known) !== DEAD || isDown(word, subject))
  }

  /** All others hold the same of a member. */
  function shared(states: Int32Array, at: number, status: number): boolean {
    let most = 0
    for (let subject = 0; subject < members; subject++) {
      let holders = 0
      for (let observer = 0; observer < members; observer++)
        if (observer !== subject && statusOf(recordOf(states, at, observer, subject)) === status) holders++
      most = Math.max(most, holders)
    }
    return most >= members - 1
  }
}

/** [SWIM] §4.2: a greater incarnation goes before all; of one incarnation suspicion before life, and death before both. */
function goesBack(before: number, after: number): boolean {
  if (statusOf(before) === UNKNOWN) return false
  const rank = (status: number): number => (status === LEFT ? DEAD : status)
  const risen = incarnationOf(after) - incarnationOf(before)
  return risen < 0 || (risen === 0 && rank(statusOf(after)) < rank(statusOf(before)))
}

function describeAction(action: SwimAction): string {
  if (action.type === 'hear') return `${action.node} hears ${action.said} ${action.incarnation} of ${action.member}`
  return 'member' in action ? `${action.node} ${action.type}s ${action.member}` : `${action.node} ${action.type}s`
}
