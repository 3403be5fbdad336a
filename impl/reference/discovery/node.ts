/**
 * A node of service discovery, without any I/O: inputs go in, each with the local time, and an answer comes out. Its rules
 * are methods, one each, laid out in layers: records and names, endpoints, the resolver, forwarding.
 */
import type { Answer, Operation, OutgoingMessage, UpstreamReply } from '../../../models/discovery/vocabulary.ts'
import type * as networkdb from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { ForwardingRules } from './forwarding.ts'

export class DiscoveryNode extends ForwardingRules {
  receive(at: Milliseconds, { id, from, to, view, reliable }: OutgoingMessage): Answer {
    this.begin(at)
    const decoded = JSON.parse(view.body) as networkdb.Message
    this.absorb(this.gossip.receive(at, { type: 'message', id, from, to, view: decoded, reliable }))
    return this.finish()
  }

  /** Lets time pass up to `until`, or to the first instant that shows something. */
  advance(at: Milliseconds, until: Milliseconds): Answer {
    this.begin(at)
    for (;;) {
      const limit = Math.min(until, this.ownDeadline())
      if (this.gossipWake <= limit) {
        const answer = this.gossip.advance(this.now, limit)
        this.now = answer.now
        this.absorb(answer)
      } else this.now = Math.max(this.now, limit)
      if (this.ownDeadline() <= this.now) this.waitsEnd()
      if (this.hasShown() || this.now >= until) return this.finish()
    }
  }

  operate(at: Milliseconds, id: number, operation: Operation): Answer {
    this.begin(at)
    this.carryOut(id, operation)
    return this.finish()
  }

  /** The layer below tells of a peer. */
  tellPeer(at: Milliseconds, name: string, address: NodeId, status: 'up' | 'down'): Answer {
    this.begin(at)
    this.absorb(this.gossip.tellPeer(at, name, address, status))
    return this.finish()
  }

  /** A resolver outside has answered. */
  hear(at: Milliseconds, forward: number, reply: UpstreamReply): Answer {
    this.begin(at)
    this.onReply(forward, reply)
    return this.finish()
  }

  protected carryOut(id: number, operation: Operation): void {
    switch (operation.type) {
      case 'attach': {
        const { type: _, ...setting } = operation
        return this.attach(id, setting)
      }
      case 'healthy':
      case 'unhealthy':
      case 'drain':
      case 'detach':
        return this.change(id, operation.type, operation.endpoint)
      case 'query': {
        const { sandbox, name, qtype, transport, size } = operation
        return this.query(id, sandbox, { name, qtype, transport, size })
      }
      case 'garbled':
        return this.receiveBytes(id, operation.sandbox, operation.bytes)
    }
  }
}
