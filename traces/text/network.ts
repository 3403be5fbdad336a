/** The text form of the layers together: what it adds to the steps that every surface has. */
import type { NetworkOptions, NetworkScenario, Operation } from '../../models/network/vocabulary.ts'
import { networkExpectations } from '../expect/network.ts'
import { splitKey } from '../expect/networkdb.ts'
import { completeNetworkScenario, defaultNetworkOptions, networkMessageKinds } from '../scenario/network.ts'
import { scenarioLimits } from '../scenario/shared.ts'
import { type Cursor, printWord } from './cursor.ts'
import { networkHeader, type TextForm } from './form.ts'
import type { Language, StepReader } from './steps.ts'

const most = scenarioLimits.key
const mostPort = 65_535

function printOperation(node: string, operation: Operation): string {
  switch (operation.type) {
    case 'create-network': {
      const subnet = operation.subnet === '' ? '' : ` subnet ${printWord(operation.subnet)}`
      return `create-network ${node} ${printWord(operation.network)}${subnet}`
    }
    case 'remove-network':
      return `remove-network ${node} ${printWord(operation.network)}`
    case 'create-service': {
      const { service, network, mode, port } = operation
      const published = port === 0 ? '' : ` port ${port}`
      return `create-service ${node} ${printWord(service)} on ${printWord(network)} ${mode}${published}`
    }
    case 'remove-service':
      return `remove-service ${node} ${printWord(operation.service)}`
    case 'start-task':
      return `start-task ${node} ${printWord(operation.task)} of ${printWord(operation.service)} on ${operation.on}`
    case 'stop-task':
      return `stop-task ${node} ${printWord(operation.task)}`
    case 'connect':
      return `connect ${node} ${printWord(`${operation.network}/${operation.name}`)}`
    case 'connect-port':
      return `connect-port ${node} ${operation.port}`
  }
}

/** The words of the options: durations and counts. */
const words = {
  'gossip-interval': ['gossipInterval', 'duration'],
  'bulk-sync': ['bulkSyncInterval', 'duration'],
  'push-pull': ['pushPullInterval', 'duration'],
  control: ['controlInterval', 'duration'],
  'connect-timeout': ['connectTimeout', 'duration'],
  detection: ['detection', 'duration'],
  'first-vni': ['firstVni', 'count'],
  'last-vni': ['lastVni', 'count'],
} as const satisfies Readonly<Record<string, readonly [keyof NetworkOptions, 'duration' | 'count']>>

type Word = keyof typeof words
const names = Object.keys(words) as Word[]
const mostVni = 16_777_215

function printOptions(options: NetworkOptions): string {
  return names
    .map((name) => {
      const [option, form] = words[name]
      return `${name} ${options[option]}${form === 'duration' ? 'ms' : ''}`
    })
    .join(' ')
}

function readOptions(cursor: Cursor): NetworkOptions {
  cursor.usage = `options ${names.map((name) => `${name} ${words[name][1] === 'duration' ? '200ms' : 'N'}`).join(' ')}`
  let options = defaultNetworkOptions
  while (!cursor.done()) {
    const [option, form] = words[cursor.oneOf(names, 'option')]
    const column = cursor.column()
    const value = form === 'duration' ? cursor.duration() : cursor.integer('a number', 1, mostVni)
    if (value === 0) throw cursor.error('it is at least 1', column)
    options = { ...options, [option]: value }
  }
  return options
}

function readName(cursor: Cursor, what: string): string {
  const column = cursor.column()
  const name = cursor.string(what, most)
  if (!/^[^\s/]+$/.test(name)) throw cursor.error(`expected ${what}, without spaces and slashes`, column)
  return name
}

const reader = (usage: string, read: (cursor: Cursor) => Operation): StepReader<Operation> => ({
  usage,
  read: (cursor) => {
    const node = cursor.target()
    return { step: 'operation', node, operation: read(cursor) }
  },
})

const networkLanguage: Language<Operation> = {
  operations: {
    'create-network': reader('create-network NODE NETWORK [subnet CIDR]', (cursor) => {
      const network = readName(cursor, 'a network')
      const subnet = cursor.accept('subnet') ? cursor.string('a subnet', most) : ''
      return { type: 'create-network', network, subnet }
    }),
    'remove-network': reader('remove-network NODE NETWORK', (cursor) => ({
      type: 'remove-network',
      network: readName(cursor, 'a network'),
    })),
    'create-service': reader('create-service NODE SERVICE on NETWORK vip|dnsrr [port NUMBER]', (cursor) => {
      const service = readName(cursor, 'a service')
      cursor.keyword('on')
      const network = readName(cursor, 'a network')
      const mode = cursor.oneOf(['vip', 'dnsrr'], 'mode')
      const port = cursor.accept('port') ? cursor.integer('a port', 1, mostPort) : 0
      return { type: 'create-service', service, network, mode, port }
    }),
    'remove-service': reader('remove-service NODE SERVICE', (cursor) => ({
      type: 'remove-service',
      service: readName(cursor, 'a service'),
    })),
    'start-task': reader('start-task NODE TASK of SERVICE on NODE', (cursor) => {
      const task = readName(cursor, 'a task')
      cursor.keyword('of')
      const service = readName(cursor, 'a service')
      cursor.keyword('on')
      return { type: 'start-task', task, service, on: cursor.node() }
    }),
    'stop-task': reader('stop-task NODE TASK', (cursor) => ({ type: 'stop-task', task: readName(cursor, 'a task') })),
    connect: reader('connect NODE NETWORK/SERVICE', (cursor) => {
      const column = cursor.column()
      const { network, key } = splitKey(cursor.string('NETWORK/SERVICE', most))
      if (!/^[^\s/]+$/.test(network) || !/^[^\s/]+$/.test(key)) throw cursor.error('expected NETWORK/SERVICE', column)
      return { type: 'connect', network, name: key }
    }),
    'connect-port': reader('connect-port NODE NUMBER', (cursor) => ({
      type: 'connect-port',
      port: cursor.integer('a port', 1, mostPort),
    })),
  },
  printOperation,
  messageKinds: networkMessageKinds,
  expectations: networkExpectations,
  hasLeader: true,
}

export const networkText: TextForm<NetworkScenario, Operation> = {
  language: networkLanguage,
  headers: {
    options: { print: ({ options }) => printOptions(options), read: readOptions },
    network: networkHeader,
  },
  complete: (parts, headers) => completeNetworkScenario({ ...parts, ...headers }),
}
