/** The parts of a real node: its frames, files, lock, links, clients and command line. */
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { Address } from '../../impl/real/address.ts'
import { lockDirectory } from '../../impl/real/files.ts'
import { encodeFrame, FrameReader } from '../../impl/real/frames.ts'
import { JournalFile, type Sync } from '../../impl/real/raft/journal-file.ts'
import { AddressBook } from '../../impl/real/raft/address-book.ts'
import { Links } from '../../impl/real/raft/links.ts'
import { type NodeSetup, type RunningNode, startNode } from '../../impl/real/raft/node.ts'
import { decodeMessage, encodeMessage } from '../../impl/reference/raft/codec.ts'
import { commandEntry } from '../../impl/reference/raft/entry.ts'
import { founded, type JournalRecord, recover } from '../../impl/reference/raft/journal.ts'
import { emptyStore } from '../../impl/reference/store/key-value.ts'
import type { Message } from '../../models/raft/vocabulary.ts'
import { main } from '../suites/command/main.ts'
import { freePorts, until } from './real/cluster.ts'
import { ask, createAgent, type Asked } from './real/http.ts'

const agent = createAgent()
/** What is to be undone after a test, the last first. */
let undo: (() => unknown)[] = []
afterEach(async () => {
  for (const act of undo.reverse()) await act()
  undo = []
})

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'swarmcheck-real-'))
  undo.push(() => rmSync(path, { recursive: true }))
  return path
}

/** Starts one node of a cluster of `names`; the others are not there. */
const start = async (names: readonly string[], more: Partial<NodeSetup> = {}): Promise<RunningNode> => {
  const ports = await freePorts(names.length)
  const peers = new Map(names.map((name, index) => [name, { host: '127.0.0.1', port: ports[index]! }]))
  const node = await startNode({
    node: names[0]!,
    cluster: 'test',
    listen: peers.get(names[0]!)!,
    client: { host: '127.0.0.1', port: 0 },
    peers,
    data: join(folder(), 'data'),
    join: false,
    electionTimeout: 100,
    heartbeatInterval: 20,
    ...more,
  })
  undo.push(() => node.close())
  return node
}

const leads = (node: RunningNode) => until('it leads', () => (node.state.ready ? true : undefined))
const askNode = ({ client }: RunningNode, asked: Asked) => ask(agent, `127.0.0.1:${client.port}`, asked)

/** A sync that succeeds once, for the start, and then does what `later` says. */
const laterSync = (later: () => Promise<void>): Sync => {
  let calls = 0
  return async (handle: FileHandle) => {
    if (calls++ > 0) await later()
    await handle.datasync()
  }
}

/** A sync that waits until it is let go. */
const heldSync = () => {
  let release = (): void => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  return { sync: laterSync(() => released), release }
}

const failing = (): Promise<void> => Promise.reject(new Error('the disk is gone'))

describe('frames', () => {
  test('arrive whole, however the bytes are cut', () => {
    const bodies = ['', 'a', 'bc'.repeat(1_000)].map((text) => Buffer.from(text))
    const bytes = Buffer.concat(bodies.map((body, kind) => encodeFrame(kind, body)))
    for (const size of [1, 2, 3, 7, 1_000, bytes.length]) {
      const reader = new FrameReader(2_000)
      const found = []
      for (let at = 0; at < bytes.length; at += size) {
        reader.push(bytes.subarray(at, at + size))
        for (let frame = reader.next(); frame !== null; frame = reader.next()) found.push(frame)
      }
      expect(found.map(({ kind, body }) => [kind, Buffer.from(body)])).toEqual(bodies.map((body, kind) => [kind, body]))
    }
  })

  test.each([0, 2_002, 0xffffffff])('of length %i are refused before they arrive', (length) => {
    const reader = new FrameReader(2_000)
    const header = Buffer.alloc(4)
    header.writeUInt32BE(length)
    reader.push(header)
    expect(() => reader.next()).toThrow('a frame of')
  })
})

