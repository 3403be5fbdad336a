/** Machines, judge and system model of the network database agree on what is allowed to come of what, and what is not. */
import { expect, test, vi } from 'vitest'
import type { Relation } from '../../models/networkdb/acceptor.ts'
import { timeOf } from '../../models/networkdb/acceptor.ts'
import { attachmentInputs, attachments, type AttachmentInput } from '../../models/networkdb/attachment.ts'
import type { AttachmentOutcome, AttachmentSituation, Whose } from '../../models/networkdb/attachment.ts'
import {
  entries,
  inputsTo,
  type EntryInput,
  type EntryOutcome,
  type EntryStart,
} from '../../models/networkdb/member.ts'
import type * as rules from '../../models/networkdb/rules.ts'
import { networkDbModel, type NetworkDbAction, type NetworkDbBounds } from '../../models/networkdb/system.ts'
import { heldAttachment, heldOf, isJoined, layoutOf, ownerOf } from '../../models/networkdb/system/state.ts'
import { drawFrom, pick, type Draw } from '../../traces/schedule/draw.ts'
import { judgesAttachment, judgesEntry } from './agreement/networkdb-judged.ts'
import { Tally, triples, walk, firstSeed, type WalkedStep } from './agreement/tally.ts'
import { under, type Active } from './model-mutation/mutated-rules.ts'
import { networkDbMutations } from './model-mutation/networkdb.ts'

const active = vi.hoisted((): Active => ({}))
vi.mock('../../models/networkdb/rules.ts', async (original) => {
  const { switchable } = await import('./model-mutation/mutated-rules.ts')
  return switchable(await original<typeof rules>(), active)
})
const truth = await vi.importActual<typeof rules>('../../models/networkdb/rules.ts')

const entryStatuses: readonly rules.EntryStatus[] = ['absent', 'live', 'suspended', 'tombstone']
const attachmentStatuses: readonly AttachmentOutcome['status'][] = ['absent', 'joined', 'left']
const accepts = (at: EntryStart, input: EntryInput, outcome: EntryOutcome): boolean =>
  entries.acceptingTransition(at, { ...input, outcome }) !== null
const acceptsAttachment = (at: AttachmentSituation, input: AttachmentInput, outcome: AttachmentOutcome): boolean =>
  attachments.acceptingTransition(at, { ...input, outcome }) !== null

function entryFrom(draw: Draw): EntryStart {
  const status = pick(draw, entryStatuses)
  const attached = draw.chance(0.6)
  const writer = pick(draw, ['attached', 'failed', 'detached'] as const)
  if (status === 'absent') return { status, time: 0, mine: false, attached, writer }
  return { status, time: draw.integer(3, 6), mine: draw.chance(0.4), attached, writer }
}

function attachmentFrom(draw: Draw): AttachmentSituation {
  const whose = pick(draw, ['own', 'active', 'failed', 'left'] as const)
  const status = whose === 'left' ? 'absent' : pick(draw, attachmentStatuses)
  return { status, time: status === 'absent' ? 0 : draw.integer(3, 6), whose }
}

/** Any outcome but that one. */
function another<Status extends string>(
  draw: Draw,
  statuses: readonly (Status | 'absent')[],
  usual: { readonly status: Status | 'absent'; readonly time: number },
): { readonly status: Status | 'absent'; readonly time: number } {
  for (;;) {
    const status = draw.chance(0.4) ? usual.status : pick(draw, statuses)
    const time = status === 'absent' ? 0 : draw.chance(0.4) ? usual.time : Math.max(0, usual.time + draw.integer(-3, 3))
    if (status !== usual.status || time !== usual.time) return { status, time }
  }
}

/** Triples of any entry; the machine goes by `wrong` rules, if any, and the judge by the true ones. */
function compareOnEntries(most: number, wrong: object = {}): Tally {
  const tally = new Tally()
  for (let seed = firstSeed; tally.count < most; seed++) {
    const draw = drawFrom(seed)
    const at = entryFrom(draw)
    const input = pick(draw, inputsTo(at))
    const usual = entries.outcomeOf(at, input)!.outcome
    for (const outcome of [usual, another(draw, entryStatuses, usual)]) {
      const machine = under(active, wrong, () => accepts(at, input, outcome))
      const judge = judgesEntry(at, input, outcome)
      tally.compare({ machine, judge }, () => JSON.stringify({ at, input, outcome }))
    }
  }
  return tally
}

