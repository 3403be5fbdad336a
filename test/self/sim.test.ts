import { describe, expect, it } from 'vitest'
import { Clocks } from '../../impl/sim/clocks.ts'
import { Disk } from '../../impl/sim/disk.ts'
import { EventHeap } from '../../impl/sim/event-heap.ts'
import { FaultLedger } from '../../impl/sim/faults.ts'
import { between, chance, hashSeed, mix, mixText } from '../../impl/sim/hash.ts'
import { Network, type NetworkObserver } from '../../impl/sim/network.ts'
import type { NetworkProfile } from '../../models/vocabulary.ts'

describe('hash', () => {
  it('spreads neighbouring inputs evenly', () => {
    const buckets = new Array<number>(16).fill(0)
    for (let value = 0; value < 160_000; value++) buckets[between(mix(hashSeed(1), value), 0, 15)]!++
    // Ten standard deviations of a binomial of 10,000 each.
    for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(1_000)
  })

  it('gives probabilities their share', () => {
    let hits = 0
    for (let value = 0; value < 100_000; value++) if (chance(mix(hashSeed(2), value), 0.1)) hits++
    expect(Math.abs(hits - 10_000)).toBeLessThan(1_000)
    expect(chance(-1, 1)).toBe(true)
    expect(chance(0, 0)).toBe(false)
  })

  it('tells seeds of more than 32 bits and texts apart', () => {
    expect(hashSeed(1)).not.toBe(hashSeed(1 + 2 ** 32))
    expect(mixText(0, 'n1')).not.toBe(mixText(0, 'n2'))
  })
})

describe('event heap', () => {
  it('orders by time, then by order of pushing', () => {
    const heap = new EventHeap<number>()
    const expected: { time: number; id: number }[] = []
    for (let id = 0; id < 2_000; id++) {
      const time = between(mix(3, id), 0, 50)
      heap.push(time, id)
      expected.push({ time, id })
    }
    expected.sort((left, right) => left.time - right.time || left.id - right.id)
    const popped: number[] = []
    while (heap.size > 0) popped.push(heap.pop()!)
    expect(popped).toEqual(expected.map(({ id }) => id))
    expect(heap.time).toBe(Infinity)
    expect(heap.pop()).toBeUndefined()
  })

  it('keeps its order while events come and go', () => {
    const heap = new EventHeap<number>()
    let last = 0
    for (let round = 0; round < 5_000; round++) {
      heap.push(last + between(mix(4, round), 0, 20), round)
      if (round % 3 !== 0) {
        const { time } = heap
        heap.pop()
        expect(time).toBeGreaterThanOrEqual(last)
        last = time
      }
    }
  })

  it('keeps its order when events are taken out of the middle', () => {
    const heap = new EventHeap<number>()
    const times = Array.from({ length: 500 }, (_, id) => between(mix(5, id), 0, 40))
    times.forEach((time, id) => heap.push(time, id))
    const inOrder = [...times.keys()].sort((left, right) => times[left]! - times[right]! || left - right)
    const third = (id: number): boolean => id % 3 === 0
    for (const expected of inOrder.filter(third)) {
      expect(heap.earliest(third)).toBe(expected)
      heap.remove(expected)
    }
    expect(heap.earliest(third)).toBeUndefined()
    const popped: number[] = []
    while (heap.size > 0) popped.push(heap.pop()!)
    expect(popped).toEqual(inOrder.filter((id) => !third(id)))
  })
})

describe('clocks', () => {
  it('find the first harness instant of a local one at any rate', () => {
    for (const rate of [0.5, 0.7, 0.9, 1, 1.1, 1.3, 1.5, 3]) {
      const clocks = new Clocks(1)
      clocks.jump(0, 13, 1_000)
      clocks.setRate(0, 13, rate)
      for (let local = 1_001; local < 1_200; local++) {
        const now = clocks.harness(0, local)
        expect(clocks.local(0, now)).toBeGreaterThanOrEqual(local)
        expect(clocks.local(0, now - 1)).toBeLessThan(local)
      }
    }
  })

  it('do not jump when the rate changes', () => {
    const clocks = new Clocks(2)
    clocks.setRate(1, 100, 0.5)
    expect(clocks.local(1, 100)).toBe(100)
    expect(clocks.local(1, 200)).toBe(150)
    clocks.setRate(1, 201, 1)
    expect(clocks.local(1, 301)).toBe(250)
    expect(clocks.local(0, 301)).toBe(301)
  })
})