describe('the journal', () => {
  const configuration = { voters: ['n1'], outgoing: [], learners: [] }
  const initial = founded(configuration)
  const record = (write: number): JournalRecord => ({
    write,
    contents: { log: { append: [commandEntry(write + 1, 1, `put x v${write} #${write}`)] } },
    snapshot: null,
  })
  /** Appends these records, and waits until the last is durable; gives what was reported as durable. */
  const write = (journal: JournalFile, records: readonly JournalRecord[]): Promise<number[]> =>
    new Promise((resolve, reject) => {
      const reports: number[] = []
      const durable = (id: number): void => {
        reports.push(id)
        if (id === records.at(-1)!.write) resolve(reports)
      }
      journal.listen({ durable, failed: reject })
      for (const each of records) journal.append(each)
    })
  const ids = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

  test('holds what was durable, and shares syncs', async () => {
    const file = join(folder(), 'journal')
    const journal = await JournalFile.open(file, initial)
    const reports = await write(journal, ids(100).map(record))
    expect(reports).toEqual([100])
    expect(journal.syncs).toBe(1)
    expect(journal.size).toBe(readFileSync(file).length)
    await journal.close()
    const again = await JournalFile.open(file, initial)
    expect([again.lastWrite, again.cut, again.saved.entries.length]).toEqual([100, 0, 100])
    await again.close()
  })

  test('cut anywhere holds the records before the cut', async () => {
    const file = join(folder(), 'journal')
    const journal = await JournalFile.open(file, initial)
    const ends = [journal.size]
    for (const id of ids(3)) {
      await write(journal, [record(id)])
      ends.push(journal.size)
    }
    await journal.close()
    const whole = readFileSync(file)
    for (let length = ends[0]!; length <= whole.length; length++) {
      writeFileSync(file, whole.subarray(0, length))
      const cut = await JournalFile.open(file, initial)
      const kept = ends.findLastIndex((end) => end <= length)
      expect([cut.saved.entries.length, cut.cut]).toEqual([kept, length - ends[kept]!])
      await cut.close()
      expect(readFileSync(file).length).toBe(ends[kept])
    }
  })

  test('with a broken record among whole ones is refused', async () => {
    const file = join(folder(), 'journal')
    const journal = await JournalFile.open(file, initial)
    await write(journal, [record(1)])
    const middle = journal.size
    await write(journal, [record(2)])
    await write(journal, [record(3)])
    await journal.close()
    const bytes = readFileSync(file)
    bytes[middle + 20]! ^= 1
    writeFileSync(file, bytes)
    await expect(JournalFile.open(file, initial)).rejects.toThrow(`damaged at byte ${middle}`)
    expect(readFileSync(file)).toEqual(bytes)
    writeFileSync(file, 'something else')
    await expect(JournalFile.open(file, initial)).rejects.toThrow('is no journal')
  })

  test('is rewritten when the log is compacted, while writes go on', async () => {
    const file = join(folder(), 'journal')
    const journal = await JournalFile.open(file, initial)
    const compaction: JournalRecord = {
      write: 201,
      contents: { log: { compact: { index: 190, term: 1 } } },
      snapshot: { index: 201, term: 1, configuration, store: emptyStore, removed: [] },
    }
    await write(journal, ids(199).map(record))
    const { size } = journal
    const written = write(journal, [record(200), compaction, ...ids(5).map((id) => record(201 + id))])
    await sleep(1)
    await written
    const later = ids(3).map((id) => record(206 + id))
    await write(journal, later)
    expect(journal.size).toBeLessThan(size / 2)
    await journal.close()
    const again = await JournalFile.open(file, initial)
    const { base, entries, snapshot } = again.saved
    expect(base).toEqual({ index: 190, term: 1 })
    expect(snapshot?.index).toBe(201)
    expect(entries.at(-1)).toEqual(later.at(-1)!.contents.log!.append![0])
    await again.close()
  })

  test('says nothing is durable after a sync has failed', async () => {
    const file = join(folder(), 'journal')
    const journal = await JournalFile.open(file, initial, laterSync(failing))
    const reports: number[] = []
    const failure = new Promise<Error>((resolve) => {
      journal.listen({ durable: (id) => reports.push(id), failed: resolve })
    })
    journal.append(record(1))
    expect((await failure).message).toBe('the disk is gone')
    journal.append(record(2))
    await sleep(20)
    expect(reports).toEqual([])
    await journal.close()
  })

  test('makes what it finds durable before it is relied on', async () => {
    const file = join(folder(), 'journal')
    await (await JournalFile.open(file, initial)).close()
    await expect(JournalFile.open(file, initial, failing)).rejects.toThrow('the disk is gone')
  })

  test('recovers to what its records lead to', async () => {
    const file = join(folder(), 'journal')
    const records = ids(10).map(record)
    const journal = await JournalFile.open(file, initial)
    await write(journal, records)
    await journal.close()
    const again = await JournalFile.open(file, initial)
    expect(again.saved.entries).toEqual(recover(records).entries)
    await again.close()
  })
})

