/** The surface of balancing in virtual time: virtual addresses, the routing mesh and HTTP routing of a group of nodes. */
import type {
  Answer,
  BalancingOptions,
  Input,
  Inspection,
  Message,
  OperationType,
  OutgoingMessage,
} from '../../models/balancing/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type * as surface from './surface.ts'

export interface Capabilities {
  /** Survives `crash` and `restart`. */
  readonly restart: boolean
  /** Can make a message of its own from a view (`encode`). */
  readonly encode: boolean
}

/** What an implementation says of itself. */
export type Hello = surface.Hello<'balancing', OperationType, Capabilities>

export interface Start {
  /** The first one is the manager. */
  readonly nodes: readonly NodeId[]
  readonly options: BalancingOptions
  readonly seed: number
}

export interface BalancingWords extends surface.Words {
  readonly hello: Hello
  readonly start: Start
  readonly input: Input
  readonly answer: Answer
  readonly inspection: Inspection
  readonly message: Message
  readonly outgoing: OutgoingMessage
}

/** One group of nodes in one run. */
export type Session = surface.Session<BalancingWords>
/** An implementation in this process. */
export type Implementation = surface.Implementation<BalancingWords>
