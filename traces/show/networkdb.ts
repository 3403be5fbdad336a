/** The network database in words. */
import { match } from 'ts-pattern'
import type {
  Answer,
  AttachmentChange,
  ClusterEvent,
  EntryChange,
  Input,
  Message,
  NodeState,
  Operation,
  Output,
  Peer,
  TableEvent,
} from '../../models/networkdb/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { NetworkDbTraceEvent } from '../event.ts'
import { escapeControl, shorten } from '../input-error.ts'
import { printWord } from '../text/cursor.ts'
import type { Teller } from './teller.ts'

export const networkDbTeller: Teller = {
  describeInput: (input) => describeInput(input as Input),
  describeAnswer: (answer) => describeAnswer(answer as Answer),
  describeMessage: (view) => describeMessage(view as Message),
  isTold: ({ type }) => type !== 'advance',
  notes(_, answer) {
    const { error } = answer as Answer
    const { outputs } = answer as Answer
    const seen = outputs.filter(({ type }) => type === 'event').map(describeOutput)
    const changes = [...changesOf(answer as Answer), ...seen].map((change) => shorten(change, 60))
    const text = [...(error === undefined ? [] : [`${error.kind}: ${shorten(error.text, 60)}`]), ...changes].join(', ')
    return [{ text, tone: error === undefined ? 'plain' : 'down' }]
  },
  weightOf(input, answer) {
    const { error, peers, attachments, entries, state } = answer as Answer
    if (input.type !== 'deliver' && input.type !== 'advance') return 2
    if (error !== undefined || peers !== null || attachments !== null || entries !== null) return 2
    return state === null ? 0 : 1
  },
  matters: (view) => !isEmpty(view as Message),
  isChatter: (view) => isEmpty(view as Message),
  statesAt(events, index) {
    const rows = [...nodesAt(events as readonly NetworkDbTraceEvent[], index)].map(([node, at]) => [
      node,
      at.running ? at.name : 'down',
      `${at.networkClock} ${at.tableClock}`,
      [...at.peers.values()].map(({ name, status }) => `${name} ${status}`).join(', ') || '-',
      [...at.attachments.values()].map(describeAttachment).join(', ') || '-',
      [...at.entries.values()].map(describeEntry).join(', ') || '-',
    ])
    return rows.length === 0 ? [] : [['node', 'is', 'clocks', 'peers', 'networks', 'entries'], ...rows]
  },
}

/** Whether a message says nothing of anything. */
function isEmpty(view: Message): boolean {
  if ('entries' in view) return view.entries.length === 0
  return ('events' in view ? view.events : view.attachments).length === 0
}

const listed = (items: readonly string[]): string => (items.length === 0 ? 'nothing' : items.join(', '))

function describeEvent(event: ClusterEvent | TableEvent): string {
  if (event.type === 'node') return `${event.name} ${event.event}s @${event.time}`
  if (event.type === 'network') return `${event.name} ${event.event}s ${event.network} @${event.time}`
  const value = event.event === 'delete' ? '' : `=${event.value}`
  return `${event.event} ${event.network}/${event.key}${value} of ${event.owner} @${event.time}`
}

export function describeMessage(view: Message): string {
  return match(view)
    .with({ kind: 'gossip' }, ({ events }) => `gossip: ${listed(events.map(describeEvent))}`)
    .with({ kind: 'table-gossip' }, ({ events }) => `gossip: ${listed(events.map(describeEvent))}`)
    .with(
      { kind: 'bulk-sync' },
      { kind: 'bulk-sync-reply' },
      ({ kind, networks, entries }) => `${kind} of ${networks.join(' ')}: ${listed(entries.map(describeEvent))}`,
    )
    .with(
      { kind: 'push-pull' },
      { kind: 'push-pull-reply' },
      ({ kind, attachments }) => `${kind}: ${listed(attachments.map(describeEvent))}`,
    )
    .exhaustive()
}

