/** Mutants of terms, votes and elections. */
import type { Message } from '../../../models/raft/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { MemberSetup } from '../../../impl/reference/raft/core.ts'
import type { VoteRequest, VoteResponse } from '../../../impl/reference/raft/elections.ts'
import { RaftMember } from '../../../impl/reference/raft/member.ts'
import type { Heartbeat } from '../../../impl/reference/raft/replication.ts'
import { folklore, mutant, type Mutant } from '../mutant.ts'

export const elections: readonly Mutant[] = [
  // Terms

  mutant({
    name: 'term-regresses',
    breaks: 'raft/term-never-falls',
    rule: 'A member takes over the term of every message, a lower one too.',
    seenIn: 'willemt/raft#118',
    member: class extends RaftMember {
      protected override isStale({ term }: Message): boolean {
        if (term < this.term) this.enterTerm(term)
        return false
      }
    },
  }),
  mutant({
    name: 'overshoots-term',
    breaks: 'raft/term-rises-by-cause',
    rule: 'A member that sees a higher term enters the term after it.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override becomeFollower(term: number, leader: NodeId | null): void {
        super.becomeFollower(term > this.term ? term + 1 : term, leader)
      }
    },
  }),
  mutant({
    name: 'raises-term-when-stepping-down',
    breaks: 'raft/term-rises-by-cause',
    rule: 'A leader that lost its quorum leaves its term behind when it steps down.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override quorumCheckDue(): void {
        super.quorumCheckDue()
        if (this.role === 'follower') this.enterTerm(this.term + 1)
      }
    },
  }),
  mutant({
    name: 'ignores-terms-of-responses',
    breaks: 'raft/adopts-higher-term',
    rule: 'A higher term is taken over from requests only, not from responses.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mayEnterTermOf(message: Message): boolean {
        return super.mayEnterTermOf(message) && !message.kind.endsWith('-response')
      }
    },
  }),
  mutant({
    name: 'ignores-terms-of-heartbeats',
    breaks: 'raft/adopts-higher-term',
    rule: 'A heartbeat of a higher term is obeyed, but its term is not taken over.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mayEnterTermOf(message: Message): boolean {
        return super.mayEnterTermOf(message) && message.kind !== 'heartbeat'
      }
    },
  }),
  mutant({
    name: 'campaigns-two-terms-ahead',
    breaks: 'raft/campaigns-by-next-term',
    rule: 'A campaign skips a term.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override campaign(transfer: boolean): void {
        this.term++
        super.campaign(transfer)
      }
    },
  }),
  mutant({
    name: 'campaigns-in-same-term',
    breaks: 'raft/campaigns-after-timeout',
    rule: 'A candidate whose election timed out asks again in the same term, and begins no other election.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override campaign(transfer: boolean): void {
        if (this.role !== 'candidate') return super.campaign(transfer)
        this.resetElectionTimer()
        this.requestVotes('request-vote', this.term, transfer)
      }
    },
  }),

  // Votes

  mutant({
    name: 'votes-twice',
    breaks: 'raft/one-vote-per-term',
    rule: 'A vote is granted without a look at whom it was given to in the same term.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override isFreeToVoteFor(): boolean {
        return true
      }
    },
  }),
  mutant({
    name: 'votes-for-stale-log',
    breaks: 'raft/votes-for-up-to-date-log',
    rule: 'The log of a candidate is not compared with the own one.',
    seenIn: 'liferaft',
    member: class extends RaftMember {
      protected override mayGrantVote(from: NodeId, { term }: VoteRequest): boolean {
        return term === this.term && this.isFreeToVoteFor(from)
      }
    },
  }),
  mutant({
    name: 'votes-for-longer-log',
    breaks: 'raft/votes-for-up-to-date-log',
    rule: 'A longer log counts as up to date, whatever its last term.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mayGrantVote(from: NodeId, { term, lastIndex, lastTerm }: VoteRequest): boolean {
        return (
          term === this.term &&
          this.isFreeToVoteFor(from) &&
          (lastIndex > this.log.lastIndex || this.isUpToDate(lastIndex, lastTerm))
        )
      }
    },
  }),
  mutant({
    name: 'votes-for-same-last-term',
    breaks: 'raft/votes-for-up-to-date-log',
    rule: 'Of two logs with the same last term a shorter one counts as up to date too.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mayGrantVote(from: NodeId, { term, lastTerm }: VoteRequest): boolean {
        return term === this.term && this.isFreeToVoteFor(from) && lastTerm >= this.log.lastTerm
      }
    },
  }),
  mutant({
    name: 'leader-votes-for-others',
    breaks: 'raft/grants-only-when-asked',
    rule: 'A leader grants its vote to a candidate of its own term.',
    seenIn: 'daos-stack/raft#70',
    member: class extends RaftMember {
      protected override mayGrantVote(from: NodeId, request: VoteRequest): boolean {
        return (this.role === 'leader' && request.term === this.term) || super.mayGrantVote(from, request)
      }
    },
  }),
  mutant({
    name: 'answers-pre-vote-by-vote',
    breaks: 'raft/grants-only-when-asked',
    rule: 'A pre-vote that is granted is answered as if it had been a vote.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override answerVote(to: NodeId, _kind: VoteResponse['kind'], term: number, granted: boolean): void {
        super.answerVote(to, 'request-vote-response', term, granted)
      }
    },
  }),
  mutant({
    name: 'votes-for-newer-log-only',
    breaks: 'raft/grants-vote',
    rule: 'A candidate whose log is as up to date as the own one, and not more, is refused.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mayGrantVote(from: NodeId, request: VoteRequest): boolean {
        const { lastIndex, lastTerm } = this.log
        const isSame = request.lastIndex === lastIndex && request.lastTerm === lastTerm
        return !isSame && super.mayGrantVote(from, request)
      }
    },
  }),
  mutant({
    name: 'candidate-does-not-vote',
    breaks: 'raft/candidate-votes-for-itself',
    rule: 'A candidate keeps its vote for others.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override castVote(candidate: NodeId | null): void {
        if (candidate !== this.name) super.castVote(candidate)
      }
    },
  }),
  mutant({
    name: 'asks-with-committed-log',
    breaks: 'raft/vote-request-tells-own-log',
    rule: 'A vote request tells the last committed entry instead of the last one.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override requestVotes(kind: VoteRequest['kind'], term: number, transfer: boolean): void {
        if (kind === 'pre-vote') return super.requestVotes(kind, term, transfer)
        const view = { kind, term, lastIndex: this.commit, lastTerm: this.log.termAt(this.commit), transfer }
        for (const peer of this.membership.electors)
          if (peer !== this.self) this.send(this.directory.names[peer]!, view, this.afterState())
      }
    },
  }),
  mutant({
    name: 'asks-with-inflated-term',
    breaks: 'raft/vote-request-tells-own-log',
    rule: 'A vote request tells the term of the campaign as the term of the last entry.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override requestVotes(kind: VoteRequest['kind'], term: number, transfer: boolean): void {
        if (kind === 'pre-vote') return super.requestVotes(kind, term, transfer)
        const view = { kind, term, lastIndex: this.log.lastIndex, lastTerm: term, transfer }
        for (const peer of this.membership.electors)
          if (peer !== this.self) this.send(this.directory.names[peer]!, view, this.afterState())
      }
    },
  }),

  // Winning

  mutant({
    name: 'counts-stale-vote',
    breaks: 'raft/leader-needs-majority',
    rule: 'A vote that was granted in an older term counts for the present campaign.',
    seenIn: 'xraft#33',
    member: class extends RaftMember {
      protected override isStale(view: Message): boolean {
        return super.isStale(view) && view.kind !== 'request-vote-response'
      }
      protected override onVoteResponse(peer: number, { granted }: VoteResponse): void {
        if (this.role === 'candidate') this.countVote(peer, granted)
      }
    },
  }),
  mutant({
    name: 'counts-duplicate-vote',
    breaks: 'raft/leader-needs-majority',
    rule: 'Votes are counted by messages, not by voters: a grant that arrives twice counts for another voter too.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override countVote(peer: number, granted: boolean): void {
        const isAgain = granted && peer !== this.self && this.votes[peer] === true && this.role === 'candidate'
        const other = this.membership.electors.find((elector) => this.votes[elector] === undefined)
        super.countVote(isAgain && other !== undefined ? other : peer, granted)
      }
    },
  }),
  mutant({
    name: 'wins-with-half',
    breaks: 'raft/leader-needs-majority',
    rule: 'Half of the voters elect a leader.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override hasWon(): boolean {
        const { electors } = this.membership
        const granted = electors.filter((elector) => this.votes[elector] === true).length
        return super.hasWon() || (this.role === 'candidate' && 2 * granted >= electors.length)
      }
    },
  }),
  mutant({
    name: 'counts-refusals',
    breaks: 'raft/leader-needs-majority',
    rule: 'A response to a vote request counts as a vote, whatever it says.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override onVoteResponse(peer: number, response: VoteResponse): void {
        super.onVoteResponse(peer, { ...response, granted: true })
      }
    },
  }),
  mutant({
    name: 'waits-for-all-votes',
    breaks: 'raft/leads-when-elected',
    rule: 'A candidate leads only when all voters have answered.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override hasWon(): boolean {
        const waits = this.membership.electors.some((elector) => this.votes[elector] === undefined)
        return super.hasWon() && !(waits && this.role === 'candidate')
      }
    },
  }),
  mutant({
    name: 'refusal-spoils-election',
    breaks: 'raft/leads-when-elected',
    rule: 'A candidate takes up leadership only if it wins while no other voter has refused.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override winElection(): void {
        if (this.role === 'pre-candidate' || !this.votes.includes(false)) super.winElection()
      }
    },
  }),
  mutant({
    name: 'leader-campaigns-when-alone',
    breaks: 'raft/leader-does-not-campaign',
    rule: 'A leader that lost its quorum stands for election again instead of stepping down.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override quorumCheckDue(): void {
        if (this.hearsQuorum()) return super.quorumCheckDue()
        this.leadershipLost()
        this.electionTimedOut()
      }
    },
  }),

  // Following

  mutant({
    name: 'candidate-ignores-leader',
    breaks: 'raft/candidate-follows-leader',
    rule: 'A candidate stays candidate when it hears the leader of its term.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override hearLeader(from: NodeId): void {
        if (this.role !== 'candidate') super.hearLeader(from)
      }
    },
  }),
  mutant({
    name: 'pre-candidate-ignores-leader',
    breaks: 'raft/candidate-follows-leader',
    rule: 'A pre-candidate stays pre-candidate when it hears the leader of its term.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override hearLeader(from: NodeId): void {
        const { role } = this
        super.hearLeader(from)
        if (role === 'pre-candidate') this.role = role
      }
    },
  }),
  mutant({
    name: 'does-not-name-leader',
    breaks: 'raft/follower-knows-leader',
    rule: 'A heartbeat does not tell a follower who leads.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override onHeartbeat(from: NodeId, heartbeat: Heartbeat): void {
        const { leader } = this
        super.onHeartbeat(from, heartbeat)
        if (this.role === 'follower') this.leader = leader
      }
    },
  }),
  mutant({
    name: 'names-whom-it-voted-for',
    breaks: 'raft/follower-knows-leader',
    rule: 'A follower takes the member for its leader to whom it gave its vote.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override hearLeader(from: NodeId): void {
        super.hearLeader(from)
        this.leader = this.vote ?? from
      }
    },
  }),

  // Timeouts

  mutant({
    name: 'short-timeouts',
    breaks: 'raft/waits-before-campaign',
    rule: 'Election timeouts are drawn from half of their least value on.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override drawElectionTimeout(): Milliseconds {
        return super.drawElectionTimeout() - (this.options.electionTimeout >> 1)
      }
    },
  }),
  mutant({
    name: 'heartbeats-do-not-count',
    breaks: 'raft/waits-before-campaign',
    rule: 'Heartbeats do not restart the election timeout.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override onHeartbeat(from: NodeId, heartbeat: Heartbeat): void {
        const { electionDeadline } = this
        super.onHeartbeat(from, heartbeat)
        this.electionDeadline = electionDeadline
      }
    },
  }),
  mutant({
    name: 'campaigns-after-granting',
    breaks: 'raft/waits-before-campaign',
    rule: 'To grant a vote does not restart the election timeout.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override grantVote(candidate: NodeId): void {
        if (this.vote !== candidate) this.castVote(candidate)
      }
    },
  }),
  mutant({
    name: 'long-timeouts',
    breaks: 'raft/campaigns-after-timeout',
    rule: 'Election timeouts are drawn from [2T, 3T).',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override drawElectionTimeout(): Milliseconds {
        return super.drawElectionTimeout() + this.options.electionTimeout
      }
    },
  }),
  mutant({
    name: 'campaigns-once',
    breaks: 'raft/campaigns-after-timeout',
    rule: 'A candidate whose election timed out waits for another to be elected.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override electionTimedOut(): void {
        if (this.role === 'candidate') this.resetElectionTimer()
        else super.electionTimedOut()
      }
    },
  }),
  mutant({
    name: 'strangers-campaign',
    breaks: 'raft/only-voters-campaign',
    rule: 'A node that is no member stands for election.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mayCampaign(): boolean {
        return super.mayCampaign() || !this.membership.has(this.self)
      }
    },
  }),
  mutant({
    name: 'leader-needs-everybody',
    breaks: 'raft/leader-stays-with-quorum',
    rule: 'A leader that has lost contact to one voter steps down.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override hearsQuorum(): boolean {
        return this.membership.electors.every((peer) => peer === this.self || this.progress[peer]!.active)
      }
    },
  }),
  mutant({
    name: 'steps-down-when-asked-to-vote',
    breaks: 'raft/leader-stays-with-quorum',
    rule: 'A leader that is asked for a vote it must disregard steps down.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override disregardsVotes(request: VoteRequest): boolean {
        const disregards = super.disregardsVotes(request)
        if (disregards && this.role === 'leader') this.becomeFollower(this.term, null)
        return disregards
      }
    },
  }),

  // Two leaders

  mutant({
    name: 'resumes-leadership',
    breaks: 'raft/one-leader-per-term',
    rule: 'A member that restarts takes itself for the leader of the term in which it voted for another; no persistence is claimed.',
    seenIn: folklore,
    unclaimed: ['raft-persistence'],
    member: class extends RaftMember {
      constructor(setup: MemberSetup) {
        super(setup)
        if (setup.incarnation > 0 && this.vote !== this.name) this.role = 'leader'
        this.openingIndex = Infinity
        this.seen = this.observe()
      }
    },
  }),
]
