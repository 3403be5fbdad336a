/** A sequence diagram in characters: a lane a node, time runs downwards. */
import type pc from 'picocolors'
import type { NodeId } from '../../models/vocabulary.ts'
import { shorten } from '../input-error.ts'
import type { Row, Story } from './story.ts'

export type Colors = ReturnType<typeof pc.createColors>

const left = 9
const least = 16
const most = 46
/** Columns for notes at the last lane. */
const right = 30

/** Lines of the diagram. `width` is the number of columns that it may take. */
export function drawLanes(story: Story, colors: Colors, width = 120): string[] {
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
  if (row.row === 'fault') return colors.yellow(line)
  if (row.row === 'message') return row.lost ? colors.dim(line) : line
  if (row.tone === 'violation') return colors.red(line)
  if (row.tone === 'leader') return colors.green(line)
  return row.tone === 'down' ? colors.yellow(line) : line
}

class Lanes {
  private readonly nodes: readonly NodeId[]
  private readonly step: number
  private readonly width: number

  constructor({ nodes, rows }: Story, width: number) {
    this.nodes = nodes
    const longest = Math.max(
      0,
      ...rows.map((row) => {
        if (row.row === 'fault') return 0
        if (row.row === 'note') return Math.min(right, row.text.length + 4)
        return (row.text.length + 6) / Math.max(1, Math.abs(nodes.indexOf(row.from) - nodes.indexOf(row.to)))
      }),
    )
    const fitting = Math.floor((width - left - right) / Math.max(1, nodes.length - 1))
    this.step = Math.max(least, Math.min(most, fitting, Math.ceil(longest)))
    this.width = Math.max(width, left + this.step * (nodes.length - 1) + right)
  }

  heads(): string {
    const line = this.blank(' ')
    for (const [index, node] of this.nodes.entries()) put(line, this.lane(index), shorten(node, this.step - 2))
    return finish(line)
  }

  across(time: string, text: string): string {
    const line = this.blank('│', time)
    put(line, left + 3, ` ${shorten(text, this.width - left - 6)} `)
    return finish(line)
  }

  line(row: Row, time: string): string {
    if (row.row === 'fault') return this.across(time, `~ ${row.text} ~`)
    const line = this.blank('│', time)
    if (row.row === 'note') {
      const lane = this.nodes.indexOf(row.node)
      const sign = row.tone === 'violation' ? '✗' : row.tone === 'down' ? '†' : row.tone === 'leader' ? '★' : '●'
      const room = this.width - this.lane(lane) - 2
      put(line, this.lane(lane), `${sign} ${shorten(row.text, room)} `)
      return finish(line)
    }
    const from = this.lane(this.nodes.indexOf(row.from))
    const to = this.lane(this.nodes.indexOf(row.to))
    const [start, end] = [Math.min(from, to), Math.max(from, to)]
    for (let column = start + 1; column < end; column++) line[column] = line[column] === '│' ? '┼' : '─'
    line[from] = from < to ? '├' : '┤'
    const head = row.lost ? '✕' : from < to ? '▶' : '◀'
    line[to + (from < to ? -1 : 1)] = head
    const late = row.sent !== null && row.now - row.sent > 20 ? ` sent ${row.sent}` : ''
    const room = Math.max(8, end - start - 4)
    const label = ` ${shorten(row.text, Math.max(8, room - late.length))}${late} `
    put(line, start + Math.max(1, Math.floor((end - start - label.length) / 2)), label)
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

function put(line: string[], column: number, text: string): void {
  for (const [index, character] of [...text].entries()) line[column + index] = character
}

function finish(line: readonly string[]): string {
  return line.join('').trimEnd()
}
