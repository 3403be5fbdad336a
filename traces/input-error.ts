/** What is wrong with something that a person or a stranger wrote, in one line that names the place. */

/** A place in a text: lines and columns count from 1; a column of 0 means the whole line, a line of 0 the whole file. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Thrown by readers of scenarios, traces and reports. The message is one line, safe to print on a terminal. */
export class InputError extends Error {
  override readonly name = 'InputError'
  readonly place: Place

  constructor(place: Place, text: string) {
    super(`${printPlace(place)}: ${escapeControl(text)}`)
    this.place = place
  }
}

function printPlace({ file, line, column }: Place): string {
  return [escapeControl(file), ...(line > 0 ? [line] : []), ...(line > 0 && column > 0 ? [column] : [])].join(':')
}

/** Replaces control characters, terminal escapes, line separators and direction overrides by visible escapes. */
export function escapeControl(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => {
      const code = character.charCodeAt(0)
      return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
    },
  )
}

/** `text`, shortened to at most `most` characters. */
export function shorten(text: string, most = 60): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}

/** The word most like `word`, or null when none is near: at most a third of its letters differ. */
export function nearest(word: string, words: Iterable<string>): string | null {
  let best: string | null = null
  let least = Math.max(2, Math.ceil(word.length / 3)) + 1
  if (word.length > 100) return null
  for (const candidate of words) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < least) {
      least = distance
      best = candidate
    }
  }
  return best
}

/** `, did you mean X?` where a word is near, otherwise what is allowed, otherwise nothing. */
export function suggestion(word: string, words: Iterable<string>): string {
  const allowed = [...words]
  const near = nearest(word, allowed)
  if (near !== null) return `; did you mean '${near}'?`
  return allowed.length === 0 ? '' : `; allowed: ${shorten(allowed.join(', '), 400)}`
}

/** Least number of letters inserted, removed, replaced or swapped with their neighbour. */
function editDistance(left: string, right: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1]
      let cost = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + (same ? 0 : 1))
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        cost = Math.min(cost, beforePrevious[column - 2]! + 1)
      }
      current.push(cost)
    }
    beforePrevious = previous
    previous = current
  }
  return previous[right.length]!
}
