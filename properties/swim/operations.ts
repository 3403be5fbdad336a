/** Judges what becomes of what was asked of a member. */
import type { Input, Output } from '../../models/swim/vocabulary.ts'
import { ALIVE, LEFT, statusOf } from '../../models/swim/rules.ts'
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import type { Asked, Member } from './member.ts'
import { R } from './requirements.ts'

/** How long it may take at most until others were told, if there are any. */
const LONGEST_WAIT: Milliseconds = 30_000

type Operation = Extract<Input, { readonly type: 'operation' }>

export function noteOperation(
  cluster: Cluster,
  member: Member,
  { operation }: Operation,
  outputs: readonly Output[],
): void {
  switch (operation.type) {
    case 'join':
      return
    case 'leave':
      if (member.status(member.number) === ALIVE) {
        cluster.tested[R.leaveIsTold]!++
        cluster.fail(R.leaveIsTold, member, 'was asked to leave, and holds itself for alive', 'its own record as left')
      }
      return
    case 'update': {
      if (member.leaving || outputs.some((output) => output.type === 'result' && output.status === 'failed')) return
      cluster.tested[R.updateIsTold]!++
      if (member.incarnation > member.incarnationBefore && member.metas[member.number] === operation.meta) return
      cluster.fail(
        R.updateIsTold,
        member,
        `was asked to tell "${operation.meta}" of itself, and tells "${member.metas[member.number] ?? ''}" with incarnation ${member.incarnation}`,
        `"${operation.meta}" with incarnation ${member.incarnationBefore + 1}`,
      )
    }
  }
}

/** What is answered must be so: who has joined has a table from one of those that were named; who has left told somebody. */
export function judgeResult(
  cluster: Cluster,
  member: Member,
  result: Extract<Output, { readonly type: 'result' }>,
): void {
  const asked = member.operations.get(result.operation)
  if (asked === undefined) return
  member.operations.delete(result.operation)
  if (result.status === 'failed' && asked.asked < cluster.steps) judgeFailed(cluster, member, asked)
  if (result.status !== 'ok') return
  if (asked.operation.type === 'join') judgeJoined(cluster, member, asked.operation.to, asked)
  if (asked.operation.type !== 'leave') return
  cluster.tested[R.leaveIsTold]!++
  const company = member.present > (statusOf(member.known(member.number)) === LEFT ? 0 : 1)
  if (member.hasToldLeave || !company) return
  cluster.fail(R.leaveIsTold, member, 'says that it has left, and has told nobody', 'that it left, told to somebody')
}

function judgeJoined(cluster: Cluster, member: Member, to: readonly NodeId[], { asked }: Asked): void {
  cluster.tested[R.joinToldTruly]!++
  if (to.some((node) => node === member.id || (member.answeredBy.get(node) ?? -1) >= asked)) return
  cluster.fail(
    R.joinToldTruly,
    member,
    `says that it joined by ${to.join(', ')}, of which none has sent it a table since it was asked`,
    'ok once a table came back',
  )
}

/** Failed is what had no effect: who was refused is told so at once. */
function judgeFailed(cluster: Cluster, member: Member, { operation, asked }: Asked): void {
  const requirement = { join: R.joinToldTruly, update: R.updateIsTold, leave: R.leaveIsTold }[operation.type]
  if (operation.type === 'join' && !operation.to.some((node) => (member.answeredBy.get(node) ?? -1) >= asked)) return
  if (operation.type === 'update' && member.toldMeta !== operation.meta) return
  if (operation.type === 'leave' && !member.leaving) return
  cluster.fail(
    requirement,
    member,
    `answers failed to ${operation.type}, which has had its effect`,
    'ok, or unknown where it cannot tell',
  )
}

/** Operations that a member has not answered, though faults ended long ago: none waits for others for so long. */
export function judgeUnanswered(cluster: Cluster, member: Member): void {
  const { streamTimeout, probeInterval } = cluster.options
  for (const [id, { operation, since }] of member.operations) {
    const streams = operation.type === 'join' ? 2 * operation.to.length : 0
    const bound = LONGEST_WAIT + streams * streamTimeout + 2 * probeInterval
    if (member.now - since <= bound) continue
    cluster.advise(
      R.operationsEnd,
      member,
      `has not answered operation ${id}, ${operation.type}, for ${member.now - since} ms`,
      `a result within ${bound} ms`,
    )
  }
}
