/** Where a plugin of Docker is found: `unix:/run/docker/plugins/name.sock`, or `127.0.0.1:7001`. */
import { type Address, parseAddress, printAddress } from '../address.ts'

export type Endpoint = { readonly path: string } | Address

/** Null where the text is no such place. */
export const parseEndpoint = (text: string): Endpoint | null => {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length)
    // Longer paths do not fit into an address of a socket.
    return path.length > 0 && path.length <= 100 ? { path } : null
  }
  return parseAddress(text)
}

/** The path, or host and port. */
export const printEndpoint = (endpoint: Endpoint): string =>
  'path' in endpoint ? endpoint.path : printAddress(endpoint)
