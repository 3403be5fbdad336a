/** One path through a machine: one node runs, and hears of an entry, or of an attachment, from others that are played. */
import { AdapterError } from '../../../impl/contract/adapter-error.ts'
import type { Hello, Implementation, RemoteImplementation, Start } from '../../../impl/contract/networkdb.ts'
import { timeOf } from '../../../models/networkdb/acceptor.ts'
import { attachments } from '../../../models/networkdb/attachment.ts'
import type { AttachmentInput, AttachmentOutcome } from '../../../models/networkdb/attachment.ts'
import { entries, entryStart, type EntryInput, type EntryOutcome } from '../../../models/networkdb/member.ts'
import type { AttachmentPath, EntryPath, NetworkDbPath } from '../../../models/networkdb/paths.ts'
import type { Answer, Name, NetworkDbScenario, NetworkEvent } from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { completeNetworkDbScenario, defaultNetworkDbOptions } from '../../scenario.ts'
import type { JudgeOf, NetworkDbSurface } from '../../surface.ts'
import { increment } from '../counts.ts'
import { PathRun, runPath, runPathRemote, type Script } from '../path-run.ts'
import type { RunResult } from '../result.ts'
import { startOf } from './execution.ts'

/** The node that runs, and the one that speaks. */
const tested: NodeId = 'n1'
const speaker: NodeId = 'n2'
const network = 'net1'
const key = 'k'

/** What is old is forgotten soon. */
const options = { ...defaultNetworkDbOptions, reapInterval: 60_000, reapPeriod: 1_000 }

/** The cluster of a path; it has no steps, since the other is played. */
export function scenarioOfNetworkDbPath({ name }: NetworkDbPath): NetworkDbScenario {
  return completeNetworkDbScenario({ name, nodes: [tested, speaker], options })
}

type PathScript = Script<NetworkDbSurface>

/** What a walk needs of a machine. */
interface Acceptor<Input, Outcome, Snapshot, Situation> {
  readonly nextSnapshot: (snapshot: Snapshot, event: Input & { readonly outcome: Outcome }) => Snapshot
  readonly situationOf: (snapshot: Snapshot) => Situation
  readonly acceptingTransition: (at: Situation, event: Input & { readonly outcome: Outcome }) => string | null
}

abstract class NetworkDbPathRun<Input, Outcome> extends PathRun<NetworkDbSurface> {
  /** What both call themselves. */
  protected readonly own: Name
  protected readonly other: Name
  #wake: Milliseconds | null = null

  constructor(judge: JudgeOf<NetworkDbSurface>, start: Start, initial: readonly Answer[]) {
    super(judge, tested, start, initial)
    this.own = this.first.state?.name ?? tested
    this.other = initial[start.nodes.indexOf(speaker)]?.state?.name ?? speaker
  }

  /** What the node shows of the record. */
  protected abstract shown(): Outcome

  protected abstract see(answer: Answer): void

  protected abstract carryOut(input: Input): PathScript

  protected fold(answer: Answer): void {
    this.#wake = answer.wake
    this.see(answer)
  }

  protected *walk<Snapshot, Situation>(
    { nextSnapshot, situationOf, acceptingTransition }: Acceptor<Input, Outcome, Snapshot, Situation>,
    initial: Snapshot,
    inputs: readonly Input[],
  ): PathScript {
    let snapshot = initial
    for (const input of inputs) {
      if (this.violation !== null) return
      yield* this.carryOut(input)
      const event = { ...input, outcome: this.shown() }
      const name = acceptingTransition(situationOf(snapshot), event)
      // The judge says what is wrong with an outcome; from one that the machine does not know, there is no way on.
      if (name === null) return
      increment(this.transitions, name)
      snapshot = nextSnapshot(snapshot, event)
    }
  }

  /** Tells of somebody's attachment, at a time. */
  protected *tellAttachment(name: Name, event: NetworkEvent['event'], time: number): PathScript {
    yield* this.say({ kind: 'gossip', events: [{ type: 'network', event, name, network, time }] })
  }

  /** Tells it from below that somebody is there at the speaker's address, or is not there any more. */
  protected *tellPeer(name: Name, status: 'up' | 'down'): PathScript {
    yield* this.give({ type: 'peer', node: tested, at: this.now, name, address: speaker, status })
  }

