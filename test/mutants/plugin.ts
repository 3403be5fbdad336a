/** Mutants of a plugin for addresses, and of whoever calls one: each breaks one requirement of `ipam-remote`. */
import { callerMutants } from './plugin/callers.ts'
import { serverMutants } from './plugin/servers.ts'

export const pluginMutants = [...serverMutants, ...callerMutants]
