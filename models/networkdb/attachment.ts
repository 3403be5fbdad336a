/**
 * What one node holds of one attachment to a network, its own or that of another, as a state machine that accepts. The
 * state is its status; around it stands whose it is, and whether that one is there.
 */
import { acceptorOf, relations, timeOf, type FollowedBy, type OutcomeOf, type Relation } from './acceptor.ts'
import { afterAttachmentTold, type AttachmentRule, type HeldAttachment } from './rules.ts'

type AttachmentStatus = HeldAttachment['status']

/** Whose it is: the node's own, or that of another, who is there, has failed, or has left the cluster. */
export type Whose = 'own' | 'active' | 'failed' | 'left'

export type AttachmentInput =
  /** An event about it, told by another. */
  | { readonly type: 'told'; readonly relation: Relation; readonly leaves: boolean }
  /** The node itself is asked to. */
  | { readonly type: 'join' | 'leave' }
  /** The other is lost from sight; is there again; says that it leaves the cluster; has another in its place. */
  | { readonly type: 'fails' | 'returns' | 'goes' | 'is-replaced' }
  /** So much time passes that all that is old is forgotten. */
  | { readonly type: 'ages' }

export type AttachmentOutcome = OutcomeOf<AttachmentStatus>

interface Around {
  readonly whose: Whose
}

/** Where a path begins, and what it leads to. */
export type AttachmentSituation = AttachmentOutcome & Around

type Followed = FollowedBy<AttachmentStatus, Around>

const ruleNames: Readonly<Record<AttachmentRule, string>> = {
  ignoresOwnAttachment: 'ignores what is its own',
  ignoresOlderAttachment: 'ignores what is not newer',
  takesNewerAttachment: 'takes it',
  leaveNeedsAttachment: 'ignores who leaves unknown',
  attachmentNeedsPeer: 'ignores who is not there',
}

/** What becomes of it as the other comes and goes: null where it cannot. */
const wayOf: Readonly<Record<'fails' | 'returns' | 'goes' | 'is-replaced', Readonly<Partial<Record<Whose, Whose>>>>> = {
  fails: { active: 'failed' },
  returns: { failed: 'active', left: 'active' },
  // Of who has failed nothing is heard any more.
  goes: { active: 'left', failed: 'failed' },
  'is-replaced': { active: 'left', failed: 'left' },
}

/** What may come of an input; null where it makes no sense. */
function followed({ status, time, whose }: AttachmentSituation, input: AttachmentInput): Followed | null {
  const rests = (name: string, now: Whose = whose): Followed => ({ name, status, time, around: { whose: now } })
  switch (input.type) {
    case 'told': {
      // Of what is not there nothing is older.
      if (status === 'absent' && input.relation !== 'newer') return null
      const told = { time: timeOf(time, input.relation), leaves: input.leaves }
      const about = whose === 'own' ? 'self' : whose === 'active' ? 'active' : 'other'
      const { rule, next, taken } = afterAttachmentTold({ status, time }, told, about)
      return taken ? { name: ruleNames[rule], ...next, around: { whose } } : rests(ruleNames[rule])
    }
    case 'join':
    case 'leave': {
      if (whose !== 'own') return null
      const isJoined = status === 'joined'
      const again: Followed = { name: 'leaves once more', status: 'left', time: 'own', around: { whose } }
      if (isJoined === (input.type === 'join'))
        return { ...rests('refuses'), ...(status === 'left' && input.type === 'leave' ? { or: again } : {}) }
      return { name: 'does it', status: isJoined ? 'left' : 'joined', time: 'own', around: { whose } }
    }
    case 'fails':
    case 'returns':
    case 'goes':
    case 'is-replaced': {
      const now = wayOf[input.type][whose]
      if (now === undefined) return null
      if (now !== 'left' || status === 'absent') return rests('changes nothing', now)
      return { name: 'drops it', status: 'absent', time: 0, around: { whose: now } }
    }
    case 'ages':
      if (status !== 'left') return rests('changes nothing')
      return { name: 'forgets it', status: 'absent', time: 0, around: { whose } }
  }
}

const inputTypes = ['told', 'join', 'leave', 'fails', 'returns', 'goes', 'is-replaced', 'ages'] as const

export const attachments = acceptorOf<AttachmentStatus, Around, AttachmentInput>({
  id: 'attachment',
  statuses: ['absent', 'joined', 'left'],
  inputTypes,
  prefix: 'attachment ',
  around: ({ whose }) => ({ whose }),
  followed,
})

/** Nobody has spoken of it: of the node's own, and of that of another who is there. */
export const attachmentStarts: readonly AttachmentSituation[] = (['own', 'active'] as const).map((whose) => ({
  status: 'absent',
  time: 0,
  whose,
}))

/** Everything that may happen to who holds this. */
export function attachmentInputs(at: AttachmentSituation): AttachmentInput[] {
  const told = relations.flatMap((relation) =>
    [false, true].map((leaves): AttachmentInput => ({ type: 'told', relation, leaves })),
  )
  const others = inputTypes.filter((type) => type !== 'told').map((type): AttachmentInput => ({ type }))
  return [...told, ...others].filter((input) => attachments.outcomeOf(at, input) !== null)
}
