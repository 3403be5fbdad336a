/** What is committed, what is applied, and what clients are answered. */
import type { Command, Configuration, Entry } from '../../../models/raft/vocabulary.ts'
import { printCommand } from '../store/command.ts'
import { commandEntry, contentOf } from './entry.ts'
import { SnapshotRules } from './snapshots.ts'

/** A client who waits for an entry to be applied: one of this leadership, which no other can replace. */
interface Waiting {
  readonly operation: number
  readonly index: number
}

export abstract class CommitRules extends SnapshotRules {
  /** In the order of their entries. */
  protected waiting: Waiting[] = []

  protected abstract configurationApplied(configuration: Configuration): void
  /** Called on the leader when it has applied more. */
  protected abstract afterApplying(): void
  /** Called on every member when it has applied more. */
  protected abstract answerReads(): void
  protected abstract refusesProposals(): string

  // Committing

  protected override advanceCommit(): void {
    const index = this.reachedByQuorum(this.matched)
    if (this.mayCommit(index)) this.commitTo(index)
  }

  /** Counting commits only entries of the leader's own term; earlier ones are committed with them. */
  protected mayCommit(index: number): boolean {
    return this.log.termAt(index) === this.term
  }

  /** The commit index never goes back. */
  protected override commitTo(index: number): void {
    if (index > this.commit) this.commit = index
  }

  /** Whether an entry of the current term is committed here. */
  protected hasCommittedInTerm(): boolean {
    return this.log.termAt(this.commit) === this.term
  }

  // Applying

  /** Ends every step: applies what is committed, and does what had to wait for it. */
  protected settle(): void {
    if (this.applied >= this.commit) return
    while (this.applied < this.commit) this.applyNext()
    this.answerReads()
    if (this.role === 'leader') this.afterApplying()
  }

  protected applyNext(): void {
    const entry = this.log.at(this.applied + 1)!
    this.applied = entry.index
    this.emit({ type: 'apply', index: entry.index, term: entry.term, digest: entry.digest })
    const value = this.applyEntry(entry)
    if (this.waiting[0]?.index === entry.index) this.answerApplied(this.waiting.shift()!.operation, entry, value)
  }

  protected applyEntry(entry: Entry): string | null {
    if (entry.kind === 'command') return this.store.apply(contentOf(entry))
    if (entry.configuration !== undefined) this.configurationApplied(entry.configuration)
    return null
  }

  // Clients

  protected propose(operation: number, command: Command): void {
    const reason = this.refusesProposals()
    if (reason !== '') return this.result(operation, 'failed', null, reason)
    const index = this.log.lastIndex + 1
    this.awaitEntry(operation, index)
    this.appendOwn(commandEntry(index, this.term, printCommand(command, operation)))
  }

  protected awaitEntry(operation: number, index: number): void {
    this.waiting.push({ operation, index })
  }

  protected answerApplied(operation: number, _entry: Entry, value: string | null): void {
    this.result(operation, 'ok', value, '')
  }

  /** Who loses leadership does not know what will become of the entries. */
  protected answerLost(): void {
    for (const { operation } of this.waiting) this.result(operation, 'unknown', null, 'lost-leadership')
    this.waiting = []
  }
}
