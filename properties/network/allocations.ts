/** Judges what the leader grants, refuses, allocates and lets go of. */
import { contains, parsePrefix } from '../../models/ipam/addresses.ts'
import { broken } from '../../models/network/rules.ts'
import type { Change, Holding, HoldingKind, Operation, Result } from '../../models/network/vocabulary.ts'
import type { Asked, Cluster, Node } from './cluster.ts'
import { R } from './requirements.ts'

type Held = Extract<Change, { readonly change: 'held' | 'freed' }>

const describe = ({ kind, value, owner }: Holding): string => `${kind} ${value} for ${owner}`

/** What became of what was asked, as far as later steps depend on it. */
export function noteDecision(cluster: Cluster, { operation }: Asked): void {
  const { networks, services, tasks } = cluster
  switch (operation.type) {
    case 'create-network':
      networks.set(operation.network, { subnet: '', going: false })
      return
    case 'remove-network': {
      const network = networks.get(operation.network)
      if (network !== undefined) network.going = true
      return
    }
    case 'create-service': {
      const { service, network, mode, port } = operation
      services.set(service, { network, mode, port, going: false })
      return
    }
    case 'remove-service': {
      const service = services.get(operation.service)
      if (service !== undefined) service.going = true
      for (const task of tasks.values()) if (task.service === operation.service) task.going = true
      return
    }
    case 'start-task': {
      const { task, service, on } = operation
      const network = services.get(service)?.network ?? ''
      tasks.set(task, { service, network, on, going: false })
      return
    }
    case 'stop-task': {
      const task = tasks.get(operation.task)
      if (task !== undefined) task.going = true
    }
  }
}

/** What was allocated, or let go of. */
export function judgeHolding(cluster: Cluster, node: Node, change: Held): void {
  const { change: what, ...holding } = change
  cluster.tested[R.onlyLeaderAllocates]!++
  if (!node.leading) {
    const text = `${what === 'held' ? 'allocates' : 'frees'} ${describe(holding)}, and does not lead`
    cluster.fail(R.onlyLeaderAllocates, node, text, 'that it leaves that to who leads')
  }
  if (what === 'held') judgeHeld(cluster, node, holding)
  else judgeFreed(cluster, node, holding)
}

const spaces: Readonly<Record<HoldingKind, number>> = {
  subnet: -1,
  vni: R.vnisDiffer,
  address: R.addressesDiffer,
  vip: R.addressesDiffer,
  port: R.portsDiffer,
}

export function judgeHeld(cluster: Cluster, node: Node, holding: Holding): void {
  const { kind, network, value } = holding
  const rule = spaces[kind]
  if (rule >= 0) {
    cluster.tested[rule]!++
    const other = [...cluster.holdings.values()].find(
      (each) =>
        spaces[each.kind] === rule && each.value === value && (rule !== R.addressesDiffer || each.network === network),
    )
    if (other !== undefined) {
      cluster.fail(rule, node, `allocates ${describe(holding)}, and holds ${describe(other)}`, 'one owner of each')
    }
  }
  cluster.hold(holding)
}

function judgeFreed(cluster: Cluster, node: Node, holding: Holding): void {
  cluster.tested[R.freesOnlyWhatGoes]!++
  if (!cluster.free(holding) || !isGoing(cluster, holding)) {
    cluster.fail(R.freesOnlyWhatGoes, node, `frees ${describe(holding)}`, 'that it is held as long as its owner stays')
  }
  judgeWithdrawn(cluster, node, holding)
}

function isGoing(cluster: Cluster, holding: Holding): boolean {
  const { kind, owner } = holding
  if (cluster.isOfNode(holding)) return true
  if (kind === 'address') return cluster.tasks.get(owner)?.going ?? false
  if (kind === 'vip' || kind === 'port') return cluster.services.get(owner)?.going ?? false
  return cluster.networks.get(owner)?.going ?? false
}

