/** Resolvers that are wrong in one way: what a real one answers, and what resolvers outside were asked, changed on the way. */
import { type DnsReply, types } from '../suites/engine/dns.ts'
import type { AskedTown } from '../suites/engine/names.ts'

interface Question {
  readonly name: string
  readonly type: string
  readonly transport: string
}

type Hear = (reply: DnsReply, question: Question) => DnsReply | null
type Overhear = (seen: readonly DnsReply[], name: string, at: string | null) => readonly DnsReply[]

export interface NameMutant {
  readonly name: string
  readonly breaks: string
  /** The check that has to see it. */
  readonly check: string
  /** What becomes of an answer. */
  readonly hear?: Hear
  /** What becomes of the questions that were asked outside. */
  readonly overhear?: Overhear
  /** What comes of bytes that are no query. */
  readonly answersNoise?: true
}

const empty =
  (rcode: number, ...named: readonly string[]): Hear =>
  (reply, { name }) =>
    named.length === 0 || named.includes(name) ? { ...reply, rcode, answers: [] } : reply

const answering =
  (data: string, ...named: readonly string[]): Hear =>
  (reply, { name }) =>
    named.includes(name)
      ? { ...reply, rcode: 0, answers: [{ name, type: reply.question?.type ?? types.A, ttl: 600, data }] }
      : reply

const eachAnswer =
  (change: (answer: DnsReply['answers'][number]) => object): Hear =>
  (reply) => ({
    ...reply,
    answers: reply.answers.map((answer) => ({ ...answer, ...change(answer) })),
  })

const nobody: Overhear = () => []

/** A question that somebody outside has seen. */
const seen = (name: string): DnsReply => ({
  id: 1,
  rcode: 0,
  isReply: false,
  authoritative: false,
  recursionAvailable: false,
  question: { name, type: types.A },
  answers: [],
})

const byName = 'containers by name'
const several = 'a name of several containers'
const outside = 'what is known outside'
const failing = 'resolvers that fail'

const of = (name: string, breaks: string, check: string, how: Pick<NameMutant, 'hear' | 'overhear' | 'answersNoise'>) =>
  ({ name, breaks: `discovery/${breaks}`, check, ...how }) satisfies NameMutant

