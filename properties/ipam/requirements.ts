/** The requirements of SPEC.md's chapter on addresses that the judge decides, each under a name that code can use. */
import { catalogueOf } from '../catalogue.ts'

export const slugs = {
  survives: 'ipam/survives',
  changesByCause: 'ipam/changes-by-cause',
  answersTellTable: 'ipam/answers-tell-table',
  answers: 'ipam/answers',
  defaultPoolLowest: 'ipam/default-pool-lowest',
  defaultPoolSize: 'ipam/default-pool-size',
  defaultPoolsExhausted: 'ipam/default-pools-exhausted',
  avoidsReserved: 'ipam/avoids-reserved-networks',
  subnetAsAsked: 'ipam/subnet-as-asked',
  grantsFreeSubnet: 'ipam/grants-free-subnet',
  refusesOverlap: 'ipam/refuses-overlap',
  poolsDisjoint: 'ipam/pools-disjoint',
  spacesAreApart: 'ipam/spaces-are-apart',
  repeatedRequest: 'ipam/repeated-request',
  releasePoolFrees: 'ipam/release-pool-frees',
  releaseUnknownPool: 'ipam/release-unknown-pool',
  validatesSubnet: 'ipam/validates-subnet',
  validatesRange: 'ipam/validates-range',
  validatesGateway: 'ipam/validates-gateway',
  validatesAuxiliary: 'ipam/validates-auxiliary',
  reportsAllProblems: 'ipam/reports-all-problems',
  refusalChangesNothing: 'ipam/refusal-changes-nothing',
  addressesUnique: 'ipam/addresses-unique',
  addressWithinPool: 'ipam/address-within-pool',
  addressWithinRange: 'ipam/address-within-range',
  networkReserved: 'ipam/network-address-reserved',
  broadcastReserved: 'ipam/broadcast-reserved',
  anycastReserved: 'ipam/anycast-reserved',
  pointToPoint: 'ipam/point-to-point-whole',
  gatewayAsAsked: 'ipam/gateway-as-asked',
  gatewayChosen: 'ipam/gateway-chosen',
  gatewayKept: 'ipam/gateway-kept',
  auxiliaryKept: 'ipam/auxiliary-kept',
  addressAsAsked: 'ipam/address-as-asked',
  grantsFreeAddress: 'ipam/grants-free-address',
  refusesUsedAddress: 'ipam/refuses-used-address',
  refusesOutsideAddress: 'ipam/refuses-outside-address',
  unknownPool: 'ipam/unknown-pool',
  firstFit: 'ipam/first-fit',
  exhaustedWhenFull: 'ipam/exhausted-when-full',
  releaseFrees: 'ipam/release-frees',
  releaseIdempotent: 'ipam/release-idempotent',
  releaseOutside: 'ipam/release-outside',
  durableBeforeAnswer: 'ipam/durable-before-answer',
  restoresTable: 'ipam/restores-table',
  serialNext: 'ipam/serial-next',
  serialWraps: 'ipam/serial-wraps',
  serialIgnoresRequested: 'ipam/serial-ignores-requested',
  onlyLeaderAllocates: 'ipam/only-leader-allocates',
  deposedGivesUp: 'ipam/deposed-gives-up',
} as const

export type RequirementName = keyof typeof slugs

export const catalogue = catalogueOf<RequirementName>(
  slugs,
  'ipam-local',
  {
    'ipam-swarm': ['serialNext', 'serialWraps', 'serialIgnoresRequested', 'onlyLeaderAllocates', 'deposedGivesUp'],
  },
  {
    poolsDisjoint: 'state',
    restoresTable: 'state',
    addressesUnique: 'history',
    durableBeforeAnswer: 'history',
    answersTellTable: 'history',
    answers: 'liveness',
  },
)

/** Number of each requirement, for counters that cost nothing. */
export const R = catalogue.numbers
