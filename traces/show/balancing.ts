/** Balancing in words. */
import { match } from 'ts-pattern'
import type {
  Answer,
  Input,
  ListenerChange,
  Listener,
  Message,
  Operation,
  Output,
  Pool,
  PoolMember,
  Port,
  Service,
  ServiceChange,
} from '../../models/balancing/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { BalancingTraceEvent } from '../event.ts'
import { escapeControl, shorten } from '../input-error.ts'
import type { Teller } from './teller.ts'

export const balancingTeller: Teller = {
  describeInput: (input) => describeInput(input as Input),
  describeAnswer: (answer) => describeAnswer(answer as Answer),
  describeMessage: (view) => describeMessage(view as Message),
  isTold: ({ type }) => type !== 'advance',
  notes(_, answer) {
    const { error, outputs } = answer as Answer
    const seen = outputs.filter(({ type }) => type !== 'message').map(describeOutput)
    const changes = [...changesOf(answer as Answer), ...seen].map((change) => shorten(change, 60))
    const text = [...(error === undefined ? [] : [`${error.kind}: ${shorten(error.text, 60)}`]), ...changes].join(', ')
    return [{ text, tone: error === undefined ? 'plain' : 'down' }]
  },
  weightOf(input, answer) {
    const { error, services, pools, listeners, outputs } = answer as Answer
    if (input.type !== 'deliver' && input.type !== 'advance') return 2
    if (error !== undefined || services !== null || pools !== null || listeners !== null) return 2
    return outputs.some(({ type }) => type !== 'message') ? 2 : 0
  },
  matters: (view) => !isEmpty(view as Message),
  isChatter: (view) => isEmpty(view as Message),
  statesAt(events, index) {
    const rows = [...nodesAt(events as readonly BalancingTraceEvent[], index)].map(([node, at]) => [
      node,
      at.running ? 'up' : 'down',
      [...at.pools.values()].map(describePool).join(', ') || '-',
      [...at.listeners.values()].map(({ protocol, port, mode }) => `${protocol}/${port} ${mode}`).join(', ') || '-',
    ])
    return rows.length === 0 ? [] : [['node', 'is', 'backends', 'ports'], ...rows]
  },
}

/** Whether a message says nothing of anything. */
function isEmpty(view: Message): boolean {
  return view.kind === 'ack' || (view.kind === 'update' && view.services.length + view.backends.length === 0)
}

const describePort = ({ protocol, target, published, mode }: Port): string =>
  `${protocol}/${published === 0 ? '?' : published}→${target} ${mode}`

function describeService({ service, mode, attachments, ports }: Service): string {
  const places = attachments.map(({ network, vip }) => (vip === '' ? network : `${vip} on ${network}`))
  return [`${service} ${mode}`, ...places, ...ports.map(describePort)].join(', ')
}

const describeMember = ({ task, node, weight }: PoolMember): string => `${task}@${node}${weight === 1 ? '' : ' drains'}`

const describePool = ({ service, network, members }: Pool): string =>
  `${service} on ${network}: ${members.length === 0 ? 'nobody' : members.map(describeMember).join(' ')}`

function describeMessage(view: Message): string {
  return match(view)
    .with({ kind: 'update' }, ({ life, version, services, backends }) => {
      const told = [
        ...services.map(({ name, content }) => (content === null ? `${name} is no more` : describeService(content))),
        ...backends.map(({ name, content }) =>
          content === null ? `${name} is no more` : `${name} of ${content.service}, weight ${content.weight}`,
        ),
      ]
      return `update to ${version} of life ${life}: ${told.length === 0 ? 'nothing new' : told.join('; ')}`
    })
    .with({ kind: 'ack' }, ({ version }) => `has all up to ${version}`)
    .with({ kind: 'open' }, ({ connection, task, source }) => `connection ${connection} for ${task}, from ${source}`)
    .with({ kind: 'data' }, ({ connection, task }) => `more of connection ${connection} for ${task}`)
    .with({ kind: 'answer' }, ({ connection, status }) => `connection ${connection}: ${status}`)
    .exhaustive()
}

function describeInput(input: Input): string {
  return match(input)
    .with({ type: 'deliver' }, ({ message }) => `from ${message.from}: ${describeMessage(message.view)}`)
    .with({ type: 'advance' }, () => 'time passes')
    .with({ type: 'operation' }, ({ operation }) => describeOperation(operation))
    .with({ type: 'crash' }, () => 'crash')
    .with({ type: 'restart' }, () => 'restart')
    .exhaustive()
}

