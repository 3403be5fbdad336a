/**
 * A node of the layers together, without any I/O: what it runs, what it tells of it, whom it reaches by name; and, while
 * it leads, what it allocates. Its rules are methods, one each.
 */
import type { Answer, Message, Operation, OutgoingMessage } from '../../../models/network/vocabulary.ts'
import type { OutgoingMessage as DatabaseMessage } from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { never } from '../swim/never.ts'
import { ConnectionRules } from './connections.ts'

export class NetworkNode extends ConnectionRules {
  /** When who knows no leader says that it is there. */
  private announceAt = this.now + this.options.controlInterval
  private readonly others = new Map<string, NodeId>(this.setup.known.map((node) => [node, node]))

  // Inputs

  receive(at: Milliseconds, message: OutgoingMessage): Answer {
    this.begin(at)
    this.handle(message)
    this.manage()
    return this.finish(message.view)
  }

  /** Lets time pass up to `until`, or to the first timer that shows something. */
  advance(at: Milliseconds, until: Milliseconds): Answer {
    this.begin(at)
    for (let due = this.nextDeadline(); due <= until; due = this.nextDeadline()) {
      if (due > this.now) this.now = due
      this.timersDue()
      if (this.hasShown()) return this.finish()
    }
    if (until > this.now) this.now = until
    return this.finish()
  }

  operate(at: Milliseconds, id: number, operation: Operation): Answer {
    this.begin(at)
    if (operation.type === 'connect') this.connect(id, operation)
    else if (operation.type === 'connect-port') this.connectPort(id, operation.port)
    else this.decide(id, operation)
    this.manage()
    return this.finish()
  }

  /** The layer below tells of a peer. */
  tellPeer(at: Milliseconds, name: string, address: NodeId, status: 'up' | 'down'): Answer {
    this.begin(at)
    this.absorb(this.database.tellPeer(at, name, address, status))
    if (status === 'down') this.others.delete(name)
    else {
      this.others.set(name, address)
      this.announce([address])
    }
    return this.finish()
  }

  lead(at: Milliseconds, term: number): Answer {
    this.begin(at)
    const { nodes, options, store, parts } = this.setup
    this.manager = new parts.Manager({ nodes, options, store, term, now: at, book: parts.createBook() })
    for (const holding of this.manager.catalogue.holdings()) this.note({ change: 'held', ...holding })
    this.manage()
    return this.finish()
  }

  depose(at: Milliseconds): Answer {
    this.begin(at)
    this.manager = null
    return this.finish()
  }

  // Leading

  protected decide(id: number, operation: Operation): void {
    if (this.manager === null) return this.result(id, 'not-leading')
    const { manager } = this
    let reason: ReturnType<typeof manager.carryOut> = ''
    this.noteHoldings(() => {
      reason = manager.carryOut(operation)
    })
    this.result(id, reason)
  }

  /** Sends what the leader has to say; what it has to say to itself is done at once. */
  protected manage(): void {
    for (;;) {
      const messages = this.manager?.due(this.now) ?? []
      if (messages.length === 0) return
      for (const [to, view] of messages) {
        if (to !== this.address) this.send(to, view)
        else this.confirm(to, view.kind === 'ask' ? this.onAsk(view) : this.onAssign(to, view))
      }
    }
  }

  /** Tells who leads how far this node is. */
  protected confirm(leader: NodeId, status: ReturnType<NetworkNode['onAsk']>): void {
    if (status === null) return
    if (leader !== this.address) this.send(leader, status)
    else this.onStatus(this.address, status)
  }

  protected onStatus(from: NodeId, status: Message & { readonly kind: 'status' }): void {
    this.noteHoldings(() => this.manager?.onStatus(from, status))
  }

  /** Notes what became of all that is allocated. */
  private noteHoldings(change: () => void): void {
    const holdings = () =>
      new Map((this.manager?.catalogue.holdings() ?? []).map((each) => [Object.values(each).join(' '), each]))
    const before = holdings()
    change()
    const after = holdings()
    for (const [key, holding] of before) if (!after.has(key)) this.note({ change: 'freed', ...holding })
    for (const [key, holding] of after) if (!before.has(key)) this.note({ change: 'held', ...holding })
  }

  /** Who knows no leader tells everybody that it is there, until somebody answers who leads. */
  protected announce(to: Iterable<NodeId>): void {
    if (this.leader !== null || this.manager !== null) return
    for (const node of to) this.send(node, this.status())
  }

  // Messages

  protected handle(message: OutgoingMessage): void {
    const { from, view } = message
    switch (view.kind) {
      case 'ask':
        return this.confirm(from, this.onAsk(view))
      case 'assign':
        return this.confirm(from, this.onAssign(from, view))
      case 'status':
        return this.onStatus(from, view)
      case 'frame':
        return this.onFrame(from, view)
      case 'frame-reply':
        return this.answered(view)
      default:
        this.absorb(this.database.receive(this.now, message as DatabaseMessage))
    }
  }

  // Timers

  protected override nextTimer(): Milliseconds {
    return Math.min(this.connectionDeadline(), this.manager?.deadline() ?? never, this.announceDeadline())
  }

  private announceDeadline(): Milliseconds {
    return this.leader === null && this.manager === null ? this.announceAt : never
  }

  protected timersDue(): void {
    this.databaseDue()
    this.connectionsDue()
    if (this.announceDeadline() <= this.now) {
      this.announceAt = this.now + this.options.controlInterval
      this.announce(this.others.values())
    }
    this.manage()
  }
}
