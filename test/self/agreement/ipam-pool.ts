/**
 * One pool, of which machine and judge are asked at once: each address sees what becomes of an operation, as the machine of
 * an address does, and the judge sees the whole.
 */
import { createReference } from '../../../impl/reference/ipam/session.ts'
import { addressAt, masked, parsePrefix } from '../../../models/ipam/addresses.ts'
import { isAllowed, type Holding, type IpamInput, type Kind, type Told } from '../../../models/ipam/member.ts'
import { isReserved } from '../../../models/ipam/rules.ts'
import type { Answer, Change, Operation, Refusal } from '../../../models/ipam/vocabulary.ts'
import { createIpamJudge } from '../../../properties/ipam/judge.ts'
import { defaultIpamOptions } from '../../../traces/scenario.ts'

const { profiles } = createReference().hello
const node = 'n1'
const pool = 'net'
const NONE = -1

const silent: Answer = { now: 0, wake: null, outputs: [], state: null, changes: null }

/** What is asked; `offset` is that of the address, -1 where none is named. */
export interface Asked {
  readonly input: IpamInput
  readonly offset: number
}

/** What is seen: whether it is granted, the address that is told of, and the one that the table takes or frees. */
export interface Seen {
  readonly granted: boolean
  readonly told: number
  readonly changed: number
}

export class JudgedPool {
  readonly size: number
  readonly #subnet: string
  readonly #judge = createIpamJudge(profiles, false)
  readonly #reserved: readonly boolean[]
  #isThere = false
  readonly #taken = new Set<number>()
  readonly #freed = new Set<number>()
  #operations = 0

  constructor(subnet: string) {
    const { v6, bits } = parsePrefix(subnet)!
    this.#subnet = subnet
    this.size = 2 ** ((v6 ? 128 : 32) - bits)
    this.#reserved = Array.from({ length: this.size }, (_, offset) => isReserved(v6, bits, offset))
    this.#judge.start({ nodes: [node], options: defaultIpamOptions }, [{ ...silent, state: { leading: false } }])
    this.#judge.step({ type: 'lead', node, at: 0, keep: [] }, { ...silent, state: { leading: true }, changes: [] }, 0)
  }

  get isThere(): boolean {
    return this.#isThere
  }

