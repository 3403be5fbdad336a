/** Why a corruption may survive. */
export interface Allowance {
  /** Operator and field, as the corruptions are named. */
  readonly of: RegExp
  /** Why the protocol allows it. */
  readonly because: string
  /** No requirement that the step layer judges says anything else: these are drawn on top, and not counted. */
  readonly free?: true
}
