/** Judges what the application is told: it must fold to the table. */
import type { Output } from '../../models/swim/vocabulary.ts'
import { ALIVE, SUSPECT } from '../../models/swim/rules.ts'
import type { Cluster } from './cluster.ts'
import type { Member } from './member.ts'
import { R } from './requirements.ts'
import type { Said } from './said.ts'

type Event = Extract<Output, { readonly type: 'event' }>

/** `changed` are the subjects whose records changed in the step, with their meta before it. */
export function judgeEvents(
  cluster: Cluster,
  member: Member,
  events: readonly Event[],
  changed: ReadonlyMap<number, string | undefined>,
  said: readonly Said[],
): void {
  const updated = new Set<number>()
  for (const { event, node, meta } of events) {
    if (event === 'conflict') continue
    const subject = cluster.number(node)
    const announced = member.announced.has(subject)
    cluster.tested[R.eventsFollowTable]!++
    if (event === 'join') member.announced.add(subject)
    else if (event === 'leave') member.announced.delete(subject)
    else updated.add(subject)
    if ((event === 'join') !== announced) {
      judgeTold(cluster, member, event, subject, meta, changed, said)
      continue
    }
    cluster.fail(
      R.eventsFollowTable,
      member,
      `told its application ${event} ${node}, of which it had ${announced ? '' : 'not '}told it before`,
      announced ? 'leave, or update' : 'join',
    )
  }
  for (const [subject, metaBefore] of changed) {
    const status = member.status(subject)
    const present = status === ALIVE || status === SUSPECT
    if (present !== member.announced.has(subject)) {
      cluster.fail(
        R.eventsFollowTable,
        member,
        `${cluster.name(subject)} is ${present ? 'there' : 'gone'} in its table, and the application was told otherwise`,
        present ? 'join' : 'leave',
      )
    }
    const meta = member.metas[subject]
    if (!present || metaBefore === undefined || metaBefore === meta || subject === member.number) continue
    cluster.tested[R.eventsTellMeta]!++
    const joined = events.some(({ event, node }) => event === 'join' && cluster.number(node) === subject)
    if (updated.has(subject) || joined) continue
    cluster.fail(
      R.eventsTellMeta,
      member,
      `${cluster.name(subject)} went from "${metaBefore}" to "${meta}", and the application was not told`,
      'update',
    )
  }
}

/** An event is about what the table shows in this step, or, where more was said, about what it showed in between. */
function judgeTold(
  cluster: Cluster,
  member: Member,
  event: Event['event'],
  subject: number,
  meta: string,
  changed: ReadonlyMap<number, string | undefined>,
  said: readonly Said[],
): void {
  const held = member.metas[subject] ?? ''
  const isOwn = subject === member.number
  const inBetween = said.filter((each) => each.subject === subject)
  cluster.tested[R.eventsTellMeta]!++
  if (meta !== held && !inBetween.some((each) => each.meta === meta)) {
    cluster.fail(
      R.eventsTellMeta,
      member,
      `told its application ${event} ${cluster.name(subject)} with "${meta}", of which it holds "${held}"`,
      `"${held}"`,
    )
    return
  }
  const status = member.status(subject)
  const present = status === ALIVE || status === SUSPECT
  if (event === 'update' && !isOwn && changed.get(subject) === held && inBetween.length < 2) {
    cluster.fail(
      R.eventsTellMeta,
      member,
      `told its application of an update of ${cluster.name(subject)}, which goes on to say "${held}"`,
      'no event',
    )
  } else if (!isOwn && !changed.has(subject) && (event === 'update' || present !== (event === 'join'))) {
    cluster.fail(
      R.eventsFollowTable,
      member,
      `told its application ${event} ${cluster.name(subject)}, whose record has not changed`,
      'no event',
    )
  }
}
