/** `swarmcheck serve`: the reference for others to talk to. */
import { serveStdio } from '../../../impl/contract/serve-stdio.ts'
import { ServeError, serveSwimNode, swimNodeHelp } from '../../../impl/real/swim/serve.ts'
import { createReference } from '../../../impl/reference/raft/session.ts'
import { oneOf } from './options.ts'
import { createReference as createSwimReference } from '../../../impl/reference/swim/session.ts'
import { nodeHelp, serveNode } from './serve-raft.ts'
import { exits, UsageError, type Terminal } from './terminal.ts'

const surfaces = ['raft', 'swim'] as const

export const serveHelp = `
swarmcheck serve raft stdio     speaks the adapter protocol on standard input and output
swarmcheck serve swim stdio     the same for SWIM
swarmcheck serve raft --node …  runs one node of a cluster, over TCP and with files
swarmcheck serve swim --name …  runs one member of a cluster, over UDP and TCP, in memberlist's wire format
${nodeHelp}
${swimNodeHelp}`

export async function serve(surface: string, settings: readonly string[], terminal: Terminal): Promise<number> {
  const isSwim = oneOf('surface', surfaces, surface) === 'swim'
  const [way = isSwim ? '--' : 'stdio'] = settings
  if (way.startsWith('-')) return isSwim ? serveSwim(settings, terminal) : serveNode(settings, terminal)
  oneOf('way to serve', ['stdio'], way)
  // As an adapter: an example of the protocol, and a way to try the suite through one.
  await serveStdio(isSwim ? createSwimReference() : createReference())
  return exits.conformant
}

async function serveSwim(settings: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await serveSwimNode(settings, terminal)
  } catch (error) {
    throw error instanceof ServeError ? new UsageError(error.message) : error
  }
}
