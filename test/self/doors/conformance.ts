/** A user's test file, as `swarmcheck init vitest` would have it; run by `vitest-door.test.ts`. */
import { createReference, type Implementation } from '../../../index.ts'
import { defineConformance } from '../../../vitest.ts'

const reference = createReference()
/** A member that answers proposals before anything came of them. */
const hasty: Implementation = {
  hello: { ...reference.hello, name: 'hasty' },
  open(start) {
    const session = reference.open(start)
    return {
      initial: session.initial,
      step(input) {
        const answer = session.step(input)
        if (input.type !== 'operation' || input.operation.type !== 'propose') return answer
        const outputs = answer.outputs.filter(({ type }) => type !== 'result')
        const early = { type: 'result', operation: input.id, status: 'ok', value: null, reason: '' } as const
        return { ...answer, outputs: [...outputs, early] }
      },
      inspect: (node) => session.inspect(node),
      encode: (from, to, view) => session.encode(from, to, view),
      close: () => session.close(),
    }
  },
}

const wrong = process.env['SWARMCHECK_FIXTURE'] === 'hasty'
const options = {
  budget: 4,
  cases: ['corpus', 'schedules'],
  profiles: ['raft-core', 'raft-config-on-apply'],
  inconclusive: 'skip',
} as const
defineConformance(wrong ? hasty : reference, options)
