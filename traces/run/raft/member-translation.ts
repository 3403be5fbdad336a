/** Between the member model, which counts from the start of a run, and an implementation, which need not. */
import { NOBODY, SELF } from '../../../models/raft/member/state.ts'
import type { InputOf, MemberInput, Outcome, ReplyKind } from '../../../models/raft/member/state.ts'
import type { Answer, Entry, LogDelta, MemberState, Message, OutgoingMessage } from '../../../models/raft/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'

/** The node that is tested, and the peers that the harness plays. */
export const NODES: readonly NodeId[] = ['n1', 'n2', 'n3']

export const TESTED: NodeId = 'n1'

/** Inputs that reach n1 as messages. */
export type MessageInput = Exclude<MemberInput, InputOf<'election-timeout' | 'propose' | 'restart'>>

type Folded = { -readonly [Field in keyof MemberState]: MemberState[Field] }

/** n1 as it was observed, in the words of the model. */
export class ObservedMember {
  /** Index at which the model's logs begin, the term there, and the term at the start. */
  readonly #baseIndex: number
  readonly #baseTerm: number
  readonly #termThen: number
  readonly #state: Folded
  /** Terms of the entries behind the base. */
  #log: number[] = []
  /** Entries that n1 has shown, by index and term: peers that hold them hold the same. */
  readonly #shown = new Map<string, Entry>()

  constructor(initial: Answer) {
    this.#state = { ...(initial.state as MemberState) }
    const { restore, append = [] } = initial.log ?? {}
    const last = append[append.length - 1] ?? restore
    this.#baseIndex = last?.index ?? 0
    this.#baseTerm = last?.term ?? 0
    this.#termThen = this.#state.term
  }

  get role(): MemberState['role'] {
    return this.#state.role
  }

  get term(): number {
    return this.#state.term
  }

  observe(answer: Answer): void {
    if (answer.state !== null) {
      for (const [field, value] of Object.entries(answer.state)) {
        if (value !== undefined) Object.assign(this.#state, { [field]: value })
      }
    }
    if (answer.log !== null) this.#fold(answer.log)
  }

  #fold({ restore, truncate, append }: LogDelta): void {
    // What a snapshot covers is committed: its entries stay what they were.
    if (restore !== undefined && !restore.retain) this.#log.length = Math.max(0, restore.index - this.#baseIndex)
    if (truncate !== undefined) this.#log.length = Math.max(0, truncate - this.#baseIndex)
    for (const entry of append ?? []) {
      if (entry.index <= this.#baseIndex) continue
      this.#log[entry.index - this.#baseIndex - 1] = entry.term - this.#termThen
      this.#shown.set(`${entry.index} ${entry.term}`, entry)
    }
  }

  /** What came of an input, with the messages that n1 sent because of it. */
  outcome(input: MemberInput, sent: readonly OutgoingMessage[]): Outcome {
    const { role, term, vote, leader, commit } = this.#state
    return {
      role,
      term: term - this.#termThen,
      vote: numberOf(vote),
      leader: numberOf(leader),
      log: [...this.#log],
      commit: Math.max(0, commit - this.#baseIndex),
      ...this.#reply(input, sent),
    }
  }

  #reply(input: MemberInput, sent: readonly OutgoingMessage[]): { reply: ReplyKind; acknowledged: number } {
    let reply: ReplyKind = 'none'
    let acknowledged = 0
    if (!('from' in input)) return { reply, acknowledged }
    for (const { to, view } of sent) {
      if (to !== NODES[input.from] || !answers(input, view)) continue
      acknowledged = 0
      switch (view.kind) {
        case 'request-vote-response':
        case 'pre-vote-response':
          reply = view.granted ? 'granted' : 'refused'
          break
        case 'append-entries-response':
          reply = view.success ? 'success' : 'failure'
          if (view.success) acknowledged = view.index - this.#baseIndex
          break
        default:
          reply = 'success'
      }
    }
    return { reply, acknowledged }
  }

  /** The message by which a peer brings this input about. */
  view(input: MessageInput): Message {
    const term = input.term + this.#termThen
    switch (input.type) {
      case 'request-vote':
      case 'pre-vote': {
        const { lastIndex, lastTerm } = input
        return { kind: input.type, term, ...this.#last(lastIndex, lastTerm), transfer: false }
      }
      case 'request-vote-response':
      case 'pre-vote-response':
        return { kind: input.type, term, granted: input.granted }
      case 'append-entries': {
        const { previousIndex, previousTerm, commit } = input
        const previous = this.#last(previousIndex, previousTerm)
        return {
          kind: 'append-entries',
          term,
          previousIndex: previous.lastIndex,
          previousTerm: previous.lastTerm,
          entries: input.entries.map((each, at) => this.#entry(previousIndex + at + 1, each)),
          commit: commit + this.#baseIndex,
          round: 0,
        }
      }
      case 'append-entries-response': {
        const index = input.index + this.#baseIndex
        const hint = input.success ? 0 : index
        return { kind: 'append-entries-response', term, success: input.success, index, hint, round: 0 }
      }
      case 'heartbeat':
        return { kind: 'heartbeat', term, commit: input.commit + this.#baseIndex, round: 0 }
      case 'timeout-now':
        return { kind: 'timeout-now', term }
    }
  }

  #last(index: number, term: number): { lastIndex: number; lastTerm: number } {
    return { lastIndex: index + this.#baseIndex, lastTerm: index === 0 ? this.#baseTerm : term + this.#termThen }
  }

  /** Entries of peers are empty but for those that n1 itself made. */
  #entry(modelIndex: number, modelTerm: number): Entry {
    const index = modelIndex + this.#baseIndex
    const term = modelTerm + this.#termThen
    return this.#shown.get(`${index} ${term}`) ?? { index, term, kind: 'empty', digest: '' }
  }
}

function numberOf(node: NodeId | null): number {
  return node === null ? NOBODY : NODES.indexOf(node)
}

/** Whether a message is of the kind that answers this input. */
function answers(input: MessageInput, view: Message): boolean {
  switch (input.type) {
    case 'request-vote':
      return view.kind === 'request-vote-response'
    case 'pre-vote':
      return view.kind === 'pre-vote-response'
    case 'append-entries':
      return view.kind === 'append-entries-response'
    case 'heartbeat':
      return view.kind === 'heartbeat-response' || view.kind === 'append-entries-response'
    default:
      return false
  }
}

export function describeInput(input: MemberInput): string {
  const { type, ...fields } = input
  const words = Object.entries(fields).map(([field, value]) => {
    if (field === 'from') return `from ${NODES[value as number]!}`
    return `${field} ${Array.isArray(value) ? `[${value.join(' ')}]` : String(value)}`
  })
  return [type, ...words].join(', ')
}

export function describeOutcome({ role, term, vote, leader, log, commit, reply, acknowledged }: Outcome): string {
  const name = (number: number): string => (number === NOBODY ? 'nobody' : number === SELF ? TESTED : NODES[number]!)
  const answer = reply === 'none' ? 'no answer' : `answer ${reply}${reply === 'success' ? ` ${acknowledged}` : ''}`
  return `${role} of term ${term}, vote ${name(vote)}, leader ${name(leader)}, log [${log.join(' ')}], commit ${commit}, ${answer}`
}
