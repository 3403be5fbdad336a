/** The wire suite on encrypted gossip: the reference and Debian's serf conform, and who breaks one rule is blamed. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { encodePacket, decodePacket } from '../../impl/reference/swim/wire/packet.ts'
import { encodeStream, StreamReader } from '../../impl/reference/swim/wire/stream.ts'
import { WireError } from '../../impl/reference/swim/wire/error.ts'
import { Keyring, parseKey } from '../../impl/reference/swim/wire/keyring.ts'
import type { PacketMessage, StreamMessage } from '../../impl/reference/swim/wire/messages.ts'
import { readReport, type Report } from '../../traces/report.ts'
import { loadSpec } from '../suites/spec.ts'
import { drawing } from '../suites/wire/drawing.ts'
import { gossip } from '../suites/wire/requirements.ts'
import { wireRequirements } from '../suites/wire/suite.ts'
import { buildCommand, runCommand } from './built.ts'
import { servedWith } from './encrypted.ts'
import { encryptionMutants } from '../mutants/gossip/encryption.ts'

vi.setConfig({ testTimeout: 240_000 })
/** A machine that stalls leaves checks undecided: what counts is that one of three tries decides them all. */
const patient = { retry: 2 }

let command = ''
const folder = mkdtempSync(join(tmpdir(), 'swarmcheck-keys-'))
beforeAll(() => {
  command = buildCommand()
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true }))

const key = Buffer.from(Array.from({ length: 16 }, (_, at) => 3 * at + 1)).toString('base64')

const run = async (...words: readonly string[]): Promise<{ code: number | null; report: Report }> => {
  const all = ['run', '--suite', 'wire', '--reporter', 'json', '--key', key, ...words]
  const { code, out, err } = await runCommand(command, all)
  if (out === '') throw new Error(`exit ${code}: ${err}`)
  return { code, report: readReport(out) }
}

const verdicts = ({ outcomes }: Report, verdict: string): string[] =>
  outcomes.filter((each) => each.verdict === verdict).map(({ requirement, reason }) => `${requirement}: ${reason}`)

const served = (mutant: string): string[] => servedWith(command, mutant)

const profile = loadSpec().requirements.filter((each) => each.profile === 'gossip-encryption')

test('every requirement of the profile is one that code names, and one that some mutant breaks', () => {
  const slugs = profile.map(({ slug }) => slug).sort()
  expect(Object.values(gossip).sort()).toEqual(slugs)
  expect(slugs.filter((slug) => !wireRequirements.has(slug))).toEqual([])
  expect([...new Set(Object.values(encryptionMutants).map(({ breaks }) => breaks))].sort()).toEqual(slugs)
})

describe('the reference conforms, to all that the suite tests', patient, () => {
  test.each([
    ['in this process', () => ['--label', 'blue']],
    ['as one of its own', () => served('none')],
  ])('%s', async (_, words) => {
    const { code, report } = await run(...words())
    expect(verdicts(report, 'fail')).toEqual([])
    expect(report.errors).toEqual([])
    expect(code).toBe(0)
    expect(report.outcomes.map(({ requirement }) => requirement).sort()).toEqual([...wireRequirements].sort())
    expect(report.outcomes.every(({ verdict, exercised }) => verdict === 'pass' && exercised > 0)).toBe(true)
  })
})

// One of them here; the zoo has them all.
test('a member that breaks one rule is blamed for it', patient, async () => {
  const { code, report } = await run(...served('checks-no-tag'), '--requirement', 'gossip/drops-tampered')
  expect(verdicts(report, 'fail')).toEqual([expect.stringMatching(/^gossip\/drops-tampered: .*acknowledged \d+ pings/)])
  expect(code).toBe(1)
})

const unclaimed = (words: readonly string[]): Promise<string[]> =>
  runCommand(command, ['run', '--suite', 'wire', '--reporter', 'json', '--requirement', ...words]).then(({ out }) =>
    verdicts(readReport(out), 'unsupported'),
  )

test('without a key, a label or a way to change keys, what needs them is unsupported and not demanded', async () => {
  expect(await unclaimed(['gossip/drops-tampered'])).toEqual(['gossip/drops-tampered: no key was given'])
  expect(await unclaimed(['gossip/label-is-authenticated', '--key', key])).toEqual([
    'gossip/label-is-authenticated: no label was given',
  ])
  const [, process] = served('none')
  const words = ['--key', key, '--label', 'blue', '--process', process!]
  expect(await unclaimed(['gossip/primary-stays', ...words])).toEqual([
    'gossip/primary-stays: nothing was said about how keys are changed',
  ])
})

