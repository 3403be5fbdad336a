/**
 * What no layer alone can see: in the very run in which a mutant is caught, the judges of the network database and of
 * address management are shown what their layer was asked, and what it answered; and find nothing wrong with it.
 */
import { describe, expect, test } from 'vitest'
import type { Decision } from '../../impl/reference/ipam/allocator.ts'
import type { StoreRecord } from '../../impl/reference/ipam/store.ts'
import { AddressBook, swarmPools } from '../../impl/reference/network/address-book.ts'
import { databaseOptions } from '../../impl/reference/network/core.ts'
import { createReference, type ReferenceOptions } from '../../impl/reference/network/session.ts'
import type { NodeSetup } from '../../impl/reference/networkdb/core.ts'
import { NetworkDbNode } from '../../impl/reference/networkdb/node.ts'
import type * as ipam from '../../models/ipam/vocabulary.ts'
import type * as database from '../../models/networkdb/vocabulary.ts'
import type { NetworkScenario } from '../../models/network/vocabulary.ts'
import { createIpamJudge } from '../../properties/ipam/judge.ts'
import type { Violation } from '../../properties/judge.ts'
import { createNetworkDbJudge } from '../../properties/networkdb/judge.ts'
import { createNetworkJudge } from '../../properties/network/judge.ts'
import { runScenario } from '../../traces/run.ts'
import { drawNetworkSchedule } from '../../traces/schedule.ts'
import { networkMutants } from '../mutants/network.ts'
import { hunt } from '../mutants/zoo.ts'

type Database = typeof NetworkDbNode
type Book = typeof AddressBook

/** What the layers beneath were asked, and what they answered. */
interface Log {
  readonly database: { readonly input: database.Input | null; readonly answer: database.Answer }[]
  readonly addresses: { readonly input: ipam.Input; readonly answer: ipam.Answer }[]
}

/** A database and an allocator that keep a log of all that they do. */
function watched(log: Log, Base: Database, BookBase: Book): Pick<ReferenceOptions, 'Database' | 'createBook'> {
  const known = new Set<string>()
  class Watched extends Base {
    readonly node: string

    constructor(setup: NodeSetup) {
      super(setup)
      const { address: node, now: at } = setup
      this.node = node
      const isNew = !known.has(node)
      known.add(node)
      const nothing = { now: at, wake: null, outputs: [], state: null, peers: null, attachments: null, entries: null }
      if (!isNew) log.database.push({ input: { type: 'crash', node, at }, answer: nothing })
      log.database.push({ input: isNew ? null : { type: 'restart', node, at }, answer: super.introduce() })
    }

    private keep(input: database.Input, answer: database.Answer): database.Answer {
      log.database.push({ input, answer })
      return answer
    }

    override receive(...[at, message]: Parameters<NetworkDbNode['receive']>): database.Answer {
      return this.keep({ type: 'deliver', node: this.node, at, message }, super.receive(at, message))
    }

    override advance(at: number, until: number): database.Answer {
      return this.keep({ type: 'advance', node: this.node, at, until }, super.advance(at, until))
    }

    override operate(at: number, id: number, operation: database.Operation): database.Answer {
      return this.keep({ type: 'operation', node: this.node, at, id, operation }, super.operate(at, id, operation))
    }

    override tellPeer(...[at, name, address, status]: Parameters<NetworkDbNode['tellPeer']>): database.Answer {
      const input = { type: 'peer', node: this.node, at, name, address, status } as const
      return this.keep(input, super.tellPeer(at, name, address, status))
    }
  }
  const node = 'allocator'
  const answered = (parts: Partial<ipam.Answer>): ipam.Answer => ({
    now: 0,
    wake: null,
    outputs: [],
    state: null,
    changes: null,
    ...parts,
  })
  let asked = 0
  class WatchedBook extends BookBase {
    override take(records: readonly StoreRecord[]): void {
      super.take(records)
      const isFirst = log.addresses.length === 0
      const state = { leading: false }
      if (!isFirst) log.addresses.push({ input: { type: 'depose', node, at: 0 }, answer: answered({ state }) })
      const changes = this.table.changes()
      const answer = answered({ state: { leading: true }, changes: changes.length === 0 ? null : changes })
      log.addresses.push({ input: { type: 'lead', node, at: 0, keep: [] }, answer })
    }

    override carryOut(operation: ipam.Operation): { decision: Decision; record: StoreRecord | null } {
      const carried = super.carryOut(operation)
      const id = ++asked
      const answer = answered({
        outputs: [{ type: 'result', operation: id, ...carried.decision }],
        changes: carried.record?.changes ?? null,
      })
      log.addresses.push({ input: { type: 'operation', node, at: 0, id, operation }, answer })
      return carried
    }
  }
  return { Database: Watched, createBook: () => new WatchedBook(swarmPools) }
}

