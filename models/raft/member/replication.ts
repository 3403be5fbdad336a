/** What replication allows: what a follower takes of an append, and what a leader commits. */
import type { Role } from '../vocabulary.ts'
import {
  conflicts,
  consistent,
  countsAnswer,
  followerCommit,
  heartbeatCommit,
  isStale,
  lastNewIndex,
  leaderMayCommit,
  mayPassOver,
} from '../rules.ts'
import { keepsOffice } from './elections.ts'
import { follows, keeps, staying } from './pattern.ts'
import type { Pattern, Rule } from './pattern.ts'
import { NOBODY, SELF, VOTERS, matchWith, sameLog, termAt } from './state.ts'
import type { InputOf, MemberContext, ReplyKind } from './state.ts'

type Append = InputOf<'append-entries'>

/** What an accepted append makes of a log: it stays unless entries are new, or conflict. */
export function logAfter(log: readonly number[], { previousIndex, entries }: Append): readonly number[] {
  for (const [at, term] of entries.entries()) {
    const index = previousIndex + at + 1
    const own = termAt(log, index)
    if (own === -1 || conflicts(own, term)) return [...log.slice(0, index - 1), ...entries.slice(at)]
  }
  return log
}

const isConsistent = ({ log }: MemberContext, { previousIndex, previousTerm }: Append): boolean =>
  consistent(termAt(log, previousIndex), previousTerm)

const commits = (commit: number): Partial<Pattern> => ({ commit, commitAtLeast: commit, commitAtMost: commit })

/** What a follower of the sender takes. */
function takes(context: MemberContext, append: Append): Pattern {
  const { log, commit, term, verified } = context
  const last = lastNewIndex(append.previousIndex, append.entries.length)
  const committed = followerCommit(commit, append.commit, last)
  return follows(context, append.term, {
    vote: append.term === term ? context.vote : NOBODY,
    leader: append.from,
    mustNameLeader: true,
    log: logAfter(log, append),
    ...commits(committed),
    replies: answered(append, 'success'),
    acknowledges: last,
    acknowledgesAtMost: Math.max(last, committed, append.term === term ? verified : 0),
  })
}

function refuses(context: MemberContext, append: Append): Pattern {
  return follows(context, append.term, {
    vote: append.term === context.term ? context.vote : NOBODY,
    leader: append.from,
    mustNameLeader: true,
    replies: answered(append, 'failure'),
  })
}

/** An append without entries may serve as a heartbeat for which no answer is waited. */
function answered({ entries }: Append, reply: ReplyKind): readonly ReplyKind[] {
  return entries.length > 0 ? [reply] : [reply, 'none']
}

export function appendEntries(role: Role): Rule<'append-entries'>[] {
  const older: Rule<'append-entries'> = {
    name: 'older term',
    to: staying(role),
    allows: (context, { term }) =>
      // A success that acknowledges nothing only tells the newer term: [ER] raft.go Step.
      isStale(context.term, term) ? keepsOffice(role, context, { replies: ['failure', 'none', 'success'] }) : null,
  }
  const newer = taking('newer term, ', (context, { term }) => term > context.term)
  // A term has one leader: no append of its own term reaches it.
  if (role === 'leader') return [older, ...newer]
  const own = taking('', (context, { term }) => term === context.term)
  // Who hears of a leader first hears of the end of its log, where nothing is committed yet.
  if (role === 'candidate') return [older, ...own, ...newer]
  return [older, ...own, passingOver(), ...newer]
}

function taking(
  prefix: string,
  concerns: (context: MemberContext, append: Append) => boolean,
): Rule<'append-entries'>[] {
  const rule = (
    name: string,
    applies: (context: MemberContext, append: Append) => boolean,
    pattern: (context: MemberContext, append: Append) => Pattern,
  ): Rule<'append-entries'> => ({
    name: `${prefix}${name}`,
    to: ['follower'],
    allows: (context, append) =>
      concerns(context, append) && applies(context, append) ? pattern(context, append) : null,
  })
  const taken =
    (applies: (before: readonly number[], after: readonly number[]) => boolean) =>
    (context: MemberContext, append: Append): boolean =>
      isConsistent(context, append) && applies(context.log, logAfter(context.log, append))
  return [
    rule('holds all that it is sent', taken(sameLog), takes),
    rule(
      'adds entries',
      taken((before, after) => !sameLog(before, after) && isPrefix(before, after)),
      takes,
    ),
    rule(
      'replaces entries',
      taken((before, after) => !isPrefix(before, after)),
      takes,
    ),
    rule(
      'refuses what is behind its log',
      (context, append) => termAt(context.log, append.previousIndex) === -1,
      refuses,
    ),
    rule(
      'refuses what is behind another entry',
      (context, append) => termAt(context.log, append.previousIndex) !== -1 && !isConsistent(context, append),
      refuses,
    ),
  ]
}

function passingOver(): Rule<'append-entries'> {
  return {
    name: 'passes over what begins below its commit index',
    to: ['follower'],
    allows: (context, append) => {
      const { log, commit, term } = context
      const may = append.term === term && mayPassOver(append.previousIndex, commit) && isConsistent(context, append)
      if (!may || isIdle(context, append)) return null
      const taken = takes(context, append)
      const commitAtMost = Math.min(taken.commit, log.length)
      return { ...taken, log, commit, commitAtLeast: commit, commitAtMost, acknowledges: commit }
    },
  }
}

