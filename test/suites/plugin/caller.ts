/** What is done to a caller of plugins: it is to make networks with the addresses of a plugin that the suite plays. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ShownNetwork, Wishes } from '../../../impl/real/ipam/caller.ts'
import { type PluginServer, PluginService, servePlugin } from '../../../impl/real/ipam/plugin-server.ts'
import type { Call } from '../../../models/plugin/vocabulary.ts'
import { isGranted, judgeCalls } from '../../../properties/plugin/calls.ts'
import { caller } from '../../../properties/plugin/requirements.ts'
import { defaultIpamOptions } from '../../../traces/scenario.ts'
import { type Finding, Findings } from '../scripted.ts'
import { noNeeds, type Part, plainPart, PlayedPlugin, wordsOfRefusal } from './played.ts'

/** One caller, as its user has it. Whatever is refused is told in words; null where it was granted. */
export interface Caller {
  create(network: string, wishes: Wishes): Promise<string | null>
  remove(network: string): Promise<string | null>
  connect(network: string, container: string, address: string): Promise<string | null>
  disconnect(network: string, container: string): Promise<string | null>
  /** Null where there is none of this name. */
  show(network: string): Promise<ShownNetwork | null>
  restart(): Promise<void>
}

/** How a caller comes by a plugin of this name. */
export interface CallerHost {
  /** The path of the socket at which it looks for it. */
  socketOf(plugin: string): string
  open(plugin: string): Promise<Caller>
}

export interface CallerCheck {
  readonly name: string
  readonly part: Part
  /** Plays the reference instead of that part. */
  readonly reference?: true
  run(stage: Stage): Promise<void>
}

/** What follows in a check needs something that was not so; it is judged already. */
class BrokenOff extends Error {}

const nothing: Wishes = { subnet: '', gateway: '', auxiliary: [] }
const bare = (address: unknown): string => String(address).split('/')[0]!

class Stage extends Findings {
  readonly calls: Call[] = []
  readonly caller: Caller
  readonly #check: CallerCheck
  readonly #path: string
  readonly #auxiliary: Record<string, readonly string[]> = {}
  #server: PluginServer | null = null

  constructor(check: CallerCheck, opened: Caller, path: string) {
    super(check.name)
    this.#check = check
    this.caller = opened
    this.#path = path
  }

  async listen(): Promise<void> {
    const { part, reference } = this.#check
    const service = reference === true ? new PluginService(defaultIpamOptions) : new PlayedPlugin(part)
    this.#server = await servePlugin(service, { path: this.#path }, (call) => this.calls.push(call))
  }

  async fallSilent(): Promise<void> {
    await this.#server?.close()
    this.#server = null
  }

  /** @throws BrokenOff where it is refused, which is blamed on the requirement */
  async must(requirement: string, what: string, done: Promise<string | null>): Promise<void> {
    const refusal = await done
    this.judge(requirement, refusal === null, `${what} was refused: ${refusal}`)
    if (refusal !== null) throw new BrokenOff()
  }

  /** Something that the plugin refuses: its words must come to the user. */
  async mustTell(what: string, done: Promise<string | null>): Promise<void> {
    const refusal = await done
    const isTold = refusal?.includes(wordsOfRefusal) === true
    this.judge(caller.tellsRefusals, isTold, `${what} was ${refusal === null ? 'granted' : `refused by '${refusal}'`}`)
  }

  create(network: string, wishes: Wishes = nothing): Promise<string | null> {
    if (wishes.auxiliary.length > 0) this.#auxiliary[wishes.subnet] = wishes.auxiliary
    return this.caller.create(network, wishes)
  }

  async shown(network: string): Promise<ShownNetwork> {
    const shown = await this.caller.show(network)
    this.judge(caller.usesWhatIsGiven, shown !== null, `there is no network ${network}`)
    if (shown === null) throw new BrokenOff()
    return shown
  }

  /** What was granted by a method, in order. */
  granted(method: string): readonly { readonly body: any; readonly answer: any }[] {
    return this.calls
      .filter((call) => call.path === `/IpamDriver.${method}` && isGranted(call))
      .map(({ body, answer }) => ({ body, answer }))
  }