/** The same of attachments. */
function compareOnAttachments(most: number, wrong: object = {}): Tally {
  const tally = new Tally()
  for (let seed = firstSeed; tally.count < most; seed++) {
    const draw = drawFrom(seed)
    const at = attachmentFrom(draw)
    const input = pick(draw, attachmentInputs(at))
    const usual = attachments.outcomeOf(at, input)!.outcome
    for (const outcome of [usual, another(draw, attachmentStatuses, usual)]) {
      const machine = under(active, wrong, () => acceptsAttachment(at, input, outcome))
      const judge = judgesAttachment(at, input, outcome)
      tally.compare({ machine, judge }, () => JSON.stringify({ at, input, outcome }))
    }
  }
  return tally
}

test('machine and judge, on any entry', () => {
  compareOnEntries(triples(500_000)).expectAgreement()
})

test('machine and judge, on any attachment', () => {
  compareOnAttachments(triples(200_000)).expectAgreement()
})

/** Of these the machines know nothing; and of a node's own event they take any time above what was held. */
const unknown = ['passesOn', 'witness', 'roundsAtMost', 'attachmentReapInterval']
const ofRecords = networkDbMutations(truth).filter(
  ({ rule, as }) => !unknown.includes(rule) && as !== 'deletes at the time that it held',
)

test.each(ofRecords)('a machine for which $rule $as disagrees with the judge', ({ rule, wrong }) => {
  const compare = rule === 'afterAttachmentTold' ? compareOnAttachments : compareOnEntries
  expect(compare(4_000, wrong).disagreements).toBeGreaterThan(0)
})

const bounds: NetworkDbBounds = {
  nodes: 2,
  keys: 1,
  times: 6,
  writers: 2,
  attachments: 3,
  failures: true,
  reaps: true,
}
const layout = layoutOf(bounds)
const model = networkDbModel(bounds)
const numberOf = (node: string): number => Number(node.slice(1)) - 1

/** What a node of the system model holds of the entry, and what stands around it. */
function entrySeen(state: Int32Array, node: number): EntryStart {
  const other = 1 - node
  const entry = layout.entry(state, 0, node, 0)
  const { status, time } = heldOf(entry)
  const isHere = isJoined(layout.attachment(state, 0, node, other))
  return {
    status,
    time,
    mine: status !== 'absent' && ownerOf(entry) === node,
    attached: isJoined(layout.attachment(state, 0, node, node)),
    writer: !isHere ? 'detached' : layout.isFailed(state, 0, node, other) ? 'failed' : 'attached',
  }
}

function attachmentSeen(state: Int32Array, node: number, subject: number): AttachmentSituation {
  const { status, time } = heldAttachment(layout.attachment(state, 0, node, subject))
  const whose: Whose = subject === node ? 'own' : layout.isFailed(state, 0, node, subject) ? 'failed' : 'active'
  return { status, time, whose }
}

const relationOf = (held: number, said: number): Relation => (said < held ? 'older' : said === held ? 'equal' : 'newer')

/** The outcome in the times of the machine, which knows of a newer event only that it is newer. */
const inTimes = <Outcome extends { readonly time: number }>(outcome: Outcome, held: number, said: number): Outcome =>
  said > held && outcome.time === said ? { ...outcome, time: timeOf(held, 'newer') } : outcome

interface EntryTriple {
  readonly at: EntryStart
  readonly input: EntryInput
  readonly usual: EntryOutcome
}

/** A step as something that happened to the entry; null if it is of no input of its machine. */
function entryTriple(
  { type, ...action }: NetworkDbAction & { readonly node: string },
  before: Int32Array,
  after: Int32Array,
): EntryTriple | null {
  const node = numberOf(action.node)
  const at = entrySeen(before, node)
  const usual = entrySeen(after, node)
  const plain = (input: EntryInput): EntryTriple | null =>
    entries.outcomeOf(at, input) === null ? null : { at, input, usual }
  switch (type) {
    case 'hear': {
      const { owner, time, deletes } = action as Extract<NetworkDbAction, { type: 'hear' }>
      const relation = relationOf(at.time, time)
      const input: EntryInput = { type: numberOf(owner) === node ? 'told-own' : 'told', relation, deletes }
      // Of one step older than that nothing else is said.
      if (entries.outcomeOf(at, input) === null) return null
      return { at, input, usual: inTimes(usual, at.time, time) }
    }
    case 'write': {
      const { operation } = action as Extract<NetworkDbAction, { type: 'write' }>
      return plain({ type: operation })
    }
    case 'fail':
      return plain({ type: 'writer-fails' })
    case 'return':
      return plain({ type: 'writer-returns' })
    case 'hear-attachment': {
      // What changes nothing but times, or is of who has failed, the machine of an entry does not know.
      if (at.writer === usual.writer || at.writer === 'failed' || usual.writer === 'failed') return null
      return plain({ type: usual.writer === 'detached' ? 'writer-leaves' : 'writer-joins' })
    }
    case 'join':
    case 'leave':
      return plain({ type })
    case 'forget':
      return plain({ type: 'ages' })
    default:
      return null
  }
}

