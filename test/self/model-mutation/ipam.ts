/** Each rule of address management made wrong, and who finds it. */
import type * as rules from '../../../models/ipam/rules.ts'
import type { Problem } from '../../../models/ipam/vocabulary.ts'
import type { Mutation } from './mutated-rules.ts'

type Rules = typeof rules

/** Each problem of a request: what is blamed on the reference by who does not know it. */
const overlooked: readonly (readonly [Problem, string])[] = [
  ['subnet-invalid', 'a judge that breaks'],
  ['subnet-host-bits', 'ipam/grants-free-subnet'],
  ['range-without-subnet', 'ipam/default-pools-exhausted'],
  ['range-invalid', 'ipam/grants-free-subnet'],
  ['range-other-family', 'ipam/grants-free-subnet'],
  ['range-host-bits', 'ipam/grants-free-subnet'],
  ['range-larger-than-subnet', 'ipam/grants-free-subnet'],
  ['range-outside-subnet', 'ipam/grants-free-subnet'],
  ['gateway-invalid', 'ipam/grants-free-subnet'],
  ['gateway-outside-subnet', 'ipam/grants-free-subnet'],
  ['auxiliary-invalid', 'ipam/grants-free-subnet'],
  ['auxiliary-outside-subnet', 'ipam/reports-all-problems'],
]

