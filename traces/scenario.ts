/** What a scenario may hold: defaults, bounds and a schema. Both of its forms, text and JSON, obey these. */
import { z } from 'zod'
import { schemas } from '../impl/contract/schema.ts'
import { limits as contractLimits } from '../impl/contract/limits.ts'
import type { MessageKind, Operation, RaftOptions, RaftScenario } from '../models/raft/vocabulary.ts'
import type { DiskProfile, NetworkProfile, Step } from '../models/vocabulary.ts'
import { expectations } from './expect.ts'

export type RaftStep = Step<Operation>

export const defaultOptions: RaftOptions = {
  electionTimeout: 300,
  heartbeatInterval: 50,
  preVote: false,
  checkQuorum: false,
  maxEntries: 16,
  maxInflight: 8,
}

/** No faults: delays alone differ from message to message. */
export const defaultNetwork: NetworkProfile = { delay: [1, 10], loss: 0, duplicate: 0, reorder: 0 }

export const defaultDisk: DiskProfile = { delay: [0, 2] }

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
} as const

export const nodePattern = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/** Name of the step target that is not a node. */
export const leaderTarget = 'leader'

const kinds: Record<MessageKind, true> = {
  'request-vote': true,
  'request-vote-response': true,
  'pre-vote': true,
  'pre-vote-response': true,
  'append-entries': true,
  'append-entries-response': true,
  heartbeat: true,
  'heartbeat-response': true,
  'install-snapshot': true,
  'install-snapshot-response': true,
  'timeout-now': true,
  'read-index': true,
  'read-index-response': true,
  propose: true,
  'member-removed': true,
}
export const messageKinds = Object.keys(kinds) as MessageKind[]

const node = z
  .string()
  .max(contractLimits.nodeId)
  .regex(nodePattern)
  .refine((name) => name !== leaderTarget, `a node cannot be named '${leaderTarget}'`)
const target = z.string().max(contractLimits.nodeId).regex(nodePattern)
const duration = z.int().min(0).max(scenarioLimits.duration)
const range = z
  .tuple([duration, duration])
  .refine(([least, greatest]) => least <= greatest, 'the least delay is above the greatest')
const probability = z.number().min(0).max(1)
const nth = z.int().min(1)
const kind = z.enum(messageKinds)
const link = { from: node, to: node }
const expectation = {
  expect: z.enum([...expectations.keys()]),
  arguments: z.array(z.string().max(contractLimits.value)).max(scenarioLimits.nodes),
}

const network = z.strictObject({
  delay: range.refine(([least]) => least >= 1, 'a delivery takes at least 1 ms'),
  loss: probability,
  duplicate: probability,
  reorder: probability,
})

const operation = schemas.input.options.flatMap(({ shape }) => ('operation' in shape ? [shape.operation] : []))[0]!

const step = z.discriminatedUnion('step', [
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
  z.strictObject({ step: z.literal('crash'), node: target, keep: z.enum(['all', 'none', 'some']), torn: z.boolean() }),
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

const shape = z.strictObject({
  version: z.literal(1),
  surface: z.literal('raft'),
  name: z.string().max(scenarioLimits.name),
  seed: z.int().min(0),
  nodes: z.array(node).min(1).max(scenarioLimits.nodes),
  configuration: schemas.start.shape.configuration,
  options: schemas.start.shape.options,
  network,
  disk: z.strictObject({ delay: range }),
  steps: z.array(step).max(scenarioLimits.steps),
})

/** A whole scenario: well-formed, within bounds, and speaking only of its own nodes. */
export const scenarioSchema = shape.superRefine((scenario, context) => {
  const known = new Set(scenario.nodes)
  const report = (message: string, path: (string | number)[]): void =>
    context.addIssue({ code: 'custom', message, path })
  if (known.size < scenario.nodes.length) report('a node is named twice', ['nodes'])
  const { voters, outgoing, learners } = scenario.configuration
  if (voters.length === 0) report('there are no voters', ['configuration', 'voters'])
  for (const [part, members] of Object.entries({ voters, outgoing, learners })) {
    for (const member of members) {
      if (!known.has(member)) report(`unknown node ${member}`, ['configuration', part])
    }
    if (new Set(members).size < members.length) report('a node is named twice', ['configuration', part])
  }
  for (const [index, step] of scenario.steps.entries()) {
    for (const name of nodesOf(step)) {
      if (name !== leaderTarget && !known.has(name)) report(`unknown node ${name}`, ['steps', index])
    }
    if (step.step === 'operation' && step.operation.type === 'change-membership') {
      if (step.operation.changes.length === 0) report('a membership change changes nothing', ['steps', index])
    }
    if ('expect' in step && !fitsParameters(step.expect, step.arguments)) {
      report(`wrong arguments of ${step.step} ${step.expect}`, ['steps', index, 'arguments'])
    }
  }
})

/** Every node that a step names, `leader` included. */
export function nodesOf(step: RaftStep): readonly string[] {
  switch (step.step) {
    case 'operation': {
      const { operation } = step
      if (operation.type === 'transfer') return [step.node, operation.to]
      if (operation.type === 'change-membership') return [step.node, ...operation.changes.map((change) => change.node)]
      return [step.node]
    }
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

function fitsParameters(name: string, words: readonly string[]): boolean {
  const parameters = expectations.get(name)?.parameters ?? []
  const many = parameters.at(-1) === 'nodes'
  if (many ? words.length < parameters.length : words.length !== parameters.length) return false
  return words.every((word, index) => parameters[index] !== 'number' || /^\d{1,15}$/.test(word))
}

/** A scenario whose missing parts are the defaults; all nodes are voters unless it says otherwise. */
export function completeScenario(
  parts: Partial<Omit<RaftScenario, 'version' | 'surface'>> & Pick<RaftScenario, 'nodes'>,
): RaftScenario {
  return {
    version: 1,
    surface: 'raft',
    name: parts.name ?? '',
    seed: parts.seed ?? 1,
    nodes: parts.nodes,
    configuration: parts.configuration ?? { voters: [...parts.nodes].sort(), outgoing: [], learners: [] },
    options: parts.options ?? defaultOptions,
    network: parts.network ?? defaultNetwork,
    disk: parts.disk ?? defaultDisk,
    steps: parts.steps ?? [],
  }
}
