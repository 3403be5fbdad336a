/** A node of a real cluster: one member of the reference with a real clock and real sockets. */
import { randomBytes, randomInt } from 'node:crypto'
import type { MemberRecord, MemberState, Operation, Result, SwimOptions } from '../../../models/swim/vocabulary.ts'
import type { Notice } from '../../../models/serf/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { SwimMember } from '../../reference/swim/member.ts'
import type { Key } from '../../reference/swim/wire/encryption.ts'
import { Keyring } from '../../reference/swim/wire/keyring.ts'
import type { WireError } from '../../reference/swim/wire/error.ts'
import { type Address, printAddress } from '../address.ts'
import { monotonicNow } from '../clock.ts'
import { SerfApplication } from '../serf/application.ts'
import { type Application, noApplication } from './application.ts'
import { ClientServer, type SerfOperate } from './client-server.ts'
import { Driver, type Event } from './driver.ts'
import { Transport } from './transport.ts'

export interface SwimNodeSetup {
  readonly node: NodeId
  /** Where it listens, and is found by the others; port 0 for any that is free. */
  readonly bind: Address
  /** Where clients are served; port 0 for any that is free. */
  readonly client: Address
  readonly options: SwimOptions
  /** What it tells of itself. */
  readonly meta: string
  /** The first encrypts, all decrypt; none for no encryption. */
  readonly keys: readonly Key[]
  /** Before all that is sent, and demanded of all that arrives; '' for none. */
  readonly label: string
  /** What runs above membership in the cluster that it joins. */
  readonly application: 'none' | 'serf'
  /** Told what an application above Serf is told; only with Serf. */
  readonly notice?: (notice: Notice) => void
  /** Told who comes, changes and goes, with what is known of them. */
  readonly event: (event: Event, record: MemberRecord | undefined) => void
  /** Told what could not be read, and of whom. */
  readonly unreadable: (error: WireError, from: string) => void
}

export interface RunningSwimNode {
  readonly address: Address
  /** Where clients are served. */
  readonly client: Address
  readonly state: MemberState
  readonly members: readonly MemberRecord[]
  /** What its operator may change while it runs. */
  readonly keyring: Keyring
  /** Settles when the node has ended; rejects where it could not go on. */
  readonly ended: Promise<void>
  operate(operation: Operation): Promise<Result>
  /** What a user asks of Serf; null without it. */
  readonly serf: SerfOperate | null
  close(): Promise<void>
}

/** Starts a node. Throws an Error that says why it cannot be started, with nothing left behind. */
export async function startSwimNode(setup: SwimNodeSetup): Promise<RunningSwimNode> {
  const undo: (() => Promise<void>)[] = []
  try {
    return await run(setup, undo)
  } catch (error) {
    for (const close of undo.reverse()) await close()
    throw error
  }
}

async function run(setup: SwimNodeSetup, undo: (() => Promise<void>)[]): Promise<RunningSwimNode> {
  const { node, options, event, unreadable } = setup
  let end: (error: Error | null) => void = () => {}
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error === null ? resolve() : reject(error))
  })
  // Who starts a node need not wait for its end.
  ended.catch(() => {})

  const serf =
    setup.application === 'serf' ? new SerfApplication(node, options, randomInt(2 ** 31), setup.notice) : null
  const application: Application = serf ?? noApplication
  const keyring = new Keyring(setup.keys)
  let driver: Driver | null = null
  const { streamTimeout } = options
  const transport = new Transport({
    bind: setup.bind,
    settings: {
      label: setup.label,
      get keys() {
        return keyring.keys
      },
      encryptionVersion: 1,
      compress: true,
      nonce: () => randomBytes(12),
    },
    streamTimeout,
    packet: (messages, from) => driver?.packet(messages, from),
    stream: (message, from, answer) => driver?.stream(message, from, answer),
    unreadable,
  })
  undo.push(() => transport.close())
  const bound = await transport.listen()
  const address = printAddress(bound)
  const member = new SwimMember({
    name: node,
    address,
    meta: application.meta(setup.meta),
    options,
    seed: randomInt(2 ** 31),
    now: monotonicNow(),
  })
  driver = new Driver({ member, node, address, transport, application, event, unreadable, failed: end })
  const running = driver
  undo.push(async () => running.stop())

  const operate = async (operation: Operation): Promise<Result> => {
    const meant = operation.type === 'update' ? { ...operation, meta: application.meta(operation.meta) } : operation
    const result = await running.operate(meant)
    if (operation.type === 'join' && result.status === 'ok') application.joined()
    return result
  }
  const operateSerf: SerfOperate | null = serf === null ? null : (operation) => serf.operate(operation)
  const server = new ClientServer({
    operate,
    serf: operateSerf,
    keyring,
    status: () => ({ node, address, state: running.state, members: running.members }),
  })
  const client = await server.listen(setup.client)
  undo.push(() => server.close())
  running.start()

  let closing: Promise<void> | null = null
  const close = async (): Promise<void> => {
    running.stop()
    await server.close()
    await transport.close()
    end(null)
  }
  return {
    address: bound,
    client,
    get state() {
      return running.state
    },
    get members() {
      return running.members
    },
    keyring,
    ended,
    operate,
    serf: operateSerf,
    close: () => (closing ??= close()),
  }
}
