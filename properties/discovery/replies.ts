/** Judges what a resolver answers of its own knowledge: each reply is held against the records that its node shows. */
import {
  folded,
  garbledPackets,
  lookupsOf,
  mayAnswer,
  pointedTo,
  rcodes,
  sizeLimit,
  sizesOf,
  ttl,
  type Family,
  type Resolution,
  type Role,
} from '../../models/discovery/rules.ts'
import type { NetworkKind, Question, Reply } from '../../models/discovery/vocabulary.ts'
import { type Asking, ruleOfExtra, ruleOfMissing, ruleOfPointer, ruleOfUnknown } from './blame.ts'
import type { Cluster } from './cluster.ts'
import type { Node } from './node.ts'
import { R } from './requirements.ts'
import { recordKey } from './view.ts'

const listed = (items: readonly string[]): string => (items.length === 0 ? 'nothing' : [...items].sort().join(' '))

const told = ({ rcode, answers, truncated }: Reply): string =>
  `${rcode === 0 ? '' : `code ${rcode}, `}${listed(answers.map(({ data }) => data))}${truncated ? ', cut' : ''}`

const questionText = ({ name, qtype }: Question): string => `${qtype} ${name}`

/** What holds of every reply, whoever knew the answer. */
export function judgeFrame(cluster: Cluster, node: Node, question: Question, reply: Reply): void {
  cluster.tested[R.echoesQuestion]!++
  if (reply.name !== question.name || reply.qtype !== question.qtype) {
    const text = `answers ${questionText(question)} as ${reply.qtype} ${reply.name}`
    cluster.fail(R.echoesQuestion, node, text, 'the question as it was asked')
  }
  const limit = sizeLimit(question)
  cluster.tested[R.fitsDatagram]!++
  if (reply.size > limit) {
    const text = `answers ${questionText(question)} by ${reply.size} octets`
    cluster.fail(R.fitsDatagram, node, text, `at most ${limit}`)
  }
}

/** What holds of every reply that the resolver makes itself. */
function judgeOwnFrame(cluster: Cluster, node: Node, question: Question, reply: Reply): void {
  judgeFrame(cluster, node, question, reply)
  cluster.tested[R.recursionAvailable]!++
  if (!reply.recursionAvailable)
    cluster.fail(R.recursionAvailable, node, `answers ${questionText(question)} without it`, 'recursion available')
  cluster.tested[R.notAuthoritative]!++
  if (reply.authoritative)
    cluster.fail(R.notAuthoritative, node, `answers ${questionText(question)} with authority`, 'no authority')
  for (const { name, type, ttl: life } of reply.answers) {
    cluster.tested[R.answersBearQuestion]!++
    if (folded(name) !== folded(question.name) || type !== question.qtype) {
      const text = `answers ${questionText(question)} by ${type} of ${name}`
      cluster.fail(R.answersBearQuestion, node, text, 'records of the name and type that were asked for')
    }
    cluster.tested[R.timeToLive]!++
    if (life !== ttl) cluster.fail(R.timeToLive, node, `gives ${name} ${life} seconds`, `${ttl} seconds`)
  }
}

/** A reply to a question for addresses. */
export function judgeAddresses(asking: Asking, resolution: Resolution, reply: Reply): void {
  const { cluster, node, question } = asking
  const addresses = reply.answers.map(({ data }) => data)
  const family: Family = question.qtype === 'A' ? 4 : 6
  if (resolution.unknown && resolution.choices.length === 0 && !resolution.empty) {
    // Somebody else would have had to be asked.
    const rule = addresses.length > 0 ? ruleOfStranger(asking, addresses[0]!) : R.unknownForwarded
    noteUnknown(asking)
    return cluster.fail(rule, node, `answers ${questionText(question)} by ${told(reply)}`, 'a question to the outside')
  }
  judgeOwnFrame(cluster, node, question, reply)
  noteKnown(asking)
  if (reply.rcode !== rcodes.ok) {
    const isDenied = reply.rcode === rcodes.nameError
    const rule = isDenied ? ruleOfUnknown(asking, R.answersKnown) : R.answersKnown
    return cluster.fail(rule, node, `answers ${questionText(question)} by ${told(reply)}`, describe(resolution))
  }
  cluster.tested[R.noDuplicates]!++
  if (new Set(addresses).size < addresses.length)
    cluster.fail(R.noDuplicates, node, `answers ${questionText(question)} by ${told(reply)}`, 'each address once')
  if (resolution.choices.length === 0) cluster.tested[R.emptyForOtherFamily]!++
  judgeSize(asking, resolution, reply, family)
  if (!reply.truncated && mayAnswer(resolution, addresses)) return noteFirst(cluster, addresses)
  const allowed = new Set(resolution.choices.flatMap(({ strong, weak }) => [...strong, ...weak]))
  const extra = addresses.find((address) => !allowed.has(address))
  if (extra === undefined && reply.truncated) return
  const rule =
    extra === undefined
      ? addresses.length === 0
        ? ruleOfUnknown(asking, R.answersKnown)
        : ruleOfMissing(asking)
      : ruleOfExtra(asking, extra)
  cluster.fail(rule, node, `answers ${questionText(question)} by ${told(reply)}`, describe(resolution))
}

