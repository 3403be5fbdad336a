/** What the judge knows of the cluster as a whole, and the verdict that it builds. */
import type { Configuration, Entry, RaftOptions } from '../../models/raft/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import { isQuorum } from '../../models/raft/rules.ts'
import { Findings } from '../findings.ts'
import type { Claims } from '../findings.ts'
import { Member } from './member.ts'
import type { EntryRecord } from './member.ts'
import { catalogue, R } from './requirements.ts'

/** What the judge needs to know of an implementation's claims. */
export interface RaftClaims extends Claims {
  /** Whether the implementation claims to survive crashes and reports its writes, so that durability can be judged. */
  readonly disk: boolean
}

export class Cluster extends Findings {
  readonly claims: RaftClaims
  readonly options: RaftOptions
  readonly members: Member[] = []
  readonly byId = new Map<NodeId, Member>()
  /** How long members waited (local time) before they campaigned of their own accord. */
  readonly waits: number[] = []

  /** Harness time and number of the step being judged. */
  now = 0
  step = 0

  /** Voters at the start, whether a joint configuration was ever in effect, and a flow-control window ever full. */
  firstVoters = 0
  sawJoint = false
  windowFilled = false

  /** Leader of each term that had one. */
  readonly leaders = new Map<number, Member>()
  /** Who first spoke as leader of a term to somebody: of peers that are played nothing else is known. */
  readonly spokeAsLeader = new Map<number, Member>()
  /** Records by index; those of other terms behind `next`. */
  readonly records: (EntryRecord | undefined)[] = []
  /** What is known committed, by index; `committed` is the greatest such index. */
  readonly committedRecords: (EntryRecord | undefined)[] = []
  committed = 0
  /** Digest of the state machine after an index, from snapshots; and stores seen by inspection. */
  readonly snapshots = new Map<number, string>()
  readonly stores = new Map<number, string>()
  /** Configurations known committed: each from its index on, as a text that equal configurations share. */
  readonly configurations: {
    readonly index: number
    readonly text: string
    /** Voters of either half, and learners. */
    readonly members: number
    /** Voters of either half. */
    readonly voters: number
  }[] = []

  constructor(options: RaftOptions, claims: RaftClaims, nodes: readonly NodeId[]) {
    super(catalogue, claims)
    this.options = options
    this.claims = claims
    nodes.forEach((id, number) => {
      const member = new Member(id, number, nodes.length)
      this.members.push(member)
      this.byId.set(id, member)
    })
  }

  member(id: NodeId): Member {
    const member = this.byId.get(id)
    if (member === undefined) throw new RangeError(`no member is named ${id}`)
    return member
  }

  /** Leader of a term, as far as anybody saw it lead or heard it speak as leader. */
  leaderOf(term: number): Member | null {
    return this.leaders.get(term) ?? this.spokeAsLeader.get(term) ?? null
  }

  bits(ids: readonly NodeId[]): number {
    let set = 0
    for (const id of ids) set |= 1 << this.member(id).number
    return set
  }

  /** Sets the configuration in effect at a member. */
  configure(member: Member, configuration: Configuration): void {
    member.configuration = configuration
    member.voters = this.bits(configuration.voters)
    member.outgoing = this.bits(configuration.outgoing)
    member.learners = this.bits(configuration.learners)
    if (member.outgoing !== 0) this.sawJoint = true
  }

  /** The shared record of an entry that stands behind one of `previousTerm`; judges log matching as it goes. */
  record(entry: Entry, previousTerm: number, member: Member): EntryRecord {
    const { index, term } = entry
    this.tested[R.logMatching]!++
    for (let known = this.records[index] ?? null; known !== null; known = known.next) {
      if (known.term !== term) continue
      if (isEntry(known, entry) && known.previousTerm === previousTerm) return known
      this.fail(
        R.logMatching,
        member,
        isEntry(known, entry)
          ? `entry ${index} of term ${term} stands behind an entry of term ${previousTerm} here, and of term ${known.previousTerm} elsewhere`
          : `entry ${index} of term ${term} is ${describeContents(entry)} here and ${describeContents(known)} elsewhere`,
        `${describeContents(known)} behind an entry of term ${known.previousTerm}`,
      )
      // A record of its own: who holds this entry does not hold the other.
      return recordOf(entry, previousTerm, null)
    }
    const record = recordOf(entry, previousTerm, this.records[index] ?? null)
    this.records[index] = record
    return record
  }

