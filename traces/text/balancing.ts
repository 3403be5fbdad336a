/** The text form of balancing: what it adds to the steps that every surface has. */
import type {
  BalancingOptions,
  BalancingScenario,
  NamedNetwork,
  Operation,
  Port,
  Protocol,
  PublishMode,
  Route,
  ServiceSpec,
} from '../../models/balancing/vocabulary.ts'
import { balancingExpectations } from '../expect/balancing.ts'
import { balancingMessageKinds, completeBalancingScenario, defaultBalancingOptions } from '../scenario/balancing.ts'
import { scenarioLimits } from '../scenario/shared.ts'
import { type Cursor, printWord } from './cursor.ts'
import { networkHeader, type TextForm } from './form.ts'
import type { Language, StepReader } from './steps.ts'

const protocols: readonly Protocol[] = ['tcp', 'udp', 'sctp']

function printOperation(node: string, operation: Operation): string {
  const start = `${operation.type} ${node}`
  switch (operation.type) {
    case 'create-service':
    case 'update-service':
      return `${start} ${printSpec(operation)}`
    case 'remove-service':
      return `${start} ${printWord(operation.service)}`
    case 'start':
      return `${start} ${printWord(operation.task)} ${printWord(operation.service)}`
    case 'enable':
    case 'disable':
    case 'stop':
      return `${start} ${printWord(operation.task)}`
    case 'down':
    case 'up':
      return `${start} ${operation.peer}`
    case 'connect':
      return `${start} ${printWord(operation.connection)} ${printWord(operation.service)} ${printWord(operation.network)}`
    case 'dial': {
      const { connection, protocol, port, service, target, client } = operation
      const place = port === 0 ? `${printWord(service)} ${target}` : `port ${port}`
      return `${start} ${printWord(connection)} ${protocol} ${place} from ${printWord(client)}`
    }
    case 'request': {
      const { connection, scheme, host, cookie, client } = operation
      const session = cookie === '' ? '' : ` cookie ${printWord(cookie)}`
      return `${start} ${printWord(connection)} ${scheme} ${printWord(host)}${session} from ${printWord(client)}`
    }
    case 'send':
      return `${start} ${printWord(operation.connection)}`
  }
}

function printSpec({ service, mode, networks, ports, routes }: ServiceSpec): string {
  return [
    printWord(service),
    mode,
    ...networks.map((network) => `network ${printWord(network)}`),
    ...ports.map(({ protocol, target, published, mode: how }) => `port ${protocol} ${target} ${published} ${how}`),
    ...routes.map(printRoute),
  ].join(' ')
}

function printRoute({ kind, host, target, sticky, redirect }: Route): string {
  const words = [`route ${kind} ${printWord(host)} ${target}`]
  if (sticky !== '') words.push(`sticky ${printWord(sticky)}`)
  if (redirect !== '') words.push(`redirect ${printWord(redirect)}`)
  return words.join(' ')
}

const text = (cursor: Cursor, what: string): string => cursor.string(what, scenarioLimits.key)

/** A name of something: it is put side by side with others. */
function name(cursor: Cursor, what: string): string {
  const column = cursor.column()
  const word = text(cursor, what)
  if (!/^[^\s/]+$/.test(word)) throw cursor.error(`expected ${what}, without spaces and slashes`, column)
  return word
}

const number = (cursor: Cursor, what: string): number => cursor.integer(what, 0, 99_999)

function readSpec(cursor: Cursor): ServiceSpec {
  const service = name(cursor, 'a service')
  const mode = cursor.oneOf(['vip', 'dnsrr'], 'mode')
  const networks: string[] = []
  const ports: Port[] = []
  const routes: Route[] = []
  while (!cursor.done()) {
    switch (cursor.oneOf(['network', 'port', 'route'], 'part of a service')) {
      case 'network':
        networks.push(name(cursor, 'a network'))
        break
      case 'port':
        ports.push(readPort(cursor))
        break
      case 'route':
        routes.push(readRoute(cursor))
    }
  }
  return { service, mode, networks, ports, routes }
}

function readPort(cursor: Cursor): Port {
  const protocol = cursor.oneOf(protocols, 'protocol')
  const target = number(cursor, 'a port of the task')
  const published = number(cursor, 'a port of the node, or 0')
  const modes: readonly PublishMode[] = ['ingress', 'host']
  return { protocol, target, published, mode: cursor.oneOf(modes, 'mode of a port') }
}

function readRoute(cursor: Cursor): Route {
  const kind = cursor.oneOf(['http', 'sni'], 'kind of route')
  const host = text(cursor, 'a host')
  const target = number(cursor, 'a port of the task, or 0')
  const sticky = cursor.accept('sticky') ? text(cursor, 'a cookie') : ''
  const redirect = cursor.accept('redirect') ? text(cursor, 'an address') : ''
  return { kind, host, target, sticky, redirect }
}

const usageOfSpec =
  'NODE SERVICE vip|dnsrr [network NETWORK]… [port PROTOCOL TARGET PUBLISHED ingress|host]… [route http|sni HOST TARGET [sticky COOKIE] [redirect ADDRESS]]…'

const ofSpec = (type: 'create-service' | 'update-service'): StepReader<Operation> => ({
  usage: `${type} ${usageOfSpec}`,
  read: (cursor) => ({ step: 'operation', node: cursor.node(), operation: { type, ...readSpec(cursor) } }),
})

