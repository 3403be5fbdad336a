/** Address management in words. */
import { match } from 'ts-pattern'
import type { Answer, Change, Input, Operation, Output, PoolRecord } from '../../models/ipam/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { IpamTraceEvent } from '../event.ts'
import { escapeControl, shorten } from '../input-error.ts'
import { printWord } from '../text/cursor.ts'
import { ipamLanguage } from '../text/ipam.ts'
import type { Note, Teller, Tone } from './teller.ts'

export const ipamTeller: Teller = {
  describeInput: (input) => describeInput(input as Input),
  describeAnswer: (answer) => describeAnswer(answer as Answer),
  describeMessage: () => '',
  isTold: ({ type }) => type !== 'advance',
  notes: (input, answer) => notesOf(input as Input, answer as Answer),
  weightOf(input, answer) {
    const { outputs, changes, state, error } = answer as Answer
    if (input.type === 'advance') return 0
    if (error !== undefined || changes !== null || state !== null || input.type !== 'written') return 2
    return outputs.length > 0 ? 2 : 1
  },
  matters: () => true,
  isChatter: () => false,
  statesAt(events, index) {
    const rows = [...tablesAt(events as readonly IpamTraceEvent[], index)].map(
      ([node, { running, leading, pools }]) => [
        node,
        running ? (leading ? 'leads' : 'up') : 'down',
        [...pools.values()].map(describePool).join('; ') || '-',
      ],
    )
    return rows.length === 0 ? [] : [['node', 'is', 'table'], ...rows]
  },
}

function notesOf(input: Input, answer: Answer): Note[] {
  const { state, changes, error, outputs } = answer
  const tone: Tone = error !== undefined ? 'down' : state?.leading === true ? 'leader' : 'plain'
  const results = outputs.flatMap((output) => (output.type === 'result' ? [describeOutput(output)] : []))
  const told = [
    ...(error === undefined ? [] : [`${error.kind}: ${shorten(error.text, 60)}`]),
    ...(input.type === 'lead' ? [] : (changes ?? []).map(describeChange)),
    ...results,
  ]
  return told.length === 0 && tone === 'plain' ? [] : [{ text: shorten(told.join(', ') || 'leads', 90), tone }]
}

function describeInput(input: Input): string {
  return match(input)
    .with({ type: 'advance' }, () => 'time passes')
    .with({ type: 'operation' }, ({ id, operation }) => `client: ${id} ${describeOperation(operation)}`)
    .with({ type: 'written' }, ({ writes }) => `stored: ${writes.join(' ')}`)
    .with({ type: 'lead' }, ({ keep }) => `is to lead${keep.length === 0 ? '' : `; in time were ${keep.join(' ')}`}`)
    .with({ type: 'depose' }, () => 'learns that another leads')
    .with({ type: 'crash' }, () => 'crash')
    .with({ type: 'restart' }, () => 'restart')
    .exhaustive()
}

/** As it is written in a scenario, but for the node. */
function describeOperation(operation: Operation): string {
  return ipamLanguage.printOperation('', operation).replace('  ', ' ')
}

function describeChange(change: Change): string {
  return match(change)
    .with({ change: 'pool' }, ({ pool, subnet, range }) => `+ ${pool} ${subnet}${range === '' ? '' : ` (${range})`}`)
    .with({ change: 'pool-released' }, ({ pool }) => `- ${pool}`)
    .with({ change: 'address' }, ({ pool, address }) => `+ ${address} of ${pool}`)
    .with({ change: 'address-released' }, ({ pool, address }) => `- ${address} of ${pool}`)
    .exhaustive()
}

function describeOutput(output: Output): string {
  if (output.type === 'write') return `write ${output.id}`
  const { operation, status, reason, problems, subnet, address } = output
  const words = [subnet, address, reason, ...problems].filter((word) => word !== '').map(printWord)
  return [`result ${operation} ${status}`, ...words].join(' ')
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

interface PoolAt extends PoolRecord {
  readonly addresses: readonly string[]
}

interface NodeAt {
  readonly running: boolean
  readonly leading: boolean
  readonly pools: ReadonlyMap<string, PoolAt>
}

function describePool({ pool, subnet, addresses }: PoolAt): string {
  return `${pool} ${subnet}${addresses.length === 0 ? '' : `: ${addresses.join(' ')}`}`
}

function fold(before: ReadonlyMap<string, PoolAt>, changes: readonly Change[]): ReadonlyMap<string, PoolAt> {
  const pools = new Map(before)
  for (const change of changes) {
    const known = pools.get(change.pool)
    if (change.change === 'pool') {
      const { pool, space, subnet, range } = change
      pools.set(pool, { pool, space, subnet, range, addresses: [] })
    } else if (change.change === 'pool-released') pools.delete(change.pool)
    else if (known !== undefined) {
      const others = known.addresses.filter((address) => address !== change.address)
      pools.set(change.pool, {
        ...known,
        addresses: change.change === 'address' ? [...others, change.address] : others,
      })
    }
  }
  return pools
}

/** Every node behind the event at `index`: its table, folded from what its steps changed. */
function tablesAt(events: readonly IpamTraceEvent[], index: number): ReadonlyMap<NodeId, NodeAt> {
  const nodes = new Map<NodeId, NodeAt>()
  for (const event of events.slice(0, index + 1)) {
    if (event.event === 'start') {
      for (const node of event.start.nodes) nodes.set(node, { running: true, leading: false, pools: new Map() })
    } else if (event.event === 'step') {
      const { input, answer } = event
      const before = nodes.get(input.node)
      if (before === undefined) continue
      const down = input.type === 'crash' || answer.error?.kind === 'panic'
      const isNew = input.type === 'restart' || input.type === 'lead' || down
      nodes.set(input.node, {
        running: !down && (before.running || input.type === 'restart'),
        leading: answer.state?.leading ?? (isNew ? false : before.leading),
        pools: fold(isNew ? new Map() : before.pools, answer.changes ?? []),
      })
    }
  }
  return nodes
}