function describeInput(input: Input): string {
  return match(input)
    .with({ type: 'deliver' }, ({ message }) => `from ${message.from}: ${describeMessage(message.view)}`)
    .with({ type: 'advance' }, () => 'time passes')
    .with({ type: 'operation' }, ({ operation }) => `client: ${describeOperation(operation)}`)
    .with({ type: 'peer' }, ({ name, address, status }) =>
      status === 'up' ? `told that ${name} is there, at ${address}` : `told that ${name} is there no more`,
    )
    .with({ type: 'crash' }, () => 'crash')
    .with({ type: 'restart' }, () => 'restart')
    .exhaustive()
}

function describeOperation(operation: Operation): string {
  if (operation.type === 'leave') return 'leave'
  if (!('key' in operation)) return `${operation.type} ${operation.network}`
  const value = 'value' in operation ? `=${printWord(operation.value)}` : ''
  return `${operation.type} ${operation.network}/${operation.key}${value}`
}

const describePeer = ({ name, status }: Peer): string => `${name} ${status}`

function describeAttachment(change: AttachmentChange): string {
  const { name, network, status } = change
  return `${name} ${status} ${network}${status === 'forgotten' ? '' : ` @${change.time}`}`
}

function describeEntry(change: EntryChange): string {
  const { network, key } = change
  if (change.status === 'forgotten') return `${network}/${key} forgotten`
  const { owner, time, value, status } = change
  return `${network}/${key}=${value} of ${owner} @${time}${status === 'live' ? '' : ` ${status}`}`
}

function changesOf({ state, peers, attachments, entries }: Answer): string[] {
  return [
    ...(state?.leaving === true ? ['leaving'] : []),
    ...(peers ?? []).map(describePeer),
    ...(attachments ?? []).map(describeAttachment),
    ...(entries ?? []).map(describeEntry),
  ]
}

function describeOutput(output: Output): string {
  return match(output)
    .with({ type: 'message' }, ({ to, view }) => `to ${to}: ${describeMessage(view)}`)
    .with({ type: 'event' }, ({ event, network, key, value, previous }) => {
      const what = event === 'delete' ? `, was ${printWord(previous)}` : `=${printWord(value)}`
      return `watchers see ${event} ${network}/${key}${what}`
    })
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
  readonly peers: ReadonlyMap<string, Peer>
  readonly attachments: ReadonlyMap<string, AttachmentChange>
  readonly entries: ReadonlyMap<string, EntryChange>
}

const blank: NodeAt = {
  running: true,
  name: '',
  networkClock: 0,
  tableClock: 0,
  leaving: false,
  peers: new Map(),
  attachments: new Map(),
  entries: new Map(),
}

/** Records after some of them have changed; who is forgotten is left out. */
function folded<Record extends { readonly status: string }>(
  records: ReadonlyMap<string, Record>,
  changes: readonly Record[] | null,
  keyOf: (record: Record) => string,
): ReadonlyMap<string, Record> {
  const after = new Map(records)
  for (const change of changes ?? []) {
    if (change.status === 'forgotten') after.delete(keyOf(change))
    else after.set(keyOf(change), change)
  }
  return after
}

/** Every node behind the event at `index`: what it holds, folded from what its steps changed. */
function nodesAt(events: readonly NetworkDbTraceEvent[], index: number): ReadonlyMap<NodeId, NodeAt> {
  const nodes = new Map<NodeId, NodeAt>()
  const fold = (node: NodeId, running: boolean, before: NodeAt, answer: Answer): void => {
    nodes.set(node, {
      ...before,
      ...answer.state,
      running,
      peers: folded(before.peers, answer.peers, ({ name }) => name),
      attachments: folded(before.attachments, answer.attachments, ({ name, network }) => `${name} ${network}`),
      entries: folded(before.entries, answer.entries, ({ network, key }) => `${network} ${key}`),
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
