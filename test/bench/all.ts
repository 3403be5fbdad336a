/**
 * Every benchmark beside this file, one after the other, each in a process of its own, with room for 64 MiB of young
 * objects: what a run makes is short-lived, and collecting it more often says nothing about the run.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const wanted = process.argv.slice(2)
const files = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.bench.js'))
  .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))
let failures = 0
for (const file of files.toSorted()) {
  console.log(`\n# ${file.replace('.js', '')}`)
  const flags = ['--expose-gc', '--max-semi-space-size=64']
  const { status } = spawnSync(process.execPath, [...flags, join(import.meta.dirname, file)], { stdio: 'inherit' })
  if (status !== 0) failures++
}
process.exitCode = failures === 0 ? 0 : 1
