/** The suite of the protocol between a daemon and a plugin for addresses: the plugin from outside, and the reference's caller. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PluginCaller, Refusal } from '../../../impl/real/ipam/caller.ts'
import { type Endpoint, printEndpoint } from '../../../impl/real/ipam/endpoint.ts'
import { PluginService, servePlugin } from '../../../impl/real/ipam/plugin-server.ts'
import { caller, plugin } from '../../../properties/plugin/requirements.ts'
import type { KnownFailure, Report } from '../../../traces/report.ts'
import { defaultIpamOptions } from '../../../traces/scenario.ts'
import { type Finding, outcomeOf, scriptedReport, type Selection, selectRequirements } from '../scripted.ts'
import type { SuiteProgress } from '../suite.ts'
import { type Caller, callerChecks, type CallerHost, checkCaller } from './caller.ts'
import { BrokenOff, checks, Talk } from './checks.ts'

export interface PluginSuiteOptions extends Selection {
  /** Where the plugin is; null for the reference, whose caller is checked too. */
  readonly endpoint: Endpoint | null
  readonly known?: readonly KnownFailure[]
  readonly strict?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: SuiteProgress) => void
}

/** Requirements that the suite puts to the test. */
export const pluginRequirements: ReadonlySet<string> = new Set([...Object.values(plugin), ...Object.values(caller)])

/** Checks a plugin from outside. What it does wrong is among the findings. */
export async function checkPlugin(
  endpoint: Endpoint,
  { signal, onCheck }: { readonly signal?: AbortSignal | undefined; readonly onCheck?: (name: string) => void } = {},
): Promise<Finding[]> {
  const talk = new Talk(endpoint)
  for (const check of checks) {
    if (signal?.aborted === true) break
    talk.begin(check.name)
    try {
      await check.run(talk)
    } catch (error) {
      if (!(error instanceof BrokenOff)) throw error
    } finally {
      await talk.giveBack()
    }
    onCheck?.(check.name)
  }
  return talk.findings
}

/** A caller of this package, or one that differs from it. */
export function callerHost(folder: string, Class: typeof PluginCaller = PluginCaller): CallerHost {
  const socketOf = (name: string): string => join(folder, `${name}.sock`)
  return { socketOf, open: async (name) => adapted(new Class({ path: socketOf(name) })) }
}

/** Of what is refused, the words. */
async function wordsOf(done: Promise<void>): Promise<string | null> {
  try {
    await done
    return null
  } catch (error) {
    if (error instanceof Refusal) return error.message
    throw error
  }
}

const adapted = (own: PluginCaller): Caller => ({
  create: (network, wishes) => wordsOf(own.create(network, wishes)),
  remove: (network) => wordsOf(own.remove(network)),
  connect: (network, container, address) => wordsOf(own.connect(network, container, address)),
  disconnect: (network, container) => wordsOf(own.disconnect(network, container)),
  show: async (network) => own.show(network),
  restart: () => own.restart(),
})

/** Checks a plugin, or the reference as a plugin and as a caller of plugins. */
export async function runPluginSuite(options: PluginSuiteOptions): Promise<Report> {
  const { endpoint, known = [], signal, onProgress } = options
  const isOwn = endpoint === null
  const total = checks.length + (isOwn ? callerChecks.length : 0)
  let done = 0
  const onCheck = (label: string): void => onProgress?.({ done: ++done, total, label, failures: 0 })
  const findings = isOwn ? await checkReference({ signal, onCheck }) : await checkPlugin(endpoint, { signal, onCheck })
  const lack = (slug: string): string | null =>
    isOwn || !slug.startsWith('plugin/caller-') ? null : 'a plugin calls nobody'
  return scriptedReport({
    suite: 'plugin',
    command: endpoint === null ? null : printEndpoint(endpoint),
    strict: options.strict ?? false,
    outcomes: selectRequirements(pluginRequirements, options).map((each) =>
      outcomeOf(each, findings, known, lack(each.slug)),
    ),
    errors: [],
    notes: [],
    interrupted: signal?.aborted === true,
  })
}

async function checkReference(how: Parameters<typeof checkPlugin>[1]): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'swarmcheck-plugin-'))
  try {
    const endpoint = { path: join(folder, 'reference.sock') }
    const server = await servePlugin(new PluginService(defaultIpamOptions), endpoint)
    const findings = await checkPlugin(endpoint, how).finally(() => server.close())
    return [...findings, ...(await checkCaller(callerHost(folder), how))]
  } finally {
    rmSync(folder, { recursive: true })
  }
}
