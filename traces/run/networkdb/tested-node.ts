/** The one node that runs where a path goes through a machine; the others are played. */
import { AdapterError } from '../../../impl/contract/adapter-error.ts'
import type { Implementation, Start } from '../../../impl/contract/networkdb.ts'
import type { Answer, Input, Message, Operation } from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { Violation } from '../../../properties/judge.ts'
import { Recording } from '../../record.ts'
import type { JudgeOf, NetworkDbSurface } from '../../surface.ts'
import { increment, toCounts } from '../counts.ts'
import type { RunResult } from '../result.ts'

/** The node that runs, and the one that speaks. */
export const tested: NodeId = 'n1'
export const speaker: NodeId = 'n2'

type Session = ReturnType<Implementation['open']>

export class TestedNode {
  violation: Violation | null = null
  readonly #start: Start
  readonly #session: Session
  readonly #judge: JudgeOf<NetworkDbSurface>
  readonly #see: (answer: Answer) => void
  readonly #recording = new Recording<NetworkDbSurface>(true)
  readonly #transitions = new Map<string, number>()
  readonly #operations = new Map<string, number>()
  readonly #deliveries = new Map<string, number>()
  readonly #results = new Map<string, number>()
  #steps = 0
  #now: Milliseconds = 0
  #wake: Milliseconds | null = null

  /**
   * @param see is shown each answer
   * @throws AdapterError if the implementation cannot `encode`
   */
  constructor(
    start: Start,
    implementation: Implementation,
    judge: JudgeOf<NetworkDbSurface>,
    see: (answer: Answer) => void,
  ) {
    const { hello } = implementation
    if (!hello.capabilities.encode) throw new AdapterError('refused', `${hello.name} cannot encode`)
    this.#start = start
    this.#session = implementation.open(start)
    this.#judge = judge
    this.#see = see
  }

  begin(): void {
    const { initial } = this.#session
    this.#recording.add({ event: 'start', start: this.#start, initial })
    this.violation = this.#judge.start(this.#start, initial)
  }

  close(): void {
    this.#session.close()
  }

  tell(view: Message): void {
    increment(this.#deliveries, view.kind)
    const message = this.#session.encode(speaker, tested, view)
    this.#give({ type: 'deliver', node: tested, at: this.#now, message })
  }

  ask(operation: Operation): void {
    increment(this.#operations, operation.type)
    this.#give({ type: 'operation', node: tested, at: this.#now, id: this.#steps + 1, operation })
  }

  /** Tells it from below that somebody is there at the speaker's address, or is not there any more. */
  tellPeer(name: string, status: 'up' | 'down'): void {
    this.#give({ type: 'peer', node: tested, at: this.#now, name, address: speaker, status })
  }

  pass(duration: Milliseconds): void {
    const until = this.#now + duration
    while (this.#now < until && this.violation === null) {
      const next = Math.min(until, Math.max(this.#now, this.#wake ?? until))
      this.#give({ type: 'advance', node: tested, at: this.#now, until: next })
    }
  }

  took(transition: string): void {
    increment(this.#transitions, transition)
  }

  #give(input: Input): void {
    const answer = this.#session.step(input)
    this.#steps++
    this.#recording.add({ event: 'step', now: answer.now, input, answer })
    this.violation = this.#judge.step(input, answer, answer.now)
    this.#now = answer.now
    this.#wake = answer.wake
    this.#see(answer)
    for (const output of answer.outputs) if (output.type === 'result') increment(this.#results, output.status)
  }

  result(): RunResult<NetworkDbSurface> {
    const { violation } = this
    return {
      violation,
      violationEvent: violation === null ? -1 : this.#recording.count - 1,
      violationStep: violation === null ? -1 : 0,
      advice: this.#judge.advice(),
      events: this.#recording.events,
      eventCount: this.#recording.count,
      steps: this.#steps,
      deliveries: [...this.#deliveries.values()].reduce((sum, count) => sum + count, 0),
      duration: this.#now,
      faults: {},
      skipped: {},
      outside: {},
      settled: true,
      committedAfterHeal: 0,
      exercised: this.#judge.exercised(),
      transitions: this.#transitions,
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
