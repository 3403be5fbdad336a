/** Domain names as octets: labels, and pointers to what stands before. [RFC] 1035 sections 3.1, 4.1.4 */

const longestLabel = 63
const longestName = 255
const pointerBits = 0xc0

/** A packet that cannot be read as one. */
export class WireError extends Error {}

/** Octets that are written, and where names stand in them. */
export class Writer {
  readonly #octets: number[] = []
  readonly #suffixes = new Map<string, number>()

  get length(): number {
    return this.#octets.length
  }

  octet(value: number): void {
    this.#octets.push(value & 0xff)
  }

  short(value: number): void {
    this.octet(value >> 8)
    this.octet(value)
  }

  long(value: number): void {
    this.short(Math.floor(value / 65_536))
    this.short(value & 0xffff)
  }

  octets(values: Iterable<number>): void {
    for (const value of values) this.octet(value)
  }

  /** A length that is known later: `body` writes what it counts. */
  counted(body: () => void): void {
    const at = this.length
    this.short(0)
    body()
    const size = this.length - at - 2
    this.#octets[at] = size >> 8
    this.#octets[at + 1] = size & 0xff
  }

  /** A name; what was written before in the same letters is pointed at. @throws WireError if it is too long */
  name(name: string): void {
    const whole = name.endsWith('.') ? name.slice(0, -1) : name
    let octets = 1
    for (let from = 0; from < whole.length;) {
      const suffix = whole.slice(from)
      const known = this.#suffixes.get(suffix)
      if (known !== undefined) return this.short((pointerBits << 8) | known)
      if (this.length < 0x4000) this.#suffixes.set(suffix, this.length)
      const dot = whole.indexOf('.', from)
      const end = dot < 0 ? whole.length : dot
      const label = octetsOf(whole.slice(from, end))
      octets += label.length + 1
      if (label.length === 0 || label.length > longestLabel || octets > longestName || end === whole.length - 1)
        throw new WireError(`the name ${name} cannot be written`)
      this.octet(label.length)
      this.octets(label)
      from = end + 1
    }
    this.octet(0)
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#octets)
  }
}

/** A label as octets; `\\065` stands for an octet that is no plain letter. */
function octetsOf(label: string): number[] {
  if (!label.includes('\\')) return Array.from(label, (char) => char.charCodeAt(0))
  return [...label.matchAll(/\\(\d{3})|[^]/g)].map(([char, code]) =>
    code === undefined ? char.charCodeAt(0) : Number(code),
  )
}

const plain = /[\w*-]/

/** Octets that are read, within bounds. */
export class Reader {
  #at = 0
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get at(): number {
    return this.#at
  }

  octet(): number {
    const value = this.#bytes[this.#at]
    if (value === undefined) throw new WireError('the packet breaks off')
    this.#at++
    return value
  }

  short(): number {
    return (this.octet() << 8) | this.octet()
  }

  long(): number {
    return this.short() * 65_536 + this.short()
  }

  octets(count: number): Uint8Array {
    if (this.#at + count > this.#bytes.length) throw new WireError('the packet breaks off')
    const values = this.#bytes.subarray(this.#at, this.#at + count)
    this.#at += count
    return values
  }

  /** A name; pointers lead only backwards, so that there is an end. */
  name(): string {
    const labels: string[] = []
    let octets = 1
    let end = -1
    let before = this.#at
    for (let length = this.octet(); length !== 0; length = this.octet()) {
      if ((length & pointerBits) === pointerBits) {
        const to = ((length & ~pointerBits) << 8) | this.octet()
        if (end < 0) end = this.#at
        if (to >= before) throw new WireError('a name points forwards')
        before = to
        this.#at = to
        continue
      }
      if (length > longestLabel) throw new WireError('a label of an unknown kind')
      octets += length + 1
      if (octets > longestName) throw new WireError('a name is too long')
      labels.push([...this.octets(length)].map(charOf).join(''))
    }
    if (end >= 0) this.#at = end
    return labels.join('.')
  }
}

function charOf(octet: number): string {
  const char = String.fromCharCode(octet)
  return plain.test(char) ? char : `\\${String(octet).padStart(3, '0')}`
}
