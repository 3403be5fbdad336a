/** A sequence diagram in Mermaid's language, for pages and issues. Nothing in a trace can add to the diagram. */
import { match } from 'ts-pattern'
import type { NodeId } from '../../models/vocabulary.ts'
import { labelOf, type Story } from './story.ts'

/** The text of a `sequenceDiagram`. Participants have names of ours; theirs are labels. */
export function drawMermaid({ nodes, rows, omitted }: Story): string {
  const alias = (node: NodeId): string => `p${nodes.indexOf(node) + 1}`
  const everyone = nodes.length > 1 ? `${alias(nodes[0]!)},${alias(nodes.at(-1)!)}` : 'p1'
  const lines = ['sequenceDiagram', ...nodes.map((node) => `  participant ${alias(node)} as ${escapeMermaid(node)}`)]
  if (nodes.length === 0) return `${lines.join('\n')}\n`
  if (omitted > 0) lines.push(`  Note over ${everyone}: ${omitted} earlier steps are left out`)
  for (const row of rows) {
    const line = match(row)
      .with({ row: 'fault' }, ({ text }) => ({ where: `Note over ${everyone}`, text }))
      .with({ row: 'note', tone: 'violation' }, ({ node, text }) => ({
        where: `Note over ${alias(node)}`,
        text: `VIOLATED ${text}`,
      }))
      .with({ row: 'note' }, ({ node, text }) => ({ where: `Note over ${alias(node)}`, text }))
      .with({ row: 'message' }, (message) => ({
        where: `${alias(message.from)}${message.lost === null ? '->>' : '-x'}${alias(message.to)}`,
        text: labelOf(message),
      }))
      .exhaustive()
    lines.push(`  ${line.where}: ${row.now} ms ${escapeMermaid(line.text)}`)
  }
  return `${lines.join('\n')}\n`
}

/** Writes everything that may mean something to Mermaid or to a page as a character code. */
export function escapeMermaid(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:=+@/()'…-]/gu, (character) => `#${character.codePointAt(0)};`)
}
