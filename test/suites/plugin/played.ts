/** A plugin that the suite plays before a caller: it does what a check needs, and writes down what it is asked. */
import { Refusal } from '../../../impl/real/ipam/plugin-server.ts'
import { options, type PluginNeeds } from '../../../models/plugin/vocabulary.ts'

export type Refused = 'pool' | 'gateway' | 'auxiliary' | 'address'

export interface Part {
  readonly needs: PluginNeeds
  /** Whether it knows the question for its capabilities. */
  readonly hasCapabilities: boolean
  /** What it refuses, in the words below; null for nothing. */
  readonly refuses: Refused | null
}

export const noNeeds: PluginNeeds = { hardwareAddresses: false, replay: false }
export const plainPart: Part = { needs: noNeeds, hasCapabilities: true, refuses: null }

/** The words of a refusal, which no caller can know by itself. */
export const wordsOfRefusal = 'there will be none before moonrise'

interface Pool {
  readonly base: string
  readonly subnet: string
  /** The last part of those that it gives by its own choice: from above, as no default allocator does. */
  next: number
}

type Fields = Readonly<Record<string, string | undefined>> & {
  readonly Options?: Readonly<Record<string, string>> | null
}

/** Subnets have a length of 24, and every choice is the highest address that was not chosen yet. */
export class PlayedPlugin {
  readonly #part: Part
  readonly #pools = new Map<string, Pool>()
  #subnets = 0

  constructor(part: Part) {
    this.#part = part
  }

  answer(path: string, body: unknown): object | null {
    const { needs, hasCapabilities } = this.#part
    const fields = body as Fields
    switch (path) {
      case '/Plugin.Activate':
        return { Implements: ['IpamDriver'] }
      case '/IpamDriver.GetCapabilities':
        return hasCapabilities
          ? { RequiresMACAddress: needs.hardwareAddresses, RequiresRequestReplay: needs.replay }
          : null
      case '/IpamDriver.GetDefaultAddressSpaces':
        return { LocalDefaultAddressSpace: 'played-local', GlobalDefaultAddressSpace: 'played-global' }
      case '/IpamDriver.RequestPool':
        return this.#requestPool(fields.Pool ?? '')
      case '/IpamDriver.RequestAddress':
        return this.#requestAddress(fields)
      case '/IpamDriver.ReleasePool':
      case '/IpamDriver.ReleaseAddress':
        return {}
      default:
        return null
    }
  }

  #requestPool(wanted: string): object {
    this.#refuse('pool')
    const subnet = wanted === '' ? `10.212.${this.#subnets++}.0/24` : wanted
    const id = `played/${subnet}`
    this.#pools.set(id, { base: subnet.replace(/\d+\/24$/, ''), subnet, next: 250 })
    return { PoolID: id, Pool: subnet, Data: {} }
  }

  #requestAddress({ PoolID = '', Address = '', Options }: Fields): object {
    const pool = this.#pools.get(PoolID)
    if (pool === undefined) throw new Refusal('there is no such pool')
    const isGateway = Options?.[options.type] === options.gateway
    this.#refuse(isGateway ? 'gateway' : Address === '' ? 'address' : 'auxiliary')
    return { Address: `${Address === '' ? `${pool.base}${pool.next--}` : Address}/24`, Data: {} }
  }

  #refuse(what: Refused): void {
    if (this.#part.refuses === what) throw new Refusal(wordsOfRefusal)
  }
}
