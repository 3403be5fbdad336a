/** The requirements of SPEC.md on the layers together that the judge decides, each under a name that code can use. */
import { catalogueOf } from '../catalogue.ts'

export const slugs = {
  survives: 'network/survives',
  onlyLeaderAllocates: 'network/only-leader-allocates',
  grantsWhatIsNeeded: 'network/grants-what-is-needed',
  keepsNetworksInUse: 'network/keeps-networks-in-use',
  refusalAllocatesNothing: 'network/refusal-allocates-nothing',
  grantsWhatIsFree: 'network/grants-what-is-free',
  freesOnlyWhatGoes: 'network/frees-only-what-goes',
  addressesDiffer: 'network/addresses-differ',
  vnisDiffer: 'network/vnis-differ',
  portsDiffer: 'network/ports-differ',
  restoresHoldings: 'network/restores-holdings',
  releasedAfterWithdrawal: 'network/released-after-withdrawal',
  addressOutlivesViews: 'network/address-outlives-views',
  serviceOutlivesViews: 'network/service-outlives-views',
  vniOutlivesMembers: 'network/vni-outlives-members',
  runsWhatIsAllocated: 'network/runs-what-is-allocated',
  vniAsAllocated: 'network/vni-as-allocated',
  publishesWhatRuns: 'network/publishes-what-runs',
  withdrawsWithTask: 'network/withdraws-with-task',
  viewsByOwner: 'network/views-by-owner',
  viewsNeedNetwork: 'network/views-need-network',
  resolvesView: 'network/resolves-view',
  carriesOnOverlay: 'network/carries-on-overlay',
  answersOnlyOwn: 'network/answers-only-own',
  resultAsAnswered: 'network/result-as-answered',
  nameGivesHeldVip: 'network/name-gives-held-vip',
  reachesOwnService: 'network/reaches-own-service',
  portReachesPublisher: 'network/port-reaches-publisher',
  answers: 'network/answers',
  tasksRun: 'network/tasks-run',
  viewsConverge: 'network/views-converge',
  nothingRemains: 'network/nothing-remains',
  nothingLeaks: 'network/nothing-leaks',
  namesReachTasks: 'network/names-reach-tasks',
  portsReachTasks: 'network/ports-reach-tasks',
} as const

export type RequirementName = keyof typeof slugs

export const catalogue = catalogueOf<RequirementName>(
  slugs,
  'network-stack',
  {
    'network-barrier': ['addressOutlivesViews', 'serviceOutlivesViews', 'vniOutlivesMembers'],
  },
  {
    addressesDiffer: 'state',
    vnisDiffer: 'state',
    portsDiffer: 'state',
    restoresHoldings: 'state',
    releasedAfterWithdrawal: 'state',
    addressOutlivesViews: 'state',
    serviceOutlivesViews: 'state',
    vniOutlivesMembers: 'state',
    runsWhatIsAllocated: 'state',
    vniAsAllocated: 'state',
    viewsByOwner: 'state',
    resultAsAnswered: 'history',
    nameGivesHeldVip: 'history',
    reachesOwnService: 'history',
    portReachesPublisher: 'history',
    answers: 'liveness',
    tasksRun: 'liveness',
    viewsConverge: 'liveness',
    nothingRemains: 'liveness',
    nothingLeaks: 'liveness',
    namesReachTasks: 'liveness',
    portsReachTasks: 'liveness',
  },
)

/** Number of each requirement, for counters that cost nothing. */
export const R = catalogue.numbers
