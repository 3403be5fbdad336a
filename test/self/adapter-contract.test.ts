/** What the contract refuses in the answers of the network database and of allocators, word for word. */
import { describe, expect, test } from 'vitest'
import { IpamCheck } from '../../impl/contract/check/ipam.ts'
import { NetworkDbCheck } from '../../impl/contract/check/networkdb.ts'
import type * as ipam from '../../models/ipam/vocabulary.ts'
import type * as networkdb from '../../models/networkdb/vocabulary.ts'
import { defaultIpamOptions, defaultNetworkDbOptions } from '../../traces/scenario.ts'

const advance = { type: 'advance', node: 'n1', at: 0, until: 10 } as const

describe('of the network database', () => {
  const nothing = { now: 0, wake: null, outputs: [], state: null, peers: null, attachments: null, entries: null }
  const state = { name: 'n1', networkClock: 0, tableClock: 0, leaving: false }
  const peer = { name: 'n2', address: 'n2', status: 'active' } as const
  const whole: networkdb.Answer = { ...nothing, state, peers: [peer], attachments: [], entries: [] }
  const attachment = { name: 'n1', network: 'net1', time: 1, status: 'joined' } as const
  const entry = { network: 'net1', key: 'k', owner: 'n1', time: 1, value: 'v', status: 'live' } as const
  const shown: networkdb.Inspection = { state, peers: [peer], attachments: [], entries: [] }
  const view = { kind: 'gossip', events: [] } as const
  const message = { type: 'message', id: 1, from: 'n1', to: 'n2', view, reliable: false } as const

  const begun = (): NetworkDbCheck => {
    const check = new NetworkDbCheck({ nodes: ['n1', 'n2'], options: defaultNetworkDbOptions, seed: 1 })
    expect(check.initial('n1', whole)).toBeNull()
    expect(check.initial('n2', { ...whole, state: { ...state, name: 'n2' } })).toBeNull()
    return check
  }
  const step = (answer: Partial<networkdb.Answer>, input: networkdb.Input = advance, check = begun()) =>
    check.step(input, { ...nothing, ...answer })

  test('nothing is refused of what is right', () => {
    const check = begun()
    expect(step({ attachments: [attachment], entries: [entry], outputs: [message] }, advance, check)).toBeNull()
    expect(check.inspected('n1', { ...shown, attachments: [attachment], entries: [entry] })).toBeNull()
    const forgotten = { network: 'net1', key: 'k', status: 'forgotten' } as const
    expect(step({ entries: [forgotten], state: { tableClock: 3 } }, advance, check)).toBeNull()
    const later = { ...shown, state: { ...state, tableClock: 3 }, attachments: [attachment] }
    expect(check.inspected('n1', later)).toBeNull()
    expect(step({}, { type: 'crash', node: 'n1', at: 0 }, check)).toBeNull()
    const again = { ...whole, peers: [], state: { ...state, name: 'n1.2' } }
    expect(check.step({ type: 'restart', node: 'n1', at: 0 }, again)).toBeNull()
    expect(check.inspected('n1', { ...shown, state: again.state, peers: [] })).toBeNull()
  })

  test.each<[string, Partial<networkdb.Answer>, networkdb.Input | undefined, string]>([
    ['outputs', { outputs: [message, message] }, undefined, 'message id 1 was used before'],
    [
      'outputs',
      { peers: [{ ...peer, address: 'n9' }] },
      undefined,
      'n1 shows a peer at n9, which is no node of the run',
    ],
    ['shown', { state: { name: 'n3' } }, undefined, 'n1 calls itself n3 in the midst of a life'],
    ['shown', whole, { type: 'restart', node: 'n1', at: 0 }, 'n1 starts as n1, the name of another life'],
    [
      'shown',
      { state: { ...state, name: 'n1.2' } },
      { type: 'restart', node: 'n1', at: 0 },
      'n1 must answer a restart with its whole state, and all peers, attachments and entries',
    ],
    [
      'received',
      { received: { kind: 'gossip', events: [{ type: 'node', event: 'join', name: 'n2', time: 1 }] } },
      { type: 'deliver', node: 'n1', at: 0, message: { ...message, from: 'n2', to: 'n1' } },
      'n1 decoded message 1 differently: {"kind":"gossip","events":[{"type":"node"',
    ],
  ])('%s: %j', (rule, answer, input, text) => {
    expect(step(answer, input)).toMatchObject({ rule, text: expect.stringContaining(text) })
  })

  test.each<[Partial<networkdb.Inspection>, string]>([
    [{ state: { ...state, networkClock: 2 } }, 'n1 shows networkClock 2; its answers add up to 0'],
    [{ peers: [] }, 'n1 shows no record of n2; its answers add up to {"name":"n2"'],
    [{ peers: [peer, peer] }, 'n1 shows two records of n2'],
    [{ attachments: [attachment] }, '"status":"joined"}; its answers add up to nothing'],
    [{ entries: [entry] }, '"status":"live"}; its answers add up to nothing'],
  ])('an inspection that shows something else: %j', (parts, text) => {
    expect(begun().inspected('n1', { ...shown, ...parts })).toMatchObject({
      rule: 'folds',
      text: expect.stringContaining(text),
    })
  })
})

