/** What a scenario of Raft may hold: defaults, bounds and a schema. */
import { z } from 'zod'
import { schemas } from '../../impl/contract/schema.ts'
import type { MessageKind, Operation, RaftOptions, RaftScenario } from '../../models/raft/vocabulary.ts'
import type { DiskProfile, Step } from '../../models/vocabulary.ts'
import { expectations } from '../expect.ts'
import {
  defaultNetwork,
  leaderTarget,
  network,
  node,
  nodesOfStep,
  problemsOf,
  range,
  scenarioLimits,
  stepSchema,
} from './shared.ts'

export type RaftStep = Step<Operation>

export const defaultOptions: RaftOptions = {
  electionTimeout: 300,
  heartbeatInterval: 50,
  preVote: false,
  checkQuorum: false,
  maxEntries: 16,
  maxInflight: 8,
}

export const defaultDisk: DiskProfile = { delay: [0, 2] }

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

const operation = schemas.input.options.flatMap(({ shape }) => ('operation' in shape ? [shape.operation] : []))[0]!

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
  steps: z
    .array(stepSchema(operation, messageKinds as [MessageKind, ...MessageKind[]], expectations))
    .max(scenarioLimits.steps),
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
  const targets = new Set([...known, leaderTarget])
  for (const [problem, place] of problemsOf(scenario.steps, targets, nodesOfOperation, expectations)) {
    report(problem, place)
  }
  for (const [index, step] of scenario.steps.entries()) {
    if (step.step === 'operation' && step.operation.type === 'change-membership') {
      if (step.operation.changes.length === 0) report('a membership change changes nothing', ['steps', index])
    }
  }
})

function nodesOfOperation(operation: Operation): readonly string[] {
  if (operation.type === 'transfer') return [operation.to]
  return operation.type === 'change-membership' ? operation.changes.map((change) => change.node) : []
}

/** Every node that a step names, `leader` included. */
export function nodesOf(step: RaftStep): readonly string[] {
  return nodesOfStep(step, nodesOfOperation, expectations)
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
