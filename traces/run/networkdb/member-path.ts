/** One path through the machine of an entry: one node runs, and hears of an entry from others that are played. */
import { AdapterError } from '../../../impl/contract/adapter-error.ts'
import type { Hello, Implementation, RemoteImplementation, Start } from '../../../impl/contract/networkdb.ts'
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
import type { Answer, Name, NetworkDbScenario, NetworkEvent } from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { completeNetworkDbScenario, defaultNetworkDbOptions } from '../../scenario.ts'
import type { JudgeOf, NetworkDbSurface } from '../../surface.ts'
import { increment } from '../counts.ts'
import { PathRun, runPath, runPathRemote, type Script } from '../path-run.ts'
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

type EntryScript = Script<NetworkDbSurface>

class EntryPathRun extends PathRun<NetworkDbSurface> {
  readonly #path: NetworkDbPath
  /** What both call themselves. */
  readonly #own: Name
  readonly #writer: Name
  #held: EntryOutcome = { status: 'absent', time: 0 }
  /** Time of the attachment of which was spoken last. */
  #attachmentTime = 0
  #wake: Milliseconds | null = null

  constructor(path: NetworkDbPath, judge: JudgeOf<NetworkDbSurface>, start: Start, initial: readonly Answer[]) {
    super(judge, tested, start, initial)
    this.#path = path
    this.#own = this.first.state?.name ?? tested
    this.#writer = initial[start.nodes.indexOf(writer)]?.state?.name ?? writer
  }

  *script(): EntryScript {
    if (this.violation === null) yield* this.#tellNetwork('join')
    let snapshot = initialSnapshot()
    for (const input of this.#path.steps) {
      if (this.violation !== null) return
      yield* this.#carryOut(input)
      const event = { ...input, outcome: { status: this.#held.status, time: this.#held.time } }
      const name = acceptingTransition(situationOf(snapshot), event)
      // The judge says what is wrong with an outcome; from one that the machine does not know, there is no way on.
      if (name === null) return
      increment(this.transitions, name)
      snapshot = nextSnapshot(snapshot, event)
    }
  }

  protected fold({ entries, wake }: Answer): void {
    this.#wake = wake
    for (const change of entries ?? []) {
      if (change.key !== key) continue
      this.#held = change.status === 'forgotten' ? { status: 'absent', time: 0 } : change
    }
  }

  *#tellNetwork(event: NetworkEvent['event']): EntryScript {
    const time = ++this.#attachmentTime
    yield* this.say({ kind: 'gossip', events: [{ type: 'network', event, name: this.#writer, network, time }] })
  }

  *#tellPeer(status: 'up' | 'down'): EntryScript {
    yield* this.give({ type: 'peer', node: tested, at: this.now, name: this.#writer, address: writer, status })
  }

  *#pass(duration: Milliseconds): EntryScript {
    const end = this.now + duration
    while (this.now < end && this.violation === null) {
      const until = Math.min(end, Math.max(this.now, this.#wake ?? end))
      yield* this.give({ type: 'advance', node: tested, at: this.now, until })
    }
  }

  *#carryOut(input: EntryInput): EntryScript {
    switch (input.type) {
      case 'told':
      case 'told-own': {
        const owner = input.type === 'told' ? this.#writer : this.#own
        const event = input.deletes ? 'delete' : 'update'
        const time = timeOf(this.#held.time, input.relation)
        const residual = input.deletes ? options.reapInterval : 0
        const said = { type: 'table', event, network, key, owner, time, value: `v${time}`, residual } as const
        return yield* this.say({ kind: 'table-gossip', network, events: [said] })
      }
      case 'writer-fails':
        return yield* this.#tellPeer('down')
      case 'writer-returns':
        return yield* this.#tellPeer('up')
      case 'writer-leaves':
        return yield* this.#tellNetwork('leave')
      case 'writer-joins':
        return yield* this.#tellNetwork('join')
      case 'join':
        return yield* this.ask({ type: 'join-network', network })
      case 'leave':
        return yield* this.ask({ type: 'leave-network', network })
      case 'create':
      case 'update':
        return yield* this.ask({ type: input.type, network, key, value: `own ${this.steps}` })
      case 'delete':
        return yield* this.ask({ type: 'delete', network, key })
      case 'ages':
        return yield* this.#pass(options.reapInterval + 3 * options.reapPeriod)
    }
  }
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
    return runPath(new EntryPathRun(path, judge, start, session.initial), {
      step: (input) => session.step(input),
      encode: (view) => session.encode(writer, tested, view),
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
    return await runPathRemote(new EntryPathRun(path, judge, start, session.initial), {
      step: async (input) => (await session.steps([input]))[0]!,
      encode: (view) => session.encode(writer, tested, view),
    })
  } finally {
    await session.close()
  }
}
