/**
 * The large state spaces of the explorer's benchmark, counted by Spin from models that were written independently: some
 * minutes. Needs `spin` and `gcc`. Run after `tsc`, in the checkout: `node dist/test/bench/spin.bench.js`.
 */
import { countStates, hasSpin } from '../self/spin/spin.ts'

const ROWS = [
  { model: 'election', parameters: { T: 2, CRASH: 1 }, distinct: 128_321 },
  { model: 'election', parameters: { T: 3, CRASH: 0 }, distinct: 2_812_204 },
  { model: 'replication', parameters: { T: 2, L: 1, C: 1 }, distinct: 96_589 },
  { model: 'replication', parameters: { T: 3, L: 1, C: 0 }, distinct: 1_270_510 },
  { model: 'replication', parameters: { T: 2, L: 2, C: 0 }, distinct: 800_157 },
  { model: 'replication', parameters: { T: 2, L: 2, C: 1 }, distinct: 3_847_741 },
] as const

if (!hasSpin()) console.log('spin: skipped, since spin or gcc is not installed')
else {
  for (const { model, parameters, distinct } of ROWS) {
    const before = process.hrtime.bigint()
    const stored = countStates(model, parameters)
    const seconds = Number(process.hrtime.bigint() - before) / 1e9
    console.log(`spin: ${model} ${JSON.stringify(parameters)}: ${stored} states, ${seconds.toFixed(1)} s`)
    if (stored !== distinct) throw new Error(`the explorer counts ${distinct}`)
  }
}
