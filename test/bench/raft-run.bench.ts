/**
 * How fast a run is: 5 nodes, 50 ms heartbeats, 100 proposals a second, a few faults, everything judged and recorded.
 * The rows below it take parts away, to show what the time goes to. Run after `tsc`: `node dist/test/bench/raft-run.bench.js`.
 */
import type { Implementation } from '../../impl/contract/raft.ts'
import { createReference } from '../../impl/reference/raft/session.ts'
import type { RaftScenario } from '../../models/raft/vocabulary.ts'
import { createRaftJudge } from '../../properties/raft/judge.ts'
import { type RaftJudge, type RunOptions, runScenario } from '../../traces/run.ts'
import { type RaftStep, completeScenario, defaultOptions } from '../../traces/scenario.ts'
import { createNullJudge, createPingPong } from '../self/ping-pong.ts'

/** Seconds of simulated time in one run. */
const length = 30

/** A client that proposes every 10 ms; every 5 seconds a partition, a crash or a pause of the leader, for a second. */
function scenarioOf(seed: number): RaftScenario {
  const nodes = ['n1', 'n2', 'n3', 'n4', 'n5']
  const steps: RaftStep[] = []
  for (let tick = 0; tick < length * 100; tick++) {
    const phase = tick % 1_500
    if (phase === 200) steps.push({ step: 'isolate', node: 'leader' })
    if (phase === 700) steps.push({ step: 'crash', node: 'leader', keep: 'some', torn: false })
    if (phase === 1_200) steps.push({ step: 'pause', node: 'leader' })
    if (phase === 300) steps.push({ step: 'heal' })
    if (phase === 800) for (const node of nodes) steps.push({ step: 'restart', node })
    if (phase === 1_300) for (const node of nodes) steps.push({ step: 'resume', node })
    const command = { type: 'put', key: `k${tick % 10}`, value: `v${tick}` } as const
    steps.push({ step: 'operation', node: 'leader', operation: { type: 'propose', command } })
    if (phase === 450 || phase === 1_450) {
      for (const node of nodes) steps.push({ step: 'operation', node, operation: { type: 'compact', keep: 50 } })
    }
    steps.push({ step: 'run', duration: 10 })
  }
  steps.push({ step: 'settle' })
  return completeScenario({
    name: 'benchmark',
    seed,
    nodes,
    options: { ...defaultOptions, electionTimeout: 500, heartbeatInterval: 50, preVote: true, checkQuorum: true },
    network: { delay: [1, 10], loss: 0.01, duplicate: 0.01, reorder: 0.02 },
    disk: { delay: [1, 3] },
    steps,
  })
}

function measure(name: string, implementation: Implementation, judge: () => RaftJudge, options: RunOptions): void {
  runScenario(scenarioOf(0), implementation, judge(), options)
  let steps = 0
  let simulated = 0
  let faults = 0
  const start = process.hrtime.bigint()
  for (let seed = 1; seed <= 3; seed++) {
    const result = runScenario(scenarioOf(seed), implementation, judge(), options)
    if (result.violation !== null) console.log(`  violation: ${result.violation.requirement}: ${result.violation.text}`)
    steps += result.steps
    simulated += result.duration / 1_000
    faults += Object.values(result.faults).reduce((sum, count) => sum + count, 0)
  }
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  const rates = [
    `${Math.round(steps / seconds).toLocaleString('en')} steps/s`,
    `${Math.round(simulated / seconds).toLocaleString('en')} simulated s/s`,
    `${((seconds / steps) * 1e6).toFixed(2)} µs/step`,
  ]
  console.log(`${name.padEnd(44)} ${rates.join('  ')}  (${steps} steps, ${faults} faults)`)
}

const reference = createReference()
const { profiles, capabilities } = reference.hello
measure('reference, judged, recorded', reference, () => createRaftJudge(profiles, capabilities.disk), {})
measure('reference, judged', reference, () => createRaftJudge(profiles, capabilities.disk), { record: false })
measure('reference, recorded', reference, () => createNullJudge(), {})
measure('reference', reference, () => createNullJudge(), { record: false })
measure('no work (ping-pong), recorded', createPingPong(), () => createNullJudge(), {})
measure('no work (ping-pong)', createPingPong(), () => createNullJudge(), { record: false })
