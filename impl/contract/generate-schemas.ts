/**
 * JSON Schemas of the lines of the adapter protocol, for adapters in other languages. After a build:
 * `node dist/impl/contract/generate-schemas.js impl/contract/schemas`
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { definitions, refusalSchema, replySchemas, requestSchema } from './schema.ts'

const lines: Record<string, z.ZodType> = {
  request: requestSchema,
  refusal: refusalSchema,
  ...Object.fromEntries(Object.entries(replySchemas).map(([type, schema]) => [`reply-${type}`, schema])),
}

/** The text of each schema by its file name. What may be left out of a line is optional. */
export const generateSchemas = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(lines).map(([name, schema]) => {
      const title = `Swarmcheck adapter protocol 1: ${name.replace('-', ' to ')}`
      const document = { title, ...z.toJSONSchema(schema, { io: 'input', metadata: definitions }) }
      return [`${name}.schema.json`, JSON.stringify(document, null, 2) + '\n']
    }),
  )

const [script, directory] = process.argv.slice(1)
if (script !== undefined && directory !== undefined && import.meta.url === pathToFileURL(script).href)
  for (const [name, text] of Object.entries(generateSchemas())) writeFileSync(join(directory, name), text)
