/** What a surface puts into words, so that a trace of it can be shown. */
import type { AnyTraceEvent } from '../event.ts'
import type { Surface } from '../surface.ts'

export const tones = ['plain', 'leader', 'down', 'violation'] as const
export type Tone = (typeof tones)[number]

/** Something that a step made of a node. */
export interface Note {
  readonly text: string
  readonly tone: Tone
}

type Input = Surface['input']
type Answer = Surface['answer']
type View = Surface['message']['view']

export interface Teller {
  /** What a node was given. */
  describeInput(input: Input): string
  /** Everything that a step did, one phrase each. */
  describeAnswer(answer: Answer): readonly string[]
  /** What a message says, without its sender and receiver. */
  describeMessage(view: View): string
  /** Whether an input that is no message is worth telling. */
  isTold(input: Input): boolean
  notes(input: Input, answer: Answer): readonly Note[]
  /** 2 for a step that changed something, 1 if it only confirmed it, 0 if it moved time or repeated something. */
  weightOf(input: Input, answer: Answer): number
  /** Whether the loss of a message is worth telling: repeated chatter is not. */
  matters(view: View): boolean
  /** Messages whose causes tell a reader nothing. */
  isChatter(view: View): boolean
  /** What each node was like at the event of this index: a table, its head first; without nodes, empty. */
  statesAt(events: readonly AnyTraceEvent[], index: number): readonly (readonly string[])[]
}

/** The message that is delivered; null for another input. */
export function deliveryOf(input: Input): Surface['message'] | null {
  return input.type === 'deliver' ? (input as Input & { readonly message: Surface['message'] }).message : null
}

/** The messages that a step sent. */
export function sentBy({ outputs }: Answer): readonly Surface['message'][] {
  return outputs.filter(({ type }) => type === 'message') as unknown as Surface['message'][]
}
