/**
 * What a scenario may expect of the cluster at one instant (`expect one-leader`). Expectations are for scripts that
 * people write; requirements are judged all the time, whether or not a scenario expects anything.
 */
import { logUpToDate, majority } from '../models/raft/rules.ts'
import type {
  Configuration,
  Entry,
  Inspection,
  MemberState,
  Message,
  Position,
  Role,
} from '../models/raft/vocabulary.ts'
import type { NodeId } from '../models/vocabulary.ts'

/** What is seen of one node. `inspection` is needed only by expectations that `inspect`. */
export interface SeenNode {
  /** Up, and not crashed; a paused node is running. */
  readonly running: boolean
  readonly state: MemberState
  /** The message that was delivered to it last; null for none. */
  readonly received: Message | null
  readonly inspection?: Inspection | undefined
}

/** Every node of the scenario, in its order. */
export type Snapshot = ReadonlyMap<NodeId, SeenNode>

/** `node` may also be `leader`; `nodes` takes the rest of the line; `key` and `value` are written `key=value`. */
export type Parameter = 'node' | 'nodes' | 'number' | 'role' | 'key' | 'value'

export interface Expectation {
  readonly parameters: readonly Parameter[]
  /** One sentence for the usage page. */
  readonly meaning: string
  /** Whether the check reads `inspection` of the nodes. */
  readonly inspects: boolean
  /** Null if it holds; otherwise what was seen instead. Arguments fit the parameters. */
  check(snapshot: Snapshot, words: readonly string[]): string | null
}

export const roles: readonly Role[] = ['follower', 'pre-candidate', 'candidate', 'leader']

