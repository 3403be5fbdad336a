/** The built command, for tests that need a process of their own. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../suites/package-files.ts'

const folder = join(packageRoot, 'node_modules', '.cache', 'swarmcheck-cli')

/** Builds the package into a folder of its own, and gives the path of the command. */
export function buildCommand(): string {
  const compiler = join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc')
  try {
    execFileSync(process.execPath, [compiler, '-p', packageRoot, '--outDir', folder], { stdio: 'pipe' })
  } catch (error) {
    // Mistakes in types are for `npm run types` to tell; what was built may do.
    if (!existsSync(join(folder, 'cli.js'))) throw error
  }
  return join(folder, 'cli.js')
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** Runs the command; `during` may act on the process. */
export function runCommand(
  command: string,
  words: readonly string[],
  during: (child: ChildProcess) => void = () => {},
  cwd: string = packageRoot,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [command, ...words], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    child.stdout.on('data', (data) => {
      out += String(data)
    })
    child.stderr.on('data', (data) => {
      err += String(data)
    })
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, out, err }))
    during(child)
  })
}
