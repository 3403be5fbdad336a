/** Text of strangers inside of markup. */
import { escapeControl } from '../input-error.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Escapes markup, and shows control characters and direction overrides instead of obeying them. */
export function escapeHtml(text: string): string {
  return text
    .split('\n')
    .map(escapeControl)
    .join('\n')
    .replace(/[&<>"']/g, (character) => entities[character]!)
}
