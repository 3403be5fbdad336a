/** The explorer and Spin, on models written independently of each other, count the same states. */
import { describe, expect, test } from 'vitest'
import { exploreModel } from '../../models/explorer.ts'
import { electionModel } from '../../models/raft/system/election.ts'
import { replicationModel } from '../../models/raft/system/replication.ts'
import { countStates, hasSpin } from './spin/spin.ts'

describe.skipIf(!hasSpin())('Spin', () => {
  test('election', () => {
    const { distinct } = exploreModel(electionModel({ terms: 2, crash: false }))
    expect(countStates('election', { T: 2, CRASH: 0 })).toBe(distinct)
  })

  test('replication', () => {
    const { distinct } = exploreModel(replicationModel({ terms: 2, entries: 1, crashes: 0 }))
    expect(countStates('replication', { T: 2, L: 1, C: 0 })).toBe(distinct)
  })
})
