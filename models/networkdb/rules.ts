/**
 * The rules of the network database, pure, so that the machine and the judge can share them: what becomes of one record
 * when something is told of it. Each names the rule that decided. [ND] delegate.go, networkdb.go.
 */
import type { Time } from './vocabulary.ts'

export type EntryStatus = 'absent' | 'live' | 'suspended' | 'tombstone'

/** What a node holds of one entry. */
export interface Held {
  readonly status: EntryStatus
  /** Of what is absent 0. */
  readonly time: Time
}

/** What a node holds of an entry's owner: itself, in the network, in it but out of sight, or not in it. */
export type OwnerState = 'self' | 'attached' | 'failed' | 'detached'

export interface Told {
  readonly time: Time
  readonly deletes: boolean
  readonly owner: OwnerState
}

export const absent: Held = { status: 'absent', time: 0 }

export type EntryRule =
  | 'ignoresOwnEntries'
  | 'entryNeedsAttachment'
  | 'entryNeedsOwner'
  | 'ignoresOlderEntry'
  | 'takesNewerEntry'
  | 'keepsTombstones'
  | 'hidesFailed'

/** What a table event makes of an entry. `attached`: the node itself is in the network. [ND] handleTableEvent */
export function afterTold(
  held: Held,
  told: Told,
  attached: boolean,
): { readonly rule: EntryRule; readonly next: Held; readonly taken: boolean } {
  const stays = (rule: EntryRule) => ({ rule, next: held, taken: false })
  if (told.owner === 'self') return stays('ignoresOwnEntries')
  if (!attached) return stays('entryNeedsAttachment')
  if (told.owner === 'detached') return stays('entryNeedsOwner')
  if (held.status !== 'absent' && held.time >= told.time) return stays('ignoresOlderEntry')
  const { time } = told
  if (told.deletes) return { rule: 'keepsTombstones', next: { status: 'tombstone', time }, taken: true }
  if (told.owner === 'failed') return { rule: 'hidesFailed', next: { status: 'suspended', time }, taken: true }
  return { rule: 'takesNewerEntry', next: { status: 'live', time }, taken: true }
}

/** Whether an event that was taken is told on. [ND] handleTableEvent */
export function passesOn(
  before: Held,
  told: Pick<Told, 'deletes'>,
  how: { readonly synced: boolean; readonly bySync: boolean; readonly residual: number; readonly reapInterval: number },
): boolean {
  if (!how.synced) return false
  if (!told.deletes || before.status !== 'absent') return true
  return how.bySync && how.residual > how.reapInterval / 6
}

/** The owner fails, comes back, or goes for good, from the network or from the cluster. */
export const afterOwnerFails = (held: Held): Held => (held.status === 'live' ? { ...held, status: 'suspended' } : held)
export const afterOwnerReturns = (held: Held): Held =>
  held.status === 'suspended' ? { ...held, status: 'live' } : held

/** The node itself leaves the network: what it owns is deleted, all else forgotten. [ND] LeaveNetwork */
export function afterOwnLeave(held: Held, isOwn: boolean, time: Time): Held {
  if (!isOwn) return absent
  return held.status === 'tombstone' || held.status === 'absent' ? held : { status: 'tombstone', time }
}

export type EntryOperation = 'create' | 'update' | 'delete'

/** Whether an operation of the node itself is carried out: only what is visible exists. [ND] CreateEntry, UpdateEntry */
export const isCarriedOut = ({ status }: Held, operation: EntryOperation): boolean =>
  (operation === 'create') !== (status === 'live')

export interface HeldAttachment {
  readonly status: 'absent' | 'joined' | 'left'
  readonly time: Time
}

export type AttachmentRule =
  | 'ignoresOwnAttachment'
  | 'ignoresOlderAttachment'
  | 'takesNewerAttachment'
  | 'leaveNeedsAttachment'
  | 'attachmentNeedsPeer'

/** What a network event makes of an attachment. [ND] handleNetworkEvent */
export function afterAttachmentTold(
  held: HeldAttachment,
  told: { readonly time: Time; readonly leaves: boolean },
  about: 'self' | 'active' | 'other',
): { readonly rule: AttachmentRule; readonly next: HeldAttachment; readonly taken: boolean } {
  const stays = (rule: AttachmentRule) => ({ rule, next: held, taken: false })
  if (about === 'self') return stays('ignoresOwnAttachment')
  const next = { status: told.leaves ? ('left' as const) : ('joined' as const), time: told.time }
  if (held.status !== 'absent') {
    if (held.time >= told.time) return stays('ignoresOlderAttachment')
    return { rule: 'takesNewerAttachment', next, taken: true }
  }
  if (told.leaves) return stays('leaveNeedsAttachment')
  if (about !== 'active') return stays('attachmentNeedsPeer')
  return { rule: 'takesNewerAttachment', next, taken: true }
}

/** A Lamport clock after a time was seen. [Serf] lamport.go Witness */
export const witness = (clock: Time, seen: Time): Time => (seen >= clock ? seen + 1 : clock)

/** In how many rounds an event is told at most. [ML] util.go retransmitLimit */
export const roundsAtMost = (multiplier: number, nodes: number): number => multiplier * Math.ceil(Math.log10(nodes + 1))

/** How long a deleted or left attachment is remembered. [ND] newNetworkDB */
export const attachmentReapInterval = (reapInterval: number, reapPeriod: number): number =>
  reapInterval + 5 * reapPeriod
