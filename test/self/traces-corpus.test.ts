import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Disk } from '../../impl/reference/raft/disk.ts'
import type { JournalRecord, Saved } from '../../impl/reference/raft/journal.ts'
import { RaftMember } from '../../impl/reference/raft/member.ts'
import { createReference, type ReferenceOptions } from '../../impl/reference/raft/session.ts'
import type { Message } from '../../models/raft/vocabulary.ts'
import { createRaftJudge } from '../../properties/raft/judge.ts'
import { readTrace, writeTrace, type Trace } from '../../traces/format.ts'
import { rejudge } from '../../traces/rejudge.ts'
import { runScenario, type RunResult } from '../../traces/run.ts'
import { shrink, trialOf } from '../../traces/shrink.ts'
import { parseRaftScenario, printScenario } from '../../traces/text.ts'

const folder = join(import.meta.dirname, '../../traces/corpus')
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.scenario'))
  .sort()
const text = (name: string): string => readFileSync(join(folder, name), 'utf8')

function run(name: string, options: ReferenceOptions = {}): { result: RunResult; trace: Trace } {
  const implementation = createReference(options)
  const scenario = parseRaftScenario(text(name), name)
  const result = runScenario(scenario, implementation, judgeOf(implementation))
  const meta = {
    format: 'swarmcheck-trace' as const,
    version: 1 as const,
    swarmcheck: '0.1.0',
    implementation: implementation.hello,
    seed: null,
    requirement: null,
  }
  return { result, trace: { meta, scenario, events: result.events, violation: result.violation } }
}

function judgeOf({ hello }: ReturnType<typeof createReference>): ReturnType<typeof createRaftJudge> {
  return createRaftJudge(hello.profiles, hello.capabilities.disk)
}

