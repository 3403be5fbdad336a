/** Mutants of PreVote and of quorum checks. */
import type { Message } from '../../../models/raft/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import type { VoteRequest } from '../../../impl/reference/raft/elections.ts'
import { RaftMember } from '../../../impl/reference/raft/member.ts'
import { folklore, mutant, type Mutant } from '../mutant.ts'

export const preVote: readonly Mutant[] = [
  mutant({
    name: 'pre-vote-raises-term-of-voter',
    breaks: 'raft/pre-vote-changes-nothing',
    rule: 'A member takes over the term of a pre-vote request.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mayEnterTermOf(message: Message): boolean {
        return super.mayEnterTermOf(message) || (message.kind === 'pre-vote' && message.term > this.term)
      }
    },
  }),
  mutant({
    name: 'pre-candidate-raises-term',
    breaks: 'raft/pre-vote-changes-nothing',
    rule: 'A pre-candidate raises its term before it asks.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override preCampaign(): void {
        this.enterTerm(this.term + 1)
        super.preCampaign()
      }
    },
  }),
  mutant({
    name: 'pre-vote-takes-vote',
    breaks: 'raft/pre-vote-changes-nothing',
    rule: 'Who grants a pre-vote has given its vote away.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override onPreVote(from: NodeId, request: VoteRequest): void {
        if (this.vote === null && this.mayGrantPreVote(request)) this.castVote(from)
        super.onPreVote(from, request)
      }
    },
  }),
  mutant({
    name: 'campaigns-without-pre-vote',
    breaks: 'raft/pre-vote-precedes-campaign',
    rule: 'A member whose timeout ran out campaigns, though PreVote is on.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override electionTimedOut(): void {
        if (this.mayCampaign()) this.campaign(false)
        else this.resetElectionTimer()
      }
    },
  }),
  mutant({
    name: 'campaigns-when-not-all-refused',
    breaks: 'raft/pre-vote-precedes-campaign',
    rule: 'A pre-candidate campaigns when its timeout runs out and one other has granted.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override electionTimedOut(): void {
        const granted = this.votes.filter((vote) => vote === true).length
        if (this.role === 'pre-candidate' && granted > 1 && this.mayCampaign()) this.campaign(false)
        else super.electionTimedOut()
      }
    },
  }),
  mutant({
    name: 'pre-votes-for-stale-log',
    breaks: 'raft/pre-vote-for-up-to-date-log',
    rule: 'The log of a pre-candidate is not compared with the own one.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mayGrantPreVote({ term }: VoteRequest): boolean {
        return term > this.term
      }
    },
  }),
  mutant({
    name: 'pre-votes-for-older-term',
    breaks: 'raft/pre-vote-for-up-to-date-log',
    also: { 'raft/term-never-falls': 'a grant for a term that is over tells a term below that of its sender' },
    rule: 'A pre-vote is granted for a term that is over.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override answerStale(from: NodeId, message: Message): void {
        if (message.kind !== 'pre-vote') return super.answerStale(from, message)
        const { lastIndex, lastTerm, term } = message
        this.answerVote(from, 'pre-vote-response', term, this.isUpToDate(lastIndex, lastTerm))
      }
    },
  }),
  mutant({
    name: 'pre-votes-ask-for-present-term',
    breaks: 'raft/pre-vote-request-tells-own-log',
    rule: 'A pre-vote request carries the present term of its sender.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override requestVotes(kind: VoteRequest['kind'], _term: number, transfer: boolean): void {
        super.requestVotes(kind, this.term, transfer)
      }
    },
  }),
  mutant({
    name: 'pre-votes-ask-with-committed-log',
    breaks: 'raft/pre-vote-request-tells-own-log',
    rule: 'A pre-vote request tells the last committed entry instead of the last one.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override requestVotes(kind: VoteRequest['kind'], term: number, transfer: boolean): void {
        if (kind !== 'pre-vote') return super.requestVotes(kind, term, transfer)
        const view = { kind, term, lastIndex: this.commit, lastTerm: this.log.termAt(this.commit), transfer }
        for (const peer of this.membership.electors)
          if (peer !== this.self) this.send(this.directory.names[peer]!, view, this.afterState())
      }
    },
  }),
  mutant({
    name: 'pre-candidate-waits-for-timeout',
    breaks: 'raft/pre-vote-leads-to-campaign',
    rule: 'A pre-candidate that has won campaigns only when its timeout runs out.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override winElection(): void {
        if (this.role !== 'pre-candidate') super.winElection()
      }
      protected override electionTimedOut(): void {
        if (this.role === 'pre-candidate' && this.hasWon()) this.campaign(false)
        else super.electionTimedOut()
      }
    },
  }),

  // Quorum checks

  mutant({
    name: 'leads-without-quorum',
    breaks: 'raft/leader-steps-down-without-quorum',
    rule: 'A leader does not look whether it hears a quorum.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override hearsQuorum(): boolean {
        return true
      }
    },
  }),
  mutant({
    name: 'heeds-votes-under-leader',
    breaks: 'raft/disregards-votes-under-leader',
    rule: 'A member that hears a leader heeds vote requests of higher terms.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override disregardsVotes(): boolean {
        return false
      }
    },
  }),
  mutant({
    name: 'leader-heeds-votes',
    breaks: 'raft/disregards-votes-under-leader',
    rule: 'Followers disregard candidates while they hear a leader; the leader itself does not.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override disregardsVotes(request: VoteRequest): boolean {
        return this.role !== 'leader' && super.disregardsVotes(request)
      }
    },
  }),
]
