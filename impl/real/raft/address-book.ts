/** Where the members of a cluster are found: by each other, and by clients. */
import { z } from 'zod'
import type { NodeId } from '../../../models/vocabulary.ts'
import { limits } from '../../contract/limits.ts'
import { parseAddress } from '../address.ts'

export interface Place {
  /** Where it takes messages of other members. */
  readonly peer: string
  /** Where it serves clients; null while that is not known. */
  readonly client: string | null
}

const address = z.string().refine((text) => (parseAddress(text)?.port ?? 0) > 0, 'is no address')

export const nodeName = z
  .string()
  .max(limits.nodeId)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)

export const placesSchema = z
  .record(nodeName, z.strictObject({ peer: address, client: address.nullable() }))
  .refine((places) => Object.keys(places).length <= limits.nodes, 'too many nodes')

export type Places = z.infer<typeof placesSchema>

export class AddressBook {
  readonly #places: Map<NodeId, Place>
  readonly #changed: () => void

  /** `changed` is called whenever somebody was added, or is found elsewhere. */
  constructor(places: Places, changed: () => void) {
    this.#places = new Map(Object.entries(places))
    this.#changed = changed
  }

  get names(): NodeId[] {
    return [...this.#places.keys()]
  }

  find(name: NodeId): Place | undefined {
    return this.#places.get(name)
  }

  contents(): Places {
    return Object.fromEntries(this.#places)
  }

  /** Whether this name is known, or there is room for it. */
  hasRoomFor(name: NodeId): boolean {
    return this.#places.has(name) || this.#places.size < limits.nodes
  }

  /** Takes what is known for sure of one node. */
  set(name: NodeId, place: Place): void {
    const known = this.#places.get(name)
    if (!this.hasRoomFor(name) || (known?.peer === place.peer && known.client === place.client)) return
    this.#places.set(name, place)
    this.#changed()
  }

  /** Takes what `teller` knows: of itself it knows best, of others only what is not known here is taken. */
  learn(teller: NodeId, places: Places): void {
    for (const [name, place] of Object.entries(places))
      if (name === teller || !this.#places.has(name)) this.set(name, place)
  }
}
