/** The layers together in words. */
import { match } from 'ts-pattern'
import type { Answer, Change, Input, Message, Output, Result } from '../../models/network/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { NetworkTraceEvent } from '../event.ts'
import { escapeControl, shorten } from '../input-error.ts'
import { networkText } from '../text/network.ts'
import { describeMessage as describeDatabaseMessage } from './networkdb.ts'
import type { Note, Teller, Tone } from './teller.ts'

export const networkTeller: Teller = {
  describeInput: (input) => describeInput(input as Input),
  describeAnswer: (answer) => describeAnswer(answer as Answer),
  describeMessage: (view) => describeMessage(view as Message),
  isTold: ({ type }) => type !== 'advance',
  notes: (input, answer) => notesOf(input as Input, answer as Answer),
  weightOf(input, answer) {
    const { error, changes, state, outputs } = answer as Answer
    if (input.type !== 'deliver' && input.type !== 'advance') return 2
    return error !== undefined || changes !== null || state !== null || outputs.some(isResult) ? 2 : 0
  },
  matters: (view) => !isChatter(view as Message),
  isChatter: (view) => isChatter(view as Message),
  statesAt(events, index) {
    const rows = [...nodesAt(events as readonly NetworkTraceEvent[], index)].map(([node, at]) => {
      const told = (...kinds: Change['change'][]): string =>
        [...at.tables.values()]
          .filter(({ change }) => kinds.includes(change))
          .map(describeChange)
          .join(', ') || '-'
      const is = at.running ? (at.leading ? 'leads' : 'up') : 'down'
      return [node, is, told('network'), told('task'), told('endpoint'), told('peer'), told('held')]
    })
    const head = ['node', 'is', 'networks', 'runs', 'endpoints', 'peers', 'holds']
    return rows.length === 0 ? [] : [head, ...rows]
  },
}

const isResult = (output: Output): output is Output & { readonly type: 'result' } => output.type === 'result'

/** Whether a message says nothing of anything. */
function isChatter(view: Message): boolean {
  if (view.kind === 'ask' || view.kind === 'status') return true
  if ('entries' in view) return view.entries.length === 0
  return view.kind === 'push-pull' || view.kind === 'push-pull-reply'
}

function describeMessage(view: Message): string {
  switch (view.kind) {
    case 'ask':
      return `how far are you? (term ${view.term})`
    case 'assign': {
      const names = [...view.networks.map(({ network }) => network), ...view.tasks.map(({ task }) => task)]
      const retired = view.retired.length === 0 ? '' : `, gone: ${view.retired.join(' ')}`
      return `assignment ${view.term}.${view.version}: ${names.join(' ') || 'nothing'}${retired}`
    }
    case 'status':
      return `has carried out ${view.term}.${view.version}`
    case 'frame':
      return `frame to ${view.address}, VNI ${view.vni}`
    case 'frame-reply':
      return `answer of ${view.task}`
    default:
      return describeDatabaseMessage(view)
  }
}

function describeInput(input: Input): string {
  return (
    match(input)
      .with({ type: 'deliver' }, ({ message }) => `from ${message.from}: ${describeMessage(message.view)}`)
      .with({ type: 'advance' }, () => 'time passes')
      // As it is written in a scenario, but for the node.
      .with(
        { type: 'operation' },
        ({ operation }) => `client: ${networkText.language.printOperation('', operation).replace('  ', ' ')}`,
      )
      .with({ type: 'peer' }, ({ name, address, status }) =>
        status === 'up' ? `told that ${name} is there, at ${address}` : `told that ${name} is there no more`,
      )
      .with({ type: 'lead' }, ({ term }) => `is to lead, term ${term}`)
      .with({ type: 'depose' }, () => 'learns that it leads no more')
      .with({ type: 'crash' }, () => 'crash')
      .with({ type: 'restart' }, () => 'restart')
      .exhaustive()
  )
}

