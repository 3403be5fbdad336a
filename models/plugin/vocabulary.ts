/** The words between a daemon and a plugin that manages addresses for it: calls by HTTP, and what they are answered. */

/** One call, as the plugin saw it. */
export interface Call {
  /** Of HTTP. */
  readonly verb: string
  /** `/IpamDriver.RequestPool`. */
  readonly path: string
  /** What was sent, read as JSON; null where nothing was sent, undefined where it could not be read. */
  readonly body: unknown
  readonly status: number
  /** What was answered. */
  readonly answer: unknown
}

/** What a plugin asks of its caller. */
export interface PluginNeeds {
  /** To be told the hardware address of an endpoint for which an address is requested. */
  readonly hardwareAddresses: boolean
  /** That the requests of all that is still in use are made again when the caller starts. */
  readonly replay: boolean
}

/** The option of a request for the gateway of a pool, and of one for an endpoint whose hardware address is told. */
export const options = {
  type: 'RequestAddressType',
  gateway: 'com.docker.network.gateway',
  hardwareAddress: 'com.docker.network.endpoint.macaddress',
} as const
