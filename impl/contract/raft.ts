/**
 * The Raft surface in virtual time: what an implementation offers in-process. Adapters out of process
 * offer the same over standard input and output (`impl/contract/stdio.ts`).
 */
import type {
  Configuration,
  Inspection,
  Answer,
  Input,
  Message,
  OutgoingMessage,
  RaftOptions,
  OperationType,
} from '../../models/raft/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'

/** What an implementation says of itself. */
export interface Hello {
  readonly protocol: 1
  readonly name: string
  readonly version: string
  readonly language: string
  readonly surfaces: readonly 'raft'[]
  /** Profiles of SPEC.md that it claims to conform to. */
  readonly profiles: readonly string[]
  /** Operations that it can carry out. */
  readonly operations: readonly OperationType[]
  readonly capabilities: {
    /** Survives `crash` and `restart`, with a disk whose writes are reported. */
    readonly disk: boolean
    /** Can make a message of its own from a view (`encode`). */
    readonly encode: boolean
  }
  /** The same inputs give the same answers. */
  readonly deterministic: boolean
  /** What it relies on: faults outside its assumptions are not injected. */
  readonly assumptions: {
    /** Messages of one link arrive in order. */
    readonly fifo: boolean
    /** No message arrives twice. */
    readonly noDuplicates: boolean
    /** Greatest relative error of a clock rate that it tolerates (0.5: rates from 0.5 to 1.5). */
    readonly clockDrift: number
  }
}

export interface Start {
  readonly nodes: readonly NodeId[]
  readonly configuration: Configuration
  readonly options: RaftOptions
  readonly seed: number
}

/** One cluster of nodes in one run. */
export interface Session {
  /** State and log of each node in the order of `Start.nodes`. */
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

/** The same, out of process: inputs of one batch are already decided, and answered in order. */
export interface RemoteSession {
  readonly initial: readonly Answer[]
  steps(inputs: readonly Input[]): Promise<readonly Answer[]>
  inspect(node: NodeId): Promise<Inspection>
  encode(from: NodeId, to: NodeId, view: Message): Promise<OutgoingMessage>
  /** These messages will not be delivered, or not again: they can be freed. */
  forget?(messages: readonly number[]): void
  close(): Promise<void>
}

export interface RemoteImplementation {
  readonly hello: Hello
  open(start: Start): Promise<RemoteSession>
  close(): Promise<void>
}
