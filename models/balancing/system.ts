/**
 * Two small systems of balancing, to be searched: the mesh of three nodes with two tasks of one service, whose nodes
 * hear of tasks late; and the addresses of two services, of which nodes hear late, too.
 */
import type { Emit, SystemModel, SystemProperty } from '../explorer.ts'
import { afterTaskInput, hears, type TaskInput, type TaskStatus } from './rules.ts'

const NODES = 3

// The mesh.

export interface MeshBounds {
  /** How often the state of each task changes at most. */
  readonly changes: number
}

/** The rules that the mesh is to be searched with; each may be weakened, to see that it is noticed. */
export interface MeshRules {
  /** Whether a backend as a node knows it gets a new connection. */
  mayChoose(status: TaskStatus): boolean
  /** Whether a connection that was passed on so often may be passed on. */
  mayForward(hops: number): boolean
  /** Whether a node lets a connection have its task. */
  mayAnswer(status: TaskStatus): boolean
  /** Whether a node takes over what it is told of a version, above or below that which it holds. */
  takes(held: number, told: number): boolean
}

export const meshRules: MeshRules = {
  mayChoose: (status) => status === 'active',
  mayForward: (hops) => hops === 0,
  mayAnswer: (status) => status !== 'absent',
  takes: (held, told) => hears({ life: 1, version: held }, { life: 1, since: 0, version: told }) === 'news',
}

const statuses: readonly TaskStatus[] = ['absent', 'starting', 'active', 'draining']
const inputs: readonly TaskInput[] = ['start', 'enable', 'disable', 'stop']
const TASKS = 2

// A word a task: its version, and its status of every version. A word a node: the version that it holds of each task.
// The last word: the connection: stage, the node where it is, the task that it is for, and how often it was passed on.
const VIEWS = TASKS
const CONNECTION = VIEWS + NODES
const VERSION = 0xf
const statusAt = (word: number, version: number): number => (word >> (4 + 2 * version)) & 3
const heldOf = (word: number, task: number): number => (word >> (4 * task)) & 0xf

const IDLE = 0
const UNDER_WAY = 1
const ANSWERED = 2
const REFUSED = 3
const stageOf = (word: number): number => word & 3
const placeOf = (word: number): number => (word >> 2) & 3
const taskOf = (word: number): number => (word >> 4) & 3
const hopsOf = (word: number): number => (word >> 6) & 7
const connectionWord = (stage: number, place: number, task: number, hops: number): number =>
  stage | (place << 2) | (task << 4) | (hops << 6)

export type MeshAction =
  | { readonly type: 'task'; readonly task: string; readonly input: TaskInput }
  | { readonly type: 'hears'; readonly node: string; readonly task: string; readonly version: number }
  | { readonly type: 'connects'; readonly node: string; readonly task: string }
  | { readonly type: 'refuses'; readonly node: string }
  | { readonly type: 'arrives' | 'forwards' | 'ends' }

const kinds = ['task', 'hears', 'connects', 'refuses', 'arrives', 'forwards', 'ends'] as const
const encode = (kind: (typeof kinds)[number], one = 0, two = 0, three = 0): number =>
  kinds.indexOf(kind) | (one << 3) | (two << 6) | (three << 9)

const nodeName = (node: number): string => `n${node + 1}`
const taskName = (task: number): string => `t${task + 1}`

function decodeMesh(action: number): MeshAction {
  const type = kinds[action & 7]!
  const one = (action >> 3) & 7
  const two = (action >> 6) & 7
  switch (type) {
    case 'task':
      return { type, task: taskName(one), input: inputs[two]! }
    case 'hears':
      return { type, node: nodeName(one), task: taskName(two), version: action >> 9 }
    case 'connects':
      return { type, node: nodeName(one), task: taskName(two) }
    case 'refuses':
      return { type, node: nodeName(one) }
    default:
      return { type }
  }
}

