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
import type * as surface from './surface.ts'

export interface Capabilities {
  /** Survives `crash` and `restart`, with a disk whose writes are reported. */
  readonly disk: boolean
  /** Can make a message of its own from a view (`encode`). */
  readonly encode: boolean
}

/** What an implementation says of itself. */
export type Hello = surface.Hello<'raft', OperationType, Capabilities>

export interface Start {
  readonly nodes: readonly NodeId[]
  readonly configuration: Configuration
  readonly options: RaftOptions
  readonly seed: number
}

export interface RaftWords extends surface.Words {
  readonly hello: Hello
  readonly start: Start
  readonly input: Input
  readonly answer: Answer
  readonly inspection: Inspection
  readonly message: Message
  readonly outgoing: OutgoingMessage
}

/** One cluster of nodes in one run. */
export type Session = surface.Session<RaftWords>
/** An implementation in this process. */
export type Implementation = surface.Implementation<RaftWords>
export type RemoteSession = surface.RemoteSession<RaftWords>
export type RemoteImplementation = surface.RemoteImplementation<RaftWords>
