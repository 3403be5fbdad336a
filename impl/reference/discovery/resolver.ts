/** What a name means to a sandbox, and how it is answered. [DNS] sandbox.go ResolveName, resolver.go serveDNS */
import type {
  AnswerRecord,
  NetworkKind,
  NetworkSetting,
  Question,
  QueryType,
  Reply,
} from '../../../models/discovery/vocabulary.ts'
import { EndpointRules } from './endpoints.ts'
import { decode, encode, type Packet } from './wire/packet.ts'

/** How long an answer may be kept, in seconds. */
const ttl = 600
const leastDatagram = 512
const mostOctets = 65_535

const ranks: Readonly<Record<NetworkKind, number>> = { overlay: 0, ingress: 1, local: 2 }

export type Family = 4 | 6

const familyOf = (address: string): Family => (address.includes(':') ? 6 : 4)

/** What is answered without asking outside. */
export interface Found {
  readonly type: QueryType
  readonly data: readonly string[]
}

export abstract class ResolverRules extends EndpointRules {
  protected abstract forward(id: number, sandbox: string, question: Question): void

  protected query(id: number, sandbox: string, question: Question): void {
    if (this.networksOf(sandbox).length === 0) return this.result(id, 'failed', 'no-such-sandbox')
    const found = this.answerTo(sandbox, question)
    if (found !== null) return this.reply(id, question, found)
    if (this.isToComplete(question)) return this.reply(id, question, { type: question.qtype, data: [] })
    this.forward(id, sandbox, question)
  }

  /** Bytes that may be no query: those that are none get no reply. */
  protected receiveBytes(id: number, sandbox: string, bytes: string): void {
    if (this.networksOf(sandbox).length === 0) return this.result(id, 'failed', 'no-such-sandbox')
    const packet = decode(Buffer.from(bytes, 'hex'))
    if (packet === null || !this.isQuery(packet)) return this.result(id, 'ok')
    const [{ name, type } = { name: '', type: 'A' }] = packet.questions
    const question = { name, qtype: type as QueryType, transport: 'udp', size: packet.size ?? 0 } as const
    this.reply(id, question, this.answerTo(sandbox, question) ?? { type: question.qtype, data: [] })
  }

  protected isQuery({ response, questions }: Packet): boolean {
    return !response && questions.length > 0
  }

  // Networks of a sandbox

  /** Overlays first. */
  protected networksOf(sandbox: string): NetworkSetting[] {
    let networks = this.sandboxes.get(sandbox)
    if (networks === undefined) {
      const names = new Set<string>()
      for (const each of this.endpoints.values()) if (each.sandbox === sandbox) names.add(each.network)
      networks = this.inOrder([...names].map((name) => this.network(name)!))
      this.sandboxes.set(sandbox, networks)
    }
    return networks
  }

  protected inOrder(networks: NetworkSetting[]): NetworkSetting[] {
    return networks.sort((left, right) => ranks[left.kind] - ranks[right.kind])
  }

  protected isInside(sandbox: string): boolean {
    return this.networksOf(sandbox).every(({ internal }) => internal)
  }

  // Questions

  /** Null where the answer is to be had outside, or nowhere. */
  protected answerTo(sandbox: string, question: Question): Found | null {
    const { name, qtype } = question
    switch (qtype) {
      case 'A':
      case 'AAAA': {
        const addresses = this.resolve(sandbox, name, qtype === 'A' ? 4 : 6)
        return addresses === null ? null : { type: qtype, data: this.inAnyOrder(addresses) }
      }
      case 'MX':
        return this.answerMx(sandbox, name)
      case 'PTR':
        return this.answerPointer(sandbox, name)
      default:
        return this.answerOther(sandbox, question)
    }
  }

  /** A name that has addresses takes mail at them. [RFC] 5321 section 5.1 */
  protected answerMx(sandbox: string, name: string): Found | null {
    return this.resolve(sandbox, name, 4) === null ? null : { type: 'MX', data: [] }
  }

  protected answerPointer(sandbox: string, name: string): Found | null {
    const match = /^((?:\d+\.){4})in-addr\.arpa\.?$/.exec(name)
    if (match === null) return null
    const address = match[1]!.split('.').slice(0, 4).reverse().join('.')
    for (const network of this.networksOf(sandbox)) {
      const found = this.table(network.name).pointer(address)
      if (found !== null) return { type: 'PTR', data: [this.pointerName(found, network.name)] }
    }
    return null
  }

