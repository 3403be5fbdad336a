/** What containers are answered by the resolver of their engine, asked by packets of DNS from inside of their networks. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab } from '../../../impl/third-party/docker-engine/lab.ts'
import { type Finding, Findings } from '../scripted.ts'
import { type DnsReply, encodeQuery, hexOfV6, reverse, type TypeName, types } from './dns.ts'
import { type How, Town, upstreams } from './town.ts'

/** The requirements of SPEC.md's chapter on names that can be seen of one engine from inside of its containers. */
const names = {
  survives: 'discovery/survives',
  answersOnce: 'discovery/answers-once',
  echoesQuestion: 'discovery/echoes-question',
  answersBearQuestion: 'discovery/answers-bear-question',
  answersKnown: 'discovery/answers-known',
  answersWhole: 'discovery/answers-whole',
  noDuplicates: 'discovery/no-duplicates',
  caseInsensitive: 'discovery/case-insensitive',
  emptyForOtherFamily: 'discovery/empty-for-other-family',
  streamIsWhole: 'discovery/stream-is-whole',
  ignoresMalformed: 'discovery/ignores-malformed',
  refusesMalformed: 'discovery/refuses-malformed',
  timeToLive: 'discovery/time-to-live',
  recursionAvailable: 'discovery/recursion-available',
  notAuthoritative: 'discovery/not-authoritative',
  anyOrder: 'discovery/any-order',
  namesOfContainer: 'discovery/names-of-container',
  onlyOwnNetworks: 'discovery/only-own-networks',
  nameDotNetwork: 'discovery/name-dot-network',
  pointerNamesContainer: 'discovery/pointer-names-container',
  pointerOfOwnNetworks: 'discovery/pointer-of-own-networks',
  mailIsEmpty: 'discovery/mail-is-empty',
  otherTypesForwarded: 'discovery/other-types-forwarded',
  knownStaysInside: 'discovery/known-stays-inside',
  unknownForwarded: 'discovery/unknown-forwarded',
  forwardsAsAsked: 'discovery/forwards-as-asked',
  forwardsInOrder: 'discovery/forwards-in-order',
  nextOnFailure: 'discovery/next-on-failure',
  nextOnSilence: 'discovery/next-on-silence',
  failureAtEnd: 'discovery/failure-at-end',
  passesNameError: 'discovery/passes-name-error',
  passesReplyOn: 'discovery/passes-reply-on',
  internalStaysInside: 'discovery/internal-stays-inside',
  singleLabelsStay: 'discovery/single-labels-stay',
  withdrawsDetached: 'discovery/withdraws-detached',
} as const

/** Requirements on names that the suite puts to the test. */
export const nameRequirements: ReadonlySet<string> = new Set(Object.values(names))

const [noError, formatError, serverFailure, nameError, notImplemented] = [0, 1, 2, 3, 4]
const timeToLive = 600

/** What follows in a check needs an answer, and there was none; it is judged already. */
class BrokenOff extends Error {}

/** What the checks need of a town. */
export type AskedTown = Pick<
  Town,
  'ask' | 'send' | 'askedOutside' | 'addressesOf' | 'resident' | 'join' | 'leave' | 'rename' | 'kill'
>

class Asking extends Findings {
  readonly town: AskedTown

  constructor(town: AskedTown, check: string) {
    super(check)
    this.town = town
  }

  /** The answer. @throws BrokenOff where there is none, or it is not one to the question */
  async reply(who: string, name: string, type: TypeName, how: How = {}): Promise<DnsReply> {
    const reply = await this.town.ask(who, name, type, how)
    this.judge(names.answersOnce, reply !== null, `${who} asked ${type} ${name}, and was not answered`)
    if (reply === null) throw new BrokenOff()
    const { question } = reply
    const isEcho = question?.name === name && question.type === types[type]
    this.judge(names.echoesQuestion, isEcho, `${type} ${name} came back as ${question?.type} ${question?.name}`)
    this.judge(names.recursionAvailable, reply.recursionAvailable, `${type} ${name}: no recursion is available`)
    return reply
  }

