/** Files of the package that are read at run time, found from the sources as well as from the built files. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder that holds the package's own package.json. */
export const packageRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)))

/** The version of Swarmcheck. */
export const packageVersion: string = (
  JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
).version

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'SPEC.md'))) return folder
  const parent = dirname(folder)
  if (parent === folder) throw new Error('the package is not complete: SPEC.md is missing')
  return findRoot(parent)
}