  /** Whether a set is a quorum of the configuration that a member has, or had before this step. */
  quorumUnder(member: Member, set: number): boolean {
    return isQuorum(set, member.voters, member.outgoing) || isQuorum(set, member.votersBefore, member.outgoingBefore)
  }

  /** Notes the configuration that is in effect after a committed entry; judges that all agree on it. */
  settleConfiguration(member: Member, index: number, configuration: Configuration): void {
    const text = configurationText(configuration)
    this.tested[R.configurationAgrees]!++
    const known = this.configurations.find((each) => each.index === index)
    if (known === undefined) {
      const { voters, outgoing, learners } = configuration
      const electors = this.bits(voters) | this.bits(outgoing)
      this.configurations.push({ index, text, members: electors | this.bits(learners), voters: electors })
      this.configurations.sort((left, right) => left.index - right.index)
    } else if (known.text !== text) {
      this.fail(
        R.configurationAgrees,
        member,
        `after entry ${index} its configuration is ${text}, elsewhere ${known.text}`,
        known.text,
      )
    }
  }

  /** Voters of the newest configuration committed up to an index. */
  votersAt(index: number): number {
    let voters = 0
    for (const each of this.configurations) if (each.index <= index) voters = each.voters
    return voters
  }

  /** Configuration in effect after an index, or null where it is not known. */
  configurationAt(index: number): string | null {
    let text: string | null = null
    for (const each of this.configurations) if (each.index <= index) text = each.text
    return text
  }

  /** Notes that a member knows its log committed up to `index`; judges agreement. */
  commit(member: Member, from: number, index: number): void {
    for (let at = from + 1; at <= index; at++) {
      const record = member.log.at(at)
      if (record === null) continue
      const known = this.committedRecords[at]
      this.tested[R.committedAgree]!++
      if (known === undefined) {
        this.committedRecords[at] = record
        if (at > this.committed) this.committed = at
        if (record.configuration !== null) this.settleConfiguration(member, at, record.configuration)
      } else if (known !== record) {
        this.fail(
          R.committedAgree,
          member,
          `${member.id} commits ${describeRecord(record)} where ${describeRecord(known)} is already committed`,
          describeRecord(known),
        )
      }
    }
  }
}

function recordOf(entry: Entry, previousTerm: number, next: EntryRecord | null): EntryRecord {
  const { index, term, kind, digest } = entry
  return { index, term, kind, digest, configuration: entry.configuration ?? null, previousTerm, next }
}

/** Whether an entry is the recorded one: not every implementation tells the configuration that an entry brings. */
export function isEntry(record: EntryRecord, entry: Entry): boolean {
  if (record.term !== entry.term || record.digest !== entry.digest || record.kind !== entry.kind) return false
  const { configuration } = record
  if (entry.configuration === undefined || configuration === null || configuration === entry.configuration) return true
  return configurationText(configuration) === configurationText(entry.configuration)
}

function describeContents({ kind, digest }: Pick<EntryRecord, 'kind' | 'digest'>): string {
  return kind === 'command' ? `"${digest}"` : `${kind} "${digest}"`
}

/** One text for equal configurations. */
export function configurationText({ voters, outgoing, learners }: Configuration): string {
  const list = (ids: readonly NodeId[]): string => [...ids].sort().join(' ')
  return `voters ${list(voters)}${outgoing.length > 0 ? `, outgoing ${list(outgoing)}` : ''}${learners.length > 0 ? `, learners ${list(learners)}` : ''}`
}

export function describeRecord(record: EntryRecord): string {
  return `entry ${record.index} of term ${record.term}${record.digest === '' ? '' : ` "${record.digest}"`}`
}
