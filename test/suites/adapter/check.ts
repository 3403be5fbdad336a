/** The check of an adapter itself: whether it keeps the protocol, whatever it adapts. */
import { isDeepStrictEqual } from 'node:util'
import { AdapterError } from '../../../impl/contract/adapter-error.ts'
import { Connection, type AdapterOptions } from '../../../impl/contract/connection.ts'
import { refusalSchema } from '../../../impl/contract/schema.ts'
import type { SpawnOptions, AdapterSurface } from '../../../impl/contract/stdio.ts'
import type { Words } from '../../../impl/contract/surface.ts'
import { dialects, type AdapterHello } from '../../../impl/contract/surfaces.ts'
import type { AnyTraceEvent } from '../../../traces/event.ts'
import { onAbort } from '../abort.ts'
import { firstDifference, receivedMismatch, resultMismatch, stepsOf } from './observations.ts'
import { ipamPlan } from './ipam.ts'
import { networkDbPlan } from './networkdb.ts'
import { advanceOf, observe, repeatInBatches, stepOf, type Plan, type RunSettings } from './plan.ts'
import { raftPlan } from './raft.ts'
import { swimPlan } from './swim.ts'

/** Beneath a plan nothing depends on the words of its surface. */
const plans: { readonly [Surface in AdapterSurface]: Plan } = {
  raft: raftPlan as unknown as Plan,
  swim: swimPlan as unknown as Plan,
  networkdb: networkDbPlan as unknown as Plan,
  ipam: ipamPlan as unknown as Plan,
}

export interface AdapterFinding {
  /** Slug of SPEC.md's chapter on the adapter protocol. */
  readonly requirement: string
  readonly verdict: 'pass' | 'fail' | 'unsupported' | 'inconclusive' | 'error'
  /** Why it is not a pass; empty for one. */
  readonly reason: string
}

export interface AdapterCheckOptions extends SpawnOptions {
  /** Check only these requirements, beside the first. Default all. */
  readonly requirements?: readonly string[]
  /** Ends the check early: what is not decided by then stays open. */
  readonly signal?: AbortSignal | undefined
  /** Told before each check: how many are done, of how many, and what comes next. */
  readonly onCheck?: ((done: number, total: number, requirement: string) => void) | undefined
}

export interface AdapterCheckResult {
  /** What the adapter said of itself; null if it did not. */
  readonly hello: AdapterHello | null
  readonly findings: readonly AdapterFinding[]
}

/**
 * Checks an adapter against every requirement of the profile `adapter`. A process that breaks off is replaced, so that
 * what one check breaks leaves the others as they are. Nothing is thrown: a command that cannot be started fails.
 */
export async function checkAdapter(
  command: readonly string[],
  { requirements, signal, onCheck, surface, ...options }: AdapterCheckOptions = {},
): Promise<AdapterCheckResult> {
  const first = await sayHello(command, options, surface)
  const findings = new Map([['adapter/says-hello', first.finding]])
  const { hello } = first
  const subject = hello === null ? null : new Subject(command, options, hello)
  const selected = Object.entries(checks).filter(([requirement]) => requirements?.includes(requirement) ?? true)
  const forget = onAbort(signal, () => void subject?.close())
  try {
    for (const [index, [requirement, check]] of selected.entries()) {
      onCheck?.(index, selected.length, requirement)
      const own: AdapterFinding =
        subject === null
          ? { requirement, verdict: 'inconclusive', reason: 'it did not say hello' }
          : await judged(requirement, () => check(subject), findings)
      // What was broken off by the end says nothing.
      if (signal?.aborted === true) break
      if (findings.get(requirement)?.verdict !== 'fail') findings.set(requirement, own)
    }
  } finally {
    forget()
    await subject?.close()
  }
  const order = ['adapter/says-hello', ...Object.keys(checks)]
  return { hello, findings: order.flatMap((requirement) => findings.get(requirement) ?? []) }
}

/** What a check found: null for a pass. */
type Outcome = Omit<AdapterFinding, 'requirement'> | null
const fail = (reason: string): Outcome => ({ verdict: 'fail', reason })
const failIf = (reason: string | null): Outcome => (reason === null ? null : fail(reason))
const unsupported = (reason: string): Outcome => ({ verdict: 'unsupported', reason })
const inconclusive = (reason: string): Outcome => ({ verdict: 'inconclusive', reason })