describe('nothing is said before it is durable', () => {
  test('to clients', async () => {
    const { sync, release } = heldSync()
    const node = await start(['n1'], { sync })
    undo.push(release)
    await sleep(300)
    expect(node.state.role).not.toBe('leader')
    release()
    await leads(node)
    expect((await askNode(node, { method: 'PUT', path: '/kv/x', body: 'y' })).status).toBe(200)
  })

  test('to other members', async () => {
    const { sync, release } = heldSync()
    const ports = await freePorts(3)
    const peers = new Map(['n1', 'n2', 'n3'].map((name, index) => [name, { host: '127.0.0.1', port: ports[index]! }]))
    const heard: Message[] = []
    const other = await listenAs(ports[1]!, (message) => heard.push(message))
    undo.push(() => other.close())
    await start(['n1'], { sync, peers, listen: peers.get('n1')!, electionTimeout: 5_000, heartbeatInterval: 500 })
    undo.push(release)
    const socket = await speakAs('n2', 'n1', ports[0]!)
    const view: Message = { kind: 'request-vote', term: 7, lastIndex: 1, lastTerm: 1, transfer: false }
    socket.write(messageFrame('n2', 'n1', view))
    await sleep(200)
    expect(heard).toEqual([])
    release()
    await until('the vote', () => (heard.length > 0 ? true : undefined))
    expect(heard).toEqual([{ kind: 'request-vote-response', term: 7, granted: true }])
  })

  test('and a disk that fails ends the node', async () => {
    const node = await start(['n1'], { sync: laterSync(failing) })
    await expect(node.ended).rejects.toThrow('the disk is gone')
  })
})

test('reads of two lives of a node are not taken for each other', async () => {
  const ports = await freePorts(3)
  const peers = new Map(['n1', 'n2', 'n3'].map((name, index) => [name, { host: '127.0.0.1', port: ports[index]! }]))
  const requests: string[] = []
  const leader = await listenAs(ports[1]!, (view) => {
    if (view.kind === 'read-index') requests.push(view.request)
  })
  undo.push(() => leader.close())
  const data = join(folder(), 'data')
  for (const life of [1, 2]) {
    const node = await start(['n1'], { peers, data, listen: peers.get('n1')!, electionTimeout: 5_000 })
    const socket = await speakAs('n2', 'n1', ports[0]!)
    socket.write(messageFrame('n2', 'n1', { kind: 'heartbeat', term: 5, commit: 1, round: 1 }))
    await until('n2 is followed', () => (node.state.leader === 'n2' ? true : undefined))
    const read = askNode(node, { path: '/kv/x' }).catch(() => null)
    await until('the read is forwarded', () => (requests.length === life ? true : undefined))
    await node.close()
    await read
    socket.destroy()
  }
  expect(new Set(requests).size).toBe(2)
})

