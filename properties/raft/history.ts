/** What clients saw: operations from request to answer, judged at the end of the run. */
import type { Operation, Result } from '../../models/raft/vocabulary.ts'
import { checkKey, describeOperation } from '../linearizability.ts'
import type { KeyOperation } from '../linearizability.ts'
import type { Cluster } from './cluster.ts'
import { R } from './requirements.ts'

export class History {
  private readonly keys = new Map<string, KeyOperation[]>()
  private readonly open = new Map<number, KeyOperation>()

  invoke(id: number, operation: Operation, now: number): void {
    const entry = keyOperation(id, operation, now)
    if (entry === null) return
    const [key, each] = entry
    const list = this.keys.get(key)
    if (list === undefined) this.keys.set(key, [each])
    else list.push(each)
    this.open.set(id, each)
  }

  answer(result: Result, now: number): void {
    const operation = this.open.get(result.operation)
    if (operation === undefined) return
    this.open.delete(result.operation)
    if (result.status === 'unknown') return
    operation.returned = now
    if (result.status === 'ok') {
      if (operation.type !== 'put') operation.result = result.value
      return
    }
    for (const list of this.keys.values()) {
      const position = list.indexOf(operation)
      if (position >= 0) list.splice(position, 1)
    }
  }

  /** Judges all keys; a search that gives up proves nothing either way. */
  judge(cluster: Cluster): void {
    for (const [key, operations] of this.keys) {
      const outcome = checkKey(operations)
      if (outcome === 'unknown') continue
      cluster.tested[R.linearizable]! += operations.length
      if (outcome.ok) continue
      cluster.fail(
        R.linearizable,
        null,
        `no order of the operations on ${key} explains what clients saw; it breaks at ${outcome.stuck
          .slice(0, 4)
          .map((each) => describeOperation(key, each))
          .join('; ')}`,
        'answers as if the operations took effect one at a time, each between its request and its answer',
      )
    }
  }
}

function keyOperation(id: number, operation: Operation, now: number): readonly [string, KeyOperation] | null {
  const base = { id, invoked: now, returned: Infinity, result: undefined }
  if (operation.type === 'read') return [operation.key, { ...base, type: 'get', value: '', expect: null }]
  if (operation.type !== 'propose') return null
  const { command } = operation
  const value = command.type === 'get' ? '' : command.value
  const expect = command.type === 'compare-and-set' ? command.expect : null
  return [command.key, { ...base, type: command.type, value, expect }]
}
