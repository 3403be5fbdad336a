/** What is published of the rules: values by which the implementations that they come from are tested, or that follow at once from a source. */
import type * as networkDb from '../../../models/networkdb/rules.ts'
import type * as ipam from '../../../models/ipam/rules.ts'
import type * as swim from '../../../models/swim/rules.ts'
import type { Vectors } from './mutated-rules.ts'

/** [Serf] lamport.go; [ML] util.go, as its own tests have them; [ND] newNetworkDB with the settings of Docker. */
export const networkDbVectors: Vectors<typeof networkDb> = [
  ['witness', [0, 5], 6],
  ['witness', [6, 5], 6],
  ['witness', [5, 5], 6],
  ['witness', [9, 3], 9],
  ['roundsAtMost', [4, 1], 4],
  ['roundsAtMost', [4, 9], 4],
  ['roundsAtMost', [4, 10], 8],
  ['roundsAtMost', [4, 99], 8],
  ['roundsAtMost', [4, 100], 12],
  ['attachmentReapInterval', [1_800_000, 5_000], 1_825_000],
]

/** A record as the rules pack it: the status is 1 for alive, 2 suspect, 3 dead, 4 left. */
const held = (status: number, incarnation: number): number => incarnation * 8 + status
const UNKNOWN = 0
const ALIVE = 1
const SUSPECT = 2
const DEAD = 3
const LEFT = 4

/** [ML] util_test.go, suspicion_test.go, awareness_test.go; its aliveNode and suspectNode; [SWIM] §4.2 on which update overrides which. */
export const swimVectors: Vectors<typeof swim> = [
  ['afterAlive', [held(UNKNOWN, 0), 0, false], held(DEAD, 0)],
  ['afterAlive', [held(UNKNOWN, 0), 1, false], held(ALIVE, 1)],
  ['suspicionTimeout', [3, 5, 1000], 3 * 1000],
  ['suspicionTimeout', [3, 10, 1000], 3 * 1000],
  ['suspicionTimeout', [3, 50, 1000], 3 * 1698],
  ['suspicionTimeout', [3, 100, 1000], 3 * 2000],
  ['suspicionTimeout', [3, 500, 1000], 3 * 2698],
  ['suspicionTimeout', [3, 1000, 1000], 3 * 3000],
  ['retransmitLimit', [3, 0], 0],
  ['retransmitLimit', [3, 1], 3],
  ['retransmitLimit', [3, 99], 6],
  ['retransmitLimit', [4, 9], 4],
  ['retransmitLimit', [4, 10], 8],
  ['retransmitLimit', [4, 99], 8],
  ['retransmitLimit', [4, 100], 12],
  ['pushPullScale', [1000, 0], 1000],
  ['pushPullScale', [1000, 32], 1000],
  ['pushPullScale', [1000, 33], 2000],
  ['pushPullScale', [1000, 64], 2000],
  ['pushPullScale', [1000, 65], 3000],
  ['pushPullScale', [1000, 128], 3000],
  ['suspicionDuration', [0, 3, 2_000, 30_000], 30_000],
  ['suspicionDuration', [1, 3, 2_000, 30_000], 16_000],
  ['suspicionDuration', [2, 3, 2_000, 30_000], 7_810],
  ['suspicionDuration', [3, 3, 2_000, 30_000], 2_000],
  ['suspicionDuration', [4, 3, 2_000, 30_000], 2_000],
  ['suspicionDuration', [5, 3, 2_000, 30_000], 2_000],
  ['suspicionDuration', [0, 0, 2_000, 30_000], 2_000],
  ['confirmationsWanted', [4, 3], 0],
  ['confirmationsWanted', [4, 4], 2],
  ['confirmationsWanted', [4, 9], 2],
  ['confirmationsWanted', [3, 2], 0],
  ['confirmationsWanted', [3, 3], 1],
  ['scoreAfter', [0, -1, 8], 0],
  ['scoreAfter', [7, 1, 8], 7],
  ['scoreAfter', [3, 2, 8], 5],
  ['paperAllows', [held(DEAD, 1), ALIVE, 2, held(DEAD, 1)], true],
  ['paperAllows', [held(LEFT, 1), ALIVE, 2, held(LEFT, 1)], true],
  ['paperAllows', [held(UNKNOWN, 0), ALIVE, 1, held(UNKNOWN, 0)], true],
  ['paperAllows', [held(ALIVE, 1), ALIVE, 2, held(ALIVE, 1)], false],
  ['paperAllows', [held(SUSPECT, 1), ALIVE, 2, held(SUSPECT, 1)], false],
  ['paperAllows', [held(DEAD, 1), ALIVE, 2, held(SUSPECT, 2)], false],
  ['paperAllows', [held(SUSPECT, 1), SUSPECT, 2, held(SUSPECT, 2)], true],
  ['paperAllows', [held(SUSPECT, 2), SUSPECT, 1, held(SUSPECT, 1)], false],
  ['paperAllows', [held(ALIVE, 1), SUSPECT, 2, held(ALIVE, 1)], false],
  ['paperAllows', [held(DEAD, 1), SUSPECT, 2, held(SUSPECT, 2)], false],
  ['paperAllows', [held(ALIVE, 2), DEAD, 1, held(DEAD, 2)], true],
  ['paperAllows', [held(ALIVE, 2), DEAD, 1, held(DEAD, 1)], true],
  ['paperAllows', [held(SUSPECT, 2), DEAD, 1, held(LEFT, 2)], true],
  ['paperAllows', [held(ALIVE, 2), DEAD, 1, held(UNKNOWN, 0)], true],
  ['paperAllows', [held(ALIVE, 2), DEAD, 1, held(ALIVE, 2)], false],
  ['paperAllows', [held(ALIVE, 2), DEAD, 1, held(DEAD, 3)], false],
  ['paperAllows', [held(DEAD, 1), DEAD, 2, held(DEAD, 2)], false],
  ['paperAllows', [held(DEAD, 1), DEAD, 2, held(UNKNOWN, 0)], false],
]

/** 10.1.x.0 with a prefix of that length. */
const subnet = (third: number, bits: number) => ({ v6: false, base: BigInt(0x0a010000 + third * 256), bits })

/** RFC 3021 on subnets of two addresses, RFC 4291 on the anycast address; [IPAM], and moby/moby#46756, for all else. */
export const ipamVectors: Vectors<typeof ipam> = [
  ['isReserved', [false, 24, 0], true],
  ['isReserved', [false, 24, 1], false],
  ['isReserved', [false, 24, 255], true],
  ['isReserved', [false, 31, 0], false],
  ['isReserved', [false, 31, 1], false],
  ['isReserved', [false, 32, 0], false],
  ['isReserved', [true, 126, 0], true],
  ['isReserved', [true, 126, 3], false],
  ['mayStandBeside', [subnet(0, 24), '', subnet(1, 24), ''], true],
  ['mayStandBeside', [subnet(0, 24), '', subnet(0, 24), ''], false],
  ['mayStandBeside', [subnet(0, 24), '10.1.0.0/25', subnet(0, 24), ''], true],
  ['mayStandBeside', [subnet(0, 24), '', subnet(0, 24), '10.1.0.0/25'], false],
  ['mayStandBeside', [subnet(0, 24), '10.1.0.0/25', subnet(0, 24), '10.1.0.128/25'], true],
  ['mayStandBeside', [subnet(0, 24), '10.1.0.0/25', subnet(0, 24), '10.1.0.0/25'], false],
  ['mayStandBeside', [subnet(0, 16), '10.1.128.0/24', subnet(0, 24), ''], false],
]
