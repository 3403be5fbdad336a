/** How large the system model of the network database is, and what can happen in it. */

export interface NetworkDbBounds {
  /** From 2 to 3. */
  readonly nodes: number
  /** Entries of the network, 1 or 2. */
  readonly keys: number
  /** Greatest time of a table event: from 1 to 6 for two nodes, to 5 for three. */
  readonly times: number
  /** How many nodes write each key. */
  readonly writers: number
  /** Events about the attachment of each node: 1, it stays; 2, it may leave; 3, it may come back. */
  readonly attachments: number
  /** Whether nodes may lose others from sight. */
  readonly failures: boolean
  /** Whether deletions, departures and hidden entries are ever forgotten. */
  readonly reaps: boolean
}

/** @throws RangeError for what does not fit the words of a state */
export function checkBounds({ nodes, keys, times, writers, attachments }: NetworkDbBounds): void {
  const check = (name: string, value: number, least: number, most: number): void => {
    if (value < least || value > most) throw new RangeError(`${name} must be ${least} to ${most}, not ${value}`)
  }
  check('nodes', nodes, 2, 3)
  check('keys', keys, 1, 2)
  check('times', times, 1, nodes === 2 ? 6 : 5)
  check('writers', writers, 1, nodes)
  check('attachments', attachments, 1, 3)
}
