/** `swarmcheck serve`: the reference for others to talk to. */
import { serveStdio } from '../../../impl/contract/serve-stdio.ts'
import { ipamPluginHelp, serveIpamPlugin } from '../../../impl/real/ipam/serve.ts'
import { ServeError, serveSwimNode, swimNodeHelp } from '../../../impl/real/swim/serve.ts'
import { createReference } from '../../../impl/reference/raft/session.ts'
import { defaultIpamOptions } from '../../../traces/scenario.ts'
import { oneOf } from './options.ts'
import { nodeHelp, serveNode } from './serve-raft.ts'
import { exits, UsageError, type Terminal } from './terminal.ts'

const surfaces = ['raft', 'swim', 'ipam'] as const

/** Ways to serve Raft; each takes the rest of the command line. */
const ways: Readonly<Record<string, (settings: readonly string[], terminal: Terminal) => Promise<number>>> = {
  /** As an adapter: an example of the protocol, and a way to try the suite through one. */
  stdio: async () => {
    await serveStdio(createReference())
    return exits.conformant
  },
}

export const serveHelp = `
swarmcheck serve raft stdio     speaks the adapter protocol on standard input and output
swarmcheck serve raft --node …  runs one node of a cluster, over TCP and with files
swarmcheck serve swim --name …  runs one member of a cluster, over UDP and TCP, in memberlist's wire format
swarmcheck serve ipam --listen …  is a plugin of Docker for address management
${nodeHelp}
${swimNodeHelp}
${ipamPluginHelp}`

export async function serve(surface: string, settings: readonly string[], terminal: Terminal): Promise<number> {
  const served = oneOf('surface', surfaces, surface)
  if (served === 'swim') return withUsage(() => serveSwimNode(settings, terminal))
  if (served === 'ipam') return withUsage(() => serveIpamPlugin(settings, defaultIpamOptions, terminal))
  if (settings[0]?.startsWith('-') === true) return serveNode(settings, terminal)
  const [way = 'stdio', ...rest] = settings
  const found = ways[oneOf('way to serve', Object.keys(ways), way)]
  if (found === undefined) throw new UsageError(`unknown way to serve '${way}'`)
  return found(rest, terminal)
}

/** What cannot be served as it was asked is told like any other wrong usage. */
async function withUsage(serving: () => Promise<number>): Promise<number> {
  try {
    return await serving()
  } catch (error) {
    throw error instanceof ServeError ? new UsageError(error.message) : error
  }
}
