/** What elections allow: campaigns, votes and pre-votes, and what their answers bring. */
import type { Role } from '../vocabulary.ts'
import {
  canStillWin,
  countsAnswer,
  couldStillVote,
  isStale,
  logUpToDate,
  mayGrantPreVote,
  mayGrantVote,
  nextTerm,
} from '../rules.ts'
import { follows, keeps, staying } from './pattern.ts'
import type { Pattern, Rule } from './pattern.ts'
import { NOBODY, SELF, VOTERS, lastTerm } from './state.ts'
import type { InputOf, MemberContext, ReplyKind } from './state.ts'

type Request = InputOf<'request-vote' | 'pre-vote'>
type Answer = InputOf<'request-vote-response' | 'pre-vote-response'>

export function electionTimeout(role: Role): Rule<'election-timeout'>[] {
  if (role === 'leader') {
    return [{ name: 'leads on', to: ['leader'], allows: (context) => keeps(context, { grows: true }) }]
  }
  const campaigns: Rule<'election-timeout'> = {
    name: 'campaigns',
    to: ['candidate'],
    allows: (context) => (context.preVote ? null : campaign(context)),
  }
  const asks: Rule<'election-timeout'> = {
    name: 'asks for pre-votes',
    to: ['pre-candidate'],
    allows: (context) => (context.preVote ? keeps(context, { leader: NOBODY }) : null),
  }
  const asksUnder: Rule<'election-timeout'> = {
    name: 'asks for pre-votes and still names its leader',
    to: ['pre-candidate'],
    allows: (context) =>
      context.preVote && context.leader !== NOBODY ? keeps(context, { mustNameLeader: true }) : null,
  }
  if (role === 'follower') return [campaigns, asksUnder, asks]
  const givesUp: Rule<'election-timeout'> = { name: 'gives up', to: ['follower'], allows: (context) => keeps(context) }
  // With PreVote off nobody is a pre-candidate.
  return role === 'candidate' ? [campaigns, asks, givesUp] : [asksUnder, asks, givesUp]
}

function campaign(context: MemberContext): Pattern {
  return keeps(context, { term: nextTerm(context.term), vote: SELF, leader: NOBODY })
}

function upToDate({ log }: MemberContext, { lastTerm: term, lastIndex }: Request): boolean {
  return logUpToDate(term, lastIndex, lastTerm(log), log.length)
}

/** What follows of a message that is of the past, or that brings a newer term and nothing else. */
function ofAnotherTerm(role: Role): Rule<'request-vote-response' | 'pre-vote-response'>[] {
  return [
    {
      name: 'older term',
      to: staying(role),
      allows: (context, { term }) => (isStale(context.term, term) ? keepsOffice(role, context) : null),
    },
    {
      name: 'newer term',
      to: ['follower'],
      allows: (context, { term, granted }) => (term > context.term && !granted ? follows(context, term) : null),
    },
  ]
}

/** Everything stays, but that a leader may add to its log. */
export function keepsOffice(role: Role, context: MemberContext, changes: Partial<Pattern> = {}): Pattern {
  return keeps(context, { grows: role === 'leader', ...changes })
}

