/** What clients saw: operations from request to answer, judged at the end of the run. */
import type { Operation, Result } from '../../models/raft/vocabulary.ts'
import { checkKey, describeOperation } from '../linearizability.ts'
import type { KeyOperation } from '../linearizability.ts'
import type { Cluster } from './cluster.ts'
import { R } from './requirements.ts'

export class History {
  private readonly keys = new Map<string, KeyOperation[]>()
  private readonly open = new Map<number, { readonly key: string; readonly operation: KeyOperation }>()

  invoke(id: number, operation: Operation, now: number): void {
    if (operation.type === 'read') this.add(operation.key, keyOperation(id, 'get', '', null, now))
    if (operation.type !== 'propose') return
    const { command } = operation
    const value = command.type === 'get' ? '' : command.value
    const expect = command.type === 'compare-and-set' ? command.expect : null
    this.add(command.key, keyOperation(id, command.type, value, expect, now))
  }

  private add(key: string, operation: KeyOperation): void {
    const list = this.keys.get(key)
    if (list === undefined) this.keys.set(key, [operation])
    else list.push(operation)
    this.open.set(operation.id, { key, operation })
  }

  answer(result: Result, now: number): void {
    const asked = this.open.get(result.operation)
    if (asked === undefined) return
    this.open.delete(result.operation)
    if (result.status === 'unknown') return
    const { key, operation } = asked
    operation.returned = now
    if (result.status === 'ok') {
      if (operation.type !== 'put') operation.result = result.value
      return
    }
    const list = this.keys.get(key)!
    list.splice(list.lastIndexOf(operation), 1)
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

function keyOperation(
  id: number,
  type: KeyOperation['type'],
  value: string,
  expect: string | null,
  invoked: number,
): KeyOperation {
  return { id, type, value, expect, invoked, returned: Infinity, result: undefined }
}
