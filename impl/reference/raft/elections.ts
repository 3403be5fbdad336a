/** Terms, timeouts, votes: how a follower becomes a leader, and a leader a follower. */
import type { Message } from '../../../models/raft/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { mix, mixText } from '../store/hash.ts'
import { never } from './core.ts'
import { QuorumRules } from './quorums.ts'

export type VoteRequest = Extract<Message, { kind: 'request-vote' | 'pre-vote' }>
export type VoteResponse = Extract<Message, { kind: 'request-vote-response' | 'pre-vote-response' }>

export abstract class ElectionRules extends QuorumRules {
  /** By member number: what each answered to the (pre-)vote under way. */
  protected votes: (boolean | undefined)[] = []
  protected timeoutsDrawn = 0
  protected electionDeadline: Milliseconds = this.now + this.drawElectionTimeout()
  /** When a leader was last heard. A member that restarts may have heard one just before. */
  protected heardAt: Milliseconds = this.incarnation > 0 && this.options.checkQuorum ? this.now : -never

  protected abstract leadershipGained(): void
  protected abstract leadershipLost(): void

  // Timeouts

  /** A new random timeout in [T, 2T). */
  protected drawElectionTimeout(): Milliseconds {
    const { electionTimeout } = this.options
    const draw = mix(mix(mixText(this.seed, this.name), this.incarnation), ++this.timeoutsDrawn)
    return electionTimeout + ((draw >>> 0) % electionTimeout)
  }

  protected resetElectionTimer(): void {
    this.electionDeadline = this.now + this.drawElectionTimeout()
  }

  /**
   * Voters stand for election: those of the configuration in effect, and, while that is not committed, those of the last
   * one that is, since it may take them to commit it.
   */
  protected mayCampaign(): boolean {
    return this.membership.hasElector(this.self) || this.committedMembership().hasElector(this.self)
  }

  protected electionTimedOut(): void {
    if (this.options.preVote) this.preCampaign()
    else this.campaign(false)
  }

  // Roles

  /** Asks whether an election could be won, before the term is raised for it. */
  protected preCampaign(): void {
    this.role = 'pre-candidate'
    this.leader = null
    this.resetElectionTimer()
    this.votes = []
    this.votes[this.self] = true
    if (this.isQuorum(this.votes)) this.campaign(false)
    else this.requestVotes('pre-vote', this.term + 1, false)
  }

  /** Starts an election in the next term. The own vote counts when it is durable. */
  protected campaign(transfer: boolean): void {
    this.role = 'candidate'
    this.leader = null
    this.enterTerm(this.term + 1)
    this.castVote(this.name)
    this.resetElectionTimer()
    this.votes = []
    this.requestVotes('request-vote', this.term, transfer)
  }

  protected requestVotes(kind: VoteRequest['kind'], term: number, transfer: boolean): void {
    const { lastIndex, lastTerm } = this.log
    const view: VoteRequest = { kind, term, lastIndex, lastTerm, transfer }
    for (const peer of this.membership.electors)
      if (peer !== this.self) this.send(this.directory.names[peer]!, view, this.afterState())
  }

  protected becomeLeader(): void {
    this.role = 'leader'
    this.leader = this.name
    this.leadershipGained()
  }

  /** Follows `leader`, which may be unknown, in `term`, which is the current one or a later one. */
  protected becomeFollower(term: number, leader: NodeId | null): void {
    const { role } = this
    this.role = 'follower'
    this.leader = leader
    if (term > this.term) this.enterTerm(term)
    if (role !== 'leader') return
    this.resetElectionTimer()
    this.leadershipLost()
  }

  /** Enters a later term, in which no vote is cast yet. */
  protected enterTerm(term: number): void {
    this.term = term
    this.heardAt = -never
    this.persistTerm()
    if (this.vote !== null) this.castVote(null)
  }

  protected castVote(candidate: NodeId | null): void {
    this.vote = candidate
    this.persistVote()
  }

  /** A leader of the current term was heard. */
  protected hearLeader(from: NodeId): void {
    if (this.role !== 'follower') this.becomeFollower(this.term, from)
    this.leader = from
    this.heardAt = this.now
    this.resetElectionTimer()
  }

  // Requests

  /** While a leader is heard, others' elections are not heeded: it may hold a lease. */
  protected disregardsVotes({ kind, transfer }: VoteRequest): boolean {
    if (transfer) return false
    if (kind === 'request-vote' && !this.options.checkQuorum) return false
    return this.role === 'leader' || this.hearsLeader()
  }

