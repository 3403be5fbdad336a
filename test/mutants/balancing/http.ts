/** Mutants of balancing: requests of HTTP. */
import { BalancingNode } from '../../../impl/reference/balancing/node.ts'
import type { Operation, Pool, PoolMember, Route } from '../../../models/balancing/vocabulary.ts'
import { balancingMutant, folklore, type Mutant } from '../mutant.ts'

type HttpRequest = Extract<Operation, { readonly type: 'request' }>

export const http: readonly Mutant[] = [
  balancingMutant({
    name: 'knows-one-case',
    breaks: 'balancing/routes-by-host',
    rule: 'Hosts are compared letter by letter.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override isFor(route: Route, { host }: HttpRequest): boolean {
        return route.host !== '' && route.host === host
      }
    },
  }),
  balancingMutant({
    name: 'not-found-for-unknown',
    breaks: 'balancing/unknown-host-unavailable',
    also: { 'balancing/routes-by-host': 'Where the service has nobody.', 'balancing/default-route': 'The same.' },
    rule: 'A host that is not known is answered by 404.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override unknownHost(id: number, request: HttpRequest): void {
        if (request.scheme === 'http') this.result(id, 'ok', { code: 404 })
        else super.unknownHost(id, request)
      }
    },
  }),
  balancingMutant({
    name: 'has-no-default',
    breaks: 'balancing/default-route',
    rule: 'A route without a host is for nobody.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override isDefault(route: Route): boolean {
        return route.kind === 'sni' && super.isDefault(route)
      }
    },
  }),
  balancingMutant({
    name: 'follows-redirects-itself',
    breaks: 'balancing/redirects',
    rule: 'A route that redirects serves all the same.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override redirects(): boolean {
        return false
      }
    },
  }),
  balancingMutant({
    name: 'routes-by-domain',
    breaks: 'balancing/routes-by-sni',
    also: { 'balancing/unknown-sni-default': 'Where no route is for the name itself.' },
    rule: 'Encrypted connections are routed by the domain above the name.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override isFor(route: Route, request: HttpRequest): boolean {
        if (request.scheme === 'http') return super.isFor(route, request)
        const domain = request.host.slice(request.host.indexOf('.'))
        return route.host !== '' && route.host.endsWith(domain)
      }
    },
  }),
  balancingMutant({
    name: 'ends-encryption',
    breaks: 'balancing/sni-passes-through',
    rule: 'The mesh ends the encryption of its clients.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override schemeOf(): 'http' {
        return 'http'
      }
    },
  }),
  balancingMutant({
    name: 'refuses-unknown-names',
    breaks: 'balancing/unknown-sni-default',
    rule: 'A route without a name is for nobody.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override isDefault(route: Route): boolean {
        return route.kind === 'http' && super.isDefault(route)
      }
    },
  }),
  balancingMutant({
    name: 'forgets-sessions',
    breaks: 'balancing/sticky-sessions',
    rule: 'A cookie means nothing.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override chooseFor(request: HttpRequest, route: Route, pool: Pool): PoolMember | undefined {
        return super.chooseFor({ ...request, cookie: '' }, route, pool)
      }
    },
  }),
]
