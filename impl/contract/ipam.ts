/**
 * The surface of address management in virtual time: allocators, of which one leads at a time, and the store that they
 * share. The implementation owns what the store holds; the suite decides when a record is in it for good, who leads, and
 * which records of a leader that is gone were in time.
 */
import type { Answer, Input, Inspection, IpamOptions, OperationType } from '../../models/ipam/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type * as surface from './surface.ts'

export interface Capabilities {
  /** Survives `crash` and `restart`, and its records are reported; without it all that it does is durable at once. */
  readonly disk: boolean
  /** There are no messages to encode. */
  readonly encode: boolean
}

/** What an implementation says of itself. */
export type Hello = surface.Hello<'ipam', OperationType, Capabilities>

export interface Start {
  readonly nodes: readonly NodeId[]
  readonly options: IpamOptions
  readonly seed: number
}

export interface IpamWords extends surface.Words {
  readonly hello: Hello
  readonly start: Start
  readonly input: Input
  readonly answer: Answer
  readonly inspection: Inspection
  readonly message: never
  readonly outgoing: never
}

/** One group of allocators in one run. */
export type Session = surface.Session<IpamWords>
/** An implementation in this process. */
export type Implementation = surface.Implementation<IpamWords>
export type RemoteSession = surface.RemoteSession<IpamWords>
export type RemoteImplementation = surface.RemoteImplementation<IpamWords>
