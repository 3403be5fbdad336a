/**
 * How fast addresses are judged, and what 1,000 networks of 250 endpoints cost. The operations of recorded runs are given
 * to fresh judges again and again: what is measured is judging alone. Run after `tsc`: `node dist/test/bench/ipam.bench.js`.
 */
import type { Answer, Input, Operation } from '../../models/ipam/vocabulary.ts'
import { createReference } from '../../impl/reference/ipam/session.ts'
import { createIpamJudge } from '../../properties/ipam/judge.ts'
import { runScenario } from '../../traces/run.ts'
import type { JudgeOf, IpamSurface } from '../../traces/surface.ts'
import { defaultIpamOptions } from '../../traces/scenario.ts'
import { drawIpamSchedule } from '../../traces/schedule.ts'

const reference = createReference()
const createJudge = (): JudgeOf<IpamSurface> => createIpamJudge(reference.hello.profiles)
const grouped = (count: number): string => Math.round(count).toLocaleString('en')
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`
/** Seconds of CPU since then, of all threads: other work on the machine makes no difference. */
const seconds = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1e6
}

/** Judges what was recorded of many schedules. */
function judgeSchedules(): void {
  const count = 300
  const runs = Array.from({ length: count }, (_, seed) =>
    runScenario(drawIpamSchedule(seed, reference.hello), reference, createJudge()),
  )
  const replay = (): number => {
    let operations = 0
    for (const { events } of runs) {
      const judge = createJudge()
      for (const event of events) {
        if (event.event === 'start') judge.start(event.start, event.initial)
        else if (event.event === 'step') {
          if (event.input.type === 'operation') operations++
          judge.step(event.input, event.answer, event.now)
        }
      }
    }
    return operations
  }
  for (let warmUp = 0; warmUp < 5; warmUp++) replay()
  const start = process.cpuUsage()
  let operations = 0
  for (let time = 0; time < 20; time++) operations += replay()
  const taken = seconds(start)
  console.log(
    `judging drawn schedules: ${grouped(operations / taken)} operations per second of CPU (${grouped(operations)})`,
  )
}

interface Step {
  readonly input: Input
  readonly answer: Answer
}

/** Steps that are judged together, so that no more of them are kept. */
const chunk = 5_000

/** All networks, then all endpoints in turn, each stored at once; and half of the endpoints are given back. */
function large(networks: number, endpoints: number): void {
  global.gc?.()
  const before = process.memoryUsage().heapUsed
  const start = { nodes: ['n1'], options: defaultIpamOptions, seed: 1 }
  const session = reference.open(start)
  const judge = createJudge()
  judge.start(start, session.initial)
  const steps: Step[] = []
  let operations = 0
  let judging = 0
  const judgeAll = (): void => {
    const begun = process.cpuUsage()
    for (const { input, answer } of steps) {
      const violation = judge.step(input, answer, 0)
      if (violation !== null) throw new Error(`${violation.requirement}: ${violation.text}`)
    }
    judging += seconds(begun)
    steps.length = 0
  }
  const give = (input: Input): Answer => {
    const answer = session.step(input)
    steps.push({ input, answer })
    if (steps.length >= chunk) judgeAll()
    return answer
  }
  const operate = (operation: Operation): string => {
    const { outputs } = give({ type: 'operation', node: 'n1', at: 0, id: ++operations, operation })
    const writes = outputs.flatMap((output) => (output.type === 'write' ? [output.id] : []))
    const { outputs: results } = give({ type: 'written', node: 'n1', at: 0, writes })
    const [result] = [...outputs, ...results].filter((output) => output.type === 'result')
    if (result?.status !== 'ok') throw new Error(`refused: ${JSON.stringify(operation)}`)
    return result.address
  }
  const begun = process.cpuUsage()
  give({ type: 'lead', node: 'n1', at: 0, keep: [] })
  const pool = (number: number): string => `net${number}`
  for (let number = 0; number < networks; number++) {
    const request = { pool: pool(number), space: 'global', v6: false, subnet: '', range: '', auxiliary: [] } as const
    operate({ type: 'request-pool', ...request, gateway: 'auto' })
  }
  const given: (readonly [string, string])[] = []
  for (let endpoint = 0; endpoint < endpoints; endpoint++) {
    for (let number = 0; number < networks; number++) {
      const owner = `task${endpoint}`
      const address = operate({ type: 'request-address', pool: pool(number), owner, address: '', serial: true })
      given.push([pool(number), address])
    }
  }
  judgeAll()
  const made = seconds(begun) - judging
  global.gc?.()
  const held = process.memoryUsage().heapUsed - before
  console.log(
    `${grouped(networks)} networks of ${endpoints} endpoints: ${grouped(operations / made)} operations per second of CPU by the reference, and ${grouped(operations / judging)} by the judge`,
  )
  console.log(`  tables, records and what the judge remembers: ${mebibytes(held)}`)
  for (const [name, address] of given.filter((_, place) => place % 2 === 0))
    operate({ type: 'release-address', pool: name, address, owner: '' })
  const restart = process.cpuUsage()
  give({ type: 'restart', node: 'n1', at: 0 })
  const { changes } = give({ type: 'lead', node: 'n1', at: 0, keep: [] })
  console.log(
    `  another leader knows ${grouped(changes?.length ?? 0)} of them after ${(seconds(restart) * 1000).toFixed(0)} ms`,
  )
  judgeAll()
  console.log(`  at most ${mebibytes(process.memoryUsage.rss())} of memory in all`)
  session.close()
}

judgeSchedules()
large(1_000, 250)
