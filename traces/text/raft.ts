/** The text form of Raft: what it adds to the steps that every surface has. */
import type { Command, MembershipChange, Operation, RaftOptions, RaftScenario } from '../../models/raft/vocabulary.ts'
import type { Milliseconds, NodeId, Step } from '../../models/vocabulary.ts'
import { expectations } from '../expect.ts'
import { completeScenario, defaultOptions, messageKinds } from '../scenario/raft.ts'
import { scenarioLimits } from '../scenario/shared.ts'
import { type Cursor, printWord } from './cursor.ts'
import { diskHeader, networkHeader, nodesHeader, type TextForm } from './form.ts'
import type { Language } from './steps.ts'

function printOperation(node: string, operation: Operation): string {
  switch (operation.type) {
    case 'propose':
      return `propose ${node} ${printCommand(operation.command)}`
    case 'read':
      return `read ${node} ${printWord(operation.key)} by ${operation.by}`
    case 'transfer':
      return `transfer ${node} to ${operation.to}`
    case 'change-membership': {
      const changes = operation.changes.map((change) => `${change.type} ${change.node}`).join(', ')
      return `membership ${node} ${changes}${operation.joint ? ' joint' : ''}`
    }
    case 'compact':
      return `compact ${node} keep ${operation.keep}`
  }
}

function printCommand(command: Command): string {
  const key = printWord(command.key)
  switch (command.type) {
    case 'put':
      return `${key}=${printWord(command.value)}`
    case 'get':
      return `get ${key}`
    case 'compare-and-set':
      return `cas ${key}${command.expect === null ? ' absent' : `=${printWord(command.expect)}`} to ${printWord(command.value)}`
  }
}

function printRaftOptions(options: RaftOptions): string {
  return [
    `election-timeout ${options.electionTimeout}ms`,
    `heartbeat ${options.heartbeatInterval}ms`,
    `pre-vote ${options.preVote ? 'on' : 'off'}`,
    `check-quorum ${options.checkQuorum ? 'on' : 'off'}`,
    `max-entries ${options.maxEntries}`,
    `max-inflight ${options.maxInflight}`,
  ].join(' ')
}

function operation(cursor: Cursor, read: () => Operation): Step<Operation> {
  return { step: 'operation', node: cursor.target(), operation: read() }
}

function readCommand(cursor: Cursor): Command {
  const word = cursor.string('a key', scenarioLimits.key)
  if (cursor.accept('=')) return { type: 'put', key: word, value: cursor.string('a value', scenarioLimits.value) }
  if (word === 'get') return { type: 'get', key: cursor.string('a key', scenarioLimits.key) }
  if (word !== 'cas') throw cursor.error("expected '=' and a value")
  const key = cursor.string('a key', scenarioLimits.key)
  let expect: string | null = null
  if (!cursor.accept('absent')) {
    cursor.keyword('=')
    expect = cursor.string('a value', scenarioLimits.value)
  }
  cursor.keyword('to')
  return { type: 'compare-and-set', key, expect, value: cursor.string('a value', scenarioLimits.value) }
}

function readRaftOptions(cursor: Cursor): RaftOptions {
  const words = ['election-timeout', 'heartbeat', 'pre-vote', 'check-quorum', 'max-entries', 'max-inflight'] as const
  cursor.usage =
    'options election-timeout 300ms heartbeat 50ms pre-vote on|off check-quorum on|off max-entries N max-inflight N'
  let options = defaultOptions
  const positive = (what: string): number => cursor.integer(what, 1, Number.MAX_SAFE_INTEGER)
  const interval = (): Milliseconds => {
    const column = cursor.column()
    const duration = cursor.duration()
    if (duration === 0) throw cursor.error('a timeout is at least 1 ms', column)
    return duration
  }
  const flag = (): boolean => cursor.oneOf(['on', 'off'], 'switch') === 'on'
  while (!cursor.done()) {
    const word = cursor.oneOf(words, 'option')
    if (word === 'election-timeout') options = { ...options, electionTimeout: interval() }
    else if (word === 'heartbeat') options = { ...options, heartbeatInterval: interval() }
    else if (word === 'pre-vote') options = { ...options, preVote: flag() }
    else if (word === 'check-quorum') options = { ...options, checkQuorum: flag() }
    else if (word === 'max-entries') options = { ...options, maxEntries: positive('a number of entries') }
    else options = { ...options, maxInflight: positive('a number of messages') }
  }
  return options
}

const raftLanguage: Language<Operation> = {
  operations: {
    propose: {
      usage: 'propose NODE KEY=VALUE, propose NODE get KEY, or propose NODE cas KEY=VALUE to VALUE',
      read: (cursor) => operation(cursor, () => ({ type: 'propose', command: readCommand(cursor) })),
    },
    read: {
      usage: 'read NODE KEY by read-index|lease',
      read: (cursor) =>
        operation(cursor, () => {
          const key = cursor.string('a key', scenarioLimits.key)
          cursor.keyword('by')
          return { type: 'read', key, by: cursor.oneOf(['read-index', 'lease'], 'way to read') }
        }),
    },
    transfer: {
      usage: 'transfer NODE to NODE',
      read: (cursor) =>
        operation(cursor, () => {
          cursor.keyword('to')
          return { type: 'transfer', to: cursor.node() }
        }),
    },
    membership: {
      usage: 'membership NODE add-voter|add-learner|remove NODE, … [joint]',
      read: (cursor) =>
        operation(cursor, () => {
          const changes: MembershipChange[] = []
          do {
            const type = cursor.oneOf(['add-voter', 'add-learner', 'remove'], 'change')
            changes.push({ type, node: cursor.node() })
          } while (cursor.accept(','))
          return { type: 'change-membership', changes, joint: cursor.accept('joint') }
        }),
    },
    compact: {
      usage: 'compact NODE keep NUMBER',
      read: (cursor) =>
        operation(cursor, () => {
          cursor.keyword('keep')
          return { type: 'compact', keep: cursor.integer('a number of entries', 0, Number.MAX_SAFE_INTEGER) }
        }),
    },
  },
  printOperation,
  messageKinds,
  expectations,
  hasLeader: true,
}

/** Members of the first configuration, as far as headers name them. */
interface Members {
  readonly voters?: readonly NodeId[]
  readonly outgoing?: readonly NodeId[]
  readonly learners?: readonly NodeId[]
}

export const raftText: TextForm<RaftScenario, Operation> = {
  language: raftLanguage,
  headers: {
    voters: nodesHeader(({ configuration }) => configuration.voters),
    outgoing: nodesHeader(({ configuration }) => configuration.outgoing),
    learners: nodesHeader(({ configuration }) => configuration.learners),
    options: { print: ({ options }) => printRaftOptions(options), read: readRaftOptions },
    network: networkHeader,
    disk: diskHeader,
  },
  complete(parts, { voters, outgoing = [], learners = [], ...headers }: Members, complain) {
    const others = new Set([...outgoing, ...learners])
    const configuration = {
      voters: voters ?? parts.nodes.filter((node) => !others.has(node)).sort(),
      outgoing,
      learners,
    }
    if (configuration.voters.length === 0) complain('there are no voters')
    return completeScenario({ ...parts, ...headers, configuration })
  },
}