const hasSerf = spawnSync('serf', ['version']).status === 0
test.skipIf(!hasSerf)(
  `serf agent conforms, but for what is known${hasSerf ? '' : ' (skipped: no serf here)'}`,
  patient,
  async () => {
    const expected = join(folder, 'expected.json')
    const known = [
      {
        requirement: 'swim/survives',
        reason: 'older versions of memberlist end at a compound with an empty part, and at a stream of no bytes',
        link: 'https://github.com/hashicorp/memberlist/pull/236',
      },
      {
        requirement: 'gossip/survives-broken',
        reason: 'the version of memberlist in it ends at some bytes that nobody sends',
        link: 'https://github.com/hashicorp/memberlist/blob/v0.6.0/security.go',
      },
    ]
    writeFileSync(expected, JSON.stringify(known))
    const agent =
      'serf agent -node={name} -bind={bind} -rpc-addr={host}:7373 -profile=local -log-level=err -encrypt={key}'
    const keys = 'serf keys -rpc-addr={host}:7373 -{operation}={key}'
    const { code, report } = await run('--process', agent, '--key-command', keys, '--expect', expected)
    expect(report.errors).toEqual([])
    const blamed = verdicts(report, 'fail').map((line) => line.split(':')[0])
    expect(blamed).toEqual(known.map(({ requirement }) => requirement))
    expect(verdicts(report, 'unsupported')).toEqual([
      'gossip/label-first: no label was given',
      'gossip/label-is-authenticated: no label was given',
    ])
    expect(verdicts(report, 'pass')).toHaveLength(wireRequirements.size - 4)
    expect(code).toBe(0)
  },
)

describe('a keyring', () => {
  const [a, b, c] = [16, 24, 32].map((length) => Buffer.alloc(length, length))
  const ring = (...keys: readonly (Buffer | undefined)[]): Keyring => new Keyring(keys.map((each) => each!))

  test('changes by what an operator asks for, and by nothing that is refused', () => {
    const changing = ring(a)
    const steps = [
      ['use', b, 'unknown-key', [a]],
      ['install', b, null, [a, b]],
      ['install', b, null, [a, b]],
      ['install', Buffer.alloc(15), 'wrong-length', [a, b]],
      ['remove', a, 'primary-key', [a, b]],
      ['use', b, null, [b, a]],
      ['install', c, null, [b, a, c]],
      ['remove', a, null, [b, c]],
      ['remove', a, null, [b, c]],
    ] as const
    for (const [operation, each, refused, keys] of steps) {
      expect(changing.operate(operation, each!)).toBe(refused)
      expect(changing.keys).toEqual(keys)
    }
  })

  test('without a key it stays so, and with a wrong one it is none', () => {
    expect(ring().operate('install', a!)).toBe('no-encryption')
    expect(ring(a, b, a).keys).toEqual([a, b])
    expect(() => ring(Buffer.alloc(17))).toThrow('a key of 17 bytes')
  })

  test('keys are read from base64 alone', () => {
    expect(parseKey(a!.toString('base64'))).toEqual(a)
    expect(parseKey('not base64!')).toBeNull()
  })
})

describe('thousands of broken bytes are no message, and no error of another kind', () => {
  const said: PacketMessage[] = [{ type: 'nack', sequence: 77 }]
  const opening: StreamMessage = { type: 'ping', sequence: 77, node: 'n1', source: null }

  test.each(['', 'blue'])("with the label '%s'", (label) => {
    for (const version of [0, 1] as const) {
      const keys = [Buffer.from(key, 'base64'), Buffer.alloc(32, 5)]
      const nonce = (): Uint8Array => Buffer.alloc(12, 9)
      const settings = { label, keys, encryptionVersion: version, compress: false, nonce }
      const datagram = encodePacket(said, settings, { checksum: true })
      const stream = encodeStream(opening, settings, 'opener')
      const draw = drawing(11 + version)
      const from = label === '' ? 0 : 2 + label.length
      let read = 0
      for (let time = 0; time < 3_000; time++) {
        const wrong = draw.broken(datagram, from)
        const { messages, faults } = decodePacket(wrong, settings)
        expect(faults.every((fault) => fault instanceof WireError)).toBe(true)
        // What two changes undid, or what only has another version, says what was said.
        if (messages.length > 0) expect(messages).toEqual(said)
        read += messages.length
      }
      expect(read).toBeLessThan(60)
      for (let time = 0; time < 1_500; time++) {
        const reader = new StreamReader(settings, 'opener')
        try {
          const message = reader.push(draw.broken(stream, from))
          if (message !== null) expect(message).toEqual(opening)
        } catch (error) {
          expect(error).toBeInstanceOf(WireError)
        }
      }
    }
  })
})
