/** Counts the reachable states of the Promela models beside this file, with Spin and a C compiler. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const FOLDER = resolve('test/self/spin')

/** Whether both tools are there; what needs them is skipped elsewhere. */
export function hasSpin(): boolean {
  try {
    execFileSync('spin', ['-V'], { stdio: 'ignore' })
    execFileSync('gcc', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Stored states of `<model>.pml` with these parameters. Throws if an assertion of the model fails, or a tool does. */
export function countStates(model: string, parameters: Readonly<Record<string, number>>): number {
  const folder = mkdtempSync(join(tmpdir(), 'swarmcheck-spin-'))
  const run = (command: string, ...words: string[]): string =>
    execFileSync(command, words, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 26 })
  try {
    const defines = Object.entries(parameters).map(([name, value]) => `-D${name}=${value}`)
    run('spin', '-a', ...defines, join(FOLDER, `${model}.pml`))
    // The process never blocks half-way, so there is nothing to reduce; a state is large, its search deep.
    run('gcc', '-O2', '-w', '-DSAFETY', '-DNOREDUCE', '-DVECTORSZ=2048', '-DMEMLIM=9000', '-o', 'pan', 'pan.c')
    const report = run('./pan', '-m2000000', '-w22', '-E')
    const stored = /(\d+) states, stored/.exec(report)?.[1]
    if (!report.includes('errors: 0') || report.includes('too small') || stored === undefined)
      throw new Error(`Spin on ${model} ${defines.join(' ')}:\n${report}`)
    return Number(stored)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
