/** What the judge is fed for a step of the member model: an implementation that does just what an outcome says. */
import type {
  Answer,
  Input,
  LogDelta,
  MemberState,
  Message,
  Output,
  RaftOptions,
} from '../../models/raft/vocabulary.ts'
import { NOBODY } from '../../models/raft/member/state.ts'
import type { MemberEvent, Outcome } from '../../models/raft/member/state.ts'
import { createRaftJudge } from '../../properties/raft/judge.ts'
import type { Violation } from '../../properties/judge.ts'
import { NODES } from '../../traces/run/raft/member-translation.ts'

const [TESTED] = NODES as readonly [string]
const configuration = { voters: NODES, outgoing: [], learners: [] }
const electionTimeout = 150
const heartbeatInterval = 30
const longest = 2 * electionTimeout + 2 * heartbeatInterval + 1

export interface JudgedStep {
  readonly input: Input
  readonly answer: Answer
}

export const firstOutcome: Outcome = {
  role: 'follower',
  term: 0,
  vote: NOBODY,
  leader: NOBODY,
  log: [],
  commit: 0,
  reply: 'none',
  acknowledged: 0,
}

const profiles = ['raft-core', 'raft-persistence', 'raft-pre-vote', 'raft-transfer']

/** A judge that has seen a cluster start. */
export function startJudge(preVote: boolean) {
  const judge = createRaftJudge(profiles, true, ['step', 'history'])
  const options: RaftOptions = {
    electionTimeout,
    heartbeatInterval,
    preVote,
    checkQuorum: false,
    maxEntries: 16,
    maxInflight: 16,
  }
  const initial = NODES.map(() =>
    answerOf(0, { ...stateOf(firstOutcome), applied: 0, configuration, ready: false }, []),
  )
  judge.start({ nodes: NODES, configuration, options }, initial)
  return judge
}

/** The first violation that a judge of its own sees in these steps. */
export function judgeSteps(preVote: boolean, steps: readonly JudgedStep[]): Violation | null {
  const judge = startJudge(preVote)
  for (const { input, answer } of steps) {
    const violation = judge.step(input, answer, answer.now)
    if (violation !== null) return violation
  }
  return null
}

function answerOf(
  now: number,
  state: Partial<MemberState> | null,
  outputs: readonly Output[],
  log: LogDelta | null = null,
): Answer {
  return { now, wake: null, outputs, state, log }
}

const nameOf = (number: number): string | null => (number === NOBODY ? null : NODES[number]!)

function stateOf({
  role,
  term,
  vote,
  leader,
  commit,
}: Outcome): Omit<MemberState, 'applied' | 'configuration' | 'ready'> {
  return { role, term, vote: nameOf(vote), leader: nameOf(leader), commit }
}

/** What one event of the member model looks like to the judge, `before` it and at this local instant. */
export function stepsOf(event: MemberEvent, before: Outcome, now: number): JudgedStep[] {
  const { outcome } = event
  const write = now + 1
  const log = deltaOf(before.log, outcome.log)
  const contents = { term: outcome.term, vote: nameOf(outcome.vote), ...(log === null ? {} : { log }) }
  const effects: Output[] = [
    { type: 'write', id: write, file: 'log', sync: true, contents },
    ...applied(before, outcome),
    ...messagesOf(event, before, now).map(({ to, view }, place): Output => ({
      type: 'message',
      id: 10 * now + place,
      from: TESTED,
      to,
      view,
      after: write,
    })),
  ]
  const written = (at: number): JudgedStep => ({
    input: { type: 'written', node: TESTED, at, writes: [write] },
    answer: answerOf(at, null, []),
  })
  const state = { ...stateOf(outcome), applied: Math.max(before.commit, outcome.commit) }
  switch (event.type) {
    case 'election-timeout': {
      // A leader has heartbeats to send meanwhile.
      const beats = before.role === 'leader' ? [20, 120, 220, 320] : []
      const quiet = beats.map((after): JudgedStep => ({
        input: { type: 'advance', node: TESTED, at: now, until: now + after },
        answer: answerOf(now + after, null, heartbeats(before, now + after)),
      }))
      const until = endOf(event, now) - 1
      return [
        ...quiet,
        { input: { type: 'advance', node: TESTED, at: now, until }, answer: answerOf(until, state, effects, log) },
        written(until),
      ]
    }
    case 'restart': {
      const append = outcome.log.map(entryOf)
      const restore = { index: 0, term: 0, retain: false }
      const whole = { ...state, applied: outcome.commit, configuration, ready: false }
      return [
        { input: { type: 'crash', node: TESTED, at: now, keep: [], torn: 0 }, answer: answerOf(now, null, []) },
        { input: { type: 'restart', node: TESTED, at: now }, answer: answerOf(now, whole, [], { restore, append }) },
      ]
    }
    case 'propose': {
      const operation = { type: 'propose', command: { type: 'put', key: 'k', value: `v${now}` } } as const
      const input: Input = { type: 'operation', node: TESTED, at: now, id: now, operation }
      return [{ input, answer: answerOf(now, state, effects, log) }, written(now)]
    }
    default: {
      const message = {
        type: 'message',
        id: 10 * now + 9,
        from: NODES[event.from]!,
        to: TESTED,
        view: viewOf(event),
        after: 0,
      } as const
      return [
        { input: { type: 'deliver', node: TESTED, at: now, message }, answer: answerOf(now, state, effects, log) },
        written(now),
      ]
    }
  }
}

