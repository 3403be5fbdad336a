/**
 * Words that every protocol shares: nodes, time, disk, faults and scenario steps.
 * A protocol adds its own messages, observations and operations in `models/<protocol>/vocabulary.ts`.
 */

/** Name of a node, unique within a run: `n1`. */
export type NodeId = string

/** Integer milliseconds of virtual time. Harness time unless said to be local (a node's own clock). */
export type Milliseconds = number

/** Identifier of a disk write, unique within a run and node; 0 means "no write". */
export type WriteId = number

/** A node named outright, or whichever node is leader (highest term first) when the step is reached. */
export type Target = NodeId | 'leader'

/** Random behaviour of the network while faults are on. Probabilities are per message. */
export interface NetworkProfile {
  /** Least and greatest delay of a delivery, at least 1 ms. */
  readonly delay: readonly [Milliseconds, Milliseconds]
  /** Probability that a message is lost. */
  readonly loss: number
  /** Probability that a message is delivered twice. */
  readonly duplicate: number
  /** Probability that a message is held back by up to ten times the greatest delay, and so overtaken. */
  readonly reorder: number
}

/** How long a disk write takes until it is acknowledged. */
export interface DiskProfile {
  readonly delay: readonly [Milliseconds, Milliseconds]
}

/** Which unacknowledged writes a crash leaves behind: a legal prefix of each file chosen by hash, or an extreme. */
export type CrashKeep = 'all' | 'none' | 'some'

/** One thing that happens to the cluster, in order; `run` and `settle` are the only steps that take time. */
export type Step<Operation> =
  | { readonly step: 'run'; readonly duration: Milliseconds }
  | { readonly step: 'operation'; readonly node: Target; readonly operation: Operation }
  | { readonly step: 'timeout'; readonly node: Target }
  | { readonly step: 'partition'; readonly groups: readonly (readonly NodeId[])[] }
  | { readonly step: 'cut'; readonly from: NodeId; readonly to: NodeId }
  | { readonly step: 'ring' }
  | { readonly step: 'isolate'; readonly node: Target }
  | { readonly step: 'heal' }
  | { readonly step: 'hold'; readonly from: NodeId; readonly to: NodeId }
  | { readonly step: 'release'; readonly from: NodeId; readonly to: NodeId }
  /** The earliest message of that kind that waits or is under way on that link arrives now, whatever was before it. */
  | { readonly step: 'deliver'; readonly from: NodeId; readonly to: NodeId; readonly kind: string }
  | { readonly step: 'crash'; readonly node: Target; readonly keep: CrashKeep; readonly torn: boolean }
  | { readonly step: 'restart'; readonly node: NodeId }
  | { readonly step: 'pause'; readonly node: Target }
  | { readonly step: 'resume'; readonly node: NodeId }
  /** Local clock of the node runs at `rate` (1 is true time, 0.5 half as fast). */
  | { readonly step: 'clock'; readonly node: NodeId; readonly rate: number }
  | { readonly step: 'network'; readonly network: NetworkProfile }
  /** Explicit faults: the `nth` (from 1) message of that kind on that link. They replace random ones after shrinking. */
  | { readonly step: 'drop'; readonly from: NodeId; readonly to: NodeId; readonly kind: string; readonly nth: number }
  | {
      readonly step: 'duplicate'
      readonly from: NodeId
      readonly to: NodeId
      readonly kind: string
      readonly nth: number
    }
  | {
      readonly step: 'delay'
      readonly from: NodeId
      readonly to: NodeId
      readonly kind: string
      readonly nth: number
      readonly by: Milliseconds
    }
  /** Ends every fault, restarts what is down, and demands liveness within the stated bound. */
  | { readonly step: 'settle' }
  | { readonly step: 'expect'; readonly expect: string; readonly arguments: readonly string[] }
  /** Counts whether a situation was reached, in the words of `expect`; nothing fails if it was not. */
  | { readonly step: 'reach'; readonly expect: string; readonly arguments: readonly string[] }