const ofTask = (type: 'enable' | 'disable' | 'stop'): StepReader<Operation> => ({
  usage: `${type} NODE TASK`,
  read: (cursor) => ({ step: 'operation', node: cursor.node(), operation: { type, task: name(cursor, 'a task') } }),
})

const ofPeer = (type: 'down' | 'up'): StepReader<Operation> => ({
  usage: `${type} NODE NODE`,
  read: (cursor) => ({ step: 'operation', node: cursor.node(), operation: { type, peer: cursor.node() } }),
})

const ofClient = (usage: string, read: (cursor: Cursor, connection: string) => Operation): StepReader<Operation> => ({
  usage,
  read(cursor) {
    const node = cursor.node()
    return { step: 'operation', node, operation: read(cursor, name(cursor, 'a name of the connection')) }
  },
})

function readDial(cursor: Cursor, connection: string): Operation {
  const protocol = cursor.oneOf(protocols, 'protocol')
  let port = 0
  let service = ''
  let target = 0
  if (cursor.accept('port')) port = number(cursor, 'a port')
  else {
    service = name(cursor, 'a service')
    target = number(cursor, 'a port of the task')
  }
  cursor.keyword('from')
  return { type: 'dial', connection, protocol, port, service, target, client: text(cursor, 'a client') }
}

function readRequest(cursor: Cursor, connection: string): Operation {
  const scheme = cursor.oneOf(['http', 'https'], 'scheme')
  const host = text(cursor, 'a host')
  const cookie = cursor.accept('cookie') ? text(cursor, 'a value') : ''
  cursor.keyword('from')
  return { type: 'request', connection, scheme, host, cookie, client: text(cursor, 'a client') }
}

const balancingLanguage: Language<Operation> = {
  operations: {
    'create-service': ofSpec('create-service'),
    'update-service': ofSpec('update-service'),
    'remove-service': {
      usage: 'remove-service NODE SERVICE',
      read: (cursor) => ({
        step: 'operation',
        node: cursor.node(),
        operation: { type: 'remove-service', service: name(cursor, 'a service') },
      }),
    },
    start: {
      usage: 'start NODE TASK SERVICE',
      read(cursor) {
        const node = cursor.node()
        const task = name(cursor, 'a task')
        return { step: 'operation', node, operation: { type: 'start', task, service: name(cursor, 'a service') } }
      },
    },
    enable: ofTask('enable'),
    disable: ofTask('disable'),
    stop: ofTask('stop'),
    down: ofPeer('down'),
    up: ofPeer('up'),
    connect: ofClient('connect NODE CONNECTION SERVICE NETWORK', (cursor, connection) => {
      const service = name(cursor, 'a service')
      return { type: 'connect', connection, service, network: name(cursor, 'a network') }
    }),
    dial: ofClient('dial NODE CONNECTION PROTOCOL port PORT|SERVICE TARGET from CLIENT', readDial),
    request: ofClient('request NODE CONNECTION http|https HOST [cookie VALUE] from CLIENT', readRequest),
    send: ofClient('send NODE CONNECTION', (_, connection) => ({ type: 'send', connection })),
  },
  printOperation,
  messageKinds: balancingMessageKinds,
  expectations: balancingExpectations,
  hasLeader: false,
}

function printOptions({ networks, retryInterval, refreshInterval, connectTimeout }: BalancingOptions): string {
  return [
    ...networks.map(({ network, subnet }) => `network ${printWord(network)} ${printWord(subnet)}`),
    `retry ${retryInterval}ms`,
    `refresh ${refreshInterval}ms`,
    `connect-timeout ${connectTimeout}ms`,
  ].join(' ')
}

const words = { retry: 'retryInterval', refresh: 'refreshInterval', 'connect-timeout': 'connectTimeout' } as const

function readOptions(cursor: Cursor): BalancingOptions {
  cursor.usage = 'options [network NAME SUBNET]… [retry 200ms] [refresh 5s] [connect-timeout 3s]'
  let options = defaultBalancingOptions
  const networks: NamedNetwork[] = []
  while (!cursor.done()) {
    const word = cursor.oneOf(['network', 'retry', 'refresh', 'connect-timeout'], 'option')
    if (word === 'network') {
      const network = name(cursor, 'a network')
      const column = cursor.column()
      const subnet = text(cursor, 'a subnet')
      if (!/^\d{1,3}(\.\d{1,3}){3}\/(1[6-9]|2\d|30)$/.test(subnet))
        throw cursor.error('expected a subnet of IPv4, of a length from 16 to 30', column)
      networks.push({ network, subnet })
      continue
    }
    const column = cursor.column()
    const value = cursor.duration()
    if (value === 0) throw cursor.error('it is at least 1', column)
    options = { ...options, [words[word]]: value }
  }
  return networks.length === 0 ? options : { ...options, networks }
}

export const balancingText: TextForm<BalancingScenario, Operation> = {
  language: balancingLanguage,
  headers: {
    options: { print: ({ options }) => printOptions(options), read: readOptions },
    network: networkHeader,
  },
  complete: (parts, headers) => completeBalancingScenario({ ...parts, ...headers }),
}
