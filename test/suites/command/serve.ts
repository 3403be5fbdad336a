/** `swarmcheck serve`: the reference for others to talk to. */
import { serveStdio } from '../../../impl/contract/serve-stdio.ts'
import { ipamPluginHelp, serveIpamPlugin } from '../../../impl/real/ipam/serve.ts'
import { ServeError, serveSwimNode, swimNodeHelp } from '../../../impl/real/swim/serve.ts'
import { createReference } from '../../../impl/reference/raft/session.ts'
import { defaultIpamOptions } from '../../../traces/scenario.ts'
import { oneOf } from './options.ts'
import { createReference as createSwimReference } from '../../../impl/reference/swim/session.ts'
import { nodeHelp, serveNode } from './serve-raft.ts'
import { exits, UsageError, type Terminal } from './terminal.ts'

const surfaces = ['raft', 'swim', 'ipam'] as const

export const serveHelp = `
swarmcheck serve raft stdio     speaks the adapter protocol on standard input and output
swarmcheck serve swim stdio     the same for SWIM
swarmcheck serve raft --node …  runs one node of a cluster, over TCP and with files
swarmcheck serve swim --name …  runs one member of a cluster, over UDP and TCP, in memberlist's wire format
swarmcheck serve ipam --listen …  is a plugin of Docker for address management
${nodeHelp}
${swimNodeHelp}
${ipamPluginHelp}`

export async function serve(surface: string, settings: readonly string[], terminal: Terminal): Promise<number> {
  const served = oneOf('surface', surfaces, surface)
  if (served === 'ipam') return withUsage(() => serveIpamPlugin(settings, defaultIpamOptions, terminal))
  const isSwim = served === 'swim'
  const [way = isSwim ? '--' : 'stdio'] = settings
  if (way.startsWith('-'))
    return isSwim ? withUsage(() => serveSwimNode(settings, terminal)) : serveNode(settings, terminal)
  oneOf('way to serve', ['stdio'], way)
  // As an adapter: an example of the protocol, and a way to try the suite through one.
  await serveStdio(isSwim ? createSwimReference() : createReference())
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
