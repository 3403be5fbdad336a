/** Files that a person names: read with suspicion, refused with one line that says which and why. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { looksLikeTrace, readTrace, traceLimits, writeTrace, type Trace } from '../../../traces/format.ts'
import type { Scenario } from '../../../traces/scenario.ts'
import { InputError } from '../../../traces/input-error.ts'
import { parseScenario, printScenario } from '../../../traces/text.ts'
import type { Counterexample } from '../counterexample.ts'
import { UsageError } from './terminal.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'is a folder, not a file',
  ENOTDIR: 'no such file',
  ENAMETOOLONG: 'the name is too long',
  EEXIST: 'a file is in the way',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left',
}

function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException
  return reasons[code] ?? message
}

/** @throws InputError if the file cannot be read, or is larger than any file of ours may be */
export function readInput(file: string): Buffer {
  const fail = (message: string): never => {
    throw new InputError({ file, line: 0, column: 0 }, message)
  }
  try {
    const { size } = statSync(file)
    if (size > traceLimits.file) fail(`larger than ${traceLimits.file} bytes`)
    return readFileSync(file)
  } catch (error) {
    if (error instanceof InputError) throw error
    return fail(reasonOf(error))
  }
}

/** What a file holds that can be run. */
export interface Runnable {
  readonly scenario: Scenario
  /** Null if the file is the text form of a scenario. */
  readonly trace: Trace | null
}

/** @throws InputError with the place of the first thing that is wrong */
export function readRunnable(file: string): Runnable {
  const bytes = readInput(file)
  if (looksLikeTrace(bytes.toString('utf8', 0, 64))) {
    const trace = readTrace(bytes, file)
    return { scenario: trace.scenario, trace }
  }
  return { scenario: parseScenario(decode(bytes, file), file), trace: null }
}

function decode(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new InputError({ file, line: 0, column: 0 }, 'not UTF-8 text')
  }
}

/** Writes files into a folder, which is made if need be. @throws UsageError if that fails */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  try {
    mkdirSync(folder, { recursive: true })
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  } catch (error) {
    throw new UsageError(`cannot write into ${folder}: ${reasonOf(error)}`)
  }
}

/** Names of the files of a counterexample. */
export function counterexampleFiles(requirement: string): { readonly trace: string; readonly scenario: string } {
  const name = requirement.replaceAll('/', '-')
  return { trace: `${name}.trace.jsonl`, scenario: `${name}.scenario` }
}

/** A counterexample as files: its trace, where there is one, and the text form of its scenario. */
export function filesOf({ requirement, trace }: Counterexample): Record<string, string> {
  const names = counterexampleFiles(requirement)
  return {
    [names.scenario]: printScenario(trace.scenario),
    ...(trace.events.length > 0 ? { [names.trace]: writeTrace(trace) } : {}),
  }
}