describe('of allocators', () => {
  const nothing = { now: 0, wake: null, outputs: [], state: null, changes: null }
  const record = { pool: 'a', space: 'local', subnet: '10.1.0.0/24', range: '' } as const
  const lead: ipam.Input = { type: 'lead', node: 'n1', at: 0, keep: [] }

  const begun = (): IpamCheck => {
    const check = new IpamCheck({ nodes: ['n1', 'n2'], options: defaultIpamOptions, seed: 1 })
    for (const node of ['n1', 'n2']) expect(check.initial(node, { ...nothing, state: { leading: false } })).toBeNull()
    const changes: ipam.Change[] = [
      { change: 'pool', ...record },
      { change: 'address', pool: 'a', address: '10.1.0.1' },
    ]
    expect(check.step(lead, { ...nothing, state: { leading: true }, changes })).toBeNull()
    return check
  }
  const pools = [{ ...record, addresses: ['10.1.0.1'] }]

  test('nothing is refused of what is right', () => {
    const check = begun()
    expect(check.inspected('n1', { state: { leading: true }, pools })).toBeNull()
    const freed: ipam.Change = { change: 'address-released', pool: 'a', address: '10.1.0.1' }
    expect(check.step(advance, { ...nothing, changes: [freed], outputs: [{ type: 'write', id: 1 }] })).toBeNull()
    expect(check.inspected('n1', { state: { leading: true }, pools: [{ ...record, addresses: [] }] })).toBeNull()
    const again: ipam.Change[] = [{ change: 'address', pool: 'a', address: '10.1.0.2' }]
    expect(check.step(advance, { ...nothing, changes: again })).toBeNull()
    // A pool that is released takes its addresses with it.
    expect(check.step(advance, { ...nothing, changes: [{ change: 'pool-released', pool: 'a' }] })).toBeNull()
    expect(check.inspected('n1', { state: { leading: true }, pools: [] })).toBeNull()
    expect(check.step({ type: 'crash', node: 'n1', at: 0 }, nothing)).toBeNull()
    expect(check.step({ type: 'restart', node: 'n1', at: 0 }, { ...nothing, state: { leading: false } })).toBeNull()
  })

  test('what makes no sense is for the judge to say', () => {
    const changes: ipam.Change[] = [
      { change: 'address', pool: 'unknown', address: '10.9.0.1' },
      { change: 'address-released', pool: 'a', address: '10.1.0.9' },
      { change: 'pool-released', pool: 'unknown' },
    ]
    const check = begun()
    expect(check.step(advance, { ...nothing, changes })).toBeNull()
    expect(check.inspected('n1', { state: { leading: true }, pools })).toBeNull()
  })

  test.each<[string, ipam.Input, Partial<ipam.Answer>, string]>([
    ['shown', lead, {}, 'n1 must answer lead with its whole table'],
    [
      'shown',
      { type: 'restart', node: 'n1', at: 0 },
      {},
      'n1 must answer a restart with its whole state, and no table',
    ],
    ['outputs', advance, { outputs: [2, 1].map((id) => ({ type: 'write', id })) }, 'n1 used write id 1, and'],
  ])('%s: %j, %j', (rule, input, answer, text) => {
    expect(begun().step(input, { ...nothing, ...answer })).toMatchObject({ rule, text: expect.stringContaining(text) })
  })

  test.each<[Partial<ipam.Inspection>, string]>([
    [{ state: { leading: false } }, 'n1 shows leading false; its answers add up to true'],
    [{ pools: [] }, 'n1 shows no record of a; its answers add up to'],
    [{ pools: [{ ...record, addresses: [] }] }, 'n1 shows no record of 10.1.0.1 in a'],
    [{ pools: [{ ...record, addresses: ['10.1.0.1', '10.1.0.2'] }] }, '"address":"10.1.0.2"}; its answers add up to'],
  ])('an inspection that shows something else: %j', (parts, text) => {
    const shown = { state: { leading: true }, pools, ...parts }
    expect(begun().inspected('n1', shown)).toMatchObject({ rule: 'folds', text: expect.stringContaining(text) })
  })
})
