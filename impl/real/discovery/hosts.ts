/** Files of hosts: an address and its names, a line each, as in `/etc/hosts`. */
import { isIP } from 'node:net'

export interface HostsLine {
  readonly address: string
  readonly names: readonly string[]
}

/** @throws Error that names the first line that is none */
export function parseHosts(text: string): HostsLine[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const [address, ...names] = line.replace(/#.*$/, '').trim().split(/\s+/)
    if (address === undefined || address === '') return []
    const fits = isIP(address) !== 0 && names.length > 0 && names.every((name) => /^[\w.-]{1,253}$/.test(name))
    if (!fits) throw new Error(`line ${index + 1} is not an address with its names`)
    return [{ address, names }]
  })
}

export const printHosts = (lines: readonly HostsLine[]): string =>
  lines.map(({ address, names }) => `${[address, ...names].join(' ')}\n`).join('')