/** A check that the protocol itself broke off blames the requirement that was broken, and remains undecided. */
async function judged(
  requirement: string,
  check: () => Promise<Outcome>,
  findings: Map<string, AdapterFinding>,
): Promise<AdapterFinding> {
  try {
    return { requirement, ...((await check()) ?? { verdict: 'pass', reason: '' }) }
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error
    const blamed = blame(error)
    const deadly = error.died && mustSurvive.has(requirement)
    if (blamed === requirement || error.kind === 'refused' || deadly)
      return { requirement, verdict: 'fail', reason: error.message }
    if (blamed === null) return { requirement, verdict: 'error', reason: error.message }
    findings.set(blamed, { requirement: blamed, verdict: 'fail', reason: error.message })
    return { requirement, verdict: 'inconclusive', reason: `broken off: ${blamed}` }
  }
}

/** Where dying is what an adapter must not do; elsewhere it may be the implementation that dies. */
const mustSurvive = new Set([
  'adapter/refuses-unknown',
  'adapter/ends-runs',
  'adapter/forgets',
  'adapter/delivers-again',
])

function blame({ kind, rule }: AdapterError): string | null {
  if (kind === 'json' || kind === 'schema' || kind === 'flood') return 'adapter/keeps-form'
  if (kind === 'sequence' || kind === 'unasked') return 'adapter/answers-once'
  return kind === 'contract' ? (blamedFor[rule ?? ''] ?? null) : null
}

/** By what a breach of the contract is about. */
const blamedFor: Readonly<Record<string, string>> = {
  outputs: 'adapter/identifies-outputs',
  time: 'adapter/keeps-time',
  shown: 'adapter/restarts',
  received: 'adapter/received-as-sent',
  folds: 'adapter/deltas-fold',
}

async function sayHello(
  command: readonly string[],
  options: AdapterOptions,
  surface: AdapterSurface | undefined,
): Promise<{ hello: AdapterHello | null; finding: AdapterFinding }> {
  const requirement = 'adapter/says-hello'
  const connection = new Connection(command, options)
  try {
    const hello = await connection.hello(surface)
    return { hello, finding: { requirement, verdict: 'pass', reason: '' } }
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error
    return { hello: null, finding: { requirement, verdict: 'fail', reason: error.message } }
  } finally {
    await connection.close()
  }
}

/** The adapter that is checked. */
class Subject {
  readonly hello: AdapterHello
  readonly plan: Plan
  readonly #command: readonly string[]
  readonly #options: AdapterOptions
  #shared: Connection | undefined
  #observed: Promise<readonly AnyTraceEvent[]> | undefined

  constructor(command: readonly string[], options: AdapterOptions, hello: AdapterHello) {
    this.hello = hello
    this.plan = plans[hello.surfaces[0]!]
    this.#command = command
    this.#options = options
  }