export function requestVote(role: Role): Rule<'request-vote'>[] {
  const refuses = (context: MemberContext): Pattern => keepsOffice(role, context, { replies: ['refused'] })
  const rules: Rule<'request-vote'>[] = [
    {
      name: 'older term',
      to: staying(role),
      allows: (context, { term }) =>
        isStale(context.term, term) ? keepsOffice(role, context, { replies: ['refused', 'none'] }) : null,
    },
    {
      name: 'newer term, grants',
      to: ['follower'],
      allows: (context, request) =>
        request.term > context.term && upToDate(context, request)
          ? follows(context, request.term, { vote: request.from, replies: ['granted'] })
          : null,
    },
    {
      name: 'newer term, refuses an older log',
      to: ['follower'],
      allows: (context, request) =>
        request.term > context.term && !upToDate(context, request)
          ? follows(context, request.term, { replies: ['refused'] })
          : null,
    },
  ]
  if (role === 'leader' || role === 'candidate') {
    return [
      ...rules,
      {
        name: 'refuses, its vote is its own',
        to: staying(role),
        allows: (context, { term }) => (term === context.term ? refuses(context) : null),
      },
    ]
  }
  const may = (context: MemberContext, request: Request): boolean =>
    mayGrantVote(request.term, context.term, context.vote, request.from, upToDate(context, request))
  return [
    ...rules,
    {
      name: 'grants',
      to: staying(role),
      allows: (context, request) =>
        may(context, request) && context.vote === NOBODY && context.leader === NOBODY
          ? keeps(context, { vote: request.from, replies: ['granted'] })
          : null,
    },
    {
      name: 'grants again',
      to: staying(role),
      allows: (context, request) =>
        may(context, request) && context.vote === request.from
          ? keeps(context, { replies: ['granted', 'refused'] })
          : null,
    },
    {
      name: 'grants, though it knows a leader',
      to: staying(role),
      allows: (context, request) =>
        may(context, request) && context.vote === NOBODY && context.leader !== NOBODY
          ? keeps(context, { vote: request.from, replies: ['granted'] })
          : null,
    },
    {
      name: 'refuses, it knows a leader',
      to: staying(role),
      allows: (context, request) =>
        may(context, request) && context.vote === NOBODY && context.leader !== NOBODY ? refuses(context) : null,
    },
    {
      name: 'refuses, it has voted',
      to: staying(role),
      allows: (context, request) =>
        request.term === context.term && context.vote !== NOBODY && context.vote !== request.from
          ? refuses(context)
          : null,
    },
    {
      name: 'refuses an older log',
      to: staying(role),
      allows: (context, request) =>
        request.term === context.term &&
        (context.vote === NOBODY || context.vote === request.from) &&
        !upToDate(context, request)
          ? refuses(context)
          : null,
    },
  ]
}

export function requestVoteResponse(role: Role): Rule<'request-vote-response'>[] {
  const ignores: Rule<'request-vote-response'> = {
    name: 'ignores',
    to: staying(role),
    allows: (context, { term }) => (term === context.term ? keepsOffice(role, context) : null),
  }
  if (role !== 'candidate') return [...ofAnotherTerm(role), ignores]
  const wins = (context: MemberContext, { term, granted }: Answer): boolean =>
    countsAnswer(context.term, term, true) && granted
  return [
    ...ofAnotherTerm(role),
    {
      name: 'wins and opens its term with an entry',
      to: ['leader'],
      allows: (context, answer) =>
        wins(context, answer)
          ? keeps(context, { leader: SELF, log: [...context.log, context.term], grows: true })
          : null,
    },
    {
      name: 'wins',
      to: ['leader'],
      allows: (context, answer) => (wins(context, answer) ? keeps(context, { leader: SELF }) : null),
    },
    {
      // [ER] tracker.go RecordVote: a voter's first answer counts.
      name: 'stands by an earlier refusal',
      to: staying(role),
      allows: (context, answer) =>
        wins(context, answer) && ((context.refusals >> answer.from) & 1) === 1 ? keeps(context) : null,
    },
    ...refused('candidate'),
  ]
}

/** Refusals that an election can survive, and such as decide it. */
function refused(role: 'candidate' | 'pre-candidate'): Rule<'request-vote-response' | 'pre-vote-response'>[] {
  const counts = (context: MemberContext, { term, granted }: Answer): boolean =>
    !granted && (role === 'candidate' ? term === context.term : term <= context.term)
  const open = (context: MemberContext, { from }: Answer): boolean =>
    canStillWin(context.refusals | (1 << from), VOTERS, 0)
  return [
    {
      name: 'notes a refusal',
      to: staying(role),
      allows: (context, answer) => (counts(context, answer) && open(context, answer) ? keeps(context) : null),
    },
    {
      name: 'notes that it cannot win',
      to: ['follower', role],
      allows: (context, answer) => (counts(context, answer) && !open(context, answer) ? keeps(context) : null),
    },
  ]
}

