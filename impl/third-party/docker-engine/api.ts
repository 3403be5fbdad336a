/** The HTTP API of an engine, on its Unix socket. */
import { request } from 'node:http'
import { AdapterError } from '../../contract/adapter-error.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'

/** What is spoken: that of 20.10, which later engines speak too. */
const version = 'v1.41'
const longestAnswer = 8_388_608
const defaultPatience: Milliseconds = 30_000

export interface Reply {
  readonly status: number
  /** What was answered; null where that is not JSON. */
  readonly body: any
}

export interface Asked {
  /** Sent as JSON; bytes are sent as a tarball. */
  readonly body?: object
  /** Milliseconds. */
  readonly timeout?: Milliseconds
}

export class EngineApi {
  readonly #socketPath: string

  constructor(socketPath: string) {
    this.#socketPath = socketPath
  }

  /** @throws AdapterError if no answer comes */
  ask(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    { body, timeout = defaultPatience }: Asked = {},
  ): Promise<Reply> {
    const isTar = body instanceof Uint8Array
    const content = body === undefined ? '' : isTar ? body : JSON.stringify(body)
    const headers = {
      'content-type': isTar ? 'application/x-tar' : 'application/json',
      'content-length': String(Buffer.byteLength(content)),
    }
    return new Promise((resolve, reject) => {
      const fail = ({ message }: Error): void =>
        reject(new AdapterError('hang', `the engine did not answer ${method} ${path}: ${message}`))
      const place = { socketPath: this.#socketPath, path: `/${version}${path}` }
      const sent = request({ ...place, method, headers }, (response) => {
        const chunks: Buffer[] = []
        let length = 0
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
          length += chunk.length
          if (length > longestAnswer) sent.destroy(new Error('the answer is too long'))
        })
        response.on('error', fail)
        response.on('end', () => {
          clearTimeout(timer)
          resolve({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks).toString('utf8')) })
        })
      })
      const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${timeout} ms`)), timeout)
      sent.on('error', (error) => {
        clearTimeout(timer)
        fail(error)
      })
      sent.end(content)
    })
  }

  /** What is answered by a status of success. @throws AdapterError if it is none */
  async must(method: 'GET' | 'POST' | 'DELETE', path: string, asked: Asked = {}): Promise<any> {
    const { status, body } = await this.ask(method, path, asked)
    if (status >= 200 && status < 400) return body
    throw new AdapterError('contract', `${method} ${path} was answered by status ${status}: ${wordsOf(body)}`)
  }
}

/** The words of a refusal. */
export const wordsOf = (body: { readonly message?: unknown } | null): string =>
  typeof body?.message === 'string' ? body.message : ''

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
