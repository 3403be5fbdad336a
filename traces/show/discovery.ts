/** Service discovery in words. */
import { match } from 'ts-pattern'
import { garbledPackets } from '../../models/discovery/rules.ts'
import type {
  Answer,
  EndpointRecord,
  Input,
  Message,
  Operation,
  Output,
  RecordChange,
  Reply,
} from '../../models/discovery/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { EventOf } from '../event.ts'
import { escapeControl, shorten } from '../input-error.ts'
import type { DiscoverySurface } from '../surface.ts'
import { printWord } from '../text/cursor.ts'
import type { Teller } from './teller.ts'

export const discoveryTeller: Teller = {
  describeInput: (input) => describeInput(input as Input),
  describeAnswer: (answer) => describeAnswer(answer as Answer),
  describeMessage: (view) => describeMessage(view as Message),
  isTold: ({ type }) => type !== 'advance',
  notes(_, answer) {
    const { error, records, outputs } = answer as Answer
    const said = outputs.filter(({ type }) => type !== 'message').map(describeOutput)
    const changes = [...(records ?? []).map(describeChange), ...said].map((change) => shorten(change, 60))
    const text = [...(error === undefined ? [] : [`${error.kind}: ${shorten(error.text, 60)}`]), ...changes].join(', ')
    return [{ text, tone: error === undefined ? 'plain' : 'down' }]
  },
  weightOf(input, answer) {
    const { error, records, outputs } = answer as Answer
    if (input.type !== 'deliver' && input.type !== 'advance') return 2
    if (error !== undefined || records !== null) return 2
    return outputs.some(({ type }) => type !== 'message') ? 1 : 0
  },
  // What is in a message only its node can tell.
  matters: () => false,
  isChatter: () => true,
  statesAt(events, index) {
    const rows = [...nodesAt(events as readonly EventOf<DiscoverySurface>[], index)].map(
      ([node, { life, records }]) => [
        node,
        life ?? 'down',
        [...records.values()].map(describeRecord).join(', ') || '-',
      ],
    )
    return rows.length === 0 ? [] : [['node', 'is', 'records'], ...rows]
  },
}

const describeMessage = ({ kind, body }: Message): string => `${kind} of ${body.length} octets`

function describeInput(input: Input): string {
  return match(input)
    .with({ type: 'deliver' }, ({ message }) => `from ${message.from}: ${describeMessage(message.view)}`)
    .with({ type: 'advance' }, () => 'time passes')
    .with({ type: 'operation' }, ({ operation }) => describeOperation(operation))
    .with({ type: 'upstream' }, ({ reply }) => `from outside: code ${reply.rcode}, ${reply.answers.length} records`)
    .with({ type: 'peer' }, ({ name, address, status }) =>
      status === 'up' ? `told that ${name} is there, at ${address}` : `told that ${name} is there no more`,
    )
    .with({ type: 'crash' }, () => 'crash')
    .with({ type: 'restart' }, () => 'restart')
    .exhaustive()
}

function describeOperation(operation: Operation): string {
  switch (operation.type) {
    case 'attach': {
      const { endpoint, network, name, address, service } = operation
      const of = service === null ? '' : ` of ${service.name}`
      return `attach ${endpoint} to ${network}: ${name}${of} at ${address}`
    }
    case 'query':
      return `${operation.sandbox} asks ${operation.qtype} ${printWord(operation.name)}`
    case 'garbled': {
      const what = Object.entries(garbledPackets).find(([, bytes]) => bytes === operation.bytes)?.[0]
      return `${operation.sandbox} sends ${what ?? 'bytes'}`
    }
    default:
      return `${operation.type} ${operation.endpoint}`
  }
}

function describeRecord({ network, endpoint, name, address, service, disabled }: EndpointRecord): string {
  const vip = service === null || service.vip === '' ? '' : ` vip ${service.vip}`
  const of = service === null ? '' : ` of ${service.name}${vip}`
  return `${network}/${endpoint} ${name}${of} ${address}${disabled ? ' disabled' : ''}`
}

const describeChange = (change: RecordChange): string =>
  change.status === 'held' ? describeRecord(change) : `${change.network}/${change.endpoint} forgotten`

const codes: Readonly<Record<number, string>> = {
  0: '',
  1: 'format error',
  2: 'server failure',
  3: 'no such name',
  5: 'refused',
}

function describeReply({ rcode, answers, truncated }: Reply): string {
  const data = answers.map((each) => each.data).join(' ')
  const parts = [codes[rcode] ?? `code ${rcode}`, data === '' && rcode === 0 ? 'nothing' : data, truncated ? 'cut' : '']
  return parts.filter((part) => part !== '').join(', ')
}

function describeOutput(output: Output): string {
  return match(output)
    .with({ type: 'message' }, ({ to, view }) => `to ${to}: ${describeMessage(view)}`)
    .with({ type: 'forward' }, ({ server, name, qtype }) => `asks ${server}: ${qtype} ${printWord(name)}`)
    .with({ type: 'result' }, ({ status, reason, reply }) =>
      reply === null ? `${status}${reason === '' ? '' : ` ${reason}`}` : describeReply(reply),
    )
    .exhaustive()
}

function describeAnswer({ error, records, outputs }: Answer): string[] {
  const phrases = [
    ...(error === undefined ? [] : [`${error.kind}: ${error.text}`]),
    ...(records ?? []).map(describeChange),
    ...outputs.map(describeOutput),
  ]
  return phrases.map((phrase) => escapeControl(shorten(phrase, 160)))
}

interface NodeAt {
  /** Null while the node is down. */
  readonly life: string | null
  readonly records: ReadonlyMap<string, EndpointRecord>
}

/** Every node behind the event at `index`: what it holds, folded from what its steps changed. */
function nodesAt(events: readonly EventOf<DiscoverySurface>[], index: number): ReadonlyMap<NodeId, NodeAt> {
  const nodes = new Map<NodeId, NodeAt>()
  const fold = (node: NodeId, before: NodeAt, { state, records }: Answer): void => {
    const after = new Map(before.records)
    for (const change of records ?? []) {
      const key = `${change.network} ${change.endpoint}`
      if (change.status === 'held') after.set(key, change)
      else after.delete(key)
    }
    nodes.set(node, { life: state?.life ?? before.life, records: after })
  }
  const blank: NodeAt = { life: null, records: new Map() }
  for (const event of events.slice(0, index + 1)) {
    if (event.event === 'start') {
      for (const [number, node] of event.start.nodes.entries()) fold(node, blank, event.initial[number]!)
    } else if (event.event === 'step') {
      const { input, answer } = event
      if (input.type === 'crash' || answer.error?.kind === 'panic') nodes.set(input.node, blank)
      else fold(input.node, input.type === 'restart' ? blank : (nodes.get(input.node) ?? blank), answer)
    }
  }
  return nodes
}