export const expectations: ReadonlyMap<string, Expectation> = new Map<string, Expectation>([
  [
    'one-leader',
    {
      parameters: [],
      meaning: 'Exactly one running node is leader.',
      inspects: false,
      check: (snapshot) => {
        const leaders = leadersOf(snapshot)
        return leaders.length === 1 ? null : `leaders: ${listed(leaders)}`
      },
    },
  ],
  [
    'no-leader',
    {
      parameters: [],
      meaning: 'No running node is leader.',
      inspects: false,
      check: (snapshot) => {
        const leaders = leadersOf(snapshot)
        return leaders.length === 0 ? null : `leaders: ${listed(leaders)}`
      },
    },
  ],
  [
    'leader',
    {
      parameters: ['node'],
      meaning: 'The node is leader, and no running node leads in a higher term.',
      inspects: false,
      check: (snapshot, [node]) => {
        const leader = leaderOf(snapshot)
        return leader === node ? null : `leader: ${leader ?? 'none'}`
      },
    },
  ],
  [
    'role',
    {
      parameters: ['node', 'role'],
      meaning: 'The node is running and has this role.',
      inspects: false,
      check: (snapshot, [node, role]) =>
        withNode(snapshot, node, ({ state }) => (state.role === role ? null : `it is ${state.role}`)),
    },
  ],
  ['term', { ...counter('term', (seen, wanted) => seen === wanted), meaning: 'The node is in exactly this term.' }],
  [
    'term-at-least',
    { ...counter('term', (seen, wanted) => seen >= wanted), meaning: 'The node is in this term or a later one.' },
  ],
  [
    'committed',
    { ...counter('commit', (seen, wanted) => seen >= wanted), meaning: 'The node knows that this index is committed.' },
  ],
  ['applied', { ...counter('applied', (seen, wanted) => seen >= wanted), meaning: 'The node has applied this index.' }],
  [
    'vote',
    {
      parameters: ['node', 'node'],
      meaning: 'The first node voted for the second in its current term.',
      inspects: false,
      check: (snapshot, [node, candidate]) =>
        withNode(snapshot, node, ({ state }) =>
          state.vote === candidate ? null : `it voted for ${state.vote ?? 'nobody'} in term ${state.term}`,
        ),
    },
  ],
  [
    'value',
    {
      parameters: ['node', 'key', 'value'],
      meaning: 'The key has this value in the store of the node.',
      inspects: true,
      check: (snapshot, [node, key, value]) =>
        withStore(snapshot, node, (store) => {
          const seen = store.get(key!)
          return seen === value
            ? null
            : seen === undefined
              ? 'the key is absent'
              : `the value is ${JSON.stringify(seen)}`
        }),
    },
  ],
  [
    'absent',
    {
      parameters: ['node', 'key'],
      meaning: 'The key is not in the store of the node.',
      inspects: true,
      check: (snapshot, [node, key]) =>
        withStore(snapshot, node, (store) =>
          store.has(key!) ? `the value is ${JSON.stringify(store.get(key!))}` : null,
        ),
    },
  ],
  [
    'voters',
    {
      parameters: ['node', 'nodes'],
      meaning: 'The configuration in effect at the node has exactly these voters, and is not joint.',
      inspects: false,
      check: (snapshot, [node, ...voters]) =>
        withNode(snapshot, node, ({ state: { configuration } }) => {
          const joint = configuration.outgoing.length > 0 ? ` joint with ${listed(configuration.outgoing)}` : ''
          const fits = joint === '' && listed([...configuration.voters].sort()) === listed([...voters].sort())
          return fits ? null : `its voters are ${listed(configuration.voters)}${joint}`
        }),
    },
  ],
  [
    'agreement',
    {
      parameters: [],
      meaning: 'All running members of the leader’s configuration have its commit index and its store.',
      inspects: true,
      check: agreement,
    },
  ],
  [
    'running',
    {
      parameters: ['node'],
      meaning: 'The node is running.',
      inspects: false,
      check: (snapshot, [node]) => withNode(snapshot, node, () => null),
    },
  ],
  [
    'down',
    {
      parameters: ['node'],
      meaning: 'The node is crashed.',
      inspects: false,
      check: (snapshot, [node]) => (snapshot.get(node!)?.running === true ? 'it is running' : null),
    },
  ],
  [
    'split-vote',
    {
      parameters: [],
      meaning: 'Several running nodes are candidates of one term, and none of them can win it any more.',
      inspects: false,
      check: splitVote,
    },
  ],
  [
    'two-leaders',
    {
      parameters: [],
      meaning: 'Two running nodes lead, in different terms.',
      inspects: false,
      check: (snapshot) => {
        const leaders = leadersOf(snapshot)
        const terms = new Set(leaders.map((node) => snapshot.get(node)!.state.term))
        return terms.size > 1 ? null : `leaders: ${listed(leaders)}`
      },
    },
  ],
  [
    'diverged',
    {
      parameters: ['node', 'node', 'number'],
      meaning: 'The logs of both nodes hold entries of different terms at so many indexes, or at more.',
      inspects: true,
      check: (snapshot, [left, right, wanted]) =>
        withInspection(snapshot, left, (one) =>
          withInspection(snapshot, right, (other) => {
            const differ = one.entries.filter(({ index, term }) => (termAt(other, index) ?? term) !== term).length
            return differ >= Number(wanted) ? null : `they differ at ${differ}`
          }),
        ),
    },
  ],
  [
    'older-entry-on-majority',
    {
      parameters: [],
      meaning: 'A majority holds an uncommitted entry of a term before the leader’s, which another member could erase.',
      inspects: true,
      check: olderEntryOnMajority,
    },
  ],
  [
    'removed',
    {
      parameters: ['node'],
      meaning: 'The node has committed a configuration of which it is no member.',
      inspects: true,
      check: (snapshot, [node]) =>
        withInspection(snapshot, node, ({ state: { commit, configuration }, entries }) => {
          const { voters, outgoing, learners } = configuration
          if ([...voters, ...outgoing, ...learners].includes(node!)) return 'it is a member'
          const open = entries.some(({ index, kind }) => kind === 'configuration' && index > commit)
          return open ? 'that is not committed' : null
        }),
    },
  ],
  [
    'snapshot-behind-append',
    {
      parameters: ['node'],
      meaning: 'What reached the node last is a snapshot, and its log goes beyond it.',
      inspects: true,
      check: (snapshot, [node]) =>
        withInspection(snapshot, node, (inspection, received) => {
          if (received?.kind !== 'install-snapshot') return `what reached it last is ${received?.kind ?? 'nothing'}`
          const last = lastOf(inspection).index
          return last > received.lastIndex ? null : `its log ends at ${last}, the snapshot at ${received.lastIndex}`
        }),
    },
  ],
  [
    'append-behind-snapshot',
    {
      parameters: ['node'],
      meaning: 'What reached the node last is an append that begins before the snapshot under its log.',
      inspects: true,
      check: (snapshot, [node]) =>
        withInspection(snapshot, node, ({ base }, received) => {
          if (received?.kind !== 'append-entries') return `what reached it last is ${received?.kind ?? 'nothing'}`
          return received.previousIndex < base.index
            ? null
            : `it begins after ${received.previousIndex}, and the log after ${base.index}`
        }),
    },
  ],
])