export function preVote(role: Role): Rule<'pre-vote'>[] {
  const may = (context: MemberContext, request: Request): boolean => {
    const good = upToDate(context, request)
    const { term, vote, leader } = context
    return (
      mayGrantPreVote(request.term, term, good) ||
      couldStillVote(request.term, term, vote, request.from, leader !== NOBODY, good)
    )
  }
  const answers = (context: MemberContext, ...replies: ReplyKind[]): Pattern => keepsOffice(role, context, { replies })
  return [
    {
      name: 'grants',
      to: staying(role),
      allows: (context, request) => (may(context, request) ? answers(context, 'granted') : null),
    },
    {
      name: 'does not grant, though it could',
      to: staying(role),
      allows: (context, request) => (may(context, request) ? answers(context, 'refused', 'none') : null),
    },
    {
      name: 'refuses',
      to: staying(role),
      allows: (context, request) => (may(context, request) ? null : answers(context, 'refused', 'none')),
    },
  ]
}

export function preVoteResponse(role: Role): Rule<'pre-vote-response'>[] {
  const newer = ofAnotherTerm(role)[1]!
  if (role !== 'pre-candidate') {
    return [
      newer,
      {
        name: 'ignores',
        to: staying(role),
        allows: (context, { term, granted }) => (granted || term <= context.term ? keepsOffice(role, context) : null),
      },
    ]
  }
  const counts = (context: MemberContext, { term, granted }: Answer): boolean =>
    granted && term === nextTerm(context.term)
  return [
    newer,
    {
      name: 'campaigns',
      to: ['candidate'],
      allows: (context, answer) => (counts(context, answer) ? campaign(context) : null),
    },
    {
      name: 'stands by an earlier refusal',
      to: staying(role),
      allows: (context, answer) =>
        counts(context, answer) && ((context.refusals >> answer.from) & 1) === 1 ? keeps(context) : null,
    },
    {
      name: 'campaigns by a grant of an earlier term',
      to: ['candidate'],
      allows: (context, { term, granted }) => (granted && term === context.term ? campaign(context) : null),
    },
    {
      name: 'ignores a grant of an earlier term',
      to: staying(role),
      allows: (context, answer) => (answer.granted && !counts(context, answer) ? keeps(context) : null),
    },
    ...refused('pre-candidate'),
  ]
}

/** The leader asks for a campaign at once. Who is no follower may ignore it. [Dissertation] §3.10. */
export function timeoutNow(role: Role): Rule<'timeout-now'>[] {
  const rules: Rule<'timeout-now'>[] = [
    {
      name: 'older term',
      to: staying(role),
      allows: (context, { term }) => (isStale(context.term, term) ? keepsOffice(role, context) : null),
    },
  ]
  if (role === 'leader' || role === 'candidate') return rules
  rules.push({
    name: 'campaigns',
    to: ['candidate'],
    allows: (context, { term }) => (term === context.term ? campaign(context) : null),
  })
  if (role === 'follower') return rules
  rules.push({
    name: 'ignores',
    to: staying(role),
    allows: (context, { term }) => (term === context.term ? keeps(context) : null),
  })
  return rules
}

/** What is durable stays; the commit index may fall back. */
export function restart(): Rule<'restart'>[] {
  return [
    {
      name: 'restarts',
      to: ['follower'],
      allows: (context) => keeps(context, { leader: NOBODY, mustNameLeader: true }),
    },
    {
      name: 'restarts with a lower commit index',
      to: ['follower'],
      allows: (context) =>
        context.commit > 0
          ? keeps(context, {
              leader: NOBODY,
              mustNameLeader: true,
              commit: 0,
              commitAtLeast: 0,
              commitAtMost: context.commit - 1,
            })
          : null,
    },
  ]
}
