/**
 * What the tests of the simulator and of the runner need: a cluster that answers everything and agrees on nothing,
 * and a judge that allows everything.
 */
import type { Hello, Implementation, RemoteImplementation, Session, Start } from '../../impl/contract/raft.ts'
import type {
  Answer,
  Entry,
  Input,
  MemberState,
  Message,
  Output,
  OutgoingMessage,
  RaftScenario,
} from '../../models/raft/vocabulary.ts'
import type { RaftStep } from '../../traces/scenario.ts'
import { completeScenario } from '../../traces/scenario.ts'
import type { JudgeOf, RaftSurface } from '../../traces/surface.ts'
import { hashSeed, mix, mixText } from '../../impl/sim/hash.ts'

export const pingPongHello: Hello = {
  protocol: 1,
  name: 'ping-pong',
  version: '1',
  language: 'TypeScript',
  surfaces: ['raft'],
  profiles: ['raft-core'],
  operations: ['propose', 'change-membership'],
  capabilities: { disk: true, encode: false },
  deterministic: true,
  assumptions: { fifo: false, noDuplicates: false, clockDrift: 0.5 },
}

class Node {
  readonly #id: string
  readonly #start: Start
  readonly #newMessage: () => number
  readonly #random: number
  #writes = 0
  #beats = 0
  #wake: number
  #outputs: Output[] = []
  /** Whether the whole state was told since the start. */
  #told = false
  role: MemberState['role'] = 'follower'
  term = 0
  commit = 0

  constructor(id: string, start: Start, newMessage: () => number) {
    this.#id = id
    this.#start = start
    this.#newMessage = newMessage
    this.#random = mixText(hashSeed(start.seed), id)
    this.#wake = this.#timeout(0)
  }

  get state(): MemberState {
    const { role, term, commit } = this
    const leader = role === 'leader' ? this.#id : null
    const { configuration } = this.#start
    return { role, term, vote: null, leader, commit, applied: commit, configuration, ready: role === 'leader' }
  }

  answer(now: number, received?: Message): Answer {
    const outputs = this.#outputs.length > 0 ? this.#outputs : none
    if (outputs !== none) this.#outputs = []
    const { role, term, commit } = this
    const state = this.#told ? { role, term, commit } : this.state
    this.#told = true
    return { now, wake: this.#wake, outputs, state, log: null, received }
  }

  restart(now: number): Answer {
    this.role = 'follower'
    this.#told = false
    this.#outputs = []
    this.#wake = this.#timeout(now)
    return this.answer(now)
  }

  step(input: Input): Answer {
    const { at } = input
    switch (input.type) {
      case 'advance': {
        const now = Math.max(at, this.#wake)
        if (now > input.until) return this.answer(input.until)
        if (this.role === 'leader') this.#beat(now)
        else {
          this.role = 'candidate'
          this.term++
          this.#wake = this.#timeout(now)
          this.#broadcast({ kind: 'request-vote', term: this.term, lastIndex: 0, lastTerm: 0, transfer: false }, 0)
        }
        return this.answer(now)
      }
      case 'deliver':
        this.#receive(input.message, at)
        break
      case 'operation':
        this.commit++
        this.#outputs.push({ type: 'result', operation: input.id, status: 'ok', value: null, reason: '' })
        break
      case 'crash':
        this.#outputs = []
        return { now: at, wake: null, outputs: [], state: null, log: null }
      case 'restart':
        return this.restart(at)
      case 'written':
        break
    }
    return this.answer(at, input.type === 'deliver' ? input.message.view : undefined)
  }

  #receive({ from, view }: OutgoingMessage, now: number): void {
    if ('term' in view && view.term > this.term) {
      this.term = view.term
      this.role = 'follower'
    }
    switch (view.kind) {
      case 'request-vote':
        this.#send(from, { kind: 'request-vote-response', term: this.term, granted: true }, 0)
        break
      case 'request-vote-response':
        if (this.role !== 'candidate') break
        this.role = 'leader'
        this.#beat(now)
        break
      case 'heartbeat':
        this.commit = Math.max(this.commit, view.commit)
        this.#wake = this.#timeout(now)
        this.#send(from, { kind: 'heartbeat-response', term: this.term, round: view.round }, this.#write(false))
        break
      default:
    }
  }

  #beat(now: number): void {
    this.#wake = now + this.#start.options.heartbeatInterval
    const write = this.#write(true)
    this.#broadcast({ kind: 'heartbeat', term: this.term, commit: this.commit, round: ++this.#beats }, write)
  }

  #write(sync: boolean): number {
    const file = sync ? 'log' : 'notes'
    this.#outputs.push({ type: 'write', id: ++this.#writes, file, sync, contents: { commit: this.commit } })
    return this.#writes
  }

  #broadcast(view: Message, after: number): void {
    for (const node of this.#start.nodes) if (node !== this.#id) this.#send(node, view, after)
  }

  #send(to: string, view: Message, after: number): void {
    this.#outputs.push({ type: 'message', id: this.#newMessage(), from: this.#id, to, view, after })
  }

  #timeout(now: number): number {
    const { electionTimeout } = this.#start.options
    return now + electionTimeout + ((mix(this.#random, now) >>> 0) % electionTimeout)
  }
}

const noEntries: readonly Entry[] = []
const none: Output[] = []

function open(start: Start): Session {
  let messages = 0
  const nodes = new Map(start.nodes.map((id) => [id, new Node(id, start, () => ++messages)]))
  return {
    initial: [...nodes.values()].map((node) => node.answer(0)),
    step: (input) => nodes.get(input.node)!.step(input),
    inspect: (id) => ({ state: nodes.get(id)!.state, base: { index: 0, term: 0 }, entries: noEntries, store: [] }),
    encode: () => {
      throw new Error('not offered')
    },
    close: () => {},
  }
}

/** `inputs` is told of each input that a session is given. */
export function createPingPong(changes: Partial<Hello> = {}, inputs?: (input: Input) => void): Implementation {
  return {
    hello: { ...pingPongHello, ...changes },
    open: (start) => {
      const session = open(start)
      return {
        ...session,
        step: (input) => {
          inputs?.(input)
          return session.step(input)
        },
      }
    },
  }
}

/** The same as if it were in another process; `batches` is told the sizes of its batches. */
export function asRemote(implementation: Implementation, batches?: (size: number) => void): RemoteImplementation {
  return {
    hello: implementation.hello,
    open: async (start) => {
      const session = implementation.open(start)
      return {
        initial: session.initial,
        steps: async (inputs) => {
          batches?.(inputs.length)
          return inputs.map((input) => session.step(input))
        },
        inspect: async (node) => session.inspect(node),
        encode: async (from, to, view) => session.encode(from, to, view),
        close: async () => session.close(),
      }
    },
    close: async () => {},
  }
}

/** A judge that allows everything, but for the methods that are given. */
export function createNullJudge(changes: Partial<JudgeOf<RaftSurface>> = {}): JudgeOf<RaftSurface> {
  return {
    start: () => null,
    step: () => null,
    inspect: () => null,
    phase: () => null,
    settled: () => true,
    finish: () => null,
    advice: () => [],
    exercised: () => new Map(),
    transitions: () => new Map(),
    ...changes,
  }
}

export function scenarioOf(steps: readonly RaftStep[], changes: Partial<RaftScenario> = {}): RaftScenario {
  return completeScenario({ nodes: ['n1', 'n2', 'n3'], seed: 7, ...changes, steps })
}
