/** Network addresses as texts: `127.0.0.1:7001`, `[::1]:7001`, `node-1.example:7001`. */
import { isIP } from 'node:net'

export interface Address {
  readonly host: string
  readonly port: number
}

/** Null where the text is no address. Port 0, any free port, is allowed for who listens only. */
export const parseAddress = (text: string): Address | null => {
  const found = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9._-]{1,253})):(\d{1,5})$/.exec(text)
  if (found === null) return null
  const [, bracketed, plain, digits] = found
  const port = Number(digits)
  if (port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)) return null
  return { host: (bracketed ?? plain)!, port }
}

export const printAddress = ({ host, port }: Address): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

export const isLoopback = ({ host }: Address): boolean =>
  host === 'localhost' || host === '::1' || host.startsWith('127.')

/** Whether to listen there is to listen on every address of the machine. */
export const isUnspecified = ({ host }: Address): boolean => host === '0.0.0.0' || /^[0:]*$/.test(host)
