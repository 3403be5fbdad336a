/**
 * The judge of address management: one step at a time. What a node decides is seen in its table at once; what it answers
 * must wait for the store; what the store holds is what the next leader begins with.
 */
import type { Answer, Change, Input, Inspection, IpamOptions, Operation } from '../../models/ipam/vocabulary.ts'
import type { Milliseconds, NodeId, WriteId } from '../../models/vocabulary.ts'
import { allLayers, type Layer } from '../catalogue.ts'
import type { Claims } from '../findings.ts'
import type { Judge, Phase, Violation } from '../judge.ts'
import type { Offset } from '../../models/ipam/addresses.ts'
import { judgeAddressRelease, judgeAddressRequest } from './addresses.ts'
import { Group, type Allocator, type Effect, type Pending } from './group.ts'
import { describe, judgeDisjoint, judgePoolRelease, judgePoolRequest } from './pools.ts'
import { R } from './requirements.ts'
import { judgeResult, nameOf } from './results.ts'
import { ImpossibleChange, Table, type Holder } from './table.ts'
import { TransitionCounts } from './transitions.ts'

/** What the judge needs of a start; the contract's own type has more. */
export interface JudgedStart {
  readonly nodes: readonly NodeId[]
  readonly options: IpamOptions
}

/** How long an operation may take to be answered once faults have ended, in milliseconds of harness time. */
export const settleBound = 5_000

const NO_CHANGES: readonly Change[] = []
const none: readonly never[] = []
const notLeading = ['not-leading'] as const

/** Nobody: the holder of changes by which no address is given. */
const nobody: Holder = {
  owner: 'somebody unknown',
  kind: 'endpoint',
  operation: 0,
  node: '',
  now: 0,
  space: 'local',
  address: '',
  released: true,
}

class IpamJudge implements Judge<JudgedStart, Input, Answer, Inspection> {
  readonly #claims: Claims
  readonly #hasDisk: boolean
  readonly #transitions = new TransitionCounts()
  #group!: Group
  #phase: Phase = 'disturb'

  constructor(claims: Claims, hasDisk: boolean) {
    this.#claims = claims
    this.#hasDisk = hasDisk
  }

  start({ nodes, options }: JudgedStart, initial: readonly Answer[]): Violation | null {
    this.#group = new Group(options, this.#claims, nodes, this.#hasDisk)
    for (const [number, id] of nodes.entries()) {
      const answer = initial[number]
      if (answer !== undefined) this.#begin(this.#group.node(id), answer)
    }
    return this.#group.conclude()
  }

  step(input: Input, answer: Answer, now: number): Violation | null {
    const group = this.#group
    group.now = now
    const node = group.node(input.node)
    group.tested[R.survives]!++
    if (answer.error !== undefined) {
      if (answer.error.kind === 'panic') {
        node.up = false
        node.gone = true
        group.fail(R.survives, node, `panicked: ${answer.error.text}`, 'an answer')
      } else if (input.type === 'operation') node.pending.delete(input.id)
      return group.conclude()
    }
    node.now = answer.now
    try {
      this.#live(node, input, answer)
    } catch (error) {
      if (!(error instanceof ImpossibleChange)) throw error
      group.fail(R.changesByCause, node, error.message, 'changes of what is there')
    }
    return group.conclude()
  }

  #live(node: Allocator, input: Input, answer: Answer): void {
    switch (input.type) {
      case 'crash':
        node.up = false
        node.forget()
        return
      case 'restart':
        node.up = true
        this.#begin(node, answer)
        return
      case 'lead':
        this.#lead(node, input.keep, answer)
        break
      case 'operation':
        this.#operate(node, input.id, input.operation, answer)
        break
      case 'written':
        for (const id of input.writes) if (this.#store(id)) node.durable++
        this.#expectNoChange(node, answer)
        break
      default:
        this.#expectNoChange(node, answer)
    }
    const deposed = input.type === 'depose'
    for (const output of answer.outputs) if (output.type === 'result') judgeResult(this.#group, node, output, deposed)
    if (deposed) this.#depose(node, answer)
    else if (input.type !== 'lead') this.#judgeLeading(node, answer)
    if (node.pending.size > 0 && answer.wake === null) this.#judgeWaiting(node)
  }

  /** Who waits for neither store nor clock will never answer what it has not answered yet. */
  #judgeWaiting(node: Allocator): void {
    if (node.written > node.durable || node.unwritten.length > 0) return
    const [waiting] = node.pending.values()
    const text = `waits for nothing, and has not answered ${nameOf(waiting!.asked)}`
    this.#group.fail(R.answers, node, text, 'an answer')
  }

