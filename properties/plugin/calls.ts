/** The judge of a caller: what it asked of a plugin, in the order in which the plugin was asked. */
import { type Call, options, type PluginNeeds } from '../../models/plugin/vocabulary.ts'
import { caller, type CallerRequirement } from './requirements.ts'

export interface CallFinding {
  readonly requirement: CallerRequirement
  readonly holds: boolean
  /** What happened. */
  readonly text: string
}

interface Pool {
  readonly id: string
  /** In CIDR notation. */
  readonly subnet: string
  /** What it was requested with. */
  readonly asked: string
  gateway: 'none' | 'granted' | 'refused'
  /** Addresses that were granted and not released, without a length. */
  readonly held: Set<string>
  /** A named address besides the gateway was refused before any endpoint had one. */
  auxiliaryRefused: boolean
}

/** What a log of calls is judged by. */
export interface CallsAbout {
  readonly needs: PluginNeeds
  /** Auxiliary addresses of each subnet, which its user named. */
  readonly auxiliary: Readonly<Record<string, readonly string[]>>
}

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const bare = (address: string): string => address.split('/')[0]!

/** Whether a call was granted. */
export const isGranted = ({ status, answer }: Call): boolean =>
  status === 200 && textOf(fieldsOf(answer)['Error']) === ''

const wordOf = ({ path }: Call): string => path.slice(path.indexOf('.') + 1)

/** Judges all calls that a plugin saw, from its activation on. */
export function judgeCalls(calls: readonly Call[], about: CallsAbout): CallFinding[] {
  const judge = new CallJudge(about)
  for (const call of calls) judge.take(call)
  return judge.end()
}

class CallJudge {
  readonly #about: CallsAbout
  readonly #findings: CallFinding[] = []
  readonly #pools = new Map<string, Pool>()
  #activated = false
  #spaces: readonly string[] | null = null

  constructor(about: CallsAbout) {
    this.#about = about
  }

  take(call: Call): void {
    const word = wordOf(call)
    const isRead = call.body === null || (typeof call.body === 'object' && !Array.isArray(call.body))
    this.#judge(caller.posts, call.verb === 'POST' && isRead, `${call.verb} ${call.path}, and no object of JSON`)
    if (call.path === '/Plugin.Activate') {
      this.#activated = true
      return
    }
    this.#judge(caller.activatesFirst, this.#activated, `${word} came before the plugin was activated`)
    const fields = fieldsOf(call.body)
    switch (word) {
      case 'GetDefaultAddressSpaces':
        return this.#noteSpaces(call)
      case 'RequestPool':
        return this.#requestPool(call, fields)
      case 'RequestAddress':
        return this.#requestAddress(call, fields)
      case 'ReleaseAddress':
        return this.#releaseAddress(fields)
      case 'ReleasePool':
        return this.#releasePool(fields)
      default:
        return
    }
  }

  /** What can be judged only when nothing more comes. */
  end(): CallFinding[] {
    for (const { id, gateway, auxiliaryRefused } of this.#pools.values())
      if (gateway === 'refused' || auxiliaryRefused)
        this.#judge(caller.givesBack, false, `kept ${id}, of which it was refused what it needs`)
    return this.#findings
  }

  #judge(requirement: CallerRequirement, holds: boolean, text: string): void {
    this.#findings.push({ requirement, holds, text: holds ? '' : text })
  }

  #noteSpaces({ answer }: Call): void {
    const told = fieldsOf(answer)
    this.#spaces = [textOf(told['LocalDefaultAddressSpace']), textOf(told['GlobalDefaultAddressSpace'])]
  }

  #requestPool(call: Call, { AddressSpace, Pool }: Fields): void {
    const isTold = this.#spaces?.includes(textOf(AddressSpace)) ?? false
    this.#judge(caller.usesToldSpaces, isTold, `asked for a pool of the space '${textOf(AddressSpace)}'`)
    if (!isGranted(call)) return
    const { PoolID, Pool: subnet } = fieldsOf(call.answer)
    const id = textOf(PoolID)
    // Whoever has one and the same pool twice has to give it back twice, which no caller is asked to do here.
    this.#pools.set(id, {
      id,
      subnet: textOf(subnet),
      asked: textOf(Pool),
      gateway: 'none',
      held: new Set(),
      auxiliaryRefused: false,
    })
  }

  #poolOf({ PoolID }: Fields, what: string): Pool | null {
    const pool = this.#pools.get(textOf(PoolID)) ?? null
    this.#judge(caller.knowsItsPools, pool !== null, `${what} of the pool '${textOf(PoolID)}', which it does not have`)
    return pool
  }

  #requestAddress(call: Call, fields: Fields): void {
    const pool = this.#poolOf(fields, 'requested an address')
    if (pool === null) return
    const asked = textOf(fields['Address'])
    const given = fieldsOf(fields['Options'])
    const isGateway = given[options.type] === options.gateway
    const granted = isGranted(call)
    const auxiliary = this.#about.auxiliary[pool.asked] ?? []
    if (pool.gateway === 'none') {
      this.#judge(caller.gatewayFirst, isGateway, `requested '${asked}' of ${pool.id} before its gateway`)
      pool.gateway = granted ? 'granted' : 'refused'
    } else {
      this.#judge(caller.gatewayFirst, !isGateway, `requested a second gateway of ${pool.id}`)
      this.#judgeFurniture(call, pool, asked, auxiliary)
    }
    if (!isGateway && !auxiliary.includes(asked) && this.#about.needs.hardwareAddresses)
      this.#judge(
        caller.tellsHardwareAddresses,
        /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(textOf(given[options.hardwareAddress])),
        `requested an address of ${pool.id} for an endpoint, and did not tell its hardware address`,
      )
    if (granted) pool.held.add(bare(textOf(fieldsOf(call.answer)['Address'])))
  }

  #judgeFurniture(call: Call, pool: Pool, asked: string, auxiliary: readonly string[]): void {
    if (pool.gateway === 'refused' || pool.auxiliaryRefused)
      return this.#judge(caller.givesBack, false, `went on with ${pool.id}, of which it was refused what it needs`)
    if (auxiliary.includes(asked)) {
      if (!isGranted(call)) pool.auxiliaryRefused = true
      return
    }
    const missing = auxiliary.find((address) => !pool.held.has(address))
    if (auxiliary.length > 0)
      this.#judge(
        caller.auxiliaryNext,
        missing === undefined,
        `requested an address of ${pool.id} before the auxiliary ${missing}`,
      )
  }

  #releaseAddress(fields: Fields): void {
    const pool = this.#poolOf(fields, 'released an address')
    if (pool === null) return
    const address = textOf(fields['Address'])
    this.#judge(
      caller.releasesWhatItHolds,
      pool.held.delete(address),
      `released '${address}' of ${pool.id}, which it does not hold`,
    )
  }

  #releasePool(fields: Fields): void {
    const pool = this.#poolOf(fields, 'gave back something')
    if (pool === null) return
    const [left] = pool.held
    const hasFailed = pool.gateway === 'refused' || pool.auxiliaryRefused
    // What was never made may go as a whole.
    if (hasFailed) this.#judge(caller.givesBack, true, '')
    else
      this.#judge(
        caller.releasesAddressesFirst,
        left === undefined,
        `gave back ${pool.id}, and had not released ${left} of it`,
      )
    this.#pools.delete(pool.id)
  }
}
