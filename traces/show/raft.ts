/** Raft in words. */
import type { Answer, Input, Message } from '../../models/raft/vocabulary.ts'
import type { TraceEvent } from '../event.ts'
import { shorten } from '../input-error.ts'
import {
  describeAnswer,
  describeConfiguration,
  describeEntries,
  describeInput,
  describeLog,
  describeMessage,
  describeState,
} from './describe.ts'
import { statesAt } from './states.ts'
import type { Note, Teller, Tone } from './teller.ts'

/** Characters up to which a note tells of state and log at once. */
const shortNote = 40

export const raftTeller: Teller = {
  describeInput: (input) => describeInput(input as Input),
  describeAnswer: (answer) => describeAnswer(answer as Answer),
  describeMessage: (view) => describeMessage(view as Message),
  isTold: ({ type }) => type !== 'advance' && type !== 'written',
  notes: (input, answer) => notesOf(input as Input, answer as Answer),
  weightOf: (input, answer) => weightOf(input as Input, answer as Answer),
  matters(view) {
    const { kind } = view
    if (kind === 'heartbeat' || kind === 'heartbeat-response') return false
    return kind !== 'append-entries' || (view as Extract<Message, { kind: 'append-entries' }>).entries.length > 0
  },
  isChatter: ({ kind }) => kind === 'heartbeat' || kind === 'heartbeat-response' || kind === 'append-entries-response',
  statesAt(events, index) {
    const rows = [...statesAt(events as readonly TraceEvent[], index)].map(
      ([node, { running, state, base, entries }]) => [
        node,
        running ? state.role : 'down',
        String(state.term),
        state.vote ?? '-',
        state.leader ?? '-',
        String(state.commit),
        String(state.applied),
        describeConfiguration(state.configuration),
        `${base.index > 0 ? `(${base.index}@${base.term}) ` : ''}${describeEntries(entries)}` || '-',
      ],
    )
    if (rows.length === 0) return []
    return [['node', 'role', 'term', 'vote', 'leader', 'commit', 'applied', 'members', 'log'], ...rows]
  },
}

function notesOf(input: Input, { state, log, error }: Answer): Note[] {
  const whole = input.type === 'restart'
  const tone: Tone = error !== undefined ? 'down' : state?.role === 'leader' ? 'leader' : 'plain'
  const changes = [
    ...(error === undefined ? [] : [`${error.kind}: ${shorten(error.text, 60)}`]),
    ...(state === null
      ? []
      : describeState(whole ? { term: state.term, vote: state.vote, commit: state.commit } : state)),
  ].join(', ')
  const entries = log === null ? '' : describeLog(log).join(', ')
  const texts = changes.length + entries.length > shortNote ? [changes, entries] : [join(changes, entries)]
  return texts.map((text) => ({ text, tone }))
}

function join(...texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(', ')
}

/** 1 if only a commit index changed. */
function weightOf(input: Input, { state, log, error }: Answer): number {
  if (input.type === 'crash' || input.type === 'restart' || input.type === 'operation' || error !== undefined) return 2
  if (log !== null && describeLog(log).length > 0) return 2
  if (state !== null && (state.role ?? state.term ?? state.vote ?? state.configuration) !== undefined) return 2
  if (input.type === 'deliver' && isGranted(input.message.view)) return 2
  return state?.commit === undefined ? 0 : 1
}

function isGranted(view: Message): boolean {
  return (view.kind === 'request-vote-response' || view.kind === 'pre-vote-response') && view.granted
}
