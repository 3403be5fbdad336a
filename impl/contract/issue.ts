/** What is wrong with a line that does not have its form, as one line of text. */
import type { z } from 'zod'
import { excerpt } from './adapter-error.ts'

type Issue = z.core.$ZodIssue

/** The first thing that is wrong, and where. */
export const firstIssue = (error: z.ZodError): string => {
  const { path, message } = innermost(error.issues[0]!)
  return `${excerpt(path.join('.'), 80)}: ${excerpt(message)}`
}

/** Of a value that fits none of several forms: what is wrong with it as the one that it comes closest to. */
const innermost = (issue: Issue): Issue => {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue
  const [closest] = issue.errors.toSorted((left, right) => distance(left) - distance(right))
  const [first] = closest!
  return first === undefined ? issue : innermost({ ...first, path: [...issue.path, ...first.path] })
}

/** A form of which the value is not even the kind of thing is the farthest. */
const distance = (issues: readonly Issue[]): number =>
  issues.some(({ path }) => path.length === 0 && issues.length === 1) ? Infinity : issues.length