function verdictOnDatabase({ nodes, options }: NetworkScenario, { database: log }: Log): Violation | null {
  const judge = createNetworkDbJudge(['networkdb'])
  const initial = log.flatMap(({ input, answer }) => (input === null ? [answer] : []))
  let violation = judge.start({ nodes, options: databaseOptions(options) }, initial)
  for (const { input, answer } of log) if (input !== null) violation ??= judge.step(input, answer, input.at)
  return violation
}

function verdictOnAddresses({ addresses: log }: Log): Violation | null {
  const judge = createIpamJudge(['ipam-core', 'ipam-local', 'ipam-swarm'], false)
  const initial = { now: 0, wake: null, outputs: [], state: { leading: false }, changes: null }
  let violation = judge.start({ nodes: ['allocator'], options: swarmPools }, [initial])
  for (const { input, answer } of log) violation ??= judge.step(input, answer, 0)
  return violation
}

const emptyLog = (): Log => ({ database: [], addresses: [] })
const judge = () => createNetworkJudge(['network-stack', 'network-barrier'])

/** Mutants whose mistake lies between the layers. */
const between = [
  'leaks-in-the-allocator',
  'releases-when-asked-to-stop',
  'forgets-ports-on-failover',
  'forgets-what-was-stopping',
  'releases-before-withdrawal',
  'frees-vip-with-tasks',
  'reuses-at-once',
  'reuses-vip-at-once',
  'reuses-vni-at-once',
  'tells-no-vip',
  'stops-without-a-word',
  'withdraws-ways-only',
  'forgets-ports-of-others',
  'listens-in-on-networks',
  'restarted-nodes-tell-nothing',
  'keeps-ways-to-the-gone',
  'names-the-gone',
]

describe('no layer alone sees', () => {
  test.each(between)('%s', async (name) => {
    const mutant = networkMutants.find((each) => each.name === name)!
    const { finding } = await hunt(mutant, 60)
    const scenario = finding?.scenario as NetworkScenario
    const log = emptyLog()
    const { violation } = runScenario(scenario, mutant.create(watched(log, NetworkDbNode, AddressBook)), judge())
    expect(violation).toEqual(finding!.violation)
    expect(log.database.length).toBeGreaterThan(10)
    expect(log.addresses.length).toBeGreaterThan(0)
    expect(verdictOnDatabase(scenario, log)).toBeNull()
    expect(verdictOnAddresses(log)).toBeNull()
  })
})

describe('the judges of the layers, shown the same', () => {
  const { hello } = createReference()
  const firstWrong = (
    Base: Database,
    BookBase: Book,
    look: (scenario: NetworkScenario, log: Log) => Violation | null,
  ) => {
    for (let seed = 1; seed <= 20; seed++) {
      const log = emptyLog()
      const scenario = drawNetworkSchedule(seed, hello)
      runScenario(scenario, createReference(watched(log, Base, BookBase)), judge(), { record: false })
      const violation = look(scenario, log)
      if (violation !== null) return violation.requirement
    }
    return null
  }

  test('find nothing in the reference', () => {
    expect(firstWrong(NetworkDbNode, AddressBook, verdictOnDatabase)).toBeNull()
    expect(firstWrong(NetworkDbNode, AddressBook, (_, log) => verdictOnAddresses(log))).toBeNull()
  })

  test('find a database that takes what is older', () => {
    class Careless extends NetworkDbNode {
      protected override isNewer(): boolean {
        return true
      }
    }
    expect(firstWrong(Careless, AddressBook, verdictOnDatabase)).toMatch(/^networkdb/)
  })

  test('find an allocator that begins anew behind its last choice', () => {
    class Careless extends AddressBook {
      protected override choose(...[pool]: Parameters<AddressBook['choose']>): bigint | null {
        return this.lowestFree(pool)
      }
    }
    const look = (_: NetworkScenario, log: Log) => verdictOnAddresses(log)
    expect(firstWrong(NetworkDbNode, Careless, look)).toBe('ipam/serial-next')
  })
})