describe('disk', () => {
  const profile = { delay: [2, 9] } as const

  it('acknowledges the writes of a file in order', () => {
    const disk = new Disk(1)
    for (let id = 1; id <= 20; id++) disk.write(id, 'log', true, id, profile)
    const acknowledged: number[] = []
    let last = 0
    while (disk.due !== Infinity) {
      expect(disk.due).toBeGreaterThan(last)
      last = disk.due
      acknowledged.push(...disk.acknowledge(last))
    }
    expect(acknowledged).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    expect(disk.crash('none', true)).toEqual({ keep: [], torn: 0, lost: 0 })
  })

  it('loses acknowledged writes unless a later one of the file was synced', () => {
    const disk = new Disk(1)
    disk.write(1, 'log', false, 0, profile)
    disk.write(2, 'log', true, 0, profile)
    disk.write(3, 'log', false, 0, profile)
    disk.write(4, 'meta', false, 0, profile)
    while (disk.due !== Infinity) disk.acknowledge(disk.due)
    expect(disk.isAcknowledged(3)).toBe(true)
    expect(disk.crash('none', false)).toEqual({ keep: [], torn: 0, lost: 2 })
  })

  it('keeps a prefix of each file, and tears the write behind one of them', () => {
    const lengths = new Set<string>()
    for (let seed = 0; seed < 100; seed++) {
      const disk = new Disk(seed)
      for (let id = 1; id <= 6; id++) disk.write(id, id % 2 === 1 ? 'odd' : 'even', true, 0, profile)
      const { keep, torn, lost } = disk.crash('some', true)
      const odd = keep.filter((id) => id % 2 === 1)
      const even = keep.filter((id) => id % 2 === 0)
      expect(odd).toEqual([1, 3, 5].slice(0, odd.length))
      expect(even).toEqual([2, 4, 6].slice(0, even.length))
      expect(lost).toBe(6 - keep.length)
      if (lost > 0) expect([[1, 3, 5][odd.length], [2, 4, 6][even.length]]).toContain(torn)
      lengths.add(`${odd.length} ${even.length}`)
    }
    expect(lengths.size).toBe(16)
  })

  it('keeps everything or nothing when told so', () => {
    const write = (): Disk => {
      const disk = new Disk(1)
      disk.write(1, 'log', true, 0, profile)
      disk.write(2, 'log', true, 0, profile)
      return disk
    }
    expect(write().crash('all', true)).toEqual({ keep: [1, 2], torn: 0, lost: 0 })
    expect(write().crash('none', true)).toEqual({ keep: [], torn: 1, lost: 2 })
  })
})

