/** The deadline of a timer that is not running. */
export const never = Number.MAX_SAFE_INTEGER
