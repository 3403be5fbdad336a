#!/usr/bin/env node
/** The command: signals, streams and the exit code; the rest is `test/suites/command`. */
import { main } from './test/suites/command/main.ts'
import { exits } from './test/suites/command/terminal.ts'

const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Whoever asks twice does not want to wait.
    if (interrupt.signal.aborted) process.exit(exits.interrupted)
    interrupt.abort()
  })
}
// A reader that has seen enough, such as `head`, is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

const code = await main(process.argv.slice(2), {
  out: process.stdout,
  err: process.stderr,
  env: process.env,
  signal: interrupt.signal,
})
process.exitCode = code
// Whatever is still under way is not waited for; children end with us.
if (code === exits.interrupted) process.stdout.write('', () => process.exit(code))
