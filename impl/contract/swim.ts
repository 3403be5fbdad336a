/**
 * The SWIM surface in virtual time: what an implementation offers in-process. Adapters out of process offer the same
 * over standard input and output.
 */
import type {
  Answer,
  Input,
  Inspection,
  Message,
  OperationType,
  OutgoingMessage,
  SwimOptions,
} from '../../models/swim/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'

/** What an implementation says of itself. */
export interface Hello {
  readonly protocol: 1
  readonly name: string
  readonly version: string
  readonly language: string
  readonly surfaces: readonly 'swim'[]
  /** Profiles of SPEC.md that it claims to conform to. */
  readonly profiles: readonly string[]
  /** Operations that it can carry out. */
  readonly operations: readonly OperationType[]
  readonly capabilities: {
    /** Survives `crash` and `restart`. */
    readonly restart: boolean
    /** Can make a message of its own from a view (`encode`). */
    readonly encode: boolean
    /** Can start nodes that know each other already; without it they are asked to join when the run begins. */
    readonly preset: boolean
  }
  /** The same inputs give the same answers. */
  readonly deterministic: boolean
  /** What it relies on: faults outside its assumptions are not injected. */
  readonly assumptions: {
    readonly fifo: boolean
    readonly noDuplicates: boolean
    readonly clockDrift: number
  }
}

export interface Start {
  readonly nodes: readonly NodeId[]
  /** Nodes that know each other from the start, alive with incarnation 1; each other node starts alone. */
  readonly members: readonly NodeId[]
  readonly options: SwimOptions
  readonly seed: number
}

/** One cluster of nodes in one run. */
export interface Session {
  /** State and table of each node in the order of `Start.nodes`. */
  readonly initial: readonly Answer[]
  /** Runs one input to quiescence. Throws only if the session itself is lost. */
  step(input: Input): Answer
  inspect(node: NodeId): Inspection
  /** Makes a message from a view, as if `from` had sent it. Only with capability `encode`. */
  encode(from: NodeId, to: NodeId, view: Message): OutgoingMessage
  close(): void
}

/** An implementation in this process. */
export interface Implementation {
  readonly hello: Hello
  open(start: Start): Session
}
