/**
 * The schema of `steps` answers again, by hand: ten times as fast as the general one, for the line that a run
 * consists of. It only says yes or no; whoever is refused asks the schema why. A property test holds them equal.
 */
import type { Answer } from '../../models/raft/vocabulary.ts'
import { limits } from './limits.ts'

/** A parsed JSON value whose fields are still unknown. */
type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const hasSize = (fields: Fields, size: number): boolean => {
  for (const _ in fields) size--
  return size === 0
}

const isNatural = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isPositive = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1
const isString = (value: unknown, length: number): value is string =>
  typeof value === 'string' && value.length <= length
const isWord = (value: unknown): boolean => isString(value, limits.word)
const isBoolean = (value: unknown): boolean => typeof value === 'boolean'

const nodePattern = /^[A-Za-z0-9][A-Za-z0-9._-]*$/
const isNode = (value: unknown): boolean => isString(value, limits.nodeId) && nodePattern.test(value)
const isNodeOrNull = (value: unknown): boolean => value === null || isNode(value)

const isList = (value: unknown, length: number, isItem: (item: unknown) => boolean): boolean => {
  if (!Array.isArray(value) || value.length > length) return false
  for (const item of value as unknown[]) if (!isItem(item)) return false
  return true
}
const isNodes = (value: unknown): boolean => isList(value, limits.nodes, isNode)
const isEntries = (value: unknown): boolean => isList(value, limits.entries, isEntry)

const isConfiguration = (value: unknown): boolean =>
  isFields(value) && isNodes(value.voters) && isNodes(value.outgoing) && isNodes(value.learners) && hasSize(value, 3)

const isEntry = (value: unknown): boolean =>
  isFields(value) &&
  isPositive(value.index) &&
  isNatural(value.term) &&
  (value.kind === 'command' || value.kind === 'empty' || value.kind === 'configuration') &&
  isWord(value.digest) &&
  (value.configuration === undefined ? hasSize(value, 4) : isConfiguration(value.configuration) && hasSize(value, 5))

const isPosition = (value: unknown): boolean =>
  isFields(value) && isNatural(value.index) && isNatural(value.term) && hasSize(value, 2)

const isRestore = (value: unknown): boolean =>
  isFields(value) && isNatural(value.index) && isNatural(value.term) && isBoolean(value.retain) && hasSize(value, 3)

const isMessage = (value: unknown): boolean => {
  if (!isFields(value) || !isNatural(value.term)) return false
  switch (value.kind) {
    case 'append-entries':
      return (
        isNatural(value.previousIndex) &&
        isNatural(value.previousTerm) &&
        isEntries(value.entries) &&
        isNatural(value.commit) &&
        isNatural(value.round) &&
        hasSize(value, 7)
      )
    case 'append-entries-response':
      return (
        isBoolean(value.success) &&
        isNatural(value.index) &&
        isNatural(value.hint) &&
        isNatural(value.round) &&
        hasSize(value, 6)
      )
    case 'heartbeat':
      return isNatural(value.commit) && isNatural(value.round) && hasSize(value, 4)
    case 'heartbeat-response':
      return isNatural(value.round) && hasSize(value, 3)
    case 'request-vote':
    case 'pre-vote':
      return isNatural(value.lastIndex) && isNatural(value.lastTerm) && isBoolean(value.transfer) && hasSize(value, 5)
    case 'request-vote-response':
    case 'pre-vote-response':
      return isBoolean(value.granted) && hasSize(value, 3)
    case 'install-snapshot':
      return (
        isNatural(value.lastIndex) &&
        isNatural(value.lastTerm) &&
        isConfiguration(value.configuration) &&
        isWord(value.digest) &&
        hasSize(value, 6)
      )
    case 'install-snapshot-response':
      return isBoolean(value.success) && isNatural(value.index) && hasSize(value, 4)
    case 'read-index':
      return isWord(value.request) && hasSize(value, 3)
    case 'read-index-response':
      return isWord(value.request) && isNatural(value.index) && hasSize(value, 4)
    case 'propose':
      return isList(value.digests, limits.entries, isWord) && hasSize(value, 3)
    case 'timeout-now':
    case 'member-removed':
      return hasSize(value, 2)
    default:
      return false
  }
}

