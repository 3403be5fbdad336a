/** The requirements of SPEC.md's section on remote allocators, each under a name that code can use. */
export const plugin = {
  activates: 'plugin/activates',
  answersObjects: 'plugin/answers-objects',
  takesEmptyBodies: 'plugin/takes-empty-bodies',
  takesNull: 'plugin/takes-null',
  ignoresUnknownFields: 'plugin/ignores-unknown-fields',
  tellsCapabilities: 'plugin/tells-capabilities',
  tellsSpaces: 'plugin/tells-spaces',
  unknownMethods: 'plugin/unknown-methods',
  poolInCidr: 'plugin/pool-in-cidr',
  poolsToldApart: 'plugin/pools-told-apart',
  addressInCidr: 'plugin/address-in-cidr',
  givesGateways: 'plugin/gives-gateways',
  refusesInWords: 'plugin/refuses-in-words',
  refusesMalformed: 'plugin/refuses-malformed',
  survives: 'plugin/survives',
  servesAtOnce: 'plugin/serves-at-once',
  contentType: 'plugin/content-type',
} as const

/** Those of whoever calls such a plugin. */
export const caller = {
  activatesFirst: 'plugin/caller-activates-first',
  posts: 'plugin/caller-posts',
  usesToldSpaces: 'plugin/caller-uses-told-spaces',
  knowsItsPools: 'plugin/caller-knows-its-pools',
  gatewayFirst: 'plugin/caller-gateway-first',
  auxiliaryNext: 'plugin/caller-auxiliary-next',
  releasesWhatItHolds: 'plugin/caller-releases-what-it-holds',
  releasesAddressesFirst: 'plugin/caller-releases-addresses-first',
  givesBack: 'plugin/caller-gives-back',
  tellsHardwareAddresses: 'plugin/caller-tells-hardware-addresses',
  usesWhatIsGiven: 'plugin/caller-uses-what-is-given',
  tellsRefusals: 'plugin/caller-tells-refusals',
  assumesDefaults: 'plugin/caller-assumes-defaults',
  asksAgain: 'plugin/caller-asks-again',
  triesAgain: 'plugin/caller-tries-again',
} as const

export type CallerRequirement = (typeof caller)[keyof typeof caller]