/** Tasks on the first two of three nodes; each change is heard by every node at any time, in any order, or never. */
export function meshModel({ changes }: MeshBounds, rules: MeshRules = meshRules): SystemModel<MeshAction> {
  const words = CONNECTION + 1
  const next = new Int32Array(words)
  const load = (states: Int32Array, at: number): void => {
    for (let word = 0; word < words; word++) next[word] = states[at + word]!
  }
  const statusNow = (states: Int32Array, at: number, task: number): TaskStatus => {
    const word = states[at + task]!
    return statuses[statusAt(word, word & VERSION)]!
  }
  /** What a node knows of a task: its own is as it is. */
  const known = (states: Int32Array, at: number, node: number, task: number): TaskStatus => {
    if (node === task) return statusNow(states, at, task)
    return statuses[statusAt(states[at + task]!, heldOf(states[at + VIEWS + node]!, task))]!
  }

  const always = (
    name: string,
    holds: (connection: number, states: Int32Array, at: number) => boolean,
  ): SystemProperty => ({
    name,
    kind: 'always',
    holds: (states, at) => holds(states[at + CONNECTION]!, states, at),
  })
  const sometimes = (name: string, holds: SystemProperty['holds']): SystemProperty => ({
    name,
    kind: 'sometimes',
    holds,
  })
  const isCurrent = (states: Int32Array, at: number, node: number): boolean =>
    Array.from({ length: TASKS }, (_, task) => task).every(
      (task) => node === task || heldOf(states[at + VIEWS + node]!, task) === (states[at + task]! & VERSION),
    )

  const properties: SystemProperty[] = [
    always('no connection is passed on twice', (connection) => hopsOf(connection) <= 1),
    always(
      'who is answered has a task that runs',
      (connection, states, at) =>
        stageOf(connection) !== ANSWERED || statusNow(states, at, taskOf(connection)) !== 'absent',
    ),
    always(
      'who knows all chooses only those that take more',
      (connection, states, at) =>
        stageOf(connection) !== UNDER_WAY ||
        hopsOf(connection) > 0 ||
        !isCurrent(states, at, placeOf(connection)) ||
        statusNow(states, at, taskOf(connection)) === 'active',
    ),
    always(
      'who knows all refuses nobody while a task takes more',
      (connection, states, at) =>
        stageOf(connection) !== REFUSED ||
        hopsOf(connection) > 0 ||
        !isCurrent(states, at, placeOf(connection)) ||
        [0, 1].every((task) => statusNow(states, at, task) !== 'active'),
    ),
    sometimes(
      'a task of another node answers',
      (states, at) => stageOf(states[at + CONNECTION]!) === ANSWERED && hopsOf(states[at + CONNECTION]!) === 1,
    ),
    sometimes(
      'a connection is lost to a task that has gone',
      (states, at) => stageOf(states[at + CONNECTION]!) === REFUSED && hopsOf(states[at + CONNECTION]!) === 1,
    ),
  ]

  const become = (states: Int32Array, at: number, task: number, emit: Emit): void => {
    const word = states[at + task]!
    const version = word & VERSION
    if (version >= changes) return
    for (const [number, input] of inputs.entries()) {
      const after = afterTaskInput(statusNow(states, at, task), input)
      if (after === null || after === statusNow(states, at, task)) continue
      load(states, at)
      // A connection that was answered ends with its task.
      const connection = states[at + CONNECTION]!
      if (after === 'absent' && stageOf(connection) === ANSWERED && taskOf(connection) === task) next[CONNECTION] = 0
      // What was decided was decided by what was known then.
      else if (stageOf(connection) === REFUSED || (stageOf(connection) === UNDER_WAY && hopsOf(connection) === 0))
        continue
      next[task] = (word & ~VERSION) | (version + 1) | (statuses.indexOf(after) << (4 + 2 * (version + 1)))
      emit(encode('task', task, number))
    }
  }

  const hear = (states: Int32Array, at: number, node: number, task: number, emit: Emit): void => {
    const held = heldOf(states[at + VIEWS + node]!, task)
    const connection = states[at + CONNECTION]!
    if (node === task || stageOf(connection) === REFUSED) return
    if (stageOf(connection) === UNDER_WAY && hopsOf(connection) === 0) return
    for (let told = 0; told <= (states[at + task]! & VERSION); told++) {
      if (told === held || !rules.takes(held, told)) continue
      load(states, at)
      next[VIEWS + node] = (states[at + VIEWS + node]! & ~(0xf << (4 * task))) | (told << (4 * task))
      emit(encode('hears', node, task, told))
    }
  }

  /** A node chooses, or refuses. */
  const decideAt = (states: Int32Array, at: number, node: number, hops: number, emit: Emit): void => {
    let refused = true
    for (let task = 0; task < TASKS; task++) {
      if (!rules.mayChoose(known(states, at, node, task))) continue
      refused = false
      load(states, at)
      next[CONNECTION] = connectionWord(UNDER_WAY, node, task, hops)
      emit(hops === 0 ? encode('connects', node, task) : encode('forwards'))
    }
    if (!refused || hops > 0) return
    load(states, at)
    next[CONNECTION] = connectionWord(REFUSED, node, 0, 0)
    emit(encode('refuses', node))
  }

  /** A connection comes to the node of its task. */
  const arrive = (states: Int32Array, at: number, connection: number, emit: Emit): void => {
    const task = taskOf(connection)
    const hops = hopsOf(connection) + (placeOf(connection) === task || hopsOf(connection) > 0 ? 0 : 1)
    if (hopsOf(connection) > 1) return
    load(states, at)
    const isThere = rules.mayAnswer(statusNow(states, at, task))
    next[CONNECTION] = connectionWord(isThere ? ANSWERED : REFUSED, placeOf(connection), task, hops)
    emit(encode('arrives'))
    if (!isThere && hops > 0 && rules.mayForward(hops)) decideAt(states, at, task, hops + 1, emit)
  }

  return {
    name: `mesh, ${changes} changes of each task`,
    words,
    next,
    properties,
    initial(emit) {
      next.fill(0)
      emit(0)
    },
    successors(states, at, emit) {
      const connection = states[at + CONNECTION]!
      for (let task = 0; task < TASKS; task++) {
        become(states, at, task, emit)
        for (let node = 0; node < NODES; node++) hear(states, at, node, task, emit)
      }
      if (stageOf(connection) === IDLE) {
        for (let node = 0; node < NODES; node++) decideAt(states, at, node, 0, emit)
      } else if (stageOf(connection) === UNDER_WAY) arrive(states, at, connection, emit)
      else {
        load(states, at)
        next[CONNECTION] = 0
        emit(encode('ends'))
      }
    },
    describe(states, at) {
      const connection = states[at + CONNECTION]!
      const stages = ['no connection', 'under way', 'answered', 'refused']
      return [
        ...[0, 1].map((task) => `${taskName(task)} ${statusNow(states, at, task)}`),
        ...Array.from({ length: NODES }, (_, node) => {
          const seen = [0, 1].map((task) => known(states, at, node, task))
          return `${nodeName(node)} knows ${seen.join(' ')}`
        }),
        `${stages[stageOf(connection)]!}${stageOf(connection) === IDLE ? '' : ` for ${taskName(taskOf(connection))}, ${hopsOf(connection)} passed on`}`,
      ].join('; ')
    },
    describeAction: (action) => describeMesh(decodeMesh(action)),
    decodeAction: decodeMesh,
  }
}

function describeMesh(action: MeshAction): string {
  switch (action.type) {
    case 'task':
      return `${action.task}: ${action.input}`
    case 'hears':
      return `${action.node} hears of ${action.task}, version ${action.version}`
    case 'connects':
      return `a connection at ${action.node}, for ${action.task}`
    case 'refuses':
      return `a connection is refused at ${action.node}`
    case 'arrives':
      return 'it arrives'
    case 'forwards':
      return 'it is passed on once more'
    case 'ends':
      return 'it ends'
  }
}
