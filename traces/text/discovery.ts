/** The text form of service discovery: what it adds to the steps that every surface has. */
import { garbledBytes, garbledPackets } from '../../models/discovery/rules.ts'
import type {
  DiscoveryOptions,
  DiscoveryScenario,
  EndpointSetting,
  LifeOperation,
  NetworkSetting,
  Question,
  ScenarioOperation,
  ServiceSetting,
  Upstream,
  UpstreamConduct,
} from '../../models/discovery/vocabulary.ts'
import { discoveryExpectations } from '../expect/discovery.ts'
import {
  completeDiscoveryScenario,
  conducts,
  defaultDiscoveryOptions,
  discoveryMessageKinds,
} from '../scenario/discovery.ts'
import { scenarioLimits } from '../scenario/shared.ts'
import { type Cursor, printWord } from './cursor.ts'
import { networkHeader, type TextForm } from './form.ts'
import type { Language, StepReader } from './steps.ts'

type Operation = ScenarioOperation

function printOperation(node: string, operation: Operation): string {
  switch (operation.type) {
    case 'attach':
      return `attach ${node} ${printEndpoint(operation)}`
    case 'replicas':
      return `replicas ${node} ${operation.count} ${printEndpoint(operation.of)}`
    case 'healthy':
    case 'unhealthy':
    case 'drain':
    case 'detach':
      return `${operation.type} ${node} ${operation.endpoint}`
    case 'query':
      return `query ${node} ${operation.sandbox} ${printQuestion(operation)}`
    case 'queries':
      return `queries ${node} ${operation.times} ${operation.sandbox} ${printQuestion(operation)}`
    case 'garbled':
      return `garbled ${node} ${operation.sandbox} ${printWord(nameOfBytes(operation.bytes))}`
    case 'up':
    case 'down':
      return `${operation.type} ${node} ${operation.peer}`
  }
}

const printQuestion = ({ name, qtype, transport, size }: Question): string =>
  [printWord(name), qtype, ...(transport === 'tcp' ? ['tcp'] : []), ...(size === 0 ? [] : [`size ${size}`])].join(' ')

function printEndpoint(setting: EndpointSetting): string {
  const { endpoint, sandbox, network, name, aliases, address, address6, service, checked } = setting
  return [
    `${sandbox} ${endpoint} ${network} as ${name}`,
    ...aliases.map((alias) => `alias ${alias}`),
    `at ${address}`,
    ...(address6 === '' ? [] : [`and ${address6}`]),
    ...(service === null ? [] : [printService(service)]),
    ...(checked ? ['checked'] : []),
  ].join(' ')
}

const printService = ({ name, aliases, vip }: ServiceSetting): string =>
  [`service ${name}`, ...aliases.map((alias) => `alias ${alias}`), ...(vip === '' ? [] : [`vip ${vip}`])].join(' ')

const nameOfBytes = (bytes: string): string =>
  Object.entries(garbledPackets).find(([, each]) => each === bytes)?.[0] ?? bytes

function label(cursor: Cursor, what: string): string {
  const column = cursor.column()
  const word = cursor.string(what, scenarioLimits.key)
  if (!/^[\w.:-]+$/.test(word)) throw cursor.error(`expected ${what}: letters, digits, '.', '_', ':' and '-'`, column)
  return word
}

function address(cursor: Cursor): string {
  const column = cursor.column()
  const word = cursor.string('an address', scenarioLimits.key)
  const octets = word.split('.')
  const fits = octets.length === 4 && octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) < 256)
  if (!fits) throw cursor.error('expected an address such as 10.0.1.2', column)
  return word
}

function labels(cursor: Cursor, keyword: string, what: string): string[] {
  const found: string[] = []
  while (cursor.accept(keyword)) found.push(label(cursor, what))
  return found
}

function readEndpoint(cursor: Cursor): EndpointSetting {
  const sandbox = label(cursor, 'a sandbox')
  const endpoint = label(cursor, 'an endpoint')
  const network = label(cursor, 'a network')
  cursor.keyword('as')
  const name = label(cursor, 'a name')
  const aliases = labels(cursor, 'alias', 'an alias')
  cursor.keyword('at')
  const first = address(cursor)
  const address6 = cursor.accept('and') ? label(cursor, 'an address of IPv6') : ''
  const service = cursor.accept('service') ? readService(cursor) : null
  const checked = cursor.accept('checked')
  return { endpoint, sandbox, network, name, aliases, address: first, address6, service, checked }
}

function readService(cursor: Cursor): ServiceSetting {
  const name = label(cursor, 'the name of a service')
  const aliases = labels(cursor, 'alias', 'an alias')
  return { name, aliases, vip: cursor.accept('vip') ? address(cursor) : '' }
}

function readQuestion(cursor: Cursor): Question {
  const name = cursor.string('a name', 253)
  const qtype = cursor.oneOf(['A', 'AAAA', 'PTR', 'MX', 'SRV', 'TXT'], 'type')
  const transport = cursor.accept('tcp') ? 'tcp' : 'udp'
  const size = cursor.accept('size') ? cursor.integer('a size', 0, 65_535) : 0
  return { name, qtype, transport, size }
}

function readBytes(cursor: Cursor): string {
  const column = cursor.column()
  const word = cursor.string('what is wrong with the bytes, or they themselves', scenarioLimits.value)
  const bytes = (garbledPackets as Readonly<Record<string, string>>)[word] ?? word
  if (garbledBytes.includes(bytes) || /^(?:[0-9a-f]{2})*$/.test(bytes)) return bytes
  throw cursor.error(`expected bytes in hexadecimal, or one of: ${Object.keys(garbledPackets).join(', ')}`, column)
}