  protected hearsLeader(): boolean {
    return this.now < this.heardAt + this.options.electionTimeout
  }

  protected onVoteRequest(from: NodeId, request: VoteRequest): void {
    const granted = this.mayGrantVote(from, request)
    if (granted) this.grantVote(from)
    this.answerVote(from, 'request-vote-response', this.term, granted)
  }

  protected onPreVote(from: NodeId, request: VoteRequest): void {
    const granted = this.mayGrantPreVote(request)
    this.answerVote(from, 'pre-vote-response', granted ? request.term : this.term, granted)
  }

  protected answerVote(to: NodeId, kind: VoteResponse['kind'], term: number, granted: boolean): void {
    this.send(to, { kind, term, granted }, this.afterState())
  }

  /** One vote a term, for a candidate of this term whose log is up to date. */
  protected mayGrantVote(from: NodeId, { term, lastIndex, lastTerm }: VoteRequest): boolean {
    return term === this.term && this.isFreeToVoteFor(from) && this.isUpToDate(lastIndex, lastTerm)
  }

  protected isFreeToVoteFor(candidate: NodeId): boolean {
    return this.vote === null || this.vote === candidate
  }

  protected mayGrantPreVote({ term, lastIndex, lastTerm }: VoteRequest): boolean {
    return term > this.term && this.isUpToDate(lastIndex, lastTerm)
  }

  /** Whether a log that ends so holds all that this log may have helped to commit. */
  protected isUpToDate(lastIndex: number, lastTerm: number): boolean {
    const { log } = this
    return lastTerm > log.lastTerm || (lastTerm === log.lastTerm && lastIndex >= log.lastIndex)
  }

  protected grantVote(candidate: NodeId): void {
    if (this.vote !== candidate) this.castVote(candidate)
    this.resetElectionTimer()
  }

  // Responses

  protected onVoteResponse(peer: number, { term, granted }: VoteResponse): void {
    if (this.role === 'candidate' && term === this.term) this.countVote(peer, granted)
  }

  protected onPreVoteResponse(peer: number, { term, granted }: VoteResponse): void {
    if (this.role === 'pre-candidate' && (!granted || term === this.term + 1)) this.countVote(peer, granted)
  }

  /** Each member counts once. A grant stands, though an answer to an older request may have refused. */
  protected countVote(peer: number, granted: boolean): void {
    this.votes[peer] = granted || this.votes[peer] === true
    if (this.hasWon()) this.winElection()
    else if (this.hasLost()) this.becomeFollower(this.term, null)
  }

  protected winElection(): void {
    if (this.role === 'pre-candidate') this.campaign(false)
    else this.becomeLeader()
  }

  protected hasWon(): boolean {
    return this.isQuorum(this.votes)
  }

  /** So many refused that those left are no quorum. */
  protected hasLost(): boolean {
    const possible: boolean[] = []
    for (const peer of this.membership.electors) possible[peer] = this.votes[peer] !== false
    return !this.isQuorum(possible)
  }

  /** Votes that are durable count, the own one too. */
  protected ownVoteCompleted(): void {
    if (this.role === 'candidate' && this.isDurable(this.stateWrite)) this.countVote(this.self, true)
  }

  // Terms of messages

  /** Whether a message makes this member enter its term: of later ones all do but pre-votes, asked or granted. */
  protected mayEnterTermOf(message: Message): boolean {
    if (message.term <= this.term || message.kind === 'pre-vote') return false
    return message.kind !== 'pre-vote-response' || !message.granted
  }

  /** Tells the sender of a request of an earlier term of the current one, and confirms nothing in it. */
  protected answerStale(from: NodeId, message: Message): void {
    const { term } = this
    switch (message.kind) {
      case 'request-vote':
        return this.answerVote(from, 'request-vote-response', term, false)
      case 'pre-vote':
        return this.answerVote(from, 'pre-vote-response', term, false)
      case 'append-entries':
        return this.send(
          from,
          {
            kind: 'append-entries-response',
            term,
            success: false,
            index: message.previousIndex,
            hint: 0,
            round: 0,
          },
          this.afterState(),
        )
      case 'heartbeat':
        return this.send(from, { kind: 'heartbeat-response', term, round: 0 }, this.afterState())
      case 'install-snapshot':
        return this.send(
          from,
          { kind: 'install-snapshot-response', term, success: false, index: message.lastIndex },
          this.afterState(),
        )
      default:
        return
    }
  }
}