/** Whether evaluating this needs `inspection` of the nodes in the snapshot. */
export function inspects(name: string): boolean {
  return expectations.get(name)?.inspects ?? false
}

/**
 * Checks one `expect` step. Null if it holds; otherwise one sentence that says what was expected and what was seen.
 * An unknown expectation never holds.
 */
export function evaluate(name: string, words: readonly string[], snapshot: Snapshot): string | null {
  const expectation = expectations.get(name)
  if (expectation === undefined) return `there is no expectation '${name}'`
  const resolved: string[] = []
  for (const [position, word] of words.entries()) {
    const node = expectation.parameters[position] === 'node'
    const leader = node && word === 'leader' ? leaderOf(snapshot) : word
    if (leader === null) return `expected ${[name, ...words].join(' ')}: there is no leader`
    resolved.push(leader)
  }
  const seen = expectation.check(snapshot, resolved)
  return seen === null ? null : `expected ${[name, ...words].join(' ')}: ${seen}`
}

/** The running leader with the highest term; null if there is none. */
export function leaderOf(snapshot: Snapshot): NodeId | null {
  let best: NodeId | null = null
  let term = -1
  for (const [node, { running, state }] of snapshot) {
    if (running && state.role === 'leader' && state.term > term) {
      best = node
      term = state.term
    }
  }
  return best
}

function leadersOf(snapshot: Snapshot): NodeId[] {
  return [...snapshot].filter(([, { running, state }]) => running && state.role === 'leader').map(([node]) => node)
}

function listed(nodes: readonly NodeId[]): string {
  return nodes.length === 0 ? 'none' : nodes.join(' ')
}

function withNode(
  snapshot: Snapshot,
  node: NodeId | undefined,
  check: (seen: SeenNode) => string | null,
): string | null {
  const seen = snapshot.get(node ?? '')
  return seen === undefined || !seen.running ? 'it is down' : check(seen)
}

function withStore(
  snapshot: Snapshot,
  node: NodeId | undefined,
  check: (store: ReadonlyMap<string, string>) => string | null,
): string | null {
  return withInspection(snapshot, node, ({ store }) => check(new Map(store)))
}

function withInspection(
  snapshot: Snapshot,
  node: NodeId | undefined,
  check: (inspection: Inspection, received: Message | null) => string | null,
): string | null {
  return withNode(snapshot, node, ({ inspection, received }) =>
    inspection === undefined ? 'it cannot be inspected' : check(inspection, received),
  )
}

