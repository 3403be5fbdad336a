import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import { PassThrough, Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { limits } from '../../impl/contract/limits.ts'
import { serveStdio } from '../../impl/contract/serve-stdio.ts'
import { createReference } from '../../impl/reference/swim/session.ts'
import { commonReplies, lines, refusalSchema, type RequestType } from '../../impl/contract/schema.ts'

const requestSchema = lines.raft.request
const replySchemas = { ...commonReplies, ...lines.raft.replies }

const page = readFileSync(new URL('../../impl/contract/PROTOCOL.md', import.meta.url), 'utf8')
const example = fileURLToPath(new URL('../../impl/examples/python-raft/adapter.py', import.meta.url))
const hasPython = spawnSync('python3', ['--version']).status === 0

/** A session that the page shows, from this heading on: requests and their replies. */
function sessionAfter(heading: string): { requests: Record<string, unknown>[]; replies: Record<string, unknown>[] } {
  const [, text] = page.split(`\n${heading}\n`)
  const lines = text!
    .split(/\n##? /)[0]!
    .split('\n')
    .flatMap((line) => (/^[→←] /.test(line) ? [JSON.parse(line.slice(2)) as Record<string, unknown>] : []))
  return {
    requests: lines.filter((_, index) => index % 2 === 0),
    replies: lines.filter((_, index) => index % 2 === 1),
  }
}
const { requests, replies } = sessionAfter('## A session')

test('every line of the session on the page follows the schemas', () => {
  expect(requests).toHaveLength(14)
  for (const [index, request] of requests.entries()) {
    const reply = replies[index]!
    if (requestSchema.safeParse(request).success) replySchemas[request.type as RequestType].parse(reply)
    else refusalSchema.parse(reply)
  }
  const types = requests.filter((request) => requestSchema.safeParse(request).success).map(({ type }) => type)
  expect(new Set(types)).toEqual(new Set(['hello', 'start', 'steps', 'inspect', 'end', 'exit']))
})

test.runIf(hasPython)('the example answers the session as the page says', async () => {
  const child = spawn('python3', [example], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(requests.map((request) => JSON.stringify(request) + '\n').join(''))
  const answers: unknown[] = []
  for await (const line of createInterface({ input: child.stdout })) answers.push(JSON.parse(line))
  expect(answers).toEqual(replies)
})

test('the reference answers the session of SWIM as the page says', async () => {
  const { requests, replies } = sessionAfter('### A session of SWIM')
  expect(requests).toHaveLength(9)
  for (const request of requests) lines.swim.request.parse(request)
  const output = new PassThrough()
  const input = Readable.from(requests.map((request) => JSON.stringify(request) + '\n'))
  await serveStdio(createReference(), input, output)
  const answers = String(output.read()).trimEnd().split('\n')
  expect(answers.map((line) => JSON.parse(line) as unknown)).toEqual(replies)
  for (const [index, { type }] of requests.entries())
    lines.swim.replies[type as 'start' | 'steps' | 'inspect'].parse(replies[index])
})

test('the bounds on the page are those of the code', () => {
  const bounds = page.slice(page.indexOf('## Bounds'))
  const { line, stderr, nodes, inputs, outputs, entries, updates, records, nodeId, word, value, text } = limits
  expect([line / 2 ** 20, stderr / 2 ** 20]).toEqual([16, 64])
  for (const number of [16, 64, nodes, inputs, outputs, entries, updates, records, nodeId, word, value, text])
    expect(bounds).toContain(` ${number.toLocaleString('en')} `)
})

test('links within the page lead somewhere', () => {
  const anchors = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title]) => title!.toLowerCase().replaceAll(' ', '-'))
  for (const [, anchor] of page.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors).toContain(anchor)
})
