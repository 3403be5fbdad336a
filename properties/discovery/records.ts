/** Judges what becomes of records: of the node's own by what was asked, of others by what their owners have shown. */
import {
  outcomeOf,
  type EndpointInput,
  type EndpointKind,
  type EndpointOutcome,
} from '../../models/discovery/member.ts'
import type {
  EndpointRecord,
  EndpointSetting,
  Input,
  Operation,
  RecordChange,
} from '../../models/discovery/vocabulary.ts'
import { type Cluster, saysSame } from './cluster.ts'
import type { Node, OwnEndpoint } from './node.ts'
import { R } from './requirements.ts'
import { recordKey } from './view.ts'

const kindOf = ({ service, checked }: EndpointSetting): EndpointKind =>
  service === null ? 'container' : checked ? 'checked' : 'unchecked'

export const recordOf = (setting: EndpointSetting, owner: string, disabled: boolean): EndpointRecord => {
  const { network, endpoint, name, aliases, address, address6, service } = setting
  return { network, endpoint, owner, name, aliases, address, address6, service, disabled }
}

/** What an operation on an endpoint has to lead to. */
export interface ExpectedLife {
  readonly type: EndpointInput
  readonly endpoint: string
  readonly own: OwnEndpoint | null
  readonly outcome: EndpointOutcome
  readonly transition: string
}

type LifeOperation = Extract<Operation, { readonly type: EndpointInput }>

/** Carries the operation out in what the judge knows. */
export function expectLife(cluster: Cluster, node: Node, operation: LifeOperation): ExpectedLife {
  const { type, endpoint } = operation
  let own = node.endpoints.get(endpoint)
  if (own === undefined && type === 'attach' && cluster.kinds.has(operation.network)) {
    own = { setting: operation, kind: kindOf(operation), stage: 'absent' }
    node.endpoints.set(endpoint, own)
  }
  // On a network that there is not, nothing can be attached.
  const stage = own?.stage ?? (type === 'attach' ? 'gone' : 'absent')
  const { to, outcome, name } = outcomeOf(own?.kind ?? 'container', stage, type)
  if (own !== undefined) own.stage = to
  node.noteAttached()
  return { type, endpoint, own: own ?? null, outcome, transition: name }
}

/** Which rule is broken if an endpoint is not shown as it has to be. */
function ruleOf({ type, own, outcome }: ExpectedLife): number {
  switch (type) {
    case 'attach':
      return own?.kind === 'checked' ? R.notBeforeHealthy : R.publishesAtStart
    case 'healthy':
      return R.publishesWhenHealthy
    case 'unhealthy':
      return outcome.shown === 'nothing' ? R.notBeforeHealthy : R.disablesUnhealthy
    case 'drain':
      return outcome.shown === 'nothing' ? R.notBeforeHealthy : R.disablesDraining
    case 'detach':
      return R.withdrawsDetached
  }
}

const shownOf = (record: EndpointRecord | undefined): EndpointOutcome['shown'] =>
  record === undefined ? 'nothing' : record.disabled ? 'disabled' : 'enabled'

/** After the step: the endpoint is shown as the operation has left it. */
export function judgeLife(cluster: Cluster, node: Node, expected: ExpectedLife): void {
  const { own, endpoint, outcome } = expected
  if (own === null) return
  const rule = ruleOf(expected)
  cluster.tested[rule]!++
  const shown = shownOf(node.view.held.get(recordKey(own.setting.network, endpoint))?.record)
  if (shown !== outcome.shown) {
    const text = `shows ${endpoint} ${shown === 'nothing' ? 'not at all' : shown} after ${expected.type}`
    cluster.fail(rule, node, text, outcome.shown === 'nothing' ? 'nothing of it' : `that it is ${outcome.shown}`)
  }
  if (expected.type !== 'detach' || node.isOn(own.setting.network)) return
  cluster.tested[R.holdsOwnNetworks]!++
  for (const { record } of node.view.held.values()) {
    if (record.network !== own.setting.network) continue
    const text = `holds ${record.endpoint} of ${record.network}, and nothing of it is on that network any more`
    return cluster.fail(R.holdsOwnNetworks, node, text, 'records of its own networks')
  }
}

