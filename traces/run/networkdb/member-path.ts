/** One path through the machine of an entry: one node runs, and hears of an entry from others that are played. */
import { AdapterError } from '../../../impl/contract/adapter-error.ts'
import type { Implementation } from '../../../impl/contract/networkdb.ts'
import {
  acceptingTransition,
  initialSnapshot,
  nextSnapshot,
  situationOf,
  timeOf,
  type EntryInput,
  type EntryOutcome,
} from '../../../models/networkdb/member.ts'
import type { NetworkDbPath } from '../../../models/networkdb/paths.ts'
import type {
  Answer,
  Input,
  Message,
  NetworkDbScenario,
  NetworkEvent,
  Operation,
} from '../../../models/networkdb/vocabulary.ts'
import type { Violation } from '../../../properties/judge.ts'
import { Recording } from '../../record.ts'
import { completeNetworkDbScenario, defaultNetworkDbOptions } from '../../scenario.ts'
import type { JudgeOf, NetworkDbSurface } from '../../surface.ts'
import { increment, toCounts } from '../counts.ts'
import type { RunResult } from '../result.ts'
import { startOf } from './execution.ts'

/** The node that runs, and the one that writes the entry and speaks. */
const tested = 'n1'
const writer = 'n2'
const network = 'net1'
const key = 'k'

/** What is old is forgotten soon. */
const options = { ...defaultNetworkDbOptions, reapInterval: 60_000, reapPeriod: 1_000 }

/** The cluster of a path; it has no steps, since the other is played. */
export function scenarioOfNetworkDbPath({ name }: NetworkDbPath): NetworkDbScenario {
  return completeNetworkDbScenario({ name, nodes: [tested, writer], options })
}

/** @throws AdapterError if an implementation cannot `encode`, or answers what contradicts the contract */
export function runNetworkDbPath(
  path: NetworkDbPath,
  implementation: Implementation,
  judge: JudgeOf<NetworkDbSurface>,
): RunResult<NetworkDbSurface> {
  const { hello } = implementation
  if (!hello.capabilities.encode) throw new AdapterError('refused', `${hello.name} cannot encode`)
  const start = startOf(scenarioOfNetworkDbPath(path))
  const session = implementation.open(start)
  const recording = new Recording<NetworkDbSurface>(true)
  const transitions = new Map<string, number>()
  const operations = new Map<string, number>()
  const deliveries = new Map<string, number>()
  const results = new Map<string, number>()
  let held: EntryOutcome = { status: 'absent', time: 0 }
  let steps = 0
  let now = 0
  /** Time of the attachment of which was spoken last. */
  let attachmentTime = 0
  let wake: number | null = null
  let violation: Violation | null = null

  const fold = ({ entries, outputs }: Answer): void => {
    for (const change of entries ?? []) {
      if (change.key !== key) continue
      held = change.status === 'forgotten' ? { status: 'absent', time: 0 } : change
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
    give({ type: 'deliver', node: tested, at: now, message: session.encode(writer, tested, view) })
  }
  const tellNetwork = (event: NetworkEvent['event']): void => {
    const said: NetworkEvent = { type: 'network', event, name: writer, network, time: ++attachmentTime }
    tell({ kind: 'gossip', events: [said] })
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
  const carryOut = (input: EntryInput): void => {
    switch (input.type) {
      case 'told':
      case 'told-own': {
        const owner = input.type === 'told' ? writer : tested
        const event = input.deletes ? 'delete' : 'update'
        const time = timeOf(held.time, input.relation)
        const residual = input.deletes ? options.reapInterval : 0
        const said = { type: 'table', event, network, key, owner, time, value: `v${time}`, residual } as const
        return tell({ kind: 'table-gossip', network, events: [said] })
      }
      case 'writer-fails':
        return give({ type: 'peer', node: tested, at: now, name: writer, address: writer, status: 'down' })
      case 'writer-returns':
        return give({ type: 'peer', node: tested, at: now, name: writer, address: writer, status: 'up' })
      case 'writer-leaves':
        return tellNetwork('leave')
      case 'writer-joins':
        return tellNetwork('join')
      case 'join':
        return ask({ type: 'join-network', network })
      case 'leave':
        return ask({ type: 'leave-network', network })
      case 'create':
      case 'update':
        return ask({ type: input.type, network, key, value: `own ${steps}` })
      case 'delete':
        return ask({ type: 'delete', network, key })
      case 'ages':
        return pass(options.reapInterval + 3 * options.reapPeriod)
    }
  }

  try {
    recording.add({ event: 'start', start, initial: session.initial })
    violation = judge.start(start, session.initial)
    if (violation === null) tellNetwork('join')
    let snapshot = initialSnapshot()
    for (const input of path.steps) {
      if (violation !== null) break
      carryOut(input)
      const event = { ...input, outcome: { status: held.status, time: held.time } }
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
