/**
 * What one node holds of one entry, as a state machine that accepts: an event is what the node is told, or asked,
 * together with what became of the entry, and what the protocol forbids has no enabled transition. The state is the
 * status of the entry; around it stand whether the node is in the network, and what it holds of the one other that
 * writes the entry.
 */
import { acceptorOf, relations, timeOf, type FollowedBy, type OutcomeOf, type Relation } from './acceptor.ts'
import {
  absent,
  afterOwnerFails,
  afterOwnerReturns,
  afterOwnLeave,
  afterTold,
  isCarriedOut,
  type EntryRule,
  type EntryStatus,
  type OwnerState,
} from './rules.ts'

/** Of the other node: whether it is in the network, and there. */
export type Writer = Exclude<OwnerState, 'self'>

export type EntryInput =
  /** An event of the other's, or of one that is said to be the node's own. */
  | { readonly type: 'told' | 'told-own'; readonly relation: Relation; readonly deletes: boolean }
  | { readonly type: 'writer-fails' | 'writer-returns' | 'writer-leaves' | 'writer-joins' }
  | { readonly type: 'join' | 'leave' }
  | { readonly type: 'create' | 'update' | 'delete' }
  /** So much time passes that all that is old is forgotten. */
  | { readonly type: 'ages' }

export type EntryOutcome = OutcomeOf<EntryStatus>

interface Around {
  /** The node itself owns it. */
  readonly mine: boolean
  /** The node is in the network. */
  readonly attached: boolean
  readonly writer: Writer
}

/** Where a path begins, and what it leads to. */
export type EntryStart = EntryOutcome & Around

type InputType = EntryInput['type']
type Followed = FollowedBy<EntryStatus, Around>

const ruleNames: Readonly<Record<EntryRule, string>> = {
  ignoresOwnEntries: 'ignores what is its own',
  entryNeedsAttachment: 'ignores what is of another network',
  entryNeedsOwner: 'ignores whose owner is not in the network',
  ignoresOlderEntry: 'ignores what is not newer',
  takesNewerEntry: 'takes it',
  keepsTombstones: 'buries it',
  hidesFailed: 'hides it',
}

/** What may come of an input; null where it makes no sense. */
function followed(at: EntryStart, input: EntryInput): Followed | null {
  const { status, time, mine, attached, writer } = at
  const held = { mine, attached, writer }
  const rests = (name: string, around: Around = held): Followed => ({ name, status, time, around })
  switch (input.type) {
    case 'told':
    case 'told-own': {
      // Of what is not there nothing is older.
      if (status === 'absent' && input.relation !== 'newer') return null
      const owner = input.type === 'told-own' ? 'self' : writer
      const told = { time: timeOf(time, input.relation), deletes: input.deletes, owner } as const
      const { rule, next, taken } = afterTold({ status, time }, told, attached)
      if (!taken) return rests(ruleNames[rule])
      return { name: ruleNames[rule], ...next, around: { ...held, mine: false } }
    }
    case 'writer-fails': {
      if (writer !== 'attached') return null
      const next = mine ? { status, time } : afterOwnerFails({ status, time })
      const name = next.status === status ? 'changes nothing' : 'hides it'
      return { name, ...next, around: { ...held, writer: 'failed' } }
    }
    case 'writer-returns': {
      if (writer !== 'failed') return null
      const next = mine ? { status, time } : afterOwnerReturns({ status, time })
      const name = next.status === status ? 'changes nothing' : 'restores it'
      return { name, ...next, around: { ...held, writer: 'attached' } }
    }
    case 'writer-leaves': {
      if (writer !== 'attached') return null
      const around = { ...held, writer: 'detached' as const }
      if (mine || status === 'absent') return rests('changes nothing', around)
      return { name: 'drops it', ...absent, around }
    }
    case 'writer-joins':
      return writer === 'detached' ? rests('changes nothing', { ...held, writer: 'attached' }) : null
    case 'join':
      return attached ? null : rests('changes nothing', { ...held, attached: true })
    case 'leave': {
      if (!attached) return null
      const next = afterOwnLeave({ status, time }, mine, time + 1)
      const around = { ...held, attached: false, mine: mine && next.status !== 'absent' }
      if (next.status === status && next.time === time) return rests('changes nothing', around)
      if (next.status === 'absent') return { name: 'drops it', ...absent, around }
      return { name: 'buries it', status: next.status, time: 'own', around }
    }
    case 'create':
    case 'update':
    case 'delete': {
      if (!attached) return null
      if (!isCarriedOut({ status, time }, input.type)) return rests('refuses')
      const around = { ...held, mine: true }
      const next = input.type === 'delete' ? 'tombstone' : 'live'
      return { name: 'does it', status: next, time: 'own', around }
    }
    case 'ages': {
      if (status === 'absent' || status === 'live') return rests('changes nothing')
      return { name: 'forgets it', ...absent, around: { ...held, mine: false } }
    }
  }
}

const inputTypes: readonly InputType[] = [
  'told',
  'told-own',
  'writer-fails',
  'writer-returns',
  'writer-leaves',
  'writer-joins',
  'join',
  'leave',
  'create',
  'update',
  'delete',
  'ages',
]

export const entries = acceptorOf<EntryStatus, Around, EntryInput>({
  id: 'entry',
  statuses: ['absent', 'live', 'suspended', 'tombstone'],
  inputTypes,
  prefix: '',
  around: ({ mine, attached, writer }) => ({ mine, attached, writer }),
  followed,
})

/** Nobody has written it, and the other is in the network. */
export const entryStart: EntryStart = {
  status: 'absent',
  time: 0,
  mine: false,
  attached: false,
  writer: 'attached',
}

/** Everything that may happen to who holds this. */
export function inputsTo(at: EntryStart): EntryInput[] {
  const told = (['told', 'told-own'] as const).flatMap((type) =>
    relations.flatMap((relation) => [false, true].map((deletes): EntryInput => ({ type, relation, deletes }))),
  )
  const others = inputTypes
    .filter((type) => type !== 'told' && type !== 'told-own')
    .map((type) => ({ type }) as EntryInput)
  return [...told, ...others].filter((input) => entries.outcomeOf(at, input) !== null)
}
