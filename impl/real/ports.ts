/** Ports of this machine that nobody uses. */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

/** A port that is free there for datagrams and for streams. @throws Error of the system where the address is none */
export async function freePort(host: string): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const server = createServer()
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    const socket = createSocket('udp4')
    try {
      await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(port, host, resolve))
      return port
    } catch (error) {
      if (attempt === 10) throw error
    } finally {
      socket.close()
    }
  }
}
