/**
 * The SWIM surface in virtual time: what an implementation offers in-process. Adapters out of process
 * offer the same over standard input and output (`impl/contract/stdio.ts`).
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
import type * as surface from './surface.ts'

export interface Capabilities {
  /** Survives `crash` and `restart`. */
  readonly restart: boolean
  /** Can make a message of its own from a view (`encode`). */
  readonly encode: boolean
  /** Can start nodes that know each other already; without it they are asked to join when the run begins. */
  readonly preset: boolean
}

/** What an implementation says of itself. */
export type Hello = surface.Hello<'swim', OperationType, Capabilities>

export interface Start {
  readonly nodes: readonly NodeId[]
  /** Nodes that know each other from the start, alive with incarnation 1; each other node starts alone. */
  readonly members: readonly NodeId[]
  readonly options: SwimOptions
  readonly seed: number
}

export interface SwimWords extends surface.Words {
  readonly hello: Hello
  readonly start: Start
  readonly input: Input
  readonly answer: Answer
  readonly inspection: Inspection
  readonly message: Message
  readonly outgoing: OutgoingMessage
}

/** One cluster of nodes in one run. */
export type Session = surface.Session<SwimWords>
/** An implementation in this process. */
export type Implementation = surface.Implementation<SwimWords>
export type RemoteSession = surface.RemoteSession<SwimWords>
export type RemoteImplementation = surface.RemoteImplementation<SwimWords>
