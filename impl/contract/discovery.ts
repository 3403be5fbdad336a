/**
 * The surface of service discovery in virtual time: nodes, each with sandboxes and the resolver in them. How records travel
 * between nodes is the implementation's own: the harness carries its messages, and plays the resolvers outside.
 */
import type {
  Answer,
  DiscoveryOptions,
  Input,
  Inspection,
  Message,
  OperationType,
  OutgoingMessage,
} from '../../models/discovery/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type * as surface from './surface.ts'

export interface Capabilities {
  /** Survives `crash` and `restart`. */
  readonly restart: boolean
  /** Messages are the implementation's own bytes: there is nothing to encode. */
  readonly encode: boolean
}

/** What an implementation says of itself. */
export type Hello = surface.Hello<'discovery', OperationType, Capabilities>

export interface Start {
  /** All know each other from the start. */
  readonly nodes: readonly NodeId[]
  readonly options: DiscoveryOptions
  readonly seed: number
}

export interface DiscoveryWords extends surface.Words {
  readonly hello: Hello
  readonly start: Start
  readonly input: Input
  readonly answer: Answer
  readonly inspection: Inspection
  readonly message: Message
  readonly outgoing: OutgoingMessage
}

/** One cluster of nodes in one run. */
export type Session = surface.Session<DiscoveryWords>
/** An implementation in this process. */
export type Implementation = surface.Implementation<DiscoveryWords>
