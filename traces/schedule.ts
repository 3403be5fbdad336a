/** Schedules: drawn at random for what an implementation says of itself, or towards situations of the models. */
export { scheduleArbitrary } from './schedule/arbitrary.ts'
export { situationScenarios } from './schedule/situations.ts'
export { drawDiscoverySchedule, type DiscoveryScheduleSize } from './schedule/discovery.ts'
export { drawBalancingSchedule, type BalancingScheduleSize } from './schedule/balancing.ts'
export { drawIpamSchedule } from './schedule/ipam.ts'
export { drawNetworkDbSchedule, type NetworkDbScheduleSize } from './schedule/networkdb.ts'
export { drawSchedule, type ScheduleSize } from './schedule/schedule.ts'
export { drawSwimSchedule, type SwimScheduleSize } from './schedule/swim.ts'