describe('network', () => {
  const calm: NetworkProfile = { delay: [1, 10], loss: 0, duplicate: 0, reorder: 0 }
  const free = { fifo: false, noDuplicates: false }

  function createNetwork(profile: NetworkProfile, assumptions = free) {
    const seen = { lost: [] as number[], held: [] as number[], chosen: [] as string[] }
    const observer: NetworkObserver<number> = {
      lost: ({ message }) => seen.lost.push(message),
      held: ({ message }) => seen.held.push(message),
      chosen: ({ message, by }, fault) => seen.chosen.push(`${fault} ${message} ${by}`),
    }
    const network = new Network<number>(hashSeed(5), ['n1', 'n2', 'n3'], profile, assumptions, observer)
    const drain = (until = Infinity): { message: number; time: number }[] => {
      const arrived = []
      while (network.time <= until && network.time < Infinity) {
        const { time } = network
        const parcel = network.arrive(time)
        if (parcel !== null) arrived.push({ message: parcel.message, time })
      }
      return arrived
    }
    return { network, seen, drain }
  }

  const sendMany = (network: Network<number>, count = 1_000): void => {
    for (let message = 0; message < count; message++) network.send(message, 0, 1, 'heartbeat', message)
  }

  it('keeps the order of a link and its delays', () => {
    const { network, drain } = createNetwork(calm)
    sendMany(network)
    const arrived = drain()
    expect(arrived.map(({ message }) => message)).toEqual(Array.from({ length: 1_000 }, (_, index) => index))
    for (const { message, time } of arrived) {
      expect(time - message).toBeGreaterThanOrEqual(1)
      expect(time - message).toBeLessThanOrEqual(10)
    }
  })

  it('loses, duplicates and reorders their share', () => {
    const { network, seen, drain } = createNetwork({ ...calm, loss: 0.1, duplicate: 0.1, reorder: 0.1 })
    sendMany(network)
    const arrived = drain().map(({ message }) => message)
    const lost = seen.lost.length
    const twice = arrived.length - new Set(arrived).size
    const overtaken = arrived.filter((message, index) => index > 0 && message < arrived[index - 1]!).length
    for (const count of [lost, twice, overtaken]) expect(Math.abs(count - 100)).toBeLessThan(70)
    expect(new Set(arrived).size + lost).toBe(1_000)
  })

  it('respects what an implementation relies on', () => {
    const assumptions = { fifo: true, noDuplicates: true }
    const { network, drain } = createNetwork({ ...calm, duplicate: 0.5, reorder: 0.5 }, assumptions)
    network.plan(0, 1, 'heartbeat', 3, 'delay', 500)
    sendMany(network)
    expect(drain().map(({ message }) => message)).toEqual(Array.from({ length: 1_000 }, (_, index) => index))
  })

  it('keeps order with duplicates on fifo links', () => {
    const { network, drain } = createNetwork({ ...calm, duplicate: 0.5 }, { fifo: true, noDuplicates: false })
    sendMany(network)
    const arrived = drain().map(({ message }) => message)
    expect(arrived).toEqual([...arrived].sort((left, right) => left - right))
    expect(arrived.length).toBeGreaterThan(1_300)
  })

  it('decides for each message alone: planning what chance chose gives the same arrivals', () => {
    const random = createNetwork({ ...calm, loss: 0.2, duplicate: 0.2, reorder: 0.2 })
    sendMany(random.network)
    const planned = createNetwork(calm)
    for (const text of random.seen.chosen) {
      const [fault, message, by] = text.split(' ')
      planned.network.plan(0, 1, 'heartbeat', Number(message) + 1, fault as 'drop', Number(by))
    }
    sendMany(planned.network)
    expect(planned.drain()).toEqual(random.drain())
  })

  it('numbers messages by kind and link', () => {
    const { network, seen } = createNetwork(calm)
    network.plan(0, 1, 'heartbeat', 2, 'drop', 0)
    network.send(0, 0, 1, 'heartbeat', 1)
    network.send(0, 0, 1, 'append-entries', 2)
    network.send(0, 0, 2, 'heartbeat', 3)
    network.send(0, 1, 0, 'heartbeat', 4)
    network.send(0, 0, 1, 'heartbeat', 5)
    expect(seen.lost).toEqual([5])
  })

  it('loses at a cut link what is sent and what is under way, in one direction', () => {
    const { network, seen, drain } = createNetwork(calm)
    network.send(0, 0, 1, 'heartbeat', 1)
    network.cut(0, 1, 1)
    network.send(0, 0, 1, 'heartbeat', 2)
    network.send(0, 1, 0, 'heartbeat', 3)
    expect(drain().map(({ message }) => message)).toEqual([3])
    expect(seen.lost).toEqual([2, 1])
    network.mend()
    network.send(20, 0, 1, 'heartbeat', 4)
    expect(drain().map(({ message }) => message)).toEqual([4])
  })

  it('keeps messages at a held link until it is released', () => {
    const { network, seen, drain } = createNetwork(calm)
    network.hold(0, 1, 1)
    sendMany(network, 5)
    expect(drain()).toEqual([])
    expect(seen.held).toEqual([0, 1, 2, 3, 4])
    network.release(0, 1, 100)
    expect(drain()).toEqual([0, 1, 2, 3, 4].map((message) => ({ message, time: 100 })))
  })

  it('gives the earliest message of a kind, waiting or under way, before its time', () => {
    const { network, drain } = createNetwork({ ...calm, delay: [5, 5] })
    network.hold(0, 1, 1)
    network.send(0, 0, 1, 'heartbeat', 1)
    network.send(0, 0, 1, 'append-entries', 2)
    network.send(0, 1, 0, 'append-entries', 3)
    drain(5)
    network.send(6, 0, 1, 'append-entries', 4)
    const take = (kind: string): number | undefined => network.take(0, 1, kind)?.message
    expect([take('append-entries'), take('append-entries'), take('append-entries')]).toEqual([2, 4, undefined])
    network.cut(0, 1, 2)
    expect(take('heartbeat')).toBeUndefined()
    network.mend()
    expect(take('heartbeat')).toBe(1)
    expect(network.underWay).toBe(0)
  })

  it('takes a duplicate once, and nothing out of order on fifo links', () => {
    const { network, drain } = createNetwork({ ...calm, duplicate: 1 })
    network.send(0, 0, 1, 'heartbeat', 1)
    expect(network.take(0, 1, 'heartbeat')!.message).toBe(1)
    expect(drain().map(({ message }) => message)).toEqual([1])
    const ordered = createNetwork(calm, { fifo: true, noDuplicates: false })
    ordered.network.send(0, 0, 1, 'heartbeat', 1)
    ordered.network.send(0, 0, 1, 'append-entries', 2)
    expect(ordered.network.take(0, 1, 'append-entries')).toBeNull()
    expect(ordered.network.take(0, 1, 'heartbeat')!.message).toBe(1)
    expect(ordered.network.take(0, 1, 'append-entries')!.message).toBe(2)
  })
})

describe('fault ledger', () => {
  it('counts lasting faults once, at their first effect', () => {
    const ledger = new FaultLedger()
    const first = ledger.begin('partition')
    ledger.begin('partition')
    ledger.effect(first)
    ledger.effect(first)
    ledger.count('loss', 2)
    expect(ledger.counts()).toEqual({ loss: 2, partition: 1 })
  })
})