  protected pointerName(name: string, network: string): string {
    return `${name}.${network}`
  }

  protected answerOther(_sandbox: string, _question: Question): Found | null {
    return null
  }

  /** Addresses of a family, none if the name has none; null for a name that is not known. */
  protected resolve(sandbox: string, name: string, family: Family): string[] | null {
    const networks = this.networksOf(sandbox)
    const whole = name.endsWith('.') ? name.slice(0, -1) : name
    for (const [label, network] of this.splits(whole)) {
      const among = network === '' ? networks : networks.filter((each) => each.name === network)
      const found = this.resolveIn(among, label, family)
      if (found !== null) return found
    }
    return null
  }

  /** A name as it is, and then every way to take it for one with its network behind it. */
  protected splits(name: string): (readonly [string, string])[] {
    const splits: (readonly [string, string])[] = [[name, '']]
    for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
      splits.push([name.slice(0, dot), name.slice(dot + 1)])
    }
    return splits
  }

  protected resolveIn(networks: readonly NetworkSetting[], name: string, family: Family): string[] | null {
    let isKnown = false
    for (const network of networks) {
      const addresses = this.table(network.name).find(name)
      if (addresses === null) continue
      isKnown = true
      const ofFamily = addresses.filter((address) => familyOf(address) === family)
      if (ofFamily.length > 0) return ofFamily
    }
    return isKnown ? [] : null
  }

  /** Whether the client is to try again with a longer name. */
  protected isToComplete({ name, qtype }: Question): boolean {
    return this.options.ndots && this.isForAddresses(qtype) && !name.replace(/\.$/, '').includes('.')
  }

  protected isForAddresses(qtype: QueryType): boolean {
    return qtype === 'A' || qtype === 'AAAA'
  }

  protected inAnyOrder(addresses: readonly string[]): string[] {
    const rest = [...addresses]
    const order: string[] = []
    while (rest.length > 0) order.push(...rest.splice(this.chance.below(rest.length, this.now), 1))
    return order
  }

  // Replies

  protected reply(id: number, question: Question, { type, data }: Found): void {
    const answers = data.map((each): AnswerRecord => ({ name: question.name, type, ttl: this.ttl(), data: each }))
    this.send(id, question, 0, answers)
  }

  protected ttl(): number {
    return ttl
  }

  protected fail(id: number, question: Question, rcode: number): void {
    this.send(id, question, rcode, [])
  }

  /** As many answers as there is room for. */
  protected send(id: number, question: Question, rcode: number, answers: readonly AnswerRecord[]): void {
    const limit = this.sizeLimit(question)
    const sizeOf = (count: number): number =>
      encode(this.packetOf(question, rcode, answers.slice(0, count), false)).length
    let fits = answers.length
    let size = sizeOf(fits)
    if (size > limit) {
      let above = fits
      fits = 0
      while (above - fits > 1) {
        const half = (fits + above) >> 1
        if (sizeOf(half) > limit) above = half
        else fits = half
      }
      size = sizeOf(fits)
    }
    const packet = this.packetOf(question, rcode, answers.slice(0, fits), this.isCut(fits, answers.length))
    this.result(id, 'ok', '', this.replyOf(packet, size))
  }

  protected isCut(kept: number, all: number): boolean {
    return kept < all
  }

  protected sizeLimit({ transport, size }: Question): number {
    return transport === 'tcp' ? mostOctets : Math.max(leastDatagram, size)
  }

  protected packetOf(
    { name, qtype }: Question,
    rcode: number,
    answers: readonly AnswerRecord[],
    truncated: boolean,
  ): Packet {
    return {
      id: 0,
      response: true,
      opcode: 0,
      authoritative: false,
      truncated,
      recursionDesired: true,
      recursionAvailable: true,
      rcode,
      questions: [{ name, type: qtype }],
      answers,
      size: null,
    }
  }

  private replyOf(
    { questions, rcode, authoritative, recursionAvailable, truncated, answers }: Packet,
    size: number,
  ): Reply {
    const [{ name, type }] = questions as [Packet['questions'][number]]
    return { name, qtype: type, rcode, authoritative, recursionAvailable, truncated, size, answers }
  }
}
