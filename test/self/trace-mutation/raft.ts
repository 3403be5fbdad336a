/** Corruptions of what one step showed: one field is other than it was, one output is missing, or one too many. */
import type { Answer, Entry, LogDelta, MemberState, Message, Output } from '../../../models/raft/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { type Draw, pick } from '../../../traces/schedule/draw.ts'
import * as fields from './fields.ts'

/** What is known of a node, and of the run, when it answers. */
export interface Setting {
  readonly nodes: readonly NodeId[]
  readonly node: NodeId
  /** State before the answer. */
  readonly state: MemberState
  readonly lastIndex: number
  /** Operations that it was given and has not answered, and its writes that are not acknowledged. */
  readonly pendingOperations: readonly number[]
  readonly pendingWrites: readonly number[]
  /** Whether the step is a restart: that its answer is whole is the contract's matter. */
  readonly restarts: boolean
}

type Corruption = fields.Corruption<Answer>

const { fresh, changed, fieldsOf, nameOf, same } = fields

/** Every way to corrupt an answer. */
export function corruptionsOf(answer: Answer, setting: Setting): Corruption[] {
  const { log, outputs } = answer
  return [
    ...stateCorruptions(answer, setting),
    ...(log === null ? [] : logCorruptions(answer, log, setting)),
    ...outputs.flatMap((output, position) => outputCorruptions(answer, output, position, setting)),
    ...additions(answer, setting),
  ]
}

const stateFields = ['role', 'term', 'vote', 'leader', 'commit', 'applied', 'configuration', 'ready'] as const

/** Of each field: shows another value, where it changed and where it did not; or does not show that it changed. */
function stateCorruptions(answer: Answer, { state: before, nodes, restarts }: Setting): Corruption[] {
  const shown = answer.state
  const after = { ...before, ...shown }
  const list: Corruption[] = []
  for (const field of stateFields) {
    const isShown = shown?.[field] !== undefined
    const what = field === 'ready' && after.role === 'leader' ? 'ready of a leader' : field
    const name = `${isShown ? 'state' : 'unchanged'} ${what}`
    for (const { path } of fieldsOf(after[field], field))
      list.push({
        name,
        make(draw) {
          const [, ...rest] = path
          const value = changed(after[field], rest, (old) => otherValue(old, nameOf(path), nodes, draw))
          return value === undefined ? null : { ...answer, state: { ...shown, [field]: value } }
        },
      })
    if (isShown && !restarts && !same(before[field], after[field]))
      list.push({
        name: `hidden ${what}`,
        make: () => {
          const { [field]: _hidden, ...rest } = shown
          return { ...answer, state: rest }
        },
      })
  }
  return list
}

function logCorruptions(answer: Answer, log: LogDelta, { nodes, restarts, lastIndex }: Setting): Corruption[] {
  const retainable = !restarts && log.restore !== undefined && lastIndex > log.restore.index
  const shown = fieldsOf(log).filter(({ path }) => nameOf(path) !== 'retain' || retainable)
  const list: Corruption[] = shown.map(({ path, name }) => ({
    name: `log ${name}`,
    make(draw) {
      const corrupt = changed(log, path, (old) => otherValue(old, nameOf(path), nodes, draw))
      return corrupt === undefined ? null : { ...answer, log: corrupt }
    },
  }))
  if (restarts) return list
  for (const part of ['restore', 'truncate', 'append', 'compact'] as const)
    if (log[part] !== undefined)
      list.push({ name: `hidden ${part}`, make: () => ({ ...answer, log: { ...log, [part]: undefined } }) })
  return list
}

/** Fields that nothing is said about: names of things, and words for people. */
const free = new Set(['type', 'after', 'id', 'from', 'file', 'operation', 'reason', 'request', 'retain'])

