/** SWIM in words. */
import { match } from 'ts-pattern'
import type {
  Answer,
  Input,
  MemberRecord,
  MemberState,
  Message,
  Operation,
  Output,
  RecordChange,
  Update,
} from '../../models/swim/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { SwimTraceEvent } from '../event.ts'
import { escapeControl, shorten } from '../input-error.ts'
import { printWord } from '../text/cursor.ts'
import type { Teller } from './teller.ts'

export const swimTeller: Teller = {
  describeInput: (input) => describeInput(input as Input),
  describeAnswer: (answer) => describeAnswer(answer as Answer),
  describeMessage: (view) => describeMessage(view as Message),
  isTold: ({ type }) => type !== 'advance',
  notes(_, answer) {
    const { state, members, error } = answer as Answer
    const changes = [
      ...(error === undefined ? [] : [`${error.kind}: ${shorten(error.text, 60)}`]),
      ...(state === null ? [] : describeState(state)),
      ...(members === null ? [] : [shorten(members.map(describeChange).join(', '), 60)]),
    ]
    return [{ text: changes.join(', '), tone: error === undefined ? 'plain' : 'down' }]
  },
  weightOf(input, answer) {
    const { state, members, error } = answer as Answer
    const { type } = input
    if (type === 'crash' || type === 'restart' || type === 'operation' || type === 'refuse') return 2
    if (error !== undefined || members !== null || state?.incarnation !== undefined) return 2
    return state === null ? 0 : 1
  },
  matters: (view) => !isIdle(view as Message),
  isChatter: (view) => isIdle(view as Message),
  statesAt(events, index) {
    const rows = [...tablesAt(events as readonly SwimTraceEvent[], index)].map(
      ([node, { running, state, members }]) => [
        node,
        running ? (state.leaving ? 'leaving' : 'up') : 'down',
        String(state.incarnation),
        String(state.score),
        [...members.values()].map(describeChange).join(', ') || '-',
      ],
    )
    return rows.length === 0 ? [] : [['node', 'is', 'incarnation', 'score', 'table'], ...rows]
  },
}

/** Whether a message says nothing of anybody. */
function isIdle(view: Message): boolean {
  return 'gossip' in view ? view.gossip.length === 0 : view.kind === 'stream-ping' || view.kind === 'stream-ack'
}

function describeMessage(view: Message): string {
  return match(view)
    .with({ kind: 'ping' }, ({ sequence, target, gossip }) => `ping ${sequence} of ${target}${carried(gossip)}`)
    .with(
      { kind: 'indirect-ping' },
      ({ sequence, target, nack, gossip }) =>
        `asks to ping ${target}, ${sequence}${nack ? ', or nack' : ''}${carried(gossip)}`,
    )
    .with({ kind: 'ack' }, { kind: 'nack' }, ({ kind, sequence, gossip }) => `${kind} ${sequence}${carried(gossip)}`)
    .with({ kind: 'gossip' }, ({ gossip }) => `gossip${carried(gossip)}`)
    .with(
      { kind: 'push-pull' },
      { kind: 'push-pull-reply' },
      ({ kind, join, members }) => `${kind}${join ? ' to join' : ''}: ${members.map(describeChange).join(', ')}`,
    )
    .with({ kind: 'stream-ping' }, ({ sequence, target }) => `ping ${sequence} of ${target} on a stream`)
    .with({ kind: 'stream-ack' }, ({ sequence }) => `ack ${sequence} on a stream`)
    .exhaustive()
}

const carried = (gossip: readonly Update[]): string =>
  gossip.length === 0 ? '' : `: ${gossip.map(describeUpdate).join(', ')}`

function describeUpdate({ status, node, incarnation, from }: Update): string {
  return `${node} ${status} ${incarnation}${from === node || from === '' ? '' : ` by ${from}`}`
}

function describeChange(change: RecordChange): string {
  return change.status === 'forgotten'
    ? `${change.node} forgotten`
    : `${change.node} ${change.status} ${change.incarnation}`
}

function describeInput(input: Input): string {
  return match(input)
    .with({ type: 'deliver' }, ({ message }) => `from ${message.from}: ${describeMessage(message.view)}`)
    .with({ type: 'advance' }, () => 'time passes')
    .with({ type: 'operation' }, ({ operation }) => describeOperation(operation))
    .with({ type: 'refuse' }, ({ stream }) => `stream ${stream} is refused`)
    .with({ type: 'crash' }, () => 'crash')
    .with({ type: 'restart' }, () => 'restart')
    .exhaustive()
}

function describeOperation(operation: Operation): string {
  return match(operation)
    .with({ type: 'join' }, ({ to }) => `asked to join ${to.join(' ')}`)
    .with({ type: 'leave' }, () => 'asked to leave')
    .with({ type: 'update' }, ({ meta }) => `asked to tell ${printWord(meta)}`)
    .exhaustive()
}

function describeState({ incarnation, score, leaving }: Partial<MemberState>): string[] {
  return [
    ...(incarnation === undefined ? [] : [`incarnation ${incarnation}`]),
    ...(score === undefined ? [] : [`score ${score}`]),
    ...(leaving === undefined ? [] : [leaving ? 'leaving' : 'staying']),
  ]
}

function describeOutput(output: Output): string {
  return match(output)
    .with({ type: 'message' }, ({ to, view }) => `to ${to}: ${describeMessage(view)}`)
    .with({ type: 'event' }, ({ event, node }) => `tells of ${node}: ${event}`)
    .with(
      { type: 'result' },
      ({ operation, status, reason }) => `result ${operation} ${status}${reason === '' ? '' : ` ${reason}`}`,
    )
    .exhaustive()
}

function describeAnswer({ state, members, outputs, error }: Answer): string[] {
  const phrases = [
    ...(error === undefined ? [] : [`${error.kind}: ${error.text}`]),
    ...(state === null ? [] : describeState(state)),
    ...(members === null ? [] : members.map(describeChange)),
    ...outputs.map(describeOutput),
  ]
  return phrases.map((phrase) => escapeControl(shorten(phrase, 160)))
}

interface NodeAt {
  readonly running: boolean
  readonly state: MemberState
  readonly members: ReadonlyMap<NodeId, MemberRecord>
}

const blank: MemberState = { incarnation: 0, score: 0, leaving: false }

/** Every node behind the event at `index`: its table, folded from what its steps changed. */
function tablesAt(events: readonly SwimTraceEvent[], index: number): ReadonlyMap<NodeId, NodeAt> {
  const nodes = new Map<NodeId, NodeAt>()
  const fold = (node: NodeId, running: boolean, before: Omit<NodeAt, 'running'>, { state, members }: Answer): void => {
    const table = new Map(before.members)
    for (const change of members ?? []) {
      if (change.status === 'forgotten') table.delete(change.node)
      else table.set(change.node, change)
    }
    nodes.set(node, { running, state: { ...before.state, ...state }, members: table })
  }
  for (const event of events.slice(0, index + 1)) {
    if (event.event === 'start') {
      for (const [number, node] of event.start.nodes.entries()) {
        fold(node, true, { state: blank, members: new Map() }, event.initial[number]!)
      }
    } else if (event.event === 'step') {
      const { input, answer } = event
      const before = nodes.get(input.node)
      if (before === undefined) continue
      const down = input.type === 'crash' || answer.error?.kind === 'panic'
      const isNew = input.type === 'restart'
      const from = isNew ? { state: blank, members: new Map<NodeId, MemberRecord>() } : before
      fold(input.node, !down && (before.running || isNew), from, answer)
    }
  }
  return nodes
}
