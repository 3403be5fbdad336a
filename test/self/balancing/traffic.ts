/** Real tasks, each a process that says its name, and real clients that write down whom they have reached and when. */
import { type ChildProcess, spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import type { RealConnection, TaskChange } from '../../../properties/balancing/history.ts'
import { until } from '../real/cluster.ts'

const script = `
const [name, host, port] = process.argv.slice(1)
require('node:net').createServer((socket) => {
  socket.on('error', () => {})
  socket.on('data', (data) => {
    if (data.toString().startsWith('GET')) socket.end('HTTP/1.0 200 OK\\r\\n\\r\\n' + name + '\\n')
    else socket.write(name + '\\n')
  })
}).listen(Number(port), host, () => console.log('ready'))`

export interface Place {
  readonly host: string
  readonly port: number
}

export class Tasks {
  readonly #children = new Map<string, ChildProcess>()

  async start(name: string, { host, port }: Place): Promise<void> {
    const child = spawn(process.execPath, ['-e', script, name, host, String(port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#children.set(name, child)
    let isReady = false
    child.stdout.once('data', () => (isReady = true))
    await until(`${name} listens`, () => isReady || undefined)
  }

  async kill(name: string): Promise<void> {
    const child = this.#children.get(name)!
    child.kill('SIGKILL')
    await until(`${name} has ended`, () => child.signalCode ?? undefined)
    this.#children.delete(name)
  }

  end(): void {
    for (const child of this.#children.values()) child.kill('SIGKILL')
  }
}

/** A client that gives up after so long. */
const patience = 5_000

export class Recorder {
  readonly changes: TaskChange[] = []
  readonly connections: RealConnection[] = []
  readonly #sockets = new Map<string, { readonly node: string; readonly socket: Socket }>()
  readonly #began = performance.now()
  #count = 0

  get now(): number {
    return Math.round(performance.now() - this.#began)
  }

  /** Something is done to a task meanwhile. */
  async change(task: string, to: TaskChange['to'], doing: () => Promise<unknown>): Promise<void> {
    const from = this.now
    await doing()
    this.changes.push({ task, to, from, until: this.now })
  }

  /** Connects, asks who is there, and stays; gives the name of the connection. */
  async connect(node: string, { host, port }: Place): Promise<string> {
    const connection = `c${++this.#count}`
    const from = this.now
    const socket = connect(port, host)
    socket.on('error', () => {})
    this.#sockets.set(connection, { node, socket })
    const task = await who(socket)
    this.connections.push({ continues: null, connection, node, from, until: this.now, task })
    return connection
  }

  /** Asks once more on a connection. */
  async more(connection: string): Promise<string | null> {
    const { node, socket } = this.#sockets.get(connection)!
    const from = this.now
    const task = await who(socket)
    this.connections.push({ continues: connection, connection, node, from, until: this.now, task })
    return task
  }

  leave(connection: string): void {
    this.#sockets.get(connection)?.socket.destroy()
  }

  /** Connections one after the other, each left at once. */
  async row(node: string, place: Place, count: number): Promise<(string | null)[]> {
    const tasks: (string | null)[] = []
    for (let each = 0; each < count; each++) {
      this.leave(await this.connect(node, place))
      tasks.push(this.connections.at(-1)!.task)
    }
    return tasks
  }

  end(): void {
    for (const { socket } of this.#sockets.values()) socket.destroy()
  }
}

/** The name that whoever is at the other end says; null if nobody does. */
function who(socket: Socket): Promise<string | null> {
  if (socket.destroyed) return Promise.resolve(null)
  return new Promise((resolve) => {
    const end = (name: string | null): void => {
      clearTimeout(timer)
      socket.off('data', take)
      socket.off('close', fail)
      resolve(name)
    }
    const take = (data: Buffer): void => end(data.toString().trim())
    const fail = (): void => end(null)
    const timer = setTimeout(fail, patience)
    socket.on('data', take)
    socket.on('close', fail)
    socket.write('who\n')
  })
}
