/**
 * The rules of names, pure, so that the machine, the judge and the system model can share them: which names a record has,
 * in which order a name is looked for, what a lookup may answer, how large a reply is.
 */
import type { EndpointRecord, NetworkKind, NetworkSetting, Question } from './vocabulary.ts'

/** Response codes. [RFC] 1035 section 4.1.1 */
export const rcodes = { ok: 0, formatError: 1, serverFailure: 2, nameError: 3, refused: 5 } as const

/** How long an answer may be kept, in seconds. [DNS] resolver.go respTTL */
export const ttl = 600

/** How many resolvers outside are asked at most, and for how long each is waited for. [DNS] resolver.go */
export const mostUpstreams = 3
export const upstreamTimeout = 4_000

/** The least that a datagram may have, and the most that a stream has. [RFC] 1035, 6891 */
const leastDatagram = 512
const mostOctets = 65_535

export type Family = 4 | 6

/** What a name is of: of a container; or of a service with a virtual address, or of one without, itself or its tasks. */
export type Role = 'container' | 'vip' | 'vip-alias' | 'vip-tasks' | 'service' | 'service-alias' | 'service-tasks'

/** A name that a record has, and where it leads. */
export interface Naming {
  readonly name: string
  readonly role: Role
  /** Of a record that is not disabled. */
  readonly enabled: boolean
  readonly address: string
  readonly family: Family
  /** Whether nobody can tell if the node has it: the virtual address of a task that it never met enabled. */
  readonly weak: boolean
}

/** How the names of a network are compared: case means nothing. [RFC] 4343 */
export const folded = (name: string): string => name.toLowerCase()

/**
 * All names that a record has at a node that has `met` it enabled, or not.
 * [DNS] service_common.go addEndpointNameResolution, addServiceBinding
 */
export function namingsOf(record: EndpointRecord, kind: NetworkKind, met: boolean): Naming[] {
  if (kind === 'ingress') return []
  const { name, aliases, address, address6, service, disabled } = record
  const namings: Naming[] = []
  const enabled = !disabled
  const add = (role: Role, names: readonly string[], to: string, family: Family, weak = false): void => {
    for (const each of names) namings.push({ name: folded(each), role, enabled, address: to, family, weak })
  }
  if (enabled) {
    const own = [name, ...aliases]
    add('container', own, address, 4)
    if (address6 !== '') add('container', own, address6, 6)
  }
  if (service === null) return namings
  const isVip = service.vip !== ''
  const tasks = [service.name, ...service.aliases].map((each) => `tasks.${each}`)
  if (enabled) add(isVip ? 'vip-tasks' : 'service-tasks', tasks, address, 4)
  // A service has its virtual address until its last record is gone; who met that disabled may never have had it.
  const to = isVip ? service.vip : address
  if (!isVip && disabled) return namings
  add(isVip ? 'vip' : 'service', [service.name], to, 4, disabled && !met)
  add(isVip ? 'vip-alias' : 'service-alias', service.aliases, to, 4, disabled && !met)
  return namings
}

/** What a network knows by one name. */
export interface Known {
  readonly strong: Readonly<Record<Family, readonly string[]>>
  readonly weak: readonly string[]
}

/** What is looked for, in which of the networks of a sandbox. */
export interface Lookup {
  readonly name: string
  readonly networks: readonly NetworkSetting[]
  /** The name of the network is written otherwise than it is: some hold that it means nothing. */
  readonly isLoose: boolean
}

/** In which order a name is looked for: as it is, then split before its last dot, then further left. [DNS] ResolveName */
export function lookupsOf(name: string, networks: readonly NetworkSetting[]): Lookup[] {
  const whole = name.endsWith('.') ? name.slice(0, -1) : name
  const lookups: Lookup[] = [{ name: folded(whole), networks, isLoose: false }]
  for (let dot = whole.lastIndexOf('.'); dot > 0; dot = whole.lastIndexOf('.', dot - 1)) {
    const network = whole.slice(dot + 1)
    const loose = networks.filter((each) => folded(each.name) === folded(network))
    if (loose.length === 0) continue
    const isLoose = loose.every((each) => each.name !== network)
    lookups.push({ name: folded(whole.slice(0, dot)), networks: loose, isLoose })
  }
  return lookups
}

/** Addresses that an answer must have, and those that it may have besides; one at least. */
export interface Choice {
  readonly strong: readonly string[]
  readonly weak: readonly string[]
}

/** What may come of a lookup. */
export interface Resolution {
  readonly choices: readonly Choice[]
  /** That the name is known, and has no address of this family. */
  readonly empty: boolean
  /** That the name is not known. */
  readonly unknown: boolean
}

