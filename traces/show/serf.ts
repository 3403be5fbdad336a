/** Serf in words. */
import { match } from 'ts-pattern'
import type {
  Answer,
  Broadcast,
  Input,
  IntentChange,
  MemberChange,
  Message,
  NodeState,
  Operation,
  Output,
  Response,
} from '../../models/serf/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { SerfTraceEvent } from '../event.ts'
import { escapeControl, shorten } from '../input-error.ts'
import { printWord } from '../text/cursor.ts'
import type { Teller } from './teller.ts'

export const serfTeller: Teller = {
  describeInput: (input) => describeInput(input as Input),
  describeAnswer: (answer) => describeAnswer(answer as Answer),
  describeMessage: (view) => describeMessage(view as Message),
  isTold: ({ type }) => type !== 'advance',
  notes(_, answer) {
    const { error, outputs } = answer as Answer
    const told = outputs.filter(({ type }) => type !== 'message' && type !== 'result').map(describeOutput)
    const changes = [...changesOf(answer as Answer), ...told].map((change) => shorten(change, 60))
    const text = [...(error === undefined ? [] : [`${error.kind}: ${shorten(error.text, 60)}`]), ...changes].join(', ')
    return [{ text, tone: error === undefined ? 'plain' : 'down' }]
  },
  weightOf(input, answer) {
    const { error, members, intents, outputs, state } = answer as Answer
    if (input.type !== 'deliver' && input.type !== 'advance') return 2
    if (error !== undefined || members !== null || intents !== null) return 2
    if (outputs.some(({ type }) => type !== 'message')) return 2
    return state === null ? 0 : 1
  },
  matters: (view) => (view as Message).kind !== 'push-pull-reply',
  isChatter: (view) => 'left' in (view as Message),
  statesAt(events, index) {
    const rows = [...nodesAt(events as readonly SerfTraceEvent[], index)].map(([node, at]) => [
      node,
      at.running ? at.phase : 'down',
      `${at.memberClock} ${at.eventClock} ${at.queryClock}`,
      [...at.members.values()].map(describeMember).join(', ') || '-',
      [...at.intents.values()].map(describeIntent).join(', ') || '-',
    ])
    return rows.length === 0 ? [] : [['node', 'is', 'clocks', 'members', 'remembers'], ...rows]
  },
}

const listed = (items: readonly string[]): string => (items.length === 0 ? 'nothing' : items.join(', '))

const pairOf = ({ name, payload }: { readonly name: string; readonly payload: string }): string =>
  `${printWord(name)}=${printWord(shorten(payload, 20))}`

function describeBroadcast(broadcast: Broadcast): string {
  return match(broadcast)
    .with({ type: 'join' }, ({ name, time }) => `${name} joins @${time}`)
    .with({ type: 'leave' }, ({ name, time, prune }) => `${name} leaves @${time}${prune ? ', forget it' : ''}`)
    .with({ type: 'event' }, (event) => `event ${pairOf(event)} @${event.time}`)
    .with({ type: 'query' }, (query) => {
      const asked = query.nodes.length === 0 ? '' : ` to ${query.nodes.join(' ')}`
      return `query ${pairOf(query)} @${query.time} of ${query.source}${asked}`
    })
    .exhaustive()
}

const describeResponse = ({ time, from, ack, payload }: Response): string =>
  `${ack ? 'arrival' : `answer ${printWord(shorten(payload, 20))}`} of ${from} to the query @${time}`

function describeMessage(view: Message): string {
  return match(view)
    .with({ kind: 'gossip' }, ({ broadcasts }) => `gossip: ${listed(broadcasts.map(describeBroadcast))}`)
    .with({ kind: 'push-pull' }, { kind: 'push-pull-reply' }, ({ kind, join, members, left, events }) => {
      const told = members.map(({ name, time }) => `${name} ${left.includes(name) ? 'left ' : ''}@${time}`)
      const heard = events.map((event) => `${pairOf(event)} @${event.time}`)
      return `${kind}${join ? ' to join' : ''}: ${listed([...told, ...heard])}`
    })
    .with({ kind: 'response' }, describeResponse)
    .with({ kind: 'relay' }, ({ to, response }) => `for ${to}: ${describeResponse(response)}`)
    .exhaustive()
}

function describeInput(input: Input): string {
  return match(input)
    .with({ type: 'deliver' }, ({ message }) => `from ${message.from}: ${describeMessage(message.view)}`)
    .with({ type: 'advance' }, () => 'time passes')
    .with({ type: 'operation' }, ({ operation }) => `client: ${describeOperation(operation)}`)
    .with({ type: 'peer' }, ({ name, status, tags }) => {
      if (status === 'update') return `told that ${name} has tags ${printWord(tags)}`
      return `told that ${name} is there${status === 'up' ? '' : ' no more'}`
    })
    .with({ type: 'respond' }, ({ time, payload }) => `application answers the query @${time}: ${printWord(payload)}`)
    .with({ type: 'crash' }, () => 'crash')
    .with({ type: 'restart' }, () => 'restart')
    .exhaustive()
}

