/** What an engine means by a refusal: the class by its status, and what is wrong by its words. */
import type { Problem, Refusal } from '../../../models/ipam/vocabulary.ts'
import { type Reply, wordsOf } from './api.ts'

const classes: Readonly<Record<number, Refusal>> = {
  400: 'invalid-parameter',
  403: 'forbidden',
  404: 'not-found',
  409: 'forbidden',
  503: 'unavailable',
}

/** Older engines lose the class of many errors on the way to the client, and answer 500: then the words have to tell it. */
const classesByWords: readonly (readonly [RegExp, Refusal])[] = [
  [/no available|no more|could not find an available/i, 'unavailable'],
  [/already in use|already allocated|overlaps/i, 'forbidden'],
  [/invalid|must belong|out of range|does not belong|failed to parse/i, 'invalid-parameter'],
]

const problems: readonly (readonly [RegExp, Problem])[] = [
  [/range's lowest ip address/, 'range-other-family'],
  [/Invalid Address SubPool/, 'range-invalid'],
  [/Invalid subnet/, 'subnet-invalid'],
  [/invalid gateway address/, 'gateway-invalid'],
  [/failed to allocate gateway .*out of range/, 'gateway-outside-subnet'],
  [/auxiliary address: .* must belong/, 'auxiliary-outside-subnet'],
]

export const refusalOf = ({ status, body }: Reply): Refusal => {
  const words = wordsOf(body)
  return classes[status] ?? classesByWords.find(([pattern]) => pattern.test(words))?.[1] ?? 'invalid-parameter'
}

/** Of what is wrong with a request for a pool, what its refusal names. */
export const problemsIn = ({ body }: Reply): Problem[] =>
  problems.filter(([pattern]) => pattern.test(wordsOf(body))).map(([, problem]) => problem)