function describeChange(change: Change): string {
  return match(change)
    .with({ change: 'endpoint' }, ({ network, task, service, address, vip, port }) => {
      const more = [...(vip === '' ? [] : [`vip ${vip}`]), ...(port === 0 ? [] : [`port ${port}`])]
      return `shows ${network}/${task} of ${[service, address, ...more].join(' ')}`
    })
    .with({ change: 'endpoint-gone' }, ({ network, task }) => `shows ${network}/${task} no more`)
    .with({ change: 'peer' }, ({ network, task, address, node }) => `peer ${network}/${task} ${address} at ${node}`)
    .with({ change: 'peer-gone' }, ({ network, task }) => `peer ${network}/${task} gone`)
    .with({ change: 'network' }, ({ network, vni }) => `in ${network}, VNI ${vni}`)
    .with({ change: 'network-left' }, ({ network }) => `leaves ${network}`)
    .with({ change: 'task' }, ({ task, address }) => `runs ${task} ${address}`)
    .with({ change: 'task-stopped' }, ({ task }) => `${task} stops`)
    .with({ change: 'held' }, ({ kind, value, owner }) => `+ ${kind} ${value} for ${owner}`)
    .with({ change: 'freed' }, ({ kind, value, owner }) => `- ${kind} ${value} of ${owner}`)
    .exhaustive()
}

function describeResult({ operation, status, reason, resolved, chosen, vni, peer, task }: Result): string {
  const way = resolved.length === 0 ? [] : [`name gives ${resolved.join(' ')}, chose ${chosen}, VNI ${vni}`]
  const end = [...(peer === '' ? [] : [`at ${peer}`]), ...(task === '' ? [] : [`answered by ${task}`])]
  return [`result ${operation} ${status}`, ...(reason === '' ? [] : [reason]), ...way, ...end].join(', ')
}

function describeOutput(output: Output): string {
  return output.type === 'message' ? `to ${output.to}: ${describeMessage(output.view)}` : describeResult(output)
}

function describeAnswer({ state, changes, outputs, error }: Answer): string[] {
  const phrases = [
    ...(error === undefined ? [] : [`${error.kind}: ${error.text}`]),
    ...(state?.leading === undefined ? [] : [state.leading ? 'leads' : 'does not lead']),
    ...(changes ?? []).map(describeChange),
    ...outputs.map(describeOutput),
  ]
  return phrases.map((phrase) => escapeControl(shorten(phrase, 160)))
}

function notesOf(input: Input, { state, changes, error, outputs }: Answer): Note[] {
  const tone: Tone = error !== undefined ? 'down' : state?.leading === true ? 'leader' : 'plain'
  const told = [
    ...(error === undefined ? [] : [`${error.kind}: ${shorten(error.text, 60)}`]),
    ...(input.type === 'lead' ? ['leads'] : (changes ?? []).map(describeChange)),
    ...outputs.filter(isResult).map(describeResult),
  ].map((each) => shorten(each, 90))
  return told.length === 0 && tone === 'plain' ? [] : [{ text: told.join(', '), tone }]
}

/** What a table row is about: of one place there is one. */
function placeOf(change: Change): string {
  switch (change.change) {
    case 'endpoint':
    case 'endpoint-gone':
      return `endpoint ${change.network} ${change.task}`
    case 'peer':
    case 'peer-gone':
      return `peer ${change.network} ${change.task}`
    case 'network':
    case 'network-left':
      return `network ${change.network}`
    case 'task':
    case 'task-stopped':
      return `task ${change.task}`
    case 'held':
    case 'freed':
      return `${change.kind} ${change.network} ${change.value}`
  }
}

interface NodeAt {
  readonly running: boolean
  readonly leading: boolean
  readonly tables: ReadonlyMap<string, Change>
}

const ends = new Set<Change['change']>(['endpoint-gone', 'peer-gone', 'network-left', 'task-stopped', 'freed'])

/** Every node behind the event at `index`: its tables, folded from what its steps changed. */
function nodesAt(events: readonly NetworkTraceEvent[], index: number): ReadonlyMap<NodeId, NodeAt> {
  const nodes = new Map<NodeId, NodeAt>()
  for (const event of events.slice(0, index + 1)) {
    if (event.event === 'start') {
      for (const node of event.start.nodes) nodes.set(node, { running: true, leading: false, tables: new Map() })
    } else if (event.event === 'step') {
      const { input, answer } = event
      const before = nodes.get(input.node)
      if (before === undefined) continue
      const down = input.type === 'crash' || answer.error?.kind === 'panic'
      const isNew = input.type === 'restart'
      const tables = new Map(isNew ? [] : before.tables)
      if (input.type === 'lead' || input.type === 'depose') {
        for (const [place, { change }] of tables) if (change === 'held') tables.delete(place)
      }
      for (const change of answer.changes ?? []) {
        if (ends.has(change.change)) tables.delete(placeOf(change))
        else tables.set(placeOf(change), change)
      }
      nodes.set(input.node, {
        running: !down && (before.running || isNew),
        leading: answer.state?.leading ?? (down || isNew ? false : before.leading),
        tables,
      })
    }
  }
  return nodes
}
