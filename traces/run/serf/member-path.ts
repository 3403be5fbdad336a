/** One path through the machine of a member: one node runs, and hears of another from a third that is played. */
import { AdapterError } from '../../../impl/contract/adapter-error.ts'
import type { Implementation } from '../../../impl/contract/serf.ts'
import {
  acceptingTransition,
  heldTime,
  initialSnapshot,
  nextSnapshot,
  situationOf,
  timeOf,
  type SubjectInput,
  type SubjectOutcome,
} from '../../../models/serf/member.ts'
import type { SerfPath } from '../../../models/serf/paths.ts'
import type { Answer, Broadcast, Input, Message, Operation, SerfScenario } from '../../../models/serf/vocabulary.ts'
import type { Violation } from '../../../properties/judge.ts'
import { Recording } from '../../record.ts'
import { completeSerfScenario, defaultSerfOptions } from '../../scenario/serf.ts'
import type { JudgeOf, SerfSurface } from '../../surface.ts'
import { increment, toCounts } from '../counts.ts'
import type { RunResult } from '../result.ts'
import { startOf } from './execution.ts'

/** The node that runs, the one of which it hears, and the one that speaks. */
const tested = 'n1'
const subject = 'n2'
const speaker = 'n3'

/** What is old is forgotten soon, and who failed is not looked for. */
const age = 60_000
const options = {
  ...defaultSerfOptions,
  reapInterval: 1_000,
  reconnectTimeout: age,
  tombstoneTimeout: age,
  recentIntentTimeout: age,
  reconnectInterval: 1_000_000,
}

/** The cluster of a path; it has no steps, since the others are played. */
export function scenarioOfSerfPath({ name }: SerfPath): SerfScenario {
  return completeSerfScenario({ name, nodes: [tested, subject, speaker], options })
}

/** @throws AdapterError if an implementation cannot `encode`, or answers what contradicts the contract */
export function runSerfPath(
  path: SerfPath,
  implementation: Implementation,
  judge: JudgeOf<SerfSurface>,
): RunResult<SerfSurface> {
  const { hello } = implementation
  if (!hello.capabilities.encode) throw new AdapterError('refused', `${hello.name} cannot encode`)
  const start = startOf(scenarioOfSerfPath(path))
  const session = implementation.open(start)
  const recording = new Recording<SerfSurface>(true)
  const transitions = new Map<string, number>()
  const operations = new Map<string, number>()
  const deliveries = new Map<string, number>()
  const results = new Map<string, number>()
  let held: SubjectOutcome = { status: 'alive', time: 0, buffered: 'none' }
  let bufferedTime = 0
  let snapshot = initialSnapshot()
  let steps = 0
  let now = 0
  let wake: number | null = null
  let violation: Violation | null = null

  const fold = ({ members, intents, outputs }: Answer): void => {
    for (const change of members ?? []) {
      if (change.name !== subject) continue
      held = {
        ...held,
        status: change.status === 'forgotten' ? 'absent' : change.status,
        time: 'time' in change ? change.time : 0,
      }
    }
    for (const change of intents ?? []) {
      if (change.name !== subject) continue
      held = { ...held, buffered: change.intent === 'forgotten' ? 'none' : change.intent }
      bufferedTime = 'time' in change ? change.time : 0
    }
    for (const output of outputs) if (output.type === 'result') increment(results, output.status)
  }
  const give = (input: Input): void => {
    const answer = session.step(input)
    steps++
    recording.add({ event: 'step', now: answer.now, input, answer })
    violation = judge.step(input, answer, answer.now)
    now = answer.now
    wake = answer.wake
    fold(answer)
  }
  const tell = (view: Message): void => {
    increment(deliveries, view.kind)
    give({ type: 'deliver', node: tested, at: now, message: session.encode(speaker, tested, view) })
  }
  const gossip = (broadcast: Broadcast): void => tell({ kind: 'gossip', broadcasts: [broadcast] })
  const exchange = (time: number, left: readonly string[]): void => {
    const clocks = { memberTime: 0, eventTime: 0, queryTime: 0 }
    tell({ kind: 'push-pull', join: false, ...clocks, members: [{ name: subject, time }], left, events: [] })
  }
  const ask = (operation: Operation): void => {
    increment(operations, operation.type)
    give({ type: 'operation', node: tested, at: now, id: steps + 1, operation })
  }
  const pass = (duration: number): void => {
    const until = now + duration
    while (now < until && violation === null) {
      give({ type: 'advance', node: tested, at: now, until: Math.min(until, Math.max(now, wake ?? until)) })
    }
  }
  const told = (relation: Extract<SubjectInput, { readonly relation: string }>['relation']): number =>
    timeOf(held.status === 'absent' ? bufferedTime : heldTime(situationOf(snapshot)), relation)
  const carryOut = (input: SubjectInput): void => {
    switch (input.type) {
      case 'told-join':
        return gossip({ type: 'join', name: subject, time: told(input.relation) })
      case 'told-leave':
      case 'told-prune': {
        const prune = input.type === 'told-prune'
        return gossip({ type: 'leave', name: subject, time: told(input.relation), prune })
      }
      case 'told-there':
        return exchange(told(input.relation), [])
      case 'told-left':
        return exchange(told(input.relation), [subject])
      case 'up':
      case 'down':
        return give({ type: 'peer', node: tested, at: now, name: subject, status: input.type, tags: '' })
      case 'force-leave':
      case 'force-prune':
        return ask({ type: 'force-leave', member: subject, prune: input.type === 'force-prune' })
      case 'ages':
        return pass(age + 3 * options.reapInterval)
    }
  }

  try {
    recording.add({ event: 'start', start, initial: session.initial })
    violation = judge.start(start, session.initial)
    for (const input of path.steps) {
      if (violation !== null) break
      carryOut(input)
      const event = { ...input, outcome: held }
      const name = acceptingTransition(situationOf(snapshot), event)
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
