/** The system models by name, for the command: what each is, and what can be set. */
import { addressModel } from './balancing/system-addresses.ts'
import { meshModel } from './balancing/system.ts'
import { exploreModel, type Bounds, type Exploration, type Progress, type SystemModel } from './explorer.ts'
import { ipamModel } from './ipam/system.ts'
import { networkDbModel } from './networkdb/system.ts'
import { electionModel } from './raft/system/election.ts'
import { membershipModel } from './raft/system/membership.ts'
import { replicationModel } from './raft/system/replication.ts'
import { swimModel } from './swim/system.ts'

/** A number that can be set, such as the greatest term. */
export interface ModelParameter {
  readonly name: string
  readonly description: string
  readonly least: number
  readonly most: number
  readonly default: number
}

export interface ModelEntry {
  readonly name: string
  /** What it says and what it leaves out, in a sentence or two. */
  readonly description: string
  readonly parameters: readonly ModelParameter[]
  /** Builds the model; every parameter is given, and in range. */
  build(parameters: Readonly<Record<string, number>>): SystemModel
}

const parameter = (
  name: string,
  description: string,
  least: number,
  most: number,
  standard: number,
): ModelParameter => ({ name, description, least, most, default: standard })

export const systemModels: readonly ModelEntry[] = [
  {
    name: 'raft-election',
    description: 'Elections among three members, without logs; messages are reordered, never lost or duplicated.',
    parameters: [
      parameter('terms', 'greatest term', 1, 3, 2),
      parameter('crashes', '1: candidates and leaders may crash, as often as they like', 0, 1, 1),
    ],
    build: ({ terms, crashes }) => electionModel({ terms: terms!, crash: crashes === 1 }),
  },
  {
    name: 'raft-replication',
    description:
      'Elections, log replication and commitment among three members; messages may be lost, repeated and reordered at will.',
    parameters: [
      parameter('terms', 'greatest term', 1, 4, 2),
      parameter('entries', 'longest log', 1, 3, 2),
      parameter('crashes', 'most crashes in all', 0, 3, 1),
      parameter('snapshots', '1: leaders compact their logs and send snapshots', 0, 1, 0),
    ],
    build: ({ terms, entries, crashes, snapshots }) =>
      replicationModel({ terms: terms!, entries: entries!, crashes: crashes!, snapshots: snapshots === 1 }),
  },
  {
    name: 'raft-membership',
    description:
      'Members added and removed one at a time; a request and its answer are one step, so that only losses are modelled.',
    parameters: [
      parameter('members', 'members that there are', 1, 5, 3),
      parameter('voters', 'members of the first configuration', 1, 5, 3),
      parameter('terms', 'greatest term', 1, 3, 2),
      parameter('entries', 'longest log', 1, 3, 3),
      parameter('candidates', 'how many members, from the first on, ever campaign', 1, 5, 5),
    ],
    build: ({ members, voters, terms, entries, candidates }) =>
      membershipModel({
        members: members!,
        voters: voters!,
        terms: terms!,
        entries: entries!,
        candidates: candidates!,
      }),
  },
  {
    name: 'swim',
    description:
      'What members say of each other: suspicions begin and end at any time, and whatever was said may be heard at any time.',
    parameters: [
      parameter('members', 'members that there are', 2, 3, 3),
      parameter('incarnations', 'greatest incarnation', 1, 2, 2),
      parameter('crashes', 'most members that crash', 0, 3, 1),
      parameter('leaves', 'most members that leave', 0, 3, 1),
      parameter('accusers', 'how many members, from the first on, ever suspect of their own accord', 1, 3, 2),
    ],
    build: ({ members, incarnations, crashes, leaves, accusers }) =>
      swimModel({
        members: members!,
        incarnations: incarnations!,
        crashes: crashes!,
        leaves: leaves!,
        accusers: accusers!,
      }),
  },
  {
    name: 'networkdb',
    description:
      'Entries of one network: whatever was made may be heard at any time; nodes synchronize, lose sight of each other, leave, come back, and forget.',
    parameters: [
      parameter('nodes', 'nodes that there are', 2, 3, 2),
      parameter('keys', 'entries that are written', 1, 2, 1),
      parameter('times', 'greatest time of an event; of three nodes at most 5', 1, 6, 4),
      parameter('writers', 'how many nodes write each entry', 1, 3, 1),
      parameter('attachments', '1: nodes stay in the network; 2: they may leave; 3: and come back', 1, 3, 3),
      parameter('failures', '1: nodes may lose sight of each other', 0, 1, 1),
      parameter('reaps', '1: what is old is forgotten, at any time', 0, 1, 1),
    ],
    build: ({ nodes, keys, times, writers, attachments, failures, reaps }) =>
      networkDbModel({
        nodes: nodes!,
        keys: keys!,
        times: times!,
        writers: writers!,
        attachments: attachments!,
        failures: failures === 1,
        reaps: reaps === 1,
      }),
  },
  {
    name: 'ipam',
    description:
      'Allocators with one store: any node may be made leader at any time, and one that leads no more may learn of it late.',
    parameters: [
      parameter('nodes', 'nodes that there are', 1, 3, 2),
      parameter('clients', 'clients that ask for an address, and give it back', 1, 4, 3),
      parameter('addresses', 'addresses that there are', 1, 3, 2),
      parameter('failovers', 'how often another is made leader at most', 0, 6, 3),
    ],
    build: ({ nodes, clients, addresses, failovers }) =>
      ipamModel({ nodes: nodes!, clients: clients!, addresses: addresses!, failovers: failovers! }),
  },
  {
    name: 'balancing-mesh',
    description:
      'Connections through three nodes to two tasks that come, drain and go: what becomes of a task is heard late, or never.',
    parameters: [parameter('changes', 'how often the state of each task changes at most', 1, 6, 4)],
    build: ({ changes }) => meshModel({ changes: changes! }),
  },
  {
    name: 'balancing-addresses',
    description:
      'Services come and go, with addresses of which two nodes hear late; a client is told one here, and connects there.',
    parameters: [
      parameter('addresses', 'addresses that there are', 1, 4, 4),
      parameter('services', 'services that are made in all: with more than addresses, one is given again', 1, 6, 4),
    ],
    build: ({ addresses, services }) => addressModel({ addresses: addresses!, services: services! }),
  },
]

/**
 * Searches a system model. Parameters that are not given have their defaults.
 * Throws a RangeError for an unknown model or parameter, and for a value out of range; its message says what there is.
 */
export function explore(
  name: string,
  parameters: Readonly<Record<string, number>> = {},
  bounds: Bounds = {},
  onProgress?: (progress: Progress) => void,
): Exploration {
  const entry = systemModels.find((model) => model.name === name)
  if (entry === undefined)
    throw new RangeError(`no model "${name}"; there are ${systemModels.map((model) => model.name).join(', ')}`)
  const known = entry.parameters.map((parameter) => parameter.name)
  for (const given of Object.keys(parameters))
    if (!known.includes(given)) throw new RangeError(`${name} has no parameter "${given}"; it has ${known.join(', ')}`)
  const values: Record<string, number> = {}
  for (const { name: parameter, least, most, default: standard } of entry.parameters) {
    const value = parameters[parameter] ?? standard
    if (!Number.isInteger(value) || value < least || value > most)
      throw new RangeError(`${parameter} must be a whole number from ${least} to ${most}, not ${value}`)
    values[parameter] = value
  }
  return exploreModel(entry.build(values), bounds, onProgress)
}