function describeOperation(operation: Operation): string {
  return match(operation)
    .with({ type: 'create-service' }, { type: 'update-service' }, ({ type, service, mode, networks, ports }) =>
      [`${type.split('-')[0]!} ${service} ${mode}`, ...networks, ...ports.map(describePort)].join(', '),
    )
    .with({ type: 'remove-service' }, ({ service }) => `remove ${service}`)
    .with({ type: 'start' }, ({ task, service }) => `${task} of ${service} starts`)
    .with({ type: 'enable' }, ({ task }) => `${task} is healthy`)
    .with({ type: 'disable' }, ({ task }) => `${task} is to get nothing new`)
    .with({ type: 'stop' }, ({ task }) => `${task} stops`)
    .with({ type: 'down' }, ({ peer }) => `told that ${peer} is lost`)
    .with({ type: 'up' }, ({ peer }) => `told that ${peer} is there`)
    .with(
      { type: 'connect' },
      ({ connection, service, network }) => `${connection} connects to ${service} on ${network}`,
    )
    .with(
      { type: 'dial' },
      ({ connection, protocol, port, client }) => `${connection} of ${client} to ${protocol}/${port}`,
    )
    .with(
      { type: 'request' },
      ({ connection, scheme, host, cookie }) =>
        `${connection} asks ${scheme}://${host}${cookie === '' ? '' : ` with cookie ${cookie}`}`,
    )
    .with({ type: 'send' }, ({ connection }) => `more on ${connection}`)
    .exhaustive()
}

const describeServiceChange = ({ name, service }: ServiceChange): string =>
  service === null ? `${name} is removed` : describeService(service)

const describeListener = ({ protocol, port, mode, open }: ListenerChange): string =>
  `${open ? 'listens at' : 'closes'} ${protocol}/${port} ${mode}`

function changesOf({ services, pools, listeners }: Answer): string[] {
  return [
    ...(services ?? []).map(describeServiceChange),
    ...(pools ?? []).map(describePool),
    ...(listeners ?? []).map(describeListener),
  ]
}

function describeOutput(output: Output): string {
  return match(output)
    .with({ type: 'message' }, ({ to, view }) => `to ${to}: ${describeMessage(view)}`)
    .with({ type: 'arrival' }, ({ connection, task, source }) => `${task} has connection ${connection} from ${source}`)
    .with({ type: 'result' }, ({ operation, status, reason, task, code }) =>
      [`result ${operation} ${status}`, reason, task, code === 0 ? '' : code].filter((word) => word !== '').join(' '),
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

interface NodeAt {
  readonly running: boolean
  readonly pools: ReadonlyMap<string, Pool>
  readonly listeners: ReadonlyMap<string, Listener>
}

const blank: NodeAt = { running: true, pools: new Map(), listeners: new Map() }

function folded({ pools, listeners }: NodeAt, answer: Answer, running: boolean): NodeAt {
  const after = { running, pools: new Map(pools), listeners: new Map(listeners) }
  for (const pool of answer.pools ?? []) {
    const key = `${pool.service} ${pool.network}`
    if (pool.members.length === 0) after.pools.delete(key)
    else after.pools.set(key, pool)
  }
  for (const { open, ...listener } of answer.listeners ?? []) {
    const key = `${listener.protocol} ${listener.port} ${listener.mode}`
    if (open) after.listeners.set(key, listener)
    else after.listeners.delete(key)
  }
  return after
}

/** Every node behind the event at `index`: what it has set up, folded from what its steps changed. */
function nodesAt(events: readonly BalancingTraceEvent[], index: number): ReadonlyMap<NodeId, NodeAt> {
  const nodes = new Map<NodeId, NodeAt>()
  for (const event of events.slice(0, index + 1)) {
    if (event.event === 'start') {
      for (const [number, node] of event.start.nodes.entries())
        nodes.set(node, folded(blank, event.initial[number]!, true))
    } else if (event.event === 'step') {
      const { input, answer } = event
      const before = nodes.get(input.node)
      if (before === undefined) continue
      const isNew = input.type === 'restart'
      const down = input.type === 'crash' || answer.error?.kind === 'panic'
      const from = isNew || down ? blank : before
      nodes.set(input.node, folded(from, answer, !down && (before.running || isNew)))
    }
  }
  return nodes
}