/** What is let go of is told by nobody any more, and, where it rests until then, shown by nobody. */
function judgeWithdrawn(cluster: Cluster, node: Node, holding: Holding): void {
  const { kind, network, value, owner } = holding
  const fail = (rule: number, who: string): void =>
    cluster.fail(rule, node, `frees ${describe(holding)}, and ${who}`, 'that it is held until then')
  if (kind === 'address') {
    // With its network goes the space of its addresses: nobody is given one of that any more.
    if (!cluster.barrier && cluster.networks.get(network)?.going !== false) return
    cluster.tested[R.releasedAfterWithdrawal]!++
    cluster.tested[R.addressOutlivesViews]!++
    const runner = cluster.present().find(({ tasks }) => tasks.has(owner))
    if (runner !== undefined) fail(R.releasedAfterWithdrawal, `${runner.id} still runs it`)
    const rule = broken(cluster.layersOf(owner), 'release', cluster.barrier)
    if (rule === 'releasesWithdrawn') fail(R.releasedAfterWithdrawal, 'its node still tells of it')
    if (rule === 'outlivesViews') fail(R.addressOutlivesViews, 'a node still shows it')
  } else if (kind === 'vip' || kind === 'port') {
    cluster.tested[R.serviceOutlivesViews]!++
    const named = cluster
      .present()
      .find(({ endpoints }) =>
        [...endpoints.values()].some(
          ({ service, vip, port }) => service === owner && (kind === 'vip' ? vip : String(port)) === value,
        ),
      )
    if (named !== undefined) fail(R.serviceOutlivesViews, `${named.id} still shows it`)
  } else if (kind === 'vni') {
    cluster.tested[R.vniOutlivesMembers]!++
    const member = cluster.present().find(({ networks }) => networks.get(owner) === Number(value))
    if (member !== undefined) fail(R.vniOutlivesMembers, `${member.id} still takes part in ${owner}`)
  }
}

/** A new leader begins with what was allocated, no more and no less. */
export function judgeRestored(cluster: Cluster, node: Node, changes: readonly Change[]): void {
  cluster.tested[R.restoresHoldings]!++
  const seen = new Map(
    changes.flatMap((each) => (each.change === 'held' ? [[describe(each) + each.network, each] as const] : [])),
  )
  const before = new Map([...cluster.holdings.values()].map((each) => [describe(each) + each.network, each]))
  const missing = [...before].find(([key]) => !seen.has(key))
  const added = [...seen].find(([key]) => !before.has(key))
  if (missing !== undefined) {
    cluster.fail(R.restoresHoldings, node, `begins to lead without ${describe(missing[1])}`, 'all that was allocated')
  }
  if (added !== undefined) {
    cluster.fail(R.restoresHoldings, node, `begins to lead with ${describe(added[1])}`, 'only what was allocated')
  }
}

/** What a leader answered to an operator; called when all that it allocated is known. */
export function judgeDecision(cluster: Cluster, node: Node, { operation }: Asked, result: Result): void {
  if (result.reason === 'not-leading') return
  if (result.status === 'ok') return judgeGranted(cluster, node, operation)
  judgeRefused(cluster, node, operation, result)
}

const ownerOf = (operation: Operation): string =>
  operation.type === 'create-network'
    ? operation.network
    : operation.type === 'create-service'
      ? operation.service
      : operation.type === 'start-task'
        ? operation.task
        : ''

