/**
 * `node --import encryption.js cli.js serve swim …`, with a mutant's name in SWARMCHECK_MUTANT: the reference over real
 * sockets, with that one rule of its encryption replaced while its modules are loaded.
 */
import { register, type LoadHook } from 'node:module'
import { isMainThread } from 'node:worker_threads'

interface Replacement {
  /** Of the compiled module, which must have the text once. */
  readonly module: string
  readonly rule: RegExp
  readonly by: string
}

interface Mutant {
  /** What is to be blamed. */
  readonly breaks: string
  readonly replacements: readonly Replacement[]
}

const keyring = (rule: RegExp, by: string): Replacement => ({ module: 'reference/swim/wire/keyring.js', rule, by })
const cipher = (rule: RegExp, by: string): Replacement => ({ module: 'reference/swim/wire/encryption.js', rule, by })
const envelopes = (rule: RegExp, by: string): Replacement => ({ module: 'reference/swim/wire/envelopes.js', rule, by })
const packet = (rule: RegExp, by: string): Replacement => ({ module: 'reference/swim/wire/packet.js', rule, by })
const stream = (rule: RegExp, by: string): Replacement => ({ module: 'reference/swim/wire/stream.js', rule, by })

export const encryptionMutants: Readonly<Record<string, Mutant>> = {
  'sends-datagrams-in-the-clear': {
    breaks: 'gossip/encrypts-all',
    replacements: [packet(/keys\.length === 0 \? checked/, 'true ? checked')],
  },
  'opens-streams-in-the-clear': {
    breaks: 'gossip/encrypts-all',
    replacements: [stream(/if \(settings\.keys\.length === 0\)/, "if (side === 'opener')")],
  },
  'encrypts-with-the-last': {
    breaks: 'gossip/primary-encrypts',
    replacements: [envelopes(/key: keys\[0\]/, 'key: keys.at(-1)')],
  },
  'uses-nothing-new': {
    breaks: 'gossip/primary-encrypts',
    replacements: [keyring(/this\.#keys = \[key, \.\.\.this\.#without\(key\)\]/, 'void 0')],
  },
  'has-one-nonce': {
    breaks: 'gossip/nonces-differ',
    replacements: [{ module: 'swim/node.js', rule: /randomBytes\(12\)/, by: 'Buffer.alloc(12)' }],
  },
  'tries-the-primary-alone': {
    breaks: 'gossip/any-key-decrypts',
    replacements: [cipher(/const key of keys\b/, 'const key of keys.slice(0, 1)')],
  },
  'reads-version-1-alone': {
    breaks: 'gossip/reads-both-versions',
    replacements: [cipher(/version !== 0 && version !== 1/, 'version !== 1')],
  },
  'keeps-the-padding': {
    breaks: 'gossip/reads-both-versions',
    replacements: [cipher(/version === 0 \? withoutPadding\(text\) : text/, 'text')],
  },
  'knows-a-key-of-zeros': {
    breaks: 'gossip/drops-unknown-keys',
    replacements: [cipher(/const key of keys\b/, 'const key of [...keys, Buffer.alloc(32)]')],
  },
  'takes-datagrams-in-the-clear': {
    breaks: 'gossip/drops-plaintext',
    replacements: [packet(/settings\.keys\.length === 0 \? body/, 'body[0] > 1 ? body')],
  },
  'takes-streams-in-the-clear': {
    breaks: 'gossip/drops-plaintext',
    replacements: [stream(/if \(isEncrypted !== this\.#settings\.keys\.length > 0\)/, 'if (false)')],
  },
  'checks-no-tag': {
    breaks: 'gossip/drops-tampered',
    replacements: [cipher(/decipher\.final\(\)/, 'void 0')],
  },
  'ends-at-what-is-short': {
    breaks: 'gossip/survives-broken',
    replacements: [cipher(/throw new WireError\('encryption', 'too short to be encrypted'\)/, 'process.exit(1)')],
  },
  'ends-at-wrong-padding': {
    breaks: 'gossip/survives-broken',
    replacements: [cipher(/throw new WireError\('encryption', 'wrong padding'\)/, "throw new RangeError('padding')")],
  },
  'ends-at-a-length': {
    breaks: 'gossip/survives-broken',
    replacements: [
      stream(
        /if \(length > wireLimits\.stream\)\s*throw new WireError/,
        'if (length > wireLimits.stream) throw new RangeError',
      ),
    ],
  },
  'labels-no-streams': {
    breaks: 'gossip/label-first',
    replacements: [stream(/side === 'opener' \? labelHeader\(settings\) : Buffer/, 'Buffer')],
  },
  'labels-no-datagrams': {
    breaks: 'gossip/label-first',
    replacements: [packet(/\[labelHeader\(settings\), sealed\]/, '[sealed]')],
  },
  'takes-any-label': {
    breaks: 'gossip/drops-other-labels',
    replacements: [
      packet(/if \(isLabelled !== label\.length > 0 \|\|/, 'if (false &&'),
      packet(/bytes\.subarray\(header\.length\);/, 'bytes.subarray(isLabelled ? 2 + bytes[1] : 0);'),
    ],
  },
  'takes-streams-of-any-label': {
    breaks: 'gossip/drops-other-labels',
    replacements: [
      stream(/if \(isLabelled !== expected\.length > 0\)\s*throw/, 'if (!isLabelled) return 0; if (false) throw'),
    ],
  },
  'authenticates-no-label': {
    breaks: 'gossip/label-is-authenticated',
    replacements: [
      packet(
        /decrypt\(body, settings\.keys, label\)/,
        '(() => { try { return decrypt(body, settings.keys, label) } catch { return decrypt(body, settings.keys, Buffer.alloc(0)) } })()',
      ),
    ],
  },
  'takes-keys-of-any-length': {
    breaks: 'gossip/key-lengths',
    replacements: [cipher(/=> ciphers\.has\(key\.length\)/, '=> key.length > 0')],
  },
  'knows-no-keys-of-24-bytes': {
    breaks: 'gossip/key-lengths',
    replacements: [cipher(/\[24, 'aes-192-gcm'\],/, '')],
  },
  'installs-and-uses': {
    breaks: 'gossip/install-keeps-primary',
    replacements: [
      keyring(
        /(return 'wrong-length';\s*if \(!this\.#has\(key\)\)\s*this\.#keys = )\[\.\.\.this\.#keys, key\]/,
        '$1[key, ...this.#keys]',
      ),
    ],
  },
  'uses-what-was-not-installed': {
    breaks: 'gossip/use-needs-installed',
    replacements: [keyring(/return 'unknown-key';/, 'void 0;')],
  },
  'refuses-and-installs': {
    breaks: 'gossip/use-needs-installed',
    replacements: [keyring(/return 'unknown-key';/, "{ this.#keys = [...this.#keys, key]; return 'unknown-key'; }")],
  },
  'removes-the-primary': {
    breaks: 'gossip/primary-stays',
    replacements: [keyring(/return 'primary-key';/, 'void 0;')],
  },
  'removes-nothing': {
    breaks: 'gossip/remove-forgets',
    replacements: [keyring(/this\.#keys = this\.#without\(key\)/, 'void 0')],
  },
  'forgets-too-early': {
    breaks: 'gossip/rotation-loses-nothing',
    replacements: [keyring(/\[key, \.\.\.this\.#without\(key\)\]/, '[key]')],
  },
}

/** Called by Node.js of every module, on a thread of its own. */
export const load: LoadHook = async (url, context, next) => {
  const loaded = await next(url, context)
  const own = encryptionMutants[process.env['SWARMCHECK_MUTANT'] ?? '']?.replacements.filter(({ module }) =>
    url.endsWith(module),
  )
  if (own === undefined || own.length === 0) return loaded
  let source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source as Uint8Array)
  for (const { rule, by } of own) {
    if ([...source.matchAll(new RegExp(rule, 'g'))].length !== 1) throw new Error(`${url} has ${rule} not once`)
    source = source.replace(rule, by)
  }
  return { ...loaded, source }
}

if (isMainThread && encryptionMutants[process.env['SWARMCHECK_MUTANT'] ?? ''] !== undefined) register(import.meta.url)
