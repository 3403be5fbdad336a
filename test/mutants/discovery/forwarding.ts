/** Mutants of service discovery: what is asked outside. */
import type { Question, Upstream, UpstreamReply } from '../../../models/discovery/vocabulary.ts'
import { DiscoveryNode } from '../../../impl/reference/discovery/node.ts'
import { discoveryMutant, folklore, type Mutant } from '../mutant.ts'

export const forwarding: readonly Mutant[] = [
  discoveryMutant({
    name: 'asks-outside-as-well',
    breaks: 'discovery/known-stays-inside',
    rule: 'What is known is asked outside as well.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override query(id: number, sandbox: string, question: Question): void {
        super.query(id, sandbox, question)
        if (this.answerTo(sandbox, question) !== null) this.forward(id, sandbox, question)
      }
    },
    also: { 'discovery/answers-once': 'Without a resolver outside, a failure is the second answer.' },
  }),
  discoveryMutant({
    name: 'denies-unknown',
    breaks: 'discovery/unknown-forwarded',
    rule: 'What is not known does not exist.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override forward(id: number, _sandbox: string, question: Question): void {
        this.fail(id, question, 3)
      }
    },
    also: {
      'discovery/other-types-forwarded': 'So it is with other types.',
      'discovery/pointer-names-container': 'So it is with addresses.',
      'discovery/failure-at-end': 'Where there is nobody to ask, the code is another.',
    },
  }),
  discoveryMutant({
    name: 'completes-everything',
    breaks: 'discovery/unknown-forwarded',
    rule: 'With ndots set, names with dots are to be completed as well.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override isToComplete({ qtype }: Question): boolean {
        return this.options.ndots && this.isForAddresses(qtype)
      }
    },
    also: { 'discovery/failure-at-end': 'Where there is nobody to ask, the code is another.' },
  }),
  discoveryMutant({
    name: 'forwards-single-labels',
    breaks: 'discovery/single-labels-stay',
    rule: 'Names without a dot are passed on, whatever the user has set.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override isToComplete(): boolean {
        return false
      }
    },
    also: { 'discovery/unknown-forwarded': 'Where there is nobody to ask, the answer is a failure.' },
  }),
  discoveryMutant({
    name: 'forwards-lowered',
    breaks: 'discovery/forwards-as-asked',
    rule: 'Questions are passed on in lower case.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override ask(operation: number, question: Question, servers: readonly Upstream[]): void {
        super.ask(operation, { ...question, name: question.name.toLowerCase() }, servers)
      }
    },
    also: {
      'discovery/echoes-question': 'Where there is nobody to ask, the failure holds the question in lower case.',
    },
  }),
  discoveryMutant({
    name: 'asks-the-last-first',
    breaks: 'discovery/forwards-in-order',
    rule: 'The last resolver outside is asked first.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override serversFor(sandbox: string): Upstream[] {
        return super.serversFor(sandbox).reverse()
      }
    },
  }),
  discoveryMutant({
    name: 'asks-all',
    breaks: 'discovery/forwards-to-three',
    rule: 'As many resolvers outside are asked as there are.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override mostServers(): number {
        return 100
      }
    },
  }),
  discoveryMutant({
    name: 'leaves-internal-networks',
    breaks: 'discovery/internal-stays-inside',
    rule: 'From a network without a way out, questions are passed on by the host.',
    seenIn: 'CVE-2024-29018',
    Node: class extends DiscoveryNode {
      protected override isInside(): boolean {
        return false
      }
    },
  }),
  discoveryMutant({
    name: 'passes-failures-on',
    breaks: 'discovery/next-on-failure',
    rule: 'A failure of the first resolver is the answer.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override isFailure(): boolean {
        return false
      }
    },
    also: { 'discovery/failure-at-end': 'A refusal of the only one is passed on as well.' },
  }),
  discoveryMutant({
    name: 'gives-up-early',
    breaks: 'discovery/next-on-silence',
    rule: 'A resolver outside is given up after a second.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override longestWait(): number {
        return 1_000
      }
    },
  }),
  discoveryMutant({
    name: 'waits-for-silent',
    breaks: 'discovery/next-on-silence',
    rule: 'A resolver outside that is silent is waited for.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override longestWait(): number {
        return 60_000
      }
    },
  }),
  discoveryMutant({
    name: 'denies-at-end',
    breaks: 'discovery/failure-at-end',
    rule: 'When all have failed, the name does not exist.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override exhausted(operation: number, question: Question): void {
        this.fail(operation, question, 3)
      }
    },
    also: {
      'discovery/unknown-forwarded': 'So it is where there is nobody to ask.',
      'discovery/mail-is-empty': 'So it is with mail.',
    },
  }),
  discoveryMutant({
    name: 'doubts-name-errors',
    breaks: 'discovery/passes-name-error',
    rule: 'When a name does not exist for one, the next is asked.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override isFailure({ rcode }: UpstreamReply): boolean {
        return rcode !== 0
      }
    },
  }),
  discoveryMutant({
    name: 'keeps-what-is-foreign',
    breaks: 'discovery/passes-reply-on',
    rule: 'Answers from outside may be kept for as long as those of its own.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override passOn(operation: number, question: Question, { rcode, answers }: UpstreamReply): void {
        super.passOn(operation, question, { rcode, answers: answers.map((each) => ({ ...each, ttl: this.ttl() })) })
      }
    },
  }),
]
