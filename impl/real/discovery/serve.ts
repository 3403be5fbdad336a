/** `swarmcheck serve discovery --listen …`: the reference's resolver, until the user ends it. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Address, isLoopback, parseAddress } from '../address.ts'
import { type ServeTerminal, ServeError } from '../swim/serve.ts'
import { type HostsLine, parseHosts } from './hosts.ts'
import { type DnsServer, startDnsServer } from './server.ts'

export const dnsServerHelp = `
Options of a resolver:
  --listen <address>    where, on this machine: 127.0.0.1:5353 (needed)
  --hosts <file>        what it answers for: an address and its names a line, as in /etc/hosts
  --upstream <address>  whom it asks for the rest: 192.0.2.53 or 192.0.2.53:5353; may be repeated`

/** Serves until the terminal is interrupted. @throws ServeError that says what is wrong */
export async function serveDns(settings: readonly string[], { out, signal }: ServeTerminal): Promise<number> {
  const { listen, hosts, upstream = [] } = optionsOf(settings)
  if (listen === undefined) throw new ServeError('--listen is missing')
  const address = addressOf('--listen', listen)
  // Whoever can ask may have it ask others.
  if (!isLoopback(address)) throw new ServeError('--listen: only addresses of this machine')
  const upstreams = upstream.map((word) => addressOf('--upstream', word.includes(':') ? word : `${word}:53`))
  const server = await start(address, hosts === undefined ? [] : readHosts(hosts), upstreams)
  out.write(`listening on ${server.place}\n`)
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  await server.close()
  return 0
}

function optionsOf(settings: readonly string[]) {
  try {
    const options = {
      listen: { type: 'string' },
      hosts: { type: 'string' },
      upstream: { type: 'string', multiple: true },
    } as const
    return parseArgs({ args: [...settings], options }).values
  } catch (error) {
    throw new ServeError((error as Error).message)
  }
}

function addressOf(option: string, word: string): Address {
  const address = parseAddress(word)
  if (address === null) throw new ServeError(`${option}: '${word}' is no address such as 127.0.0.1:5353`)
  return address
}

function readHosts(file: string): HostsLine[] {
  try {
    return parseHosts(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new ServeError(`--hosts: ${(error as Error).message}`)
  }
}

async function start(listen: Address, hosts: readonly HostsLine[], upstreams: readonly Address[]): Promise<DnsServer> {
  try {
    return await startDnsServer({ listen, hosts, upstreams })
  } catch (error) {
    throw new ServeError(`cannot listen: ${(error as Error).message}`)
  }
}
