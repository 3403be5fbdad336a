/** Each rule of SWIM about records made wrong, and who finds it. */
import type * as rules from '../../../models/swim/rules.ts'
import type { Mutation } from './mutated-rules.ts'

type Rules = typeof rules

/** `truth`: the rules as they are. */
export function swimRecordMutations(truth: Rules): readonly Mutation<Rules>[] {
  const { UNKNOWN, ALIVE, SUSPECT, DEAD, LEFT, record, statusOf, incarnationOf } = truth
  const { afterAlive, afterSuspect, afterDead, confirms } = truth
  return [
    {
      rule: 'afterAlive',
      as: 'believes what is not newer',
      wrong: {
        afterAlive: (known, said, moved) =>
          said === incarnationOf(known) && !moved ? record(ALIVE, said) : afterAlive(known, said, moved),
      },
      explorer: 'records never go back',
      reference: 'swim/takes-newer-alive',
      vectors: true,
    },
    {
      rule: 'afterAlive',
      as: 'believes what is older',
      wrong: {
        afterAlive: (known, said, moved) =>
          said < incarnationOf(known) && !moved ? record(ALIVE, said) : afterAlive(known, said, moved),
      },
      explorer: 'records never go back',
      reference: 'swim/takes-newer-alive',
    },
    {
      rule: 'afterAlive',
      as: 'never revives the dead',
      wrong: {
        afterAlive: (known, said, moved) => (statusOf(known) === DEAD ? known : afterAlive(known, said, moved)),
      },
      explorer: 'the dead are alive again',
      reference: 'swim/ignores-older-alive',
    },
    {
      rule: 'afterAlive',
      as: 'is not believed of suspects',
      wrong: {
        afterAlive: (known, said, moved) =>
          statusOf(known) === SUSPECT || statusOf(known) === DEAD ? known : afterAlive(known, said, moved),
      },
      explorer: 'a refutation is believed',
      reference: 'swim/ignores-older-alive',
    },
    {
      rule: 'afterAlive',
      as: 'never takes back who left',
      wrong: {
        afterAlive: (known, said, moved) => (statusOf(known) === LEFT ? known : afterAlive(known, said, moved)),
      },
      explorer: null,
      reference: 'swim/ignores-older-alive',
    },
    {
      rule: 'afterAlive',
      as: 'keeps the incarnation that it held',
      wrong: {
        afterAlive: (known, said, moved) =>
          statusOf(known) === UNKNOWN
            ? afterAlive(known, said, moved)
            : record(statusOf(afterAlive(known, said, moved)), incarnationOf(known)),
      },
      explorer: 'records never go back',
      reference: 'swim/ignores-older-alive',
    },
    {
      rule: 'afterAlive',
      as: 'meets nobody',
      wrong: {
        afterAlive: (known, said, moved) => (statusOf(known) === UNKNOWN ? known : afterAlive(known, said, moved)),
      },
      explorer: null,
      reference: 'swim/takes-new-member',
      vectors: true,
    },
    {
      rule: 'afterAlive',
      as: 'meets who has no incarnation for alive',
      wrong: {
        afterAlive: (known, said, moved) =>
          statusOf(known) === UNKNOWN ? record(ALIVE, said) : afterAlive(known, said, moved),
      },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'afterAlive',
      as: 'lets anybody move',
      wrong: { afterAlive: (known, said) => afterAlive(known, said, false) },
      explorer: null,
      reference: 'swim/takes-newer-alive',
    },
    {
      rule: 'afterAlive',
      as: 'lets nobody move',
      wrong: {
        afterAlive: (known, said, moved) =>
          moved && statusOf(known) === LEFT ? known : afterAlive(known, said, moved),
      },
      explorer: null,
      reference: 'swim/ignores-older-alive',
    },
    {
      rule: 'afterSuspect',
      as: 'shares no suspicion',
      wrong: { afterSuspect: (known) => known },
      explorer: 'a suspicion is shared',
      reference: 'swim/takes-suspicion',
    },
    {
      rule: 'afterSuspect',
      as: 'counts what is older',
      wrong: { afterSuspect: (known, said) => (statusOf(known) === ALIVE ? record(SUSPECT, said) : known) },
      explorer: 'records never go back',
      reference: 'swim/takes-suspicion',
    },
    {
      rule: 'afterSuspect',
      as: 'counts only what is newer',
      wrong: { afterSuspect: (known, said) => (said > incarnationOf(known) ? afterSuspect(known, said) : known) },
      explorer: null,
      reference: 'swim/takes-suspicion',
    },
    {
      rule: 'afterSuspect',
      as: 'revives the dead',
      wrong: {
        afterSuspect: (known, said) => (statusOf(known) === DEAD ? record(SUSPECT, said) : afterSuspect(known, said)),
      },
      explorer: 'records never go back',
      reference: 'swim/left-may-move',
    },
    {
      rule: 'afterSuspect',
      as: 'renews a suspicion',
      wrong: {
        afterSuspect: (known, said) =>
          statusOf(known) === SUSPECT && said > incarnationOf(known)
            ? record(SUSPECT, said)
            : afterSuspect(known, said),
      },
      explorer: null,
      reference: 'swim/takes-suspicion',
    },
    {
      rule: 'afterSuspect',
      as: 'keeps the incarnation that it held',
      wrong: { afterSuspect: (known, said) => record(statusOf(afterSuspect(known, said)), incarnationOf(known)) },
      explorer: null,
      reference: 'swim/takes-suspicion',
    },
    {
      rule: 'afterSuspect',
      as: 'suspects strangers',
      wrong: {
        afterSuspect: (known, said) =>
          statusOf(known) === UNKNOWN ? record(SUSPECT, said) : afterSuspect(known, said),
      },
      explorer: null,
      reference: 'swim/takes-new-member',
    },
    {
      rule: 'afterDead',
      as: 'shares no death',
      wrong: { afterDead: (known, said, leaves) => (leaves ? afterDead(known, said, leaves) : known) },
      explorer: 'a death is shared',
      reference: 'swim/takes-death',
    },
    {
      rule: 'afterDead',
      as: 'counts what is older',
      wrong: {
        afterDead: (known, said, leaves) =>
          statusOf(known) === ALIVE ? record(leaves ? LEFT : DEAD, said) : afterDead(known, said, leaves),
      },
      explorer: 'records never go back',
      reference: 'swim/takes-death',
    },
    {
      rule: 'afterDead',
      as: 'counts only what is newer',
      wrong: {
        afterDead: (known, said, leaves) => (said > incarnationOf(known) ? afterDead(known, said, leaves) : known),
      },
      explorer: null,
      reference: 'swim/takes-death',
    },
    {
      rule: 'afterDead',
      as: 'counts only of suspects',
      wrong: {
        afterDead: (known, said, leaves) => (statusOf(known) === ALIVE ? known : afterDead(known, said, leaves)),
      },
      explorer: null,
      reference: 'swim/takes-death',
    },
    {
      rule: 'afterDead',
      as: 'takes the dead for left',
      wrong: { afterDead: (known, said) => afterDead(known, said, true) },
      explorer: 'only who leaves is said to have left',
      reference: 'swim/takes-death',
    },
    {
      rule: 'afterDead',
      as: 'takes who left for dead',
      wrong: { afterDead: (known, said) => afterDead(known, said, false) },
      explorer: 'a member that left is known to have',
      reference: 'swim/leave-is-no-failure',
    },
    {
      rule: 'afterDead',
      as: 'lets the dead die again',
      wrong: {
        afterDead: (known, said, leaves) =>
          statusOf(known) === DEAD && said > incarnationOf(known) ? record(DEAD, said) : afterDead(known, said, leaves),
      },
      explorer: null,
      reference: 'swim/left-may-move',
    },
    {
      rule: 'afterDead',
      as: 'lets the dead leave',
      wrong: {
        afterDead: (known, said, leaves) =>
          statusOf(known) === DEAD && leaves && said >= incarnationOf(known)
            ? record(LEFT, said)
            : afterDead(known, said, leaves),
      },
      explorer: null,
      reference: 'swim/left-may-move',
    },
    {
      rule: 'afterDead',
      as: 'keeps the incarnation that it held',
      wrong: {
        afterDead: (known, said, leaves) => record(statusOf(afterDead(known, said, leaves)), incarnationOf(known)),
      },
      explorer: null,
      reference: 'swim/takes-death',
    },
    {
      rule: 'afterDead',
      as: 'buries strangers',
      wrong: {
        afterDead: (known, said, leaves) =>
          statusOf(known) === UNKNOWN ? record(DEAD, said) : afterDead(known, said, leaves),
      },
      explorer: null,
      reference: 'swim/takes-new-member',
    },
    {
      rule: 'confirms',
      as: 'counts an accuser twice',
      wrong: { confirms: (known, said) => confirms(known, said, true) },
      explorer: null,
      reference: 'swim/confirmations-shorten',
    },
    {
      rule: 'confirms',
      as: 'counts nobody',
      wrong: { confirms: () => false },
      explorer: null,
      reference: 'swim/suspicion-lasts',
    },
    {
      rule: 'confirms',
      as: 'counts what is older',
      wrong: { confirms: (known, _said, isNew) => confirms(known, incarnationOf(known), isNew) },
      explorer: null,
      reference: 'swim/confirmations-shorten',
    },
    {
      rule: 'confirms',
      as: 'counts only what is newer',
      wrong: { confirms: (known, said, isNew) => said > incarnationOf(known) && confirms(known, said, isNew) },
      explorer: null,
      reference: 'swim/suspicion-lasts',
    },
    {
      rule: 'confirms',
      as: 'needs no suspicion',
      wrong: { confirms: (known, said, isNew) => confirms(record(SUSPECT, incarnationOf(known)), said, isNew) },
      explorer: null,
      reference: null,
      reason: 'whoever asks has a suspicion, which begins and ends with the status',
    },
    {
      rule: 'mustRefute',
      as: 'refutes only what is newer',
      wrong: { mustRefute: (own, accused) => accused > own },
      explorer: 'a refutation is believed',
      reference: 'swim/refutes-exactly',
    },
    {
      rule: 'mustRefute',
      as: 'refutes what is older',
      wrong: { mustRefute: () => true },
      explorer: null,
      reference: 'swim/refutes-exactly',
    },
    {
      rule: 'mustRefute',
      as: 'refutes nothing',
      wrong: { mustRefute: () => false },
      explorer: 'a refutation is believed',
      reference: 'swim/refutes-exactly',
    },
    {
      rule: 'refutation',
      as: 'does not go beyond',
      wrong: { refutation: (own, accused) => Math.max(own, accused) },
      explorer: 'a refutation is believed',
      reference: 'swim/refutes-exactly',
    },
    {
      rule: 'refutation',
      as: 'goes beyond its own alone',
      wrong: { refutation: (own) => own + 1 },
      explorer: null,
      reference: 'swim/refutes-exactly',
    },
    {
      rule: 'refutation',
      as: 'goes beyond what was said alone',
      wrong: { refutation: (_own, accused) => accused + 1 },
      explorer: null,
      reference: null,
      reason: 'what is refuted is never older than the incarnation of who refutes it',
    },
    {
      rule: 'refutation',
      as: 'goes too far',
      wrong: { refutation: (own, accused) => Math.max(own, accused) + 2 },
      explorer: 'a refutation is believed',
      reference: 'swim/refutes-exactly',
    },
  ]
}