test('a member that joins is sent a long snapshot', async () => {
  const ports = await freePorts(2)
  const [first, second] = ports.map((port) => ({ host: '127.0.0.1', port })) as [Address, Address]
  const n1 = await start(['n1'], { peers: new Map([['n1', first]]), listen: first })
  await leads(n1)
  const value = 'long '.repeat(800)
  for (let index = 0; index < 50; index++)
    expect((await askNode(n1, { method: 'PUT', path: `/kv/k${index}`, body: value })).status).toBe(200)
  const headers = { 'content-type': 'application/json' }
  expect((await askNode(n1, { method: 'POST', path: '/compact', headers })).status).toBe(200)
  const both = new Map([
    ['n1', first],
    ['n2', second],
  ])
  const n2 = await start(['n2'], { peers: both, listen: second, join: true })
  const body = '{"type": "add-voter", "node": "n2"}'
  await until('n2 is known', async () => ((await askNode(n1, { path: '/status' })).body.places.n2 ? true : undefined))
  // As long as n2 is slow to answer, the leader may doubt its quorum, and cannot say then what becomes of the change.
  await until('n2 is a member', async () => {
    if (!n1.state.configuration.voters.includes('n2'))
      await askNode(n1, { method: 'POST', path: '/members', headers, body })
    return n1.state.configuration.voters.includes('n2') ? true : undefined
  })
  await until('n2 has it all', () => (n2.state.applied >= n1.state.commit ? true : undefined))
  await until('n2 answers what n1 wrote', async () =>
    (await askNode(n2, { path: '/kv/k49' })).body.value === value ? true : undefined,
  )
})

const greeting = (from: string, to: string, more: object = {}): Buffer =>
  encodeFrame(0, Buffer.from(JSON.stringify({ protocol: 1, cluster: 'test', from, to, places: {}, ...more })))
const messageFrame = (from: string, to: string, view: Message): Buffer =>
  encodeFrame(1, encodeMessage({ type: 'message', id: 1, from, to, view, after: 0 }))

const opened = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.on('error', reject)
    undo.push(() => socket.destroy())
  })

const speakAs = async (from: string, to: string, port: number): Promise<Socket> => {
  const socket = await opened(port)
  socket.write(greeting(from, to))
  return socket
}

