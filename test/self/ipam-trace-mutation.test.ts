/**
 * Trace mutation of address management: what one step of a passing run showed is corrupted in one place, and the judge has
 * to see it, there or later.
 */
import { describe, expect, it } from 'vitest'
import { createReference } from '../../impl/reference/ipam/session.ts'
import type { Answer, Change, Output } from '../../models/ipam/vocabulary.ts'
import { createIpamJudge } from '../../properties/ipam/judge.ts'
import type { IpamTraceEvent } from '../../traces/event.ts'
import { rejudge } from '../../traces/rejudge.ts'
import { runScenario } from '../../traces/run.ts'
import { drawIpamSchedule } from '../../traces/schedule.ts'

const runs = 60
const reference = createReference()
const createJudge = () => createIpamJudge(reference.hello.profiles)

type StepEvent = Extract<IpamTraceEvent, { event: 'step' }>
type Result = Extract<Output, { type: 'result' }>

/** What survives, and why the rules allow it. */
const allowances: readonly (readonly [RegExp, string])[] = [
  [/^removed result/, 'an operation that is never answered is found at the end, if its node leads until then'],
  [/^removed write$/, 'changes may be carried by a later write, as long as nothing is answered before'],
  [/^removed (address|pool)$/, 'of an operation whose answer is unknown, or lost with its node, nothing may have come'],
]

/** Another address of the same family. */
const another = (address: string): string => (address.includes(':') ? 'fd00:ffff::7' : '203.0.113.99')

function corruptChange(change: Change): readonly (readonly [string, Change | null])[] {
  switch (change.change) {
    case 'pool':
      return [
        ['subnet of a pool', { ...change, subnet: change.subnet.includes(':') ? 'fd00:ffff::/64' : '203.0.113.0/24' }],
        ['name of a pool', { ...change, pool: `${change.pool}-` }],
        ['space of a pool', { ...change, space: change.space === 'local' ? 'global' : 'local' }],
        ['removed pool', null],
      ]
    case 'pool-released':
      return [
        ['name of a released pool', { ...change, pool: 'nobody' }],
        ['removed pool-released', null],
      ]
    default:
      return [
        [`address that is ${change.change}`, { ...change, address: another(change.address) }],
        [`pool of an ${change.change}`, { ...change, pool: 'nobody' }],
        [`removed ${change.change}`, null],
      ]
  }
}

function corruptResult(result: Result): readonly (readonly [string, Output])[] {
  const { status, reason, subnet, address, problems } = result
  return [
    ...(status === 'ok'
      ? [['granted is refused', { ...result, status: 'failed', reason: 'unavailable' }] as const]
      : []),
    ...(status === 'ok' ? [['granted is unknown', { ...result, status: 'unknown' }] as const] : []),
    ...(status === 'failed' ? [['refused is granted', { ...result, status: 'ok', reason: '' }] as const] : []),
    ...(status === 'unknown' ? [['unknown is granted', { ...result, status: 'ok' }] as const] : []),
    ...(status === 'failed'
      ? [['reason', { ...result, reason: reason === 'forbidden' ? 'not-found' : 'forbidden' }] as const]
      : []),
    ...(subnet === '' ? [] : [['subnet of an answer', { ...result, subnet: '203.0.113.0/24' }] as const]),
    ...(address === '' ? [] : [['address of an answer', { ...result, address: another(address) }] as const]),
    ...(problems.length === 0 ? [] : [['problems', { ...result, problems: problems.slice(1) }] as const]),
    ['operation of an answer', { ...result, operation: result.operation + 1_000 }],
  ] as readonly (readonly [string, Output])[]
}

/** Every way to corrupt an answer. */
function corruptionsOf({ input, answer }: StepEvent): readonly (readonly [string, Answer])[] {
  const { changes, outputs, state } = answer
  const list: (readonly [string, Answer])[] = []
  for (const [place, change] of (changes ?? []).entries()) {
    for (const [name, other] of corruptChange(change)) {
      const rest = changes!.flatMap((each, at) => (at !== place ? [each] : other === null ? [] : [other]))
      list.push([name, { ...answer, changes: rest.length === 0 ? null : rest }])
    }
  }
  for (const [place, output] of outputs.entries()) {
    list.push([`removed ${output.type}`, { ...answer, outputs: outputs.toSpliced(place, 1) }])
    if (output.type === 'write') continue
    list.push(['copied result', { ...answer, outputs: [...outputs, output] }])
    for (const [name, other] of corruptResult(output))
      list.push([name, { ...answer, outputs: outputs.with(place, other) }])
  }
  if (state?.leading !== undefined && input.type !== 'restart')
    list.push(['leading', { ...answer, state: { leading: !state.leading } }])
  if (input.type === 'written')
    list.push(['added change', { ...answer, changes: [{ change: 'pool-released', pool: 'nobody' }] }])
  return list
}

describe('corrupted traces', () => {
  const fates = new Map<string, { drawn: number; survived: number; example: string }>()
  for (let seed = 1; seed <= runs; seed++) {
    const { events } = runScenario(drawIpamSchedule(seed, reference.hello), reference, createJudge())
    for (const [place, event] of events.entries()) {
      // A few of all, in turn.
      if (event.event !== 'step' || place % 7 !== seed % 7) continue
      for (const [name, answer] of corruptionsOf(event)) {
        const corrupted = events.with(place, { ...event, answer })
        const { violation } = rejudge({ events: corrupted, violation: null }, createJudge())
        const fate = fates.get(name) ?? { drawn: 0, survived: 0, example: '' }
        fate.drawn++
        if (violation === null) {
          fate.survived++
          fate.example ||= `schedule ${seed}, event ${place}: ${JSON.stringify(answer)}`
        }
        fates.set(name, fate)
      }
    }
  }

  it('are rejected, but for what is allowed', () => {
    const all = [...fates.values()].reduce((sum, { drawn }) => sum + drawn, 0)
    const survived = [...fates.values()].reduce((sum, { survived: each }) => sum + each, 0)
    const holes = [...fates].filter(
      ([name, { survived: each }]) => each > 0 && !allowances.some(([pattern]) => pattern.test(name)),
    )
    expect(Object.fromEntries(holes)).toEqual({})
    expect(all).toBeGreaterThan(3_000)
    expect(1 - survived / all).toBeGreaterThan(0.95)
  })

  it('are allowed for reasons that are needed', () => {
    const needed = allowances.map(([pattern]) =>
      [...fates].some(([name, { survived }]) => survived > 0 && pattern.test(name)) ? '' : String(pattern),
    )
    expect(needed.filter((each) => each !== '')).toEqual([])
  })
})