const isStateField = (field: string, value: unknown): boolean => {
  switch (field) {
    case 'role':
      return value === 'follower' || value === 'leader' || value === 'candidate' || value === 'pre-candidate'
    case 'term':
    case 'commit':
    case 'applied':
      return isNatural(value)
    case 'vote':
    case 'leader':
      return isNodeOrNull(value)
    case 'configuration':
      return isConfiguration(value)
    case 'ready':
      return isBoolean(value)
    default:
      return false
  }
}

const isLogField = (field: string, value: unknown): boolean => {
  switch (field) {
    case 'append':
      return isEntries(value)
    case 'truncate':
      return isNatural(value)
    case 'compact':
      return isPosition(value)
    case 'restore':
      return isRestore(value)
    default:
      return false
  }
}

const isContentsField = (field: string, value: unknown): boolean => {
  switch (field) {
    case 'term':
    case 'commit':
      return isNatural(value)
    case 'vote':
      return isNodeOrNull(value)
    case 'log':
      return hasFields(value, isLogField)
    default:
      return false
  }
}

/** An object all of whose fields are optional. */
const hasFields = (value: unknown, isField: (field: string, value: unknown) => boolean): boolean => {
  if (!isFields(value)) return false
  for (const field in value) if (!isField(field, value[field])) return false
  return true
}

const isOutput = (value: unknown): boolean => {
  if (!isFields(value)) return false
  switch (value.type) {
    case 'message':
      return (
        isPositive(value.id) &&
        isNode(value.from) &&
        isNode(value.to) &&
        isNatural(value.after) &&
        isMessage(value.view) &&
        hasSize(value, 6)
      )
    case 'write':
      return (
        isPositive(value.id) &&
        isWord(value.file) &&
        isBoolean(value.sync) &&
        hasFields(value.contents, isContentsField) &&
        hasSize(value, 5)
      )
    case 'apply':
      return isPositive(value.index) && isNatural(value.term) && isWord(value.digest) && hasSize(value, 4)
    case 'restore':
      return isNatural(value.index) && isNatural(value.term) && isWord(value.digest) && hasSize(value, 4)
    case 'result':
      return (
        isNatural(value.operation) &&
        (value.status === 'ok' || value.status === 'failed' || value.status === 'unknown') &&
        (value.value === null || isString(value.value, limits.value)) &&
        isWord(value.reason) &&
        hasSize(value, 5)
      )
    default:
      return false
  }
}

const isError = (value: unknown): boolean =>
  isFields(value) &&
  (value.kind === 'unsupported' || value.kind === 'panic') &&
  isString(value.text, limits.text) &&
  hasSize(value, 2)

const isAnswerField = (field: string, value: unknown): boolean => {
  switch (field) {
    case 'now':
      return isNatural(value)
    case 'wake':
      return value === null || isNatural(value)
    case 'outputs':
      return isList(value, limits.outputs, isOutput)
    case 'state':
      return value === null || hasFields(value, isStateField)
    case 'log':
      return value === null || hasFields(value, isLogField)
    case 'received':
      return isMessage(value)
    case 'error':
      return isError(value)
    default:
      return false
  }
}

/** What may be left out, filled in; always with the same shape, which keeps judges fast. */
const complete = (wire: Partial<Answer>): Answer => {
  const { now, wake = null, outputs = [], state = null, log = null, received, error } = wire
  return { now: now!, wake, outputs, state, log, received, error }
}

/** The answer where it has the form of `schemas.answer`, otherwise null. */
export const acceptAnswer = (value: unknown): Answer | null =>
  isFields(value) && value.now !== undefined && hasFields(value, isAnswerField) ? complete(value) : null

/** The answers of a reply to `steps` where it has the form of `replySchemas.steps`, otherwise null. */
export const acceptAnswers = (reply: Fields): Answer[] | null => {
  const { seq, run, answers } = reply
  if (!isPositive(seq) || !isPositive(run) || !hasSize(reply, 3)) return null
  if (!Array.isArray(answers) || answers.length > limits.inputs) return null
  const accepted: Answer[] = []
  for (const value of answers as unknown[]) {
    const answer = acceptAnswer(value)
    if (answer === null) return null
    accepted.push(answer)
  }
  return accepted
}