  protected *pass(duration: Milliseconds): PathScript {
    const end = this.now + duration
    while (this.now < end && this.violation === null) {
      const until = Math.min(end, Math.max(this.now, this.#wake ?? end))
      yield* this.give({ type: 'advance', node: tested, at: this.now, until })
    }
  }
}

class EntryPathRun extends NetworkDbPathRun<EntryInput, EntryOutcome> {
  readonly #path: EntryPath
  #held: EntryOutcome = { status: 'absent', time: 0 }
  /** Time of the attachment of which was spoken last. */
  #attachmentTime = 0
  #written = 0

  constructor(path: EntryPath, judge: JudgeOf<NetworkDbSurface>, start: Start, initial: readonly Answer[]) {
    super(judge, start, initial)
    this.#path = path
  }

  *script(): PathScript {
    if (this.violation === null) yield* this.#tellWriter('join')
    yield* this.walk(entries, entries.initialSnapshot(entryStart), this.#path.steps)
  }

  protected shown(): EntryOutcome {
    const { status, time } = this.#held
    return { status, time }
  }

  protected see(answer: Answer): void {
    for (const change of answer.entries ?? []) {
      if (change.key !== key) continue
      this.#held = change.status === 'forgotten' ? { status: 'absent', time: 0 } : change
    }
  }

  *#tellWriter(event: NetworkEvent['event']): PathScript {
    yield* this.tellAttachment(this.other, event, ++this.#attachmentTime)
  }

  protected *carryOut(input: EntryInput): PathScript {
    switch (input.type) {
      case 'told':
      case 'told-own': {
        const owner = input.type === 'told' ? this.other : this.own
        const event = input.deletes ? 'delete' : 'update'
        const time = timeOf(this.#held.time, input.relation)
        const residual = input.deletes ? options.reapInterval : 0
        const said = { type: 'table', event, network, key, owner, time, value: `v${time}`, residual } as const
        return yield* this.say({ kind: 'table-gossip', network, events: [said] })
      }
      case 'writer-fails':
        return yield* this.tellPeer(this.other, 'down')
      case 'writer-returns':
        return yield* this.tellPeer(this.other, 'up')
      case 'writer-leaves':
        return yield* this.#tellWriter('leave')
      case 'writer-joins':
        return yield* this.#tellWriter('join')
      case 'join':
        return yield* this.ask({ type: 'join-network', network })
      case 'leave':
        return yield* this.ask({ type: 'leave-network', network })
      case 'create':
      case 'update':
        return yield* this.ask({ type: input.type, network, key, value: `own ${++this.#written}` })
      case 'delete':
        return yield* this.ask({ type: 'delete', network, key })
      case 'ages':
        return yield* this.pass(options.reapInterval + 3 * options.reapPeriod)
    }
  }
}

class AttachmentPathRun extends NetworkDbPathRun<AttachmentInput, AttachmentOutcome> {
  readonly #path: AttachmentPath
  readonly #subject: Name
  #held: AttachmentOutcome = { status: 'absent', time: 0 }
  /** Time of the node event that was told last, and how often another took the speaker's place. */
  #nodeTime = 0
  #lives = 1

  constructor(path: AttachmentPath, judge: JudgeOf<NetworkDbSurface>, start: Start, initial: readonly Answer[]) {
    super(judge, start, initial)
    this.#path = path
    this.#subject = path.start.whose === 'own' ? this.own : this.other
  }

  *script(): PathScript {
    const { start, steps } = this.#path
    yield* this.walk(attachments, attachments.initialSnapshot(start), steps)
  }

  protected shown(): AttachmentOutcome {
    const { status, time } = this.#held
    return { status, time }
  }

  protected see(answer: Answer): void {
    for (const change of answer.attachments ?? []) {
      if (change.name !== this.#subject || change.network !== network) continue
      this.#held = change.status === 'forgotten' ? { status: 'absent', time: 0 } : change
    }
  }

  protected *carryOut(input: AttachmentInput): PathScript {
    switch (input.type) {
      case 'told':
        return yield* this.tellAttachment(
          this.#subject,
          input.leaves ? 'leave' : 'join',
          timeOf(this.#held.time, input.relation),
        )
      case 'join':
        return yield* this.ask({ type: 'join-network', network })
      case 'leave':
        return yield* this.ask({ type: 'leave-network', network })
      case 'fails':
        return yield* this.tellPeer(this.other, 'down')
      case 'returns':
        return yield* this.tellPeer(this.other, 'up')
      case 'goes':
        return yield* this.say({
          kind: 'gossip',
          events: [{ type: 'node', event: 'leave', name: this.other, time: ++this.#nodeTime }],
        })
      case 'is-replaced':
        return yield* this.tellPeer(`${this.other}-${++this.#lives}`, 'up')
      case 'ages':
        return yield* this.pass(options.reapInterval + 8 * options.reapPeriod)
    }
  }
}

function runOf(
  path: NetworkDbPath,
  judge: JudgeOf<NetworkDbSurface>,
  start: Start,
  initial: readonly Answer[],
): PathRun<NetworkDbSurface> {
  return path.of === 'entry'
    ? new EntryPathRun(path, judge, start, initial)
    : new AttachmentPathRun(path, judge, start, initial)
}

function startOfNetworkDbPath(path: NetworkDbPath, { name, capabilities }: Hello): Start {
  if (!capabilities.encode) throw new AdapterError('refused', `${name} cannot encode`)
  return startOf(scenarioOfNetworkDbPath(path))
}

/** @throws AdapterError if an implementation cannot `encode`, or answers what contradicts the contract */
export function runNetworkDbPath(
  path: NetworkDbPath,
  implementation: Implementation,
  judge: JudgeOf<NetworkDbSurface>,
): RunResult<NetworkDbSurface> {
  const start = startOfNetworkDbPath(path, implementation.hello)
  const session = implementation.open(start)
  try {
    return runPath(runOf(path, judge, start, session.initial), {
      step: (input) => session.step(input),
      encode: (view) => session.encode(speaker, tested, view),
    })
  } finally {
    session.close()
  }
}

/** The same out of this process. */
export async function runNetworkDbPathRemote(
  path: NetworkDbPath,
  implementation: RemoteImplementation,
  judge: JudgeOf<NetworkDbSurface>,
): Promise<RunResult<NetworkDbSurface>> {
  const start = startOfNetworkDbPath(path, implementation.hello)
  const session = await implementation.open(start)
  try {
    return await runPathRemote(runOf(path, judge, start, session.initial), {
      step: async (input) => (await session.steps([input]))[0]!,
      encode: (view) => session.encode(speaker, tested, view),
    })
  } finally {
    await session.close()
  }
}
