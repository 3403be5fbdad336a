/** Ending work that a signal may have ended before it began. */

/** Calls `end` when the signal is aborted, at once if it was already; gives back what takes this back. */
export function onAbort(signal: AbortSignal | undefined, end: () => void): () => void {
  if (signal === undefined) return () => {}
  if (signal.aborted) {
    end()
    return () => {}
  }
  signal.addEventListener('abort', end, { once: true })
  return () => signal.removeEventListener('abort', end)
}
