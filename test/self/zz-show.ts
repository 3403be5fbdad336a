import { networkDbMutants } from '../mutants/networkdb.ts'
import { hunt, shrink } from '../mutants/zoo.ts'
import { show } from '../../traces/show.ts'
import { loadSpec } from '../suites/spec.ts'
for (const name of process.argv.slice(2)) {
  const m = networkDbMutants.find((e) => e.name === name)!
  const { finding } = await hunt(m)
  const c = await shrink(m, finding!)
  const requirement = loadSpec().requirements.find(({ slug }) => slug === c.requirement)
  console.log(show({ trace: c.trace, violation: c.violation, event: c.event, requirement }))
}
