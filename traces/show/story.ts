/**
 * What a reader must see of a trace to understand how it came to its violation: the steps that changed something and
 * that led there, the messages that carried them, and the faults between.
 */
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'
import type { Violation } from '../../properties/judge.ts'
import type { AnyTraceEvent } from '../event.ts'
import { escapeControl, shorten } from '../input-error.ts'
import type { Surface } from '../surface.ts'
import { raftTeller } from './raft.ts'
import { deliveryOf, sentBy, type Teller, type Tone } from './teller.ts'

export { tones, type Tone } from './teller.ts'

/** A message, at the time of its delivery or loss. */
export interface MessageRow {
  readonly row: 'message'
  readonly now: Milliseconds
  readonly from: NodeId
  readonly to: NodeId
  readonly text: string
  /** When it was sent; null if that was not seen. */
  readonly sent: Milliseconds | null
  /** What took it; null if it arrived. */
  readonly lost: string | null
}

/** Something at one node. */
export interface NoteRow {
  readonly row: 'note'
  readonly now: Milliseconds
  readonly node: NodeId
  readonly text: string
  readonly tone: Tone
}

/** Something that concerns all nodes. */
export interface FaultRow {
  readonly row: 'fault'
  readonly now: Milliseconds
  readonly text: string
}

export type Row = MessageRow | NoteRow | FaultRow

/** How diagrams mark notes. */
export const signs: Readonly<Record<Tone, string>> = { plain: '●', leader: '★', down: '†', violation: '✗' }

/** Milliseconds under way after which a diagram says when a message was sent. */
const late = 20

/** What stands at the arrow of a message. */
export function labelOf({ text, now, sent, lost }: MessageRow): string {
  return `${text}${lost === null ? '' : ` (${lost})`}${sent !== null && now - sent > late ? `, sent ${sent}` : ''}`
}

/** What the signs and abbreviations in a story's diagram mean, as far as it has them. */
export function legendOf({ rows }: Story): string {
  const has = (tone: Tone): boolean => rows.some((row) => row.row === 'note' && row.tone === tone)
  const texts = rows.map(({ text }) => text)
  return [
    ...(texts.some((text) => /\bt\d+\b/.test(text)) ? ['t2: term 2'] : []),
    ...(texts.some((text) => /\d@\d/.test(text)) ? ['3@2: entry 3, of term 2'] : []),
    ...(has('leader') ? [`${signs.leader} leads from here`] : []),
    ...(has('down') ? [`${signs.down} goes down`] : []),
    ...(rows.some((row) => row.row === 'message' && row.lost !== null) ? ['✕ lost, and by what'] : []),
    ...(has('violation') ? [`${signs.violation} here the requirement is broken`] : []),
  ].join(' · ')
}

export interface Story {
  /** Nodes that take part, in the order of the scenario. */
  readonly nodes: readonly NodeId[]
  readonly rows: readonly Row[]
  /** Steps that led there too, but too many came after them. */
  readonly omitted: number
}

/** Faults that scripts announce; others tell of single messages. */
const announced = new Set([
  'partition',
  'ring',
  'cut',
  'isolate',
  'heal',
  'hold',
  'release',
  'pause',
  'resume',
  'clock',
])

/** The story of the violation shown by the event at `index`, in at most about `most` rows. */
export function tellStory(
  events: readonly AnyTraceEvent[],
  index: number,
  violation: Violation | null,
  most = 40,
  teller: Teller = raftTeller,
): Story {
  const shown = events[index]
  if (shown === undefined) return { nodes: [], rows: [], omitted: 0 }
  const names = nodesOfTrace(events)
  const losses = lossesOf(events, index)
  const sent = sendings(events, index)
  const rowCount = (list: readonly number[]): number =>
    list.reduce((rows, event) => rows + rowsOf(teller, events, event, index, violation, sent, losses).length, 0)
  const all = causes(teller, events, index, seeds(events, index, violation, names), sent)
  // What only moved a commit index is left out first.
  const chosen = rowCount(all) <= most ? all : all.filter((at) => at === index || weightOf(teller, events[at]!) > 1)
  let rows = 0
  const kept: number[] = []
  for (const event of chosen) {
    const more = rowsOf(teller, events, event, index, violation, sent, losses).length
    if (rows + more > most && kept.length > 0) break
    rows += more
    kept.push(event)
  }
  kept.reverse()
  const told: Row[] = []
  const first = kept[0] ?? index
  const nodes = new Set<NodeId>()
  const within = new Set(kept)
  for (let event = first; event <= index; event++) {
    const entry = events[event]!
    if (within.has(event)) {
      for (const row of rowsOf(teller, events, event, index, violation, sent, losses)) {
        told.push(row)
        if (row.row === 'message') nodes.add(row.from).add(row.to)
        if (row.row === 'note') nodes.add(row.node)
      }
    } else if (entry.event === 'fault' && announced.has(entry.fault) && !/\(message \d+\)$/.test(entry.text)) {
      told.push({ row: 'fault', now: entry.now, text: escapeControl(shorten(`${entry.fault} ${entry.text}`, 100)) })
    } else if (entry.event === 'phase' && entry.phase !== 'disturb') {
      told.push({ row: 'fault', now: entry.now, text: entry.phase === 'heal' ? 'faults end' : 'progress is demanded' })
    }
  }
  if (violation !== null && shown.event !== 'step' && shown.event !== 'start') {
    const requirement = escapeControl(violation.requirement)
    const node = violation.node
    if (node === null || !names.includes(node)) {
      told.push({ row: 'fault', now: shown.now, text: `${signs.violation} ${requirement}` })
    } else {
      nodes.add(node)
      told.push({ row: 'note', now: shown.now, node, text: requirement, tone: 'violation' })
    }
  }
  // Losses belong to the step that sent the message, but are told when they happened.
  told.sort((left, right) => left.now - right.now)
  return { nodes: names.filter((name) => nodes.has(name)), rows: told, omitted: all.length - kept.length }
}

