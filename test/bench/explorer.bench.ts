/**
 * How fast the explorer is: whole state spaces, one thread, properties checked in every state, nothing kept warm but the
 * engine. Rates are distinct states by the time on the clock, and by the time on the processor, which a busy machine
 * does not distort. Run after `tsc`: `node dist/test/bench/explorer.bench.js`.
 */
import { type SystemModel, exploreModel } from '../../models/explorer.ts'
import { electionModel } from '../../models/raft/system/election.ts'
import { membershipModel } from '../../models/raft/system/membership.ts'
import { replicationModel } from '../../models/raft/system/replication.ts'

interface Row {
  readonly model: () => SystemModel
  /** The known number of states; Spin counts the same, except where it was not asked (null). */
  readonly distinct: number | null
}

const election = (terms: number, crash: boolean) => () => electionModel({ terms, crash })
const replication = (terms: number, entries: number, crashes: number) => () =>
  replicationModel({ terms, entries, crashes })

const ROWS: readonly Row[] = [
  { model: election(2, false), distinct: 24_345 },
  { model: election(2, true), distinct: 128_321 },
  { model: election(3, false), distinct: 2_812_204 },
  { model: election(3, true), distinct: 14_880_703 },
  { model: replication(2, 1, 1), distinct: 96_589 },
  { model: replication(3, 1, 0), distinct: 1_270_510 },
  { model: replication(2, 2, 0), distinct: 800_157 },
  { model: replication(2, 2, 1), distinct: 3_847_741 },
  { model: () => membershipModel({ members: 4, voters: 4, terms: 3, entries: 2, candidates: 2 }), distinct: null },
]

const thousands = (count: number): string => Math.round(count).toLocaleString('en-US')

console.log('explorer: distinct states a second, one thread, every property checked in every state')
console.log(
  ['distinct'.padStart(11), 'generated'.padStart(12), 'depth', '  clock', '      cpu', ' /s clock', '   /s cpu'].join(
    ' ',
  ),
)
for (const { model, distinct } of ROWS) {
  // The engine compiles the loops of this model in a first, short search.
  exploreModel(model(), { states: 50_000 })
  const cpuBefore = process.cpuUsage()
  const before = process.hrtime.bigint()
  const result = exploreModel(model())
  const clock = Number(process.hrtime.bigint() - before) / 1e9
  const { user, system } = process.cpuUsage(cpuBefore)
  const cpu = (user + system) / 1e6
  console.log(
    [
      thousands(result.distinct).padStart(11),
      thousands(result.generated).padStart(12),
      String(result.depth).padStart(5),
      `${clock.toFixed(2)} s`.padStart(8),
      `${cpu.toFixed(2)} s`.padStart(8),
      thousands(result.distinct / clock).padStart(9),
      thousands(result.distinct / cpu).padStart(9),
      ` ${result.model}: ${result.outcome}`,
    ].join(' '),
  )
  const broken = result.properties.filter(({ verdict }) => verdict === 'violated' || verdict === 'unreachable')
  if (result.outcome !== 'exhausted' || broken.length > 0 || (distinct !== null && result.distinct !== distinct))
    throw new Error(`${result.model}: ${result.outcome} with ${result.distinct} states, not ${distinct}`)
}