/** Networks whose names come first. [DNS] ByNetworkType */
const order: readonly NetworkKind[] = ['overlay', 'ingress', 'local']

/**
 * What a name means to a sandbox on these networks; within a kind of network, their order is free. `known` says what a
 * network knows by a name.
 */
export function resolve(
  name: string,
  family: Family,
  networks: readonly NetworkSetting[],
  known: (network: string, name: string) => Known | undefined,
): Resolution {
  const choices: Choice[] = []
  let maybe = false
  for (const lookup of lookupsOf(name, networks)) {
    let surely = false
    for (const kind of order) {
      let answers = false
      for (const network of lookup.networks) {
        if (network.kind !== kind) continue
        const found = known(network.name, lookup.name)
        if (found === undefined) continue
        const strong = found.strong[family]
        const weak = family === 4 ? found.weak : []
        if (strong.length > 0 || weak.length > 0) choices.push({ strong, weak })
        if (strong.length > 0) answers = true
        if (found.strong[4].length > 0 || found.strong[6].length > 0) surely = true
        else if (weak.length === 0) maybe = true
      }
      if (answers && !lookup.isLoose) return { choices, empty: false, unknown: false }
    }
    if (surely && !lookup.isLoose) return { choices, empty: true, unknown: false }
    if (surely && choices.length === 0) maybe = true
  }
  return { choices, empty: maybe, unknown: true }
}

/** Whether an answer of these addresses is one that a lookup may have. */
export const mayAnswer = ({ choices, empty }: Resolution, addresses: readonly string[]): boolean =>
  addresses.length === 0
    ? empty
    : choices.some(
        ({ strong, weak }) =>
          strong.every((each) => addresses.includes(each)) &&
          addresses.every((each) => strong.includes(each) || weak.includes(each)),
      )

/** The address that a pointer's name stands for; null if it is none of IPv4. [RFC] 1035 section 3.5 */
export function pointedTo(name: string): string | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa\.?$/.exec(name)
  return match === null ? null : match.slice(1, 5).reverse().join('.')
}

/** What pointers call an endpoint. [DNS] ResolveIP */
export const pointerOf = ({ name, network }: Pick<EndpointRecord, 'name' | 'network'>): string => `${name}.${network}`

/** Whether a name that is not known is answered as one without addresses, so that the client completes it. [DNS] serveDNS */
export const isToComplete = ({ name, qtype }: Pick<Question, 'name' | 'qtype'>, ndots: boolean): boolean =>
  ndots && (qtype === 'A' || qtype === 'AAAA') && !name.replace(/\.$/, '').includes('.')

/** Which resolvers outside are asked, in this order. `isInside`: no network of the sandbox has a way out. [DNS] forwardExtDNS */
export const upstreamsFor = <Server extends { readonly host: boolean }>(
  upstreams: readonly Server[],
  isInside: boolean,
): Server[] => upstreams.slice(0, mostUpstreams).filter(({ host }) => !(isInside && host))

/** Whether a reply from outside is passed on; else the next is asked. [DNS] forwardExtDNS */
export const isPassedOn = (rcode: number): boolean => rcode !== rcodes.serverFailure && rcode !== rcodes.refused

/** What a reply may have at most. [RFC] 1035 section 4.2, 6891 section 6.2.3 */
export const sizeLimit = ({ transport, size }: Pick<Question, 'transport' | 'size'>): number =>
  transport === 'tcp' ? mostOctets : Math.max(leastDatagram, size)

/** Least and greatest size of a reply of so many addresses: names shortened or not, with EDNS or not. [RFC] 1035, 6891 */
export function sizesOf(name: string, addresses: number, family: Family): readonly [number, number] {
  const octets = name.replace(/\.$/, '').length + 2
  const head = 12 + octets + 4
  const data = 10 + (family === 4 ? 4 : 16)
  return [head + addresses * (2 + data), head + addresses * (octets + data) + 11]
}

/** How far the number of answers that begin with one address may be from what chance gives, in standard deviations. */
export const mostDeviations = 6.5
/** How large the variance has to be before anything is said. */
export const leastVariance = 25

/** Bytes that are no query: each with what is wrong with it. [RFC] 1035 section 4.1 */
export const garbledPackets = {
  'a header that breaks off': '123401000001',
  'no question': '123401000000000000000000',
  'a question that breaks off': '1234010000010000000000000377656200',
  'a label that goes beyond the end': '1234010000010000000000003f776562',
  'a name that points at itself': '123401000001000000000000c00c00010001',
  'a response': '12348180000100000000000003776562000001' + '0001',
} as const satisfies Readonly<Record<string, string>>

export const garbledBytes: readonly string[] = Object.values(garbledPackets)