function describeOperation(operation: Operation): string {
  return match(operation)
    .with({ type: 'join' }, ({ peer }) => `join ${peer}`)
    .with({ type: 'leave' }, () => 'leave')
    .with({ type: 'force-leave' }, ({ member, prune }) => `say that ${member} leaves${prune ? ', forget it' : ''}`)
    .with({ type: 'event' }, (event) => `event ${pairOf(event)}`)
    .with({ type: 'query' }, (query) => `query ${pairOf(query)}`)
    .exhaustive()
}

const describeMember = (change: MemberChange): string =>
  change.status === 'forgotten' ? `${change.name} forgotten` : `${change.name} ${change.status} @${change.time}`

const describeIntent = (change: IntentChange): string =>
  change.intent === 'forgotten' ? `nothing of ${change.name}` : `that ${change.name} ${change.intent}s @${change.time}`

function changesOf({ state, members, intents }: Answer): string[] {
  return [
    ...(state?.phase === undefined ? [] : [state.phase]),
    ...(members ?? []).map(describeMember),
    ...(intents ?? []).map((change) => `remembers ${describeIntent(change)}`),
  ]
}

function describeOutput(output: Output): string {
  return match(output)
    .with({ type: 'message' }, ({ to, view }) => `to ${to}: ${describeMessage(view)}`)
    .with({ type: 'member' }, ({ event, name }) => `application sees ${event} of ${name}`)
    .with({ type: 'event' }, (event) => `application sees event ${pairOf(event)} @${event.time}`)
    .with({ type: 'query' }, (query) => `application is asked ${pairOf(query)} @${query.time} by ${query.source}`)
    .with({ type: 'response' }, (response) => `application sees ${describeResponse(response)}`)
    .with(
      { type: 'result' },
      ({ operation, status, reason }) => `result ${operation} ${status}${reason === '' ? '' : ` ${reason}`}`,
    )
    .exhaustive()
}

function describeAnswer(answer: Answer): string[] {
  const { error, outputs } = answer
  const phrases = [
    ...(error === undefined ? [] : [`${error.kind}: ${error.text}`]),
    ...changesOf(answer),
    ...outputs.map(describeOutput),
  ]
  return phrases.map((phrase) => escapeControl(shorten(phrase, 160)))
}

interface NodeAt extends NodeState {
  readonly running: boolean
  readonly members: ReadonlyMap<string, MemberChange>
  readonly intents: ReadonlyMap<string, IntentChange>
}

const blank: NodeAt = {
  running: true,
  name: '',
  memberClock: 0,
  eventClock: 0,
  queryClock: 0,
  phase: 'alive',
  members: new Map(),
  intents: new Map(),
}

/** Records after some of them have changed; what is forgotten is left out. */
function folded<Record extends { readonly name: string }>(
  records: ReadonlyMap<string, Record>,
  changes: readonly Record[] | null,
  isForgotten: (record: Record) => boolean,
): ReadonlyMap<string, Record> {
  const after = new Map(records)
  for (const change of changes ?? []) {
    if (isForgotten(change)) after.delete(change.name)
    else after.set(change.name, change)
  }
  return after
}

/** Every node behind the event at `index`: what it holds, folded from what its steps changed. */
function nodesAt(events: readonly SerfTraceEvent[], index: number): ReadonlyMap<NodeId, NodeAt> {
  const nodes = new Map<NodeId, NodeAt>()
  const fold = (node: NodeId, running: boolean, before: NodeAt, answer: Answer): void => {
    nodes.set(node, {
      ...before,
      ...answer.state,
      running,
      members: folded(before.members, answer.members, ({ status }) => status === 'forgotten'),
      intents: folded(before.intents, answer.intents, ({ intent }) => intent === 'forgotten'),
    })
  }
  for (const event of events.slice(0, index + 1)) {
    if (event.event === 'start') {
      for (const [number, node] of event.start.nodes.entries()) fold(node, true, blank, event.initial[number]!)
    } else if (event.event === 'step') {
      const { input, answer } = event
      const before = nodes.get(input.node)
      if (before === undefined) continue
      const down = input.type === 'crash' || answer.error?.kind === 'panic'
      const isNew = input.type === 'restart'
      fold(input.node, !down && (before.running || isNew), isNew ? blank : before, answer)
    }
  }
  return nodes
}
