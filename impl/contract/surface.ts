/** What an implementation of any surface offers in virtual time; each surface says it in its own words (`raft.ts`, `swim.ts`). */
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'

/** What an implementation says of itself. */
export interface Hello<Surface extends string, Operation extends string, Capabilities> {
  readonly protocol: 1
  readonly name: string
  readonly version: string
  readonly language: string
  /** The one surface of which all else is said. */
  readonly surfaces: readonly Surface[]
  /** Profiles of SPEC.md that it claims to conform to. */
  readonly profiles: readonly string[]
  /** Operations that it can carry out. */
  readonly operations: readonly Operation[]
  readonly capabilities: Capabilities
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

/** The words of a surface, and what all surfaces have in common of them. */
export interface Words {
  readonly hello: Hello<string, string, { readonly encode: boolean }>
  readonly start: { readonly nodes: readonly NodeId[] }
  readonly input: { readonly type: string; readonly node: NodeId; readonly at: Milliseconds }
  readonly answer: {
    readonly now: Milliseconds
    readonly wake: Milliseconds | null
    readonly outputs: readonly { readonly type: string }[]
    readonly received?: object | undefined
    readonly error?: object | undefined
  }
  readonly inspection: object
  /** The view of a message. */
  readonly message: object
  /** A message that a node hands out. */
  readonly outgoing: { readonly type: 'message'; readonly id: number; readonly from: NodeId; readonly to: NodeId }
}

/** One cluster of nodes in one run. */
export interface Session<W extends Words> {
  /** Everything about each node, in the order of `Start.nodes`. */
  readonly initial: readonly W['answer'][]
  /** Runs one input to quiescence. Throws only if the session itself is lost. */
  step(input: W['input']): W['answer']
  inspect(node: NodeId): W['inspection']
  /** Makes a message from a view, as if `from` had sent it. Only with capability `encode`. */
  encode(from: NodeId, to: NodeId, view: W['message']): W['outgoing']
  close(): void
}

/** An implementation in this process. */
export interface Implementation<W extends Words> {
  readonly hello: W['hello']
  open(start: W['start']): Session<W>
}

/** The same, out of process: inputs of one batch are already decided, and answered in order. */
export interface RemoteSession<W extends Words> {
  readonly initial: readonly W['answer'][]
  steps(inputs: readonly W['input'][]): Promise<readonly W['answer'][]>
  inspect(node: NodeId): Promise<W['inspection']>
  encode(from: NodeId, to: NodeId, view: W['message']): Promise<W['outgoing']>
  /** These messages will not be delivered, or not again: they can be freed. */
  forget?(messages: readonly number[]): void
  close(): Promise<void>
}

export interface RemoteImplementation<W extends Words> {
  readonly hello: W['hello']
  open(start: W['start']): Promise<RemoteSession<W>>
  close(): Promise<void>
}
