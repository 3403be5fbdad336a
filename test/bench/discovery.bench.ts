/**
 * How fast answers are judged: recorded runs are given to fresh judges again and again, and one node with many names answers
 * questions that are judged alone. Run after `tsc`: `node dist/test/bench/discovery.bench.js`.
 */
import { createReference } from '../../impl/reference/discovery/session.ts'
import type { Answer, Input, Operation } from '../../models/discovery/vocabulary.ts'
import { createDiscoveryJudge } from '../../properties/discovery/judge.ts'
import { runScenario } from '../../traces/run.ts'
import { drawDiscoverySchedule } from '../../traces/schedule.ts'
import type { DiscoverySurface, JudgeOf } from '../../traces/surface.ts'

const reference = createReference()
const createJudge = (): JudgeOf<DiscoverySurface> => createDiscoveryJudge(reference.hello.profiles)
const grouped = (count: number): string => Math.round(count).toLocaleString('en')
/** Seconds of CPU since then, of all threads: other work on the machine makes no difference. */
const seconds = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1e6
}

/** Judges what was recorded of many schedules. */
function judgeSchedules(): void {
  const runs = Array.from({ length: 60 }, (_, seed) =>
    runScenario(drawDiscoverySchedule(seed, reference.hello), reference, createJudge()),
  )
  const replay = (): number => {
    let steps = 0
    for (const { events } of runs) {
      const judge = createJudge()
      for (const event of events) {
        if (event.event === 'start') judge.start(event.start, event.initial)
        else if (event.event === 'step') {
          steps++
          judge.step(event.input, event.answer, event.now)
        }
      }
    }
    return steps
  }
  for (let warmUp = 0; warmUp < 3; warmUp++) replay()
  const begun = process.cpuUsage()
  let steps = 0
  for (let time = 0; time < 20; time++) steps += replay()
  console.log(`judging drawn schedules: ${grouped(steps / seconds(begun))} steps per second of CPU (${grouped(steps)})`)
}

const options = {
  networks: [{ name: 'net1', kind: 'overlay', internal: false }],
  upstreams: [],
  ndots: false,
  gossipInterval: 200,
  syncInterval: 30_000,
} as const

/** Services of three tasks each; their names are asked for in turn. */
function resolve(services: number, questions: number): void {
  const start = { nodes: ['n1'], options, seed: 1 }
  const session = reference.open(start)
  const judge = createJudge()
  judge.start(start, session.initial)
  let operations = 0
  const inputOf = (operation: Operation): Input => ({
    type: 'operation',
    node: 'n1',
    at: 0,
    id: ++operations,
    operation,
  })
  const give = (input: Input): Answer => {
    const answer = session.step(input)
    const violation = judge.step(input, answer, 0)
    if (violation !== null) throw new Error(`${violation.requirement}: ${violation.text}`)
    return answer
  }
  for (let number = 0; number < services; number++) {
    const service = { name: `web${number}`, aliases: [], vip: `10.1.${number >> 8}.${number & 255}` }
    for (let task = 1; task <= 3; task++) {
      const address = `10.${1 + task}.${number >> 8}.${number & 255}`
      const endpoint = { endpoint: `e${number}.${task}`, sandbox: 'box', network: 'net1', name: `web${number}.${task}` }
      give(inputOf({ type: 'attach', ...endpoint, aliases: [], address, address6: '', service, checked: false }))
    }
  }
  const names = Array.from({ length: services }, (_, number) => [`web${number}`, `tasks.web${number}`]).flat()
  const steps = Array.from({ length: questions }, (_, place) => {
    const name = names[place % names.length]!
    const question = { sandbox: 'box', name, qtype: 'A', transport: 'udp', size: 0 } as const
    const input = inputOf({ type: 'query', ...question })
    return { input, answer: session.step(input) }
  })
  const begun = process.cpuUsage()
  for (const { input, answer } of steps) {
    const violation = judge.step(input, answer, 0)
    if (violation !== null) throw new Error(`${violation.requirement}: ${violation.text}`)
  }
  console.log(
    `judging answers of one node with ${grouped(services)} services: ${grouped(questions / seconds(begun))} per second of CPU (${grouped(questions)})`,
  )
  session.close()
}

judgeSchedules()
resolve(200, 300_000)
