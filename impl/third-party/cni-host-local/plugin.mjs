/**
 * host-local, which hands out addresses for most of the container world, as a plugin of Docker:
 * `node plugin.mjs SOCKET [BINARY]`. It knows addresses and no pools: which subnet a pool gets, and that no two overlap, is
 * decided here, and says nothing of it. Everything else is asked of it, one process an operation.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { BlockList, isIPv6 } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [socket, binary = '/usr/lib/cni/host-local'] = process.argv.slice(2)
const dataDir = mkdtempSync(join(tmpdir(), 'host-local-'))
const contentType = 'application/vnd.docker.plugins.v1.2+json'

class Refusal extends Error {}

/** By identifier: what is known of a pool, and which container holds which address of it. */
const pools = new Map()
let numbers = 0

/** What host-local answers. @throws Refusal in its own words */
function run(command, containerId, { name, ranges }, wanted) {
  const config = {
    cniVersion: '0.4.0',
    name,
    type: 'none',
    ...(wanted === '' ? {} : { args: { cni: { ips: [wanted] } } }),
    ipam: { type: 'host-local', dataDir, ranges: [ranges] },
  }
  const env = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: containerId,
    CNI_NETNS: '/dev/null',
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/',
  }
  return new Promise((resolve, reject) => {
    const child = execFile(binary, { env }, (error, output) => {
      if (error === null) return resolve(output === '' ? null : JSON.parse(output))
      let text = error.message
      try {
        text = JSON.parse(output).msg
      } catch {}
      reject(new Refusal(text))
    })
    child.stdin.end(JSON.stringify(config))
  })
}

function chooseSubnet(pool, v6) {
  const length = pool === '' ? (v6 ? 64 : 24) : Number(pool.split('/')[1])
  const number = ++numbers
  return v6
    ? `fd00:c:${number.toString(16)}::/${length}`
    : `10.${100 + (number >> 8)}.${number & 255}.0/${Math.max(length, 24)}`
}

const isUnspecified = (pool) => /^(0\.0\.0\.0|::)\//.test(pool)

function meets(one, other) {
  const covers = (outer, inner) => {
    const list = new BlockList()
    const [base, length] = outer.split('/')
    list.addSubnet(base, Number(length), isIPv6(base) ? 'ipv6' : 'ipv4')
    const [address] = inner.split('/')
    return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  }
  return covers(one, other) || covers(other, one)
}

/** First and last address of a subnet, as host-local takes them: without network address and broadcast. */
function ends(subnet, range) {
  const [text, digits] = range.split('/')
  const v6 = isIPv6(text)
  const width = v6 ? 128n : 32n
  const first = toNumber(text)
  const last = first + (1n << (width - BigInt(digits))) - 1n
  const [base, length] = subnet.split('/')
  const start = toNumber(base)
  const end = start + (1n << (width - BigInt(length))) - 1n
  return {
    rangeStart: toText(first === start ? first + 1n : first, v6),
    rangeEnd: toText(!v6 && last === end ? last - 1n : last, v6),
  }
}

function toNumber(text) {
  if (!text.includes(':')) return text.split('.').reduce((value, part) => value * 256n + BigInt(part), 0n)
  const [head, tail] = text.split('::')
  const words = (half) => (half ? half.split(':') : [])
  const missing = tail === undefined ? 0 : 8 - words(head).length - words(tail).length
  const all = [...words(head), ...new Array(missing).fill('0'), ...words(tail)]
  return all.reduce((value, word) => value * 65_536n + BigInt(`0x${word}`), 0n)
}

function toText(value, v6) {
  if (!v6) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.')
  return new URL(
    `http://[${Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - 16 * at)) & 0xffffn).toString(16)).join(':')}]`,
  ).hostname.slice(1, -1)
}

const known = (id) => {
  const pool = pools.get(id)
  if (pool === undefined) throw new Refusal('there is no such pool')
  return pool
}

/**
 * A gateway is a setting of host-local, which it never gives away and does not look at. One that is named is first asked
 * for like any other address, so that it is one that could be had.
 */
async function gatewayOf(pool, holder, wanted) {
  // Who gives an address tells the gateway too.
  const { ips } = await run('ADD', holder, pool, '')
  await run('DEL', holder, pool, '')
  const usual = ips[0].gateway
  if (wanted === '' || wanted === usual) return usual
  await run('ADD', holder, pool, wanted)
  await run('DEL', holder, pool, '')
  pool.ranges[0].gateway = wanted
  return wanted
}

const answers = {
  '/Plugin.Activate': () => ({ Implements: ['IpamDriver'] }),
  '/IpamDriver.GetCapabilities': () => ({ RequiresMACAddress: false, RequiresRequestReplay: false }),
  '/IpamDriver.GetDefaultAddressSpaces': () => ({
    LocalDefaultAddressSpace: 'local',
    GlobalDefaultAddressSpace: 'global',
  }),

  '/IpamDriver.RequestPool'({ AddressSpace, Pool, SubPool, V6 }) {
    const subnet = Pool === '' || isUnspecified(Pool) ? chooseSubnet(Pool, V6) : Pool
    for (const other of pools.values())
      if (other.space === AddressSpace && meets(other.subnet, subnet)) throw new Refusal('overlaps another pool')
    const length = Number(subnet.split('/')[1])
    if (length > (subnet.includes(':') ? 126 : 30)) throw new Refusal('too small for host-local')
    const name = `net${++numbers}`
    const ranges = [{ subnet, ...(SubPool === '' ? {} : ends(subnet, SubPool)) }]
    pools.set(name, { name, space: AddressSpace, subnet, ranges, holders: new Map() })
    return { PoolID: name, Pool: subnet, Data: {} }
  },

  async '/IpamDriver.ReleasePool'({ PoolID }) {
    const pool = known(PoolID)
    for (const holder of pool.holders.values()) await run('DEL', holder, pool, '')
    pools.delete(PoolID)
    return {}
  },

  async '/IpamDriver.RequestAddress'({ PoolID, Address = '', Options }) {
    const pool = known(PoolID)
    const length = pool.subnet.split('/')[1]
    const holder = `c${++numbers}`
    if (Options?.RequestAddressType === 'com.docker.network.gateway') {
      return { Address: `${await gatewayOf(pool, holder, Address)}/${length}`, Data: {} }
    }
    const { ips } = await run('ADD', holder, pool, Address)
    pool.holders.set(ips[0].address.split('/')[0], holder)
    return { Address: ips[0].address, Data: {} }
  },

  async '/IpamDriver.ReleaseAddress'({ PoolID, Address }) {
    const pool = known(PoolID)
    const holder = pool.holders.get(Address)
    if (holder !== undefined) await run('DEL', holder, pool, '')
    pool.holders.delete(Address)
    return {}
  },
}

const server = createServer(async (request, response) => {
  const say = (status, body) => response.writeHead(status, { 'content-type': contentType }).end(JSON.stringify(body))
  try {
    let text = ''
    for await (const chunk of request) text += chunk
    const answer = answers[request.url]
    if (answer === undefined) say(404, { Error: 'there is no such request' })
    else say(200, await answer(text === '' ? {} : JSON.parse(text)))
  } catch (error) {
    say(error instanceof Refusal ? 200 : 500, { Error: error.message })
  }
})
server.listen(socket, () => console.log(`listening on unix:${socket}`))
process.on('SIGINT', () => {
  server.close()
  server.closeAllConnections()
  rmSync(dataDir, { recursive: true, force: true })
})