function outputCorruptions(answer: Answer, output: Output, position: number, setting: Setting): Corruption[] {
  const { node, nodes, pendingWrites } = setting
  const others = nodes.filter((other) => other !== node)
  const kind = output.type === 'message' ? output.view.kind : output.type
  const replaced = (by: readonly Output[]): Answer => ({
    ...answer,
    outputs: [...answer.outputs.slice(0, position), ...by, ...answer.outputs.slice(position + 1)],
  })
  const list: Corruption[] = fieldsOf(output)
    .filter(({ path }) => !free.has(nameOf(path)) && path.join('.') !== 'view.kind')
    .map(({ path, name }) => ({
      name: `${kind} ${name.replace(/^(view|contents) /, '')}`,
      make(draw) {
        const corrupt = changed(output, path, (old) =>
          otherValue(old, nameOf(path), path[0] === 'to' ? others : nodes, draw),
        )
        return corrupt === undefined ? null : replaced([corrupt])
      },
    }))
  list.push({ name: `removed ${kind}`, make: () => replaced([]) })
  if (output.type === 'message') {
    // A write that is acknowledged makes nobody wait: to name it is to name none.
    const waits = [0, ...pendingWrites]
    for (const before of answer.outputs.slice(0, position)) if (before.type === 'write') waits.push(before.id)
    const otherWrites = waits.filter((write) => write !== (waits.includes(output.after) ? output.after : 0))
    if (otherWrites.length > 0)
      list.push({ name: `${kind} after`, make: (draw) => replaced([{ ...output, after: pick(draw, otherWrites) }]) })
  }
  return list
}

/** Outputs that were never made. */
function additions(answer: Answer, setting: Setting): Corruption[] {
  const { node, nodes, pendingOperations } = setting
  const state = { ...setting.state, ...answer.state }
  const { term } = state
  const lastIndex = answer.log?.append?.at(-1)?.index ?? setting.lastIndex
  const others = nodes.filter((other) => other !== node)
  const added = (output: Output): Answer => ({ ...answer, outputs: [...answer.outputs, output] })
  const said =
    (view: (draw: Draw) => Message): Corruption['make'] =>
    (draw) =>
      added({ type: 'message', id: fresh, from: node, to: pick(draw, others), view: view(draw), after: 0 })
  const list: Corruption[] = [
    { name: 'added request-vote-response', make: said(() => ({ kind: 'request-vote-response', term, granted: true })) },
    {
      name: 'added append-entries-response',
      make: said((draw) => {
        const index = lastIndex + draw.integer(1, 3)
        return { kind: 'append-entries-response', term, success: true, index, hint: 0, round: 0 }
      }),
    },
    { name: 'added timeout-now', make: said(() => ({ kind: 'timeout-now', term })) },
    {
      name: 'added apply',
      make: (draw) =>
        added({ type: 'apply', index: Math.max(1, state.applied + draw.integer(-1, 1)), term, digest: 'made up' }),
    },
    {
      name: 'added entry',
      make() {
        const entry: Entry = { index: lastIndex + 1, term, kind: 'command', digest: 'made up' }
        return { ...answer, log: { ...answer.log, append: [...(answer.log?.append ?? []), entry] } }
      },
    },
    {
      name: 'added write',
      make: (draw) =>
        added({
          type: 'write',
          id: fresh,
          file: 'journal',
          sync: true,
          contents: {
            vote: pick(
              draw,
              nodes.filter((other) => other !== state.vote),
            ),
          },
        }),
    },
  ]
  for (const operation of pendingOperations)
    list.push({
      name: 'added result',
      make: () => added({ type: 'result', operation, status: 'ok', value: null, reason: '' }),
    })
  for (const output of answer.outputs) {
    if (output.type !== 'message') continue
    const receivers = others.filter((other) => other !== output.to)
    if (receivers.length > 0)
      list.push({
        name: `copied ${output.view.kind}`,
        make: (draw) => added({ ...output, id: fresh, to: pick(draw, receivers) }),
      })
  }
  return list
}

const choices: Readonly<Record<string, readonly unknown[]>> = {
  role: ['follower', 'pre-candidate', 'candidate', 'leader'],
  kind: ['empty', 'command', 'configuration'],
  status: ['ok', 'failed', 'unknown'],
}

function otherValue(old: unknown, name: string, nodes: readonly NodeId[], draw: Draw): unknown {
  if (name === 'vote' || name === 'leader') return pick(draw, [...nodes, null])
  if (name === 'to') return pick(draw, nodes)
  return fields.otherValue(old, name, nodes, draw, choices)
}
