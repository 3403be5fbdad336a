/** A small trace, written by hand: two leaders in term 2, because n3 votes twice. */
import type { Hello } from '../../impl/contract/raft.ts'
import type { Answer, LogDelta, MemberState, Message, OutgoingMessage } from '../../models/raft/vocabulary.ts'
import type { TraceEvent } from '../../traces/event.ts'
import type { Trace } from '../../traces/format.ts'
import { parseRaftScenario } from '../../traces/text.ts'

const hello: Hello = {
  protocol: 1,
  name: 'sample',
  version: '1.0.0',
  language: 'typescript',
  surfaces: ['raft'],
  profiles: ['raft-core'],
  operations: ['propose'],
  capabilities: { disk: true, encode: false },
  deterministic: true,
  assumptions: { fifo: false, noDuplicates: false, clockDrift: 0.5 },
}

const configuration = { voters: ['n1', 'n2', 'n3'], outgoing: [], learners: [] }

const fresh: MemberState = {
  role: 'follower',
  term: 1,
  vote: null,
  leader: null,
  commit: 0,
  applied: 0,
  configuration,
  ready: false,
}

const emptyLog: LogDelta = { restore: { index: 0, term: 0, retain: false }, append: [] }

function answer(parts: Partial<Answer>): Answer {
  return { now: 0, wake: 500, outputs: [], state: null, log: null, ...parts }
}

function message(id: number, from: string, to: string, view: Message, after = 0): OutgoingMessage {
  return { type: 'message', id, from, to, view, after }
}

const ask: Message = { kind: 'request-vote', term: 2, lastIndex: 0, lastTerm: 0, transfer: false }
const grant: Message = { kind: 'request-vote-response', term: 2, granted: true }
const askFromFirst = message(1, 'n1', 'n3', ask)
const grantToFirst = message(2, 'n3', 'n1', grant, 1)
const askFromSecond = message(3, 'n2', 'n3', ask)
const grantToSecond = message(4, 'n3', 'n2', grant)

function campaign(node: string, now: number, request: OutgoingMessage): TraceEvent {
  return {
    event: 'step',
    now,
    input: { type: 'advance', node, at: now, until: now },
    answer: answer({ now, outputs: [request], state: { role: 'candidate', term: 2, vote: node, leader: null } }),
  }
}

function deliver(node: string, now: number, delivered: OutgoingMessage, parts: Partial<Answer>): TraceEvent {
  return {
    event: 'step',
    now,
    input: { type: 'deliver', node, at: now, message: delivered },
    answer: answer({ now, received: delivered.view, ...parts }),
  }
}

const events: TraceEvent[] = [
  {
    event: 'start',
    start: {
      nodes: ['n1', 'n2', 'n3'],
      configuration,
      options: {
        electionTimeout: 300,
        heartbeatInterval: 50,
        preVote: false,
        checkQuorum: false,
        maxEntries: 16,
        maxInflight: 8,
      },
      seed: 7,
    },
    initial: [0, 1, 2].map(() => answer({ state: fresh, log: emptyLog })),
  },
  { event: 'phase', now: 0, phase: 'disturb' },
  campaign('n1', 10, askFromFirst),
  { event: 'fault', now: 11, fault: 'cut', text: 'n1 > n2 cut' },
  deliver('n3', 15, askFromFirst, {
    outputs: [{ type: 'write', id: 1, file: 'wal', sync: true, contents: { term: 2, vote: 'n1' } }, grantToFirst],
    state: { term: 2, vote: 'n1' },
  }),
  { event: 'step', now: 16, input: { type: 'written', node: 'n3', at: 16, writes: [1] }, answer: answer({ now: 16 }) },
  campaign('n2', 18, askFromSecond),
  deliver('n1', 20, grantToFirst, {
    state: { role: 'leader', leader: 'n1' },
    log: { append: [{ index: 1, term: 2, kind: 'empty', digest: '' }] },
  }),
  deliver('n3', 22, askFromSecond, { outputs: [grantToSecond], state: { vote: 'n2' } }),
  {
    event: 'inspect',
    now: 23,
    node: 'n3',
    inspection: { state: { ...fresh, term: 2, vote: 'n2' }, base: { index: 0, term: 0 }, entries: [], store: [] },
  },
  deliver('n2', 25, grantToSecond, { state: { role: 'leader', leader: 'n2' } }),
]

export const sampleTrace: Trace = {
  meta: {
    format: 'swarmcheck-trace',
    version: 1,
    swarmcheck: '0.1.0',
    implementation: hello,
    seed: 1,
    requirement: 'raft/one-vote-per-term',
  },
  scenario: parseRaftScenario(
    ['raft scenario v1', 'name two votes', 'nodes n1 n2 n3', 'seed 7', 'timeout n1', 'timeout n2', 'run 100ms'].join(
      '\n',
    ),
  ),
  events,
  violation: {
    requirement: 'raft/one-vote-per-term',
    text: 'n3 voted for n1 and then for n2 in term 2',
    allowed: 'a refusal, or no answer',
    node: 'n3',
  },
}
