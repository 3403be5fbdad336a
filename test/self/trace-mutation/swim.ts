/** Corruptions of what one step of SWIM showed. */
import type { Answer, MemberRecord, Message, Output, RecordChange } from '../../../models/swim/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { type Draw, pick } from '../../../traces/schedule/draw.ts'
import * as fields from './fields.ts'

type Corruption = fields.Corruption<Answer>

const { changed, fieldsOf, fresh, nameOf } = fields

/** What is known of a node, and of the run, when it answers. */
export interface Setting {
  readonly nodes: readonly NodeId[]
  readonly node: NodeId
  /** Operations that it was given and has not answered. */
  readonly pendingOperations: readonly number[]
  /** Members that its table holds, and that this answer does not speak of. */
  readonly silent: readonly RecordChange[]
}

/** Names of things, and words for people. */
const free = new Set(['type', 'id', 'from', 'operation', 'reason', 'stream', 'kind', 'join'])

const choices: Readonly<Record<string, readonly unknown[]>> = {
  status: ['alive', 'suspect', 'dead', 'left', 'forgotten'],
  event: ['join', 'update', 'leave', 'conflict'],
}

function otherValue(old: unknown, path: readonly (string | number)[], { nodes }: Setting, draw: Draw): unknown {
  const name = nameOf(path)
  const others = nodes.filter((node) => node !== old)
  if ((name === 'to' || name === 'node' || name === 'target') && others.length > 0) return pick(draw, others)
  if (name === 'status' && path[0] === 'status') return pick(draw, ['ok', 'failed', 'unknown'])
  if (name === 'status' && path[0] === 'view') return pick(draw, ['alive', 'suspect', 'dead', 'left'])
  return fields.otherValue(old, name, nodes, draw, choices)
}

/** Every way to corrupt an answer. */
export function corruptionsOf(answer: Answer, setting: Setting): Corruption[] {
  return [
    ...stateCorruptions(answer, setting),
    ...tableCorruptions(answer, setting),
    ...answer.outputs.flatMap((output, position) => outputCorruptions(answer, output, position, setting)),
    ...additions(answer, setting),
  ]
}

function stateCorruptions(answer: Answer, setting: Setting): Corruption[] {
  const { state } = answer
  if (state === null) return []
  const list: Corruption[] = fieldsOf(state).flatMap(({ path, name }) =>
    path.length === 0
      ? []
      : [
          {
            name: `state ${name}`,
            make(draw) {
              const corrupt = changed(state, path, (old) => otherValue(old, path, setting, draw))
              return corrupt === undefined ? null : { ...answer, state: corrupt }
            },
          },
        ],
  )
  for (const field of ['incarnation', 'score', 'leaving'] as const)
    if (state[field] !== undefined)
      list.push({
        name: `hidden ${field}`,
        make() {
          const { [field]: _hidden, ...rest } = state
          return { ...answer, state: rest }
        },
      })
  return list
}

function tableCorruptions(answer: Answer, setting: Setting): Corruption[] {
  const members = answer.members ?? []
  const list: Corruption[] = []
  members.forEach((change, position) => {
    const replaced = (by: readonly RecordChange[]): Answer => ({
      ...answer,
      members: [...members.slice(0, position), ...by, ...members.slice(position + 1)],
    })
    const whose = change.node === setting.node ? 'own' : 'record'
    for (const { path, name } of fieldsOf(change)) {
      if (path.length === 0) continue
      list.push({
        name: `${whose} ${name}`,
        make(draw) {
          const corrupt = changed<object>(change, path, (old) => tableValue(old, path, setting, draw))
          return corrupt === undefined ? null : replaced([corrupt as RecordChange])
        },
      })
    }
    list.push({ name: `hidden ${whose}`, make: () => replaced([]) })
  })
  for (const record of setting.silent) {
    if (record.status === 'forgotten') continue
    const whose = record.node === setting.node ? 'own' : 'record'
    for (const field of ['status', 'incarnation', 'meta'] as const)
      list.push({
        name: `unchanged ${whose} ${field}`,
        make(draw) {
          const corrupt = changed<object>(record, [field], (old) => tableValue(old, [field], setting, draw))
          return corrupt === undefined ? null : { ...answer, members: [...members, corrupt as RecordChange] }
        },
      })
  }
  return list
}

function tableValue(old: unknown, path: readonly (string | number)[], setting: Setting, draw: Draw): unknown {
  if (path[0] === 'status') return pick(draw, ['alive', 'suspect', 'dead', 'left'])
  return otherValue(old, path, setting, draw)
}

function outputCorruptions(answer: Answer, output: Output, position: number, setting: Setting): Corruption[] {
  const kind = output.type === 'message' ? output.view.kind : output.type
  const replaced = (by: readonly Output[]): Answer => ({
    ...answer,
    outputs: [...answer.outputs.slice(0, position), ...by, ...answer.outputs.slice(position + 1)],
  })
  const list: Corruption[] = fieldsOf(output)
    .filter(({ path }) => path.length > 0 && !(free.has(nameOf(path)) && path[1] !== 'gossip'))
    .map(({ path, name }) => ({
      name: `${kind} ${name.replace(/^view /, '')}`,
      make(draw) {
        const corrupt = changed<object>(output, path, (old) => otherValue(old, path, setting, draw))
        return corrupt === undefined ? null : replaced([corrupt as Output])
      },
    }))
  list.push({ name: `removed ${kind}`, make: () => replaced([]) })
  return list
}

/** Outputs that were never made. */
function additions(answer: Answer, { node, nodes, pendingOperations, silent }: Setting): Corruption[] {
  const others = nodes.filter((other) => other !== node)
  const added = (output: Output): Answer => ({ ...answer, outputs: [...answer.outputs, output] })
  const list: Corruption[] = [
    {
      name: 'added event',
      make: (draw) =>
        added({
          type: 'event',
          event: pick(draw, ['join', 'leave', 'update', 'conflict'] as const),
          node: pick(draw, others),
          meta: 'made up',
        }),
    },
    { name: 'added ack', make: (draw) => added(said(node, pick(draw, others), ack(draw))) },
    { name: 'added nack', make: (draw) => added(said(node, pick(draw, others), { ...ack(draw), kind: 'nack' })) },
  ]
  for (const record of silent) {
    if (record.status !== 'alive' || record.node === node) continue
    for (const status of ['suspect', 'dead'] as const)
      list.push({
        name: `added ${status}`,
        make: (draw) => added(said(node, pick(draw, others), gossip(status, record, node))),
      })
  }
  for (const operation of pendingOperations)
    list.push({ name: 'added result', make: () => added({ type: 'result', operation, status: 'ok', reason: '' }) })
  for (const output of answer.outputs) {
    if (output.type !== 'message' || output.stream !== 0) continue
    const receivers = others.filter((other) => other !== output.to)
    if (receivers.length > 0)
      list.push({
        name: `copied ${output.view.kind}`,
        make: (draw) => added({ ...output, id: fresh, to: pick(draw, receivers) }),
      })
  }
  return list
}

const said = (from: NodeId, to: NodeId, view: Message): Output => ({
  type: 'message',
  id: fresh,
  from,
  to,
  view,
  stream: 0,
})

const ack = (draw: Draw): Extract<Message, { kind: 'ack' | 'nack' }> => ({
  kind: 'ack',
  sequence: draw.integer(1, 1000),
  gossip: [],
})

const gossip = (status: 'suspect' | 'dead', { node, incarnation }: MemberRecord, from: NodeId): Message => ({
  kind: 'gossip',
  gossip: [{ status, node, incarnation, from, address: '', meta: '' }],
})
