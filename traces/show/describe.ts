/** Short words for what a trace holds. Text that comes from an implementation is escaped here, once. */
import { match } from 'ts-pattern'
import type {
  Answer,
  Command,
  Configuration,
  Entry,
  Input,
  LogDelta,
  MemberState,
  Message,
  Operation,
  Output,
} from '../../models/raft/vocabulary.ts'
import { escapeControl, shorten } from '../input-error.ts'
import { printWord } from '../text/cursor.ts'

/** A log position: `3@2` is index 3 of term 2. */
function position(index: number, term: number): string {
  return `${index}@${term}`
}

/** Entries, with runs of one term taken together: `1-3@1 4@2`. */
export function describeEntries(entries: readonly Pick<Entry, 'index' | 'term'>[]): string {
  const runs: { from: number; to: number; term: number }[] = []
  for (const { index, term } of entries) {
    const last = runs.at(-1)
    if (last?.term === term && last.to + 1 === index) last.to = index
    else runs.push({ from: index, to: index, term })
  }
  const text = runs.map(({ from, to, term }) => (from === to ? position(from, term) : `${from}-${position(to, term)}`))
  return shorten(text.join(' '), 60)
}

export function describeConfiguration({ voters, outgoing, learners }: Configuration): string {
  const joint = outgoing.length === 0 ? '' : ` from ${outgoing.join(' ')}`
  return escapeControl(`${voters.join(' ')}${joint}${learners.length === 0 ? '' : ` learners ${learners.join(' ')}`}`)
}

/** What a message says, without its sender and receiver. */
export function describeMessage(view: Message): string {
  const term = `t${view.term}`
  switch (view.kind) {
    case 'request-vote':
    case 'pre-vote': {
      const last = `last ${position(view.lastIndex, view.lastTerm)}`
      return `${view.kind} ${term} ${last}${view.transfer ? ' transfer' : ''}`
    }
    case 'request-vote-response':
      return `vote ${view.granted ? 'granted' : 'refused'} ${term}`
    case 'pre-vote-response':
      return `pre-vote ${view.granted ? 'granted' : 'refused'} ${term}`
    case 'append-entries': {
      const entries = view.entries.length === 0 ? 'nothing' : describeEntries(view.entries)
      return `append ${term} ${entries} after ${position(view.previousIndex, view.previousTerm)} commit ${view.commit}`
    }
    case 'append-entries-response':
      return view.success ? `appended ${term} to ${view.index}` : `append refused ${term} at ${view.index}`
    case 'heartbeat':
      return `heartbeat ${term} commit ${view.commit}`
    case 'heartbeat-response':
      return `heartbeat-response ${term}`
    case 'install-snapshot':
      return `snapshot ${term} to ${position(view.lastIndex, view.lastTerm)}`
    case 'install-snapshot-response':
      return `snapshot ${view.success ? 'installed' : 'refused'} ${term} at ${view.index}`
    case 'timeout-now':
    case 'member-removed':
      return `${view.kind} ${term}`
    case 'read-index':
      return `read-index ${term}`
    case 'read-index-response':
      return `read-index-response ${term} index ${view.index}`
    case 'propose':
      return `propose ${term} ${view.digests.length} ${view.digests.length === 1 ? 'entry' : 'entries'}`
  }
}

/** What a node was given. */
export function describeInput(input: Input): string {
  return match(input)
    .with({ type: 'deliver' }, ({ message }) => `from ${message.from}: ${describeMessage(message.view)}`)
    .with({ type: 'advance' }, () => 'time passes')
    .with({ type: 'operation' }, ({ operation }) => describeOperation(operation))
    .with({ type: 'written' }, ({ writes }) => `written ${writes.join(' ')}`)
    .with({ type: 'crash' }, ({ keep, torn }) => {
      return `crash, keeps ${keep.join(' ') || 'nothing'}${torn > 0 ? `, tears ${torn}` : ''}`
    })
    .with({ type: 'restart' }, () => 'restart')
    .exhaustive()
}

/** What a client asked of a node. */
export function describeOperation(operation: Operation): string {
  return match(operation)
    .with({ type: 'propose' }, ({ command }) => `client: ${describeCommand(command)}`)
    .with({ type: 'read' }, ({ key, by }) => `client: read ${printWord(key)} by ${by}`)
    .with({ type: 'transfer' }, ({ to }) => `asked to hand over to ${to}`)
    .with({ type: 'change-membership' }, ({ changes, joint }) => {
      const words = changes.map((change) => `${change.type} ${change.node}`)
      return `asked to ${words.join(', ')}${joint ? ', jointly' : ''}`
    })
    .with({ type: 'compact' }, ({ keep }) => `asked to compact, keeping ${keep}`)
    .exhaustive()
}

