/** One path through the member machine of SWIM: one node runs, and is told things by others that are played. */
import { AdapterError } from '../../../impl/contract/adapter-error.ts'
import type { Implementation } from '../../../impl/contract/swim.ts'
import { acceptingTransition, initialSnapshot, nextSnapshot, type SwimOutcome } from '../../../models/swim/member.ts'
import { swimPaths, type SwimPath, type SwimPathStep } from '../../../models/swim/paths.ts'
import type { Answer, Input, MemberRecord, Message, SwimScenario, Update } from '../../../models/swim/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import type { Violation } from '../../../properties/judge.ts'
import { Recording } from '../../record.ts'
import { completeSwimScenario } from '../../scenario.ts'
import type { JudgeOf, SwimSurface } from '../../surface.ts'
import { increment, toCounts } from '../counts.ts'
import type { RunResult } from '../result.ts'
import { startOf } from './execution.ts'

/** The node that runs, the one of which is spoken where it is another, and the one that speaks. */
const tested = 'n1'
const other = 'n2'
const speaker = 'n3'

/** Where a second node of the same name says that it is. */
const elsewhere = '10.9.9.9:7946'

/** A path of which no machine tells: what is asked of a member that has nothing to say to it. */
const strangersPath: SwimPath = {
  surface: 'swim',
  name: 'member path 0 (helping)',
  start: { holding: 'alive', incarnation: 1 },
  steps: [],
}

/** Pings for another name, and a request for help that wants no nack. */
const strangers: readonly { readonly view: Message; readonly waits: boolean }[] = [
  { view: { kind: 'ping', sequence: 1, target: other, gossip: [] }, waits: false },
  { view: { kind: 'stream-ping', sequence: 2, target: other }, waits: false },
  { view: { kind: 'indirect-ping', sequence: 3, target: other, nack: false, gossip: [] }, waits: true },
  { view: { kind: 'ping', sequence: 4, target: tested, gossip: [] }, waits: false },
]

/** All paths, that of the strangers first. */
export function allSwimPaths(): readonly SwimPath[] {
  return [strangersPath, ...swimPaths()]
}

/** The cluster of a path; it has no steps, since the others are played. */
export function scenarioOfSwimPath({ name, start }: SwimPath): SwimScenario {
  const nodes = [tested, other, speaker]
  return completeSwimScenario({ name, nodes, members: start.holding === 'unknown' ? [] : nodes })
}

/** @throws AdapterError if an implementation cannot `encode`, or answers what contradicts the contract */
export function runSwimPath(
  path: SwimPath,
  implementation: Implementation,
  judge: JudgeOf<SwimSurface>,
): RunResult<SwimSurface> {
  const { hello } = implementation
  if (!hello.capabilities.encode) throw new AdapterError('refused', `${hello.name} cannot encode`)
  const scenario = scenarioOfSwimPath(path)
  const start = startOf(scenario, hello)
  const session = implementation.open(start)
  const recording = new Recording<SwimSurface>(true)
  const table = new Map<NodeId, MemberRecord>()
  const transitions = new Map<string, number>()
  const operations = new Map<string, number>()
  const deliveries = new Map<string, number>()
  const results = new Map<string, number>()
  const subject = path.start.holding === 'self' ? tested : other
  let steps = 0
  let violation: Violation | null = null

  const fold = ({ members, outputs }: Answer): void => {
    for (const change of members ?? []) {
      if (change.status === 'forgotten') table.delete(change.node)
      else table.set(change.node, change)
    }
    for (const output of outputs) if (output.type === 'result') increment(results, output.status)
  }
  let now = 0
  const give = (input: Input): void => {
    const answer = session.step(input)
    steps++
    recording.add({ event: 'step', now: answer.now, input, answer })
    violation = judge.step(input, answer, answer.now)
    now = answer.now
    fold(answer)
  }
  const ask = (view: Message): void => {
    increment(deliveries, view.kind)
    give({ type: 'deliver', node: tested, at: now, message: session.encode(speaker, tested, view) })
  }
  /** Lets the node see that nothing comes for so long as it waits for others. */
  const wait = (): void => {
    const until = now + 2 * start.options.probeTimeout
    while (now < until && violation === null) give({ type: 'advance', node: tested, at: now, until })
  }
  const tell = ({ input }: SwimPathStep): void => {
    if (input.type === 'leave') {
      increment(operations, 'leave')
      return give({ type: 'operation', node: tested, at: now, id: steps + 1, operation: { type: 'leave' } })
    }
    const gossip = [updateOf(input, subject, table.get(subject))]
    ask({ kind: 'gossip', gossip })
  }

  try {
    recording.add({ event: 'start', start, initial: session.initial })
    violation = judge.start(start, session.initial)
    const own = session.initial[scenario.nodes.indexOf(tested)]
    if (own === undefined) throw new AdapterError('contract', `no initial answer of ${tested}`)
    fold(own)
    for (const { view, waits } of path.name === strangersPath.name ? strangers : []) {
      if (violation === null) ask(view)
      if (waits && violation === null) wait()
    }
    let snapshot = initialSnapshot(path.start)
    for (const step of path.steps) {
      if (violation !== null) break
      tell(step)
      const event = { ...step.input, outcome: holdingOf(table.get(subject), subject === tested) }
      const name = acceptingTransition(snapshot, event)
      // The judge says what is wrong with an outcome; from one that the machine does not know, there is no way on.
      if (name === null) break
      increment(transitions, name)
      snapshot = nextSnapshot(snapshot, event)
    }
  } finally {
    session.close()
  }
  return {
    violation,
    violationEvent: violation === null ? -1 : recording.count - 1,
    violationStep: violation === null ? -1 : 0,
    advice: judge.advice(),
    events: recording.events,
    eventCount: recording.count,
    steps,
    deliveries: [...deliveries.values()].reduce((sum, count) => sum + count, 0),
    duration: now,
    faults: {},
    skipped: {},
    outside: {},
    settled: true,
    committedAfterHeal: 0,
    exercised: judge.exercised(),
    transitions,
    situations: new Map(),
    coverage: { deliveries: toCounts(deliveries), operations: toCounts(operations), results: toCounts(results) },
    effective: [],
    targets: [],
  }
}

type Told = Exclude<SwimPathStep['input'], { readonly type: 'leave' }>

function updateOf(input: Told, node: NodeId, record: MemberRecord | undefined): Update {
  const { type: status, incarnation } = input
  if (input.type === 'alive') {
    const address = input.moved ? elsewhere : (record?.address ?? '10.0.0.2:7946')
    const meta = input.news ? 'news' : (record?.meta ?? '')
    return { status: 'alive', node, incarnation, from: node, address, meta }
  }
  const from = input.type === 'dead' && input.leaves ? node : speaker
  return { status, node, incarnation, from, address: '', meta: '' }
}

/** A record as the machine names it. */
function holdingOf(record: MemberRecord | undefined, isOwn: boolean): SwimOutcome {
  if (record === undefined) return { holding: 'unknown', incarnation: 0 }
  const { status, incarnation } = record
  return { holding: isOwn ? (status === 'left' ? 'self-left' : 'self') : status, incarnation }
}
