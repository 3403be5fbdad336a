/** What must hold in the system model of the network database, and what must be reached. */
import type { SystemProperty } from '../../explorer.ts'
import type { NetworkDbBounds } from './bounds.ts'
import {
  ABSENT,
  BURIED_UNKNOWN,
  LIVE,
  SHOWN_AGAIN,
  SUSPENDED,
  TOMBSTONE,
  UNTIMELY,
  WENT_BACK,
  isJoined,
  ownerOf,
  statusOf,
  timeOf,
  type Layout,
} from './state.ts'

type Holds = SystemProperty['holds']

/** `isAtRest`: nobody is out of sight, and no two nodes have anything to tell each other. */
export function propertiesOf(bounds: NetworkDbBounds, layout: Layout, isAtRest: Holds): SystemProperty[] {
  const { nodes, keys, times, writers, attachments, failures, reaps } = bounds
  const everywhere = (states: Int32Array, at: number, holds: (node: number, entry: number, key: number) => boolean) => {
    for (let node = 0; node < nodes; node++)
      for (let key = 0; key < keys; key++) if (!holds(node, layout.entry(states, at, node, key), key)) return false
    return true
  }
  const isIn = (states: Int32Array, at: number, node: number): boolean =>
    isJoined(layout.attachment(states, at, node, node))

  /** What is held under somebody's name was made by him, once and with this content. */
  const isMade: Holds = (states, at) =>
    everywhere(
      states,
      at,
      (_node, entry, key) =>
        statusOf(entry) === ABSENT ||
        layout.isMade(states, at, key, ownerOf(entry), timeOf(entry), statusOf(entry) === TOMBSTONE),
    )

  /** Only of who is in the network something is held, and only of who is there it is shown. */
  const fitsOwner: Holds = (states, at) =>
    everywhere(states, at, (node, entry) => {
      const status = statusOf(entry)
      if (status === ABSENT) return true
      const owner = ownerOf(entry)
      if (!isIn(states, at, node)) return owner === node && status === TOMBSTONE
      if (owner === node) return status !== SUSPENDED
      if (!isJoined(layout.attachment(states, at, node, owner))) return false
      if (status === TOMBSTONE) return true
      return (status === SUSPENDED) === layout.isFailed(states, at, node, owner)
    })

  const isBehindClock: Holds = (states, at) =>
    everywhere(states, at, (node, entry) => timeOf(entry) <= layout.clock(states, at, node))

  /** The only one that has written a key; -1 if several have, or nobody. */
  const writerOf = (states: Int32Array, at: number, key: number): number => {
    const made = layout.made(states, at, key)
    const share = (1 << (2 * times)) - 1
    let writer = -1
    for (let node = 0; node < nodes; node++) {
      if (((made >> (2 * times * node)) & share) === 0) continue
      if (writer >= 0) return -1
      writer = node
    }
    return writer
  }

  /** Whether a node shows of a key just what its writer does, or nothing where that one is not in the network. */
  const showsAs = (states: Int32Array, at: number, node: number, key: number, writer: number): boolean => {
    const held = layout.entry(states, at, node, key)
    const written = layout.entry(states, at, writer, key)
    if (isIn(states, at, writer) && statusOf(written) === LIVE) return held === written
    return statusOf(held) !== LIVE
  }

  const agreeOnKeys: Holds = (states, at) => {
    for (let key = 0; key < keys; key++) {
      const writer = writerOf(states, at, key)
      if (writer < 0) continue
      for (let node = 0; node < nodes; node++)
        if (isIn(states, at, node) && !showsAs(states, at, node, key, writer)) return false
    }
    return true
  }

  const agreeOnMembers: Holds = (states, at) => {
    for (let node = 0; node < nodes; node++) {
      for (let other = 0; other < nodes; other++) {
        const isMember = isJoined(layout.attachment(states, at, node, other))
        if (isMember !== isIn(states, at, other)) return false
      }
    }
    return true
  }

  /** Several may write a key: whoever is in the network shows the same of it. */
  const agreeOnLatest: Holds = (states, at) => {
    for (let key = 0; key < keys; key++) {
      let shown = -1
      for (let node = 0; node < nodes; node++) {
        if (!isIn(states, at, node)) continue
        const entry = layout.entry(states, at, node, key)
        const seen = statusOf(entry) === LIVE ? entry : ABSENT
        if (shown >= 0 && seen !== shown) return false
        shown = seen
      }
    }
    return true
  }

  /** Whether two nodes have made something of one key at one time. */
  const hasTie = (states: Int32Array, at: number): boolean => {
    for (let key = 0; key < keys; key++) {
      for (let time = 1; time <= times; time++) {
        let makers = 0
        for (let node = 0; node < nodes; node++) {
          const isOf = (deletes: boolean): boolean => layout.isMade(states, at, key, node, time, deletes)
          if (isOf(false) || isOf(true)) makers++
        }
        if (makers > 1) return true
      }
    }
    return false
  }
  const everybodyStayed = (states: Int32Array, at: number): boolean => {
    for (let node = 0; node < nodes; node++) if (layout.attachment(states, at, node, node) !== 1) return false
    return true
  }

  const some =
    (holds: (states: Int32Array, at: number, node: number, entry: number, key: number) => boolean): Holds =>
    (states, at) =>
      !everywhere(states, at, (node, entry, key) => !holds(states, at, node, entry, key))
  const always = (name: string, holds: Holds, applies = true): SystemProperty[] =>
    applies ? [{ name, kind: 'always', holds }] : []
  const sometimes = (name: string, holds: Holds, applies = true): SystemProperty[] =>
    applies ? [{ name, kind: 'sometimes', holds }] : []
  const ever =
    (bit: number): Holds =>
    (states, at) =>
      layout.has(states, at, bit)
  const inTime = (states: Int32Array, at: number): boolean => !layout.has(states, at, UNTIMELY)
  /** All that are in the network, two at least, hold of a key what another owns. */
  const allHold = (status: number): Holds =>
    some((states, at, node, entry, key) => {
      if (statusOf(entry) !== status || ownerOf(entry) !== node) return false
      for (let other = 0; other < nodes; other++) if (layout.entry(states, at, other, key) !== entry) return false
      return true
    })

  return [
    ...always('records never go back', (states, at) => !layout.has(states, at, WENT_BACK)),
    ...always('what is held was made by its owner', isMade),
    ...always('what is shown is of who is there', fitsOwner),
    ...always('a clock is not behind what its node holds', isBehindClock),
    ...always(
      'at rest members are known, unless a departure was forgotten too early',
      (states, at) => !inTime(states, at) || agreeOnMembers(states, at) || !isAtRest(states, at),
    ),
    ...always(
      'at rest all show what the writer shows, unless a deletion was forgotten too early',
      (states, at) => !inTime(states, at) || agreeOnKeys(states, at) || !isAtRest(states, at),
    ),
    ...always(
      'at rest all show the latest of several writers, where no two wrote at one time and none left',
      (states, at) =>
        !inTime(states, at) ||
        !everybodyStayed(states, at) ||
        agreeOnLatest(states, at) ||
        hasTie(states, at) ||
        !isAtRest(states, at),
      writers > 1,
    ),
    ...sometimes('all hold an entry', allHold(LIVE)),
    ...sometimes('all hold a deletion', allHold(TOMBSTONE)),
    ...sometimes('a deletion comes before what it deletes', ever(BURIED_UNKNOWN)),
    ...sometimes(
      'what was deleted is shown still',
      some((states, at, _node, entry, key) => {
        const own = layout.entry(states, at, ownerOf(entry), key)
        return statusOf(entry) === LIVE && statusOf(own) === TOMBSTONE && timeOf(own) > timeOf(entry)
      }),
    ),
    ...sometimes('what was hidden is shown again', ever(SHOWN_AGAIN), failures),
    ...sometimes(
      'who was gone is back with an entry',
      some(
        (states, at, node, entry) =>
          statusOf(entry) === LIVE &&
          ownerOf(entry) !== node &&
          layout.attachment(states, at, node, ownerOf(entry)) === 3,
      ),
      attachments === 3 && times > 2,
    ),
    ...sometimes(
      'a deletion that was forgotten too early is undone for good',
      (states, at) => !inTime(states, at) && !agreeOnKeys(states, at) && isAtRest(states, at),
      reaps && times > 1,
    ),
    ...sometimes(
      'two that wrote at one time differ for good',
      (states, at) => hasTie(states, at) && !agreeOnLatest(states, at) && isAtRest(states, at),
      writers > 1,
    ),
    ...sometimes(
      'what is left of an entry differs for good, as its latest writer is gone',
      (states, at) =>
        inTime(states, at) &&
        !hasTie(states, at) &&
        !everybodyStayed(states, at) &&
        !agreeOnLatest(states, at) &&
        isAtRest(states, at),
      nodes > 2 && writers > 1 && attachments > 1 && times > 3,
    ),
  ]
}