  /** A name that the engine knows: its addresses in the order in which they came. */
  async known(requirement: string, who: string, name: string, expected: readonly string[], how: KnownHow = {}) {
    const { type = 'A', ...rest } = how
    const reply = await this.reply(who, name, type, rest)
    const found = reply.answers.map(({ data }) => data)
    const text = `${who} asked ${type} ${name}, and was told ${told(reply)} instead of ${expected.join(', ')}`
    const isWhole = reply.rcode === noError && sorted([...new Set(found)]) === sorted(expected)
    this.judge(requirement, isWhole, text)
    this.judge(names.noDuplicates, new Set(found).size === found.length, text)
    this.judge(names.notAuthoritative, !reply.authoritative, `${name}: the answer is authoritative`)
    for (const { name: bearer, type: kind, ttl } of reply.answers) {
      const isOfQuestion = bearer.toLowerCase() === name.toLowerCase() && kind === types[type]
      this.judge(names.answersBearQuestion, isOfQuestion, `asked ${type} ${name}, was answered ${kind} ${bearer}`)
      this.judge(names.timeToLive, ttl === timeToLive, `${name} has a time to live of ${ttl}`)
    }
    const outside = (await this.town.askedOutside(name)).length
    this.judge(names.knownStaysInside, outside === 0, `${type} ${name} was asked outside`)
    return found
  }

  /** A name that it does not know, and that outside is not known either. */
  async unknown(requirement: string, who: string, name: string, type: TypeName = 'A'): Promise<void> {
    const reply = await this.reply(who, name, type)
    const isPassed = reply.rcode === nameError && reply.answers.length === 0
    this.judge(requirement, isPassed, `${who} asked ${type} ${name}, and was told ${told(reply)}`)
    const seen = await this.town.askedOutside(name)
    this.judge(names.unknownForwarded, seen.length > 0, `${type} ${name} was not asked outside`)
    this.judge(names.passesNameError, reply.rcode === nameError, `${type} ${name}: ${told(reply)}`)
    const isSame = seen.every(({ question }) => question?.name === name && question.type === types[type])
    this.judge(names.forwardsAsAsked, isSame, `${type} ${name} was asked outside as ${seen[0]?.question?.name}`)
  }
}

interface KnownHow extends How {
  readonly type?: TypeName
}

const sorted = (found: readonly string[]): string => found.toSorted().join(' ')

const told = ({ rcode, answers }: DnsReply): string =>
  `code ${rcode}${answers.map(({ type, data }) => `, ${type} ${data}`).join('')}`

export interface NameCheck {
  readonly name: string
  run(asking: Asking): Promise<void>
}

const containers: NameCheck = {
  name: 'containers by name',
  async run(asking) {
    const { town } = asking
    const { v4 } = await town.addressesOf('two', 'alpha')
    await asking.known(names.answersKnown, 'one', 'two', [v4])
    await asking.known(names.caseInsensitive, 'one', 'TwO', [v4])
    await asking.known(names.nameDotNetwork, 'one', 'two.alpha', [v4])
    for (const name of ['second', town.resident('two').id.slice(0, 12)])
      await asking.known(names.namesOfContainer, 'one', name, [v4])
    await asking.known(names.streamIsWhole, 'one', 'two', [v4], { transport: 'tcp' })
  },
}

const hostnames: NameCheck = {
  name: 'containers by hostname',
  async run(asking) {
    const { v4 } = await asking.town.addressesOf('two', 'alpha')
    await asking.known(names.namesOfContainer, 'one', 'zwei', [v4])
  },
}

const several: NameCheck = {
  name: 'a name of several containers',
  async run(asking) {
    const { town } = asking
    const both = [await town.addressesOf('two', 'alpha'), await town.addressesOf('five', 'alpha')].map(({ v4 }) => v4)
    const firsts = new Set<string | undefined>()
    // One order alone, so often, comes by chance once in sixteen million times.
    for (let time = 0; time < 25; time++) {
      const [first] = await asking.known(names.answersWhole, 'one', 'pair', both)
      firsts.add(first)
    }
    asking.judge(names.anyOrder, firsts.size === 2, `25 answers began with ${[...firsts].join(', ')}`)
  },
}

const families: NameCheck = {
  name: 'addresses of both families',
  async run(asking) {
    const { town } = asking
    const { v4, v6 } = await town.addressesOf('four', 'beta')
    await asking.known(names.answersKnown, 'three', 'four', [v4])
    await asking.known(names.answersKnown, 'three', 'four', [hexOfV6(v6)], { type: 'AAAA' })
    const reply = await asking.reply('one', 'two', 'AAAA')
    const isEmpty = reply.rcode === noError && reply.answers.length === 0
    asking.judge(names.emptyForOtherFamily, isEmpty, `AAAA of a name with IPv4 alone: ${told(reply)}`)
  },
}

const scope: NameCheck = {
  name: 'names of other networks',
  async run(asking) {
    const { town } = asking
    const { v4 } = await town.addressesOf('four', 'alpha')
    await asking.known(names.onlyOwnNetworks, 'one', 'four', [v4])
    for (const name of ['three', 'four.beta', 'three.beta']) await asking.unknown(names.onlyOwnNetworks, 'one', name)
  },
}

