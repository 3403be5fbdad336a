/** Judges what becomes of what was asked of a member. */
import type { Input, Output } from '../../models/swim/vocabulary.ts'
import { ALIVE, LEFT, statusOf } from '../../models/swim/rules.ts'
import type { Cluster } from './cluster.ts'
import type { Member } from './member.ts'
import { R } from './requirements.ts'

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

/** A member that was asked to leave, and says that it has, has told somebody, if there was anybody. */
export function judgeResult(
  cluster: Cluster,
  member: Member,
  result: Extract<Output, { readonly type: 'result' }>,
): void {
  const asked = member.operations.get(result.operation)
  if (asked === undefined) return
  member.operations.delete(result.operation)
  if (asked.type !== 'leave' || result.status !== 'ok') return
  cluster.tested[R.leaveIsTold]!++
  const company = member.present > (statusOf(member.known(member.number)) === LEFT ? 0 : 1)
  if (member.hasToldLeave || !company) return
  cluster.fail(R.leaveIsTold, member, 'says that it has left, and has told nobody', 'that it left, told to somebody')
}
