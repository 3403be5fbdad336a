/** Files that survive a power cut, and a lock on a directory. */
import { link, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
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

/** When a process was started, in the kernel's ticks, so that a number that is used again is told from the first; '' where unknown. */
const startOf = async (pid: number): Promise<string> => {
  const stat = await readIfThere(`/proc/${pid}/stat`)
  return stat === null
    ? ''
    : (stat
        .toString()
        .replace(/^.*\) /s, '')
        .split(' ')[19] ?? '')
}

const isRunning = async (holder: string): Promise<boolean> => {
  const [digits, start = ''] = holder.trim().split(' ')
  const pid = Number(digits)
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
  const current = await startOf(pid)
  return start === '' || current === '' || start === current
}

/**
 * Locks a directory against other processes of this machine: the file `lock` names its holder. A lock whose holder died
 * is taken over. Gives what releases it. Throws a LockedError where the holder lives.
 */
export const lockDirectory = async (directory: string): Promise<() => Promise<void>> => {
  const [lock, own, aside] = ['lock', `lock.${process.pid}`, `lock.${process.pid}.stale`].map((name) =>
    join(directory, name),
  ) as [string, string, string]
  await writeFile(own, `${process.pid} ${await startOf(process.pid)}\n`)
  try {
    // Linking fails where the name exists, so that only one of several processes succeeds.
    for (let tries = 0; tries < 5; tries++) {
      if (await tryTo(() => link(own, lock), 'EEXIST')) return () => rm(lock, { force: true })
      const holder = (await readIfThere(lock))?.toString()
      if (holder === undefined) continue
      if (await isRunning(holder)) throw new LockedError(`${directory} is in use by process ${holder.split(' ')[0]}`)
      if (!(await tryTo(() => rename(lock, aside), 'ENOENT'))) continue
      // Another process may have taken over in between: then its lock is put back.
      if ((await readIfThere(aside))?.toString() !== holder) await tryTo(() => link(aside, lock), 'EEXIST')
      await rm(aside, { force: true })
    }
    throw new LockedError(`${directory} is wanted by several processes at once`)
  } finally {
    await rm(own, { force: true })
  }
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