  /** Does something with a process that others used before, and left as it was. */
  async with<T>(act: (connection: Connection, plan: Plan) => Promise<T>): Promise<T> {
    if (this.#shared === undefined || this.#shared.isOver) {
      await this.close()
      this.#shared = new Connection(this.#command, this.#options)
      await this.#shared.hello(this.plan.surface)
    }
    return act(this.#shared, this.plan)
  }

  /** Does something with a process of its own. */
  async withFresh<T>(act: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = new Connection(this.#command, this.#options)
    try {
      await connection.hello(this.plan.surface)
      return await act(connection)
    } finally {
      await connection.close()
    }
  }

  async close(): Promise<void> {
    await this.#shared?.close()
  }

  /** Runs a scenario without judging it. */
  run(connection: Connection, { weather, seed, batch }: RunSettings): Promise<readonly AnyTraceEvent[]> {
    const { hello, plan } = this
    return observe(connection, plan.surface, hello, plan.scenario(hello, weather, seed), batch)
  }

  /** The events of one run of everything, which several checks look at. */
  get observed(): Promise<readonly AnyTraceEvent[]> {
    return (this.#observed ??= this.runAlone(busy))
  }

  /** Gives the inputs of a run again, many at once: where the same things happen, they are the right ones. */
  repeatInBatches(events: readonly AnyTraceEvent[]): Promise<readonly AnyTraceEvent[]> {
    return this.withFresh((connection) => repeatInBatches(connection, this.plan.surface, events, 64))
  }

  /** A run in a process of its own. */
  runAlone(settings: RunSettings): Promise<readonly AnyTraceEvent[]> {
    return this.withFresh((connection) => this.run(connection, settings))
  }
}

const busy: RunSettings = { weather: 'busy', seed: 3, batch: 64 }
const noMessages = 'nodes of this surface send no messages'
/** Time in which nothing is to happen. */
const aWhile = 10_000
const calm = (seed: number, batch = 64): RunSettings => ({ weather: 'calm', seed, batch })

const delivery = (node: string, at: number, message: Words['outgoing']): Words['input'] => ({
  type: 'deliver',
  node,
  at,
  ...{ message },
})

/** What an answer says that went wrong. */
const errorIn = (answer: Words['answer']) =>
  answer.error as { readonly kind: string; readonly text: string } | undefined

/** The checks, in the order of SPEC.md; `says-hello` comes before them. */
const checks: Readonly<Record<string, (subject: Subject) => Promise<Outcome>>> = {
  'adapter/keeps-form': checkBusy,
  'adapter/answers-once': checkBusy,

  'adapter/starts-every-node': (subject) =>
    subject.with(async (connection, plan) => {
      const { initial } = await plan.open(connection, 1, subject.hello)
      return failIf(plan.startMismatch(subject.hello, initial))
    }),

  'adapter/identifies-outputs': checkBusy,
  'adapter/keeps-time': checkBusy,

  'adapter/stops-at-first-effect': (subject) =>
    subject.with(async (connection, plan) => {
      const { longEnough } = plan
      if (longEnough === null) return unsupported('nodes of this surface do nothing by themselves')
      const whole = await stepOf(await plan.open(connection, 1), advanceOf('n1', longEnough))
      if (!plan.hasEffect(whole)) return inconclusive(`nothing happens at n1 within ${longEnough} ms`)
      if (whole.now === longEnough) return fail(`an advance with an effect ended at its end, ${longEnough}`)
      if (!subject.hello.deterministic) return null
      // The same in hops from one wake-up to the next.
      const session = await plan.open(connection, 1)
      let hop = session.initial[0]!
      while (!plan.hasEffect(hop) || hop === session.initial[0]) {
        if (hop.wake === null || hop.wake > longEnough)
          return fail('n1 does not wake up for what it does when advanced')
        hop = await stepOf(session, advanceOf('n1', hop.wake, hop.wake))
      }
      return hop.now === whole.now
        ? null
        : fail(`n1 acts at ${hop.now} if advanced to each wake-up, and at ${whole.now} if advanced at once`)
    }),

  'adapter/wakes-in-time': (subject) =>
    subject.with(async (connection, plan) => {
      const session = await plan.open(connection, 1)
      for (const [index, node] of plan.nodes.entries()) {
        const { wake } = session.initial[index]!
        const until = wake === null ? (plan.longEnough ?? aWhile) : wake - 1
        if (until < 0) continue
        const answer = await stepOf(session, advanceOf(node, until))
        if (plan.hasEffect(answer))
          return fail(`${node} does something at ${answer.now}; it asked to be woken at ${wake}`)
        if (answer.now !== until)
          return fail(`an advance of ${node} to ${until} without an effect ended at ${answer.now}`)
      }
      return null
    }),

  'adapter/deltas-fold': async (subject) => failIf(subject.plan.foldMismatch(await subject.observed)),

  'adapter/runs-independently': async (subject) => {
    const alone = await subject.runAlone(calm(1))
    const [beside] = await subject.withFresh((connection) =>
      Promise.all([1, 2, 3].map((seed) => subject.run(connection, calm(seed)))),
    )
    if (!subject.hello.deterministic) return unsupported('it does not declare itself deterministic')
    return failIf(firstDifference(alone, beside!, 'alone', 'beside other runs'))
  },

  'adapter/batches-as-single': async (subject) => {
    if (!subject.hello.deterministic) return unsupported('it does not declare itself deterministic')
    const single = await subject.runAlone(calm(1, 1))
    return failIf(firstDifference(single, await subject.repeatInBatches(single), 'one by one', 'in batches'))
  },

  'adapter/repeats': async (subject) => {
    if (!subject.hello.deterministic) return unsupported('it does not declare itself deterministic')
    const [first, second] = [await subject.observed, await subject.runAlone(busy)]
    return failIf(firstDifference(first, second, 'the first time', 'the second time'))
  },

  'adapter/seed-decides': (subject) =>
    subject.with(async (connection, plan) => {
      if (plan.chanceMismatch === undefined) return unsupported('nothing is left to chance on this surface')
      return failIf(await plan.chanceMismatch((seed) => plan.open(connection, seed), subject.hello.deterministic))
    }),

  'adapter/delivers-again': (subject) =>
    subject.with(async (connection, plan) => {
      if (subject.hello.assumptions.noDuplicates) return unsupported('it assumes that no message arrives twice')
      if (plan.speak === undefined) return unsupported(noMessages)
      const session = await plan.open(connection, 1)
      const [message] = await plan.speak(session)
      if (message === undefined) return inconclusive('no message was sent')
      const again = delivery(message.to, 0, message)
      const answers = [await stepOf(session, again), await stepOf(session, again)]
      const error = answers.map(errorIn).find((each) => each !== undefined)
      if (error !== undefined) return fail(`the second delivery of a message gave ${error.kind}: ${error.text}`)
      return isDeepStrictEqual(answers[0]!.received, answers[1]!.received)
        ? null
        : fail('a message was decoded differently when it arrived again')
    }),

  'adapter/forgets': (subject) =>
    subject.with(async (connection, plan) => {
      if (plan.speak === undefined) return unsupported(noMessages)
      const session = await plan.open(connection, 1)
      const messages = await plan.speak(session)
      const [message] = messages
      if (message === undefined) return inconclusive('no message was sent')
      session.forget(messages.map(({ id }) => id))
      await stepOf(session, advanceOf(message.to, 1))
      await session.inspect(message.to)
      return null
    }),

  'adapter/received-as-sent': async (subject) => {
    const { shown, mismatch } = receivedMismatch(await subject.observed)
    if (mismatch !== null) return fail(mismatch)
    return shown === 0 ? unsupported('it does not show how messages were decoded') : null
  },

  'adapter/claims-hold': async (subject) => {
    for (const { input, answer } of stepsOf(await subject.observed)) {
      if (answer.error?.kind !== 'unsupported') continue
      const what = input.operation?.type ?? input.type
      return fail(`${what} is claimed, and answered with unsupported: ${answer.error.text}`)
    }
    return null
  },

  'adapter/refuses-unknown': (subject) =>
    subject.with(async (connection, plan) => {
      const session = await plan.open(connection, 1)
      for (const run of [null, session.run]) {
        const reply = await connection.askRaw('levitate', run, {})
        const refusal = refusalSchema.safeParse(reply)
        if (!refusal.success) return fail('a request of an unknown type was not refused')
        const { kind } = refusal.data.error
        if (kind !== 'unsupported') return fail(`a request of an unknown type was refused as ${kind}`)
      }
      await session.close()
      return null
    }),

  'adapter/ends-results-once': async (subject) => failIf(resultMismatch(await subject.observed)),

  'adapter/restarts': async (subject) => {
    const { plan, hello } = subject
    if (!plan.canRestart(hello)) return unsupported(`it claims no ${plan.restarting}`)
    const steps = stepsOf(await subject.observed)
    const restarted = steps.some(({ input, answer }) => input.type === 'restart' && answer.error === undefined)
    return restarted ? null : inconclusive('no node was restarted')
  },

  'adapter/encodes': (subject) =>
    subject.with(async (connection, plan) => {
      if (!subject.hello.capabilities.encode) return unsupported('it does not claim encode')
      if (plan.speak === undefined) return unsupported(noMessages)
      const session = await plan.open(connection, 1)
      let made = 0
      for (const view of plan.views) {
        const message = await unlessRefused(session.encode('n2', 'n1', view))
        if (message === null) continue
        made++
        if (
          !isDeepStrictEqual((message as Words['outgoing'] & { readonly view: object }).view, view) ||
          message.from !== 'n2' ||
          message.to !== 'n1'
        )
          return fail(`asked for ${JSON.stringify(view)} from n2 to n1, made ${JSON.stringify(message)}`)
        const error = errorIn(await stepOf(session, delivery('n1', 0, message)))
        if (error !== undefined) return fail(`${JSON.stringify(view)} was made, and cannot be delivered: ${error.text}`)
      }
      return made === 0 ? fail('it claims encode, and makes no kind of message') : null
    }),

  'adapter/ends-runs': (subject) =>
    subject.with(async (connection, plan) => {
      const { run: ended } = await plan.open(connection, 1)
      await connection.endRun(ended)
      const inputs = [advanceOf('n1', 1)]
      const reply = await connection.askRaw('steps', ended, { inputs })
      if (dialects[plan.surface].replies.steps.safeParse(reply).success)
        return fail('a run that was ended still answers steps')
      if (!refusalSchema.safeParse(reply).success) return fail('a request for a run that was ended is not refused')
      await plan.open(connection, 1)
      return null
    }),

  'adapter/exits': async (subject) => {
    for (const how of ['exit', 'end of input'] as const) {
      const { answered, code } = await subject.withFresh((connection) => connection.leave(how))
      if (how === 'exit' && !answered) return fail('exit was not answered')
      if (code === null) return fail(`it did not end by itself after ${how}`)
      if (how === 'exit' && code !== 0) return fail(`it ended with exit code ${code} after exit`)
    }
    return null
  },
}

/** What holds of every line is broken by an error on the way; see `blame`. */
async function checkBusy(subject: Subject): Promise<Outcome> {
  await subject.with((connection) => Promise.all([subject.run(connection, busy), subject.run(connection, calm(1))]))
  return null
}

async function unlessRefused<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof AdapterError && error.refusal === 'unsupported') return null
    throw error
  }
}
