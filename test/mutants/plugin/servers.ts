/** Plugins that are wrong in one way: the reference behind somebody who changes what is asked or answered. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Endpoint } from '../../../impl/real/ipam/endpoint.ts'
import { callPlugin, type PluginReply } from '../../../impl/real/ipam/plugin-call.ts'
import { plugin } from '../../../properties/plugin/requirements.ts'
import { folklore, type Mutant } from '../mutant.ts'

interface Asked {
  readonly path: string
  readonly body: string
}

type Next = (asked: Asked) => Promise<PluginReply>
/** Null ends the connection without an answer. */
type Change = (asked: Asked, next: Next) => Promise<PluginReply | null>

export interface ServerMutant extends Omit<Mutant, 'create'> {
  readonly kind: 'server'
  /** What it does, with a memory of its own. */
  change(): Change
}

const type = 'application/vnd.docker.plugins.v1.2+json'
const reply = (content: string, status = 200): PluginReply => ({ status, type, content })
const refusal = (words: string): PluginReply => reply(JSON.stringify({ Error: words }))
const isMalformed = (body: string): boolean => {
  try {
    const read: unknown = body === '' ? {} : JSON.parse(body)
    return typeof read !== 'object' || read === null || Array.isArray(read) || body.includes('"PoolID":7')
  } catch {
    return true
  }
}

/** The answer to one method with some fields replaced. */
const replacing =
  (method: string, change: (answer: Record<string, unknown>) => object): Change =>
  async (asked, next) => {
    const answered = await next(asked)
    if (!asked.path.endsWith(method)) return answered
    const answer = JSON.parse(answered.content) as Record<string, unknown>
    return 'Error' in answer ? answered : { ...answered, content: JSON.stringify(change(answer)) }
  }

const refusing =
  (isRefused: (asked: Asked) => boolean): Change =>
  async (asked, next) =>
    isRefused(asked) ? refusal('not like this') : next(asked)

const mutant = (told: Omit<ServerMutant, 'kind' | 'change'>, change: () => Change): ServerMutant => ({
  ...told,
  kind: 'server',
  change,
})

const bare = (value: unknown): string => String(value).split('/')[0]!

