/** Fields of what a step showed, and copies of it in which one of them is other than it was. */
import type { NodeId } from '../../../models/vocabulary.ts'
import { type Draw, pick } from '../../../traces/schedule/draw.ts'

/** A way to corrupt an answer. Of some draws nothing comes that differs: these give null. */
export interface Corruption<Answer> {
  /** Operator and field: what survivors are explained by. */
  readonly name: string
  make(draw: Draw): Answer | null
}

/** An identifier of a message or a write that nobody uses. */
export const fresh = Number.MAX_SAFE_INTEGER

type Path = readonly (string | number)[]

export interface Field {
  readonly path: Path
  /** The path in words, without positions. */
  readonly name: string
}

/** All fields below a value that hold something: leaves, lists of names, and lists, which may be cut. */
export function fieldsOf(value: unknown, ...path: Path): Field[] {
  if (value === undefined) return []
  const own: Field = { path, name: path.filter((part) => typeof part === 'string').join(' ') }
  if (Array.isArray(value)) {
    const items = value.every((each) => typeof each === 'string')
      ? []
      : value.flatMap((each, position) => fieldsOf(each, ...path, position))
    return value.length === 0 && own.name.includes('entries') ? [] : [own, ...items]
  }
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, each]) => fieldsOf(each, ...path, key))
  return [own]
}

export const nameOf = (path: Path): string => path.findLast((part) => typeof part === 'string') as string

/** A copy with another value at the path, or undefined where no other comes of it. */
export function changed<Value>(value: Value, path: Path, change: (old: unknown) => unknown): Value | undefined {
  const [key, ...rest] = path
  if (key === undefined) {
    const other = change(value)
    return other === undefined || same(other, value) ? undefined : (other as Value)
  }
  const inner = changed((value as Record<string | number, unknown>)[key], rest, change)
  if (inner === undefined) return undefined
  if (!Array.isArray(value)) return { ...value, [key]: inner }
  const copy: unknown[] = [...(value as readonly unknown[])]
  copy[key as number] = inner
  return copy as Value
}

/** Another value for a field: of the field's own choices, another number, another text. */
export function otherValue(
  old: unknown,
  name: string,
  nodes: readonly NodeId[],
  draw: Draw,
  choices: Readonly<Record<string, readonly unknown[]>>,
): unknown {
  if (typeof old === 'number') return draw.chance(1 / 8) ? 0 : Math.max(0, old + pick(draw, [-3, -2, -1, 1, 2, 3]))
  if (typeof old === 'boolean') return !old
  if (name in choices) return pick(draw, choices[name]!)
  if (Array.isArray(old)) return otherList(old, nodes, draw)
  return typeof old === 'string' ? `${old}'` : 'made up'
}
/** A name more or less in a list of names; a list of others is cut at one of its ends. */
function otherList(old: readonly unknown[], nodes: readonly NodeId[], draw: Draw): readonly unknown[] {
  if (old.some((each) => typeof each !== 'string')) return draw.chance(1 / 2) ? old.slice(1) : old.slice(0, -1)
  const node = pick(draw, nodes)
  return old.includes(node) ? old.filter((each) => each !== node) : [...(old as NodeId[]), node].sort()
}

export const same = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right)
