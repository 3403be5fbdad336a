/**
 * JSON Schemas of the lines of the adapter protocol, for adapters in other languages. After a build:
 * `node dist/impl/contract/generate-schemas.js impl/contract/schemas`
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { refusalSchema } from './schema.ts'
import { adapterSurfaces, commonReplies, dialects } from './surfaces.ts'

type Names = z.core.$ZodRegistry<{ id: string }>

const document = (name: string, schema: z.ZodType, names?: Names): [string, string] => {
  const title = `Swarmcheck adapter protocol 1: ${name.replace('/', ': ').replace('-', ' to ')}`
  const parts = z.toJSONSchema(schema, names === undefined ? { io: 'input' } : { io: 'input', metadata: names })
  return [`${name}.schema.json`, JSON.stringify({ title, ...parts }, null, 2) + '\n']
}

/** The text of each schema by its file name, a folder a surface. What may be left out of a line is optional. */
export const generateSchemas = (): Record<string, string> =>
  Object.fromEntries([
    document('refusal', refusalSchema),
    ...Object.entries(commonReplies).map(([type, schema]) => document(`reply-${type}`, schema)),
    ...adapterSurfaces.flatMap((surface) => {
      const { request, replies, definitions } = dialects[surface]
      const replyTo = Object.entries(replies) as [string, z.ZodType][]
      return [
        document(`${surface}/request`, request, definitions),
        ...replyTo.map(([type, schema]) => document(`${surface}/reply-${type}`, schema, definitions)),
      ]
    }),
  ])

const [script, directory] = process.argv.slice(1)
if (script !== undefined && directory !== undefined && import.meta.url === pathToFileURL(script).href)
  for (const [name, text] of Object.entries(generateSchemas())) {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
