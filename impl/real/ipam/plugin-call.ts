/** One call of a plugin of Docker. */
import { request } from 'node:http'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { AdapterError } from '../../contract/adapter-error.ts'
import { type Endpoint, printEndpoint } from './endpoint.ts'

const longestAnswer = 1_048_576
const timeout: Milliseconds = 10_000

export interface PluginReply {
  readonly status: number
  /** Of the content, as it says itself; `''` if it does not. */
  readonly type: string
  readonly content: string
}

/** Asks, with a body that may be anything. @throws AdapterError if no answer comes */
export function callPlugin(endpoint: Endpoint, path: string, body: string): Promise<PluginReply> {
  const place = 'path' in endpoint ? { socketPath: endpoint.path } : endpoint
  const headers = {
    'content-type': 'application/json',
    accept: 'application/vnd.docker.plugins.v1.2+json',
    'content-length': String(Buffer.byteLength(body)),
  }
  return new Promise((resolve, reject) => {
    const fail = ({ message }: Error): void =>
      reject(new AdapterError('closed', `the plugin at ${printEndpoint(endpoint)} did not answer ${path}: ${message}`))
    // A connection of its own: one that was kept may end while the next call is written to it.
    const how = { ...place, path, method: 'POST', headers, timeout, agent: false }
    const sent = request(how, (response) => {
      let content = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        content += chunk
        if (content.length > longestAnswer) sent.destroy(new Error('the answer is too long'))
      })
      response.on('error', fail)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', content }),
      )
    })
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')))
    sent.on('error', fail)
    sent.end(body)
  })
}

/** What was answered, read as JSON; null where it is none. */
export function readReply({ content }: PluginReply): unknown {
  try {
    return JSON.parse(content)
  } catch {
    return null
  }
}

/**
 * Why a call was refused; null if it was not. By status 200 the field Error says it; by any other the field Err, or else
 * the answer as it is.
 */
export function refusalIn(reply: PluginReply): string | null {
  const answer = readReply(reply) as { readonly Error?: unknown; readonly Err?: unknown } | null
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  const words = text(answer?.Error) || text(answer?.Err)
  if (words !== '') return words
  return reply.status === 200 ? null : reply.content.trim()
}
