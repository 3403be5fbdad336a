/** Random schedules: scenarios drawn for what an implementation says of itself. */
export { scheduleArbitrary } from './schedule/arbitrary.ts'
export { drawFrom, type Draw } from './schedule/draw.ts'
export { drawScenario, drawSchedule, type ScheduleSize } from './schedule/schedule.ts'
