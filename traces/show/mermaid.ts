/** A sequence diagram in Mermaid's language, for pages and issues. Nothing in a trace can add to the diagram. */
import type { NodeId } from '../../models/vocabulary.ts'
import type { Story } from './story.ts'

/** The text of a `sequenceDiagram`. Participants have names of ours; theirs are labels. */
export function drawMermaid({ nodes, rows, omitted }: Story): string {
  const alias = (node: NodeId): string => `p${nodes.indexOf(node) + 1}`
  const everyone = nodes.length > 1 ? `${alias(nodes[0]!)},${alias(nodes.at(-1)!)}` : 'p1'
  const lines = ['sequenceDiagram', ...nodes.map((node) => `  participant ${alias(node)} as ${escapeMermaid(node)}`)]
  if (nodes.length === 0) return `${lines.join('\n')}\n`
  if (omitted > 0) lines.push(`  Note over ${everyone}: ${omitted} earlier steps are left out`)
  for (const row of rows) {
    const time = `${row.now} ms`
    if (row.row === 'fault') lines.push(`  Note over ${everyone}: ${time} ${escapeMermaid(row.text)}`)
    else if (row.row === 'message') {
      const arrow = row.lost ? '-x' : '->>'
      lines.push(`  ${alias(row.from)}${arrow}${alias(row.to)}: ${time} ${escapeMermaid(row.text)}`)
    } else {
      const sign = row.tone === 'violation' ? 'VIOLATED ' : ''
      lines.push(`  Note over ${alias(row.node)}: ${time} ${sign}${escapeMermaid(row.text)}`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** Writes everything that may mean something to Mermaid or to a page as a character code. */
export function escapeMermaid(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:=+@/()'…-]/gu, (character) => `#${character.codePointAt(0)};`)
}
