/** What every scenario may hold, whatever its surface: bounds, defaults, schemas of its parts. */
import { z } from 'zod'
import { limits as contractLimits } from '../../impl/contract/limits.ts'
import type { NetworkProfile, Step } from '../../models/vocabulary.ts'
import type { Parameter } from '../expect.ts'

/** No faults: delays alone differ from message to message. */
export const defaultNetwork: NetworkProfile = { delay: [1, 10], loss: 0, duplicate: 0, reorder: 0 }

/** Bounds of a scenario, whoever wrote it. */
export const scenarioLimits = {
  nodes: contractLimits.nodes,
  name: 256,
  steps: 100_000,
  /** A day of virtual time. */
  duration: 86_400_000,
  /** Of clocks: from a hundredth of true time to a hundred times it. */
  rate: 100,
  key: contractLimits.key,
  value: contractLimits.value,
  /** Of options: numbers of members, multiples. */
  count: 1_000_000,
} as const

export const nodePattern = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/** Name of the step target that is not a node. */
export const leaderTarget = 'leader'

export const node = z
  .string()
  .max(contractLimits.nodeId)
  .regex(nodePattern)
  .refine((name) => name !== leaderTarget, `a node cannot be named '${leaderTarget}'`)
const target = z.string().max(contractLimits.nodeId).regex(nodePattern)
export const duration = z.int().min(0).max(scenarioLimits.duration)
export const range = z
  .tuple([duration, duration])
  .refine(([least, greatest]) => least <= greatest, 'the least delay is above the greatest')
const probability = z.number().min(0).max(1)
const nth = z.int().min(1)
const link = { from: node, to: node }

export const network = z.strictObject({
  delay: range.refine(([least]) => least >= 1, 'a delivery takes at least 1 ms'),
  loss: probability,
  duplicate: probability,
  reorder: probability,
})

/** What may be expected: the parameters of each. */
export type Expectations = ReadonlyMap<string, { readonly parameters: readonly Parameter[] }>

/** The schema of a step, with the operations, kinds of messages and expectations of a surface. */
export function stepSchema<Operation extends z.ZodType>(
  operation: Operation,
  kinds: readonly string[],
  expectations: Expectations,
) {
  const kind = z.enum(kinds as [string, ...string[]])
  const expectation = {
    expect: z.enum([...expectations.keys()]),
    arguments: z.array(z.string().max(contractLimits.value)).max(scenarioLimits.nodes),
  }
  return z.discriminatedUnion('step', [
    z.strictObject({ step: z.literal('run'), duration }),
    z.strictObject({ step: z.literal('operation'), node: target, operation }),
    z.strictObject({ step: z.literal('timeout'), node: target }),
    z.strictObject({
      step: z.literal('partition'),
      groups: z.array(z.array(node).min(1).max(scenarioLimits.nodes)).min(1).max(scenarioLimits.nodes),
    }),
    z.strictObject({ step: z.literal('cut'), ...link }),
    z.strictObject({ step: z.literal('ring') }),
    z.strictObject({ step: z.literal('isolate'), node: target }),
    z.strictObject({ step: z.literal('heal') }),
    z.strictObject({ step: z.literal('hold'), ...link }),
    z.strictObject({ step: z.literal('release'), ...link }),
    z.strictObject({ step: z.literal('deliver'), ...link, kind }),
    z.strictObject({
      step: z.literal('crash'),
      node: target,
      keep: z.enum(['all', 'none', 'some']),
      torn: z.boolean(),
    }),
    z.strictObject({ step: z.literal('restart'), node }),
    z.strictObject({ step: z.literal('pause'), node: target }),
    z.strictObject({ step: z.literal('resume'), node }),
    z.strictObject({
      step: z.literal('clock'),
      node,
      rate: z
        .number()
        .min(1 / scenarioLimits.rate)
        .max(scenarioLimits.rate),
    }),
    z.strictObject({ step: z.literal('network'), network }),
    z.strictObject({ step: z.literal('drop'), ...link, kind, nth }),
    z.strictObject({ step: z.literal('duplicate'), ...link, kind, nth }),
    z.strictObject({ step: z.literal('delay'), ...link, kind, nth, by: duration }),
    z.strictObject({ step: z.literal('settle') }),
    z.strictObject({ step: z.literal('expect'), ...expectation }),
    z.strictObject({ step: z.literal('reach'), ...expectation }),
  ])
}

/** What is wrong with the names of nodes in steps, and with the words of expectations; with the place. */
export function* problemsOf<Operation>(
  steps: readonly Step<Operation>[],
  known: ReadonlySet<string>,
  nodesOfOperation: (operation: Operation) => readonly string[],
  expectations: Expectations,
): Generator<readonly [string, (string | number)[]]> {
  for (const [index, step] of steps.entries()) {
    for (const name of nodesOfStep(step, nodesOfOperation, expectations)) {
      if (!known.has(name)) yield [`unknown node ${name}`, ['steps', index]]
    }
    if ('expect' in step && !fitsParameters(expectations, step.expect, step.arguments)) {
      yield [`wrong arguments of ${step.step} ${step.expect}`, ['steps', index, 'arguments']]
    }
  }
}

/** Every node that a step names, `leader` included. */
export function nodesOfStep<Operation>(
  step: Step<Operation>,
  nodesOfOperation: (operation: Operation) => readonly string[],
  expectations: Expectations,
): readonly string[] {
  switch (step.step) {
    case 'operation':
      return [step.node, ...nodesOfOperation(step.operation)]
    case 'partition':
      return step.groups.flat()
    case 'cut':
    case 'hold':
    case 'release':
    case 'deliver':
    case 'drop':
    case 'duplicate':
    case 'delay':
      return [step.from, step.to]
    case 'timeout':
    case 'isolate':
    case 'crash':
    case 'restart':
    case 'pause':
    case 'resume':
    case 'clock':
      return [step.node]
    case 'expect':
    case 'reach': {
      const parameters = expectations.get(step.expect)?.parameters ?? []
      return step.arguments.filter((_, index) => isNode(parameters[Math.min(index, parameters.length - 1)]))
    }
    case 'run':
    case 'ring':
    case 'heal':
    case 'network':
    case 'settle':
      return []
  }
}

function isNode(parameter: string | undefined): boolean {
  return parameter === 'node' || parameter === 'nodes'
}

function fitsParameters(expectations: Expectations, name: string, words: readonly string[]): boolean {
  const parameters = expectations.get(name)?.parameters ?? []
  const many = parameters.at(-1) === 'nodes'
  if (many ? words.length < parameters.length : words.length !== parameters.length) return false
  return words.every((word, index) => parameters[index] !== 'number' || /^\d{1,15}$/.test(word))
}
