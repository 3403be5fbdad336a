/** Random schedules: scenarios drawn for what an implementation says of itself. */
export { scheduleArbitrary } from './schedule/arbitrary.ts'
export { drawSchedule, type ScheduleSize } from './schedule/schedule.ts'