/** `truth`: the rules as they are. */
export function ipamMutations(truth: Rules): readonly Mutation<Rules>[] {
  const { isReserved, lowestFree, nextFree, mayStandBeside, asksForLength, problemsOf } = truth
  const { blocksOf, blocksOfLength, lowestSubnet } = truth
  return [
    {
      rule: 'isReserved',
      as: 'keeps nothing',
      wrong: { isReserved: () => false },
      explorer: null,
      reference: 'ipam/first-fit',
      vectors: true,
    },
    {
      rule: 'isReserved',
      as: 'keeps the last of IPv6, too',
      wrong: { isReserved: (v6, bits, offset) => isReserved(v6, bits, offset) || (v6 && bits === 126 && offset === 3) },
      explorer: null,
      reference: 'ipam/first-fit',
      vectors: true,
    },
    {
      rule: 'isReserved',
      as: 'gives the anycast address of IPv6',
      wrong: { isReserved: (v6, bits, offset) => !v6 && isReserved(v6, bits, offset) },
      explorer: null,
      reference: 'ipam/grants-free-subnet',
      vectors: true,
    },
    {
      rule: 'isReserved',
      as: 'gives the network address',
      wrong: { isReserved: (v6, bits, offset) => (v6 || offset !== 0) && isReserved(v6, bits, offset) },
      explorer: null,
      reference: 'ipam/first-fit',
      vectors: true,
    },
    {
      rule: 'isReserved',
      as: 'gives the broadcast address',
      wrong: { isReserved: (v6, bits, offset) => offset === 0 && isReserved(v6, bits, offset) },
      explorer: null,
      reference: 'ipam/grants-free-address',
      vectors: true,
    },
    {
      rule: 'isReserved',
      as: 'keeps those of the smallest subnets',
      wrong: { isReserved: (v6, bits, offset) => isReserved(v6, bits, offset) || (!v6 && bits >= 31 && offset === 0) },
      explorer: null,
      reference: 'ipam/first-fit',
      vectors: true,
    },
    {
      rule: 'lowestFree',
      as: 'gives what is taken',
      wrong: { lowestFree: (_isTaken, from, to) => (from <= to ? from : -1) },
      explorer: 'no address is given twice',
      reference: 'ipam/first-fit',
    },
    {
      rule: 'lowestFree',
      as: 'never gives the first',
      wrong: {
        lowestFree: (isTaken, from, to) => lowestFree((offset) => offset === from || isTaken(offset), from, to),
      },
      explorer: null,
      reference: 'ipam/first-fit',
    },
    {
      rule: 'lowestFree',
      as: 'never gives the last',
      wrong: { lowestFree: (isTaken, from, to) => lowestFree((offset) => offset === to || isTaken(offset), from, to) },
      explorer: null,
      reference: 'ipam/first-fit',
    },
    {
      rule: 'lowestFree',
      as: 'gives nothing',
      wrong: { lowestFree: () => -1 },
      explorer: 'an address is held',
      reference: 'ipam/first-fit',
    },
    {
      rule: 'nextFree',
      as: 'gives the lowest',
      wrong: { nextFree: (isTaken, _last, from, to) => lowestFree(isTaken, from, to) },
      explorer: null,
      reference: 'ipam/serial-wraps',
    },
    {
      rule: 'nextFree',
      as: 'gives the last again',
      wrong: {
        nextFree: (isTaken, last, from, to) =>
          last >= from && last <= to && !isTaken(last) ? last : nextFree(isTaken, last, from, to),
      },
      explorer: null,
      reference: 'ipam/serial-wraps',
    },
    {
      rule: 'nextFree',
      as: 'does not begin anew',
      wrong: {
        nextFree: (isTaken, last, from, to) =>
          last < from || last >= to ? lowestFree(isTaken, from, to) : lowestFree(isTaken, last, to),
      },
      explorer: null,
      reference: 'ipam/serial-wraps',
    },
    {
      rule: 'nextFree',
      as: 'does not come back to where it was',
      wrong: {
        nextFree: (isTaken, last, from, to) => nextFree((offset) => offset === last || isTaken(offset), last, from, to),
      },
      explorer: null,
      reference: 'ipam/serial-wraps',
    },
    {
      rule: 'mayStandBeside',
      as: 'lets all overlap',
      wrong: { mayStandBeside: () => true },
      explorer: null,
      reference: 'ipam/exhausted-when-full',
      vectors: true,
    },
    {
      rule: 'mayStandBeside',
      as: 'lets none stand beside another',
      wrong: { mayStandBeside: () => false },
      explorer: null,
      reference: 'ipam/pools-disjoint',
      vectors: true,
    },
    {
      rule: 'mayStandBeside',
      as: 'shares no subnet',
      wrong: {
        mayStandBeside: (subnet, range, other, otherRange) =>
          mayStandBeside(subnet, '', other, otherRange) && range !== otherRange,
      },
      explorer: null,
      reference: 'ipam/pools-disjoint',
      vectors: true,
    },
    {
      rule: 'mayStandBeside',
      as: 'shares a subnet without ranges',
      wrong: {
        mayStandBeside: (subnet, range, other, otherRange) =>
          (subnet.base === other.base && subnet.bits === other.bits) ||
          mayStandBeside(subnet, range, other, otherRange),
      },
      explorer: null,
      reference: 'ipam/exhausted-when-full',
      vectors: true,
    },
    {
      rule: 'mayStandBeside',
      as: 'shares a range',
      wrong: { mayStandBeside: (subnet, range, other) => mayStandBeside(subnet, range, other, '') },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'mayStandBeside',
      as: 'lets part of a subnet be another, by a range',
      wrong: {
        mayStandBeside: (subnet, range, other, otherRange) =>
          mayStandBeside({ ...subnet, bits: other.bits, base: other.base }, range, other, otherRange) ||
          mayStandBeside(subnet, range, other, otherRange),
      },
      explorer: null,
      reference: null,
      vectors: true,
    },
    {
      rule: 'asksForLength',
      as: 'never',
      wrong: { asksForLength: () => null },
      explorer: null,
      reference: 'ipam/subnet-as-asked',
    },
    {
      rule: 'asksForLength',
      as: 'by any subnet',
      wrong: { asksForLength: (subnet) => asksForLength(subnet.replace(/^[^/]*/, '0.0.0.0')) },
      explorer: null,
      reference: 'ipam/default-pool-lowest',
    },
    ...overlooked.map(([problem, reference]): Mutation<Rules> => ({
      rule: 'problemsOf',
      as: `overlooks ${problem}`,
      wrong: { problemsOf: (request) => problemsOf(request).filter((each) => each !== problem) },
      explorer: null,
      reference,
    })),
    {
      rule: 'problemsOf',
      as: 'tells only the first',
      wrong: { problemsOf: (request) => problemsOf(request).slice(0, 1) },
      explorer: null,
      reference: 'ipam/validates-subnet',
    },
    {
      rule: 'problemsOf',
      as: 'finds one where there is none',
      wrong: {
        problemsOf: (request) =>
          request.range === '' ? problemsOf(request) : [...problemsOf(request), 'range-invalid'],
      },
      explorer: null,
      reference: 'ipam/validates-range',
    },
    {
      rule: 'blocksOf',
      as: 'mixes spaces',
      wrong: {
        blocksOf: (defaults, space, v6) =>
          blocksOf(
            defaults.map((each) => ({ ...each, space })),
            space,
            v6,
          ),
      },
      explorer: null,
      reference: 'ipam/default-pool-lowest',
    },
    {
      rule: 'blocksOf',
      as: 'mixes families',
      wrong: {
        blocksOf: (defaults, space) => [...blocksOf(defaults, space, false), ...blocksOf(defaults, space, true)],
      },
      explorer: null,
      reference: 'ipam/default-pool-lowest',
    },
    {
      rule: 'blocksOf',
      as: 'goes from the highest on',
      wrong: { blocksOf: (defaults, space, v6) => blocksOf(defaults, space, v6).toReversed() },
      explorer: null,
      reference: 'ipam/default-pool-lowest',
    },
    {
      rule: 'blocksOf',
      as: 'leaves out the first',
      wrong: { blocksOf: (defaults, space, v6) => blocksOf(defaults, space, v6).slice(1) },
      explorer: null,
      reference: 'ipam/default-pools-exhausted',
    },
    {
      rule: 'blocksOfLength',
      as: 'takes no notice of the length',
      wrong: { blocksOfLength: (blocks) => [...blocks] },
      explorer: null,
      reference: 'ipam/default-pool-lowest',
    },
    {
      rule: 'blocksOfLength',
      as: 'cuts what is larger than its block',
      wrong: {
        blocksOfLength: (blocks, length) =>
          length === 0 ? [...blocks] : blocks.map(({ block }) => ({ block, size: length })),
      },
      explorer: null,
      reference: null,
      reason: 'no such subnet fits into its block, so that none is found in it either',
    },
    {
      rule: 'blocksOfLength',
      as: 'leaves out blocks of just that length',
      wrong: {
        blocksOfLength: (blocks, length) =>
          blocksOfLength(length === 0 ? blocks : blocks.filter(({ block }) => block.bits < length), length),
      },
      explorer: null,
      reference: 'ipam/default-pools-exhausted',
    },
    {
      rule: 'lowestSubnet',
      as: 'overlooks what is in the way',
      wrong: { lowestSubnet: (blocks) => lowestSubnet(blocks, []) },
      explorer: null,
      reference: 'ipam/default-pool-lowest',
    },
    {
      rule: 'lowestSubnet',
      as: 'overlooks the last that is in the way',
      wrong: { lowestSubnet: (blocks, inTheWay) => lowestSubnet(blocks, inTheWay.slice(0, -1)) },
      explorer: null,
      reference: 'ipam/default-pool-lowest',
    },
    {
      rule: 'lowestSubnet',
      as: 'goes from the highest block on',
      wrong: { lowestSubnet: (blocks, inTheWay) => lowestSubnet(blocks.toReversed(), inTheWay) },
      explorer: null,
      reference: 'ipam/default-pool-lowest',
    },
    {
      rule: 'lowestSubnet',
      as: 'ends with the first block',
      wrong: { lowestSubnet: (blocks, inTheWay) => lowestSubnet(blocks.slice(0, 1), inTheWay) },
      explorer: null,
      reference: 'ipam/default-pools-exhausted',
    },
    {
      rule: 'lowestSubnet',
      as: 'finds none',
      wrong: { lowestSubnet: () => null },
      explorer: null,
      reference: 'ipam/default-pools-exhausted',
    },
  ]
}