  /** A life begins: nobody leads by itself, and nothing is known. */
  #begin(node: Allocator, { state, changes }: Answer): void {
    node.forget()
    this.#group.tested[R.onlyLeaderAllocates]!++
    if (state?.leading === true || (changes ?? NO_CHANGES).length > 0)
      this.#group.fail(R.onlyLeaderAllocates, node, 'leads from the start', 'that it waits until it is to lead')
  }

  // Terms

  #lead(node: Allocator, keep: readonly WriteId[], { state, changes }: Answer): void {
    const group = this.#group
    for (const id of keep) this.#store(id)
    group.limbo.clear()
    node.forget()
    node.leading = true
    node.table = new Table(true)
    for (const change of changes ?? NO_CHANGES) node.table.apply(change, this.#holderInStore(change))
    this.#rememberChoices(node.table)
    group.tested[R.restoresTable]!++
    const text = node.table.differenceFrom(group.store)
    if (text !== null) group.fail(R.restoresTable, node, `begins to lead, and ${text}`, 'what the store holds')
    group.tested[R.answers]!++
    if (state?.leading !== true) group.fail(R.answers, node, 'does not lead, although it is to', 'that it leads')
  }

  #holderInStore(change: Change): Holder {
    if (change.change !== 'address') return nobody
    const pool = this.#group.store.pools.get(change.pool)
    return pool?.own.get(pool.ground.offset(change.address)) ?? nobody
  }

  /** What was chosen last in each subnet, as far as the store tells. */
  #rememberChoices(table: Table): void {
    for (const { record, ground } of table.pools.values()) {
      const stored = this.#group.store.pools.get(record.pool)?.ground
      if (stored === undefined) continue
      ground.chosen = stored.chosen
      ground.given = stored.given
    }
  }

  #depose(node: Allocator, { state }: Answer): void {
    const group = this.#group
    group.tested[R.deposedGivesUp]!++
    const [waiting] = node.pending.values()
    if (state?.leading !== false && node.leading) {
      group.fail(R.deposedGivesUp, node, 'leads on, although it was told that another does', 'that it stops')
    } else if (waiting !== undefined) {
      const text = `does not answer ${nameOf(waiting.asked)}, although it was told that another leads`
      group.fail(R.deposedGivesUp, node, text, 'unknown')
    }
    node.leading = false
    node.pending.clear()
    node.unwritten = []
  }

  #judgeLeading(node: Allocator, { state }: Answer): void {
    if (state?.leading === undefined || state.leading === node.leading) return
    const text = state.leading ? 'leads without having been told to' : 'stops leading without having been told to'
    this.#group.fail(R.onlyLeaderAllocates, node, text, 'that it waits to be told')
    node.leading = state.leading
  }

  // The store

  /** Returns whether there was such a write. */
  #store(id: WriteId): boolean {
    const group = this.#group
    const effects = group.limbo.get(id)
    if (effects === undefined) return false
    group.limbo.delete(id)
    for (const effect of effects) this.#storeEffect(effect)
    return true
  }

  #storeEffect({ change, holder, offset, chosen }: Effect): void {
    const { store } = this.#group
    if (change.change === 'pool' || change.change === 'pool-released') return store.apply(change, holder)
    const pool = store.known(change.pool)
    store.applyAddress(pool, change, offset, holder)
    if (chosen >= 0 && change.change === 'address') pool.ground.chosen = chosen
  }

  #expectNoChange(node: Allocator, { changes, outputs }: Answer): void {
    const group = this.#group
    group.tested[R.changesByCause]!++
    if (changes !== null && changes.length > 0)
      group.fail(R.changesByCause, node, `changed ${describe(changes)}, and nobody had asked for it`, 'no change')
    this.#noteWrites(node, outputs)
  }

  #noteWrites(node: Allocator, outputs: Answer['outputs']): void {
    const { limbo } = this.#group
    for (const output of outputs) {
      if (output.type !== 'write') continue
      limbo.set(output.id, node.unwritten)
      node.unwritten = []
      node.written++
    }
  }

  // Operations

  #operate(node: Allocator, id: number, asked: Operation, answer: Answer): void {
    const group = this.#group
    const changes = answer.changes ?? NO_CHANGES
    const pending: Pending = {
      operation: id,
      asked,
      since: group.now,
      granted: false,
      refused: false,
      why: R.answers,
      classWhy: -1,
      allowed: '',
      ground: null,
      expected: -1,
      reasons: notLeading,
      problems: none,
      subnet: null,
      address: null,
      needs: 0,
      holder: null,
      holders: none,
    }
    node.pending.set(id, pending)
    group.tested[R.changesByCause]!++
    if (!node.leading) {
      group.tested[R.onlyLeaderAllocates]!++
      pending.refused = true
      pending.why = R.onlyLeaderAllocates
      pending.allowed = 'a refusal: it does not lead'
      if (changes.length > 0)
        group.fail(R.onlyLeaderAllocates, node, `changed ${describe(changes)}, and does not lead`, pending.allowed)
      return
    }
    const first = this.#decide(node, id, asked, changes, pending)
    for (const change of changes) {
      const holder = holderFor(change, pending, first)
      let offset: Offset = -1
      let chosen: Offset = -1
      if (change.change === 'address' || change.change === 'address-released') {
        const pool = node.table.known(change.pool)
        offset = pool.ground.offset(change.address)
        chosen = pool.ground.chosen
        node.table.applyAddress(pool, change, offset, holder)
      } else node.table.apply(change, holder)
      const effect = { change, holder, offset, chosen }
      if (group.hasDisk) node.unwritten.push(effect)
      else this.#storeEffect(effect)
      if (change.change === 'pool') judgeDisjoint(group, node, change.pool)
    }
    this.#noteChosenGateway(node, asked, pending)
    this.#noteWrites(node, answer.outputs)
    pending.needs = node.written + (node.unwritten.length > 0 ? 1 : 0)
  }

  #decide(node: Allocator, id: number, asked: Operation, changes: readonly Change[], pending: Pending): Holder {
    const group = this.#group
    const holderOf = (kind: Holder['kind'], address: string): Holder => {
      const owner = asked.type === 'request-address' ? asked.owner : `${asked.pool}'s ${kind}`
      const space =
        asked.type === 'request-pool' ? asked.space : (node.table.pools.get(asked.pool)?.record.space ?? 'local')
      return { owner, kind, operation: id, node: node.id, now: group.now, space, address, released: false }
    }
    switch (asked.type) {
      case 'request-pool':
        this.#transitions.pool(node.table, asked.pool, 'request-pool')
        judgePoolRequest(group, node, asked, changes, pending, holderOf)
        return nobody
      case 'release-pool':
        this.#transitions.pool(node.table, asked.pool, 'release-pool')
        judgePoolRelease(group, node, asked.pool, changes, pending)
        return nobody
      case 'request-address': {
        this.#transitions.address(node.table, asked)
        const [first] = changes
        const holder = holderOf('endpoint', first?.change === 'address' ? first.address : '')
        judgeAddressRequest(group, node, asked, changes, pending, holder)
        return holder
      }
      case 'release-address':
        this.#transitions.address(node.table, asked)
        judgeAddressRelease(group, node, asked, changes, pending)
        return nobody
    }
  }

  /** A gateway that the allocator chose is what it chose last in the subnet. */
  #noteChosenGateway(node: Allocator, asked: Operation, { address }: Pending): void {
    if (asked.type !== 'request-pool' || asked.gateway !== 'auto' || address === null) return
    const ground = node.table.pools.get(asked.pool)?.ground
    const offset = ground?.offset(address)
    if (offset === undefined || offset < 0) return
    ground!.chosen = offset
    for (const effect of node.unwritten) if (effect.change.pool === asked.pool) effect.chosen = offset
  }

  inspect(id: NodeId, { state, pools }: Inspection): Violation | null {
    const group = this.#group
    const node = group.node(id)
    if (state.leading !== node.leading)
      group.fail(
        R.onlyLeaderAllocates,
        node,
        `shows that it ${state.leading ? 'leads' : 'does not lead'}`,
        'what it told',
      )
    group.tested[R.changesByCause]!++
    const text = node.leading ? node.table.difference(pools) : null
    if (text !== null) group.fail(R.changesByCause, node, `shows its whole table, and ${text}`, 'what its changes told')
    return group.conclude()
  }

  phase(phase: Phase): Violation | null {
    this.#phase = phase
    return null
  }

  settled(): boolean {
    if (this.#phase !== 'settle') return false
    let leads = false
    for (const node of this.#group.nodes.values()) {
      if (node.pending.size > 0) return false
      leads ||= node.leading && node.up
    }
    return leads
  }

  finish(now: Milliseconds): Violation | null {
    const group = this.#group
    if (this.#phase === 'settle') {
      for (const node of group.nodes.values()) {
        const late = [...node.pending.values()].find(({ since }) => now - since >= settleBound)
        group.tested[R.answers]!++
        if (late !== undefined)
          group.fail(R.answers, node, `has not answered ${nameOf(late.asked)}, of ${late.since} ms`, 'an answer by now')
      }
    }
    return group.conclude()
  }

  advice(): readonly Violation[] {
    return this.#group.advice()
  }

  exercised(): ReadonlyMap<string, number> {
    return this.#group.exercised()
  }

  transitions(): ReadonlyMap<string, number> {
    return this.#transitions.counts()
  }
}

/** Whom a change concerns: of a new pool, its gateway or whoever its auxiliary addresses are for. */
function holderFor(change: Change, { holders }: Pending, first: Holder): Holder {
  if (change.change !== 'address') return nobody
  return holders.find(({ address }) => address === change.address) ?? first
}

/** A judge for what an implementation claims. */
export function createIpamJudge(
  profiles: readonly string[],
  hasDisk = true,
  layers: readonly Layer[] = allLayers,
): Judge<JudgedStart, Input, Answer, Inspection> {
  return new IpamJudge({ profiles: new Set(profiles), layers: new Set(layers) }, hasDisk)
}
