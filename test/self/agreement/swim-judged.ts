/** What the judge of SWIM says of one triple: a member that holds this, is told that, and shows what became of it. */
import { createReference } from '../../../impl/reference/swim/session.ts'
import type { SwimInput, SwimOutcome, SwimStart } from '../../../models/swim/member.ts'
import { ALIVE, DEAD, SUSPECT, record } from '../../../models/swim/rules.ts'
import type { Input, RecordChange } from '../../../models/swim/vocabulary.ts'
import { Cluster } from '../../../properties/swim/cluster.ts'
import { Member } from '../../../properties/swim/member.ts'
import type { Said } from '../../../properties/swim/said.ts'
import { beginSuspicion } from '../../../properties/swim/suspicions.ts'
import { judgeOwn, judgeTable } from '../../../properties/swim/table.ts'
import { defaultSwimOptions } from '../../../traces/scenario.ts'

const home = '10.0.0.2:7946'
const elsewhere = '10.9.9.9:7946'
const numbers = { unknown: 0, alive: ALIVE, suspect: SUSPECT, dead: DEAD, left: 4 } as const
const claims = { profiles: new Set(createReference().hello.profiles), layers: new Set(['step'] as const) }
const cluster = new Cluster(defaultSwimOptions, claims, ['n1', 'n2', 'n3'])
const input: Input = { type: 'advance', node: 'n1', at: 10, until: 10 }

export type Told = Exclude<SwimInput, { readonly type: 'leave' }>

/** What is said: of the member itself, n1, or of another, n2. */
function saidBy(told: Told, subject: number): Said {
  const { type, incarnation } = told
  if (type === 'alive') {
    const address = told.moved ? elsewhere : home
    const meta = told.news ? 'news' : ''
    return { subject, status: ALIVE, incarnation, from: 'n2', leaves: false, address, meta }
  }
  const leaves = type === 'dead' && told.leaves
  const from = leaves ? 'n2' : 'n3'
  return { subject, status: type === 'dead' ? DEAD : SUSPECT, incarnation, from, leaves, address: '', meta: '' }
}

export function judgesTold(start: SwimStart, told: Told, outcome: SwimOutcome): boolean {
  const member = new Member('n1', 0)
  cluster.members[0] = member
  cluster.violation = null
  member.now = 10
  if (start.holding === 'self' || start.holding === 'self-left') {
    member.incarnationBefore = start.incarnation
    member.incarnation = outcome.incarnation
    member.leaving = start.holding === 'self-left'
    member.addresses[0] = home
    member.metas[0] = ''
    judgeOwn(cluster, member, input, [saidBy(told, 0)])
    return cluster.conclude() === null
  }
  const { holding, incarnation } = start
  if (holding !== 'unknown') {
    member.table[1] = record(numbers[holding], incarnation)
    member.addresses[1] = home
    member.metas[1] = ''
    member.changedAt[1] = member.now
    member.size = member.sizeBefore = 2
    if (holding === 'suspect') beginSuspicion(cluster, member, 1, [])
  }
  const said = saidBy(told, 1)
  judgeTable(cluster, member, input, changesTo(start, outcome, said), [said])
  return cluster.conclude() === null
}

/** What the member shows of n2: what an `alive` says that it took, else what it held before. */
function changesTo(start: SwimStart, outcome: SwimOutcome, said: Said): readonly RecordChange[] | null {
  const { holding, incarnation } = outcome
  if (holding === start.holding && incarnation === start.incarnation) return null
  if (holding === 'unknown') return [{ node: 'n2', status: 'forgotten' }]
  if (holding === 'self' || holding === 'self-left') throw new Error('not of another')
  const renewed = said.status === ALIVE && said.incarnation === incarnation
  const { address, meta } = renewed ? said : { address: home, meta: '' }
  return [{ node: 'n2', status: holding, incarnation, address, meta }]
}