/** Takes the changes of a step into the view, each judged. */
export function judgeChanges(
  cluster: Cluster,
  node: Node,
  changes: readonly RecordChange[],
  input: Input,
  life: ExpectedLife | null,
): void {
  cluster.tested[R.recordsByCause]!++
  for (const change of changes) {
    const { network, endpoint } = change
    const isOwn = node.endpoints.has(endpoint) || (change.status === 'held' && change.owner === node.id)
    if (!isCaused(isOwn, endpoint, input, life)) {
      const text = `changes its record of ${endpoint} in a step of ${input.type === 'operation' ? input.operation.type : input.type}`
      cluster.fail(R.recordsByCause, node, text, 'a change that something asks for')
    }
    if (change.status === 'forgotten') {
      node.view.delete(network, endpoint)
      continue
    }
    if (isOwn) judgeOwn(cluster, node, change)
    else judgeOther(cluster, node, change)
    const { status: _, ...record } = change
    node.view.set(record)
  }
}

/** The own records change by operations on them; those of others by what is told of them, or by leaving their network. */
function isCaused(isOwn: boolean, endpoint: string, input: Input, life: ExpectedLife | null): boolean {
  if (isOwn) return life?.endpoint === endpoint
  return input.type === 'operation' ? life?.type === 'detach' || life?.type === 'attach' : input.type !== 'upstream'
}

function judgeOwn(cluster: Cluster, node: Node, record: EndpointRecord): void {
  const own = node.endpoints.get(record.endpoint)
  cluster.tested[R.recordAsAttached]!++
  if (own === undefined) {
    return cluster.fail(R.recordsByOwner, node, `shows ${record.endpoint}, which it has not`, 'what is attached')
  }
  const expected = recordOf(own.setting, node.id, record.disabled)
  if (!saysSame(record, expected) || record.network !== own.setting.network) {
    const text = `shows ${record.endpoint} as ${JSON.stringify(record)}`
    cluster.fail(R.recordAsAttached, node, text, JSON.stringify(expected))
  }
  const key = recordKey(record.network, record.endpoint)
  const versions = cluster.published.get(key)
  if (versions === undefined) cluster.published.set(key, [record])
  else versions.push(record)
}

function judgeOther(cluster: Cluster, node: Node, record: EndpointRecord): void {
  const { network, endpoint, owner, disabled } = record
  const key = recordKey(network, endpoint)
  cluster.tested[R.localStaysLocal]!++
  if (cluster.kinds.get(network) === 'local') {
    cluster.fail(
      R.localStaysLocal,
      node,
      `holds ${endpoint} of ${owner} on ${network}`,
      'only its own on local networks',
    )
  }
  cluster.tested[R.holdsOwnNetworks]!++
  if (!node.isOn(network)) {
    const text = `takes ${endpoint} of ${network}, and nothing of it is on that network`
    cluster.fail(R.holdsOwnNetworks, node, text, 'records of its own networks')
  }
  cluster.tested[R.recordsByOwner]!++
  const versions = cluster.published.get(key) ?? []
  if (!versions.some((each) => each.disabled === disabled && saysSame(each, record))) {
    const text = `holds ${endpoint} as ${JSON.stringify(record)}`
    cluster.fail(R.recordsByOwner, node, text, versions.length === 0 ? 'nothing' : JSON.stringify(versions.at(-1)))
  }
  const before = node.view.held.get(key)?.record
  if (disabled) cluster.tested[R.disabledStays]!++
  if (before?.disabled === true && !disabled)
    cluster.fail(R.disabledStays, node, `takes ${endpoint} for enabled again`, 'that it stays disabled')
}