function judgeGranted(cluster: Cluster, node: Node, operation: Operation): void {
  const values = (kind: HoldingKind): string[] => cluster.heldFor(ownerOf(operation), kind).map(({ value }) => value)
  const needs = (what: string, has: boolean, seen: readonly string[]): void => {
    cluster.tested[R.grantsWhatIsNeeded]!++
    if (has) return
    const text = `grants ${operation.type} of ${ownerOf(operation)}, and holds ${seen.join(' ') || 'nothing'} for it`
    cluster.fail(R.grantsWhatIsNeeded, node, text, what)
  }
  switch (operation.type) {
    case 'create-network': {
      const subnets = values('subnet')
      const vnis = values('vni')
      const { firstVni, lastVni } = cluster.options
      const fits = subnets.length === 1 && (operation.subnet === '' || subnets[0] === operation.subnet)
      needs(`one subnet${operation.subnet === '' ? '' : `, ${operation.subnet}`}`, fits, subnets)
      const vni = Number(vnis[0])
      needs(`one VNI from ${firstVni} to ${lastVni}`, vnis.length === 1 && vni >= firstVni && vni <= lastVni, vnis)
      const known = cluster.networks.get(operation.network)
      if (known !== undefined) cluster.networks.set(operation.network, { ...known, subnet: subnets[0] ?? '' })
      return
    }
    case 'create-service': {
      const { network, mode, port } = operation
      const vips = values('vip')
      const isRight = mode === 'vip' ? vips.length === 1 && isIn(cluster, network, vips[0]!) : vips.length === 0
      needs(mode === 'vip' ? `one virtual address in ${network}` : 'no virtual address', isRight, vips)
      const ports = values('port')
      needs(port === 0 ? 'no port' : `port ${port}`, ports.join(' ') === (port === 0 ? '' : String(port)), ports)
      return
    }
    case 'start-task': {
      const addresses = values('address')
      const network = cluster.tasks.get(operation.task)?.network ?? ''
      needs(`one address in ${network}`, addresses.length === 1 && isIn(cluster, network, addresses[0]!), addresses)
      return
    }
    case 'remove-network': {
      cluster.tested[R.keepsNetworksInUse]!++
      const user = [...cluster.services].find(([, each]) => each.network === operation.network && !each.going)
      if (user === undefined) return
      cluster.fail(R.keepsNetworksInUse, node, `removes ${operation.network}, which ${user[0]} is on`, 'a refusal')
      return
    }
    default:
  }
}

function isIn(cluster: Cluster, network: string, address: string): boolean {
  const subnet = parsePrefix(cluster.networks.get(network)?.subnet ?? '')
  const host = parsePrefix(`${address}/32`)
  return subnet !== null && host !== null && contains(subnet, host)
}

function judgeRefused(cluster: Cluster, node: Node, operation: Operation, { reason }: Result): void {
  const owner = ownerOf(operation)
  if (owner === '' || reason === 'exists') return
  cluster.tested[R.refusalAllocatesNothing]!++
  const kinds: readonly HoldingKind[] =
    operation.type === 'create-network'
      ? ['subnet', 'vni']
      : operation.type === 'start-task'
        ? ['address']
        : ['vip', 'port']
  const held = kinds.flatMap((kind) => cluster.heldFor(owner, kind))
  if (held.length > 0) {
    const text = `refuses ${operation.type} of ${owner}, and holds ${describe(held[0]!)}`
    cluster.fail(R.refusalAllocatesNothing, node, text, 'nothing')
  }
  if (reason === 'unavailable') judgeUnavailable(cluster, node, operation)
}

/** Nothing is left: it must be so. */
function judgeUnavailable(cluster: Cluster, node: Node, operation: Operation): void {
  cluster.tested[R.grantsWhatIsFree]!++
  const held = (network: string): number =>
    [...cluster.holdings.values()].filter(
      (each) => (each.kind === 'address' || each.kind === 'vip') && each.network === network,
    ).length
  const fail = (used: number, all: number, what: string): void => {
    if (used >= all) return
    const text = `refuses ${operation.type} of ${ownerOf(operation)} as unavailable, and ${used} of ${all} ${what} are held`
    cluster.fail(R.grantsWhatIsFree, node, text, 'one that is free')
  }
  if (operation.type === 'create-network') {
    const vnis = [...cluster.holdings.values()].filter(({ kind }) => kind === 'vni').length
    return fail(vnis, cluster.options.lastVni - cluster.options.firstVni + 1, 'VNIs')
  }
  const network =
    operation.type === 'create-service'
      ? operation.network
      : operation.type === 'start-task'
        ? (cluster.services.get(operation.service)?.network ?? '')
        : ''
  const subnet = parsePrefix(cluster.networks.get(network)?.subnet ?? '')
  if (subnet === null) return
  // Network address, broadcast and gateway are nobody's; of the smallest subnets only the gateway.
  const size = 2 ** (32 - subnet.bits)
  fail(held(network), size - (subnet.bits >= 31 ? 1 : 3), `addresses of ${network}`)
}
