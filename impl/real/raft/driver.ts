/** Runs one member: gives it the time, its messages, its clients' operations and its disk, and carries out what it answers. */
import type { Answer, MemberState, Operation, OutgoingMessage, Result } from '../../../models/raft/vocabulary.ts'
import type { Milliseconds, WriteId } from '../../../models/vocabulary.ts'
import type { RaftMember } from '../../reference/raft/member.ts'
import { monotonicNow } from '../clock.ts'
import type { JournalFile } from './journal-file.ts'

export interface DriverSetup {
  readonly member: RaftMember
  readonly journal: JournalFile
  readonly send: (message: OutgoingMessage) => void
  /** Called once, with what makes it impossible to go on. */
  readonly failed: (error: Error) => void
  /** How often the node was started before. */
  readonly starts: number
  /** A snapshot is taken when so many entries were applied since the last. */
  readonly compactEvery: number
}

/** So many entries stay in the log for members that are a little behind. */
const keptEntries = 500

/** Operations under way at most; more are refused. */
const mostOperations = 10_000

/** Operations of one start at most, so that no two of a node, of any start, are taken for each other. */
const operationsOfStart = 2 ** 32

/** The longest that a timer of Node.js takes. */
const longestTimer: Milliseconds = 2 ** 31 - 1

const readOnly = (operation: Operation): boolean => operation.type === 'read'

export class Driver {
  readonly #setup: DriverSetup
  readonly #waiting = new Map<number, (result: Result) => void>()
  /** Messages that wait for a write, in the order of their writes. */
  #held: OutgoingMessage[] = []
  #durable: WriteId = 0
  #lastOperation: number
  #timer: NodeJS.Timeout | undefined
  #state: MemberState
  #compactedTo: number
  #stopped = false

  constructor(setup: DriverSetup) {
    this.#setup = setup
    this.#lastOperation = setup.starts * operationsOfStart
    const first = setup.member.introduce()
    this.#state = first.state as MemberState
    this.#compactedTo = this.#state.applied
    setup.journal.listen({ durable: (write) => this.#written(write), failed: (error) => this.#fail(error) })
    this.#wakeAt(first.wake)
  }

  get state(): MemberState {
    return this.#state
  }

  receive(message: OutgoingMessage): void {
    this.#step((now) => this.#setup.member.receive(now, message))
  }

  /** Carries out an operation; `timeout` is how long its client waits at most. */
  operate(operation: Operation, timeout: Milliseconds): Promise<Result> {
    const id = ++this.#lastOperation
    const refused = (status: Result['status'], reason: string): Result => ({
      operation: id,
      status,
      value: null,
      reason,
    })
    if (this.#stopped) return Promise.resolve(refused('failed', 'stopping'))
    if (this.#waiting.size >= mostOperations) return Promise.resolve(refused('failed', 'too-busy'))
    return new Promise((resolve) => {
      const end = (result: Result): void => {
        clearTimeout(timer)
        this.#waiting.delete(id)
        resolve(result)
      }
      const timer = setTimeout(() => end(refused(readOnly(operation) ? 'failed' : 'unknown', 'timed-out')), timeout)
      this.#waiting.set(id, end)
      this.#step((now) => this.#setup.member.operate(now, id, operation))
    })
  }

  /** From now on nothing is done; who still waits does not learn how it ended. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    for (const [operation, end] of this.#waiting) end({ operation, status: 'unknown', value: null, reason: 'stopping' })
  }

  #step(act: (now: Milliseconds) => Answer): void {
    if (this.#stopped) return
    try {
      this.#carryOut(act(monotonicNow()))
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #carryOut({ outputs, state, wake }: Answer): void {
    const { member, journal } = this.#setup
    if (member.record !== null) journal.append(member.record)
    if (state !== null) this.#state = { ...this.#state, ...state }
    for (const output of outputs) {
      if (output.type === 'message') this.#send(output)
      else if (output.type === 'result') this.#waiting.get(output.operation)?.(output)
      else if (output.type === 'restore') this.#compactedTo = output.index
    }
    this.#wakeAt(wake)
    if (this.#state.applied - this.#compactedTo >= this.#setup.compactEvery) this.#compact()
  }

  #send(message: OutgoingMessage): void {
    if (message.after <= this.#durable) this.#setup.send(message)
    else this.#held.push(message)
  }

  #written(write: WriteId): void {
    if (this.#stopped) return
    this.#durable = write
    const held = this.#held
    this.#held = []
    for (const message of held) this.#send(message)
    this.#step((now) => this.#setup.member.written(now, [write]))
  }

  #compact(): void {
    this.#compactedTo = this.#state.applied
    void this.operate({ type: 'compact', keep: keptEntries }, longestTimer)
  }

  #wakeAt(wake: Milliseconds | null): void {
    clearTimeout(this.#timer)
    if (wake === null) return
    const delay = Math.min(Math.max(wake - performance.now(), 0), longestTimer)
    this.#timer = setTimeout(() => this.#step((now) => this.#setup.member.advance(now, now)), Math.ceil(delay))
  }

  #fail(error: Error): void {
    if (this.#stopped) return
    this.stop()
    this.#setup.failed(error)
  }
}
