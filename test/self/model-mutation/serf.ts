/** Each rule of Serf made wrong, and who finds it. */
import type * as rules from '../../../models/serf/rules.ts'
import type { Mutation, Vectors } from './mutated-rules.ts'

type Rules = typeof rules

/** [Serf] lamport.go, query.go and their tests; [ML] util.go. */
export const serfVectors: Vectors<Rules> = [
  ['witness', [5, 5], 6],
  ['witness', [5, 4], 5],
  ['witness', [5, 9], 10],
  ['roundsAtMost', [4, 9], 4],
  ['roundsAtMost', [4, 10], 8],
  ['roundsAtMost', [4, 100], 12],
  ['defaultQueryTimeout', [200, 16, 9], 3_200],
  ['defaultQueryTimeout', [200, 16, 10], 6_400],
  ['defaultQueryTimeout', [200, 16, 100], 9_600],
  ['isTooOld', [0, 512, 512], false],
  ['isTooOld', [0, 513, 512], true],
  ['isTooOld', [1, 513, 512], false],
  ['mustReconnect', [1, 1], true],
  ['mustReconnect', [1, 2], false],
  ['mustReconnect', [0, 0], false],
]

/** `truth`: the rules as they are. */
export function serfMutations(truth: Rules): readonly Mutation<Rules>[] {
  const { afterIntent, afterUp, afterDown, isNewIntent, intentsOf, isTooOld, witness } = truth
  const found = (
    rule: Mutation<Rules>['rule'],
    as: string,
    wrong: Partial<Rules>,
    reference: string | null,
    vectors = false,
  ): Mutation<Rules> => ({ rule, as, wrong, explorer: null, reference, vectors })
  return [
    found(
      'afterIntent',
      'takes what is of the same time',
      { afterIntent: (held, told, about) => afterIntent({ ...held, time: held.time - 1 }, told, about) },
      'serf/leave-intent-leads',
    ),
    found(
      'afterIntent',
      'takes what is older',
      { afterIntent: (held, told, about) => afterIntent({ ...held, time: -1 }, told, about) },
      'serf/leave-intent-leads',
    ),
    found(
      'afterIntent',
      'takes nothing',
      { afterIntent: (held, told, about) => ({ ...afterIntent(held, told, about), next: held, taken: false }) },
      'serf/merges-times',
    ),
    found(
      'afterIntent',
      'keeps the time of before',
      {
        afterIntent: (held, told, about) => {
          const after = afterIntent(held, told, about)
          return { ...after, next: { ...after.next, time: held.time } }
        },
      },
      'serf/merges-times',
    ),
    found(
      'afterIntent',
      'lets who is alive be alive',
      {
        afterIntent: (held, told, about) => {
          const after = afterIntent(held, told, about)
          return held.status === 'alive' ? { ...after, next: { ...after.next, status: 'alive' } } : after
        },
      },
      'serf/merges-left',
    ),
    found(
      'afterIntent',
      'lets who has failed have failed',
      {
        afterIntent: (held, told, about) => {
          const after = afterIntent(held, told, about)
          return held.status === 'failed' ? { ...after, next: { ...after.next, status: 'failed' } } : after
        },
      },
      'serf/failed-leaves',
    ),
    found(
      'afterIntent',
      'lets who is leaving go on',
      {
        afterIntent: (held, told, about) => {
          const after = afterIntent(held, told, about)
          return held.status === 'leaving' ? { ...after, next: { ...after.next, status: 'leaving' } } : after
        },
      },
      'serf/join-intent-revives',
    ),
    found(
      'afterIntent',
      'forgets nobody at once',
      { afterIntent: (held, told, about) => afterIntent(held, { ...told, prune: false }, about) },
      'serf/failed-leaves',
    ),
    found(
      'afterIntent',
      'believes of itself what others say',
      { afterIntent: (held, told) => afterIntent(held, told, 'other') },
      'serf/clocks-by-cause',
    ),
    found(
      'afterIntent',
      'refutes while it leaves',
      {
        afterIntent: (held, told, about) => afterIntent(held, told, about === 'leaving-self' ? 'self' : about),
      },
      'serf/refutes-leave',
    ),
    found(
      'afterIntent',
      'takes for news what is none',
      { afterIntent: (held, told, about) => ({ ...afterIntent(held, told, about), taken: true }) },
      'serf/passes-on-news',
    ),
    found(
      'afterIntent',
      'takes for no news what is',
      { afterIntent: (held, told, about) => ({ ...afterIntent(held, told, about), taken: false }) },
      'serf/merges-times',
    ),
    found(
      'isNewIntent',
      'buffers the first',
      { isNewIntent: (buffered) => buffered === null },
      'serf/ignores-older-intents',
    ),
    found('isNewIntent', 'buffers the last', { isNewIntent: () => true }, 'serf/buffers-intents'),
    found(
      'isNewIntent',
      'buffers nothing older than the first time',
      { isNewIntent: (buffered, time) => isNewIntent(buffered, time) && time > 0 },
      'serf/ignores-older-intents',
    ),
    found(
      'afterUp',
      'forgets what is buffered',
      { afterUp: (held) => afterUp(held, null) },
      'serf/uses-buffered-intents',
    ),
    found(
      'afterUp',
      'takes everybody for alive',
      { afterUp: (held, buffered) => ({ ...afterUp(held, buffered), status: 'alive' }) },
      'serf/uses-buffered-intents',
    ),
    found(
      'afterUp',
      'leaves who is held as it was',
      { afterUp: (held, buffered) => (held.status === 'absent' ? afterUp(held, buffered) : held) },
      'serf/takes-in-who-is-up',
    ),
    found(
      'afterUp',
      'begins anew',
      { afterUp: (held, buffered) => ({ ...afterUp(held, buffered), time: 0 }) },
      'serf/takes-in-who-is-up',
    ),
    found(
      'afterDown',
      'takes who leaves for failed',
      { afterDown: (held) => (held.status === 'leaving' ? { ...held, status: 'failed' } : afterDown(held)) },
      'serf/silence-is-failure',
    ),
    found(
      'afterDown',
      'takes who is silent for one that left',
      { afterDown: (held) => (held.status === 'alive' ? { ...held, status: 'left' } : afterDown(held)) },
      'serf/leave-is-no-failure',
    ),
    found(
      'afterDown',
      'takes who has left for failed',
      { afterDown: (held) => (held.status === 'left' ? { ...held, status: 'failed' } : afterDown(held)) },
      'serf/silence-is-failure',
    ),
    found(
      'witness',
      'stays at what it sees',
      { witness: (clock, seen) => Math.max(clock, seen) },
      'serf/clocks-by-cause',
      true,
    ),
    found(
      'witness',
      'always rises',
      { witness: (clock, seen) => Math.max(witness(clock, seen), clock + 1) },
      'serf/witnesses-times',
      true,
    ),
    found(
      'intentsOf',
      'tells who left by the time of the last intent',
      {
        intentsOf: (state) =>
          intentsOf(state).map((said) => (said.intent === 'leave' ? { ...said, time: said.time - 1 } : said)),
      },
      'serf/ignores-older-intents',
    ),
    found(
      'intentsOf',
      'tells of nobody who left',
      { intentsOf: (state) => intentsOf({ ...state, left: [] }) },
      'serf/ignores-older-intents',
    ),
    found(
      'intentsOf',
      'tells of those alone who left',
      { intentsOf: (state) => intentsOf(state).filter(({ intent }) => intent === 'leave') },
      'serf/changes-by-cause',
    ),
    found('isTooOld', 'finds nothing old', { isTooOld: () => false }, 'serf/repeats-events', true),
    found(
      'isTooOld',
      'finds a time too much old',
      { isTooOld: (time, clock, buffer) => isTooOld(time - 1, clock, buffer) },
      'serf/ignores-old-events',
      true,
    ),
    found('roundsAtMost', 'allows one', { roundsAtMost: () => 1 }, 'serf/tells-bounded-rounds', true),
    found('roundsAtMost', 'allows any number', { roundsAtMost: () => Infinity }, null, true),
    found(
      'defaultQueryTimeout',
      'knows one answer',
      { defaultQueryTimeout: (interval) => interval },
      'serf/default-query-timeout',
      true,
    ),
    found('mustReconnect', 'always demands it', { mustReconnect: (failed) => failed > 0 }, 'serf/reconnects', true),
    found('mustReconnect', 'never demands it', { mustReconnect: () => false }, null, true),
  ]
}
