/** The text form of Serf: what it adds to the steps that every surface has. */
import type { ScenarioOperation, SerfOptions, SerfScenario } from '../../models/serf/vocabulary.ts'
import { serfExpectations } from '../expect/serf.ts'
import { completeSerfScenario, defaultSerfOptions, serfMessageKinds } from '../scenario/serf.ts'
import { scenarioLimits } from '../scenario/shared.ts'
import { type Cursor, printWord } from './cursor.ts'
import { networkHeader, type TextForm } from './form.ts'
import type { Language, StepReader } from './steps.ts'

type Operation = ScenarioOperation

function printOperation(node: string, operation: Operation): string {
  switch (operation.type) {
    case 'join':
      return `join ${node} ${operation.peer}${operation.ignoreOld ? ' ignore-old' : ''}`
    case 'leave':
      return `leave ${node}`
    case 'force-leave':
      return `force-leave ${node} ${operation.member}${operation.prune ? ' prune' : ''}`
    case 'event':
      return `event ${node} ${printPair(operation)}${operation.coalesce ? ' coalesce' : ''}`
    case 'query': {
      const { timeout, nodes, ack, relay } = operation
      const words = [
        ...(timeout === 0 ? [] : [`timeout ${timeout}ms`]),
        ...(ack ? ['ack'] : []),
        ...(relay === 0 ? [] : [`relay ${relay}`]),
        ...nodes.map((each) => `to ${each}`),
      ]
      return ['query', node, printPair(operation), ...words].join(' ')
    }
    case 'up':
    case 'down':
      return `${operation.type} ${node} ${operation.peer}`
    case 'update':
      return `update ${node} ${operation.peer} ${printWord(operation.tags)}`
  }
}

const printPair = ({ name, payload }: { readonly name: string; readonly payload: string }): string =>
  `${printWord(name)}=${printWord(payload)}`

/** The words of the options: durations and counts. */
const words = {
  'gossip-interval': ['gossipInterval', 'duration'],
  'gossip-nodes': ['gossipNodes', 'count'],
  'retransmit-mult': ['retransmitMult', 'count'],
  'push-pull': ['pushPullInterval', 'duration'],
  'stream-timeout': ['streamTimeout', 'duration'],
  'reap-interval': ['reapInterval', 'duration'],
  'reconnect-timeout': ['reconnectTimeout', 'duration'],
  'tombstone-timeout': ['tombstoneTimeout', 'duration'],
  'intent-timeout': ['recentIntentTimeout', 'duration'],
  'reconnect-interval': ['reconnectInterval', 'duration'],
  'broadcast-timeout': ['broadcastTimeout', 'duration'],
  'propagate-delay': ['leavePropagateDelay', 'duration'],
  'event-buffer': ['eventBuffer', 'count'],
  'query-buffer': ['queryBuffer', 'count'],
  'event-size': ['eventSizeLimit', 'count'],
  'query-size': ['querySizeLimit', 'count'],
  'query-timeout-mult': ['queryTimeoutMult', 'count'],
  'answer-delay': ['answerDelay', 'duration'],
} as const satisfies Readonly<Record<string, readonly [keyof SerfOptions, 'duration' | 'count']>>

type Word = keyof typeof words
const names = Object.keys(words) as Word[]

function printSerfOptions(options: SerfOptions): string {
  return names
    .map((name) => {
      const [option, form] = words[name]
      return `${name} ${options[option]}${form === 'duration' ? 'ms' : ''}`
    })
    .join(' ')
}

function readSerfOptions(cursor: Cursor): SerfOptions {
  cursor.usage = `options ${names.map((name) => `${name} ${words[name][1] === 'duration' ? '200ms' : 'N'}`).join(' ')}`
  let options = defaultSerfOptions
  while (!cursor.done()) {
    const [option, form] = words[cursor.oneOf(names, 'option')]
    const column = cursor.column()
    const value = form === 'duration' ? cursor.duration() : cursor.integer('a number', 1, scenarioLimits.count)
    if (value === 0) throw cursor.error('it is at least 1', column)
    options = { ...options, [option]: value }
  }
  return options
}

/** Whether the line ends by this word. */
function readFlag(cursor: Cursor, flag: string): boolean {
  if (cursor.done()) return false
  cursor.keyword(flag)
  return true
}

function readPair(cursor: Cursor): { readonly name: string; readonly payload: string } {
  const name = cursor.string('a name', scenarioLimits.key)
  cursor.keyword('=')
  return { name, payload: cursor.string('a payload', scenarioLimits.value) }
}

function readQuery(cursor: Cursor): Extract<Operation, { readonly type: 'query' }> {
  const asked = readPair(cursor)
  const nodes: string[] = []
  let timeout = 0
  let ack = false
  let relay = 0
  while (!cursor.done()) {
    const word = cursor.oneOf(['timeout', 'ack', 'relay', 'to'] as const, 'word')
    if (word === 'timeout') timeout = cursor.duration()
    else if (word === 'ack') ack = true
    else if (word === 'relay') relay = cursor.integer('a number', 0, scenarioLimits.nodes)
    else nodes.push(cursor.node())
  }
  return { type: 'query', ...asked, timeout, nodes, ack, relay }
}

const ofPeer = (type: 'up' | 'down'): StepReader<Operation> => ({
  usage: `${type} NODE NODE`,
  read: (cursor) => {
    const node = cursor.node()
    return { step: 'operation', node, operation: { type, peer: cursor.node() } }
  },
})

const serfLanguage: Language<Operation> = {
  operations: {
    join: {
      usage: 'join NODE NODE [ignore-old]',
      read: (cursor) => {
        const node = cursor.node()
        const peer = cursor.node()
        return { step: 'operation', node, operation: { type: 'join', peer, ignoreOld: readFlag(cursor, 'ignore-old') } }
      },
    },
    leave: {
      usage: 'leave NODE',
      read: (cursor) => ({ step: 'operation', node: cursor.node(), operation: { type: 'leave' } }),
    },
    'force-leave': {
      usage: 'force-leave NODE NODE [prune]',
      read: (cursor) => {
        const node = cursor.node()
        const member = cursor.node()
        return { step: 'operation', node, operation: { type: 'force-leave', member, prune: readFlag(cursor, 'prune') } }
      },
    },
    event: {
      usage: 'event NODE NAME=PAYLOAD [coalesce]',
      read: (cursor) => {
        const node = cursor.node()
        const event = readPair(cursor)
        return {
          step: 'operation',
          node,
          operation: { type: 'event', ...event, coalesce: readFlag(cursor, 'coalesce') },
        }
      },
    },
    query: {
      usage: 'query NODE NAME=PAYLOAD [timeout DURATION] [ack] [relay N] [to NODE ...]',
      read: (cursor) => ({ step: 'operation', node: cursor.node(), operation: readQuery(cursor) }),
    },
    up: ofPeer('up'),
    down: ofPeer('down'),
    update: {
      usage: 'update NODE NODE TAGS',
      read: (cursor) => {
        const node = cursor.node()
        const peer = cursor.node()
        const tags = cursor.string('tags', scenarioLimits.value)
        return { step: 'operation', node, operation: { type: 'update', peer, tags } }
      },
    },
  },
  printOperation,
  messageKinds: serfMessageKinds,
  expectations: serfExpectations,
  hasLeader: false,
}

export const serfText: TextForm<SerfScenario, Operation> = {
  language: serfLanguage,
  headers: {
    options: { print: ({ options }) => printSerfOptions(options), read: readSerfOptions },
    network: networkHeader,
  },
  complete: (parts, headers) => completeSerfScenario({ ...parts, ...headers }),
}
