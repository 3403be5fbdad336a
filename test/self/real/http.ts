/** A client of real nodes. Unlike `fetch` it never sends a request twice by itself. */
import { Agent, request } from 'node:http'

export interface Reply {
  readonly status: number
  /** Of what a node answers; null where it is not JSON. */
  readonly body: any
}

export interface Asked {
  readonly method?: string
  readonly path: string
  readonly body?: string
  readonly headers?: Record<string, string>
  /** Milliseconds. */
  readonly timeout?: number
}

export const createAgent = (): Agent => new Agent({ keepAlive: true })

/** Rejects where no answer came; with the code ECONNREFUSED nothing was sent. */
export const ask = (agent: Agent, address: string, asked: Asked): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const [host, port] = address.split(':')
    const { method = 'GET', path, body = '', timeout = 3_000 } = asked
    const headers = { 'content-length': String(Buffer.byteLength(body)), ...asked.headers }
    const sent = request({ agent, host, port: Number(port), method, path, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        clearTimeout(timer)
        const text = Buffer.concat(chunks).toString()
        resolve({ status: response.statusCode!, body: parsed(text) })
      })
    })
    const timer = setTimeout(() => sent.destroy(new Error('no answer in time')), timeout)
    sent.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    sent.end(body)
  })

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
