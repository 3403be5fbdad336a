/** Each rule of the network database made wrong, and who finds it. */
import type * as rules from '../../../models/networkdb/rules.ts'
import type { Mutation } from './mutated-rules.ts'

type Rules = typeof rules

/** `truth`: the rules as they are. */
export function networkDbMutations(truth: Rules): readonly Mutation<Rules>[] {
  const { afterTold, afterAttachmentTold, afterOwnLeave, passesOn, isCarriedOut, absent } = truth
  return [
    {
      rule: 'afterTold',
      as: 'takes back what is its own',
      wrong: {
        afterTold: (held, told, attached) =>
          afterTold(held, told.owner === 'self' ? { ...told, owner: 'attached' } : told, attached),
      },
      explorer: 'a deletion that was forgotten too early is undone for good',
      reference: 'networkdb/takes-newer-entry',
    },
    {
      rule: 'afterTold',
      as: 'takes what is of another network',
      wrong: { afterTold: (held, told) => afterTold(held, told, true) },
      explorer: 'what is shown is of who is there',
      reference: 'networkdb/takes-newer-entry',
    },
    {
      rule: 'afterTold',
      as: 'takes from whoever is not in the network',
      wrong: {
        afterTold: (held, told, attached) =>
          afterTold(held, told.owner === 'detached' ? { ...told, owner: 'attached' } : told, attached),
      },
      explorer: 'what is shown is of who is there',
      reference: 'networkdb/takes-newer-entry',
    },
    {
      rule: 'afterTold',
      as: 'takes what is older',
      wrong: { afterTold: (held, told, attached) => afterTold(held.time > told.time ? absent : held, told, attached) },
      explorer: 'records never go back',
      reference: 'networkdb/takes-newer-entry',
    },
    {
      rule: 'afterTold',
      as: 'takes what is of the same time',
      wrong: {
        afterTold: (held, told, attached) => afterTold(held.time === told.time ? absent : held, told, attached),
      },
      explorer: 'records never go back',
      reference: 'networkdb/keeps-tombstones',
    },
    {
      rule: 'afterTold',
      as: 'takes nothing',
      wrong: {
        afterTold: (held, told, attached) => ({ ...afterTold(held, told, attached), next: held, taken: false }),
      },
      explorer: 'at rest all show what the writer shows, unless a deletion was forgotten too early',
      reference: 'networkdb/takes-newer-entry',
    },
    {
      rule: 'afterTold',
      as: 'takes nothing of who has failed',
      wrong: {
        afterTold: (held, told, attached) =>
          afterTold(held, told.owner === 'failed' ? { ...told, owner: 'detached' } : told, attached),
      },
      explorer: null,
      reference: 'networkdb/entry-needs-owner',
    },
    {
      rule: 'afterTold',
      as: 'shows what is of who has failed',
      wrong: {
        afterTold: (held, told, attached) =>
          afterTold(held, told.owner === 'failed' ? { ...told, owner: 'attached' } : told, attached),
      },
      explorer: 'what is shown is of who is there',
      reference: 'networkdb/takes-newer-entry',
    },
    {
      rule: 'afterTold',
      as: 'lets nothing follow a deletion',
      wrong: {
        afterTold: (held, told, attached) =>
          held.status === 'tombstone'
            ? { rule: 'ignoresOlderEntry', next: held, taken: false }
            : afterTold(held, told, attached),
      },
      explorer: 'at rest all show what the writer shows, unless a deletion was forgotten too early',
      reference: 'networkdb/ignores-older-entry',
    },
    {
      rule: 'afterTold',
      as: 'lets a deletion that it did not need pass',
      wrong: {
        afterTold: (held, told, attached) =>
          held.status === 'absent' && told.deletes
            ? { rule: 'keepsTombstones', next: held, taken: false }
            : afterTold(held, told, attached),
      },
      explorer: 'a deletion comes before what it deletes',
      reference: 'networkdb/keeps-tombstones',
    },
    {
      rule: 'afterTold',
      as: 'keeps nothing of what is deleted',
      wrong: {
        afterTold: (held, told, attached) => {
          const after = afterTold(held, told, attached)
          return after.rule === 'keepsTombstones' ? { ...after, next: absent } : after
        },
      },
      explorer: 'records never go back',
      reference: 'networkdb/keeps-tombstones',
    },
    {
      rule: 'afterTold',
      as: 'shows what is deleted',
      wrong: { afterTold: (held, told, attached) => afterTold(held, { ...told, deletes: false }, attached) },
      explorer: 'what is held was made by its owner',
      reference: 'networkdb/takes-newer-entry',
    },
    {
      rule: 'afterTold',
      as: 'keeps the time that it held',
      wrong: {
        afterTold: (held, told, attached) => {
          const after = afterTold(held, told, attached)
          return after.taken && held.status !== 'absent'
            ? { ...after, next: { ...after.next, time: held.time } }
            : after
        },
      },
      explorer: 'at rest all show what the writer shows, unless a deletion was forgotten too early',
      reference: 'the machine',
    },
    {
      rule: 'passesOn',
      as: 'tells everything on',
      wrong: { passesOn: () => true },
      explorer: null,
      reference: 'networkdb/passes-on-news',
    },
    {
      rule: 'passesOn',
      as: 'tells nothing on',
      wrong: { passesOn: () => false },
      explorer: null,
      reference: 'networkdb/passes-on-only-news',
    },
    {
      rule: 'passesOn',
      as: 'tells on before it has joined',
      wrong: { passesOn: (before, told, how) => passesOn(before, told, { ...how, synced: true }) },
      explorer: null,
      reference: 'networkdb/passes-on-news',
    },
    {
      rule: 'passesOn',
      as: 'tells no deletions on',
      wrong: { passesOn: (before, told, how) => !told.deletes && passesOn(before, told, how) },
      explorer: null,
      reference: 'networkdb/passes-on-only-news',
    },
    {
      rule: 'passesOn',
      as: 'tells on unknown deletions that came by gossip',
      wrong: { passesOn: (before, told, how) => passesOn(before, told, { ...how, bySync: true }) },
      explorer: null,
      reference: 'networkdb/passes-on-news',
    },
    {
      rule: 'passesOn',
      as: 'tells no unknown deletions on',
      wrong: { passesOn: (before, told, how) => passesOn(before, told, { ...how, bySync: false }) },
      explorer: null,
      reference: 'networkdb/passes-on-only-news',
    },
    {
      rule: 'passesOn',
      as: 'tells on unknown deletions that end soon',
      wrong: { passesOn: (before, told, how) => passesOn(before, told, { ...how, residual: Infinity }) },
      explorer: null,
      reference: 'networkdb/passes-on-news',
    },
    {
      rule: 'afterOwnerFails',
      as: 'shows what is of who has failed',
      wrong: { afterOwnerFails: (held) => held },
      explorer: 'what is shown is of who is there',
      reference: 'networkdb/changes-by-cause',
    },
    {
      rule: 'afterOwnerFails',
      as: 'forgets what is of who has failed',
      wrong: { afterOwnerFails: (held) => (held.status === 'live' ? absent : held) },
      explorer: null,
      reference: 'networkdb/changes-by-cause',
    },
    {
      rule: 'afterOwnerFails',
      as: 'hides deletions',
      wrong: { afterOwnerFails: (held) => (held.status === 'absent' ? held : { ...held, status: 'suspended' }) },
      explorer: 'what is held was made by its owner',
      reference: 'networkdb/hides-failed',
    },
    {
      rule: 'afterOwnerReturns',
      as: 'hides what is of who is back',
      wrong: { afterOwnerReturns: (held) => held },
      explorer: 'what is shown is of who is there',
      reference: 'networkdb/changes-by-cause',
    },
    {
      rule: 'afterOwnerReturns',
      as: 'shows what was deleted of who is back',
      wrong: { afterOwnerReturns: (held) => (held.status === 'absent' ? held : { ...held, status: 'live' }) },
      explorer: 'what is held was made by its owner',
      reference: 'networkdb/restores-returned',
    },
    {
      rule: 'afterOwnLeave',
      as: 'keeps what is of others',
      wrong: { afterOwnLeave: (held, isOwn, time) => (isOwn ? afterOwnLeave(held, isOwn, time) : held) },
      explorer: 'what is shown is of who is there',
      reference: 'networkdb/own-leave-forgets',
    },
    {
      rule: 'afterOwnLeave',
      as: 'forgets what is its own',
      wrong: { afterOwnLeave: () => absent },
      explorer: 'at rest all show what the writer shows, unless a deletion was forgotten too early',
      reference: 'networkdb/own-leave-buries',
    },
    {
      rule: 'afterOwnLeave',
      as: 'keeps what is its own',
      wrong: { afterOwnLeave: (held, isOwn) => (isOwn ? held : absent) },
      explorer: 'what is shown is of who is there',
      reference: 'networkdb/own-leave-buries',
    },
    {
      rule: 'afterOwnLeave',
      as: 'deletes at the time that it held',
      wrong: { afterOwnLeave: (held, isOwn) => afterOwnLeave(held, isOwn, held.time) },
      explorer: 'what is held was made by its owner',
      reference: 'networkdb/own-leave-buries',
    },
    {
      rule: 'afterOwnLeave',
      as: 'deletes again what it has deleted',
      wrong: {
        afterOwnLeave: (held, isOwn, time) =>
          !isOwn || held.status === 'absent' ? absent : { status: 'tombstone', time },
      },
      explorer: null,
      reference: 'networkdb/own-leave-buries',
    },
    {
      rule: 'isCarriedOut',
      as: 'creates what is there',
      wrong: { isCarriedOut: (held, operation) => operation === 'create' || isCarriedOut(held, operation) },
      explorer: null,
      reference: 'networkdb/stores-operations',
    },
    {
      rule: 'isCarriedOut',
      as: 'creates nothing where it holds a deletion',
      wrong: {
        isCarriedOut: (held, operation) =>
          isCarriedOut(held, operation) && (operation !== 'create' || held.status !== 'tombstone'),
      },
      explorer: null,
      reference: 'networkdb/create-refuses-existing',
    },
    {
      rule: 'isCarriedOut',
      as: 'creates nothing where it holds what is hidden',
      wrong: {
        isCarriedOut: (held, operation) =>
          isCarriedOut(held, operation) && (operation !== 'create' || held.status !== 'suspended'),
      },
      explorer: null,
      reference: 'networkdb/create-refuses-existing',
    },
    {
      rule: 'isCarriedOut',
      as: 'updates what is not there',
      wrong: { isCarriedOut: (held, operation) => operation === 'update' || isCarriedOut(held, operation) },
      explorer: null,
      reference: 'networkdb/stores-operations',
    },
    {
      rule: 'isCarriedOut',
      as: 'deletes what is not visible',
      wrong: {
        isCarriedOut: (held, operation) =>
          (operation === 'delete' && held.status !== 'absent') || isCarriedOut(held, operation),
      },
      explorer: null,
      reference: 'networkdb/stores-operations',
    },
    {
      rule: 'isCarriedOut',
      as: 'does nothing',
      wrong: { isCarriedOut: () => false },
      explorer: 'all hold an entry',
      reference: 'networkdb/change-needs-existing',
    },
    {
      rule: 'afterAttachmentTold',
      as: 'believes others of its own attachment',
      wrong: {
        afterAttachmentTold: (held, told, about) =>
          afterAttachmentTold(held, told, about === 'self' ? 'active' : about),
      },
      explorer: null,
      reference: 'networkdb/takes-newer-attachment',
    },
    {
      rule: 'afterAttachmentTold',
      as: 'takes what is older',
      wrong: {
        afterAttachmentTold: (held, told, about) =>
          afterAttachmentTold(held.time > told.time ? { ...held, time: told.time - 1 } : held, told, about),
      },
      explorer: 'records never go back',
      reference: 'networkdb/takes-newer-attachment',
    },
    {
      rule: 'afterAttachmentTold',
      as: 'takes what is of the same time',
      wrong: {
        afterAttachmentTold: (held, told, about) =>
          afterAttachmentTold(held.time === told.time ? { ...held, time: told.time - 1 } : held, told, about),
      },
      explorer: null,
      reference: 'networkdb/takes-newer-attachment',
    },
    {
      rule: 'afterAttachmentTold',
      as: 'takes nothing',
      wrong: {
        afterAttachmentTold: (held, told, about) => ({
          ...afterAttachmentTold(held, told, about),
          next: held,
          taken: false,
        }),
      },
      explorer: 'at rest members are known, unless a departure was forgotten too early',
      reference: 'networkdb/takes-newer-attachment',
    },
    {
      rule: 'afterAttachmentTold',
      as: 'remembers that a stranger left',
      wrong: {
        afterAttachmentTold: (held, told, about) =>
          held.status === 'absent' && told.leaves && about === 'active'
            ? { rule: 'takesNewerAttachment', next: { status: 'left', time: told.time }, taken: true }
            : afterAttachmentTold(held, told, about),
      },
      explorer: null,
      reference: 'networkdb/takes-newer-attachment',
    },
    {
      rule: 'afterAttachmentTold',
      as: 'takes in who is not there',
      wrong: {
        afterAttachmentTold: (held, told, about) =>
          afterAttachmentTold(held, told, about === 'other' ? 'active' : about),
      },
      explorer: null,
      reference: 'networkdb/takes-newer-attachment',
    },
    {
      rule: 'afterAttachmentTold',
      as: 'hears nothing of who is not there',
      wrong: {
        afterAttachmentTold: (held, told, about) =>
          about === 'other'
            ? { rule: 'attachmentNeedsPeer', next: held, taken: false }
            : afterAttachmentTold(held, told, about),
      },
      explorer: null,
      reference: 'networkdb/attachment-needs-peer',
    },
    {
      rule: 'afterAttachmentTold',
      as: 'keeps in who leaves',
      wrong: {
        afterAttachmentTold: (held, told, about) => afterAttachmentTold(held, { ...told, leaves: false }, about),
      },
      explorer: null,
      reference: 'networkdb/takes-newer-attachment',
    },
    {
      rule: 'witness',
      as: 'sees nothing',
      wrong: { witness: (clock) => clock },
      explorer: 'a clock is not behind what its node holds',
      reference: 'networkdb/clocks-by-cause',
      vectors: true,
    },
    {
      rule: 'witness',
      as: 'sets back',
      wrong: { witness: (_clock, seen) => seen + 1 },
      explorer: 'a clock is not behind what its node holds',
      reference: 'networkdb/clocks-by-cause',
      vectors: true,
    },
    {
      rule: 'witness',
      as: 'goes to what it sees, not beyond',
      wrong: { witness: (clock, seen) => Math.max(clock, seen) },
      explorer: null,
      reference: 'networkdb/clocks-by-cause',
      vectors: true,
    },
    {
      rule: 'witness',
      as: 'goes beyond what is not news',
      wrong: { witness: (clock, seen) => Math.max(clock, seen) + 1 },
      explorer: 'a clock is not behind what its node holds',
      reference: 'networkdb/witnesses-times',
      vectors: true,
    },
    {
      rule: 'roundsAtMost',
      as: 'of one node less',
      wrong: { roundsAtMost: (multiplier, nodes) => truth.roundsAtMost(multiplier, nodes - 1) },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'roundsAtMost',
      as: 'rounded down',
      wrong: { roundsAtMost: (multiplier, nodes) => multiplier * Math.floor(Math.log10(nodes + 1)) },
      explorer: null,
      reference: 'networkdb/tells-bounded-rounds',
      vectors: true,
    },
    {
      rule: 'roundsAtMost',
      as: 'without the multiplier',
      wrong: { roundsAtMost: (_multiplier, nodes) => truth.roundsAtMost(1, nodes) },
      explorer: null,
      reference: 'networkdb/tells-bounded-rounds',
      vectors: true,
    },
    {
      rule: 'attachmentReapInterval',
      as: 'no longer than an entry',
      wrong: { attachmentReapInterval: (reapInterval) => reapInterval },
      explorer: null,
      reference: 'networkdb/remembers-leaving',
      vectors: true,
    },
  ]
}