/** Local instant after an event of `stepsOf`. */
export function endOf({ type, outcome }: MemberEvent, now: number): number {
  if (type !== 'election-timeout') return now + 1
  // Whoever asks for pre-votes again does so in time; whoever does nothing is watched for longer than it may wait.
  return now + 1 + (outcome.role === 'pre-candidate' ? 2 * electionTimeout : longest)
}

const entryOf = (term: number, at: number) => ({ index: at + 1, term, kind: 'empty' as const, digest: '' })

function deltaOf(before: readonly number[], after: readonly number[]): LogDelta | null {
  let same = 0
  while (same < before.length && before[same] === after[same]) same++
  const append = after.map(entryOf).slice(same)
  if (same === before.length && append.length === 0) return null
  return { ...(same < before.length ? { truncate: same } : {}), ...(append.length > 0 ? { append } : {}) }
}

function applied(before: Outcome, { log, commit }: Outcome): Output[] {
  return log
    .slice(0, commit)
    .map((term, at): Output => ({ type: 'apply', index: at + 1, term, digest: '' }))
    .slice(before.commit)
}

interface Sent {
  readonly to: string
  readonly view: Message
}

function heartbeats({ term }: Outcome, now: number): Output[] {
  return NODES.slice(1).map((to, place) => {
    const view = { kind: 'heartbeat', term, commit: 0, round: 0 } as const
    return { type: 'message', id: 10 * now + 7 + place, from: TESTED, to, view, after: 0 }
  })
}

/** What is sent because of an event: requests of a new campaign, and the answer. */
function messagesOf(event: MemberEvent, before: Outcome, _now: number): Sent[] {
  const { outcome } = event
  const { role, term, log } = outcome
  const sent: Sent[] = []
  const last = { lastIndex: log.length, lastTerm: log[log.length - 1] ?? 0, transfer: event.type === 'timeout-now' }
  const campaigns = role === 'candidate' && (before.role !== role || before.term !== term)
  const asks = role === 'pre-candidate' && (before.role !== role || event.type === 'election-timeout')
  for (const to of NODES.slice(1)) {
    if (campaigns) sent.push({ to, view: { kind: 'request-vote', term, ...last } })
    if (asks) sent.push({ to, view: { kind: 'pre-vote', term: term + 1, ...last } })
  }
  const view = replyOf(event)
  if (view !== null && 'from' in event) sent.push({ to: NODES[event.from]!, view })
  return sent
}

function replyOf(event: MemberEvent): Message | null {
  const { outcome } = event
  const { reply, term } = outcome
  if (reply === 'none') return null
  const granted = reply === 'granted'
  switch (event.type) {
    case 'request-vote':
      return { kind: 'request-vote-response', term, granted }
    case 'pre-vote':
      return { kind: 'pre-vote-response', term: granted ? event.term : term, granted }
    case 'append-entries': {
      const success = reply === 'success'
      const index = success ? outcome.acknowledged : event.previousIndex
      return { kind: 'append-entries-response', term, success, index, hint: 0, round: 0 }
    }
    case 'heartbeat':
      return { kind: 'heartbeat-response', term, round: 0 }
    default:
      return null
  }
}

function viewOf(event: Exclude<MemberEvent, { type: 'election-timeout' | 'propose' | 'restart' }>): Message {
  const { type: kind, term } = event
  switch (kind) {
    case 'request-vote':
    case 'pre-vote': {
      const { lastIndex, lastTerm } = event
      return { kind, term, lastIndex, lastTerm, transfer: false }
    }
    case 'request-vote-response':
    case 'pre-vote-response':
      return { kind, term, granted: event.granted }
    case 'append-entries': {
      const { previousIndex, previousTerm, commit } = event
      const entries = event.entries.map((each, at) => entryOf(each, previousIndex + at))
      return { kind, term, previousIndex, previousTerm, entries, commit, round: 0 }
    }
    case 'append-entries-response':
      return { kind, term, success: event.success, index: event.index, hint: 0, round: 0 }
    case 'heartbeat':
      return { kind, term, commit: event.commit, round: 0 }
    case 'timeout-now':
      return { kind, term }
  }
}