interface AttachmentTriple {
  readonly at: AttachmentSituation
  readonly input: AttachmentInput
  readonly usual: AttachmentOutcome
}

function attachmentTriple(action: NetworkDbAction, before: Int32Array, after: Int32Array): AttachmentTriple | null {
  const node = numberOf(action.node)
  const subject = 'other' in action ? numberOf(action.other) : node
  const at = attachmentSeen(before, node, subject)
  const usual = attachmentSeen(after, node, subject)
  switch (action.type) {
    case 'hear-attachment': {
      const { time } = action
      const input: AttachmentInput = { type: 'told', relation: relationOf(at.time, time), leaves: !isJoined(time) }
      if (attachments.outcomeOf(at, input) === null) return null
      return { at, input, usual: inTimes(usual, at.time, time) }
    }
    case 'fail':
      return { at, input: { type: 'fails' }, usual }
    case 'return':
      return { at, input: { type: 'returns' }, usual }
    case 'join':
    case 'leave':
      return { at, input: { type: action.type }, usual }
    case 'forget-departure':
      return { at, input: { type: 'ages' }, usual }
    default:
      return null
  }
}

/** What a walk has made so far, and what may be heard of it again at any time. */
function heardAgain(draw: Draw, made: readonly NetworkDbAction[], { before, other }: WalkedStep<NetworkDbAction>) {
  const event = { ...pick(draw, made), node: `n${draw.integer(1, 2)}` } as NetworkDbAction
  const text = JSON.stringify(event)
  return { event, after: other((action) => JSON.stringify(action) === text) ?? before }
}

/** The events that a step has made, as they are heard. */
function madeBy({ action, after }: WalkedStep<NetworkDbAction>): NetworkDbAction[] {
  const { node } = action
  const number = numberOf(node)
  if (action.type === 'write') {
    const { time } = entrySeen(after, number)
    return [{ type: 'hear', node, key: 'k1', owner: node, time, deletes: action.operation === 'delete' }]
  }
  if (action.type !== 'join' && action.type !== 'leave') return []
  return [{ type: 'hear-attachment', node, other: node, time: layout.attachment(after, 0, number, number) }]
}

test('machines, judge and system model, on records that it reaches', () => {
  const tally = new Tally()
  const most = triples(300_000)
  for (let seed = firstSeed; tally.count < most; seed++) {
    const draw = drawFrom(seed)
    const made: NetworkDbAction[] = ['n1', 'n2'].map((other) => ({
      type: 'hear-attachment',
      node: other,
      other,
      time: 1,
    }))
    const compare = (action: NetworkDbAction, before: Int32Array, after: Int32Array): void => {
      const ofEntry = entryTriple(action, before, after)
      if (ofEntry !== null) {
        const { at, input, usual } = ofEntry
        for (const outcome of [usual, another(draw, entryStatuses, usual)]) {
          // A time of its own is any above what it held: the system takes the next.
          const isFree = outcome.status === usual.status && outcome !== usual && usual.time > at.time
          const verdicts = {
            machine: accepts(at, input, outcome),
            judge: judgesEntry(at, input, outcome),
            ...(isFree ? {} : { system: outcome === usual }),
          }
          tally.compare(verdicts, () => JSON.stringify({ at, input, outcome }))
        }
      }
      const ofAttachment = attachmentTriple(action, before, after)
      if (ofAttachment === null) return
      const { at, input, usual } = ofAttachment
      for (const outcome of [usual, another(draw, attachmentStatuses, usual)]) {
        const isFree = outcome.status === usual.status && outcome !== usual && usual.time > at.time
        const verdicts = {
          machine: acceptsAttachment(at, input, outcome),
          judge: judgesAttachment(at, input, outcome),
          ...(isFree ? {} : { system: outcome === usual }),
        }
        tally.compare(verdicts, () => JSON.stringify({ at, input, outcome }))
      }
    }
    walk(model, draw, 24, (step) => {
      const { action, before, after } = step
      compare(action, before, after)
      const again = heardAgain(draw, made, step)
      // What is older than what was forgotten travels no more.
      if (again.after !== before || !isForgotten(again.event, before)) compare(again.event, before, again.after)
      made.push(...madeBy(step))
      return true
    })
  }
  tally.expectAgreement()
})

function isForgotten(event: NetworkDbAction, state: Int32Array): boolean {
  if (event.type === 'hear') return event.time <= layout.forgotten(state, 0, 0)
  return event.type === 'hear-attachment' && event.time <= layout.departed(state, 0, numberOf(event.other))
}
