/** The other side of `stdio.ts`: any implementation of this process as an adapter on standard input and output. */
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { Answer, Input, OutgoingMessage } from '../../models/raft/vocabulary.ts'
import type { Implementation, Session } from './raft.ts'
import type { z } from 'zod'
import { lines as schemas } from './schema.ts'

const requestSchema = schemas.raft.request
type Request = z.infer<typeof requestSchema>
type WireInput = Extract<Request, { type: 'steps' }>['inputs'][number]

interface Run {
  readonly session: Session
  /** Messages that may still be delivered. */
  readonly messages: Map<number, OutgoingMessage>
}

type Body = Record<string, unknown>

const refuse = (kind: 'unsupported' | 'definite' | 'indefinite', text: string): Body => ({ error: { kind, text } })

const keep = (run: Run, answer: Answer): Answer => {
  for (const output of answer.outputs) if (output.type === 'message') run.messages.set(output.id, output)
  return answer
}

const step = (run: Run, wire: WireInput): Answer => {
  if (wire.type !== 'deliver') return keep(run, run.session.step(wire as Exclude<Input, { type: 'deliver' }>))
  const message = run.messages.get(wire.message)
  if (message === undefined) throw new Error(`message ${wire.message} was never sent, or was forgotten`)
  return keep(run, run.session.step({ ...wire, message }))
}

/** What carries out the requests of one connection; each gives the body of its answer. */
const createServer = (implementation: Implementation) => {
  const runs = new Map<number, Run>()

  const inRun = (number: number, act: (run: Run) => Body): Body => {
    const run = runs.get(number)
    return run === undefined ? refuse('definite', `run ${number} was not started, or has ended`) : act(run)
  }

  const carryOut = (request: Request): Body => {
    switch (request.type) {
      case 'hello':
        return { hello: implementation.hello }
      case 'start': {
        const run: Run = { session: implementation.open(request.start), messages: new Map() }
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

  return (request: Request): Body => {
    try {
      return carryOut(request)
    } catch (error) {
      return refuse('indefinite', error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
  }
}

/** Serves until `exit` or the end of the input, whichever comes first. Throws on a line that is no request at all. */
export const serveStdio = async (
  implementation: Implementation,
  input: Readable = process.stdin,
  output: Writable = process.stdout,
): Promise<void> => {
  const serve = createServer(implementation)
  const lines = createInterface({ input, crlfDelay: Infinity })
  for await (const line of lines) {
    const raw = JSON.parse(line) as { seq: number; run?: number; type?: unknown }
    const { seq, run } = raw
    const request = requestSchema.safeParse(raw)
    const body = request.success
      ? serve(request.data)
      : refuse('unsupported', `no such request: ${request.error.issues[0]?.message ?? ''}`)
    output.write(JSON.stringify({ seq, run, ...body }) + '\n')
    if (request.success && request.data.type === 'exit') break
  }
  lines.close()
}
