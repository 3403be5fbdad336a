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
  const outcomes = routes.map((routed) => outcomeOf(node, routed, scheme))
  if (outcomes.length === 0) outcomes.push('none')
  const redirected = outcomes.includes('redirect')
  if (redirected) cluster.tested[R.redirects]!++
  const isRedirect = result?.code === 301
  if (isRedirect && routes.some(({ route }) => route.redirect !== '' && route.redirect === result.location)) return
  const isRefusal = scheme === 'http' ? result?.status === 'ok' && result.code === 503 : result?.status === 'failed'
  if (isRefusal && outcomes.includes('none')) return
  const said = result === undefined ? 'nothing' : `${result.status} ${result.code} ${result.location}`
  const broken = redirected || isRedirect ? R.redirects : rule
  cluster.fail(
    broken,
    node,
    `answers a request for ${host} by ${said}`,
    outcomes.map((each) => words[each]).join(' or '),
  )
}

type Outcome = 'redirect' | 'served' | 'none'

const words: Readonly<Record<Outcome, string>> = {
  redirect: '301, to where the route says',
  served: 'that a task answers',
  none: '503, or a refusal where it is encrypted',
}

function outcomeOf(node: Node, routed: RoutedService, scheme: HttpRequest['scheme']): Outcome {
  if (scheme === 'http' && routed.route.redirect !== '') return 'redirect'
  return poolOf(node, routed)?.members.some(isActive) === true ? 'served' : 'none'
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
  const open = routes.filter((each) => outcomeOf(node, each, scheme) !== 'redirect')
  if (open.length === 0 && routes.length > 0)
    return cluster.fail(R.redirects, node, `passes a request for ${host} to ${chosen.task}`, words.redirect)
  const routed = open.find((each) =>
    poolOf(node, each)?.members.some(({ task, node: at }) => task === chosen.task && at === chosen.node),
  )
  const pool = routed === undefined ? undefined : poolOf(node, routed)
  if (routed === undefined || pool === undefined)
    return cluster.fail(rule, node, `passes a request for ${host} to ${chosen.task}`, 'a task that is meant')
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