export const serverMutants: readonly ServerMutant[] = [
  mutant(
    {
      name: 'activates-as-something-else',
      breaks: plugin.activates,
      rule: 'It says that it is a driver of networks.',
      seenIn: folklore,
    },
    () => replacing('Plugin.Activate', () => ({ Implements: ['NetworkDriver'] })),
  ),
  mutant(
    {
      name: 'answers-by-a-list',
      breaks: plugin.answersObjects,
      rule: 'What grants nothing but itself is an empty list.',
      seenIn: folklore,
    },
    () => replacing('ReleasePool', () => []),
  ),
  mutant(
    {
      name: 'needs-bodies',
      breaks: plugin.takesEmptyBodies,
      rule: 'A call without a body cannot be read.',
      seenIn: folklore,
      also: { [plugin.tellsSpaces]: 'they cannot be asked for', [plugin.tellsCapabilities]: 'nor can these' },
    },
    () => async (asked, next) => (asked.body === '' ? reply('{"Error":"no body"}', 400) : next(asked)),
  ),
  mutant(
    {
      name: 'dislikes-null',
      breaks: plugin.takesNull,
      rule: 'Options that are null are refused.',
      seenIn: folklore,
      also: {
        [plugin.poolInCidr]: 'no pool is granted',
        [plugin.addressInCidr]: 'no address is',
        [plugin.servesAtOnce]: 'nor several',
      },
    },
    () => refusing(({ body }) => body.includes('"Options":null') && body.includes('"PoolID"')),
  ),
  mutant(
    {
      name: 'dislikes-strangers',
      breaks: plugin.ignoresUnknownFields,
      rule: 'A field that it does not know makes a call a wrong one.',
      seenIn: folklore,
    },
    () => refusing(({ body }) => body.includes('"Hints"')),
  ),
  mutant(
    {
      name: 'dislikes-unknown-options',
      breaks: plugin.ignoresUnknownFields,
      rule: 'An option that it does not know makes a call a wrong one.',
      seenIn: folklore,
    },
    () => refusing(({ body }) => body.includes('com.example')),
  ),
  mutant(
    {
      name: 'capabilities-in-words',
      breaks: plugin.tellsCapabilities,
      rule: 'Capabilities are told by words.',
      seenIn: folklore,
    },
    () => replacing('GetCapabilities', () => ({ RequiresMACAddress: 'no' })),
  ),
  mutant(
    {
      name: 'fails-at-capabilities',
      breaks: plugin.tellsCapabilities,
      rule: 'The question for capabilities, which it does not know, is answered by status 500.',
      seenIn: folklore,
    },
    () => async (asked, next) => (asked.path.endsWith('GetCapabilities') ? reply('{"Err":"what?"}', 500) : next(asked)),
  ),
  mutant(
    {
      name: 'nameless-space',
      breaks: plugin.tellsSpaces,
      rule: 'The global space has no name.',
      seenIn: folklore,
    },
    () => replacing('GetDefaultAddressSpaces', (answer) => ({ ...answer, GlobalDefaultAddressSpace: '' })),
  ),
  mutant(
    {
      name: 'answers-everything',
      breaks: plugin.unknownMethods,
      rule: 'Methods that it does not have are granted.',
      seenIn: folklore,
    },
    () => async (asked, next) => {
      const answered = await next(asked)
      return answered.status === 404 ? reply('{}') : answered
    },
  ),
  mutant(
    {
      name: 'pool-without-length',
      breaks: plugin.poolInCidr,
      rule: 'The subnet of a pool is told by its first address alone.',
      seenIn: folklore,
    },
    () => replacing('RequestPool', (answer) => ({ ...answer, Pool: bare(answer['Pool']) })),
  ),
  mutant(
    {
      name: 'one-name-for-all-pools',
      breaks: plugin.poolsToldApart,
      rule: 'Every pool has the same PoolID, which means the last of them.',
      seenIn: folklore,
      also: {
        [plugin.addressInCidr]: 'an address is then one of another pool',
        [plugin.givesGateways]: 'and so is a gateway',
      },
    },
    () => {
      let last = ''
      return async ({ path, body }, next) => {
        const answered = await next({ path, body: body.replace('"PoolID":"pool"', `"PoolID":${JSON.stringify(last)}`) })
        const { PoolID } = JSON.parse(answered.content) as { readonly PoolID?: string }
        if (PoolID === undefined) return answered
        last = PoolID
        return { ...answered, content: answered.content.replace(JSON.stringify(PoolID), '"pool"') }
      }
    },
  ),
  mutant(
    {
      name: 'address-without-length',
      breaks: plugin.addressInCidr,
      rule: 'An address is told without the length of its subnet.',
      seenIn: folklore,
    },
    () => replacing('RequestAddress', (answer) => ({ ...answer, Address: bare(answer['Address']) })),
  ),
  mutant(
    {
      name: 'address-of-elsewhere',
      breaks: plugin.addressInCidr,
      rule: 'Addresses are those of a subnet that is not that of the pool.',
      seenIn: folklore,
    },
    () =>
      replacing('RequestAddress', (answer) => ({
        ...answer,
        Address: String(answer['Address']).replace(/^10\.211/, '10.199'),
      })),
  ),
  mutant(
    {
      name: 'knows-no-gateways',
      breaks: plugin.givesGateways,
      rule: 'A request with the option for gateways is refused.',
      seenIn: folklore,
    },
    () => refusing(({ body }) => body.includes('com.docker.network.gateway')),
  ),
  mutant(
    {
      name: 'chooses-every-gateway',
      breaks: plugin.givesGateways,
      rule: 'A gateway that was named is chosen nevertheless.',
      seenIn: folklore,
    },
    () => async (asked, next) =>
      asked.body.includes('com.docker.network.gateway')
        ? next({ ...asked, body: asked.body.replace(/"Address":"[^"]*"/, '"Address":""') })
        : next(asked),
  ),
  mutant(
    {
      name: 'refuses-in-silence',
      breaks: plugin.refusesInWords,
      rule: 'A refusal is a status, and no word.',
      seenIn: folklore,
    },
    () => async (asked, next) => {
      const answered = await next(asked)
      return answered.content.startsWith('{"Error"') && answered.status === 200 ? reply('', 500) : answered
    },
  ),
  mutant(
    {
      name: 'grants-what-it-cannot-read',
      breaks: plugin.refusesMalformed,
      rule: 'A body that cannot be read counts as an empty object.',
      seenIn: folklore,
    },
    () => async (asked, next) => (isMalformed(asked.body) ? reply('{}') : next(asked)),
  ),
  mutant(
    {
      name: 'hangs-up-on-nonsense',
      breaks: plugin.survives,
      rule: 'A body that cannot be read ends the connection without an answer.',
      seenIn: folklore,
    },
    () => async (asked, next) => (isMalformed(asked.body) ? null : next(asked)),
  ),
  mutant(
    {
      name: 'one-at-a-time',
      breaks: plugin.servesAtOnce,
      rule: 'A call that comes while another is under way is refused.',
      seenIn: folklore,
    },
    () => {
      let isBusy = false
      return async (asked, next) => {
        if (isBusy) return refusal('busy')
        isBusy = true
        return next(asked).finally(() => (isBusy = false))
      }
    },
  ),
  mutant(
    {
      name: 'gives-twice-at-once',
      breaks: plugin.servesAtOnce,
      rule: 'Calls that are the same and come at once have one answer.',
      seenIn: folklore,
    },
    () => {
      const pending = new Map<string, Promise<PluginReply>>()
      return (asked, next) => {
        const key = `${asked.path} ${asked.body}`
        const answered = pending.get(key) ?? next(asked)
        pending.set(key, answered)
        return answered.finally(() => pending.delete(key))
      }
    },
  ),
  mutant(
    {
      name: 'answers-a-page',
      breaks: plugin.contentType,
      rule: 'What is answered says that it is a page.',
      seenIn: folklore,
    },
    () => async (asked, next) => ({ ...(await next(asked)), type: 'text/html' }),
  ),
]

/** Serves the plugin at `behind` as the mutant has it. Gives back what ends it. */
export async function serveMutant({ change }: ServerMutant, behind: Endpoint, path: string): Promise<() => void> {
  const changed = change()
  const next: Next = (asked) => callPlugin(behind, asked.path, asked.body)
  const server = createServer((request, response) => void handle(request, response, changed, next))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return () => {
    server.close()
    server.closeAllConnections()
  }
}

async function handle(request: IncomingMessage, response: ServerResponse, change: Change, next: Next): Promise<void> {
  try {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const answered = await change({ path: request.url ?? '', body: Buffer.concat(chunks).toString('utf8') }, next)
    if (answered === null) return void request.socket.destroy()
    response.writeHead(answered.status, { 'content-type': answered.type }).end(answered.content)
  } catch {
    // Who has gone is not answered.
    request.socket.destroy()
  }
}
