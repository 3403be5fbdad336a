/** The surface of the layers together in virtual time: what an implementation offers in-process. */
import type {
  Answer,
  Input,
  Inspection,
  Message,
  NetworkOptions,
  OperationType,
  OutgoingMessage,
} from '../../models/network/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type * as surface from './surface.ts'

export interface Capabilities {
  /** Survives `crash` and `restart`. */
  readonly restart: boolean
  /** Can make a message of its own from a view (`encode`). */
  readonly encode: boolean
}

/** What an implementation says of itself. */
export type Hello = surface.Hello<'network', OperationType, Capabilities>

export interface Start {
  /** All know each other from the start. */
  readonly nodes: readonly NodeId[]
  readonly options: NetworkOptions
  readonly seed: number
}

export interface NetworkWords extends surface.Words {
  readonly hello: Hello
  readonly start: Start
  readonly input: Input
  readonly answer: Answer
  readonly inspection: Inspection
  readonly message: Message
  readonly outgoing: OutgoingMessage
}

/** One cluster of nodes in one run. */
export type Session = surface.Session<NetworkWords>
/** An implementation in this process. */
export type Implementation = surface.Implementation<NetworkWords>