const pointers: NameCheck = {
  name: 'names by address',
  async run(asking) {
    const { town } = asking
    const { v4 } = await town.addressesOf('two', 'alpha')
    await asking.known(names.pointerNamesContainer, 'one', reverse(v4), ['two.alpha'], { type: 'PTR' })
    const other = await town.addressesOf('three', 'beta')
    await asking.unknown(names.pointerOfOwnNetworks, 'one', reverse(other.v4), 'PTR')
  },
}

const otherTypes: NameCheck = {
  name: 'other types of records',
  async run(asking) {
    const { town } = asking
    const mail = await asking.reply('one', 'five', 'MX')
    const isEmpty = mail.rcode === noError && mail.answers.length === 0
    asking.judge(names.mailIsEmpty, isEmpty, `MX of a name that it knows: ${told(mail)}`)
    await asking.reply('one', 'first', 'TXT')
    const isForwarded = (await town.askedOutside('first')).some(({ question }) => question?.type === types.TXT)
    asking.judge(names.otherTypesForwarded, isForwarded, 'TXT of a name that it knows was not asked outside')
  },
}

const outside: NameCheck = {
  name: 'what is known outside',
  async run(asking) {
    const { town } = asking
    await asking.unknown(names.unknownForwarded, 'one', 'Nobody.example.test')
    await asking.unknown(names.unknownForwarded, 'one', 'single')
    const reply = await asking.reply('one', 'host.answers.test', 'A')
    const [answer] = reply.answers
    const isWhole = reply.answers.length === 1 && answer?.data === '203.0.113.9' && answer.ttl === 77
    asking.judge(names.passesReplyOn, isWhole, `an answer from outside came as ${told(reply)}`)
    const times = (await town.askedOutside('host.answers.test')).length
    asking.judge(names.forwardsAsAsked, times === 1, `asked outside ${times} times`)
  },
}

/** What is no query, and what must not come of it. */
const malformed: readonly Buffer[] = [
  Buffer.from('00', 'hex'),
  Buffer.from('not a packet of dns'),
  encodeQuery(7, 'two', 'A').subarray(0, 14),
  Buffer.from('000801000000000000000000', 'hex'),
  // A response, which answers nothing that was asked.
  Buffer.from('000981800000000000000000', 'hex'),
]

const garbage: NameCheck = {
  name: 'what is no query',
  async run(asking) {
    for (const bytes of malformed) {
      const reply = await asking.town.send('one', bytes, 'udp', 200)
      // Whoever says that it is malformed, or that it does not know how to do that, has understood it.
      const isQuiet =
        reply === null || ([formatError, notImplemented].includes(reply.rcode) && reply.answers.length === 0)
      const text = `${bytes.toString('hex')} was answered by ${reply && told(reply)}`
      asking.judge(names.refusesMalformed, isQuiet, text)
      const isResponse = bytes.length > 2 && (bytes[2]! & 0x80) !== 0
      asking.judge(names.ignoresMalformed, reply === null || (!isResponse && reply.answers.length === 0), text)
    }
    const reply = await asking.town.ask('one', 'two', 'A')
    asking.judge(names.survives, reply !== null, 'after what is no query, none is answered')
  },
}

const internal: NameCheck = {
  name: 'a network without a way out',
  async run(asking) {
    const { town } = asking
    await town.ask('six', 'far.example.test', 'A', { timeout: 6_000 })
    const seen = (await town.askedOutside('far.example.test')).length
    asking.judge(names.internalStaysInside, seen === 0, `a question from an internal network was asked outside`)
  },
}

const options: NameCheck = {
  name: 'names of one label, with ndots',
  async run(asking) {
    const reply = await asking.reply('seven', 'lonely', 'A')
    const isEmpty = reply.rcode === noError && reply.answers.length === 0
    const seen = (await asking.town.askedOutside('lonely')).length
    asking.judge(names.singleLabelsStay, isEmpty && seen === 0, `'lonely': ${told(reply)}, asked outside ${seen} times`)
  },
}

