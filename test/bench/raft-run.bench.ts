/**
 * How fast a run is: 5 nodes, 50 ms heartbeats, 100 proposals a second, a few faults, everything judged and recorded.
 * The rows below it take parts away, to show what the time goes to. Run after `tsc`: `node dist/test/bench/raft-run.bench.js`.
 */
import type { Implementation } from '../../impl/contract/raft.ts'
import { createReference } from '../../impl/reference/raft/session.ts'
import type { RaftScenario } from '../../models/raft/vocabulary.ts'
import { createRaftJudge } from '../../properties/raft/judge.ts'
import { type RunOptions, runScenario } from '../../traces/run.ts'
import type { JudgeOf, RaftSurface } from '../../traces/surface.ts'
import { type RaftStep, completeScenario, defaultOptions } from '../../traces/scenario.ts'
import { createNullJudge, createPingPong } from '../self/ping-pong.ts'

/** Simulated seconds before a run settles: it then has about as many steps as a drawn schedule. */
const length = 3
const warmUpRuns = 30
const runs = 200

/** A client that proposes every 10 ms; in turn the leader is isolated, crashes and pauses, for 0.4 seconds each. */
function scenarioOf(seed: number): RaftScenario {
  const nodes = ['n1', 'n2', 'n3', 'n4', 'n5']
  const steps: RaftStep[] = [{ step: 'run', duration: 1_000 }]
  for (let tick = 0; tick < length * 100; tick++) {
    if (tick === 30) steps.push({ step: 'isolate', node: 'leader' })
    if (tick === 70) steps.push({ step: 'heal' })
    if (tick === 120) steps.push({ step: 'crash', node: 'leader', keep: 'some', torn: false })
    if (tick === 160) for (const node of nodes) steps.push({ step: 'restart', node })
    if (tick === 200)
      for (const node of nodes) steps.push({ step: 'operation', node, operation: { type: 'compact', keep: 20 } })
    if (tick === 220) steps.push({ step: 'pause', node: 'leader' })
    if (tick === 260) for (const node of nodes) steps.push({ step: 'resume', node })
    const command = { type: 'put', key: `k${tick % 10}`, value: `v${tick}` } as const
    steps.push({ step: 'operation', node: 'leader', operation: { type: 'propose', command } })
    steps.push({ step: 'run', duration: 10 })
  }
  steps.push({ step: 'settle' })
  return completeScenario({
    name: 'benchmark',
    seed,
    nodes,
    options: { ...defaultOptions, electionTimeout: 250, heartbeatInterval: 50, preVote: true, checkQuorum: true },
    network: { delay: [1, 10], loss: 0.01, duplicate: 0.01, reorder: 0.02 },
    disk: { delay: [1, 3] },
    steps,
  })
}

const scenarios = Array.from({ length: runs }, (_, seed) => scenarioOf(seed))

function measure(
  name: string,
  implementation: Implementation,
  judge: () => JudgeOf<RaftSurface>,
  options: RunOptions,
): void {
  for (let seed = 0; seed < warmUpRuns; seed++) runScenario(scenarios[seed]!, implementation, judge(), options)
  let steps = 0
  let simulated = 0
  let faults = 0
  const start = process.hrtime.bigint()
  const before = process.cpuUsage()
  for (const scenario of scenarios) {
    const result = runScenario(scenario, implementation, judge(), options)
    if (result.violation !== null) console.log(`  violation: ${result.violation.requirement}: ${result.violation.text}`)
    steps += result.steps
    simulated += result.duration / 1_000
    faults += Object.values(result.faults).reduce((sum, count) => sum + count, 0)
  }
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  const { user, system } = process.cpuUsage(before)
  const rates = [
    `${Math.round(steps / seconds).toLocaleString('en')} steps/s`,
    `${Math.round(simulated / seconds).toLocaleString('en')} simulated s/s`,
    `${((user + system) / steps).toFixed(2)} µs of CPU/step`,
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
