/** A node of a real cluster: one member of the reference with a real clock, real connections and real files. */
import { randomInt } from 'node:crypto'
import type { MemberState, RaftOptions } from '../../../models/raft/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { decodeMessage, encodeMessage } from '../../reference/raft/codec.ts'
import { Directory } from '../../reference/raft/directory.ts'
import { blank, founded } from '../../reference/raft/journal.ts'
import { RaftMember } from '../../reference/raft/member.ts'
import { type Address, isUnspecified, printAddress } from '../address.ts'
import { monotonicNow } from '../clock.ts'
import { AddressBook, type Place } from './address-book.ts'
import { ClientServer } from './client-server.ts'
import { DataDirectory } from './data-directory.ts'
import { Driver } from './driver.ts'
import type { Sync } from './journal-file.ts'
import { Links } from './links.ts'

export interface NodeSetup {
  readonly node: NodeId
  /** Nodes of other clusters are not listened to. */
  readonly cluster: string
  /** Where messages of other members are taken. */
  readonly listen: Address
  /** Where clients are served; port 0 for any that is free. */
  readonly client: Address
  /** Where the members are found by each other, this one included. */
  readonly peers: ReadonlyMap<NodeId, Address>
  /** The directory of its files; made where only its parent is there. */
  readonly data: string
  /** A node that is new waits until it is added, instead of founding a cluster with its peers. */
  readonly join: boolean
  readonly electionTimeout: Milliseconds
  readonly heartbeatInterval: Milliseconds
  /** How the journal is made durable; fdatasync if absent. */
  readonly sync?: Sync
  /** A snapshot is taken when so many entries were applied since the last; 10,000 if absent. */
  readonly compactEvery?: number
}

export interface RunningNode {
  /** Where clients are served. */
  readonly client: Address
  /** Bytes of a torn write that were cut off the journal. */
  readonly cut: number
  readonly state: MemberState
  /** Settles when the node has ended; rejects where it could not go on. */
  readonly ended: Promise<void>
  close(): Promise<void>
}

const defaultCompactEvery = 10_000

/** Starts a node. Throws an Error that says why it cannot be started, with nothing left behind. */
export async function startNode(setup: NodeSetup): Promise<RunningNode> {
  const { node, cluster, join, data, sync } = setup
  const voters = [...setup.peers.keys()].sort()
  const initial = join ? blank : founded({ voters, outgoing: [], learners: [] })
  const directory = await DataDirectory.open({ path: data, cluster, node, initial, sync })
  const undo: (() => Promise<void>)[] = [() => directory.close()]
  try {
    return await run(setup, directory, undo)
  } catch (error) {
    for (const close of undo.reverse()) await close()
    throw error
  }
}

async function run(setup: NodeSetup, directory: DataDirectory, undo: (() => Promise<void>)[]): Promise<RunningNode> {
  const { node, cluster } = setup
  const { journal, starts } = directory
  let end: (error: Error | null) => void = () => {}
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error === null ? resolve() : reject(error))
  })
  // Who starts a node need not wait for its end.
  ended.catch(() => {})

  const book = new AddressBook(placesOf(setup, directory), () => {
    directory.save(book.contents()).catch(end)
    links.greetAll()
  })
  const links: Links = new Links({
    cluster,
    node,
    book,
    receive: (from, bytes) => {
      const message = decodeMessage(bytes)
      if (message.from !== from || message.to !== node) throw new Error('message of or for another')
      driver.receive(message)
    },
  })
  const options: RaftOptions = {
    electionTimeout: setup.electionTimeout,
    heartbeatInterval: setup.heartbeatInterval,
    preVote: true,
    checkQuorum: true,
    maxEntries: 256,
    maxInflight: 4,
  }
  const member = new RaftMember({
    name: node,
    directory: new Directory(book.names.sort()),
    options,
    seed: randomInt(2 ** 31),
    incarnation: starts,
    now: monotonicNow(),
    messages: { last: 0 },
    lastWrite: journal.lastWrite,
    saved: journal.saved,
  })
  const driver = new Driver({
    member,
    journal,
    starts,
    send: (message) => links.send(message.to, encodeMessage(message)),
    failed: end,
    compactEvery: setup.compactEvery ?? defaultCompactEvery,
  })
  undo.push(async () => driver.stop())

  const server = new ClientServer({
    operate: (operation, timeout) => driver.operate(operation, timeout),
    status: () => ({
      node,
      cluster,
      state: driver.state,
      starts,
      journal: { bytes: journal.size, syncs: journal.syncs },
      places: book.contents(),
    }),
    find: (name) => book.find(name),
    introduce: (name, peer) => book.set(name, { peer, client: book.find(name)?.client ?? null }),
  })
  const client = await server.listen(setup.client)
  undo.push(() => server.close())
  undo.push(() => links.close())
  await links.listen(setup.listen)
  book.set(node, { ...book.find(node)!, client: clientAddress(setup, client) })
  links.greetAll()

  let closing: Promise<void> | null = null
  const close = async (): Promise<void> => {
    driver.stop()
    await server.close()
    await links.close()
    await directory.close()
    end(null)
  }
  return {
    client,
    cut: journal.cut,
    get state() {
      return driver.state
    },
    ended,
    close: () => (closing ??= close()),
  }
}

/** Who was found where: what the command line says is newer than what was found when the node ran last. */
const placesOf = ({ peers }: NodeSetup, { places }: DataDirectory): Record<NodeId, Place> => {
  const all: Record<NodeId, Place> = { ...places }
  for (const [name, address] of peers) all[name] = { peer: printAddress(address), client: places[name]?.client ?? null }
  return all
}

/** Where clients find this node: where it listens on every address, its peers know a better one. */
const clientAddress = ({ node, peers }: NodeSetup, { host, port }: Address): string =>
  printAddress({ host: isUnspecified({ host, port }) ? peers.get(node)!.host : host, port })
