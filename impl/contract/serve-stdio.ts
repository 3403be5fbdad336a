/** The other side of `stdio.ts`: any implementation of this process as an adapter on standard input and output. */
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { AnyRequest, WireInput } from './dialect.ts'
import { firstIssue } from './issue.ts'
import type { Implementation, Session, Words } from './surface.ts'
import { dialects, type AdapterImplementation } from './surfaces.ts'

interface Run<W extends Words> {
  readonly session: Session<W>
  /** Messages that may still be delivered. */
  readonly messages: Map<number, W['outgoing']>
}

type Body = Record<string, unknown>

const refuse = (kind: 'unsupported' | 'definite' | 'indefinite', text: string): Body => ({ error: { kind, text } })

const keep = <W extends Words>({ messages }: Run<W>, answer: W['answer']): W['answer'] => {
  for (const output of answer.outputs) {
    if (output.type !== 'message') continue
    const message = output as W['outgoing']
    messages.set(message.id, message)
  }
  return answer
}

const step = <W extends Words>(run: Run<W>, wire: WireInput<W>): W['answer'] => {
  if (wire.type !== 'deliver') return keep(run, run.session.step(wire as W['input']))
  const { message: id } = wire as { readonly message: number }
  const message = run.messages.get(id)
  if (message === undefined) throw new Error(`message ${id} was never sent, or was forgotten`)
  return keep(run, run.session.step({ ...wire, message } as W['input']))
}

/** What carries out the requests of one connection; each gives the body of its answer. */
const createServer = <W extends Words>(implementation: Implementation<W>) => {
  const runs = new Map<number, Run<W>>()

  const inRun = (number: number, act: (run: Run<W>) => Body): Body => {
    const run = runs.get(number)
    return run === undefined ? refuse('definite', `run ${number} was not started, or has ended`) : act(run)
  }

  const carryOut = (request: AnyRequest<W>): Body => {
    switch (request.type) {
      case 'hello':
        return { hello: implementation.hello }
      case 'start': {
        const run: Run<W> = { session: implementation.open(request.start), messages: new Map() }
        runs.set(request.run, run)
        return { answers: run.session.initial.map((answer) => keep(run, answer)) }
      }
      case 'steps':
        return inRun(request.run, (run) => {
          const answers = request.inputs.map((input) => step(run, input))
          for (const id of request.forget ?? []) run.messages.delete(id)
          return { answers }
        })
      case 'inspect':
        return inRun(request.run, (run) => ({ inspection: run.session.inspect(request.node) }))
      case 'encode':
        return inRun(request.run, (run) => {
          if (!implementation.hello.capabilities.encode) return refuse('unsupported', 'encode')
          const message = run.session.encode(request.from, request.to, request.view)
          run.messages.set(message.id, message)
          return { message }
        })
      case 'end':
        return inRun(request.run, (run) => {
          run.session.close()
          runs.delete(request.run)
          return {}
        })
      case 'exit':
        return {}
    }
  }

  return (request: AnyRequest<W>): Body => {
    try {
      return carryOut(request)
    } catch (error) {
      return refuse('indefinite', error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
  }
}

/** Serves until `exit` or the end of the input, whichever comes first. Throws on a line that is no request at all. */
export const serveStdio = async (
  implementation: AdapterImplementation,
  input: Readable = process.stdin,
  output: Writable = process.stdout,
): Promise<void> => {
  const { request } = dialects[implementation.hello.surfaces[0]!]
  // The form of the requests is that of the surface that the implementation names.
  const serve = createServer(implementation as unknown as Implementation<Words>) as (request: unknown) => Body
  const lines = createInterface({ input, crlfDelay: Infinity })
  for await (const line of lines) {
    const raw = JSON.parse(line) as { seq: number; run?: number; type?: unknown }
    const { seq, run } = raw
    const asked = request.safeParse(raw)
    const body = asked.success
      ? serve(asked.data)
      : refuse('unsupported', `no such request: ${firstIssue(asked.error)}`)
    output.write(JSON.stringify({ seq, run, ...body }) + '\n')
    if (asked.success && asked.data.type === 'exit') break
  }
  lines.close()
}
