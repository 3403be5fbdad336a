/** One path through a member machine, against one node: the others are played, and what comes of it is judged. */
import { AdapterError } from '../../impl/contract/adapter-error.ts'
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'
import type { Violation } from '../../properties/judge.ts'
import { Recording } from '../record.ts'
import type { JudgeOf, Surface } from '../surface.ts'
import { inputOf } from './cluster.ts'
import { increment, toCounts } from './counts.ts'
import type { RunResult } from './result.ts'

/** What a path waits for: an answer, or a message that somebody who is played is to send. */
export type Demand<S extends Surface> =
  | { readonly demand: 'step'; readonly input: S['input'] }
  | { readonly demand: 'encode'; readonly view: S['message']['view'] }

export type Script<S extends Surface> = Generator<Demand<S>, void, S['answer'] | S['message']>

export abstract class PathRun<S extends Surface> {
  /** The node that runs. */
  protected readonly tested: NodeId
  /** What it answered to the start. */
  protected readonly first: S['answer']
  protected now: Milliseconds = 0
  protected steps = 0
  protected violation: Violation | null
  protected readonly transitions = new Map<string, number>()
  readonly #judge: JudgeOf<S>
  readonly #recording = new Recording<S>(true)
  readonly #operations = new Map<string, number>()
  readonly #deliveries = new Map<string, number>()
  readonly #results = new Map<string, number>()

  constructor(judge: JudgeOf<S>, tested: NodeId, start: S['start'], initial: readonly S['answer'][]) {
    this.tested = tested
    this.#judge = judge
    this.#recording.add({ event: 'start', start, initial })
    this.violation = judge.start(start, initial)
    const own = initial[start.nodes.indexOf(tested)]
    if (own === undefined) throw new AdapterError('contract', `no initial answer of ${tested}`)
    this.first = own
  }

  // What a surface adds.

  abstract script(): Script<S>

  /** What an answer tells of what the path is about. */
  protected abstract fold(answer: S['answer']): void

  // What a path consists of.

  protected *give(input: S['input']): Script<S> {
    const answer = (yield { demand: 'step', input }) as S['answer']
    this.steps++
    this.#recording.add({ event: 'step', now: answer.now, input, answer })
    this.violation = this.#judge.step(input, answer, answer.now)
    this.now = answer.now
    for (const output of answer.outputs)
      if (output.type === 'result') increment(this.#results, (output as unknown as { readonly status: string }).status)
    this.fold(answer)
  }

  /** Somebody who is played says this to the node. */
  protected *say(view: S['message']['view']): Script<S> {
    increment(this.#deliveries, view.kind)
    const message = (yield { demand: 'encode', view }) as S['message']
    yield* this.give(inputOf<S>({ type: 'deliver', node: this.tested, at: this.now, message }))
  }

  protected *ask(operation: S['operation']): Script<S> {
    increment(this.#operations, operation.type)
    const { tested: node, now: at, steps } = this
    yield* this.give(inputOf<S>({ type: 'operation', node, at, id: steps + 1, operation }))
  }

  result(): RunResult<S> {
    const { violation } = this
    return {
      violation,
      violationEvent: violation === null ? -1 : this.#recording.count - 1,
      violationStep: violation === null ? -1 : 0,
      advice: this.#judge.advice(),
      events: this.#recording.events,
      eventCount: this.#recording.count,
      steps: this.steps,
      deliveries: [...this.#deliveries.values()].reduce((sum, count) => sum + count, 0),
      duration: this.now,
      faults: {},
      skipped: {},
      outside: {},
      settled: true,
      committedAfterHeal: 0,
      exercised: this.#judge.exercised(),
      transitions: this.transitions,
      situations: new Map(),
      coverage: {
        deliveries: toCounts(this.#deliveries),
        operations: toCounts(this.#operations),
        results: toCounts(this.#results),
      },
      effective: [],
      targets: [],
    }
  }
}

/** Where a path is run. */
export interface PathSession<S extends Surface> {
  step(input: S['input']): S['answer']
  encode(view: S['message']['view']): S['message']
}

/** The same out of this process. */
export interface RemotePathSession<S extends Surface> {
  step(input: S['input']): Promise<S['answer']>
  encode(view: S['message']['view']): Promise<S['message']>
}

export function runPath<S extends Surface>(run: PathRun<S>, session: PathSession<S>): RunResult<S> {
  const script = run.script()
  for (let next = script.next(); next.done !== true;) {
    const asked = next.value
    next = script.next(asked.demand === 'step' ? session.step(asked.input) : session.encode(asked.view))
  }
  return run.result()
}

export async function runPathRemote<S extends Surface>(
  run: PathRun<S>,
  session: RemotePathSession<S>,
): Promise<RunResult<S>> {
  const script = run.script()
  for (let next = script.next(); next.done !== true;) {
    const asked = next.value
    next = script.next(await (asked.demand === 'step' ? session.step(asked.input) : session.encode(asked.view)))
  }
  return run.result()
}
