/** Hashes of texts and numbers: the reference's only source of chance, and of short digests. */

/** Folds `value` into `state`; both are 32-bit integers. */
export const mix = (state: number, value: number): number => {
  let hash = Math.imul(state ^ value, 0x9e3779b1)
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x21f0aaad)
  return hash ^ (hash >>> 15)
}

/** Folds the code units of `text` into `state`. */
export const mixText = (state: number, text: string): number => {
  let hash = state
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return mix(hash, text.length)
}

/** Eight hexadecimal digits of a 32-bit integer. */
export const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, '0')
