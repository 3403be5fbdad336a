/** The replicated state machine: a map from keys to values, changed by commands alone, in the order of the log. */
import { parseCommand } from './command.ts'
import { hex, mixText } from './hash.ts'

/** All that a snapshot holds of a store. */
export interface StoreContents {
  readonly pairs: readonly (readonly [string, string])[]
  /** Digest of all commands that led here. */
  readonly digest: string
}

export const emptyStore: StoreContents = { pairs: [], digest: '0000000000000000' }

export class KeyValueStore {
  protected readonly values: Map<string, string>
  /** Chained hash of all commands so far: equal histories, and so equal contents, have equal digests. */
  protected high: number
  protected low: number

  constructor(contents: StoreContents) {
    this.values = new Map(contents.pairs)
    this.high = Number.parseInt(contents.digest.slice(0, 8), 16) | 0
    this.low = Number.parseInt(contents.digest.slice(8), 16) | 0
  }

  get digest(): string {
    return hex(this.high) + hex(this.low)
  }

  get(key: string): string | null {
    return this.values.get(key) ?? null
  }

  /** Carries out a command; gives the value of a get, `'true'` or `'false'` of a compare-and-set, null of a put. */
  apply(content: string): string | null {
    this.high = mixText(this.high, content)
    this.low = mixText(this.low ^ this.high, content)
    const command = parseCommand(content)
    if (command === null) return null
    if (command.type === 'get') return this.get(command.key)
    if (command.type === 'compare-and-set' && this.get(command.key) !== command.expect) return 'false'
    this.values.set(command.key, command.value)
    return command.type === 'put' ? null : 'true'
  }

  contents(): StoreContents {
    const pairs = [...this.values].sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    return { pairs, digest: this.digest }
  }
}
