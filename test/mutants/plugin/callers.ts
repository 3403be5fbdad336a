/** Callers of plugins that are wrong in one way: the reference's with one of its parts replaced. */
import { PluginCaller, Refusal } from '../../../impl/real/ipam/caller.ts'
import { callPlugin, type PluginReply, refusalIn } from '../../../impl/real/ipam/plugin-call.ts'
import { caller } from '../../../properties/plugin/requirements.ts'
import { folklore, type Mutant } from '../mutant.ts'

export interface CallerMutant extends Omit<Mutant, 'create'> {
  readonly kind: 'caller'
  readonly Caller: typeof PluginCaller
}

const mutant = (told: Omit<CallerMutant, 'kind'>): CallerMutant => ({ ...told, kind: 'caller' })

export const callerMutants: readonly CallerMutant[] = [
  mutant({
    name: 'calls-before-activation',
    breaks: caller.activatesFirst,
    rule: 'A plugin is not activated.',
    seenIn: folklore,
    Caller: class extends PluginCaller {
      protected override async call(path: string, body: object | null): Promise<PluginReply> {
        if (path !== '/Plugin.Activate') return super.call(path, body)
        return { status: 200, type: '', content: '{"Implements":["IpamDriver"]}' }
      }
    },
  }),
  mutant({
    name: 'sends-lists',
    breaks: caller.posts,
    rule: 'What has no arguments is sent an empty list of them.',
    seenIn: folklore,
    Caller: class extends PluginCaller {
      protected override call(path: string, body: object | null): Promise<PluginReply> {
        return super.call(path, body ?? [])
      }
    },
  }),
  mutant({
    name: 'names-its-own-space',
    breaks: caller.usesToldSpaces,
    rule: 'Pools are requested in a space of a fixed name.',
    seenIn: folklore,
    also: { [caller.usesWhatIsGiven]: 'a plugin that knows its spaces refuses' },
    Caller: class extends PluginCaller {
      protected override spaceOf(): string {
        return 'default'
      }
    },
  }),
  mutant({
    name: 'gives-back-twice',
    breaks: caller.knowsItsPools,
    rule: 'A pool is given back, and then once more.',
    seenIn: folklore,
    Caller: class extends PluginCaller {
      protected override async giveBack(PoolID: string, addresses: readonly string[]): Promise<void> {
        await super.giveBack(PoolID, addresses)
        await this.call('/IpamDriver.ReleasePool', { PoolID })
      }
    },
  }),
  mutant({
    name: 'marks-no-gateways',
    breaks: caller.gatewayFirst,
    rule: 'The request for a gateway does not say that it is for one.',
    seenIn: folklore,
    also: {
      [caller.tellsRefusals]: 'a plugin that gives no gateways does not know that it is asked for one',
      [caller.tellsHardwareAddresses]: 'a request without that option is taken for that of an endpoint',
      [caller.usesWhatIsGiven]: 'a plugin that gives no endpoints gives no gateway either',
    },
    Caller: class extends PluginCaller {
      protected override requestGateway(pool: string, address: string): Promise<string> {
        return this.requestAddress(pool, address, {})
      }
    },
  }),
  mutant({
    name: 'forgets-the-auxiliary',
    breaks: caller.auxiliaryNext,
    rule: 'Addresses that are kept for others are not requested.',
    seenIn: folklore,
    also: {
      [caller.tellsRefusals]: 'what is not requested is not refused',
      [caller.asksAgain]: 'nor is it requested again',
    },
    Caller: class extends PluginCaller {
      protected override requestNetwork(...[wishes]: Parameters<PluginCaller['requestNetwork']>) {
        return super.requestNetwork({ ...wishes, auxiliary: [] })
      }
    },
  }),
  mutant({
    name: 'chooses-by-itself',
    breaks: caller.auxiliaryNext,
    rule: 'An address that a user names is left to the plugin.',
    seenIn: folklore,
    also: { [caller.usesWhatIsGiven]: 'the endpoint has another address then', [caller.asksAgain]: 'as after a start' },
    Caller: class extends PluginCaller {
      protected override requestEndpoint(pool: string): Promise<string> {
        return super.requestEndpoint(pool, '')
      }
    },
  }),
  mutant({
    name: 'counts-for-itself',
    breaks: caller.usesWhatIsGiven,
    rule: 'An endpoint has the address behind the one that was given.',
    seenIn: folklore,
    also: {
      [caller.releasesWhatItHolds]: 'what it thinks that it has is released',
      [caller.releasesAddressesFirst]: 'and what was given is not',
      [caller.asksAgain]: 'it is the wrong one that is requested again',
    },
    Caller: class extends PluginCaller {
      protected override async requestEndpoint(pool: string, address: string): Promise<string> {
        const given = await super.requestEndpoint(pool, address)
        return given.replace(/\d+$/, (part) => String(Number(part) + 1))
      }
    },
  }),
  mutant({
    name: 'releases-with-length',
    breaks: caller.releasesWhatItHolds,
    rule: 'An address is released as it was given: with a length.',
    seenIn: folklore,
    also: {
      [caller.releasesAddressesFirst]: 'none is released then',
      [caller.givesBack]: 'a plugin that looks at addresses refuses, and keeps the pool',
    },
    Caller: class extends PluginCaller {
      protected override release(pool: string, address: string): Promise<void> {
        return super.release(pool, `${address}/24`)
      }
    },
  }),
  mutant({
    name: 'releases-pools-alone',
    breaks: caller.releasesAddressesFirst,
    rule: 'A pool is given back with what was taken from it.',
    seenIn: folklore,
    Caller: class extends PluginCaller {
      protected override giveBack(pool: string): Promise<void> {
        return super.giveBack(pool, [])
      }
    },
  }),
  mutant({
    name: 'keeps-what-it-cannot-use',
    breaks: caller.givesBack,
    rule: 'A pool stays requested when its gateway is refused.',
    seenIn: 'moby, read in source',
    Caller: class extends PluginCaller {
      protected override async requestNetwork(...[wishes]: Parameters<PluginCaller['requestNetwork']>) {
        const { PoolID: pool, Pool: subnet } = await this.requestPool(wishes.subnet)
        const gateway = await this.requestGateway(pool, wishes.gateway)
        const auxiliary: string[] = []
        for (const address of wishes.auxiliary) auxiliary.push(await this.requestAddress(pool, address, {}))
        return { pool, subnet, gateway, auxiliary, endpoints: new Map<string, string>() }
      }
    },
  }),
  mutant({
    name: 'keeps-pools-for-later',
    breaks: caller.givesBack,
    rule: 'The pool of a network that is gone is not given back.',
    seenIn: folklore,
    Caller: class extends PluginCaller {
      protected override async giveBack(pool: string, addresses: readonly string[]): Promise<void> {
        for (const address of addresses) await this.release(pool, address)
      }
    },
  }),
  mutant({
    name: 'refuses-in-its-own-words',
    breaks: caller.tellsRefusals,
    rule: 'A user is told that the plugin has refused, and not why.',
    seenIn: folklore,
    Caller: class extends PluginCaller {
      protected override async ask(...asked: Parameters<PluginCaller['ask']>): Promise<never> {
        const answer = await super.ask(...asked).catch(() => {
          throw new Refusal('the plugin has refused')
        })
        return answer as never
      }
    },
  }),
  mutant({
    name: 'makes-what-was-refused',
    breaks: caller.tellsRefusals,
    rule: 'A refusal by status 200 is taken for a grant.',
    seenIn: folklore,
    also: {
      [caller.knowsItsPools]: 'it goes on with what it does not have',
      [caller.givesBack]: 'and gives nothing back',
      [caller.releasesWhatItHolds]: 'what was never given is released',
    },
    Caller: class extends PluginCaller {
      protected override async call(path: string, body: object | null): Promise<PluginReply> {
        const reply = await super.call(path, body)
        if (reply.status !== 200 || refusalIn(reply) === null) return reply
        return { ...reply, content: '{"PoolID":"none","Pool":"10.213.0.0/24","Address":"10.213.0.250/24"}' }
      }
    },
  }),
  mutant({
    name: 'insists-on-capabilities',
    breaks: caller.assumesDefaults,
    rule: 'A plugin that tells no capabilities is not used.',
    seenIn: folklore,
    Caller: class extends PluginCaller {
      protected override async capabilities() {
        const { status } = await this.call('/IpamDriver.GetCapabilities', null)
        if (status !== 200) throw new Refusal('it has no capabilities')
        return super.capabilities()
      }
    },
  }),
  mutant({
    name: 'tells-no-hardware-addresses',
    breaks: caller.tellsHardwareAddresses,
    rule: 'What a plugin needs is not looked at.',
    seenIn: folklore,
    Caller: class extends PluginCaller {
      protected override requestEndpoint(pool: string, address: string): Promise<string> {
        return this.requestAddress(pool, address, {})
      }
    },
  }),
  mutant({
    name: 'asks-nothing-again',
    breaks: caller.asksAgain,
    rule: 'A caller that starts again takes for granted what it had written down.',
    seenIn: folklore,
    also: {
      [caller.knowsItsPools]: 'the plugin was not told of its pools again',
      [caller.activatesFirst]: 'nor was it activated again',
    },
    Caller: class extends PluginCaller {
      protected override async replay(): Promise<void> {}
    },
  }),
  mutant({
    name: 'asks-for-pools-alone-again',
    breaks: caller.asksAgain,
    rule: 'A caller that starts again requests pools and gateways, and no addresses of endpoints.',
    seenIn: folklore,
    also: { [caller.releasesWhatItHolds]: 'an address that was not requested again is released' },
    Caller: class extends PluginCaller {
      protected override replay(...[network]: Parameters<PluginCaller['replay']>): Promise<void> {
        return super.replay({ ...network, endpoints: new Map() })
      }
    },
  }),
  mutant({
    name: 'gives-up-at-once',
    breaks: caller.triesAgain,
    rule: 'A plugin that cannot be reached is not tried again.',
    seenIn: folklore,
    Caller: class extends PluginCaller {
      protected override async call(path: string, body: object | null): Promise<PluginReply> {
        return callPlugin(this.endpoint, path, body === null ? '' : JSON.stringify(body)).catch((error: Error) => {
          throw new Refusal(error.message)
        })
      }
    },
  }),
]
