/**
 * How fast runs of SWIM are: drawn schedules, everything judged, with and without recording; then one large cluster, a
 * thousand members for a simulated minute, with crashes, a cut and loss. Run after `tsc`: `node dist/test/bench/swim-run.bench.js`.
 */
import { createReference } from '../../impl/reference/swim/session.ts'
import type { Operation, SwimScenario } from '../../models/swim/vocabulary.ts'
import type { Step } from '../../models/vocabulary.ts'
import { createSwimJudge } from '../../properties/swim/judge.ts'
import { runScenario, type RunOptions } from '../../traces/run.ts'
import { completeSwimScenario } from '../../traces/scenario.ts'
import { drawSwimSchedule } from '../../traces/schedule.ts'

const warmUpRuns = 20
const runs = 150
const members = 1_000

const reference = createReference()
const judge = () => createSwimJudge(reference.hello.profiles)

function measure(name: string, scenarios: readonly SwimScenario[], options: RunOptions): void {
  let steps = 0
  let messages = 0
  let simulated = 0
  let faults = 0
  const start = process.hrtime.bigint()
  const before = process.cpuUsage()
  for (const scenario of scenarios) {
    const result = runScenario(scenario, reference, judge(), options)
    if (result.violation !== null) console.log(`  violation: ${result.violation.requirement}: ${result.violation.text}`)
    steps += result.steps
    messages += result.deliveries
    simulated += result.duration / 1_000
    faults += Object.values(result.faults).reduce((sum, count) => sum + count, 0)
  }
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  const { user, system } = process.cpuUsage(before)
  const rates = [
    `${Math.round(messages / seconds).toLocaleString('en')} messages/s`,
    `${Math.round(steps / seconds).toLocaleString('en')} steps/s`,
    `${((user + system) / steps).toFixed(2)} µs of CPU/step`,
  ]
  const size = `${messages} messages, ${steps} steps, ${faults} faults, ${Math.round(simulated)} simulated s in ${seconds.toFixed(1)} s`
  console.log(`${name.padEnd(36)} ${rates.join('  ')}  (${size})`)
}

/** A minute: in turn members crash, come back, are cut off, and tell something new of themselves. */
function largeScenario(): SwimScenario {
  const nodes = Array.from({ length: members }, (_, number) => `n${number + 1}`)
  const steps: Step<Operation>[] = [{ step: 'run', duration: 10_000 }]
  for (const node of nodes.slice(0, 10)) steps.push({ step: 'crash', node, keep: 'none', torn: false })
  steps.push({ step: 'run', duration: 15_000 })
  for (const node of nodes.slice(10, 20)) steps.push({ step: 'isolate', node })
  steps.push({ step: 'run', duration: 15_000 }, { step: 'heal' })
  for (const node of nodes.slice(20, 40))
    steps.push({ step: 'operation', node, operation: { type: 'update', meta: `new ${node}` } })
  steps.push({ step: 'run', duration: 20_000 })
  return completeSwimScenario({
    name: 'large',
    seed: 1,
    nodes,
    members: nodes,
    network: { delay: [1, 20], loss: 0.01, duplicate: 0, reorder: 0 },
    steps,
  })
}

const drawn = Array.from({ length: runs }, (_, seed) => drawSwimSchedule(seed + 1, reference.hello))
for (const scenario of drawn.slice(0, warmUpRuns)) runScenario(scenario, reference, judge(), { record: false })
measure('drawn, judged, recorded', drawn, {})
measure('drawn, judged', drawn, { record: false })
measure(`${members} members, judged`, [largeScenario()], { record: false, maxSteps: 100_000_000 })
