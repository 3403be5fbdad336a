/** `swarmcheck serve ipam --listen …`: the reference as a plugin of Docker, until the user ends it. */
import { parseArgs } from 'node:util'
import type { IpamOptions } from '../../../models/ipam/vocabulary.ts'
import { isLoopback } from '../address.ts'
import { type ServeTerminal, ServeError } from '../swim/serve.ts'
import { type Endpoint, parseEndpoint } from './endpoint.ts'
import { PluginService, servePlugin } from './plugin-server.ts'

export const ipamPluginHelp = `
Options of a plugin for address management:
  --listen <place>    unix:/run/docker/plugins/name.sock, or an address of this machine such as 127.0.0.1:7001 (needed)

It keeps nothing on a disk: a daemon that starts makes its requests again.`

/** Serves until the terminal is interrupted. @throws ServeError that says what is wrong */
export const serveIpamPlugin = async (
  settings: readonly string[],
  options: IpamOptions,
  { out, signal }: ServeTerminal,
): Promise<number> => {
  const server = await listen(new PluginService(options), endpointOf(settings))
  out.write(`listening on ${server.place}\n`)
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  await server.close()
  return 0
}

function endpointOf(settings: readonly string[]): Endpoint {
  const place = placeOf(settings)
  if (place === undefined) throw new ServeError('--listen is missing')
  const endpoint = parseEndpoint(place)
  if (endpoint === null) throw new ServeError(`--listen: '${place}' is neither unix:PATH nor an address`)
  // Whoever can ask may ask for anything.
  if ('host' in endpoint && !isLoopback(endpoint)) throw new ServeError('--listen: only addresses of this machine')
  return endpoint
}

function placeOf(settings: readonly string[]): string | undefined {
  try {
    return parseArgs({ args: [...settings], options: { listen: { type: 'string' } } }).values.listen
  } catch (error) {
    throw new ServeError((error as Error).message)
  }
}

async function listen(service: PluginService, endpoint: Endpoint): ReturnType<typeof servePlugin> {
  try {
    return await servePlugin(service, endpoint)
  } catch (error) {
    throw new ServeError(`cannot listen: ${(error as Error).message}`)
  }
}