function counter(field: 'term' | 'commit' | 'applied', fits: (seen: number, wanted: number) => boolean) {
  const parameters: readonly Parameter[] = ['node', 'number']
  return {
    parameters,
    inspects: false,
    check: (snapshot: Snapshot, [node, wanted]: readonly string[]) =>
      withNode(snapshot, node, ({ state }) =>
        fits(state[field], Number(wanted)) ? null : `its ${field} is ${state[field]}`,
      ),
  }
}

function agreement(snapshot: Snapshot): string | null {
  const leader = leaderOf(snapshot)
  if (leader === null) return 'there is no leader'
  const { state, inspection } = snapshot.get(leader)!
  const { voters, outgoing, learners } = state.configuration
  for (const node of new Set([...voters, ...outgoing, ...learners])) {
    const seen = snapshot.get(node)
    if (seen === undefined || !seen.running) continue
    if (seen.state.commit !== state.commit) {
      return `commit is ${state.commit} at ${leader} and ${seen.state.commit} at ${node}`
    }
    if (JSON.stringify(seen.inspection?.store) !== JSON.stringify(inspection?.store)) {
      return `the stores of ${leader} and ${node} differ`
    }
  }
  return null
}

function splitVote(snapshot: Snapshot): string | null {
  const candidates = [...snapshot].filter(([, { running, state }]) => running && state.role === 'candidate')
  const [first] = candidates
  if (first === undefined) return 'there are no candidates'
  const { term, configuration } = first[1].state
  if (candidates.length < 2 || candidates.some(([, { state }]) => state.term !== term)) {
    return `candidates: ${candidates.map(([node, { state }]) => `${node} of term ${state.term}`).join(', ')}`
  }
  for (const [candidate] of candidates) {
    const mayVote = (node: NodeId): boolean => {
      const { state } = snapshot.get(node)!
      return state.term < term || (state.term === term && (state.vote ?? candidate) === candidate)
    }
    if (isQuorum(configuration, mayVote)) return `${candidate} may still win`
  }
  return null
}

function olderEntryOnMajority(snapshot: Snapshot): string | null {
  const committed = Math.max(...[...snapshot.values()].map(({ state }) => state.commit))
  const logs = new Map([...snapshot].flatMap(([node, { inspection }]) => (inspection ? [[node, inspection]] : [])))
  for (const leader of leadersOf(snapshot)) {
    const { state, inspection } = snapshot.get(leader)!
    const isOlder = ({ index, term }: Entry): boolean => index > committed && term < state.term
    for (const { index, term } of inspection?.entries.filter(isOlder) ?? []) {
      const holds = (node: NodeId): boolean => termAt(logs.get(node), index) === term
      const mayErase = ([rival, log]: [NodeId, Inspection]): boolean =>
        (termAt(log, index) ?? term) > term &&
        isQuorum(state.configuration, (node) => node === rival || isUpToDate(log, logs.get(node)))
      if (isQuorum(state.configuration, holds) && [...logs].some(mayErase)) return null
    }
  }
  return `leaders: ${listed(leadersOf(snapshot))}, committed: ${committed}`
}

/** Whether these nodes are a majority of the voters, in a joint configuration of both halves. */
function isQuorum({ voters, outgoing }: Configuration, counts: (node: NodeId) => boolean): boolean {
  return [voters, outgoing].every((half) => half.filter(counts).length >= majority(half.length))
}

/** The term of the entry at this index, or of the position before the log; undefined where the log does not say. */
function termAt(log: Inspection | undefined, index: number): number | undefined {
  if (log === undefined) return undefined
  return index === log.base.index ? log.base.term : log.entries[index - log.base.index - 1]?.term
}

function lastOf({ base, entries }: Inspection): Position {
  return entries.at(-1) ?? base
}

/** Whether a candidate with the first log may have the vote of a member with the second, as far as logs decide. */
function isUpToDate(candidate: Inspection, voter: Inspection | undefined): boolean {
  if (voter === undefined) return false
  const own = lastOf(candidate)
  const other = lastOf(voter)
  return logUpToDate(own.term, own.index, other.term, other.index)
}
