/** What clients ask for. [ND] networkdb.go */
import type { ClusterEvent, NodeEvent, Operation } from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { never } from '../swim/never.ts'
import type { EntryRecord } from './records.ts'
import { SyncRules } from './syncing.ts'

/** How long a leave waits until others were told. [ND] cluster.go */
const longestWait: Milliseconds = 5_000

type Request<Type extends Operation['type']> = Extract<Operation, { readonly type: Type }>

export abstract class OperationRules extends SyncRules {
  /** Requests to leave that wait until others were told, and how long. */
  protected readonly leavers = new Map<number, Milliseconds>()

  protected carryOut(id: number, operation: Operation): void {
    switch (operation.type) {
      case 'join-network':
        return this.joinNetwork(id, operation.network)
      case 'leave-network':
        return this.leaveNetwork(id, operation.network)
      case 'create':
        return this.create(id, operation)
      case 'update':
        return this.update(id, operation)
      case 'delete':
        return this.delete(id, operation)
      case 'get':
        return this.get(id, operation)
      case 'leave':
        return this.leave(id)
    }
  }

  protected joinNetwork(id: number, network: string): void {
    if (this.isIn(network)) return this.result(id, 'failed', 'already-joined')
    const time = this.tickNetwork()
    this.own.set(network, { time, leaving: false, reapAt: never, synced: false })
    this.noteAttachment(this.name, network)
    this.queueCluster({ type: 'network', event: 'join', name: this.name, network, time })
    this.syncWithAll(id, network)
  }

  protected leaveNetwork(id: number, network: string): void {
    const own = this.own.get(network)
    if (own === undefined || own.leaving) return this.result(id, 'failed', 'not-joined')
    own.time = this.tickNetwork()
    this.queueCluster({ type: 'network', event: 'leave', name: this.name, network, time: own.time })
    own.leaving = true
    own.synced = false
    own.reapAt = this.now + this.rememberAttachmentFor()
    this.noteAttachment(this.name, network)
    this.leaveEntries(network)
    this.forgetNews(network)
    this.abandonJoins(network)
    this.result(id, 'ok', '')
  }

  protected exists(entry: EntryRecord | undefined): entry is EntryRecord {
    return this.visible(entry) !== null
  }

  protected create(id: number, { network, key, value }: Request<'create'>): void {
    if (this.exists(this.find(network, key))) return this.result(id, 'failed', 'exists')
    this.write('create', network, key, value)
    this.result(id, 'ok', '')
  }

  protected update(id: number, { network, key, value }: Request<'update'>): void {
    if (!this.exists(this.find(network, key))) return this.result(id, 'failed', 'not-found')
    this.write('update', network, key, value)
    this.result(id, 'ok', '')
  }

  protected write(event: 'create' | 'update', network: string, key: string, value: string): void {
    const time = this.tickTable()
    const owner = this.name
    this.put(network, key, { owner, time, value, deleting: false, reapAt: never })
    this.queueOwn({ type: 'table', event, network, key, owner, time, value, residual: 0 })
  }

  protected delete(id: number, { network, key }: Request<'delete'>): void {
    const entry = this.find(network, key)
    if (!this.exists(entry)) return this.result(id, 'failed', 'not-found')
    const buried = this.bury(network, key, entry)
    this.queueOwn(this.tableEventOf(network, key, buried))
    this.result(id, 'ok', '')
  }

  protected get(id: number, { network, key }: Request<'get'>): void {
    const value = this.shown(this.find(network, key))
    if (value === null) this.result(id, 'failed', 'not-found')
    else this.result(id, 'ok', '', value)
  }

  protected shown(entry: EntryRecord | undefined): string | null {
    return this.visible(entry)
  }

  // Leaving the cluster

  protected leave(id: number): void {
    if (!this.leaving) {
      this.leaving = true
      this.queueCluster(this.leaveEvent())
    }
    if (this.activePeers().length === 0) return this.result(id, 'ok', '')
    this.leavers.set(id, this.now + longestWait)
  }

  protected leaveEvent(): NodeEvent {
    return { type: 'node', event: 'leave', name: this.name, time: this.tickNetwork() }
  }

  protected override told(events: readonly ClusterEvent[]): void {
    if (!events.some(({ event, name, type }) => type === 'node' && event === 'leave' && name === this.name)) return
    for (const id of this.leavers.keys()) this.result(id, 'ok', '')
    this.leavers.clear()
  }

  protected leaveDeadline(): Milliseconds {
    for (const deadline of this.leavers.values()) return deadline
    return never
  }

  protected leavesTimedOut(): void {
    for (const [id, deadline] of this.leavers) {
      if (deadline > this.now) return
      this.leavers.delete(id)
      this.result(id, 'unknown', 'timeout')
    }
  }
}
