import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { limits } from '../../impl/contract/limits.ts'
import { commonReplies, lines, refusalSchema, type RequestType } from '../../impl/contract/schema.ts'

const requestSchema = lines.raft.request
const replySchemas = { ...commonReplies, ...lines.raft.replies }

const page = readFileSync(new URL('../../impl/contract/PROTOCOL.md', import.meta.url), 'utf8')
const example = fileURLToPath(new URL('../../impl/examples/python-raft/adapter.py', import.meta.url))
const hasPython = spawnSync('python3', ['--version']).status === 0

/** The session that the page shows: requests and their replies. */
const session = page
  .slice(page.indexOf('## A session'))
  .split('\n')
  .flatMap((line) => (/^[→←] /.test(line) ? [JSON.parse(line.slice(2)) as Record<string, unknown>] : []))
const requests = session.filter((_, index) => index % 2 === 0)
const replies = session.filter((_, index) => index % 2 === 1)

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

test('the bounds on the page are those of the code', () => {
  const bounds = page.slice(page.indexOf('## Bounds'))
  const { line, stderr, nodes, inputs, outputs, entries, nodeId, word, value, text } = limits
  expect([line / 2 ** 20, stderr / 2 ** 20]).toEqual([16, 64])
  for (const number of [16, 64, nodes, inputs, outputs, entries, nodeId, word, value, text])
    expect(bounds).toContain(` ${number.toLocaleString('en')} `)
})

test('links within the page lead somewhere', () => {
  const anchors = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title]) => title!.toLowerCase().replaceAll(' ', '-'))
  for (const [, anchor] of page.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors).toContain(anchor)
})
