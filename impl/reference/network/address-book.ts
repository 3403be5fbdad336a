/** The allocator of addresses, as the leader of the layers together uses it: one request at a time, stored at once. */
import type { IpamOptions, Operation } from '../../../models/ipam/vocabulary.ts'
import { Allocator, type Decision } from '../ipam/allocator.ts'
import type { StoreRecord } from '../ipam/store.ts'

/** The pools of a swarm. [IPAM] ipamutils */
export const swarmPools: IpamOptions = {
  defaults: [{ space: 'global', block: '10.0.0.0/8', size: 24 }],
  reserved: [],
}

export class AddressBook extends Allocator {
  /** What is decided, and what the store has to hold of it; null for nothing. */
  carryOut(operation: Operation): { readonly decision: Decision; readonly record: StoreRecord | null } {
    this.changes = []
    this.cursor = null
    const decision = this.decide(operation)
    const { changes, cursor } = this
    return { decision, record: changes.length === 0 ? null : { changes, cursor } }
  }

  take(records: readonly StoreRecord[]): void {
    this.restore(records)
  }
}
