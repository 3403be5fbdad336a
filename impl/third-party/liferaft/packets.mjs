/** How liferaft's packets and log records read in the suite's words. */

/** A record of liferaft's log as an entry. The command carries its operation's id, so that no two commands are equal. */
export const entryOf = ({ index, term, command }) => ({ index, term, kind: 'command', digest: describe(command) })

function describe({ operation, type, key, value, expect }) {
  const text = { get: key, put: `${key}=${value}`, 'compare-and-set': `${key}=${expect}->${value}` }[type]
  return `#${operation} ${type} ${text}`
}

/**
 * A position in the log. liferaft writes its current term where it means "before the first entry"; the suite writes 0,
 * so that nobody is blamed for a way of writing.
 */
const positionOf = ({ index, term }) => ({ index, term: index === 0 ? 0 : term })

/** The view of a packet. Only what liferaft itself reads is shown; it knows no rounds, hints or transfers. */
export function viewOf(packet) {
  const { type, term, last, data } = packet
  const position = positionOf(last)
  switch (type) {
    case 'vote':
      return { kind: 'request-vote', term, lastIndex: position.index, lastTerm: position.term, transfer: false }
    case 'voted':
      return { kind: 'request-vote-response', term, granted: data.granted }
    case 'append':
      return {
        kind: 'append-entries',
        term,
        previousIndex: position.index,
        previousTerm: position.term,
        entries: (data ?? []).map(entryOf),
        commit: last.committedIndex,
        round: 0,
      }
    case 'append ack':
      return { kind: 'append-entries-response', term, success: true, index: data.index, hint: 0, round: 0 }
    case 'append fail':
      return { kind: 'append-entries-response', term, success: false, index: data.index, hint: 0, round: 0 }
    default:
      throw new Error(`unknown packet of liferaft: ${JSON.stringify(packet)}`)
  }
}
