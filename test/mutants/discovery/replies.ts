/** Mutants of service discovery: what a reply looks like. */
import type { AnswerRecord, Question } from '../../../models/discovery/vocabulary.ts'
import { DiscoveryNode } from '../../../impl/reference/discovery/node.ts'
import type { Found } from '../../../impl/reference/discovery/resolver.ts'
import type { Packet } from '../../../impl/reference/discovery/wire/packet.ts'
import { discoveryMutant, folklore, type Mutant } from '../mutant.ts'

export const replies: readonly Mutant[] = [
  discoveryMutant({
    name: 'panics-at-trailing-dots',
    breaks: 'discovery/survives',
    rule: 'A name that ends with a dot is taken apart beyond its end.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override resolve(sandbox: string, name: string, family: 4 | 6): string[] | null {
        if (name.endsWith('.')) throw new Error('an empty label')
        return super.resolve(sandbox, name, family)
      }
    },
  }),
  discoveryMutant({
    name: 'answers-twice',
    breaks: 'discovery/answers-once',
    rule: 'An answer of several addresses is sent again.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override reply(id: number, question: Question, found: Found): void {
        super.reply(id, question, found)
        if (found.data.length > 1) super.reply(id, question, found)
      }
    },
  }),
  discoveryMutant({
    name: 'lowers-questions',
    breaks: 'discovery/echoes-question',
    rule: 'The question comes back in lower case.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override packetOf(
        question: Question,
        rcode: number,
        answers: readonly AnswerRecord[],
        cut: boolean,
      ): Packet {
        return super.packetOf({ ...question, name: question.name.toLowerCase() }, rcode, answers, cut)
      }
    },
  }),
  discoveryMutant({
    name: 'answers-under-another-name',
    breaks: 'discovery/answers-bear-question',
    rule: 'Answers bear the name without the network behind it.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override packetOf(
        question: Question,
        rcode: number,
        answers: readonly AnswerRecord[],
        cut: boolean,
      ): Packet {
        const [short = ''] = question.name.split('.')
        const renamed = answers.map((answer) => (answer.type === 'A' ? { ...answer, name: short } : answer))
        return super.packetOf(question, rcode, renamed, cut)
      }
    },
    also: { 'discovery/passes-reply-on': 'Answers from outside are renamed as well.' },
  }),
  discoveryMutant({
    name: 'fails-on-many',
    breaks: 'discovery/answers-known',
    rule: 'A name with more than three addresses is answered by a server failure.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override reply(id: number, question: Question, found: Found): void {
        if (found.data.length > 3) this.fail(id, question, 2)
        else super.reply(id, question, found)
      }
    },
  }),
  discoveryMutant({
    name: 'names-one-of-many',
    breaks: 'discovery/answers-whole',
    rule: 'Of several addresses only one is told.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override inAnyOrder(addresses: readonly string[]): string[] {
        return super.inAnyOrder(addresses).slice(0, 1)
      }
    },
    also: {
      'discovery/tasks-for-name': 'Tasks are several addresses.',
      'discovery/tasks-for-aliases': 'Tasks are several addresses.',
      'discovery/tasks-by-name': 'Tasks are several addresses.',
      'discovery/vip-tasks-by-name': 'Tasks are several addresses.',
    },
  }),
  discoveryMutant({
    name: 'repeats-addresses',
    breaks: 'discovery/no-duplicates',
    rule: 'An address is told once for each name that leads to it.',
    seenIn: 'moby#28836',
    Node: class extends DiscoveryNode {
      protected override inAnyOrder(addresses: readonly string[]): string[] {
        return super.inAnyOrder(addresses.length > 1 ? [...addresses, addresses[0]!] : addresses)
      }
    },
  }),
  discoveryMutant({
    name: 'denies-other-family',
    breaks: 'discovery/empty-for-other-family',
    rule: 'A name without an address of the family that is asked for does not exist.',
    seenIn: 'RFC 4074, section 4.2',
    Node: class extends DiscoveryNode {
      protected override reply(id: number, question: Question, found: Found): void {
        if (found.type === 'AAAA' && found.data.length === 0) this.fail(id, question, 3)
        else super.reply(id, question, found)
      }
    },
    also: { 'discovery/single-labels-stay': 'So is a name that is to be completed.' },
  }),
  discoveryMutant({
    name: 'sends-large-datagrams',
    breaks: 'discovery/fits-datagram',
    rule: 'A reply is as large as it is, whatever the question allows.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override sizeLimit(): number {
        return 65_535
      }
    },
  }),
  discoveryMutant({
    name: 'cuts-in-silence',
    breaks: 'discovery/tells-truncation',
    rule: 'What has no room is left out, and nothing says so.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override isCut(): boolean {
        return false
      }
    },
  }),
  discoveryMutant({
    name: 'knows-no-sizes',
    breaks: 'discovery/honours-size',
    rule: 'A reply over UDP never has more than 512 octets.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override sizeLimit(question: Question): number {
        return super.sizeLimit({ ...question, size: 0 })
      }
    },
  }),
  discoveryMutant({
    name: 'cuts-streams',
    breaks: 'discovery/stream-is-whole',
    rule: 'A reply over TCP is cut like one over UDP.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override sizeLimit(question: Question): number {
        return super.sizeLimit({ ...question, transport: 'udp' })
      }
    },
  }),
  discoveryMutant({
    name: 'answers-without-question',
    breaks: 'discovery/ignores-malformed',
    rule: 'A packet without a question is answered.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override isQuery({ response }: Packet): boolean {
        return !response
      }
    },
  }),
  discoveryMutant({
    name: 'answers-responses',
    breaks: 'discovery/ignores-malformed',
    rule: 'A response is answered, so that two servers may answer each other for ever.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override isQuery({ questions }: Packet): boolean {
        return questions.length > 0
      }
    },
  }),
  discoveryMutant({
    name: 'answers-for-no-time',
    breaks: 'discovery/time-to-live',
    rule: 'Answers must not be kept.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override ttl(): number {
        return 0
      }
    },
  }),
  discoveryMutant({
    name: 'offers-no-recursion',
    breaks: 'discovery/recursion-available',
    rule: 'Replies of its own say that recursion is not available.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override packetOf(
        question: Question,
        rcode: number,
        answers: readonly AnswerRecord[],
        cut: boolean,
      ): Packet {
        return { ...super.packetOf(question, rcode, answers, cut), recursionAvailable: false }
      }
    },
  }),
  discoveryMutant({
    name: 'claims-authority',
    breaks: 'discovery/not-authoritative',
    rule: 'Replies of its own claim authority.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override packetOf(
        question: Question,
        rcode: number,
        answers: readonly AnswerRecord[],
        cut: boolean,
      ): Packet {
        return { ...super.packetOf(question, rcode, answers, cut), authoritative: true }
      }
    },
  }),
  discoveryMutant({
    name: 'sorts-addresses',
    breaks: 'discovery/any-order',
    rule: 'Addresses come in their order, so that all clients take the first.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override inAnyOrder(addresses: readonly string[]): string[] {
        return [...addresses].sort()
      }
    },
  }),
  discoveryMutant({
    name: 'never-begins-with-the-least',
    breaks: 'discovery/any-order',
    rule: 'Addresses come in any order, but for the least, which is last.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override inAnyOrder(addresses: readonly string[]): string[] {
        const least = [...addresses].sort()[0]
        const order = super.inAnyOrder(addresses.filter((address) => address !== least))
        return least === undefined ? order : [...order, least]
      }
    },
  }),
]