function ruleOfStranger(asking: Asking, address: string): number {
  const rule = ruleOfExtra(asking, address)
  return rule === R.answersKnown || rule === R.namesOfContainer ? R.unknownForwarded : rule
}

const describe = ({ choices, empty, unknown }: Resolution): string =>
  [
    ...choices.map(({ strong, weak }) =>
      weak.length === 0 ? listed(strong) : `${listed(strong)}, perhaps ${listed(weak)}`,
    ),
    ...(empty ? ['no address'] : []),
    ...(unknown ? ['a question to the outside'] : []),
  ].join('; or ')

const rulesOfRoles: Readonly<Record<Role, number>> = {
  container: R.namesOfContainer,
  vip: R.vipForName,
  'vip-alias': R.vipForAliases,
  'vip-tasks': R.vipTasksByName,
  service: R.tasksForName,
  'service-alias': R.tasksForAliases,
  'service-tasks': R.tasksByName,
}

/** Counts what a question for a name that is known puts to the test. */
function noteKnown({ cluster, node, networks, question }: Asking): void {
  const { tested } = cluster
  const { view } = node
  const { name } = question
  tested[R.answersKnown]!++
  tested[R.answersWhole]!++
  tested[R.knownStaysInside]!++
  if (networks.length < cluster.options.networks.length) tested[R.onlyOwnNetworks]!++
  if (view.disabled > 0) tested[R.namesEnabledOnly]!++
  if (view.past.size > 0) tested[R.forgetsWithdrawn]!++
  if (folded(name) !== name) tested[R.caseInsensitive]!++
  let found = 0
  for (const [index, lookup] of lookupsOf(name, networks).entries()) {
    let kind: NetworkKind | null = null
    for (const network of lookup.networks) {
      const entry = view.known(network.name, lookup.name)
      if (entry === undefined) continue
      found++
      if (kind !== null && kind !== network.kind) tested[R.overlayFirst]!++
      kind = network.kind
      if (found > 1 && index > 0) tested[index === 1 ? R.wholeNameFirst : R.splitsFromRight]!++
      if (found > 1) continue
      if (index > 0) tested[R.nameDotNetwork]!++
      for (const role of entry.enabled.keys()) tested[rulesOfRoles[role]]!++
      if (entry.enabled.has('vip')) tested[R.vipWithFirst]!++
      else if (entry.disabled.has('vip') && entry.weak.length === 0) tested[R.vipUntilLast]!++
    }
  }
}

/** Counts what a question for a name that is not known puts to the test. */
export function noteUnknown({ cluster, node, networks, question }: Asking): void {
  const { tested } = cluster
  tested[R.unknownForwarded]!++
  const name = folded(question.name)
  for (const network of networks) {
    if (network.kind === 'ingress') tested[R.ingressHasNoNames]!++
    const was = node.view.pastNames.get(recordKey(network.name, name))
    if (was === 'vip' || was === 'vip-alias') tested[R.vipEndsWithLast]!++
    else if (was !== undefined) tested[R.forgetsWithdrawn]!++
  }
}

