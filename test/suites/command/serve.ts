/** `swarmcheck serve`: the reference for others to talk to. */
import { serveStdio } from '../../../impl/contract/serve-stdio.ts'
import { balancingNodeHelp, serveBalancingNode } from '../../../impl/real/balancing/serve.ts'
import { dnsServerHelp, serveDns } from '../../../impl/real/discovery/serve.ts'
import { ipamPluginHelp, serveIpamPlugin } from '../../../impl/real/ipam/serve.ts'
import { ServeError, serveSwimNode, swimNodeHelp } from '../../../impl/real/swim/serve.ts'
import { defaultBalancingOptions, defaultIpamOptions } from '../../../traces/scenario.ts'
import { adapterSurfaces, type AdapterImplementation } from '../../../impl/contract/surfaces.ts'
import type { SurfaceName } from '../../../traces/surface.ts'
import { suiteOf } from '../surfaces.ts'
import { isAdapterSurface, oneOf } from './options.ts'
import { nodeHelp, serveNode } from './serve-raft.ts'
import { exits, UsageError, type Terminal } from './terminal.ts'

/** Nodes of one machine hear of each other soon. */
const realOptions = { ...defaultBalancingOptions, refreshInterval: 1_000 }

type Serve = (settings: readonly string[], terminal: Terminal) => Promise<number>

/** What serves the reference to others than the suite, where there is such a thing. */
const processes: { readonly [Surface in SurfaceName]?: Serve } = {
  raft: serveNode,
  swim: serveSwimNode,
  ipam: (settings, terminal) => serveIpamPlugin(settings, defaultIpamOptions, terminal),
  discovery: serveDns,
  balancing: (settings, terminal) => serveBalancingNode(settings, realOptions, terminal),
}
const served = [...new Set<SurfaceName>([...adapterSurfaces, ...(Object.keys(processes) as SurfaceName[])])]

export const serveHelp = `
swarmcheck serve SURFACE stdio  speaks the adapter protocol on standard input and output: ${adapterSurfaces.join(', ')}
swarmcheck serve raft --node …  runs one node of a cluster, over TCP and with files
swarmcheck serve swim --name …  runs one member of a cluster, over UDP and TCP, in memberlist's wire format
swarmcheck serve ipam --listen …  is a plugin of Docker for address management
swarmcheck serve discovery --listen …  answers for the hosts of a file, over UDP and TCP
swarmcheck serve balancing --node …  runs one node of a routing mesh, over TCP
${nodeHelp}
${swimNodeHelp}
${ipamPluginHelp}
${dnsServerHelp}
${balancingNodeHelp}`

export async function serve(word: string, settings: readonly string[], terminal: Terminal): Promise<number> {
  const surface = oneOf('surface', served, word)
  const process = processes[surface]
  const [way = 'stdio'] = settings
  if (process !== undefined && (way.startsWith('-') || (settings.length === 0 && surface !== 'raft')))
    return withUsage(() => process(settings, terminal))
  if (!isAdapterSurface(surface))
    throw new UsageError(`adapters cannot offer ${surface} yet: 'serve --help' has how it is served`)
  oneOf('way to serve', ['stdio'], way)
  // As an adapter: an example of the protocol, and a way to try the suite through one.
  await serveStdio(suiteOf(surface).createReference('on-append') as AdapterImplementation)
  return exits.conformant
}

/** What cannot be served as it was asked is told like any other wrong usage. */
async function withUsage(serving: () => Promise<number>): Promise<number> {
  try {
    return await serving()
  } catch (error) {
    throw error instanceof ServeError ? new UsageError(error.message) : error
  }
}
