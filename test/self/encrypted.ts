/** How the wire suite is told of the reference as a process whose gossip is encrypted. */
import { dirname, join } from 'node:path'

/** Options of `run`: that mutant of the reference, with a label, and what changes its keys. `none` breaks no rule. */
export function servedWith(command: string, mutant: string): string[] {
  const file = (...path: readonly string[]): string => join(dirname(command), 'test', ...path)
  const node = `"${process.execPath}" --import "${file('mutants', 'gossip', 'encryption.js')}"`
  return [
    '--process',
    `env SWARMCHECK_MUTANT=${mutant} ${node} "${command}" serve swim --name {name} --bind {bind} ` +
      '--client {host}:7373 --profile local --key {key} --label {label}',
    '--label',
    'blue',
    '--key-command',
    `"${process.execPath}" "${file('self', 'hostile', 'keys.js')}" {host}:7373 {operation} {key}`,
  ]
}