/** A reply is cut only where it has to be, and says so. */
function judgeSize({ cluster, node, question }: Asking, { choices }: Resolution, reply: Reply, family: Family): void {
  if (choices.length !== 1) return
  const limit = sizeLimit(question)
  const [least] = sizesOf(question.name, choices[0]!.strong.length, family)
  const [, most] = sizesOf(question.name, choices[0]!.strong.length + choices[0]!.weak.length, family)
  const text = `answers ${questionText(question)} by ${reply.answers.length} addresses, ${reply.truncated ? 'cut' : 'not cut'}`
  if (reply.truncated) {
    cluster.tested[R.tellsTruncation]!++
    if (most > limit) return
    const rule = question.transport === 'tcp' ? R.streamIsWhole : most > 512 ? R.honoursSize : R.tellsTruncation
    return cluster.fail(rule, node, text, `all ${choices[0]!.strong.length} of them, for which there is room`)
  }
  if (most > 512) cluster.tested[question.transport === 'tcp' ? R.streamIsWhole : R.honoursSize]!++
  if (least <= limit || reply.answers.length >= choices[0]!.strong.length) return
  // Where there was room for one more, something else is wrong.
  if (sizesOf(question.name, reply.answers.length + 1, family)[1] <= limit) return
  cluster.fail(R.tellsTruncation, node, text, `that some of ${choices[0]!.strong.length} are left out`)
}

/** Which address comes first is a matter of chance. */
function noteFirst({ firsts }: Cluster, addresses: readonly string[]): void {
  const count = addresses.length
  if (count < 2) return
  let least = addresses[0]!
  for (const address of addresses) if (address < least) least = address
  if (addresses[0] === least) firsts.seen++
  firsts.expected += 1 / count
  firsts.variance += (count - 1) / (count * count)
}

/** A reply to a question for who takes mail. */
export function judgeMail(asking: Asking, isKnown: boolean, reply: Reply): void {
  const { cluster, node, question } = asking
  cluster.tested[R.mailIsEmpty]!++
  judgeOwnFrame(cluster, node, question, reply)
  if (isKnown && reply.rcode === rcodes.ok && reply.answers.length === 0) return
  const rule = isKnown ? R.mailIsEmpty : R.unknownForwarded
  cluster.fail(
    rule,
    node,
    `answers ${questionText(question)} by ${told(reply)}`,
    isKnown ? 'no records' : 'a question to the outside',
  )
}

/** What an address may be called in a sandbox on these networks. */
export function pointersFor({ cluster, node, networks, question }: Asking): string[] {
  const address = pointedTo(question.name)
  if (address === null) return []
  const pointers = networks.flatMap(({ name }) => node.view.pointers(name, address))
  if (pointers.length > 0) return pointers
  for (const { record } of node.view.held.values()) {
    if (record.address === address) cluster.tested[R.pointerOfOwnNetworks]!++
    if (record.service?.vip === address) cluster.tested[R.vipHasNoPointer]!++
  }
  return pointers
}

/** A reply to a question for the name of an address. */
export function judgePointer(asking: Asking, pointers: readonly string[], reply: Reply): void {
  const { cluster, node, question } = asking
  cluster.tested[R.pointerNamesContainer]!++
  const names = reply.answers.map(({ data }) => data)
  if (pointers.length > 0) judgeOwnFrame(cluster, node, question, reply)
  const fits = reply.rcode === rcodes.ok && names.length > 0 && names.every((name) => pointers.includes(name))
  if (fits) return
  const allowed = pointers.length === 0 ? 'a question to the outside' : pointers.join(' or ')
  cluster.fail(ruleOfPointer(asking, names), node, `answers ${questionText(question)} by ${told(reply)}`, allowed)
}

/** A reply to a question of a type that is not the resolver's own. */
export function judgeOther({ cluster, node, question }: Asking, reply: Reply): void {
  cluster.tested[R.otherTypesForwarded]!++
  const text = `answers ${questionText(question)} by ${told(reply)}`
  cluster.fail(R.otherTypesForwarded, node, text, 'a question to the outside')
}

/** What comes of bytes that are no query. */
export function judgeGarbled(cluster: Cluster, node: Node, bytes: string, reply: Reply | null): void {
  cluster.tested[R.ignoresMalformed]!++
  if (reply === null) return
  const isResponse = bytes === garbledPackets['a response']
  if (reply.rcode === rcodes.formatError && !isResponse) return
  const what = Object.entries(garbledPackets).find(([, each]) => each === bytes)?.[0] ?? bytes
  cluster.fail(R.ignoresMalformed, node, `answers ${what} by ${told(reply)}`, 'no reply, or a format error')
}