/** Whether to take the append and to pass over it is the same. */
function isIdle(context: MemberContext, append: Append): boolean {
  const { log, commit } = takes(context, append)
  return commit === context.commit && sameLog(log, context.log)
}

function isPrefix(shorter: readonly number[], longer: readonly number[]): boolean {
  return shorter.length <= longer.length && shorter.every((term, at) => term === longer[at])
}

export function heartbeat(role: Role): Rule<'heartbeat'>[] {
  const follow = (context: MemberContext, { from, term, commit }: InputOf<'heartbeat'>): Pattern =>
    follows(context, term, {
      vote: term === context.term ? context.vote : NOBODY,
      leader: from,
      mustNameLeader: true,
      commitAtMost: heartbeatCommit(context.commit, commit, context.log.length),
      replies: ['success', 'failure'],
      acknowledgesAtMost: context.log.length,
    })
  const rules: Rule<'heartbeat'>[] = [
    {
      name: 'older term',
      to: staying(role),
      allows: (context, { term }) =>
        isStale(context.term, term)
          ? keepsOffice(role, context, {
              replies: ['failure', 'success', 'none'],
              acknowledgesAtMost: context.log.length,
            })
          : null,
    },
    {
      name: 'newer term',
      to: ['follower'],
      allows: (context, message) => (message.term > context.term ? follow(context, message) : null),
    },
  ]
  if (role === 'leader') return rules
  const commit: Rule<'heartbeat'> = {
    name: 'commits',
    to: ['follower'],
    allows: (context, message) => {
      const commit = heartbeatCommit(context.commit, message.commit, context.log.length)
      if (message.term !== context.term || commit === context.commit) return null
      return { ...follow(context, message), commit, commitAtLeast: context.commit + 1, commitAtMost: commit }
    },
  }
  return [
    ...rules,
    {
      name: 'follows',
      to: ['follower'],
      allows: (context, message) =>
        message.term === context.term ? { ...follow(context, message), ...commits(context.commit) } : null,
    },
    // A candidate has acknowledged nothing in its term.
    ...(role === 'candidate' ? [] : [commit]),
  ]
}

export function appendEntriesResponse(role: Role): Rule<'append-entries-response'>[] {
  const rules: Rule<'append-entries-response'>[] = [
    {
      name: 'older term',
      to: staying(role),
      allows: (context, { term }) => (isStale(context.term, term) ? keepsOffice(role, context) : null),
    },
    {
      name: 'newer term',
      to: ['follower'],
      allows: (context, { term, success }) => (term > context.term && !success ? follows(context, term) : null),
    },
  ]
  // Nobody is a candidate in a term that it has led.
  if (role === 'candidate') return rules
  if (role !== 'leader') {
    rules.push({
      name: 'ignores',
      to: staying(role),
      allows: (context, { term }) => (term === context.term ? keeps(context) : null),
    })
    return rules
  }
  const counts = (context: MemberContext, { term, success }: InputOf<'append-entries-response'>): boolean =>
    countsAnswer(context.term, term, true) && success
  return [
    ...rules,
    {
      name: 'commits',
      to: ['leader'],
      allows: (context, answer) => {
        if (!counts(context, answer)) return null
        const commit = committedWith(context, answer)
        return commit > context.commit ? keeps(context, { leader: SELF, grows: true, ...commits(commit) }) : null
      },
    },
    {
      name: 'does not commit what only older terms left',
      to: ['leader'],
      allows: (context, answer) =>
        counts(context, answer) && committedWith(context, answer) === context.commit && holdsOlder(context, answer)
          ? keepsOffice('leader', context)
          : null,
    },
    {
      name: 'counts a copy',
      to: ['leader'],
      allows: (context, answer) =>
        counts(context, answer) && committedWith(context, answer) === context.commit && !holdsOlder(context, answer)
          ? keepsOffice('leader', context)
          : null,
    },
    {
      name: 'hears a refusal',
      to: ['leader'],
      allows: (context, { term, success }) =>
        term === context.term && !success ? keepsOffice('leader', context) : null,
    },
  ]
}

function holders(match: readonly number[], index: number): number {
  return match.reduce((set, matched, member) => (matched >= index ? set | (1 << member) : set), 1 << SELF)
}

/** How far a leader commits once an acknowledgement is counted. Its own copy is durable. */
function committedWith(context: MemberContext, answer: InputOf<'append-entries-response'>): number {
  const match = matchWith(context, answer)
  for (let index = context.log.length; index > context.commit; index--) {
    const entryTerm = termAt(context.log, index)
    if (leaderMayCommit(entryTerm, context.term, holders(match, index), VOTERS, 0)) return index
  }
  return context.commit
}

/** Whether a quorum holds an entry beyond the commit index, and it is of an older term. */
function holdsOlder(context: MemberContext, answer: InputOf<'append-entries-response'>): boolean {
  const index = context.commit + 1
  const entryTerm = termAt(context.log, index)
  return (
    entryTerm > 0 &&
    entryTerm < context.term &&
    leaderMayCommit(context.term, context.term, holders(matchWith(context, answer), index), VOTERS, 0)
  )
}

export function propose(role: Role): Rule<'propose'>[] {
  const refuses: Rule<'propose'> = { name: 'refuses', to: staying(role), allows: (context) => keeps(context) }
  if (role !== 'leader') return [refuses]
  return [
    {
      name: 'takes the proposal',
      to: ['leader'],
      allows: (context) => keeps(context, { log: [...context.log, context.term], grows: true }),
    },
    refuses,
  ]
}
