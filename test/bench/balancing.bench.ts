/**
 * How many connections are judged in a second: those of recorded runs are given to fresh judges again and again, so that
 * judging alone is measured; then drawn schedules with all that happens in them. Run after `tsc`:
 * `node dist/test/bench/balancing.bench.js`.
 */
import type { Answer, Input, Operation } from '../../models/balancing/vocabulary.ts'
import { createReference } from '../../impl/reference/balancing/session.ts'
import { createBalancingJudge } from '../../properties/balancing/judge.ts'
import { defaultBalancingOptions } from '../../traces/scenario.ts'
import { drawBalancingSchedule } from '../../traces/schedule.ts'
import { runScenario } from '../../traces/run.ts'

const reference = createReference()
const createJudge = () => createBalancingJudge(reference.hello.profiles)
const grouped = (count: number): string => Math.round(count).toLocaleString('en')
/** Seconds of CPU since then, of all threads: other work on the machine makes no difference. */
const seconds = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1e6
}

interface Step {
  readonly input: Input
  readonly answer: Answer
}

/** Connections to a service of ten tasks on the node itself, half of them through the mesh, then judged. */
function connections(count: number): void {
  const nodes = ['n1', 'n2', 'n3']
  const start = { nodes, options: defaultBalancingOptions, seed: 1 }
  const session = reference.open(start)
  const steps: Step[] = []
  let operations = 0
  const operate = (operation: Operation): void => {
    const input: Input = { type: 'operation', node: 'n1', at: 0, id: ++operations, operation }
    steps.push({ input, answer: session.step(input) })
  }
  const ports = [{ protocol: 'tcp', target: 80, published: 8080, mode: 'ingress' }] as const
  operate({ type: 'create-service', service: 'web', mode: 'vip', networks: ['net1'], ports, routes: [] })
  for (let task = 0; task < 10; task++) {
    operate({ type: 'start', task: `t${task}`, service: 'web' })
    operate({ type: 'enable', task: `t${task}` })
  }
  const dial = { type: 'dial', protocol: 'tcp', port: 8080, service: '', target: 0, client: 'client' } as const
  const began = process.cpuUsage()
  for (let each = 0; each < count; each += 2) {
    operate({ type: 'connect', connection: `c${each % 100}`, service: 'web', network: 'net1' })
    operate({ ...dial, connection: `d${each % 100}` })
  }
  const made = seconds(began)
  let judging = 0
  const times = 5
  for (let time = 0; time <= times; time++) {
    const judge = createJudge()
    judge.start(start, session.initial)
    const since = process.cpuUsage()
    for (const { input, answer } of steps) {
      const violation = judge.step(input, answer, 0)
      if (violation !== null) throw new Error(`${violation.requirement}: ${violation.text}`)
    }
    // The first time warms up.
    if (time > 0) judging += seconds(since)
  }
  session.close()
  console.log(
    `connections: ${grouped(count / (made + judging / times))} simulated and judged per second of CPU; ${grouped(count / made)} by the reference, ${grouped((times * count) / judging)} by the judge`,
  )
}

/** Whole schedules, faults and all: what one connection of theirs costs. */
function schedules(count: number): void {
  const since = process.cpuUsage()
  let connected = 0
  let steps = 0
  for (let seed = 0; seed < count; seed++) {
    const scenario = drawBalancingSchedule(seed, reference.hello)
    const { coverage, steps: taken } = runScenario(scenario, reference, createJudge(), { record: false })
    const { connect = 0, dial = 0, request = 0, send = 0 } = coverage.operations
    connected += connect + dial + request + send
    steps += taken
  }
  const taken = seconds(since)
  console.log(
    `drawn schedules: ${grouped(count / taken)} per second of CPU, ${grouped(connected / taken)} requests of clients, ${grouped(steps / taken)} steps`,
  )
}

connections(100_000)
schedules(100)