// Options

interface World {
  readonly options: DiscoveryOptions
  readonly conducts: readonly UpstreamConduct[]
}

function printWorld({ options, conducts: of }: World): string {
  return [
    ...options.networks.map(({ name, kind, internal }) => `${kind} ${name}${internal ? ' internal' : ''}`),
    ...options.upstreams.map(
      (upstream, place) => `upstream ${upstream.address} ${of[place]!}${upstream.host ? ' host' : ''}`,
    ),
    ...(options.ndots ? ['ndots'] : []),
    `gossip ${options.gossipInterval}ms`,
    `sync ${options.syncInterval}ms`,
  ].join(' ')
}

function readWorld(cursor: Cursor): World {
  cursor.usage =
    'options [overlay|ingress|local NETWORK [internal]]… [upstream ADDRESS CONDUCT [host]]… [ndots] [gossip 200ms] [sync 30s]'
  const networks: NetworkSetting[] = []
  const upstreams: Upstream[] = []
  const conductsOf: UpstreamConduct[] = []
  let { ndots, gossipInterval, syncInterval } = defaultDiscoveryOptions
  const interval = (): number => {
    const column = cursor.column()
    const value = cursor.duration()
    if (value === 0) throw cursor.error('it is at least 1 ms', column)
    return value
  }
  while (!cursor.done()) {
    const word = cursor.oneOf(['overlay', 'ingress', 'local', 'upstream', 'ndots', 'gossip', 'sync'], 'option')
    if (word === 'ndots') ndots = true
    else if (word === 'gossip') gossipInterval = interval()
    else if (word === 'sync') syncInterval = interval()
    else if (word === 'upstream') {
      const server = address(cursor)
      conductsOf.push(cursor.oneOf(conducts, 'conduct'))
      upstreams.push({ address: server, host: cursor.accept('host') })
    } else networks.push({ kind: word, name: label(cursor, 'a network'), internal: cursor.accept('internal') })
  }
  const options = { networks, upstreams, ndots, gossipInterval, syncInterval }
  return {
    options: networks.length === 0 ? { ...options, networks: defaultDiscoveryOptions.networks } : options,
    conducts: conductsOf,
  }
}

// Steps

const ofLife = (type: LifeOperation): StepReader<Operation> => ({
  usage: `${type} NODE ENDPOINT`,
  read: (cursor) => {
    const node = cursor.node()
    return { step: 'operation', node, operation: { type, endpoint: label(cursor, 'an endpoint') } }
  },
})

const ofPeer = (type: 'up' | 'down'): StepReader<Operation> => ({
  usage: `${type} NODE NODE`,
  read: (cursor) => {
    const node = cursor.node()
    return { step: 'operation', node, operation: { type, peer: cursor.node() } }
  },
})

const endpointUsage =
  'SANDBOX ENDPOINT NETWORK as NAME [alias NAME]… at ADDRESS [and ADDRESS6] [service NAME [alias NAME]… [vip ADDRESS]] [checked]'
const questionUsage = 'NAME A|AAAA|PTR|MX|SRV|TXT [tcp] [size OCTETS]'

const discoveryLanguage: Language<Operation> = {
  operations: {
    attach: {
      usage: `attach NODE ${endpointUsage}`,
      read: (cursor) => {
        const node = cursor.node()
        return { step: 'operation', node, operation: { type: 'attach', ...readEndpoint(cursor) } }
      },
    },
    replicas: {
      usage: `replicas NODE COUNT ${endpointUsage}`,
      read: (cursor) => {
        const node = cursor.node()
        const count = cursor.integer('how many', 1, 200)
        return { step: 'operation', node, operation: { type: 'replicas', count, of: readEndpoint(cursor) } }
      },
    },
    healthy: ofLife('healthy'),
    unhealthy: ofLife('unhealthy'),
    drain: ofLife('drain'),
    detach: ofLife('detach'),
    query: {
      usage: `query NODE SANDBOX ${questionUsage}`,
      read: (cursor) => {
        const node = cursor.node()
        const sandbox = label(cursor, 'a sandbox')
        return { step: 'operation', node, operation: { type: 'query', sandbox, ...readQuestion(cursor) } }
      },
    },
    queries: {
      usage: `queries NODE TIMES SANDBOX ${questionUsage}`,
      read: (cursor) => {
        const node = cursor.node()
        const times = cursor.integer('how often', 1, 1_000)
        const sandbox = label(cursor, 'a sandbox')
        return { step: 'operation', node, operation: { type: 'queries', sandbox, times, ...readQuestion(cursor) } }
      },
    },
    garbled: {
      usage: 'garbled NODE SANDBOX BYTES',
      read: (cursor) => {
        const node = cursor.node()
        const sandbox = label(cursor, 'a sandbox')
        return { step: 'operation', node, operation: { type: 'garbled', sandbox, bytes: readBytes(cursor) } }
      },
    },
    up: ofPeer('up'),
    down: ofPeer('down'),
  },
  printOperation,
  messageKinds: discoveryMessageKinds,
  expectations: discoveryExpectations,
  hasLeader: false,
}

export const discoveryText: TextForm<DiscoveryScenario, Operation> = {
  language: discoveryLanguage,
  headers: { options: { print: printWorld, read: readWorld }, network: networkHeader },
  complete: (parts, { options: world, ...headers }) =>
    completeDiscoveryScenario({ ...parts, ...headers, ...(world as World | undefined) }),
}
