import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readSubnet, type Subnet } from '../../impl/reference/ipam/addresses.ts'
import type { Decision } from '../../impl/reference/ipam/allocator.ts'
import { IpamNode } from '../../impl/reference/ipam/node.ts'
import { createReference as createIpamReference } from '../../impl/reference/ipam/session.ts'
import type { StoreRecord } from '../../impl/reference/ipam/store.ts'
import { Disk } from '../../impl/reference/raft/disk.ts'
import type { JournalRecord, Saved } from '../../impl/reference/raft/journal.ts'
import { RaftMember } from '../../impl/reference/raft/member.ts'
import { createReference, type ReferenceOptions } from '../../impl/reference/raft/session.ts'
import type { MemberSetup } from '../../impl/reference/swim/core.ts'
import { SwimMember } from '../../impl/reference/swim/member.ts'
import { createReference as createSwimReference } from '../../impl/reference/swim/session.ts'
import type { PoolRequest } from '../../models/ipam/vocabulary.ts'
import type { Message } from '../../models/raft/vocabulary.ts'
import type { Status, Update } from '../../models/swim/vocabulary.ts'
import { createIpamJudge } from '../../properties/ipam/judge.ts'
import { createRaftJudge } from '../../properties/raft/judge.ts'
import { createSwimJudge } from '../../properties/swim/judge.ts'
import { readTrace, writeTrace, type Trace } from '../../traces/format.ts'
import { rejudge } from '../../traces/rejudge.ts'
import { runScenario, type RunOptions, type RunResult } from '../../traces/run.ts'
import { show } from '../../traces/show.ts'
import { shrink, trialOf } from '../../traces/shrink.ts'
import type { IpamSurface, JudgeOf, Surface, SurfaceName, SwimSurface } from '../../traces/surface.ts'
import type { Scenario } from '../../traces/scenario.ts'
import { mutantsOf } from '../mutants/all.ts'
import { judgeFor, referenceOf, runJudged, type AnyImplementation } from '../suites/target.ts'
import { parseRaftScenario, parseScenario, printScenario } from '../../traces/text.ts'

const folder = join(import.meta.dirname, '../../traces/corpus')
const text = (name: string): string => readFileSync(join(folder, name), 'utf8')
const namesOf = (surface: SurfaceName): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.scenario') && text(name).startsWith(surface))
    .sort()
const names = namesOf('raft')

const traceMeta = {
  format: 'swarmcheck-trace',
  version: 1,
  swarmcheck: '0.1.0',
  seed: null,
  requirement: null,
} as const