function nodesOfTrace(events: readonly AnyTraceEvent[]): readonly NodeId[] {
  const start = events[0]
  return start?.event === 'start' ? start.start.nodes : []
}

/** Nodes from which the search for causes begins. */
function seeds(
  events: readonly AnyTraceEvent[],
  index: number,
  violation: Violation | null,
  names: readonly NodeId[],
): Set<NodeId> {
  const event = events[index]
  const words = new Set(violation?.text.split(/[^A-Za-z0-9._-]+/).map((word) => word.replace(/\.+$/, '')) ?? [])
  const found = new Set(names.filter((name) => words.has(name)))
  if (violation?.node !== null && violation !== null) found.add(violation.node)
  if (event?.event === 'step') found.add(event.input.node)
  if (event?.event === 'inspect') found.add(event.node)
  return found.size > 0 ? found : new Set(names)
}

/** Indexes of the steps that led to the event at `index`, the latest first, itself included. */
function causes(
  teller: Teller,
  events: readonly AnyTraceEvent[],
  index: number,
  nodes: Set<NodeId>,
  sent: ReadonlyMap<number, Sending>,
): number[] {
  const found: number[] = []
  const replies = new Set<number>()
  for (let at = index; at >= 0; at--) {
    const event = events[at]!
    if (event.event !== 'step') continue
    const { input } = event
    if (at !== index && !replies.has(at) && !(nodes.has(input.node) && weightOf(teller, event) > 0)) continue
    found.push(at)
    const message = deliveryOf(input)
    if (message === null) continue
    nodes.add(message.from)
    const sending = sent.get(message.id)
    if (sending !== undefined && !teller.isChatter(message.view)) replies.add(sending.event)
  }
  return found
}

function weightOf(teller: Teller, event: AnyTraceEvent): number {
  return event.event === 'step' ? teller.weightOf(event.input, event.answer) : 0
}

interface Sending {
  readonly now: Milliseconds
  readonly event: number
}

/** When each message was sent, and by which step, by id. */
function sendings(events: readonly AnyTraceEvent[], index: number): ReadonlyMap<number, Sending> {
  const sent = new Map<number, Sending>()
  for (let at = 0; at <= index; at++) {
    const event = events[at]!
    if (event.event !== 'step') continue
    for (const { id } of sentBy(event.answer)) sent.set(id, { now: event.now, event: at })
  }
  return sent
}

interface Loss {
  readonly now: Milliseconds
  readonly reason: string
}

/** Messages that were lost, by id. */
function lossesOf(events: readonly AnyTraceEvent[], index: number): ReadonlyMap<number, Loss> {
  const losses = new Map<number, Loss>()
  for (let at = 0; at <= index; at++) {
    const event = events[at]!
    if (event.event !== 'fault' || event.fault === 'hold' || event.fault === 'pause') continue
    const id = /\(message (\d+)\)$/.exec(event.text)?.[1]
    if (id !== undefined) losses.set(Number(id), { now: event.now, reason: event.fault })
  }
  return losses
}

function rowsOf(
  teller: Teller,
  events: readonly AnyTraceEvent[],
  at: number,
  index: number,
  violation: Violation | null,
  sent: ReadonlyMap<number, Sending>,
  losses: ReadonlyMap<number, Loss>,
): Row[] {
  const event = events[at]!
  if (event.event !== 'step') return []
  const { now, input, answer } = event
  const { node } = input
  const rows: Row[] = []
  const message = deliveryOf(input)
  if (message !== null) rows.push(messageRow(teller, message, now, sent.get(message.id)?.now ?? null, null))
  else if (teller.isTold(input)) {
    const tone = input.type === 'crash' ? 'down' : 'plain'
    rows.push({ row: 'note', now, node, text: escapeControl(teller.describeInput(input)), tone })
  }
  for (const { text, tone } of teller.notes(input, answer)) {
    if (text !== '') rows.push({ row: 'note', now, node, text: escapeControl(text), tone })
  }
  for (const output of sentBy(answer)) {
    const loss = losses.get(output.id)
    if (loss === undefined || !teller.matters(output.view)) continue
    rows.push(messageRow(teller, output, loss.now, now, loss.reason))
  }
  if (at === index && violation !== null) {
    rows.push({ row: 'note', now, node, text: escapeControl(violation.requirement), tone: 'violation' })
  }
  return rows
}

function messageRow(
  teller: Teller,
  { from, to, view }: Surface['message'],
  now: Milliseconds,
  sent: Milliseconds | null,
  lost: string | null,
): MessageRow {
  return { row: 'message', now, from, to, text: escapeControl(teller.describeMessage(view)), sent, lost }
}
