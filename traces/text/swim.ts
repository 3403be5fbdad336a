/** The text form of SWIM: what it adds to the steps that every surface has. */
import type { Operation, SwimOptions, SwimScenario } from '../../models/swim/vocabulary.ts'
import { tableExpectations } from '../expect/swim.ts'
import { scenarioLimits } from '../scenario/shared.ts'
import { completeSwimScenario, defaultSwimOptions, swimMessageKinds } from '../scenario/swim.ts'
import { type Cursor, printWord } from './cursor.ts'
import { networkHeader, nodesHeader, type TextForm } from './form.ts'
import type { Language } from './steps.ts'

function printOperation(node: string, operation: Operation): string {
  switch (operation.type) {
    case 'join':
      return `join ${node} to ${operation.to.join(' ')}`
    case 'leave':
      return `leave ${node}`
    case 'update':
      return `update ${node} ${printWord(operation.meta)}`
  }
}

/** The words of the options: durations, counts and switches. */
const words = {
  'probe-interval': ['probeInterval', 'duration'],
  'probe-timeout': ['probeTimeout', 'duration'],
  'indirect-checks': ['indirectChecks', 'count'],
  'suspicion-mult': ['suspicionMult', 'count'],
  'suspicion-max': ['suspicionMaxTimeoutMult', 'count'],
  'awareness-max': ['awarenessMaxMultiplier', 'count'],
  'retransmit-mult': ['retransmitMult', 'count'],
  'gossip-interval': ['gossipInterval', 'duration'],
  'gossip-nodes': ['gossipNodes', 'count'],
  'gossip-to-the-dead': ['gossipToTheDead', 'duration'],
  'push-pull': ['pushPullInterval', 'duration'],
  'stream-timeout': ['streamTimeout', 'duration'],
  'stream-ping': ['streamPing', 'switch'],
} as const satisfies Readonly<Record<string, readonly [keyof SwimOptions, 'duration' | 'count' | 'switch']>>

type Word = keyof typeof words
const names = Object.keys(words) as Word[]

function printSwimOptions(options: SwimOptions): string {
  return names
    .map((name) => {
      const [option, form] = words[name]
      const value = options[option]
      return `${name} ${form === 'duration' ? `${Number(value)}ms` : form === 'count' ? Number(value) : value === true ? 'on' : 'off'}`
    })
    .join(' ')
}

function readSwimOptions(cursor: Cursor): SwimOptions {
  cursor.usage = `options ${names.map((name) => `${name} ${{ duration: '200ms', count: 'N', switch: 'on|off' }[words[name][1]]}`).join(' ')}`
  let options = defaultSwimOptions
  while (!cursor.done()) {
    const [option, form] = words[cursor.oneOf(names, 'option')]
    const column = cursor.column()
    const value =
      form === 'duration'
        ? cursor.duration()
        : form === 'count'
          ? cursor.integer('a number', 0, scenarioLimits.count)
          : cursor.oneOf(['on', 'off'], 'switch') === 'on'
    if (value === 0 && !mayBeZero.includes(option)) throw cursor.error('it is at least 1', column)
    options = { ...options, [option]: value }
  }
  return options
}

/** Options that 0 switches off. */
export const mayBeZero: readonly (keyof SwimOptions)[] = ['indirectChecks', 'gossipToTheDead', 'pushPullInterval']

const swimLanguage: Language<Operation> = {
  operations: {
    join: {
      usage: 'join NODE to NODE…',
      read: (cursor) => {
        const node = cursor.node()
        cursor.keyword('to')
        return { step: 'operation', node, operation: { type: 'join', to: cursor.nodes() } }
      },
    },
    leave: {
      usage: 'leave NODE',
      read: (cursor) => ({ step: 'operation', node: cursor.node(), operation: { type: 'leave' } }),
    },
    update: {
      usage: 'update NODE TEXT',
      read: (cursor) => {
        const node = cursor.node()
        return {
          step: 'operation',
          node,
          operation: { type: 'update', meta: cursor.string('a text', scenarioLimits.value) },
        }
      },
    },
  },
  printOperation,
  messageKinds: swimMessageKinds,
  expectations: tableExpectations,
  hasLeader: false,
}

export const swimText: TextForm<SwimScenario, Operation> = {
  language: swimLanguage,
  headers: {
    members: nodesHeader(({ members }) => members),
    options: { print: ({ options }) => printSwimOptions(options), read: readSwimOptions },
    network: networkHeader,
  },
  complete: (parts, headers) => completeSwimScenario({ ...parts, ...headers }),
}
