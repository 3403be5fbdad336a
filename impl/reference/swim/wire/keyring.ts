/**
 * The keys of a member. The first is the primary, which encrypts; all decrypt. So that nothing is lost while keys
 * change, a key is installed everywhere, then used everywhere, and then the old one is removed. [ML] keyring.go.
 */
import { isKey, type Key } from './encryption.ts'
import { WireError } from './error.ts'

export type KeyOperation = 'install' | 'use' | 'remove'

export class Keyring {
  #keys: readonly Key[] = []

  /** @throws WireError where a key has a wrong length */
  constructor(keys: readonly Key[]) {
    for (const key of keys) {
      if (!isKey(key)) throw new WireError('encryption', `a key of ${key.length} bytes`)
      if (!this.#has(key)) this.#keys = [...this.#keys, key]
    }
  }

  /** The primary first; none where nothing is encrypted. */
  get keys(): readonly Key[] {
    return this.#keys
  }

  /** Why it is refused; null where it is done, or was done before. */
  operate(operation: KeyOperation, key: Key): string | null {
    if (this.#keys.length === 0) return 'no-encryption'
    return this.#operations[operation](key)
  }

  readonly #operations: Readonly<Record<KeyOperation, (key: Key) => string | null>> = {
    install: (key) => {
      if (!isKey(key)) return 'wrong-length'
      if (!this.#has(key)) this.#keys = [...this.#keys, key]
      return null
    },
    use: (key) => {
      if (!this.#has(key)) return 'unknown-key'
      this.#keys = [key, ...this.#without(key)]
      return null
    },
    remove: (key) => {
      if (equals(this.#keys[0]!, key)) return 'primary-key'
      this.#keys = this.#without(key)
      return null
    },
  }

  #has(key: Key): boolean {
    return this.#keys.some((each) => equals(each, key))
  }

  #without(key: Key): Key[] {
    return this.#keys.filter((each) => !equals(each, key))
  }
}

const equals = (left: Key, right: Key): boolean => Buffer.compare(left, right) === 0

/** The bytes that a text in base64 stands for; null where it is no such text. Of any length. */
export const parseKey = (text: string): Key | null => {
  const key = Buffer.from(text, 'base64')
  return key.toString('base64').replaceAll('=', '') === text.replaceAll('=', '') ? key : null
}
