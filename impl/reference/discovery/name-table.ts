/** What a network knows by name: addresses, each with those that hold it. [DNS] network.go svcInfo */

export class NameTable {
  /** By name: by address those that hold it. */
  readonly #names = new Map<string, Map<string, Set<string>>>()
  /** Address to names that it leads back to. */
  readonly #pointers = new Map<string, Set<string>>()

  protected keyOf(name: string): string {
    return name.toLowerCase()
  }

  add(name: string, address: string, holder: string): void {
    const key = this.keyOf(name)
    let addresses = this.#names.get(key)
    if (addresses === undefined) this.#names.set(key, (addresses = new Map()))
    let holders = addresses.get(address)
    if (holders === undefined) addresses.set(address, (holders = new Set()))
    holders.add(holder)
  }

  remove(name: string, address: string, holder: string): void {
    const key = this.keyOf(name)
    const addresses = this.#names.get(key)
    const holders = addresses?.get(address)
    if (addresses === undefined || holders === undefined) return
    holders.delete(holder)
    if (holders.size === 0) addresses.delete(address)
    if (addresses.size === 0) this.#names.delete(key)
  }

  /** Addresses of both families; null for a name that is not known. */
  find(name: string): string[] | null {
    const addresses = this.#names.get(this.keyOf(name))
    return addresses === undefined ? null : [...addresses.keys()]
  }

  point(address: string, name: string): void {
    const names = this.#pointers.get(address)
    if (names === undefined) this.#pointers.set(address, new Set([name]))
    else names.add(name)
  }

  unpoint(address: string, name: string): void {
    this.#pointers.get(address)?.delete(name)
  }

  pointer(address: string): string | null {
    for (const name of this.#pointers.get(address) ?? []) return name
    return null
  }
}
