/**
 * Splits a command into its arguments, as a shell would but without one: spaces separate, quotes group,
 * a backslash makes the next character ordinary (in double quotes: only before `"` and `\`).
 * Nothing is expanded. Throws where a quote is not closed, or nothing is named.
 *
 * @example splitCommand(`node "my adapter.mjs" --mode 'a b'`) // ['node', 'my adapter.mjs', '--mode', 'a b']
 */
export const splitCommand = (command: string): string[] => {
  const words: string[] = []
  let word: string | null = null
  let quote = ''
  for (let index = 0; index < command.length; index++) {
    const character = command[index]!
    const next = command[index + 1]
    if (quote === "'" ? character === "'" : quote === '"' && character === '"') quote = ''
    else if (quote === '"' && character === '\\' && (next === '"' || next === '\\')) {
      word += next
      index++
    } else if (quote !== '') word += character
    else if (character === "'" || character === '"') {
      quote = character
      word ??= ''
    } else if (character === '\\' && next !== undefined) {
      word = (word ?? '') + next
      index++
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word)
      word = null
    } else word = (word ?? '') + character
  }
  if (quote !== '') throw new Error(`the command has an unclosed ${quote}: ${command}`)
  if (word !== null) words.push(word)
  if (words.length === 0) throw new Error('the command is empty')
  return words
}
