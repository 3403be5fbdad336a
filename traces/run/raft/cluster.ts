/** The world around the nodes of a Raft run: besides what every surface has, their disks, and who says that he leads. */
import { AdapterError } from '../../../impl/contract/adapter-error.ts'
import type { Hello } from '../../../impl/contract/raft.ts'
import { type CrashOutcome, Disk } from '../../../impl/sim/disk.ts'
import { mix, mixText } from '../../../impl/sim/hash.ts'
import type { Answer, Input, MemberState, OutgoingMessage, RaftScenario } from '../../../models/raft/vocabulary.ts'
import type { CrashKeep, Milliseconds } from '../../../models/vocabulary.ts'
import type { Recording } from '../../record.ts'
import type { RaftSurface } from '../../surface.ts'
import { Cluster } from '../cluster.ts'
import { increment } from '../counts.ts'

/** The state of a member, updated in place. */
type Folded = { -readonly [Field in keyof MemberState]: MemberState[Field] }

export class RaftCluster extends Cluster<RaftSurface> {
  /** What is known of each node's state. */
  readonly states: readonly Readonly<Folded>[]
  /** Changes of membership without a result so far. */
  readonly membershipOperations = new Set<number>()
  protected readonly dueAtOnce: boolean
  readonly #scenario: RaftScenario
  readonly #states: readonly Folded[]
  readonly #disks: readonly Disk[]
  /** By node: messages that wait for a write. */
  readonly #unsent: OutgoingMessage[][]

  constructor(scenario: RaftScenario, hello: Hello, recording: Recording<RaftSurface>, forgotten: number[] | null) {
    super(scenario, hello, recording, forgotten)
    const { nodes, disk } = scenario
    this.#scenario = scenario
    this.dueAtOnce = disk.delay[0] === 0
    this.#disks = nodes.map((node) => new Disk(mixText(mix(this.seed, 0xd15c), node)))
    this.states = this.#states = nodes.map(() => ({
      role: 'follower',
      term: 0,
      vote: null,
      leader: null,
      commit: 0,
      applied: 0,
      configuration: { voters: [], outgoing: [], learners: [] },
      ready: false,
    }))
    this.#unsent = nodes.map(() => [])
  }

  /** The node that is up and says that it leads, in the highest term; -1 for none. */
  leader(): number {
    const states = this.#states
    let leader = -1
    for (let node = 0; node < states.length; node++) {
      const { role, term } = states[node]!
      if (role === 'leader' && this.isUp(node) && (leader < 0 || term > states[leader]!.term)) leader = node
    }
    return leader
  }

  /** All nodes that are up and say that they lead, highest term first. */
  leaders(): number[] {
    const states = this.#states
    return [...states.keys()]
      .filter((node) => this.isUp(node) && states[node]!.role === 'leader')
      .sort((left, right) => states[right]!.term - states[left]!.term || left - right)
  }

  /** The voters of a leader's configuration that are up and follow it. */
  followersOf(leader: number): number[] {
    const { configuration } = this.#states[leader]!
    return configuration.voters
      .map((voter) => this.number(voter))
      .filter((node) => node !== leader && this.isActive(node) && this.#states[node]!.leader === this.nodes[leader])
  }

  greatestCommit(): number {
    return this.#states.reduce((greatest, { commit }) => Math.max(greatest, commit), 0)
  }

  /** Decides what a crash of the node leaves of its disk, and counts it. */
  crashDisk(node: number, keep: CrashKeep, torn: boolean): CrashOutcome {
    const outcome = this.#disks[node]!.crash(keep, torn)
    this.faults.count('crash')
    if (outcome.lost > 0) this.faults.count('lost-write')
    if (outcome.torn !== 0) this.faults.count('torn-write')
    return outcome
  }

  protected due(node: number): Milliseconds {
    return this.#disks[node]!.due
  }

  protected takeDue(node: number, at: Milliseconds, now: Milliseconds): Input {
    return { type: 'written', node: this.nodes[node]!, at, writes: this.#disks[node]!.acknowledge(now) }
  }

  protected completed(node: number): void {
    const unsent = this.#unsent[node]!
    if (unsent.length === 0) return
    const disk = this.#disks[node]!
    let kept = 0
    for (const message of unsent) {
      if (disk.isAcknowledged(message.after)) this.send(node, message, false)
      else unsent[kept++] = message
    }
    unsent.length = kept
  }

  protected stopped(node: number): void {
    this.#unsent[node] = []
  }

  protected take(node: number, answer: Answer): void {
    if (answer.state !== null) fold(this.#states[node]!, answer.state)
    const { outputs } = answer
    for (let index = 0; index < outputs.length; index++) {
      const output = outputs[index]!
      switch (output.type) {
        case 'message':
          this.#emit(node, output)
          break
        case 'write':
          this.#disks[node]!.write(output.id, output.file, output.sync, this.now, this.#scenario.disk)
          break
        case 'result':
          increment(this.results, output.status)
          if (output.status === 'ok' && this.membershipOperations.delete(output.operation)) {
            this.faults.count('membership')
          }
          break
        default:
      }
    }
  }

  #emit(node: number, message: OutgoingMessage): void {
    const disk = this.#disks[node]!
    if (message.after > disk.lastWrite) {
      throw new AdapterError(
        'contract',
        `message ${message.id} waits for write ${message.after}, which was not reported`,
      )
    }
    if (message.after !== 0 && !disk.isAcknowledged(message.after)) this.#unsent[node]!.push(message)
    else this.send(node, message, false)
  }
}

/** Field by field, because a spread costs ten times as much. */
function fold(state: Folded, changed: Partial<MemberState>): void {
  if (changed.role !== undefined) state.role = changed.role
  if (changed.term !== undefined) state.term = changed.term
  if (changed.vote !== undefined) state.vote = changed.vote
  if (changed.leader !== undefined) state.leader = changed.leader
  if (changed.commit !== undefined) state.commit = changed.commit
  if (changed.applied !== undefined) state.applied = changed.applied
  if (changed.configuration !== undefined) state.configuration = changed.configuration
  if (changed.ready !== undefined) state.ready = changed.ready
}
