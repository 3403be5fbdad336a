/** What the HTTP mesh does with requests: by the host that they are for. [UCP] */
import type { Operation, Pool, PoolMember, Route, Service } from '../../../models/balancing/vocabulary.ts'
import { poolKey } from './core.ts'
import { memberKey, TrafficRules } from './traffic.ts'

type HttpRequest = Extract<Operation, { readonly type: 'request' }>

interface Match {
  readonly service: Service
  readonly route: Route
}

export abstract class HttpRules extends TrafficRules {
  /** By route and value of its cookie. */
  protected readonly stuck = new Map<string, string>()

  protected request(id: number, request: HttpRequest): void {
    const match = this.match(request)
    if (match === undefined) return this.unknownHost(id, request)
    if (this.redirects(match.route, request))
      return this.result(id, 'ok', { code: 301, location: match.route.redirect })
    this.passOn(id, request, match)
  }

  protected match(request: HttpRequest): Match | undefined {
    const matches = this.routes(request)
    return matches.find(({ route }) => this.isFor(route, request)) ?? matches.find(({ route }) => this.isDefault(route))
  }

  /** All routes of the scheme. */
  protected routes({ scheme }: HttpRequest): Match[] {
    const kind = scheme === 'http' ? 'http' : 'sni'
    return [...this.services().values()].flatMap((service) =>
      service.routes.filter((route) => route.kind === kind).map((route) => ({ service, route })),
    )
  }

  protected isFor(route: Route, { host }: HttpRequest): boolean {
    return route.host !== '' && route.host === host.toLowerCase()
  }

  protected isDefault(route: Route): boolean {
    return route.host === ''
  }

  protected redirects({ redirect }: Route, { scheme }: HttpRequest): boolean {
    return scheme === 'http' && redirect !== ''
  }

  /** Nobody is for it: where nothing may be said, the connection is refused. */
  protected unknownHost(id: number, { scheme }: HttpRequest): void {
    if (scheme === 'http') this.result(id, 'ok', { code: 503 })
    else this.result(id, 'failed', { reason: 'refused' })
  }

  protected passOn(id: number, request: HttpRequest, { service, route }: Match): void {
    const network = service.attachments[0]?.network ?? ''
    const pool = this.pools.get(poolKey(service.service, network))
    const member = pool === undefined ? undefined : this.chooseFor(request, route, pool)
    if (pool === undefined || member === undefined) return this.unknownHost(id, request)
    const code = request.scheme === 'http' ? 200 : 0
    this.open(id, request.connection, pool, member, this.id, this.schemeOf(request), code)
  }

  /** What is encrypted is passed on as it is. */
  protected schemeOf({ scheme }: HttpRequest): HttpRequest['scheme'] {
    return scheme
  }

  protected chooseFor({ cookie }: HttpRequest, { host, sticky }: Route, pool: Pool): PoolMember | undefined {
    const turn = `http ${pool.service}`
    if (sticky === '' || cookie === '') return this.choose(turn, pool)
    const key = `${pool.service} ${host} ${cookie}`
    const stuck = pool.members.find((member) => memberKey(member) === this.stuck.get(key) && this.isActive(member))
    const member = stuck ?? this.choose(turn, pool)
    if (member !== undefined) this.stuck.set(key, memberKey(member))
    return member
  }
}
