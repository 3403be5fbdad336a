/** What runs above membership: it adds to tables, hears what others add, and may say something when its node leaves. */
import type { Versions } from '../../reference/swim/wire/messages.ts'

/** What an application may ask of the member below it. */
export interface Below {
  /** Where a member is reached; '' where that is not known. */
  addressOf(name: string): string
  /** A user message, which may be lost. */
  send(name: string, bytes: Uint8Array): void
  /** Tables are exchanged with somebody, who may be gone. */
  exchange(name: string): void
}

export interface Application {
  readonly versions: Versions['delegate']
  /** The member below is there. */
  attach(below: Below): void
  /** What the node tells of itself, of what its user wants it to. */
  meta(text: string): string
  /** What goes with a table. */
  state(): Uint8Array
  /** What came with a table. Throws a WireError where it cannot be read. */
  merge(state: Uint8Array): void
  /** A message of another one. Throws a WireError where it cannot be read. */
  receive(message: Uint8Array): void
  /** Another is there, or there no more, or tells something else of itself. */
  peer(name: string, status: 'up' | 'down' | 'update', meta: string): void
  /** The node has joined others. */
  joined(): void
  /** What all are told when the node leaves; null for nothing. */
  leave(): Uint8Array | null
  stop(): void
}

const nothing = Buffer.alloc(0)

/** Membership alone. */
export const noApplication: Application = {
  versions: [0, 0, 0],
  attach: () => {},
  meta: (text) => text,
  state: () => nothing,
  merge: () => {},
  receive: () => {},
  peer: () => {},
  joined: () => {},
  leave: () => null,
  stop: () => {},
}
