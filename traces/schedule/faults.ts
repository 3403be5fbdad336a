/** Faults that every surface knows, drawn: how they begin, and what ends them. */
import type { NodeId, Step } from '../../models/vocabulary.ts'
import { type Draw, pick, pickSome } from './draw.ts'

export type LinkFault = 'split' | 'bridge' | 'ring' | 'cut' | 'hold'

type FaultStep = Exclude<Step<never>, { readonly step: 'operation' }>

export interface DrawnFault {
  readonly begin: readonly FaultStep[]
  readonly end: readonly FaultStep[]
}

const heal: FaultStep = { step: 'heal' }

/** Links that fail. There are at least two nodes, for a bridge three. */
export function drawLinkFault(draw: Draw, nodes: readonly NodeId[], fault: LinkFault): DrawnFault {
  switch (fault) {
    case 'split': {
      const group = pickSome(draw, nodes, 1, nodes.length - 1)
      return {
        begin: [{ step: 'partition', groups: [group, nodes.filter((node) => !group.includes(node))] }],
        end: [heal],
      }
    }
    case 'bridge': {
      // Two halves that see one node in common, but not each other.
      const [bridge, ...others] = pickSome(draw, nodes, nodes.length, nodes.length) as [NodeId, ...NodeId[]]
      const half = others.splice(0, draw.integer(1, others.length - 1))
      const cuts = half.flatMap((one) =>
        others.flatMap((other): FaultStep[] => [
          { step: 'cut', from: one, to: other },
          { step: 'cut', from: other, to: one },
        ]),
      )
      return { begin: bridge === undefined ? [] : cuts, end: [heal] }
    }
    case 'ring':
      return { begin: [{ step: 'ring' }], end: [heal] }
    case 'cut': {
      const links = drawLinks(draw, nodes, nodes.length)
      return { begin: links.map((link) => ({ step: 'cut', ...link })), end: [heal] }
    }
    case 'hold': {
      const links = drawLinks(draw, nodes, 3)
      return {
        begin: links.map((link) => ({ step: 'hold', ...link })),
        end: links.map((link) => ({ step: 'release', ...link })),
      }
    }
  }
}

/** A clock that is wrong, by at most `drift`. */
export function drawClockFault(draw: Draw, nodes: readonly NodeId[], drift: number): DrawnFault {
  const node = pick(draw, nodes)
  const percent = Math.floor(100 * Math.min(drift, 0.9))
  const rate = 1 + draw.integer(-percent, percent) / 100
  return { begin: [{ step: 'clock', node, rate }], end: [{ step: 'clock', node, rate: 1 }] }
}

/** One or more links, at most `greatest`. */
function drawLinks(draw: Draw, nodes: readonly NodeId[], greatest: number): { from: NodeId; to: NodeId }[] {
  const all = nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => ({ from, to })))
  return pickSome(draw, all, 1, greatest)
}
