/** A sequence diagram as SVG inside of a page, whose style sheet colours it. */
import { match } from 'ts-pattern'
import { shorten } from '../input-error.ts'
import { labelOf, signs, type FaultRow, type MessageRow, type NoteRow, type Story } from '../show/story.ts'
import { escapeHtml } from './markup.ts'

// All in pixels.
const character = 7.3
const left = 60
const head = 34
const widest = 1110
/** Right of the last lane, at least. */
const margin = 190
const heights = { message: 34, note: 23, fault: 27 } as const

/** The diagram; nothing where nobody takes part. */
export function drawSvg(story: Story): string {
  const { nodes, rows, omitted } = story
  if (nodes.length === 0) return ''
  const step = stepOf(story)
  const lane = (node: string): number => left + 12 + nodes.indexOf(node) * step
  const last = lane(nodes.at(-1)!)
  const notes = rows.map((row) => (row.row === 'note' && row.node === nodes.at(-1) ? row.text.length * character : 0))
  const width = Math.round(last + Math.max(margin, Math.min(widest - last, Math.max(...notes) + 30)))
  const top = head + (omitted > 0 ? heights.fault : 0)
  const parts: string[] = []
  let y = top
  let before = -1
  for (const row of rows) {
    const height = heights[row.row]
    const base = y + height - 9
    if (row.now !== before) parts.push(text(left - 10, base, 'time', String(row.now), 'end'))
    before = row.now
    parts.push(
      match(row)
        .with({ row: 'fault' }, (fault) => drawFault(fault, base, width))
        .with({ row: 'note' }, (note) => drawNote(note, lane(note.node), base, width))
        .with({ row: 'message' }, (message) => drawMessage(message, lane(message.from), lane(message.to), base, width))
        .exhaustive(),
    )
    y += height
  }
  const bottom = y + 6
  return [
    `<svg class="story" role="img" aria-label="Sequence diagram" width="${width}" height="${bottom}" viewBox="0 0 ${width} ${bottom}">`,
    text(left - 10, 20, 'time', 'ms', 'end'),
    ...nodes.map(
      (node) => `<line class="lane" x1="${lane(node)}" y1="${head - 6}" x2="${lane(node)}" y2="${bottom}"/>`,
    ),
    ...nodes.map((node) => text(lane(node), 20, 'head', shorten(node, Math.floor(step / character) - 1), 'middle')),
    ...(omitted > 0 ? [text(left + 24, head + 14, 'time', `${omitted} earlier steps are left out`)] : []),
    ...parts,
    '</svg>',
  ].join('\n')
}

/** From one lane to the next: room for the longest label and for notes, if the page has it. */
function stepOf({ nodes, rows }: Story): number {
  const wanted = rows.map((row) => {
    if (row.row === 'fault') return 0
    if (row.row === 'note') return row.node === nodes.at(-1) ? 0 : Math.min(330, row.text.length * character + 24)
    const lanes = Math.abs(nodes.indexOf(row.from) - nodes.indexOf(row.to))
    return (labelOf(row).length * character + 28) / Math.max(1, lanes)
  })
  const fitting = (widest - left - margin) / Math.max(1, nodes.length - 1)
  return Math.round(Math.min(Math.max(90, ...wanted), Math.max(90, fitting)))
}

function drawFault({ text: words }: FaultRow, base: number, width: number): string {
  return `<rect class="fault" x="${left}" y="${base - 14}" width="${width - left - 8}" height="20"/>${text(left + 24, base, 'fault', words)}`
}

/** A note stands right of its lane, or left of it where only there is room. */
function drawNote({ text: words, tone }: NoteRow, lane: number, base: number, width: number): string {
  const band =
    tone === 'violation' ? `<rect class="hit" x="0" y="${base - 16}" width="${width}" height="${heights.note}"/>` : ''
  const room = Math.floor((width - lane - 14) / character)
  const atLeft = words.length > room && lane - left > width - lane
  const most = atLeft ? Math.floor((lane - left - 14) / character) : room
  const sign = text(lane, base, `sign ${tone}`, signs[tone], 'middle')
  const shown = shorten(words, most)
  return `${band}${sign}${atLeft ? text(lane - 12, base, tone, shown, 'end') : text(lane + 12, base, tone, shown)}`
}

/** The label stands above its arrow. */
function drawMessage(row: MessageRow, from: number, to: number, base: number, width: number): string {
  const right = from < to
  const y = base + 3
  const lost = row.lost !== null
  const tip = right ? to - 2 : to + 2
  const back = right ? tip - 8 : tip + 8
  const end = lost
    ? text(right ? to - 14 : to + 14, y + 4, 'sign down', '✕', 'middle')
    : `<path class="tip" d="M${tip} ${y}L${back} ${y - 4}V${y + 4}Z"/>`
  const label = labelOf(row)
  const half = (label.length * character) / 2
  const middle = Math.min(Math.max((from + to) / 2, left + half), Math.max(left + half, width - half - 4))
  const line = `<line class="${lost ? 'arrow lost' : 'arrow'}" x1="${from}" y1="${y}" x2="${lost ? (right ? to - 20 : to + 20) : back}" y2="${y}"/>`
  return `${line}${end}${text(Math.round(middle), base - 4, lost ? 'label lost' : 'label', label, 'middle')}`
}

function text(
  x: number,
  y: number,
  style: string,
  words: string,
  anchor: 'start' | 'middle' | 'end' = 'start',
): string {
  const place = anchor === 'start' ? '' : ` text-anchor="${anchor}"`
  return `<text class="${style}" x="${x}" y="${y}"${place}>${escapeHtml(words)}</text>`
}
