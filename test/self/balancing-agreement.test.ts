/** Machine, judge and reference agree on what may become of a task: every state, every input, every outcome. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createReference } from '../../impl/reference/balancing/session.ts'
import { acceptingTransition, taskLife } from '../../models/balancing/member.ts'
import type { TaskInput, TaskStatus } from '../../models/balancing/rules.ts'
import type { Answer, Input, Operation, Pool } from '../../models/balancing/vocabulary.ts'
import { createBalancingJudge } from '../../properties/balancing/judge.ts'
import { defaultBalancingOptions } from '../../traces/scenario.ts'

const reference = createReference()
const start = { nodes: ['n1'], options: defaultBalancingOptions, seed: 1 }

/** What is seen of a task in its pool: no backend, or its weight. */
type Seen = 'none' | 0 | 1
const seenOf = (status: TaskStatus): Seen => (status === 'active' ? 1 : status === 'draining' ? 0 : 'none')

const operationOf = (input: TaskInput): Operation =>
  input === 'start' ? { type: 'start', task: 't', service: 'web' } : { type: input, task: 't' }

/** A node of the reference with a service, and a judge that has seen it. */
function begin() {
  const session = reference.open(start)
  const judge = createBalancingJudge(reference.hello.profiles)
  let violation = judge.start(start, session.initial)
  let operations = 0
  const inputOf = (operation: Operation): Input => ({
    type: 'operation',
    node: 'n1',
    at: 0,
    id: ++operations,
    operation,
  })
  const give = (operation: Operation): Answer => {
    const input = inputOf(operation)
    const answer = session.step(input)
    violation ??= judge.step(input, answer, 0)
    return answer
  }
  give({ type: 'create-service', service: 'web', mode: 'vip', networks: ['net1'], ports: [], routes: [] })
  return { give, inputOf, judge, violation: () => violation }
}

const waysTo: Readonly<Record<TaskStatus, readonly TaskInput[]>> = {
  absent: [],
  starting: ['start'],
  active: ['start', 'enable'],
  draining: ['start', 'enable', 'disable'],
}

const poolOf = (seen: Seen): Pool => ({
  service: 'web',
  network: 'net1',
  vip: '10.0.1.2',
  members: seen === 'none' ? [] : [{ task: 't', node: 'n1', weight: seen }],
})

describe('of every state and input', () => {
  const all = taskLife.states.flatMap((state) => taskLife.inputs.map((input) => [state, input] as const))

  test.each(all)('a task that is %s, at %s: the judge takes what the machine takes', (state, input) => {
    for (const granted of [true, false]) {
      for (const seen of ['none', 0, 1] as const) {
        const { give, inputOf, judge } = begin()
        for (const each of waysTo[state]) give(operationOf(each))
        const asked = inputOf(operationOf(input))
        const result = {
          type: 'result',
          operation: asked.type === 'operation' ? asked.id : 0,
          status: granted ? 'ok' : 'failed',
          reason: granted ? '' : 'not-found',
          task: '',
          node: '',
          code: 0,
          location: '',
        } as const
        const answer: Answer = {
          now: 0,
          wake: null,
          outputs: [result],
          state: null,
          services: null,
          pools: seen === seenOf(state) ? null : [poolOf(seen)],
          listeners: null,
        }
        const accepted = taskLife.states.some(
          (to) => seenOf(to) === seen && acceptingTransition(taskLife, state, { type: input, granted, to }) !== null,
        )
        const violation = judge.step(asked, answer, 0)
        expect({ granted, seen, accepted: violation === null }).toEqual({ granted, seen, accepted })
      }
    }
  })
})

test('the reference does what the machine takes, whatever is asked in a row', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...taskLife.inputs), { maxLength: 20 }), (inputs) => {
      const { give, violation } = begin()
      let state: TaskStatus = 'absent'
      let seen: Seen = 'none'
      for (const input of inputs) {
        const { outputs, pools } = give(operationOf(input))
        const result = outputs.find((output) => output.type === 'result')
        const granted = result?.type === 'result' && result.status === 'ok'
        for (const pool of pools ?? []) seen = pool.members[0]?.weight ?? 'none'
        const next: TaskStatus | null = taskLife.after(state, input)
        expect(granted).toBe(next !== null)
        state = next ?? state
        expect(seen).toBe(seenOf(state))
      }
      expect(violation()).toBeNull()
    }),
  )
})
