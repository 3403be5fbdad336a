/** Files that survive a power cut, and a lock on a directory. */
import { open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** The error code of a failed system call; '' for other errors. */
export const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | null)?.code ?? ''

/** The whole file; null where there is none. */
export const readIfThere = async (file: string): Promise<Buffer | null> => {
  try {
    return await readFile(file)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/** Makes creations, renames and removals in this directory durable. */
export const syncDirectory = async (directory: string): Promise<void> => {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Replaces a file as a whole: after a crash it holds either what it held before, or `bytes`. */
export const replaceFile = async (file: string, bytes: Uint8Array): Promise<void> => {
  const next = `${file}.next`
  const handle = await open(next, 'w')
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(next, file)
  await syncDirectory(dirname(file))
}

/** Somebody else holds the lock. */
export class LockedError extends Error {
  override readonly name = 'LockedError'
}

/** When a process was started, in ticks of the kernel: tells it from others that had its number; '' where unknown. */
const startOf = async (pid: number): Promise<string> => {
  const stat = (await readIfThere(`/proc/${pid}/stat`))?.toString() ?? ''
  return stat.replace(/^.*\) /s, '').split(' ')[19] ?? ''
}

const isRunning = async (pid: number, start: string): Promise<boolean> => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
  const current = await startOf(pid)
  return start === '' || current === '' || start === current
}

/**
 * Locks a directory against other processes of this machine; gives what releases it. Each process that wants it puts a
 * file there whose name nobody else ever has, then looks for those of others: so of two that come at once at most one
 * gets the lock, and what a process that was killed left behind can be removed without a race. Throws a LockedError.
 */
export const lockDirectory = async (directory: string): Promise<() => Promise<void>> => {
  const own = `lock-${process.pid}-${await startOf(process.pid)}`
  const isNew = await tryTo(() => writeFile(join(directory, own), '', { flag: 'wx' }), 'EEXIST')
  if (!isNew) throw new LockedError(`${directory} is in use by process ${process.pid}`)
  const release = (): Promise<void> => rm(join(directory, own), { force: true })
  try {
    for (const name of await readdir(directory)) {
      const [, pid, start] = /^lock-([1-9]\d*)-(\d*)$/.exec(name) ?? []
      if (pid === undefined || name === own) continue
      if (await isRunning(Number(pid), start!)) throw new LockedError(`${directory} is in use by process ${pid}`)
      await rm(join(directory, name), { force: true })
    }
  } catch (error) {
    await release()
    throw error
  }
  return release
}

/** Whether it was done; false where it failed in the expected way. */
const tryTo = async (act: () => Promise<void>, expected: string): Promise<boolean> => {
  try {
    await act()
    return true
  } catch (error) {
    if (codeOf(error) === expected) return false
    throw error
  }
}
