import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import { PassThrough, Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { limits } from '../../impl/contract/limits.ts'
import { serveStdio } from '../../impl/contract/serve-stdio.ts'
import { refusalSchema } from '../../impl/contract/schema.ts'
import {
  adapterSurfaces,
  commonReplies,
  dialects,
  type AdapterImplementation,
  type AdapterSurface,
} from '../../impl/contract/surfaces.ts'
import { suiteOf } from '../suites/surfaces.ts'

const requestSchema = dialects.raft.request
const replySchemas: Record<string, { parse(line: unknown): unknown }> = { ...commonReplies, ...dialects.raft.replies }

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
    if (requestSchema.safeParse(request).success) replySchemas[String(request.type)]!.parse(reply)
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

/** The heading of the session of each surface but Raft, whose session is the example's. */
const headings: { readonly [Surface in Exclude<AdapterSurface, 'raft'>]: string } = {
  swim: '### A session of SWIM',
  networkdb: '### A session of the network database',
  ipam: '### A session of addresses',
}

test.each(adapterSurfaces.filter((surface) => surface !== 'raft'))(
  'the reference answers the session of %s as the page says',
  async (surface) => {
    const { requests, replies } = sessionAfter(headings[surface])
    expect(requests.length).toBeGreaterThan(6)
    const { request: form, replies: forms } = dialects[surface]
    for (const request of requests) form.parse(request)
    const output = new PassThrough()
    const input = Readable.from(requests.map((request) => JSON.stringify(request) + '\n'))
    await serveStdio(suiteOf(surface).createReference('on-append') as AdapterImplementation, input, output)
    const answers = String(output.read()).trimEnd().split('\n')
    expect(answers.map((line) => JSON.parse(line) as unknown)).toEqual(replies)
    for (const [index, { type }] of requests.entries())
      forms[type as 'start' | 'steps' | 'inspect'].parse(replies[index])
  },
)

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