/** Listens for what a node sends to another. */
const listenAs = async (port: number, heard: (message: Message) => void) => {
  const server = createServer((socket) => {
    const reader = new FrameReader(1_000_000)
    undo.push(() => socket.destroy())
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      reader.push(chunk)
      for (let frame = reader.next(); frame !== null; frame = reader.next())
        if (frame.kind === 1) heard(decodeMessage(frame.body).view)
      socket.write('.')
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return server
}

describe('strangers', () => {
  const heartbeat: Message = { kind: 'heartbeat', term: 9, commit: 0, round: 1 }
  const view: Message = { kind: 'request-vote', term: 9, lastIndex: 99, lastTerm: 9, transfer: true }
  test.each([
    ['bytes of something else', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['zeros', Buffer.alloc(100)],
    ['a frame without end', Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['a long greeting', encodeFrame(0, Buffer.alloc(70_000, ' '))],
    ['a message before the greeting', messageFrame('n2', 'n1', view)],
    ['another cluster', greeting('n2', 'n1', { cluster: 'other' })],
    ['another node', greeting('n2', 'n3')],
    ['the own name', greeting('n1', 'n1')],
    ['a wild name', greeting('../n2', 'n1')],
    ['a wild address', greeting('n2', 'n1', { places: { n2: { peer: 'x y:1', client: null } } })],
    ['too many addresses', greeting('n2', 'n1', { places: places(65) })],
    ['an unknown field', greeting('n2', 'n1', { more: 1 })],
    ['a message of another', Buffer.concat([greeting('n2', 'n1'), messageFrame('n3', 'n1', view)])],
    ['a message for another', Buffer.concat([greeting('n2', 'n1'), messageFrame('n2', 'n3', view)])],
    ['a message that is none', Buffer.concat([greeting('n2', 'n1'), encodeFrame(1, Buffer.from('{}'))])],
    ['a frame of no kind', Buffer.concat([greeting('n2', 'n1'), encodeFrame(9, Buffer.alloc(1))])],
  ])('with %s are hung up on', async (_, bytes) => {
    const port = (await freePorts(1))[0]!
    const listen = { host: '127.0.0.1', port }
    const node = await start(['n1'], { listen, peers: new Map([['n1', listen]]) })
    await leads(node)
    const socket = await opened(port)
    socket.on('error', () => {})
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.resume()
    socket.write(bytes)
    await closed
    expect((await askNode(node, { method: 'PUT', path: '/kv/x', body: 'y' })).status).toBe(200)
    expect(node.state.term).toBe(2)
  })

  test('that keep silent are hung up on, members are not', async () => {
    const port = (await freePorts(1))[0]!
    const listen = { host: '127.0.0.1', port }
    await start(['n1'], { listen, peers: new Map([['n1', listen]]) })
    const silent = await opened(port)
    const member = await speakAs('n2', 'n1', port)
    const closed: string[] = []
    for (const [name, socket] of [
      ['silent', silent],
      ['member', member],
    ] as const) {
      socket.resume()
      socket.once('close', () => closed.push(name))
    }
    await until('the silent one is hung up on', () => (closed.length > 0 ? true : undefined))
    member.write(messageFrame('n2', 'n1', heartbeat))
    await sleep(100)
    expect(closed).toEqual(['silent'])
  })
})

test('a link to who does not read drops what is too much, and is dialled again', async () => {
  const accepted: Socket[] = []
  const server = createServer((socket) => accepted.push(socket.on('error', () => {}).pause()))
  const [port] = await freePorts(1)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const book = new AddressBook({ n2: { peer: `127.0.0.1:${port}`, client: null } }, () => {})
  const links = new Links({ cluster: 'test', node: 'n1', book, receive: () => {} })
  undo.push(async () => {
    await links.close()
    for (const socket of accepted) socket.destroy()
    server.close()
  })
  const message = Buffer.alloc(65_536)
  const count = 1_000
  for (let index = 0; index < count; index++) {
    links.send('n2', message)
    if (index % 10 === 0) await sleep(1)
  }
  let received = 0
  accepted[0]!.on('data', (bytes) => (received += bytes.length)).resume()
  await sleep(300)
  expect(received).toBeGreaterThan(10 * message.length)
  expect(received).toBeLessThan((count * message.length) / 2)
  // It reads again, but does not answer.
  await until('another connection', () => {
    links.send('n2', message.subarray(0, 10))
    return accepted.length > 1 ? true : undefined
  })
})

function places(count: number): object {
  const place = { peer: '127.0.0.1:1', client: null }
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`x${index}`, place]))
}

describe('clients', () => {
  test('are told in JSON what is wrong with what they ask', async () => {
    const node = await start(['n1'])
    await leads(node)
    const json = { 'content-type': 'application/json' }
    const answers = async (asked: Asked) => {
      const { status, body } = await askNode(node, asked)
      return [status, body.error]
    }
    const put = (path: string, body = 'v') => answers({ method: 'PUT', path, body })
    const post = (path: string, body: string) => answers({ method: 'POST', path, body, headers: json })
    expect(await answers({ path: '/kv/x' })).toEqual([404, 'no-such-key'])
    expect(await put('/kv/')).toEqual([400, 'keys-have-1-to-256-characters'])
    expect(await put(`/kv/${'k'.repeat(257)}`)).toEqual([400, 'keys-have-1-to-256-characters'])
    expect(await put('/kv/%ff')).toEqual([400, 'malformed-key'])
    expect(await put('/kv/x', 'v'.repeat(4_097))).toEqual([413, 'value-too-long'])
    expect(await put('/kv/x', 'v'.repeat(100_000))).toEqual([413, 'body-too-long'])
    expect(await put('/kv/x?expect=other')).toEqual([412, 'unexpected-value'])
    expect(await put('/kv/x?expect-absent')).toEqual([200, undefined])
    expect(await put('/kv/x?expect=v', 'w')).toEqual([200, undefined])
    expect(await answers({ method: 'DELETE', path: '/kv/x' })).toEqual([405, 'method-not-allowed'])
    expect(await answers({ path: '/compact' })).toEqual([405, 'method-not-allowed'])
    expect(await answers({ path: '/etc/passwd' })).toEqual([404, 'no-such-resource'])
    expect(await answers({ method: 'POST', path: '/compact', body: '{}' })).toEqual([415, 'body-must-be-json'])
    expect(await post('/compact', '{')).toEqual([400, 'malformed-json'])
    expect((await post('/compact', '{"keep": -1}'))[1]).toMatch(/^malformed-body/)
    expect(await post('/transfer', '{"to": "n9"}')).toEqual([409, 'not-voter'])
    expect(await post('/members', '{"type": "remove", "node": "n1"}')).toEqual([409, 'no-voters'])
    expect(await post('/members', '{"type": "add-voter", "node": "n2"}')).toEqual([409, 'unknown-address'])
    expect((await post('/members', '{"type": "add-voter", "node": "n2", "address": "nowhere"}'))[0]).toBe(400)
    const text = 'grüße %20 "\n\0 ☃'
    expect(await put(`/kv/${encodeURIComponent(text)}`, text)).toEqual([200, undefined])
    const { body } = await askNode(node, { path: `/kv/${encodeURIComponent(text)}` })
    expect(body).toEqual({ key: text, value: text })
  })

  test('without a leader are told so', async () => {
    const node = await start(['n1', 'n2', 'n3'])
    const none = { error: 'no-leader', effect: 'none', leader: null }
    expect(await askNode(node, { path: '/kv/x' })).toEqual({ status: 503, body: none })
    const put = await askNode(node, { method: 'PUT', path: '/kv/x', body: 'y' })
    expect(put).toEqual({ status: 503, body: { ...none, error: 'not-leader' } })
  })

  test('find what they wrote after many entries were compacted away', async () => {
    const data = join(folder(), 'data')
    const node = await start(['n1'], { compactEvery: 600, data })
    await leads(node)
    const bytes: number[] = []
    for (let round = 0; round < 4; round++) {
      await Promise.all(
        Array.from({ length: 500 }, (_, index) =>
          askNode(node, { method: 'PUT', path: `/kv/k${index}`, body: `${round}` }),
        ),
      )
      bytes.push((await askNode(node, { path: '/status' })).body.journal.bytes)
    }
    expect(bytes.at(-1)).toBeLessThan(3 * bytes[0]!)
    await node.close()
    const again = await start(['n1'], { data })
    await leads(again)
    expect((await askNode(again, { path: '/kv/k499' })).body.value).toBe('3')
  })
})

describe('the directory', () => {
  test('is of one process at a time', async () => {
    const data = join(folder(), 'data')
    const node = await start(['n1'], { data })
    await expect(start(['n1'], { data })).rejects.toThrow(`is in use by process ${process.pid}`)
    await node.close()
    await (await start(['n1'], { data })).close()
  })

  test('is taken over from processes that are dead, whoever has their numbers now', async () => {
    const path = folder()
    for (const stale of ['lock-999999999-5', `lock-${process.pid}-1`, `lock-${process.ppid}-1`])
      writeFileSync(join(path, stale), '')
    const unlock = await lockDirectory(path)
    expect(readdirSync(path)).toHaveLength(1)
    await expect(lockDirectory(path)).rejects.toThrow(`in use by process ${process.pid}`)
    await unlock()
    expect(readdirSync(path)).toEqual([])
  })

  test('is not taken from another process that lives', async () => {
    const path = folder()
    const start = readFileSync(`/proc/${process.ppid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19]!
    const theirs = `lock-${process.ppid}-${start}`
    writeFileSync(join(path, theirs), '')
    await expect(lockDirectory(path)).rejects.toThrow(`in use by process ${process.ppid}`)
    expect(readdirSync(path)).toEqual([theirs])
  })

  test('of another node, of another cluster, or in pieces is refused', async () => {
    const data = join(folder(), 'data')
    await (await start(['n1'], { data })).close()
    await expect(start(['n2'], { data })).rejects.toThrow('belongs to node n1, not n2')
    await expect(start(['n1'], { data, cluster: 'other' })).rejects.toThrow('belongs to cluster test, not other')
    const owner = readFileSync(join(data, 'node.json'))
    appendFileSync(join(data, 'node.json'), '}')
    await expect(start(['n1'], { data })).rejects.toThrow('not what a node writes there')
    writeFileSync(join(data, 'node.json'), owner)
    rmSync(join(data, 'journal'))
    await expect(start(['n1'], { data })).rejects.toThrow('journal is missing')
  })
})

describe('the command', () => {
  const serve = async (...words: string[]) => {
    const output = { out: '', err: '' }
    const stream = (name: 'out' | 'err') => ({ write: (text: string) => ((output[name] += text), true) })
    const signal = AbortSignal.timeout(10_000)
    const terminal = { out: stream('out'), err: stream('err'), env: {}, signal }
    return { code: await main(['serve', 'raft', ...words], terminal), ...output }
  }
  const good = ['--node', 'n1', '--peers', 'n1=127.0.0.1:7001', '--data', '/nonexistent/parent/data']

  test.each([
    [['--node', 'n1'], '--peers is missing'],
    [['--node', ''], '--node needs a value'],
    [['--node', 'n 1', '--peers', 'n1=127.0.0.1:1', '--data', 'd'], "--node: 'n 1' is no name"],
    [['--node', 'n1', '--peers', 'n2=127.0.0.1:1', '--data', 'd'], '--peers does not name n1'],
    [['--node', 'n1', '--peers', 'n1', '--data', 'd'], "'n1' is not of the form name=address"],
    [['--node', 'n1', '--peers', 'n1=127.0.0.1:99999', '--data', 'd'], "'127.0.0.1:99999' is no address"],
    [['--node', 'n1', '--peers', 'n1=127.0.0.1:0', '--data', 'd'], "'127.0.0.1:0' is no address"],
    [['--node', 'n1', '--peers', 'n1=127.0.0.1:1,n1=127.0.0.1:2', '--data', 'd'], 'n1 is named twice'],
    [['--node', 'n1', '--peers', 'n1=127.0.0.1:1,n2=127.0.0.1:1', '--data', 'd'], 'have the same address'],
    [[...good, '--election-timeout', '1.5'], "'1.5' is no whole number"],
    [[...good, '--heartbeat', '900'], '--heartbeat is more than half of --election-timeout'],
    [[...good, '--elektion-timeout', '5'], "unknown option '--elektion-timeout'; did you mean '--election-timeout'?"],
    [[...good, '--join=yes'], '--join takes no value'],
    [[...good, '--data', 'd'], '--data is given twice'],
    [[...good, 'more'], "unexpected 'more'"],
    [good, 'cannot serve: '],
  ])('%j is refused in one line', async (words, text) => {
    const { code, out, err } = await serve(...words)
    expect([code, out]).toEqual([3, ''])
    expect(err).toMatch(/^swarmcheck: [^\n]*\n$/)
    expect(err).toContain(text)
  })

  test('says in one line what keeps it from listening', async () => {
    const path = folder()
    const node = await start(['n1'])
    const [port] = await freePorts(1)
    const words = ['--node', 'n1', '--peers', `n1=127.0.0.1:${port}`, '--data', join(path, 'data')]
    const { code, err } = await serve(...words, '--client', `127.0.0.1:${node.client.port}`)
    expect(code).toBe(3)
    expect(err).toMatch(/^swarmcheck: cannot serve: listen EADDRINUSE[^\n]*\n$/)
    // What was begun is undone.
    await (
      await lockDirectory(join(path, 'data'))
    )()
  })
})
