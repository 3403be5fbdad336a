/**
 * A member of a Raft cluster, without any I/O: inputs go in, each with the local time, and an answer comes out.
 * Its rules are methods, one each, laid out in layers: quorums, elections, replication (the leader's side),
 * following (the follower's side), snapshots, committing, changes of membership, reads, transfer.
 */
import type { Answer, Message, Operation, OutgoingMessage } from '../../../models/raft/vocabulary.ts'
import type { Milliseconds, NodeId, WriteId } from '../../../models/vocabulary.ts'
import { carriedBy } from './snapshot.ts'
import { TransferRules } from './transfer.ts'

export class RaftMember extends TransferRules {
  // Inputs

  receive(at: Milliseconds, message: OutgoingMessage): Answer {
    this.begin(at)
    this.handle(message)
    this.settle()
    return this.finish(message.view)
  }

  /** Lets time pass up to `until`, or to the first timer that shows something. */
  advance(at: Milliseconds, until: Milliseconds): Answer {
    this.begin(at)
    for (let due = this.nextDeadline(); due <= until; due = this.nextDeadline()) {
      if (due > this.now) this.now = due
      this.timersDue()
      this.settle()
      if (this.hasShown()) return this.finish()
    }
    if (until > this.now) this.now = until
    return this.finish()
  }

  operate(at: Milliseconds, id: number, operation: Operation): Answer {
    this.begin(at)
    this.carryOut(id, operation)
    this.settle()
    return this.finish()
  }

  /** Writes are acknowledged: they, and those before them, are durable. */
  written(at: Milliseconds, writes: readonly WriteId[]): Answer {
    this.begin(at)
    for (const write of writes) this.writeCompleted(write)
    this.ownVoteCompleted()
    this.ownLogCompleted()
    this.settle()
    return this.finish()
  }

  // Messages

  protected handle(message: OutgoingMessage): void {
    const { from, view } = message
    const peer = this.directory.numberOf(from)
    if (this.isFromRemoved(peer, view))
      return this.send(from, { kind: 'member-removed', term: this.term }, this.afterState())
    if (view.term !== this.term) {
      if (this.isStale(view)) return this.answerStale(from, view)
      if (this.mustIgnore(view)) return
      if (this.mayEnterTermOf(view)) this.becomeFollower(view.term, null)
    }
    this.dispatch(peer, message)
  }

  /** Messages of older terms change nothing. */
  protected isStale(view: Message): boolean {
    return view.term < this.term
  }

  protected mustIgnore(view: Message): boolean {
    return (view.kind === 'request-vote' || view.kind === 'pre-vote') && this.disregardsVotes(view)
  }

  protected dispatch(peer: number, message: OutgoingMessage): void {
    const { from, view } = message
    switch (view.kind) {
      case 'append-entries':
        return this.onAppend(from, view)
      case 'append-entries-response':
        return this.onAppendResponse(peer, view)
      case 'heartbeat':
        return this.onHeartbeat(from, view)
      case 'heartbeat-response':
        return this.onHeartbeatResponse(peer, view)
      case 'request-vote':
        return this.onVoteRequest(from, view)
      case 'request-vote-response':
        return this.onVoteResponse(peer, view)
      case 'pre-vote':
        return this.onPreVote(from, view)
      case 'pre-vote-response':
        return this.onPreVoteResponse(peer, view)
      case 'install-snapshot':
        return this.onSnapshot(from, carriedBy(message)!)
      case 'install-snapshot-response':
        return this.onSnapshotResponse(peer, view)
      case 'timeout-now':
        return this.onTimeoutNow()
      case 'read-index':
        return this.onReadIndex(from, view)
      case 'read-index-response':
        return this.onReadIndexResponse(view)
      case 'member-removed':
        return this.onMemberRemoved()
      case 'propose':
        return this.onForwardedProposal()
    }
  }

  /** Proposals are made at the leader; those that others send are dropped. */
  protected onForwardedProposal(): void {}

  /** Whether the sender was removed, and does not know: it is told so, and nothing else is done. */
  protected isFromRemoved(peer: number, view: Message): boolean {
    return this.removed[peer] === true && !this.membership.has(peer) && view.kind !== 'member-removed'
  }

  /** What follows is for who runs the member to decide; its log will not tell it. */
  protected onMemberRemoved(): void {}

  protected override hearLeader(from: NodeId): void {
    super.hearLeader(from)
    this.noticeLeader()
  }

  // Operations

  protected carryOut(id: number, operation: Operation): void {
    switch (operation.type) {
      case 'propose':
        return this.propose(id, operation.command)
      case 'read':
        return this.read(id, operation.key, operation.by)
      case 'transfer':
        return this.transfer(id, operation.to)
      case 'change-membership':
        return this.changeMembership(id, operation.changes, operation.joint)
      case 'compact':
        return this.compact(id, operation.keep)
    }
  }

  // Timers

  protected override nextDeadline(): Milliseconds {
    let deadline = Math.min(this.transferDeadline, this.readDeadline())
    if (this.role === 'leader') deadline = Math.min(deadline, this.heartbeatDeadline, this.quorumDeadline)
    else if (this.mayCampaign()) deadline = Math.min(deadline, this.electionDeadline)
    return deadline
  }

  protected timersDue(): void {
    const { now } = this
    if (this.transferDeadline <= now) this.transferTimedOut()
    if (this.readDeadline() <= now) this.readTimedOut()
    if (this.role !== 'leader') {
      if (this.electionDeadline <= now && this.mayCampaign()) this.electionTimedOut()
      return
    }
    if (this.quorumDeadline <= now) this.quorumCheckDue()
    if (this.heartbeatDeadline <= now) this.heartbeatDue()
  }

  // Leadership

  protected override leadershipGained(): void {
    if (this.transferTarget !== null) this.endTransfer('failed', 'other-leader')
    super.leadershipGained()
  }

  /** Clients are told before anything else is applied. */
  protected override leadershipLost(): void {
    this.answerLost()
    this.failReads()
  }

  /** A leader serves its control plane once it has applied all that its log held at its election. */
  protected override isReady(): boolean {
    return this.role === 'leader' && this.applied >= this.openingIndex
  }

  protected override afterApplying(): void {
    this.beginReads()
    this.leaveJointIfDue()
    this.stepDownIfRemoved()
  }
}