describe.each(names)('%s', (name) => {
  test('is explained, and survives printing', () => {
    expect(text(name)).toMatch(/^raft scenario v1\nname .+\n(# .+\n){2,}nodes /)
    const scenario = parseRaftScenario(text(name), name)
    expect(parseRaftScenario(printScenario(scenario))).toEqual(scenario)
    expect(scenario.steps.some((step) => step.step === 'expect')).toBe(true)
    expect(scenario.steps.some((step) => step.step === 'settle')).toBe(true)
  })

  test('is passed by the reference, with every step carried out', () => {
    const { result } = run(name)
    expect(result.violation).toBeNull()
    expect(result.settled).toBe(true)
    expect(result.outside).toEqual({})
  })

  test('makes a trace that is the same to the byte, read again and judged again', () => {
    const { trace } = run(name)
    const written = writeTrace(trace)
    expect(writeTrace(run(name).trace)).toBe(written)
    const read = readTrace(written, name)
    expect(writeTrace(read)).toBe(written)
    expect(rejudge(read, judgeOf(createReference()))).toEqual({ violation: null, event: trace.events.length - 1 })
  })
})

type ReadIndexResponse = Extract<Message, { readonly kind: 'read-index-response' }>

/** What each scenario is there for: a mistake that it shows, and the requirement that it breaks first. */
const mistakes: Record<string, [ReferenceOptions, string]> = {
  'figure-8.scenario': [
    {
      Member: class extends RaftMember {
        protected override mayCommit(): boolean {
          return true
        }
      },
    },
    'raft/commits-own-term-only',
  ],
  'membership-bug-2015.scenario': [
    {
      Member: class extends RaftMember {
        protected override mayChangeInTerm(): boolean {
          return true
        }
      },
    },
    'raft/',
  ],
  'stale-vote-after-restart.scenario': [
    {
      Member: class extends RaftMember {
        protected override isFreeToVoteFor(): boolean {
          return true
        }
      },
    },
    'raft/one-vote-per-term',
  ],
  'split-vote.scenario': [
    {
      Member: class extends RaftMember {
        protected override majority(count: number): number {
          return (count + 1) >> 1
        }
      },
    },
    'raft/leader-needs-majority',
  ],
  'disruptive-server.scenario': [
    {
      Member: class extends RaftMember {
        protected override isUpToDate(): boolean {
          return true
        }
      },
    },
    'raft/votes-for-up-to-date-log',
  ],
  'disruptive-server-pre-vote.scenario': [
    {
      Member: class extends RaftMember {
        protected override preCampaign(): void {
          this.campaign(false)
        }
      },
    },
    'raft/pre-vote-precedes-campaign',
  ],
  'torn-write-at-crash.scenario': [
    {
      Disk: class extends Disk {
        override crash(keep: readonly number[], torn: number): void {
          super.crash(torn > 0 ? [...keep, torn] : keep, 0)
        }
      },
    },
    'raft/recovers-log',
  ],
  'snapshot-to-slow-follower.scenario': [
    {
      Member: class extends RaftMember {
        protected override isObsolete(): boolean {
          return true
        }
      },
    },
    'scenario/expectation',
  ],
  'transfer-under-partition.scenario': [
    {
      Member: class extends RaftMember {
        protected override transferTimedOut(): void {
          this.transferDeadline = this.now + 100_000
        }
      },
    },
    'raft/transfer-ends',
  ],
  'joint-change-interrupted.scenario': [
    {
      Member: class extends RaftMember {
        protected override isQuorum(marks: readonly (boolean | undefined)[]): boolean {
          const { voters, outgoing } = this.membership
          return this.isMajority(voters, marks) || this.isMajority(outgoing, marks)
        }
      },
    },
    'raft/joint-needs-both-majorities',
  ],
  'lease-read-by-deposed-leader.scenario': [
    {
      Member: class extends RaftMember {
        protected override holdsLease(): boolean {
          return true
        }
      },
    },
    'raft/lease-read-within-lease',
  ],
  'learner-cut-off.scenario': [
    {
      Member: class extends RaftMember {
        protected override mayCampaign(): boolean {
          return true
        }
      },
    },
    'raft/learners-do-not-campaign',
  ],
  'last-voter-stays.scenario': [
    {
      Member: class extends RaftMember {
        protected override refusesChange(): string {
          return ''
        }
      },
    },
    'raft/refuses-last-voter-removal',
  ],
  'lease-read-without-lease.scenario': [
    {
      Member: class extends RaftMember {
        protected override read(operation: number, key: string): void {
          this.result(operation, 'ok', this.store.get(key), '')
        }
      },
    },
    'raft/lease-needs-check-quorum',
  ],
  'joint-snapshot-restart.scenario': [
    {
      Disk: class extends Disk {
        protected override recovered(records: readonly JournalRecord[]): Saved {
          const saved = super.recovered(records)
          const { snapshot } = saved
          if (snapshot === null) return saved
          const configuration = { ...snapshot.configuration, outgoing: [] }
          return { ...saved, snapshot: { ...snapshot, configuration } }
        }
      },
    },
    'raft/snapshot-keeps-configuration',
  ],
  'transfer-to-learner.scenario': [
    {
      Member: class extends RaftMember {
        protected override mayLead(): boolean {
          return true
        }
      },
    },
    'raft/transfer-to-caught-up',
  ],
  'read-index-before-leading.scenario': [
    {
      Member: class extends RaftMember {
        protected override mayAnswerRead(index: number): boolean {
          return index < Infinity
        }
      },
    },
    'raft/read-waits-for-index',
  ],
  'two-reads-of-one-follower.scenario': [
    {
      Member: class extends RaftMember {
        protected override onReadIndexResponse(response: ReadIndexResponse): void {
          for (const { request } of this.forwarded) super.onReadIndexResponse({ ...response, request })
        }
      },
    },
    'raft/read-confirms-leadership',
  ],
  'deposed-leader-returns.scenario': [
    {
      Member: class extends RaftMember {
        protected override mayEnterTermOf(): boolean {
          return this.role !== 'leader'
        }
      },
    },
    'raft/adopts-higher-term',
  ],
  'uncommitted-entries-overwritten.scenario': [
    {
      Member: class extends RaftMember {
        protected override isPresent({ index }: { index: number }): boolean {
          return index <= this.log.lastIndex
        }
      },
    },
    'raft/append-takes-entries',
  ],
  'late-append-after-compaction.scenario': [
    {
      Member: class extends RaftMember {
        protected override isPresent({ index, term }: { index: number; term: number }): boolean {
          return this.log.termAt(index) === term
        }
      },
    },
    'raft/',
  ],
}

test('every scenario has a mistake that it is there for', () => {
  expect(Object.keys(mistakes).sort()).toEqual(names)
})

describe.each(Object.entries(mistakes))('%s catches its mistake', (name, [options, slug]) => {
  test(`by ${slug}`, () => {
    const { result, trace } = run(name, options)
    expect(result.violation?.requirement).toContain(slug)
    const read = readTrace(writeTrace(trace), name)
    const again = rejudge(read, judgeOf(createReference(options)))
    expect(again.violation).toEqual(result.violation)
  })

  test('in a scenario that shrinks, and still fails in the same way', () => {
    const implementation = createReference(options)
    const { requirement } = run(name, options).result.violation!
    const scenario = parseRaftScenario(text(name), name)
    const trial = (candidate: typeof scenario) =>
      trialOf(runScenario(candidate, implementation, judgeOf(implementation), { record: false }), requirement)
    const shrunk = shrink(scenario, trial)
    expect(shrunk.complete).toBe(true)
    expect(shrunk.scenario.steps.length).toBeLessThan(scenario.steps.length)
    expect(trial(shrunk.scenario).fails).toBe(true)
  })
})
