/** Triples of state, input and outcome, and who says of each that it is allowed. */
import { expect } from 'vitest'
import type { SystemModel } from '../../../models/explorer.ts'
import { pick, type Draw } from '../../../traces/schedule/draw.ts'

/** How many triples each kind of comparison takes; SWARMCHECK_TRIPLES says otherwise. */
export const triples = (usual: number): number => Number(process.env['SWARMCHECK_TRIPLES'] ?? usual)

/** Seed of the first walk. */
export const firstSeed = 1

export class Tally {
  allowed = 0
  forbidden = 0
  readonly #disagreements = new Map<string, number>()

  get count(): number {
    return this.allowed + this.forbidden
  }

  /** Compares what each says of a triple; `what` puts the triple into words. */
  compare(verdicts: Readonly<Record<string, boolean>>, what: () => string): void {
    const all = Object.values(verdicts)
    const [first] = all
    if (first === true) this.allowed++
    else this.forbidden++
    if (all.every((each) => each === first)) return
    const text = `${what()}: ${JSON.stringify(verdicts)}`
    this.#disagreements.set(text, (this.#disagreements.get(text) ?? 0) + 1)
  }

  /** How many triples there were on which not all agree. */
  get disagreements(): number {
    return this.#disagreements.size
  }

  /** Nobody disagrees, and of both kinds there was at least a tenth. */
  expectAgreement(): void {
    expect([...this.#disagreements].slice(0, 5)).toEqual([])
    expect(Math.min(this.allowed, this.forbidden)).toBeGreaterThan(this.count / 10)
  }
}

/** A step of a random walk through a system model, and what else could have been done. */
export interface WalkedStep<Action> {
  readonly before: Int32Array
  readonly action: Action
  readonly after: Int32Array
  /** Where another action leads from the same state; null where it changes nothing, or is none. */
  readonly other: (fits: (action: Action) => boolean) => Int32Array | null
}

/** One random walk; `visit` is shown each step, and says false when it has seen enough. */
export function walk<Action>(
  model: SystemModel<Action>,
  draw: Draw,
  length: number,
  visit: (step: WalkedStep<Action>) => boolean,
): void {
  const { next } = model
  let state: Int32Array = new Int32Array(model.words)
  model.initial(() => (state = next.slice()))
  for (let step = 0; step < length; step++) {
    const successors: { readonly action: Action; readonly after: Int32Array }[] = []
    model.successors(state, 0, (action) => successors.push({ action: model.decodeAction(action), after: next.slice() }))
    if (successors.length === 0) return
    const { action, after } = pick(draw, successors)
    const other = (fits: (action: Action) => boolean): Int32Array | null =>
      successors.find((each) => fits(each.action))?.after ?? null
    if (!visit({ before: state, action, after, other })) return
    state = after
  }
}
