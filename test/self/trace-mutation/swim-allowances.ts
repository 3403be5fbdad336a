/** Corruptions of SWIM that its protocol allows. */
import type { Allowance } from './allowance.ts'

const carriers = '(gossip|ping|indirect-ping|ack|nack)'

/** What survives, and why the protocol allows it. A survivor of another kind is a hole in the judge. */
export const swimAllowances: readonly Allowance[] = [
  {
    of: new RegExp(`^${carriers} gossip$`),
    because: 'which rumours travel with a message is up to its sender',
    free: true,
  },
  {
    of: /^(removed (gossip|push-pull|ping|indirect-ping|stream-ping)|copied gossip|gossip to)$/,
    because: 'whom a member asks and tells, and how often, is judged over time: by its pace, its rounds, its periods',
    free: true,
  },
  {
    of: /^(push-pull|push-pull-reply|stream-ping|stream-ack) to$/,
    because: 'where a stream leads is the contract’s matter',
    free: true,
  },
  {
    of: /^(added result|removed result|result status)$/,
    because: 'who cannot tell says unknown, and an update may be told as soon as it is made',
    free: true,
  },
  { of: /^restart: hidden/, because: 'that the first answer of a life is whole is the contract’s matter', free: true },
  {
    of: new RegExp(`^${carriers} gossip (address|meta)$`),
    because: 'of a suspect or a dead they mean nothing',
  },
  {
    of: new RegExp(`^${carriers} gossip (incarnation|node|status|from)$`),
    because: 'what is past may be told on, of whomever and by whomever held it so; who says alive is the member itself',
  },
  {
    of: /^(added|removed) event$|^event (node|event)$/,
    because: 'a conflict may be told whenever alive is heard, and a member may tell its application of itself',
  },
  { of: /^restart: added event$/, because: 'members in the table at the start of a life count as told' },
  { of: /^(ping|stream-ping) sequence$/, because: 'any number that was not used before' },
  {
    of: /^(ping to|push-pull(-reply)? members address)$/,
    because: 'a record that changes in the step has two addresses, as it began and as it ended',
  },
  {
    of: /^(state|hidden) score$/,
    because: 'that a probe has failed may show as late as its longest period ends, and the next one may make up for it',
  },
]
