/** Entries and their contents. An entry's content is its digest, but for long commands, which carry it beside. */
import type { Configuration, Entry } from '../../../models/raft/vocabulary.ts'
import { digestOf } from '../store/command.ts'

/** Keeps the content of a long command out of sight of those who look at entries as data. */
const content = Symbol('content')
type LongEntry = Entry & { readonly [content]?: string }

export const emptyEntry = (index: number, term: number): Entry => ({
  index,
  term,
  kind: 'empty',
  digest: '',
  configuration: undefined,
})

export const commandEntry = (index: number, term: number, text: string): Entry => {
  const digest = digestOf(text)
  const entry = { index, term, kind: 'command', digest, configuration: undefined } as const
  return digest === text ? entry : ({ ...entry, [content]: text } as LongEntry)
}

export const configurationEntry = (index: number, term: number, configuration: Configuration): Entry => {
  const { voters, outgoing, learners } = configuration
  const digest = digestOf(`configuration ${voters.join()}|${outgoing.join()}|${learners.join()}`)
  return { index, term, kind: 'configuration', digest, configuration }
}

/** What a command entry tells the state machine. */
export const contentOf = (entry: Entry): string => (entry as LongEntry)[content] ?? entry.digest

/** An entry as it is kept in files and sent over wires: a command by its content. */
export type PackedEntry = readonly [index: number, term: number, content: string | Configuration | null]

export const packEntry = (entry: Entry): PackedEntry => {
  const { index, term, kind, configuration } = entry
  return [index, term, kind === 'command' ? contentOf(entry) : (configuration ?? null)]
}

export const unpackEntry = ([index, term, content]: PackedEntry): Entry => {
  if (content === null) return emptyEntry(index, term)
  return typeof content === 'string' ? commandEntry(index, term, content) : configurationEntry(index, term, content)
}
