/** What a node holds of endpoints, and what follows from it: the addresses of each name, and the names of each address. */
import { namingsOf, pointerOf, type Family, type Known, type Naming, type Role } from '../../models/discovery/rules.ts'
import type { EndpointRecord, NetworkKind } from '../../models/discovery/vocabulary.ts'

/** Key of a record. */
export const recordKey = (network: string, endpoint: string): string => `${network} ${endpoint}`

/** What is known by one name on one network. */
export class Entry implements Known {
  readonly strong: Record<Family, string[]> = { 4: [], 6: [] }
  readonly weak: string[] = []
  /** How many enabled records have the name, and how many disabled ones, by what it is to them. */
  readonly enabled = new Map<Role, number>()
  readonly disabled = new Map<Role, number>()
  readonly #counts = new Map<string, number>()

  change({ address, family, weak, role, enabled }: Naming, by: 1 | -1): void {
    const roles = enabled ? this.enabled : this.disabled
    const count = (roles.get(role) ?? 0) + by
    if (count > 0) roles.set(role, count)
    else roles.delete(role)
    const key = weak ? `weak ${address}` : address
    const before = this.#counts.get(key) ?? 0
    const after = before + by
    const list = weak ? this.weak : this.strong[family]
    if (after > 0) this.#counts.set(key, after)
    else this.#counts.delete(key)
    if (before === 0) list.push(address)
    else if (after === 0) list.splice(list.indexOf(address), 1)
  }

  get isEmpty(): boolean {
    return this.#counts.size === 0
  }
}

export interface Held {
  readonly record: EndpointRecord
  /** The node has held it enabled. */
  readonly met: boolean
}

export class View {
  readonly held = new Map<string, Held>()
  /** Of records that are gone: addresses by network, virtual ones included. */
  readonly past = new Set<string>()
  /** By network and name: what names were that lead nowhere any more. */
  readonly pastNames = new Map<string, Role>()
  /** How many records are disabled. */
  disabled = 0
  readonly #kinds: ReadonlyMap<string, NetworkKind>
  readonly #names = new Map<string, Map<string, Entry>>()
  readonly #pointers = new Map<string, Map<string, string[]>>()

  constructor(kinds: ReadonlyMap<string, NetworkKind>) {
    this.#kinds = kinds
  }

  readonly known = (network: string, name: string): Entry | undefined => this.#names.get(network)?.get(name)

  /** What the address may be called, by those of a network. */
  pointers(network: string, address: string): readonly string[] {
    return this.#pointers.get(network)?.get(address) ?? []
  }

  set(record: EndpointRecord): void {
    const key = recordKey(record.network, record.endpoint)
    const before = this.held.get(key)
    if (before !== undefined) this.#index(before, -1)
    const after = { record, met: before?.met === true || !record.disabled }
    this.held.set(key, after)
    this.#index(after, 1)
  }

  delete(network: string, endpoint: string): void {
    const key = recordKey(network, endpoint)
    const before = this.held.get(key)
    if (before === undefined) return
    this.#index(before, -1)
    this.held.delete(key)
    const { address, service } = before.record
    this.past.add(recordKey(network, address))
    if (service !== null && service.vip !== '') this.past.add(recordKey(network, service.vip))
  }

  clear(): void {
    this.held.clear()
    this.past.clear()
    this.pastNames.clear()
    this.disabled = 0
    this.#names.clear()
    this.#pointers.clear()
  }

  #index({ record, met }: Held, by: 1 | -1): void {
    const { network, address, disabled } = record
    if (disabled) this.disabled += by
    const kind = this.#kinds.get(network) ?? 'overlay'
    let names = this.#names.get(network)
    if (names === undefined) this.#names.set(network, (names = new Map()))
    for (const naming of namingsOf(record, kind, met)) {
      let entry = names.get(naming.name)
      if (entry === undefined) names.set(naming.name, (entry = new Entry()))
      entry.change(naming, by)
      if (entry.isEmpty) {
        names.delete(naming.name)
        this.pastNames.set(recordKey(network, naming.name), naming.role)
      }
    }
    if (disabled || kind === 'ingress') return
    let pointers = this.#pointers.get(network)
    if (pointers === undefined) this.#pointers.set(network, (pointers = new Map()))
    const pointer = pointerOf(record)
    const known = pointers.get(address) ?? []
    if (by > 0) pointers.set(address, [...known, pointer])
    else pointers.set(address, known.toSpliced(known.indexOf(pointer), 1))
  }
}
