/**
 * What a judge has found in one run, of what an implementation claims; and what it has put to the test. Its fields are
 * plain, since judges are copied in the middle of a run.
 */
import type { NodeId } from '../models/vocabulary.ts'
import type { Catalogue, Layer } from './catalogue.ts'
import type { Violation } from './judge.ts'

/** What the judge needs to know of an implementation's claims. */
export interface Claims {
  readonly profiles: ReadonlySet<string>
  /** Layers that may find a violation; all unless said otherwise. */
  readonly layers: ReadonlySet<Layer>
}

/** Whoever a violation is about. */
interface Named {
  readonly id: NodeId
}

export class Findings {
  violation: Violation | null = null
  /** How often each requirement was put to the test, by number. */
  readonly tested: Float64Array
  /** What an invariant over all members found in the step that is being judged: a rule of the step speaks first. */
  private found: Violation | null = null
  private readonly advised = new Map<number, Violation>()
  private readonly catalogue: Catalogue
  /** By number: whether a violation of it stands, in its layer and as claimed. */
  private readonly stands: readonly boolean[]

  constructor(catalogue: Catalogue, { profiles, layers }: Claims) {
    this.catalogue = catalogue
    this.tested = new Float64Array(catalogue.slugs.length)
    this.stands = catalogue.slugs.map(
      (_, number) => layers.has(catalogue.layers[number]!) && profiles.has(catalogue.profiles[number]!),
    )
  }

  /** Keeps the first violation: later ones follow from it. */
  fail(requirement: number, member: Named | null, text: string, allowed: string): void {
    if (!this.stands[requirement]!) return
    const violation = this.violationOf(requirement, member, text, allowed)
    if (this.catalogue.layers[requirement] === 'state') this.found ??= violation
    else this.violation ??= violation
  }

  /** Ends a step: what was found in it, and no rule of the step explains, stands. */
  conclude(): Violation | null {
    this.violation ??= this.found
    return this.violation
  }

  /** Notes what a SHOULD advises against. */
  advise(requirement: number, member: Named | null, text: string, allowed: string): void {
    if (!this.advised.has(requirement))
      this.advised.set(requirement, this.violationOf(requirement, member, text, allowed))
  }

  advice(): readonly Violation[] {
    return [...this.advised.values()]
  }

  /** How often each requirement was put to the test, by slug; those that never were are left out. */
  exercised(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    this.tested.forEach((count, number) => {
      if (count > 0) counts.set(this.catalogue.slugs[number]!, count)
    })
    return counts
  }

  private violationOf(requirement: number, member: Named | null, text: string, allowed: string): Violation {
    return { requirement: this.catalogue.slugs[requirement]!, text, allowed, node: member === null ? null : member.id }
  }
}
