/** One path through a machine: one node runs, and hears of an entry, or of an attachment, from others that are played. */
import type { Implementation } from '../../../impl/contract/networkdb.ts'
import { timeOf } from '../../../models/networkdb/acceptor.ts'
import { attachments } from '../../../models/networkdb/attachment.ts'
import type { AttachmentInput, AttachmentOutcome } from '../../../models/networkdb/attachment.ts'
import { entries, entryStart, type EntryInput, type EntryOutcome } from '../../../models/networkdb/member.ts'
import type { AttachmentPath, NetworkDbPath } from '../../../models/networkdb/paths.ts'
import type { Answer, NetworkDbScenario, NetworkEvent } from '../../../models/networkdb/vocabulary.ts'
import { completeNetworkDbScenario, defaultNetworkDbOptions } from '../../scenario.ts'
import type { JudgeOf, NetworkDbSurface } from '../../surface.ts'
import type { RunResult } from '../result.ts'
import { startOf } from './execution.ts'
import { speaker, tested, TestedNode } from './tested-node.ts'

const network = 'net1'
const key = 'k'

/** What is old is forgotten soon. */
const options = { ...defaultNetworkDbOptions, reapInterval: 60_000, reapPeriod: 1_000 }

/** The cluster of a path; it has no steps, since the other is played. */
export function scenarioOfNetworkDbPath({ name }: NetworkDbPath): NetworkDbScenario {
  return completeNetworkDbScenario({ name, nodes: [tested, speaker], options })
}

/** What a walk along a path needs of the machine, and of the node. */
interface Walk<Input, Outcome, Snapshot, Situation> {
  readonly acceptor: {
    readonly nextSnapshot: (snapshot: Snapshot, event: Input & { readonly outcome: Outcome }) => Snapshot
    readonly situationOf: (snapshot: Snapshot) => Situation
    readonly acceptingTransition: (at: Situation, event: Input & { readonly outcome: Outcome }) => string | null
  }
  /** What the node shows of the record. */
  readonly see: (answer: Answer) => void
  readonly shown: () => Outcome
  readonly begin: (node: TestedNode) => void
  readonly carryOut: (node: TestedNode, input: Input) => void
}

/** @throws AdapterError if an implementation cannot `encode`, or answers what contradicts the contract */
export function runNetworkDbPath(
  path: NetworkDbPath,
  implementation: Implementation,
  judge: JudgeOf<NetworkDbSurface>,
): RunResult<NetworkDbSurface> {
  if (path.of === 'entry') return walk(entryWalk(), entries.initialSnapshot(entryStart), path, implementation, judge)
  return walk(attachmentWalk(path), attachments.initialSnapshot(path.start), path, implementation, judge)
}

function walk<Input, Outcome, Snapshot, Situation>(
  { acceptor, see, shown, begin, carryOut }: Walk<Input, Outcome, Snapshot, Situation>,
  initial: Snapshot,
  path: NetworkDbPath & { readonly steps: readonly Input[] },
  implementation: Implementation,
  judge: JudgeOf<NetworkDbSurface>,
): RunResult<NetworkDbSurface> {
  const node = new TestedNode(startOf(scenarioOfNetworkDbPath(path)), implementation, judge, see)
  try {
    node.begin()
    if (node.violation === null) begin(node)
    let snapshot = initial
    for (const input of path.steps) {
      if (node.violation !== null) break
      carryOut(node, input)
      const event = { ...input, outcome: shown() }
      const name = acceptor.acceptingTransition(acceptor.situationOf(snapshot), event)
      // The judge says what is wrong with an outcome; from one that the machine does not know, there is no way on.
      if (name === null) break
      node.took(name)
      snapshot = acceptor.nextSnapshot(snapshot, event)
    }
  } finally {
    node.close()
  }
  return node.result()
}

/** Tells of somebody's attachment, at a time. */
const tellAttachment = (node: TestedNode, name: string, event: NetworkEvent['event'], time: number): void =>
  node.tell({ kind: 'gossip', events: [{ type: 'network', event, name, network, time }] })

function entryWalk() {
  let held: EntryOutcome = { status: 'absent', time: 0 }
  let written = 0
  /** Time of the attachment of which was spoken last. */
  let attachmentTime = 0
  const tellWriter = (node: TestedNode, event: NetworkEvent['event']): void =>
    tellAttachment(node, speaker, event, ++attachmentTime)
  return {
    acceptor: entries,
    see(answer: Answer): void {
      for (const change of answer.entries ?? []) {
        if (change.key !== key) continue
        held = change.status === 'forgotten' ? { status: 'absent', time: 0 } : change
      }
    },
    shown: () => ({ status: held.status, time: held.time }),
    begin: (node: TestedNode) => tellWriter(node, 'join'),
    carryOut(node: TestedNode, input: EntryInput): void {
      switch (input.type) {
        case 'told':
        case 'told-own': {
          const owner = input.type === 'told' ? speaker : tested
          const event = input.deletes ? 'delete' : 'update'
          const time = timeOf(held.time, input.relation)
          const residual = input.deletes ? options.reapInterval : 0
          const said = { type: 'table', event, network, key, owner, time, value: `v${time}`, residual } as const
          return node.tell({ kind: 'table-gossip', network, events: [said] })
        }
        case 'writer-fails':
          return node.tellPeer(speaker, 'down')
        case 'writer-returns':
          return node.tellPeer(speaker, 'up')
        case 'writer-leaves':
          return tellWriter(node, 'leave')
        case 'writer-joins':
          return tellWriter(node, 'join')
        case 'join':
          return node.ask({ type: 'join-network', network })
        case 'leave':
          return node.ask({ type: 'leave-network', network })
        case 'create':
        case 'update':
          return node.ask({ type: input.type, network, key, value: `own ${++written}` })
        case 'delete':
          return node.ask({ type: 'delete', network, key })
        case 'ages':
          return node.pass(options.reapInterval + 3 * options.reapPeriod)
      }
    },
  }
}

function attachmentWalk({ start }: AttachmentPath) {
  const subject = start.whose === 'own' ? tested : speaker
  let held: AttachmentOutcome = { status: 'absent', time: 0 }
  /** Time of the node event that was told last, and how often another took the speaker's place. */
  let nodeTime = 0
  let lives = 1
  return {
    acceptor: attachments,
    see(answer: Answer): void {
      for (const change of answer.attachments ?? []) {
        if (change.name !== subject || change.network !== network) continue
        held = change.status === 'forgotten' ? { status: 'absent', time: 0 } : change
      }
    },
    shown: () => ({ status: held.status, time: held.time }),
    begin(): void {},
    carryOut(node: TestedNode, input: AttachmentInput): void {
      switch (input.type) {
        case 'told':
          return tellAttachment(node, subject, input.leaves ? 'leave' : 'join', timeOf(held.time, input.relation))
        case 'join':
          return node.ask({ type: 'join-network', network })
        case 'leave':
          return node.ask({ type: 'leave-network', network })
        case 'fails':
          return node.tellPeer(speaker, 'down')
        case 'returns':
          return node.tellPeer(speaker, 'up')
        case 'goes':
          return node.tell({
            kind: 'gossip',
            events: [{ type: 'node', event: 'leave', name: speaker, time: ++nodeTime }],
          })
        case 'is-replaced':
          return node.tellPeer(`${speaker}-${++lives}`, 'up')
        case 'ages':
          return node.pass(options.reapInterval + 8 * options.reapPeriod)
      }
    },
  }
}
