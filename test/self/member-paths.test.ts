/** Every path of the member model, run on the reference: all pass, and what they cover is said. */
import { describe, expect, test } from 'vitest'
import { createReference } from '../../impl/reference/raft/session.ts'
import { transitionNames } from '../../models/raft/member.ts'
import { memberPaths } from '../../models/raft/paths.ts'
import { createRaftJudge } from '../../properties/raft/judge.ts'
import { runMemberPath } from '../../traces/run/member-path.ts'

const reference = createReference()
const habits = new Set<string>()
const observed = new Map<string, number>()

describe('member paths on the reference', () => {
  test.each([false, true])('pre-vote %s: every path passes', (preVote) => {
    const paths = memberPaths({ preVote })
    let inputs = 0
    let deviations = 0
    for (const path of paths) {
      const judge = createRaftJudge(reference.hello.profiles, true, ['step', 'history'])
      const result = runMemberPath(path, reference, judge, { habits })
      expect(result.violation, `${path.name}: ${JSON.stringify(result.violation)}\n${result.path.join('\n')}`).toBeNull()
      inputs += result.inputs
      deviations += result.deviations
      for (const [name, count] of result.transitions) observed.set(name, (observed.get(name) ?? 0) + count)
    }
    console.log(`${paths.length} paths, ${inputs} inputs, ${deviations} deviations`)
  })

  test('coverage', () => {
    const names = transitionNames()
    const missing = names.filter((name) => !observed.has(name))
    console.log(`${names.length - missing.length} of ${names.length} transitions observed; not: ${missing.join('; ')}`)
    console.log([...habits].join('\n'))
  })
})
