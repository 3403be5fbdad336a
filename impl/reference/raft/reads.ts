/** Linearizable reads without log entries: by a round of leadership confirmation, or by the lease that rounds give. */
import type { Message } from '../../../models/raft/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { MembershipRules } from './changes.ts'
import { never } from './core.ts'

export type ReadRequest = Extract<Message, { kind: 'read-index' }>
export type ReadResponse = Extract<Message, { kind: 'read-index-response' }>

/** Greatest relative error of a clock that leases allow for. */
export const clockDrift = 0.1

/** How many of the latest rounds could still renew the lease. */
const rounds = 64

/** A read on its way to its answer. */
interface Read {
  /** Of this member's client; 0 for a read that was forwarded by another member. */
  readonly operation: number
  readonly key: string
  readonly from: NodeId
  /** Of a forwarded read. */
  readonly request: string
  /** Up to where must be applied before the answer; -1 while that is not known. */
  index: number
  /** The round that must be confirmed; 0 while it has not begun. */
  round: number
}

/** A read that this member has asked the leader for. */
interface ForwardedRead {
  readonly operation: number
  readonly key: string
  readonly request: string
  readonly deadline: Milliseconds
  /** Up to where must be applied before the answer; `never` while that is not known. */
  index: number
}

export abstract class ReadRules extends MembershipRules {
  protected reads: Read[] = []
  protected forwarded: ForwardedRead[] = []
  protected round = 0
  /** By member number: the latest round that it confirmed. */
  protected confirmed: number[] = []
  /** When each of the latest rounds was begun. */
  protected roundBegan: Milliseconds[] = []
  /** Until when no other leader can be elected, as far as clocks go. */
  protected leaseEnd: Milliseconds = -never
  /** A transfer lets its target ignore leases, at any time from then on. */
  protected leaseForfeited = false

  // Rounds

  protected override leadershipGained(): void {
    this.round = 0
    this.confirmed = []
    this.leaseEnd = -never
    this.leaseForfeited = false
    super.leadershipGained()
  }

  protected override nextRound(): number {
    this.round++
    this.confirmed[this.self] = this.round
    this.roundBegan[this.round % rounds] = this.now
    return this.round
  }

  protected override roundConfirmed(peer: number, round: number): void {
    if (round <= (this.confirmed[peer] ?? 0)) return
    this.confirmed[peer] = round
    this.quorumConfirmed(this.confirmedRound())
  }

  /** The latest round that a quorum has confirmed. */
  protected confirmedRound(): number {
    return this.reachedByQuorum(this.confirmed)
  }

  protected quorumConfirmed(round: number): void {
    if (round > 0 && this.round - round < rounds)
      this.leaseEnd = this.roundBegan[round % rounds]! + this.leaseDuration()
    while (this.reads.length > 0 && this.isConfirmed(this.reads[0]!, round)) this.answerRead(this.reads.shift()!)
  }

  /** Only a round that began after the read confirms it. */
  protected isConfirmed(read: Read, round: number): boolean {
    return read.round > 0 && read.round <= round
  }

  /** The lease was of the old configuration; a quorum of the new one may have confirmed more. */
  protected override membershipChanged(): void {
    super.membershipChanged()
    this.leaseEnd = -never
    this.quorumConfirmed(this.confirmedRound())
  }

  // Leases

  /** Who answered a round votes for nobody else for an election timeout of its own clock. */
  protected leaseDuration(): Milliseconds {
    return Math.floor((this.options.electionTimeout * (1 - clockDrift)) / (1 + clockDrift))
  }

  protected holdsLease(): boolean {
    return this.options.checkQuorum && !this.leaseForfeited && this.now < this.leaseEnd
  }

  // Reads

  protected read(operation: number, key: string, by: 'read-index' | 'lease'): void {
    if (by === 'lease' && !this.options.checkQuorum) this.result(operation, 'failed', null, 'no-lease')
    else if (this.role === 'leader') this.readAsLeader(operation, key, by === 'lease')
    else this.forwardRead(operation, key)
  }

  protected readAsLeader(operation: number, key: string, byLease: boolean): void {
    const read = { operation, key, from: this.name, request: '', index: -1, round: 0 }
    if (byLease && this.mayReadInTerm() && this.holdsLease()) {
      read.index = this.readIndex()
      this.answerRead(read)
    } else this.addRead(read)
  }

  /** A leader knows what is committed once it has committed an entry of its own term. */
  protected mayReadInTerm(): boolean {
    return this.hasCommittedInTerm()
  }

  protected readIndex(): number {
    return this.commit
  }

  protected addRead(read: Read): void {
    this.reads.push(read)
    this.beginReads()
  }

  /** Begins the round of all reads that have none yet. */
  protected beginReads(): void {
    const waiting = this.reads.filter(({ round }) => round === 0)
    if (waiting.length === 0 || !this.mayReadInTerm()) return
    const index = this.readIndex()
    const round = this.sendHeartbeats()
    for (const read of waiting) {
      read.index = index
      read.round = round
    }
    this.quorumConfirmed(this.confirmedRound())
  }

  /** A leader has applied all that it has committed. */
  protected answerRead({ operation, key, from, request, index }: Read): void {
    if (from === this.name) return this.result(operation, 'ok', this.store.get(key), '')
    this.send(from, { kind: 'read-index-response', term: this.term, request, index }, this.afterState())
  }

  // Forwarded reads

  protected forwardRead(operation: number, key: string): void {
    if (this.leader === null) return this.result(operation, 'failed', null, 'no-leader')
    const request = `${this.name}-${operation}`
    const deadline = this.now + 2 * this.options.electionTimeout
    this.forwarded.push({ operation, key, request, deadline, index: never })
    this.send(this.leader, { kind: 'read-index', term: this.term, request }, this.afterState())
  }

  protected onReadIndex(from: NodeId, { request }: ReadRequest): void {
    if (this.role === 'leader') this.addRead({ operation: 0, key: '', from, request, index: -1, round: 0 })
  }

  protected onReadIndexResponse({ request, index }: ReadResponse): void {
    for (const read of this.forwarded) if (read.request === request) read.index = index
    this.answerReads()
  }

  protected override answerReads(): void {
    const waiting = this.forwarded
    this.forwarded = []
    for (const read of waiting)
      if (this.mayAnswerRead(read.index)) this.result(read.operation, 'ok', this.store.get(read.key), '')
      else this.forwarded.push(read)
  }

  /** Answered from a state that holds all that was committed when the read was confirmed. */
  protected mayAnswerRead(index: number): boolean {
    return this.applied >= index
  }

  protected readTimedOut(): void {
    while (this.forwarded.length > 0 && this.forwarded[0]!.deadline <= this.now)
      this.result(this.forwarded.shift()!.operation, 'failed', null, 'timed-out')
  }

  protected readDeadline(): Milliseconds {
    return this.forwarded.length === 0 ? never : this.forwarded[0]!.deadline
  }

  /** Reads change nothing, so that those which were not confirmed have surely failed. */
  protected failReads(): void {
    for (const { operation, from } of this.reads)
      if (from === this.name) this.result(operation, 'failed', null, 'lost-leadership')
    this.reads = []
  }
}
