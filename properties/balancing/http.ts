/** Where requests of HTTP go: by the host that they name. */
import { routesFor, type RoutedService } from '../../models/balancing/rules.ts'
import type { Operation, Pool, PoolMember } from '../../models/balancing/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import { type Chosen, memberKey, type Node, poolKey } from './node.ts'
import { R } from './requirements.ts'
import { chosenFor, noteOpened, resultOf, type Shown } from './traffic.ts'

type HttpRequest = Extract<Operation, { readonly type: 'request' }>

/** The tasks of a routed service, as far as the node knows them. */
function poolOf(node: Node, { service }: RoutedService): Pool | undefined {
  const network = service.attachments[0]?.network
  return network === undefined ? undefined : node.pools.get(poolKey(service.service, network))
}

const isActive = ({ weight }: PoolMember): boolean => weight === 1

export function judgeRequest(cluster: Cluster, node: Node, id: number, asked: HttpRequest, shown: Shown): void {
  const { scheme, host } = asked
  const routes = routesFor(cluster.servicesOf(node).values(), scheme, host)
  const rule = ruleOf(routes, scheme)
  const chosen = chosenFor(node, id, shown)
  cluster.tested[rule]!++
  if (chosen !== null) return judgePassed(cluster, node, id, asked, routes, rule, chosen, shown)
  const result = resultOf(id, shown)
  const redirected = scheme === 'http' ? routes.find(({ route }) => route.redirect !== '') : undefined
  if (redirected !== undefined) {
    cluster.tested[R.redirects]!++
    if (result?.code === 301 && result.location === redirected.route.redirect) return
  } else if (result?.code === 301)
    return cluster.fail(R.redirects, node, `sends the client of ${host} away`, 'that it is served')
  const served = routes.some(
    (routed) =>
      poolOf(node, routed)?.members.some(isActive) === true && (scheme === 'https' || routed.route.redirect === ''),
  )
  const isRefusal = scheme === 'http' ? result?.status === 'ok' && result.code === 503 : result?.status === 'failed'
  if (!served && redirected === undefined && isRefusal) return
  const said = result === undefined ? 'nothing' : `${result.status} ${result.code}`
  const allowed =
    redirected !== undefined ? '301' : served ? 'that a task answers' : scheme === 'http' ? '503' : 'a refusal'
  cluster.fail(redirected === undefined ? rule : R.redirects, node, `answers a request for ${host} by ${said}`, allowed)
}

/** What decides the fate of a request: its own route, the default one, or that there is none. */
function ruleOf(routes: readonly RoutedService[], scheme: HttpRequest['scheme']): number {
  const isHttp = scheme === 'http'
  if (routes.length === 0) return isHttp ? R.unknownHostUnavailable : R.unknownSniDefault
  if (routes[0]!.route.host === '') return isHttp ? R.defaultRoute : R.unknownSniDefault
  return isHttp ? R.routesByHost : R.routesBySni
}

function judgePassed(
  cluster: Cluster,
  node: Node,
  id: number,
  asked: HttpRequest,
  routes: readonly RoutedService[],
  rule: number,
  chosen: Chosen,
  shown: Shown,
): void {
  const { scheme, host, cookie, connection } = asked
  const routed = routes.find((each) =>
    poolOf(node, each)?.members.some(({ task, node: at }) => task === chosen.task && at === chosen.node),
  )
  const pool = routed === undefined ? undefined : poolOf(node, routed)
  if (routed === undefined || pool === undefined)
    return cluster.fail(rule, node, `passes a request for ${host} to ${chosen.task}`, 'a task that is meant')
  if (scheme === 'http' && routed.route.redirect !== '')
    return cluster.fail(R.redirects, node, `passes a request for ${host} to ${chosen.task}`, '301')
  const member = pool.members.find(({ task, node: at }) => task === chosen.task && at === chosen.node)!
  if (!isActive(member))
    return cluster.fail(R.weightZeroGetsNone, node, `passes a request to ${chosen.task}`, 'one with weight')
  if (scheme === 'https') cluster.tested[R.sniPassesThrough]!++
  if (chosen.scheme !== scheme)
    cluster.fail(R.sniPassesThrough, node, `makes ${chosen.scheme} of ${scheme}`, 'that it is passed through')
  if (routed.route.sticky !== '' && cookie !== '')
    judgeSticky(cluster, node, `${pool.service} ${routed.route.host} ${cookie}`, pool, memberKey(chosen))
  noteOpened(cluster, node, id, connection, pool, chosen, scheme === 'http' ? 200 : 0, shown)
}

function judgeSticky(cluster: Cluster, node: Node, key: string, { members }: Pool, chosen: string): void {
  const before = node.stuck.get(key)
  const isThere = members.some((member) => isActive(member) && memberKey(member) === before)
  if (isThere) cluster.tested[R.stickySessions]!++
  if (isThere && before !== chosen)
    cluster.fail(R.stickySessions, node, `passes a session of ${before} to ${chosen}`, `${before}, which takes more`)
  node.stuck.set(key, chosen)
}