function run(name: string, options: ReferenceOptions = {}): { result: RunResult; trace: Trace } {
  const implementation = createReference(options)
  const scenario = parseRaftScenario(text(name), name)
  const result = runScenario(scenario, implementation, judgeOf(implementation))
  const meta = { ...traceMeta, implementation: implementation.hello }
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

interface Classic<S extends Surface, Implementation> {
  readonly reference: Implementation
  /** The reference with one mistake. */
  readonly wrong: Implementation
  readonly run: (
    scenario: S['scenario'],
    implementation: Implementation,
    judge: JudgeOf<S>,
    options?: RunOptions,
  ) => RunResult<S>
  readonly judge: () => JudgeOf<S>
}

/** The reference passes a scenario; in it the mistake is found, kept in a trace, judged again, shown, and made smaller. */
function expectCaught<S extends Surface, Implementation extends { readonly hello: S['hello'] }>(
  name: string,
  slug: string,
  { reference, wrong, run, judge }: Classic<S, Implementation>,
): void {
  const scenario = parseScenario(text(name), name)
  expect(text(name)).toMatch(new RegExp(`^${scenario.surface} scenario v1\\nname .+\\n(# .+\\n){2,}nodes `))
  expect(parseScenario(printScenario(scenario))).toEqual(scenario)
  const { violation, settled, skipped, outside } = run(scenario, reference, judge())
  expect({ violation, settled, skipped, outside }).toEqual({
    violation: null,
    settled: true,
    skipped: {},
    outside: {},
  })

  const seen = run(scenario, wrong, judge())
  expect(seen.violation?.requirement).toBe(slug)
  const meta = { ...traceMeta, implementation: wrong.hello }
  const trace = { meta, scenario, events: seen.events, violation: seen.violation } as unknown as Trace
  const read = readTrace(writeTrace(trace), name)
  expect(writeTrace(read)).toBe(writeTrace(trace))
  expect(rejudge(read, judge() as never)).toEqual({ violation: seen.violation, event: seen.violationEvent })
  const shown = show({ trace: read, violation: seen.violation!, event: seen.violationEvent })
  expect(shown).toContain(slug)
  expect(shown).toContain('How it came to that')

  const shrunk = shrink(scenario, (candidate) => trialOf(run(candidate, wrong, judge(), { record: false }), slug))
  expect(shrunk.complete).toBe(true)
  expect(shrunk.scenario.steps.length).toBeLessThan(scenario.steps.length)
}

/** What each scenario of SWIM is there for. */
const swimMistakes: Record<string, [new (setup: MemberSetup) => SwimMember, string]> = {
  'swim-crash-is-found.scenario': [
    class extends SwimMember {
      protected override probeTimedOut(): void {
        this.probeAnswered()
      }
    },
    'swim/suspects-the-silent',
  ],
  'swim-false-suspicion.scenario': [
    class extends SwimMember {
      protected override refutation(own: number): number {
        return own
      }
    },
    'swim/refutes',
  ],
  'swim-leave-is-no-failure.scenario': [
    class extends SwimMember {
      protected override statusAfterDeath({ node }: Update): Status {
        return node === this.name ? 'left' : 'dead'
      }
    },
    'swim/leave-is-no-failure',
  ],
}

describe('the scenarios of SWIM', () => {
  const reference = createSwimReference()

  test('each have a mistake that they are there for', () => {
    expect(Object.keys(swimMistakes)).toEqual(namesOf('swim'))
  })

  test.each(Object.entries(swimMistakes))(
    '%s is passed by the reference, and catches its mistake',
    (name, [Member, slug]) => {
      expectCaught<SwimSurface, typeof reference>(name, slug, {
        reference,
        wrong: createSwimReference({ Member }),
        run: runScenario,
        judge: () => createSwimJudge(reference.hello.profiles),
      })
    },
  )
})

/** What each scenario of address management is there for. */
const ipamMistakes: Record<string, [new (...setup: ConstructorParameters<typeof IpamNode>) => IpamNode, string]> = {
  'ipam-deposed-leader-gives-nothing.scenario': [
    class extends IpamNode {
      protected override mustWait(): boolean {
        return this.waiting.length > 0
      }
    },
    'ipam/durable-before-answer',
  ],
  'ipam-failover-keeps-addresses.scenario': [
    class extends IpamNode {
      protected override replay({ changes, cursor }: StoreRecord): void {
        super.replay({ changes: changes.filter(({ change }) => change.startsWith('pool')), cursor })
      }
    },
    'ipam/restores-table',
  ],
  'ipam-range-hides-no-overlap.scenario': [
    class extends IpamNode {
      protected override askedSubnet({ subnet: asked }: PoolRequest, range: Subnet | null): Subnet | Decision {
        const { subnet } = readSubnet(asked)!
        return range === null && this.table.isBlocked('local', subnet, range) ? this.refuse('forbidden') : subnet
      }
    },
    'ipam/refuses-overlap',
  ],
  'ipam-refused-pool-leaves-nothing.scenario': [
    class extends IpamNode {
      protected override rollBack(): void {}
    },
    'ipam/refusal-changes-nothing',
  ],
}

describe('the scenarios of address management', () => {
  const reference = createIpamReference()

  test('each have a mistake that they are there for', () => {
    expect(Object.keys(ipamMistakes)).toEqual(namesOf('ipam'))
  })

  test.each(Object.entries(ipamMistakes))(
    '%s is passed by the reference, and catches its mistake',
    (name, [Node, slug]) => {
      expectCaught<IpamSurface, typeof reference>(name, slug, {
        reference,
        wrong: createIpamReference({ Node }),
        run: runScenario,
        judge: () => createIpamJudge(reference.hello.profiles),
      })
    },
  )
})

/** What each scenario of a surface is there for: a mutant of the zoo. */
const classics: Partial<Record<SurfaceName, Record<string, string>>> = {
  networkdb: {
    'networkdb-deletion-overtakes-creation.scenario': 'drops-unknown-deletions',
    'networkdb-failed-and-back.scenario': 'deletes-entries-of-failed',
    'networkdb-leave-comes-late.scenario': 'believes-older-leave',
    'networkdb-leaves-and-joins-again.scenario': 'leaves-without-tombstones',
    'networkdb-new-life.scenario': 'keeps-earlier-life',
    'networkdb-overlapping-networks.scenario': 'syncs-networks-in-order',
  },
  discovery: {
    'discovery-large-answer.scenario': 'cuts-in-silence',
    'discovery-new-life.scenario': 'ignores-withdrawals',
    'discovery-node-comes-back.scenario': 'remembers-names',
    'discovery-one-name-two-networks.scenario': 'resolves-across-networks',
    'discovery-outside-fails.scenario': 'leaves-internal-networks',
    'discovery-scales-down.scenario': 'virtual-address-ends-with-drain',
    'discovery-unhealthy-is-not-named.scenario': 'keeps-the-unhealthy',
  },
  balancing: {
    'balancing-enabled-again.scenario': 'stuck-at-weight-zero',
    'balancing-http-by-host.scenario': 'forgets-sessions',
    'balancing-mesh-without-local-task.scenario': 'mesh-without-remote',
    'balancing-new-life.scenario': 'keeps-earlier-lives',
    'balancing-ports-across-modes.scenario': 'ports-clash-across-modes',
    'balancing-stale-node-refuses.scenario': 'answers-for-anybody',
  },
}

describe.each(Object.entries(classics) as [SurfaceName, Record<string, string>][])(
  'the scenarios of %s',
  (surface, all) => {
    const reference = referenceOf(surface)

    test('each have a mistake that they are there for', () => {
      expect(Object.keys(all)).toEqual(namesOf(surface))
    })

    test.each(Object.entries(all))('%s is passed by the reference, and catches %s', (name, mistake) => {
      const mutant = mutantsOf[surface].find((each) => each.name === mistake)!
      expectCaught<Surface, AnyImplementation>(name, mutant.breaks, {
        reference,
        wrong: mutant.create(),
        run: (scenario, implementation, _, options) =>
          runJudged(scenario as Scenario, implementation, undefined, options ?? {}),
        judge: () => judgeFor(reference.hello),
      })
    })
  },
)

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
