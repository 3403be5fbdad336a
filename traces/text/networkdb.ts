/** The text form of the network database: what it adds to the steps that every surface has. */
import type { NetworkDbOptions, NetworkDbScenario, ScenarioOperation } from '../../models/networkdb/vocabulary.ts'
import { databaseExpectations, splitKey } from '../expect/networkdb.ts'
import { completeNetworkDbScenario, defaultNetworkDbOptions, networkDbMessageKinds } from '../scenario/networkdb.ts'
import { scenarioLimits } from '../scenario/shared.ts'
import { type Cursor, printWord } from './cursor.ts'
import { networkHeader, type TextForm } from './form.ts'
import type { Language, StepReader } from './steps.ts'

type Operation = ScenarioOperation

function printOperation(node: string, operation: Operation): string {
  switch (operation.type) {
    case 'join-network':
    case 'leave-network':
      return `${operation.type} ${node} ${printWord(operation.network)}`
    case 'create':
    case 'update':
      return `${operation.type} ${node} ${printKey(operation)}=${printWord(operation.value)}`
    case 'delete':
    case 'get':
      return `${operation.type} ${node} ${printKey(operation)}`
    case 'leave':
      return `leave ${node}`
    case 'up':
    case 'down':
      return `${operation.type} ${node} ${operation.peer}`
  }
}

const printKey = ({ network, key }: { readonly network: string; readonly key: string }): string =>
  printWord(`${network}/${key}`)

/** The words of the options: durations and counts. */
const words = {
  'gossip-interval': ['gossipInterval', 'duration'],
  'gossip-nodes': ['gossipNodes', 'count'],
  'retransmit-mult': ['retransmitMult', 'count'],
  'bulk-sync': ['bulkSyncInterval', 'duration'],
  'bulk-sync-timeout': ['bulkSyncTimeout', 'duration'],
  'push-pull': ['pushPullInterval', 'duration'],
  'reap-interval': ['reapInterval', 'duration'],
  'reap-period': ['reapPeriod', 'duration'],
} as const satisfies Readonly<Record<string, readonly [keyof NetworkDbOptions, 'duration' | 'count']>>

type Word = keyof typeof words
const names = Object.keys(words) as Word[]

function printNetworkDbOptions(options: NetworkDbOptions): string {
  return names
    .map((name) => {
      const [option, form] = words[name]
      return `${name} ${options[option]}${form === 'duration' ? 'ms' : ''}`
    })
    .join(' ')
}

function readNetworkDbOptions(cursor: Cursor): NetworkDbOptions {
  cursor.usage = `options ${names.map((name) => `${name} ${words[name][1] === 'duration' ? '200ms' : 'N'}`).join(' ')}`
  let options = defaultNetworkDbOptions
  while (!cursor.done()) {
    const [option, form] = words[cursor.oneOf(names, 'option')]
    const column = cursor.column()
    const value = form === 'duration' ? cursor.duration() : cursor.integer('a number', 1, scenarioLimits.count)
    if (value === 0) throw cursor.error('it is at least 1', column)
    options = { ...options, [option]: value }
  }
  return options
}

function readKey(cursor: Cursor): { network: string; key: string } {
  const column = cursor.column()
  const { network, key } = splitKey(cursor.string('NETWORK/KEY', scenarioLimits.key))
  if (!/^[^\s/]+$/.test(network) || key === '') throw cursor.error('expected NETWORK/KEY', column)
  return { network, key }
}

const ofNetwork = (type: 'join-network' | 'leave-network'): StepReader<Operation> => ({
  usage: `${type} NODE NETWORK`,
  read: (cursor) => {
    const node = cursor.node()
    const column = cursor.column()
    const network = cursor.string('a network', scenarioLimits.key)
    if (!/^[^\s/]+$/.test(network)) throw cursor.error('expected a network, without spaces and slashes', column)
    return { step: 'operation', node, operation: { type, network } }
  },
})

const ofValue = (type: 'create' | 'update'): StepReader<Operation> => ({
  usage: `${type} NODE NETWORK/KEY=VALUE`,
  read: (cursor) => {
    const node = cursor.node()
    const place = readKey(cursor)
    cursor.keyword('=')
    const value = cursor.string('a value', scenarioLimits.value)
    return { step: 'operation', node, operation: { type, ...place, value } }
  },
})

const ofKey = (type: 'delete' | 'get'): StepReader<Operation> => ({
  usage: `${type} NODE NETWORK/KEY`,
  read: (cursor) => {
    const node = cursor.node()
    return { step: 'operation', node, operation: { type, ...readKey(cursor) } }
  },
})

const ofPeer = (type: 'up' | 'down'): StepReader<Operation> => ({
  usage: `${type} NODE NODE`,
  read: (cursor) => {
    const node = cursor.node()
    return { step: 'operation', node, operation: { type, peer: cursor.node() } }
  },
})

const networkDbLanguage: Language<Operation> = {
  operations: {
    'join-network': ofNetwork('join-network'),
    'leave-network': ofNetwork('leave-network'),
    create: ofValue('create'),
    update: ofValue('update'),
    delete: ofKey('delete'),
    get: ofKey('get'),
    leave: {
      usage: 'leave NODE',
      read: (cursor) => ({ step: 'operation', node: cursor.node(), operation: { type: 'leave' } }),
    },
    up: ofPeer('up'),
    down: ofPeer('down'),
  },
  printOperation,
  messageKinds: networkDbMessageKinds,
  expectations: databaseExpectations,
  hasLeader: false,
}

export const networkDbText: TextForm<NetworkDbScenario, Operation> = {
  language: networkDbLanguage,
  headers: {
    options: { print: ({ options }) => printNetworkDbOptions(options), read: readNetworkDbOptions },
    network: networkHeader,
  },
  complete: (parts, headers) => completeNetworkDbScenario({ ...parts, ...headers }),
}
