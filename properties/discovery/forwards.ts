/** Judges what is asked of resolvers outside, and what becomes of their answers. [DNS] resolver.go forwardExtDNS */
import { isPassedOn, mostUpstreams, rcodes, upstreamTimeout } from '../../models/discovery/rules.ts'
import type { AnswerRecord, Forward, Output, Reply, UpstreamReply } from '../../models/discovery/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import type { Node, Waiting } from './node.ts'
import { judgeFrame } from './replies.ts'
import { R } from './requirements.ts'

/** How late a node may be in giving up a resolver that is silent, in milliseconds. */
const slack = 1_000

interface Outcome {
  readonly forwards: readonly Forward[]
  readonly reply: Reply | null | undefined
}

/** What a step has told of one question; the reply is undefined if there was no result. */
export function outcomeFor(outputs: readonly Output[], operation: number): Outcome {
  const forwards: Forward[] = []
  let reply: Reply | null | undefined
  for (const output of outputs) {
    if (output.type === 'forward' && output.operation === operation) forwards.push(output)
    else if (output.type === 'result' && output.operation === operation) reply = output.reply
  }
  return { forwards, reply }
}

/** The next resolver is asked: is it the right one, and is it asked what it has to be? */
export function judgeForward(cluster: Cluster, node: Node, waiting: Waiting, forwards: readonly Forward[]): void {
  const { question, servers, asked } = waiting
  const [forward, second] = forwards
  if (forward === undefined) return
  for (const rule of [R.forwardsInOrder, R.forwardsAsAsked]) cluster.tested[rule]!++
  const expected = servers[asked]
  if (second !== undefined) {
    cluster.fail(R.forwardsInOrder, node, `asks ${forward.server} and ${second.server} at once`, 'one after the other')
  }
  if (forward.server !== expected?.address) {
    const { upstreams } = cluster.options
    const place = upstreams.findIndex(({ address }) => address === forward.server)
    const isHidden = upstreams[place]?.host === true && !servers.some(({ address }) => address === forward.server)
    const rule = place >= mostUpstreams ? R.forwardsToThree : isHidden ? R.internalStaysInside : R.forwardsInOrder
    cluster.fail(rule, node, `asks ${forward.server} of ${question.name}`, expected?.address ?? 'nobody any more')
  }
  if (forward.name !== question.name || forward.qtype !== question.qtype) {
    const text = `asks ${forward.server} for ${forward.qtype} ${forward.name}`
    cluster.fail(R.forwardsAsAsked, node, text, `${question.qtype} ${question.name}`)
  }
  waiting.asked++
  waiting.forward = forward.id
  waiting.sentAt = node.now
}

/** A resolver outside has answered. */
export function judgeUpstream(
  cluster: Cluster,
  node: Node,
  forward: number,
  reply: UpstreamReply,
  outputs: readonly Output[],
): void {
  const waiting = [...node.waiting.values()].find((each) => each.forward === forward)
  if (waiting === undefined) return
  const outcome = outcomeFor(outputs, waiting.operation)
  if (isPassedOn(reply.rcode)) return judgePassedOn(cluster, node, waiting, reply, outcome)
  cluster.tested[R.nextOnFailure]!++
  judgeGivenUp(cluster, node, waiting, outcome, R.nextOnFailure)
}

function judgePassedOn(
  cluster: Cluster,
  node: Node,
  waiting: Waiting,
  upstream: UpstreamReply,
  { reply }: Outcome,
): void {
  const { question, operation } = waiting
  const rule = upstream.rcode === rcodes.nameError ? R.passesNameError : R.passesReplyOn
  cluster.tested[rule]!++
  node.waiting.delete(operation)
  const allowed = `code ${upstream.rcode} and ${upstream.answers.length} records, as they came`
  if (reply === undefined || reply === null) {
    return cluster.fail(rule, node, `does not pass on what came for ${question.name}`, allowed)
  }
  judgeFrame(cluster, node, question, reply)
  const isSame = reply.rcode === upstream.rcode && sameRecords(reply.answers, upstream.answers, reply.truncated)
  if (isSame) return
  const text = `passes on code ${reply.rcode} and ${JSON.stringify(reply.answers)} for ${question.name}`
  cluster.fail(rule, node, text, allowed)
}

const sameRecords = (left: readonly AnswerRecord[], right: readonly AnswerRecord[], isCut: boolean): boolean =>
  (isCut || left.length === right.length) &&
  left.every(({ name, type, ttl, data }) =>
    right.some((each) => each.name === name && each.type === type && each.ttl === ttl && each.data === data),
  )

/** One has failed, or was silent for too long: the next has its turn, or there is none. */
function judgeGivenUp(
  cluster: Cluster,
  node: Node,
  waiting: Waiting,
  { forwards, reply }: Outcome,
  rule: number,
): void {
  const { question, servers, asked, operation } = waiting
  if (asked >= mostUpstreams) cluster.tested[R.forwardsToThree]!++
  const next = servers[asked]
  if (next !== undefined) {
    if (forwards.length > 0) return judgeForward(cluster, node, waiting, forwards)
    node.waiting.delete(operation)
    const text = reply === undefined ? 'asks nobody' : `answers by code ${reply?.rcode ?? 'none'}`
    return cluster.fail(
      rule,
      node,
      `${text} after ${servers[asked - 1]!.address} failed`,
      `a question to ${next.address}`,
    )
  }
  if (forwards.length > 0) return judgeForward(cluster, node, waiting, forwards)
  node.waiting.delete(operation)
  cluster.tested[R.failureAtEnd]!++
  if (reply?.rcode === rcodes.serverFailure && reply.answers.length === 0)
    return judgeFrame(cluster, node, question, reply)
  const text = reply === undefined || reply === null ? 'does not answer' : `answers by code ${reply.rcode}`
  cluster.fail(R.failureAtEnd, node, `${text} when all have failed`, 'a server failure')
}

/** Time has passed: whoever is silent for long enough is given up, and nobody earlier. */
export function judgeWaits(cluster: Cluster, node: Node, outputs: readonly Output[]): void {
  for (const waiting of [...node.waiting.values()]) {
    const outcome = outcomeFor(outputs, waiting.operation)
    const elapsed = node.now - waiting.sentAt
    const isOver = outcome.forwards.length > 0 || outcome.reply !== undefined
    if (!isOver) {
      if (elapsed <= upstreamTimeout + slack) continue
      const text = `has waited for ${elapsed} ms for an answer on ${waiting.question.name}`
      cluster.fail(R.nextOnSilence, node, text, `${upstreamTimeout} ms`)
      continue
    }
    cluster.tested[R.nextOnSilence]!++
    if (elapsed < upstreamTimeout) {
      const text = `gives up after ${elapsed} ms on ${waiting.question.name}`
      cluster.fail(R.nextOnSilence, node, text, `${upstreamTimeout} ms`)
    }
    judgeGivenUp(cluster, node, waiting, outcome, R.nextOnSilence)
  }
}
