/** One path through the member machine of SWIM: one node runs, and is told things by others that are played. */
import { AdapterError } from '../../../impl/contract/adapter-error.ts'
import type { Hello, Implementation, RemoteImplementation, Start } from '../../../impl/contract/swim.ts'
import { acceptingTransition, initialSnapshot, nextSnapshot, type SwimOutcome } from '../../../models/swim/member.ts'
import { swimPaths, type SwimPath, type SwimPathStep } from '../../../models/swim/paths.ts'
import type { Answer, MemberRecord, Message, SwimScenario, Update } from '../../../models/swim/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { completeSwimScenario } from '../../scenario.ts'
import type { JudgeOf, SwimSurface } from '../../surface.ts'
import { increment } from '../counts.ts'
import { PathRun, runPath, runPathRemote, type Script } from '../path-run.ts'
import type { RunResult } from '../result.ts'
import { startOf } from './execution.ts'

/** The node that runs, the one of which is spoken where it is another, and the one that speaks. */
const tested = 'n1'
const other = 'n2'
const speaker = 'n3'

/** Where a second node of the same name says that it is, and where once it has been taken at the first. */
const elsewhere = ['10.9.9.9:7946', '10.9.9.8:7946'] as const

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

type SwimScript = Script<SwimSurface>

class MemberPathRun extends PathRun<SwimSurface> {
  readonly #path: SwimPath
  readonly #start: Start
  readonly #table = new Map<NodeId, MemberRecord>()
  readonly #subject: NodeId

  constructor(path: SwimPath, judge: JudgeOf<SwimSurface>, start: Start, initial: readonly Answer[]) {
    super(judge, tested, start, initial)
    this.#path = path
    this.#start = start
    this.#subject = path.start.holding === 'self' ? tested : other
    this.fold(this.first)
  }

  *script(): SwimScript {
    const { name, start, steps } = this.#path
    for (const { view, waits } of name === strangersPath.name ? strangers : []) {
      if (this.violation === null) yield* this.say(view)
      if (waits) yield* this.#wait()
    }
    let snapshot = initialSnapshot(start)
    for (const step of steps) {
      if (this.violation !== null) return
      yield* this.#tell(step)
      const event = { ...step.input, outcome: holdingOf(this.#table.get(this.#subject), this.#subject === tested) }
      const transition = acceptingTransition(snapshot, event)
      // The judge says what is wrong with an outcome; from one that the machine does not know, there is no way on.
      if (transition === null) return
      increment(this.transitions, transition)
      snapshot = nextSnapshot(snapshot, event)
    }
  }

  /** Lets the node see that nothing comes for so long as it waits for others. */
  *#wait(): SwimScript {
    const until = this.now + 2 * this.#start.options.probeTimeout
    while (this.now < until && this.violation === null)
      yield* this.give({ type: 'advance', node: tested, at: this.now, until })
  }

  *#tell({ input }: SwimPathStep): SwimScript {
    if (input.type === 'leave') return yield* this.ask({ type: 'leave' })
    const gossip = [updateOf(input, this.#subject, this.#table.get(this.#subject))]
    yield* this.say({ kind: 'gossip', gossip })
  }

  protected fold({ members }: Answer): void {
    for (const change of members ?? []) {
      if (change.status === 'forgotten') this.#table.delete(change.node)
      else this.#table.set(change.node, change)
    }
  }
}

function startOfSwimPath(path: SwimPath, hello: Hello): Start {
  if (!hello.capabilities.encode) throw new AdapterError('refused', `${hello.name} cannot encode`)
  return startOf(scenarioOfSwimPath(path), hello)
}

/** @throws AdapterError if an implementation cannot `encode`, or answers what contradicts the contract */
export function runSwimPath(
  path: SwimPath,
  implementation: Implementation,
  judge: JudgeOf<SwimSurface>,
): RunResult<SwimSurface> {
  const start = startOfSwimPath(path, implementation.hello)
  const session = implementation.open(start)
  try {
    return runPath(new MemberPathRun(path, judge, start, session.initial), {
      step: (input) => session.step(input),
      encode: (view) => session.encode(speaker, tested, view),
    })
  } finally {
    session.close()
  }
}

/** The same out of this process. */
export async function runSwimPathRemote(
  path: SwimPath,
  implementation: RemoteImplementation,
  judge: JudgeOf<SwimSurface>,
): Promise<RunResult<SwimSurface>> {
  const start = startOfSwimPath(path, implementation.hello)
  const session = await implementation.open(start)
  try {
    return await runPathRemote(new MemberPathRun(path, judge, start, session.initial), {
      step: async (input) => (await session.steps([input]))[0]!,
      encode: (view) => session.encode(speaker, tested, view),
    })
  } finally {
    await session.close()
  }
}

type Told = Exclude<SwimPathStep['input'], { readonly type: 'leave' }>

function updateOf(input: Told, node: NodeId, record: MemberRecord | undefined): Update {
  const { type: status, incarnation } = input
  if (input.type === 'alive') {
    const [first, second] = elsewhere
    const moved = record?.address === first ? second : first
    const address = input.moved ? moved : (record?.address ?? '10.0.0.2:7946')
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