  /** That a network and its endpoints are as the plugin told. */
  async judgeUse(network: string): Promise<void> {
    const { subnet, endpoints } = await this.shown(network)
    const pool = this.granted('RequestPool').at(-1)?.answer.Pool
    this.judge(caller.usesWhatIsGiven, subnet === pool, `has the subnet ${subnet}, was given ${pool}`)
    const given = new Set(this.granted('RequestAddress').map(({ answer }) => bare(answer.Address)))
    for (const [container, address] of endpoints)
      this.judge(caller.usesWhatIsGiven, given.has(address), `${container} has ${address}, which nobody gave`)
  }

  async end(): Promise<void> {
    await this.fallSilent()
    const { needs } = this.#check.part
    for (const { requirement, holds, text } of judgeCalls(this.calls, { needs, auxiliary: this.#auxiliary }))
      this.judge(requirement, holds, text)
  }
}

const life: CallerCheck['run'] = async (stage) => {
  await stage.must(caller.usesWhatIsGiven, 'a network', stage.create('net'))
  await stage.must(caller.usesWhatIsGiven, 'an endpoint', stage.caller.connect('net', 'one', ''))
  await stage.must(caller.usesWhatIsGiven, 'an endpoint', stage.caller.connect('net', 'two', ''))
  await stage.judgeUse('net')
  const { endpoints } = await stage.shown('net')
  stage.judge(caller.usesWhatIsGiven, endpoints.size === 2, `two endpoints were made, ${endpoints.size} have addresses`)
  await stage.must(caller.releasesWhatItHolds, 'that an endpoint goes', stage.caller.disconnect('net', 'one'))
  await stage.must(caller.releasesWhatItHolds, 'that an endpoint goes', stage.caller.disconnect('net', 'two'))
  await stage.must(caller.givesBack, 'that a network goes', stage.caller.remove('net'))
  const pools = stage.granted('RequestPool').length
  const back = stage.granted('ReleasePool').length
  stage.judge(caller.givesBack, back >= pools, `requested ${pools} pools, gave back ${back}, and the network is gone`)
}

const furnished: Wishes = { subnet: '10.213.0.0/24', gateway: '10.213.0.9', auxiliary: ['10.213.0.5', '10.213.0.6'] }

const furniture: CallerCheck['run'] = async (stage) => {
  await stage.must(caller.usesWhatIsGiven, 'a network', stage.create('net', furnished))
  await stage.must(caller.usesWhatIsGiven, 'an endpoint', stage.caller.connect('net', 'one', ''))
  await stage.must(caller.usesWhatIsGiven, 'an endpoint', stage.caller.connect('net', 'two', '10.213.0.77'))
  await stage.judgeUse('net')
  const { gateway, endpoints } = await stage.shown('net')
  const asked = stage.granted('RequestAddress').map(({ body }) => body.Address)
  for (const address of [furnished.gateway, ...furnished.auxiliary, '10.213.0.77'])
    stage.judge(caller.auxiliaryNext, asked.includes(address), `never requested ${address}`)
  stage.judge(caller.usesWhatIsGiven, gateway === furnished.gateway, `has the gateway ${gateway}`)
  stage.judge(caller.usesWhatIsGiven, endpoints.get('two') === '10.213.0.77', `'two' has ${endpoints.get('two')}`)
  for (const container of ['one', 'two'])
    await stage.must(caller.releasesWhatItHolds, 'that an endpoint goes', stage.caller.disconnect('net', container))
  await stage.must(caller.givesBack, 'that a network goes', stage.caller.remove('net'))
}

const withoutCapabilities: CallerCheck['run'] = async (stage) => {
  await stage.must(caller.assumesDefaults, 'a network', stage.create('net'))
  await stage.must(caller.assumesDefaults, 'an endpoint', stage.caller.connect('net', 'one', ''))
  await stage.judgeUse('net')
  await stage.caller.disconnect('net', 'one')
  await stage.caller.remove('net')
}

const refusedNetwork: CallerCheck['run'] = async (stage) => {
  await stage.mustTell('a network', stage.create('net', furnished))
  stage.judge(caller.tellsRefusals, (await stage.caller.show('net')) === null, 'there is a network that was refused')
}

const refusedEndpoint: CallerCheck['run'] = async (stage) => {
  await stage.must(caller.usesWhatIsGiven, 'a network', stage.create('net'))
  await stage.mustTell('an endpoint', stage.caller.connect('net', 'one', ''))
  const { endpoints } = await stage.shown('net')
  stage.judge(caller.tellsRefusals, !endpoints.has('one'), `an endpoint that was refused has ${endpoints.get('one')}`)
  await stage.must(caller.givesBack, 'that a network goes', stage.caller.remove('net'))
}

/** The plugin that comes back knows nothing of what it gave before. */
const restart: CallerCheck['run'] = async (stage) => {
  await stage.must(caller.usesWhatIsGiven, 'a network', stage.create('net', furnished))
  await stage.must(caller.usesWhatIsGiven, 'an endpoint', stage.caller.connect('net', 'one', ''))
  const { endpoints } = await stage.shown('net')
  const held = [furnished.gateway, ...furnished.auxiliary, ...endpoints.values()]
  await stage.end()
  stage.calls.splice(0)
  await stage.listen()
  await stage.caller.restart()
  const pools = stage.granted('RequestPool').map(({ answer }) => answer.Pool)
  stage.judge(caller.asksAgain, pools.includes(furnished.subnet), `did not request ${furnished.subnet} again`)
  const addresses = stage.granted('RequestAddress').map(({ body }) => body.Address)
  for (const address of held)
    stage.judge(caller.asksAgain, addresses.includes(address), `did not request ${address} again, which is in use`)
  await stage.caller.disconnect('net', 'one')
  await stage.must(caller.givesBack, 'that a network goes', stage.caller.remove('net'))
}

const absence: CallerCheck['run'] = async (stage) => {
  await stage.must(caller.usesWhatIsGiven, 'a network', stage.create('net'))
  await stage.fallSilent()
  const before = stage.calls.length
  const connected = stage.caller.connect('net', 'one', '')
  await sleep(700)
  await stage.listen()
  // The plugin that comes back does not know the pool: that it is asked is what counts.
  await connected
  const isAsked = stage.calls.slice(before).some(({ path }) => path === '/IpamDriver.RequestAddress')
  stage.judge(caller.triesAgain, isAsked, 'a plugin that was away for 700 ms was not asked again')
}

export const callerChecks: readonly CallerCheck[] = [
  { name: 'the life of a network', part: plainPart, reference: true, run: life },
  { name: 'addresses from above', part: plainPart, run: life },
  { name: 'a gateway, and addresses for others', part: plainPart, run: furniture },
  { name: 'a plugin without capabilities', part: { ...plainPart, hasCapabilities: false }, run: withoutCapabilities },
  {
    name: 'a plugin that needs hardware addresses',
    part: { ...plainPart, needs: { ...noNeeds, hardwareAddresses: true } },
    run: furniture,
  },
  { name: 'a plugin that gives no pools', part: { ...plainPart, refuses: 'pool' }, run: refusedNetwork },
  { name: 'a plugin that gives no gateways', part: { ...plainPart, refuses: 'gateway' }, run: refusedNetwork },
  { name: 'a plugin that keeps nothing for others', part: { ...plainPart, refuses: 'auxiliary' }, run: refusedNetwork },
  { name: 'a plugin that gives no addresses', part: { ...plainPart, refuses: 'address' }, run: refusedEndpoint },
  {
    name: 'a caller that starts again',
    part: { ...plainPart, needs: { ...noNeeds, replay: true } },
    run: restart,
  },
  { name: 'a plugin that is away for a moment', part: plainPart, run: absence },
]

/** Does all of that to a caller. What it does wrong is among the findings. */
export async function checkCaller(
  host: CallerHost,
  { signal, onCheck }: { readonly signal?: AbortSignal | undefined; readonly onCheck?: (name: string) => void } = {},
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [number, check] of callerChecks.entries()) {
    if (signal?.aborted === true) break
    // A caller remembers a plugin by its name.
    const name = `played-${number + 1}`
    const stage = new Stage(check, await host.open(name), host.socketOf(name))
    await stage.listen()
    try {
      await check.run(stage)
    } catch (error) {
      if (!(error instanceof BrokenOff)) throw error
    } finally {
      await stage.end()
    }
    findings.push(...stage.findings)
    onCheck?.(check.name)
  }
  return findings
}
