/** What the judge knows of one node: what was observed, and what follows from it. */
import type { EndpointKind, Stage } from '../../models/discovery/member.ts'
import type { Resolution } from '../../models/discovery/rules.ts'
import type {
  EndpointSetting,
  NetworkKind,
  NetworkSetting,
  Question,
  Upstream,
} from '../../models/discovery/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'
import { View } from './view.ts'

/** An endpoint of the node's own. */
export interface OwnEndpoint {
  readonly setting: EndpointSetting
  readonly kind: EndpointKind
  stage: Stage
}

/** A question that waits for resolvers outside. */
export interface Waiting {
  readonly operation: number
  readonly sandbox: string
  readonly question: Question
  readonly resolution: Resolution
  /** Whom it may ask, in this order, and how many it has asked. */
  readonly servers: readonly Upstream[]
  asked: number
  /** The one that is waited for. */
  forward: number
  sentAt: Milliseconds
}

export class Node {
  readonly id: NodeId
  readonly number: number
  readonly view: View
  up = true
  /** Panicked: nothing is expected of it any more. */
  gone = false
  life = ''
  now: Milliseconds = 0
  readonly endpoints = new Map<string, OwnEndpoint>()
  readonly waiting = new Map<number, Waiting>()
  /** Questions from sandboxes that are gone: whether they are answered is all the same. */
  readonly dropped = new Set<number>()
  /** Operations that were answered. */
  readonly answered = new Set<number>()
  readonly #networks: readonly NetworkSetting[]
  readonly #sandboxes = new Map<string, readonly NetworkSetting[]>()

  constructor(
    id: NodeId,
    number: number,
    networks: readonly NetworkSetting[],
    kinds: ReadonlyMap<string, NetworkKind>,
  ) {
    this.id = id
    this.number = number
    this.#networks = networks
    this.view = new View(kinds)
  }

  /** Forgets what does not survive a crash: everything. */
  forget(): void {
    this.view.clear()
    this.endpoints.clear()
    this.waiting.clear()
    this.answered.clear()
    this.dropped.clear()
    this.#sandboxes.clear()
  }

  /** What is attached has changed. */
  noteAttached(): void {
    this.#sandboxes.clear()
  }

  /** The networks of a sandbox; none if there is no such sandbox. */
  networksOf(sandbox: string): readonly NetworkSetting[] {
    let networks = this.#sandboxes.get(sandbox)
    if (networks === undefined) {
      const names = new Set<string>()
      for (const { setting, stage } of this.endpoints.values())
        if (stage !== 'gone' && setting.sandbox === sandbox) names.add(setting.network)
      networks = this.#networks.filter(({ name }) => names.has(name))
      this.#sandboxes.set(sandbox, networks)
    }
    return networks
  }

  isOn(network: string): boolean {
    for (const { setting, stage } of this.endpoints.values())
      if (stage !== 'gone' && setting.network === network) return true
    return false
  }
}