const resolvers: NameCheck = {
  name: 'resolvers that fail',
  async run(asking) {
    const { town } = asking
    const afterFailure = await asking.reply('eight', 'a.answers.test', 'A')
    asking.judge(names.nextOnFailure, afterFailure.answers.length === 1, `after one that fails: ${told(afterFailure)}`)
    const first = (await town.askedOutside('a.answers.test', upstreams.failing)).length
    asking.judge(names.forwardsInOrder, first > 0, 'the first of its resolvers was not asked')
    const silent = await asking.reply('nine', 'b.answers.test', 'A', { timeout: 9_000 })
    asking.judge(names.nextOnSilence, silent.answers.length === 1, `after one that says nothing: ${told(silent)}`)
    const failed = await asking.reply('ten', 'c.answers.test', 'A')
    asking.judge(names.failureAtEnd, failed.rcode === serverFailure, `when all had failed: ${told(failed)}`)
  },
}

const changes: NameCheck = {
  name: 'containers that change',
  async run(asking) {
    const { town } = asking
    const { v4 } = await town.addressesOf('eleven', 'alpha')
    await asking.known(names.answersKnown, 'one', 'eleven', [v4])
    await town.rename('eleven', 'elf')
    await asking.known(names.namesOfContainer, 'one', 'elf', [v4])
    await asking.unknown(names.namesOfContainer, 'one', 'eleven.alpha')
    await town.leave('elf', 'alpha')
    await asking.unknown(names.withdrawsDetached, 'one', 'elf.alpha')
    await town.join('elf', { network: 'alpha', aliases: ['back'] })
    const again = await town.addressesOf('elf', 'alpha')
    await asking.known(names.answersKnown, 'one', 'back', [again.v4])
    await town.kill('twelve')
    // The engine learns of the end of a container a moment later.
    await sleep(500)
    await asking.unknown(names.withdrawsDetached, 'one', 'twelve.alpha')
  },
}

export const nameChecks: readonly NameCheck[] = [
  containers,
  hostnames,
  several,
  families,
  scope,
  pointers,
  otherTypes,
  outside,
  garbage,
  internal,
  options,
  resolvers,
  changes,
]

/** Everybody who is asked, and who asks. */
export async function settle(town: Town): Promise<void> {
  await town.network('alpha', '10.221.1.0/24')
  await town.network('beta', '10.221.2.0/24', {}, 'fd00:221::/64')
  await town.network('gamma', '10.221.3.0/24', { Internal: true })
  const alpha = { network: 'alpha' }
  await town.settle('one', [{ ...alpha, aliases: ['first'] }])
  await town.settle('two', [{ ...alpha, aliases: ['second', 'pair'] }], { hostname: 'zwei' })
  await town.settle('three', [{ network: 'beta' }])
  await town.settle('four', [alpha, { network: 'beta' }])
  await town.settle('five', [{ ...alpha, aliases: ['pair'] }])
  await town.settle('six', [{ network: 'gamma' }])
  await town.settle('seven', [alpha], { dnsOptions: ['ndots:1'] })
  await town.settle('eight', [alpha], { dns: [upstreams.failing, upstreams.knowing] })
  await town.settle('nine', [alpha], { dns: [upstreams.silent, upstreams.knowing] })
  await town.settle('ten', [alpha], { dns: [upstreams.failing] })
  await town.settle('eleven', [alpha])
  await town.settle('twelve', [alpha])
}

const port = 8_080

/** Whether containers of one network reach each other, which no requirement on names needs. */
async function isConnected(town: Town): Promise<boolean> {
  const { v4 } = await town.addressesOf('two', 'alpha')
  await town.resident('two').agent.listen(v4, port)
  return town.resident('one').agent.reaches(v4, port, 2_000)
}

/** What one check finds. */
export async function carryOut(check: NameCheck, town: AskedTown): Promise<readonly Finding[]> {
  const asking = new Asking(town, check.name)
  try {
    await check.run(asking)
  } catch (error) {
    if (!(error instanceof BrokenOff)) throw error
  }
  return asking.findings
}

export interface NameFindings {
  readonly findings: readonly Finding[]
  readonly notes: readonly string[]
}

/** Asks for names in every way. What is answered wrongly is among the findings. */
export async function checkNames(
  lab: Lab,
  { signal, onCheck }: { readonly signal?: AbortSignal | undefined; readonly onCheck?: (name: string) => void } = {},
): Promise<NameFindings> {
  const town = await Town.open(lab)
  try {
    await settle(town)
    const findings: Finding[] = []
    for (const check of nameChecks) {
      if (signal?.aborted === true) break
      findings.push(...(await carryOut(check, town)))
      onCheck?.(check.name)
    }
    const works = await isConnected(town)
    return {
      findings,
      notes: [
        `connections between containers of a bridge: ${works ? 'they work' : 'unsupported here, they do not work'}`,
      ],
    }
  } finally {
    await town.close()
  }
}