function describeCommand(command: Command): string {
  const key = printWord(command.key)
  return match(command)
    .with({ type: 'put' }, ({ value }) => `put ${key}=${printWord(value)}`)
    .with({ type: 'get' }, () => `get ${key}`)
    .with({ type: 'compare-and-set' }, ({ expect, value }) => {
      return `put ${key}=${printWord(value)} if ${expect === null ? `${key} is absent` : `${key}=${printWord(expect)}`}`
    })
    .exhaustive()
}

/** Changed fields of a state, the telling ones first. */
export function describeState(state: Partial<MemberState>): string[] {
  const { role, term, vote, leader, commit, applied, configuration, ready } = state
  return [
    ...(role === undefined ? [] : [role]),
    ...(term === undefined ? [] : [`term ${term}`]),
    ...(vote === undefined ? [] : [vote === null ? 'no vote' : `votes for ${vote}`]),
    ...(leader === undefined || leader === null || role === 'leader' ? [] : [`leader ${leader}`]),
    ...(commit === undefined ? [] : [`commit ${commit}`]),
    ...(applied === undefined || applied === commit ? [] : [`applied ${applied}`]),
    ...(configuration === undefined ? [] : [`members ${describeConfiguration(configuration)}`]),
    ...(ready === undefined ? [] : [ready ? 'ready' : 'not ready']),
  ]
}

/** What happened to a log. */
export function describeLog({ restore, truncate, append, compact }: LogDelta): string[] {
  return [
    ...(restore === undefined ? [] : [`log from ${position(restore.index, restore.term)}`]),
    ...(truncate === undefined ? [] : [`log cut to ${truncate}`]),
    ...(append === undefined || append.length === 0 ? [] : [`log + ${describeEntries(append)}`]),
    ...(compact === undefined ? [] : [`log compacted to ${compact.index}`]),
  ]
}

/** Outputs, one phrase each; applied entries are taken together. */
function describeOutputs(outputs: readonly Output[]): string[] {
  const phrases: string[] = []
  const applied: number[] = []
  for (const output of outputs) {
    switch (output.type) {
      case 'message':
        phrases.push(
          `to ${output.to}: ${describeMessage(output.view)}${output.after > 0 ? ` (after write ${output.after})` : ''}`,
        )
        break
      case 'write':
        phrases.push(`write ${output.id} ${describeContents(output.contents)}`)
        break
      case 'apply':
        applied.push(output.index)
        break
      case 'restore':
        phrases.push(`state restored at ${position(output.index, output.term)}`)
        break
      case 'result': {
        const value = output.value === null ? '' : ` ${JSON.stringify(output.value)}`
        phrases.push(
          `result ${output.operation} ${output.status}${value}${output.reason === '' ? '' : ` ${output.reason}`}`,
        )
        break
      }
    }
  }
  if (applied.length > 0) {
    const [first, last] = [applied[0]!, applied.at(-1)!]
    phrases.push(`applies ${first === last ? first : `${first}-${last}`}`)
  }
  return phrases
}

function describeContents({
  term,
  vote,
  commit,
  log,
}: {
  term?: number | undefined
  vote?: string | null | undefined
  commit?: number | undefined
  log?: LogDelta | undefined
}): string {
  const parts = [
    ...(term === undefined ? [] : [`term ${term}`]),
    ...(vote === undefined ? [] : [`vote ${vote ?? 'none'}`]),
    ...(commit === undefined ? [] : [`commit ${commit}`]),
    ...(log === undefined ? [] : describeLog(log)),
  ]
  return `(${parts.join(', ')})`
}

/** Everything that a step did, one phrase each. */
export function describeAnswer(answer: Answer): string[] {
  const phrases = [
    ...(answer.error === undefined ? [] : [`${answer.error.kind}: ${answer.error.text}`]),
    ...(answer.state === null ? [] : describeState(answer.state)),
    ...(answer.log === null ? [] : describeLog(answer.log)),
    ...describeOutputs(answer.outputs),
  ]
  return phrases.map((phrase) => escapeControl(shorten(phrase, 160)))
}
