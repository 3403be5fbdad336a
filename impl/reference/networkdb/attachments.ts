/** Who takes part in which network, and who is there at all. [ND] delegate.go, nodemgmt.go, event_delegate.go */
import type { Name, NetworkEvent, NodeEvent } from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { never } from '../swim/never.ts'
import { EntryRules } from './entries.ts'
import type { AttachmentRecord, PeerRecord } from './records.ts'

export abstract class AttachmentRules extends EntryRules {
  // Networks

  protected onNetworkEvent(event: NetworkEvent): void {
    this.witnessNetwork(event.time)
    if (this.isOfSelf(event.name)) return
    const known = this.others.get(event.name)?.get(event.network)
    const news = known === undefined ? this.attachNew(event) : this.attachKnown(event, known)
    if (news) this.queueCluster(event)
  }

  protected isOfSelf(name: Name): boolean {
    return name === this.name
  }

  protected attachKnown({ event, name, network, time }: NetworkEvent, known: AttachmentRecord): boolean {
    if (!this.isNewerAttachment(time, known)) return false
    known.time = time
    known.leaving = event === 'leave'
    known.reapAt = known.leaving ? this.now + this.rememberAttachmentFor() : never
    this.noteAttachment(name, network)
    if (known.leaving) this.detached(name, network)
    return true
  }

  protected isNewerAttachment(time: number, known: AttachmentRecord): boolean {
    return time > known.time
  }

  protected detached(name: Name, network: string): void {
    this.dropEntries(name, network)
  }

  /** Of nobody whom the layer below does not know, since it would never tell that he is gone. */
  protected attachNew({ event, name, network, time }: NetworkEvent): boolean {
    if (event === 'leave' || !this.isActive(name)) return false
    let networks = this.others.get(name)
    if (networks === undefined) this.others.set(name, (networks = new Map()))
    networks.set(network, { time, leaving: false, reapAt: never })
    this.noteAttachment(name, network)
    return true
  }

  /** Longer than any entry, so that entries go first. */
  protected rememberAttachmentFor(): Milliseconds {
    return this.options.reapInterval + 5 * this.options.reapPeriod
  }

  protected reapAttachments(): void {
    for (const [network, { reapAt }] of [...this.own])
      if (reapAt <= this.now) this.forgetAttachment(this.own, this.name, network)
    for (const [name, networks] of this.others) {
      for (const [network, { reapAt }] of [...networks]) {
        if (reapAt <= this.now) this.forgetAttachment(networks, name, network)
      }
    }
  }

  private forgetAttachment(from: Map<string, AttachmentRecord>, name: Name, network: string): void {
    from.delete(network)
    this.noteAttachment(name, network)
  }

  protected nextAttachmentAge(): Milliseconds {
    let next = never
    for (const networks of [this.own, ...this.others.values()]) {
      for (const { reapAt } of networks.values()) next = Math.min(next, reapAt)
    }
    return next
  }

  // Nodes

  protected onNodeEvent(event: NodeEvent): void {
    this.witnessNetwork(event.time)
    if (this.isOfSelf(event.name)) return
    const peer = this.peers.get(event.name)
    if (peer === undefined || !this.isNewerNodeEvent(event, peer)) return
    peer.time = event.time
    if (event.event === 'join' || !this.leavesFrom(peer)) return
    this.leaves(peer)
    this.queueCluster(event)
  }

  protected isNewerNodeEvent({ time }: NodeEvent, peer: PeerRecord): boolean {
    return time > peer.time
  }

  /** Who has failed is not heard of any more. */
  protected leavesFrom({ status }: PeerRecord): boolean {
    return status === 'active'
  }

  /** It is gone for good: it is forgotten where it took part, and what it owned. */
  protected leaves(peer: PeerRecord): void {
    // What of it was hidden is not seen to go.
    this.dropEntries(peer.name, null)
    this.setStatus(peer, 'left')
    this.dropAttachments(peer.name)
  }

  protected dropAttachments(name: Name): void {
    for (const network of this.others.get(name)?.keys() ?? []) this.noteAttachment(name, network)
    this.others.delete(name)
  }

  // From below

  protected onPeer(name: Name, address: NodeId, status: 'up' | 'down'): void {
    if (status === 'up') this.peerUp(name, address)
    else this.peerDown(name)
  }

  protected peerUp(name: Name, address: NodeId): void {
    const known = this.peers.get(name)
    if (known === undefined) {
      this.purgeEarlierLives(address)
      this.addPeer(name, address)
      this.meet(this.peers.get(name)!)
      return
    }
    if (known.status === 'active') return
    const wasFailed = known.status === 'failed'
    this.setStatus(known, 'active')
    if (wasFailed) this.showEntries(name)
    this.meet(known)
    if (wasFailed) this.reunite(known)
  }

  /** Who was at this address before is gone, whether or not it said so. */
  protected purgeEarlierLives(address: NodeId): void {
    for (const peer of this.peers.values()) {
      if (peer.address === address && peer.status !== 'left') this.leaves(peer)
    }
  }

  /** Who leaves says so first: all others have failed. */
  protected peerDown(name: Name): void {
    const known = this.peers.get(name)
    if (known === undefined || known.status !== 'active') return
    this.setStatus(known, 'failed')
    this.hideEntries(name)
  }

  /** Somebody is there who was not there before. */
  protected abstract meet(peer: PeerRecord): void
  /** Somebody is back who had failed. */
  protected abstract reunite(peer: PeerRecord): void
}