export const nameMutants: readonly NameMutant[] = [
  of('dies-of-noise', 'survives', 'what is no query', { hear: () => null }),
  of('answers-noise', 'ignores-malformed', 'what is no query', { answersNoise: true }),
  of('finds-noise-in-order', 'refuses-malformed', 'what is no query', { answersNoise: true }),
  of('says-nothing', 'answers-once', byName, { hear: () => null }),
  of('lowers-the-question', 'echoes-question', byName, {
    hear: (reply) => ({ ...reply, question: { ...reply.question!, name: reply.question!.name.toLowerCase() } }),
  }),
  of('names-another', 'answers-bear-question', byName, { hear: eachAnswer(() => ({ name: 'other' })) }),
  of('knows-and-tells-nothing', 'answers-known', byName, { hear: empty(0, 'two') }),
  of('one-address-alone', 'answers-whole', several, {
    hear: (reply) => ({ ...reply, answers: reply.answers.slice(0, 1) }),
  }),
  of('tells-twice', 'no-duplicates', several, {
    hear: (reply) => ({ ...reply, answers: [...reply.answers, ...reply.answers] }),
  }),
  of('tells-in-order', 'any-order', several, {
    hear: (reply) => ({ ...reply, answers: reply.answers.toSorted((one, other) => (one.data < other.data ? -1 : 1)) }),
  }),
  of('minds-the-case', 'case-insensitive', byName, { hear: empty(3, 'TwO') }),
  of('denies-the-other-family', 'empty-for-other-family', 'addresses of both families', {
    hear: (reply, { name, type }) => (name === 'two' && type === 'AAAA' ? { ...reply, rcode: 3 } : reply),
  }),
  of('cuts-streams', 'stream-is-whole', byName, {
    hear: (reply, { transport }) => (transport === 'tcp' ? { ...reply, answers: [] } : reply),
  }),
  of('short-lived', 'time-to-live', byName, { hear: eachAnswer(() => ({ ttl: 5 })) }),
  of('no-recursion', 'recursion-available', byName, { hear: (reply) => ({ ...reply, recursionAvailable: false }) }),
  of('claims-authority', 'not-authoritative', byName, { hear: (reply) => ({ ...reply, authoritative: true }) }),
  of('knows-no-aliases', 'names-of-container', byName, { hear: empty(3, 'second') }),
  of('forgets-the-network', 'name-dot-network', byName, { hear: empty(3, 'two.alpha') }),
  of('resolves-across-networks', 'only-own-networks', 'names of other networks', {
    hear: answering('10.1.1.1', 'three'),
  }),
  of('pointers-without-network', 'pointer-names-container', 'names by address', {
    hear: eachAnswer(({ data }) => ({ data: data.split('.')[0] })),
  }),
  of('pointers-across-networks', 'pointer-of-own-networks', 'names by address', {
    hear: (reply) => (reply.rcode === 3 ? { ...reply, rcode: 0 } : reply),
  }),
  of('denies-mail', 'mail-is-empty', 'other types of records', {
    hear: (reply, { type }) => (type === 'MX' ? { ...reply, rcode: 3 } : reply),
  }),
  of('keeps-other-types', 'other-types-forwarded', 'other types of records', { overhear: nobody }),
  of('asks-of-the-known', 'known-stays-inside', byName, { overhear: (_, name) => [seen(name)] }),
  of('asks-nobody', 'unknown-forwarded', outside, { overhear: nobody }),
  of('asks-in-small-letters', 'forwards-as-asked', outside, {
    overhear: (all) => all.map(({ question }) => seen(question!.name.toLowerCase())),
  }),
  of('denies-no-name', 'passes-name-error', outside, {
    hear: (reply) => (reply.rcode === 3 ? { ...reply, rcode: 0 } : reply),
  }),
  of('changes-lifetimes', 'passes-reply-on', outside, { hear: eachAnswer(() => ({ ttl: 600 })) }),
  of('asks-from-inside', 'internal-stays-inside', 'a network without a way out', {
    overhear: (_, name) => [seen(name)],
  }),
  of('denies-single-labels', 'single-labels-stay', 'names of one label, with ndots', { hear: empty(3, 'lonely') }),
  of('passes-single-labels-on', 'single-labels-stay', 'names of one label, with ndots', {
    overhear: (_, name) => [seen(name)],
  }),
  of('skips-the-first', 'forwards-in-order', failing, { overhear: (all, _, at) => (at === null ? all : []) }),
  of('stops-at-failure', 'next-on-failure', failing, { hear: empty(2, 'a.answers.test') }),
  of('stops-at-silence', 'next-on-silence', failing, { hear: empty(2, 'b.answers.test') }),
  of('hides-failure', 'failure-at-end', failing, { hear: empty(0, 'c.answers.test') }),
  of('keeps-the-detached', 'withdraws-detached', 'containers that change', {
    hear: answering('10.221.1.99', 'elf.alpha'),
  }),
]

/** A town in which the mutant answers. */
export function heardBy({ hear, overhear, answersNoise }: NameMutant, town: AskedTown): AskedTown {
  return {
    ask: async (...asked) => {
      const reply = await town.ask(...asked)
      const [, name, type, how] = asked
      return reply === null || hear === undefined
        ? reply
        : hear(reply, { name, type, transport: how?.transport ?? 'udp' })
    },
    send: async (...sent) => (answersNoise === true ? { ...seen('noise'), isReply: true } : town.send(...sent)),
    askedOutside: async (...asked) => {
      const all = await town.askedOutside(...asked)
      const [name, at] = asked
      return overhear === undefined ? all : overhear(all, name, at ?? null)
    },
    addressesOf: (...asked) => town.addressesOf(...asked),
    resident: (name) => town.resident(name),
    join: (...asked) => town.join(...asked),
    leave: (...asked) => town.leave(...asked),
    rename: (...asked) => town.rename(...asked),
    kill: (container) => town.kill(container),
  }
}
