/** Running text in lines. */

/** `text` in lines of at most `width` columns, broken at spaces, each behind `indent` and the first behind `head`. */
export function paragraph(text: string, width: number, indent = '', head = indent): string[] {
  if (text === '') return []
  const room = Math.max(20, width - indent.length)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map((part, index) => `${index === 0 ? head : indent}${part}`)
}
