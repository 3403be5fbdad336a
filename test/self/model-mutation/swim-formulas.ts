/** Each formula of SWIM, and what its paper leaves open, made wrong, and who finds it. */
import type * as rules from '../../../models/swim/rules.ts'
import type { Mutation } from './mutated-rules.ts'

type Rules = typeof rules

/** `truth`: the rules as they are. */
export function swimFormulaMutations(truth: Rules): readonly Mutation<Rules>[] {
  const { UNKNOWN, ALIVE, SUSPECT, DEAD, record, statusOf, paperAllows } = truth
  const { suspicionTimeout, confirmationsWanted, suspicionDuration, retransmitLimit, pushPullScale } = truth
  return [
    {
      rule: 'paperAllows',
      as: 'allows nothing',
      wrong: { paperAllows: () => false },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'paperAllows',
      as: 'allows everything',
      wrong: { paperAllows: () => true },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'paperAllows',
      as: 'lets suspects be',
      wrong: {
        paperAllows: (known, said, incarnation, next) =>
          (said === ALIVE && next === known) || paperAllows(known, said, incarnation, next),
      },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'paperAllows',
      as: 'renews no suspicion',
      wrong: {
        paperAllows: (known, said, incarnation, next) =>
          said !== SUSPECT && paperAllows(known, said, incarnation, next),
      },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'paperAllows',
      as: 'renews a suspicion by what is older',
      wrong: {
        paperAllows: (known, said, incarnation, next) =>
          (said === SUSPECT && statusOf(known) === SUSPECT && next === record(SUSPECT, incarnation)) ||
          paperAllows(known, said, incarnation, next),
      },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'paperAllows',
      as: 'forgets nobody at once',
      wrong: {
        paperAllows: (known, said, incarnation, next) =>
          statusOf(next) !== UNKNOWN && paperAllows(known, said, incarnation, next),
      },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'paperAllows',
      as: 'buries by any incarnation',
      wrong: {
        paperAllows: (known, said, incarnation, next) =>
          (said === DEAD && statusOf(next) === DEAD) || paperAllows(known, said, incarnation, next),
      },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'suspicionTimeout',
      as: 'does not grow',
      wrong: { suspicionTimeout: (multiplier, _members, interval) => suspicionTimeout(multiplier, 1, interval) },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'suspicionTimeout',
      as: 'is not cut to thousandths',
      wrong: {
        suspicionTimeout: (multiplier, members, interval) => multiplier * Math.max(1, Math.log10(members)) * interval,
      },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'suspicionTimeout',
      as: 'shrinks among few',
      wrong: {
        suspicionTimeout: (multiplier, members, interval) =>
          (multiplier * Math.trunc(Math.log10(members) * 1000) * interval) / 1000,
      },
      explorer: null,
      reference: 'swim/confirmations-shorten',
      vectors: true,
    },
    {
      rule: 'suspicionTimeout',
      as: 'takes no multiplier',
      wrong: { suspicionTimeout: (_multiplier, members, interval) => suspicionTimeout(1, members, interval) },
      explorer: null,
      reference: 'swim/confirmations-shorten',
      vectors: true,
    },
    {
      rule: 'confirmationsWanted',
      as: 'wants one more',
      wrong: { confirmationsWanted: (multiplier, members) => confirmationsWanted(multiplier + 1, members) },
      explorer: null,
      reference: 'swim/suspicion-lasts',
      vectors: true,
    },
    {
      rule: 'confirmationsWanted',
      as: 'wants as many of few',
      wrong: { confirmationsWanted: (multiplier) => multiplier - 2 },
      explorer: null,
      reference: 'swim/suspicion-lasts',
      vectors: true,
    },
    {
      rule: 'confirmationsWanted',
      as: 'wants none where there are just enough',
      wrong: { confirmationsWanted: (multiplier, members) => confirmationsWanted(multiplier, members - 1) },
      explorer: null,
      reference: 'swim/suspicion-ends',
      vectors: true,
    },
    {
      rule: 'suspicionDuration',
      as: 'begins short',
      wrong: {
        suspicionDuration: (_confirmations, wanted, least, greatest) =>
          suspicionDuration(wanted, wanted, least, greatest),
      },
      explorer: null,
      reference: 'swim/suspicion-ends',
      vectors: true,
    },
    {
      rule: 'suspicionDuration',
      as: 'stays long',
      wrong: {
        suspicionDuration: (_confirmations, wanted, least, greatest) => suspicionDuration(0, wanted, least, greatest),
      },
      explorer: null,
      reference: 'swim/suspicion-lasts',
      vectors: true,
    },
    {
      rule: 'suspicionDuration',
      as: 'falls evenly',
      wrong: {
        suspicionDuration: (confirmations, wanted, least, greatest) =>
          wanted < 1 ? least : Math.max(least, greatest - (confirmations / wanted) * (greatest - least)),
      },
      explorer: null,
      reference: 'swim/suspicion-lasts',
      vectors: true,
    },
    {
      rule: 'suspicionDuration',
      as: 'falls below the least',
      wrong: {
        suspicionDuration: (confirmations, wanted, least, greatest) =>
          wanted < 1
            ? least
            : Math.floor(greatest - (Math.log(confirmations + 1) / Math.log(wanted + 1)) * (greatest - least)),
      },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'suspicionDuration',
      as: 'is long where no confirmations are wanted',
      wrong: {
        suspicionDuration: (confirmations, wanted, least, greatest) =>
          wanted < 1 ? greatest : suspicionDuration(confirmations, wanted, least, greatest),
      },
      explorer: null,
      reference: 'swim/suspicion-lasts',
      vectors: true,
    },
    {
      rule: 'retransmitLimit',
      as: 'is rounded down',
      wrong: { retransmitLimit: (multiplier, members) => multiplier * Math.floor(Math.log10(members + 1)) },
      explorer: null,
      reference: 'swim/tells-bounded-times',
      vectors: true,
    },
    {
      rule: 'retransmitLimit',
      as: 'is of one member less',
      wrong: { retransmitLimit: (multiplier, members) => retransmitLimit(multiplier, members - 1) },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'retransmitLimit',
      as: 'takes no multiplier',
      wrong: { retransmitLimit: (_multiplier, members) => retransmitLimit(1, members) },
      explorer: null,
      reference: 'swim/tells-bounded-times',
      vectors: true,
    },
    {
      rule: 'pushPullScale',
      as: 'grows from the first on',
      wrong: { pushPullScale: (interval, members) => (Math.ceil(Math.log2(members)) + 1) * interval },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'pushPullScale',
      as: 'grows one too late',
      wrong: { pushPullScale: (interval, members) => pushPullScale(interval, members - 1) },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'pushPullScale',
      as: 'does not grow',
      wrong: { pushPullScale: (interval) => interval },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'scoreAfter',
      as: 'falls below nothing',
      wrong: { scoreAfter: (score, change, multiplier) => Math.min(score + change, multiplier - 1) },
      explorer: null,
      reference: 'swim/answers-heal',
      vectors: true,
    },
    {
      rule: 'scoreAfter',
      as: 'grows without end',
      wrong: { scoreAfter: (score, change) => Math.max(0, score + change) },
      explorer: null,
      reference: 'swim/silence-costs',
      vectors: true,
    },
    {
      rule: 'scoreAfter',
      as: 'grows to the multiplier',
      wrong: { scoreAfter: (score, change, multiplier) => Math.min(Math.max(0, score + change), multiplier) },
      explorer: null,
      reference: 'swim/silence-costs',
      vectors: true,
    },
    {
      rule: 'scoreAfter',
      as: 'stays',
      wrong: { scoreAfter: (score) => score },
      explorer: null,
      reference: 'swim/refuting-costs',
      vectors: true,
    },
  ]
}
