/** The text form of address management: what it adds to the steps that every surface has. */
import type { DefaultPools, IpamOptions, IpamScenario, Operation, PoolRequest } from '../../models/ipam/vocabulary.ts'
import { allocatorExpectations } from '../expect/ipam.ts'
import { completeIpamScenario } from '../scenario/ipam.ts'
import { scenarioLimits } from '../scenario/shared.ts'
import { type Cursor, printWord } from './cursor.ts'
import { diskHeader, type TextForm } from './form.ts'
import type { Language } from './steps.ts'

function printOperation(node: string, operation: Operation): string {
  const { type, pool } = operation
  const line = `${type} ${node} ${printWord(pool)}`
  switch (type) {
    case 'request-pool':
      return [line, ...printRequest(operation)].join(' ')
    case 'release-pool':
      return line
    case 'request-address': {
      const { owner, address, serial } = operation
      const named = address === '' ? '' : ` address ${printWord(address)}`
      return `${line} for ${printWord(owner)}${named}${serial ? ' serial' : ''}`
    }
    case 'release-address':
      return operation.address === ''
        ? `${line} of ${printWord(operation.owner)}`
        : `${line} address ${printWord(operation.address)}`
  }
}

function printRequest({ space, v6, subnet, range, gateway, auxiliary }: PoolRequest): string[] {
  return [
    space,
    ...(v6 ? ['ipv6'] : []),
    ...(subnet === '' ? [] : [`subnet ${printWord(subnet)}`]),
    ...(range === '' ? [] : [`range ${printWord(range)}`]),
    ...(gateway === '' ? [] : [`gateway ${printWord(gateway)}`]),
    ...auxiliary.map((address) => `auxiliary ${printWord(address)}`),
  ]
}

const most = scenarioLimits.key

function readRequest(cursor: Cursor): Operation {
  const pool = cursor.string('the name of a pool', most)
  const space = cursor.oneOf(['local', 'global'], 'address space')
  const v6 = cursor.accept('ipv6')
  const named = (word: string): string => (cursor.accept(word) ? cursor.string(`a ${word}`, most) : '')
  const subnet = named('subnet')
  const range = named('range')
  const gateway = named('gateway')
  const auxiliary: string[] = []
  for (let address = named('auxiliary'); address !== ''; address = named('auxiliary')) auxiliary.push(address)
  return { type: 'request-pool', pool, space, v6, subnet, range, gateway, auxiliary }
}

function printIpamOptions({ defaults, reserved }: IpamOptions): string {
  return [
    ...defaults.map(({ space, block, size }) => `${space} ${printWord(block)} size ${size}`),
    ...reserved.map((network) => `reserved ${printWord(network)}`),
  ].join(' ')
}

const subnetPattern = /^[0-9a-fA-F.:]+\/\d{1,3}$/

function readIpamOptions(cursor: Cursor): IpamOptions {
  cursor.usage = 'options [local|global CIDR size LENGTH]… [reserved CIDR]…'
  const defaults: DefaultPools[] = []
  const reserved: string[] = []
  const subnet = (): string => {
    const column = cursor.column()
    const word = cursor.string('a network', most)
    if (!subnetPattern.test(word)) throw cursor.error('a network such as 10.0.0.0/8 was expected', column)
    return word
  }
  while (!cursor.done()) {
    const word = cursor.oneOf(['local', 'global', 'reserved'], 'option')
    if (word === 'reserved') reserved.push(subnet())
    else {
      const block = subnet()
      cursor.keyword('size')
      defaults.push({ space: word, block, size: cursor.integer('a length', 0, 128) })
    }
  }
  return { defaults, reserved }
}

export const ipamLanguage: Language<Operation> = {
  operations: {
    'request-pool': {
      usage:
        'request-pool NODE POOL local|global [ipv6] [subnet CIDR] [range CIDR] [gateway ADDRESS|auto] [auxiliary ADDRESS]…',
      read: (cursor) => ({ step: 'operation', node: cursor.target(), operation: readRequest(cursor) }),
    },
    'release-pool': {
      usage: 'release-pool NODE POOL',
      read: (cursor) => ({
        step: 'operation',
        node: cursor.target(),
        operation: { type: 'release-pool', pool: cursor.string('the name of a pool', most) },
      }),
    },
    'request-address': {
      usage: 'request-address NODE POOL for OWNER [address ADDRESS] [serial]',
      read: (cursor) => {
        const node = cursor.target()
        const pool = cursor.string('the name of a pool', most)
        cursor.keyword('for')
        const owner = cursor.string('an owner', most)
        const address = cursor.accept('address') ? cursor.string('an address', most) : ''
        const serial = cursor.accept('serial')
        return { step: 'operation', node, operation: { type: 'request-address', pool, owner, address, serial } }
      },
    },
    'release-address': {
      usage: 'release-address NODE POOL of OWNER | address ADDRESS',
      read: (cursor) => {
        const node = cursor.target()
        const pool = cursor.string('the name of a pool', most)
        const owner = cursor.accept('of') ? cursor.string('an owner', most) : ''
        if (owner === '') cursor.keyword('address')
        const address = owner === '' ? cursor.string('an address', most) : ''
        return { step: 'operation', node, operation: { type: 'release-address', pool, address, owner } }
      },
    },
  },
  printOperation,
  messageKinds: [],
  expectations: allocatorExpectations,
  hasLeader: true,
}

export const ipamText: TextForm<IpamScenario, Operation> = {
  language: ipamLanguage,
  headers: {
    options: { print: ({ options }) => printIpamOptions(options), read: readIpamOptions },
    disk: diskHeader,
  },
  complete: (parts, headers) => completeIpamScenario({ ...parts, ...headers }),
}
