/** What the changes that a node tells add up to, held against what it then shows whole. */
import type { NodeId } from '../../../models/vocabulary.ts'
import type { Breach } from '../check.ts'

const folds = (text: string): Breach => ({ rule: 'folds', text })

/** Whether these changes tell every field of a state. */
export function tellsAll<State extends object>(
  fields: readonly (keyof State)[],
  changes: Partial<State> | null,
): boolean {
  return changes !== null && fields.every((field) => changes[field] !== undefined)
}

/** The state of a node, field by field. */
export class StateFold<State extends object> {
  readonly #fields: readonly (keyof State & string)[]
  #state: Partial<State> = {}

  constructor(fields: readonly (keyof State & string)[]) {
    this.#fields = fields
  }

  clear(): void {
    this.#state = {}
  }

  take(changes: Partial<State> | null): void {
    if (changes !== null) this.#state = { ...this.#state, ...changes }
  }

  breach(node: NodeId, shown: State): Breach | null {
    const field = this.#fields.find((each) => this.#state[each] !== shown[each])
    if (field === undefined) return null
    return folds(`${node} shows ${field} ${String(shown[field])}; its answers add up to ${String(this.#state[field])}`)
  }
}

/** A table of a node, row by row. */
export class TableFold<Row extends object> {
  readonly #rows = new Map<string, Row>()
  readonly #keyOf: (row: Row) => string
  readonly #fields: readonly (keyof Row)[]

  /** `keyOf` names a row, `fields` are what it tells. */
  constructor(keyOf: (row: Row) => string, fields: readonly (keyof Row)[]) {
    this.#keyOf = keyOf
    this.#fields = fields
  }

  clear(): void {
    this.#rows.clear()
  }

  put(row: Row): void {
    this.#rows.set(this.#keyOf(row), row)
  }

  /** Returns whether there was such a row. */
  remove(key: string): boolean {
    return this.#rows.delete(key)
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key)
  }

  breach(node: NodeId, shown: readonly Row[]): Breach | null {
    const seen = new Set<string>()
    for (const row of shown) {
      const key = this.#keyOf(row)
      const told = this.#rows.get(key)
      if (told === undefined || this.#fields.some((field) => told[field] !== row[field]))
        return folds(`${node} shows ${inBrief(row)}; its answers add up to ${inBrief(told)}`)
      if (seen.has(key)) return folds(`${node} shows two records of ${key}`)
      seen.add(key)
    }
    const missing = [...this.#rows.keys()].find((key) => !seen.has(key))
    if (missing === undefined) return null
    return folds(`${node} shows no record of ${missing}; its answers add up to ${inBrief(this.#rows.get(missing))}`)
  }
}

/** A value in a line of a message. */
export function inBrief(value: object | undefined): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 160 ? `${text.slice(0, 160)}…` : text
}
