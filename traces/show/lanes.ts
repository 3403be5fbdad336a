/** A sequence diagram in characters: a lane a node, time runs downwards. */
import pc from 'picocolors'
import { match } from 'ts-pattern'
import type { NodeId } from '../../models/vocabulary.ts'
import { escapeControl, shorten } from '../input-error.ts'
import { labelOf, signs, type MessageRow, type NoteRow, type Row, type Story } from './story.ts'

export type Colors = ReturnType<typeof pc.createColors>

/** Columns for the time. */
const left = 9
/** Columns from one lane to the next, at least. */
const least = 8
/** Columns that a note may ask for between two lanes; it may cross others. */
const widestNote = 48

/** Lines of the diagram, in at most `width` columns if the nodes are not too many for that. */
export function drawLanes(story: Story, width = 120, colors: Colors = pc.createColors(false)): string[] {
  if (story.nodes.length === 0) return []
  const lanes = new Lanes(story, width)
  const lines = [colors.bold(lanes.heads())]
  if (story.omitted > 0) lines.push(colors.dim(lanes.across('', `${story.omitted} earlier steps are left out`)))
  let before = -1
  for (const row of story.rows) {
    const time = row.now === before ? '' : String(row.now)
    before = row.now
    lines.push(paint(row, lanes.line(row, time), colors))
  }
  return lines
}

function paint(row: Row, line: string, colors: Colors): string {
  return match(row)
    .with({ row: 'fault' }, () => colors.yellow(line))
    .with({ row: 'message' }, ({ lost }) => (lost === null ? line : colors.dim(line)))
    .with({ row: 'note', tone: 'violation' }, () => colors.red(line))
    .with({ row: 'note', tone: 'leader' }, () => colors.green(line))
    .with({ row: 'note', tone: 'down' }, () => colors.yellow(line))
    .with({ row: 'note', tone: 'plain' }, () => line)
    .exhaustive()
}

class Lanes {
  private readonly nodes: readonly NodeId[]
  private readonly step: number
  private readonly width: number

  constructor({ nodes, rows }: Story, width: number) {
    this.nodes = nodes
    const gaps = Math.max(1, nodes.length - 1)
    const wanted = rows.map((row) => {
      if (row.row === 'fault') return 0
      if (row.row === 'note') return row.node === nodes.at(-1) ? 0 : Math.min(widestNote, row.text.length + 4)
      return (labelOf(row).length + 6) / Math.max(1, Math.abs(nodes.indexOf(row.from) - nodes.indexOf(row.to)))
    })
    const fitting = Math.floor((width - left - 3) / gaps)
    this.step = Math.max(least, Math.min(fitting, Math.ceil(Math.max(2 * least, ...wanted))))
    this.width = Math.max(width, left + 3 + this.step * gaps)
  }

  heads(): string {
    const line = this.blank(' ', 'ms')
    for (const [index, node] of this.nodes.entries()) {
      put(line, this.lane(index), shorten(escapeControl(node), this.step - 2))
    }
    return finish(line)
  }

  across(time: string, text: string): string {
    const line = this.blank('│', time)
    put(line, left + 3, ` ${shorten(text, this.width - left - 6)} `)
    return finish(line)
  }

  line(row: Row, time: string): string {
    return match(row)
      .with({ row: 'fault' }, ({ text }) => this.across(time, `~ ${escapeControl(text)} ~`))
      .with({ row: 'note' }, (note) => this.note(note, time))
      .with({ row: 'message' }, (message) => this.message(message, time))
      .exhaustive()
  }

  /** A note stands right of its lane, or left of it where only there is room. */
  private note({ node, text, tone }: NoteRow, time: string): string {
    const line = this.blank('│', time)
    const lane = this.lane(this.nodes.indexOf(node))
    const words = escapeControl(text)
    const before = lane - left - 4
    const behind = this.width - lane - 3
    if (words.length <= behind || before <= behind) put(line, lane, `${signs[tone]} ${shorten(words, behind)} `)
    else {
      const start = ` ${shorten(words, before)} `
      put(line, lane - start.length, `${start}${signs[tone]}`)
    }
    return finish(line)
  }

  /** The label stands in the arrow, or beside it where only there is room. */
  private message(row: MessageRow, time: string): string {
    const line = this.blank('│', time)
    const from = this.lane(this.nodes.indexOf(row.from))
    const to = this.lane(this.nodes.indexOf(row.to))
    const [start, end] = [Math.min(from, to), Math.max(from, to)]
    for (let column = start + 1; column < end; column++) line[column] = line[column] === '│' ? '┼' : '─'
    line[from] = from < to ? '├' : '┤'
    line[to + (from < to ? -1 : 1)] = row.lost === null ? (from < to ? '▶' : '◀') : '✕'
    const room = end - start - 5
    const inside = (words: string): void => {
      put(line, start + (from < to ? 2 : 3) + Math.floor((room - words.length) / 2), ` ${words} `)
    }
    const behind = (words: string): void => put(line, end + 1, ` ${words} `)
    const labels = labelsOf(row).map(escapeControl)
    for (const label of labels) {
      const place = label.length <= room ? inside : label.length <= this.width - end - 3 ? behind : null
      if (place === null) continue
      place(label)
      return finish(line)
    }
    const label = labels.at(-1)!
    if (label.length <= start - left - 2) put(line, start - label.length - 2, ` ${label} `)
    else inside(shorten(label, Math.max(1, room)))
    return finish(line)
  }

  private lane(index: number): number {
    return left + 1 + index * this.step
  }

  private blank(sign: string, time = ''): string[] {
    const line = new Array<string>(this.width).fill(' ')
    for (const index of this.nodes.keys()) line[this.lane(index)] = sign
    put(line, 0, time.padStart(left - 1))
    return line
  }
}

/** Labels of an arrow, the shortest last: rather less than something cut off. */
function labelsOf(row: MessageRow): string[] {
  const brief = row.text.replace(/ (after|last|commit) .*$/, '')
  const plain = { ...row, sent: null }
  return [row, plain, { ...plain, text: brief }, { ...plain, text: brief, lost: null }].map(labelOf)
}

function put(line: string[], column: number, text: string): void {
  for (const [index, character] of [...text].entries()) line[column + index] = character
}

function finish(line: readonly string[]): string {
  return line.join('').trimEnd()
}