  holds(offset: number): Holding {
    if (!this.#isThere) return 'absent'
    if (this.#reserved[offset] === true) return 'reserved'
    return this.#taken.has(offset) ? 'allocated' : this.#freed.has(offset) ? 'released' : 'free'
  }

  /** The lowest address that is free; -1 for none. */
  lowest(): number {
    for (let offset = 0; offset < this.size; offset++) if (this.#isFree(offset)) return offset
    return NONE
  }

  #isFree(offset: number): boolean {
    const holding = this.holds(offset)
    return holding === 'free' || holding === 'released'
  }

  /** What ought to be seen of an operation. */
  usual({ input, offset }: Asked): Seen {
    const refused: Seen = { granted: false, told: NONE, changed: NONE }
    const done = (told: number, changed: number): Seen => ({ granted: true, told, changed })
    if (input === 'request-pool') return this.#isThere ? refused : done(NONE, NONE)
    if (!this.#isThere) return refused
    switch (input) {
      case 'release-pool':
        return done(NONE, NONE)
      case 'request-any': {
        const lowest = this.lowest()
        return lowest < 0 ? refused : done(lowest, lowest)
      }
      case 'request-this':
        return this.#isFree(offset) ? done(offset, offset) : refused
      case 'release':
        return done(NONE, this.#taken.has(offset) ? offset : NONE)
    }
  }

  /** Whether each address accepts what it sees; called before the judge, which goes on from there. */
  machineAccepts(asked: Asked, seen: Seen): boolean {
    for (let offset = 0; offset < this.size; offset++) if (!this.#accepts(offset, asked, seen)) return false
    return true
  }

  #accepts(offset: number, asked: Asked, seen: Seen): boolean {
    const { input } = asked
    const from = this.holds(offset)
    const to = this.#after(offset, asked, seen)
    const isNamed = input === 'request-this' || input === 'release'
    // Of a pool that is full the machine of a reserved address does not know.
    const isBeside = input === 'request-any' && from === 'reserved' && this.lowest() < 0
    if ((isNamed && asked.offset !== offset) || isBeside) return from === to
    const told = this.#toldTo(offset, asked, seen)
    return isAllowed(this.#kindOf(offset), from, input, { holding: to, told })
  }

  #toldTo(offset: number, { input }: Asked, { granted, told }: Seen): Told {
    if (!granted) return 'refused'
    if (!input.startsWith('request-') || input === 'request-pool') return 'ok'
    return told === offset ? 'this' : 'other'
  }

  #kindOf(offset: number): Kind {
    if (this.#reserved[offset] === true) return 'reserved'
    const lowest = this.lowest()
    return lowest < 0 ? 'alone' : lowest === offset ? 'lowest' : 'high'
  }

  #after(offset: number, { input }: Asked, { granted, changed }: Seen): Holding {
    const from = this.holds(offset)
    if (input === 'request-pool' && granted && !this.#isThere)
      return this.#reserved[offset] === true ? 'reserved' : 'free'
    if (input === 'release-pool' && granted) return 'absent'
    if (changed !== offset) return from
    return input === 'release' ? 'released' : 'allocated'
  }

  /** Whether the judge accepts it; if it does, the pool is then as was seen. */
  judgeAccepts(asked: Asked, seen: Seen): boolean {
    const id = ++this.#operations
    const result = {
      type: 'result',
      operation: id,
      status: seen.granted ? 'ok' : 'failed',
      reason: seen.granted ? '' : this.#reasonOf(asked),
      problems: [],
      subnet: seen.granted && asked.input === 'request-pool' ? this.#subnet : '',
      address: seen.told < 0 ? '' : this.#at(seen.told),
    } as const
    const changes = this.#changesOf(asked, seen)
    const input = { type: 'operation', node, at: 0, id, operation: this.#operationOf(asked, id) } as const
    const violation = this.#judge.step(input, { ...silent, outputs: [result], changes }, 0)
    if (violation === null) this.#follow(asked, seen)
    return violation === null
  }

  #at(offset: number): string {
    return addressAt(masked(parsePrefix(this.#subnet)!), offset)
  }

  #reasonOf({ input, offset }: Asked): Refusal {
    if (!this.#isThere && input !== 'request-pool') return 'not-found'
    if (input === 'request-any') return 'unavailable'
    return offset >= 0 || input === 'request-pool' ? 'forbidden' : 'invalid-parameter'
  }

  #operationOf({ input, offset }: Asked, id: number): Operation {
    const address = offset < 0 ? '' : this.#at(offset)
    switch (input) {
      case 'request-pool': {
        const subnet = this.#subnet
        const v6 = subnet.includes(':')
        return { type: input, pool, space: 'local', v6, subnet, range: '', gateway: '', auxiliary: [] }
      }
      case 'release-pool':
        return { type: input, pool }
      case 'request-any':
      case 'request-this':
        return { type: 'request-address', pool, owner: `e${id}`, address, serial: false }
      case 'release':
        return { type: 'release-address', pool, address, owner: '' }
    }
  }

  #changesOf({ input }: Asked, { granted, changed }: Seen): readonly Change[] | null {
    if (input === 'request-pool')
      return granted && !this.#isThere
        ? [{ change: 'pool', pool, space: 'local', subnet: this.#subnet, range: '' }]
        : null
    if (input === 'release-pool') return granted && this.#isThere ? [{ change: 'pool-released', pool }] : null
    if (changed < 0) return null
    return [{ change: input === 'release' ? 'address-released' : 'address', pool, address: this.#at(changed) }]
  }

  #follow({ input }: Asked, { granted, changed }: Seen): void {
    if (input === 'request-pool' && granted) this.#isThere = true
    if (input === 'release-pool' && granted) {
      this.#isThere = false
      this.#taken.clear()
      this.#freed.clear()
    }
    if (changed < 0) return
    if (input === 'release') {
      this.#taken.delete(changed)
      this.#freed.add(changed)
    } else {
      this.#taken.add(changed)
      this.#freed.delete(changed)
    }
  }
}
