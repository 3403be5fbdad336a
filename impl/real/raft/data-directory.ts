/** What a node keeps in its directory: whose it is, how often it was started, where the others are, and its journal. */
import { mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import type { NodeId } from '../../../models/vocabulary.ts'
import type { Saved } from '../../reference/raft/journal.ts'
import { codeOf, lockDirectory, readIfThere, replaceFile, syncDirectory } from '../files.ts'
import { nodeName, type Places, placesSchema } from './address-book.ts'
import { JournalFile, type Sync } from './journal-file.ts'

/** The directory is not what this node can work with. */
export class DataError extends Error {
  override readonly name = 'DataError'
}

const ownerSchema = z.strictObject({
  version: z.literal(1),
  cluster: z.string(),
  node: nodeName,
  /** How often it was started before. */
  starts: z.int().min(0),
  places: placesSchema,
})
type Owner = z.infer<typeof ownerSchema>

export interface Opening {
  readonly path: string
  readonly cluster: string
  readonly node: NodeId
  /** What the journal begins with where there is none. */
  readonly initial: Saved
  readonly sync?: Sync | undefined
}

export class DataDirectory {
  readonly journal: JournalFile
  /** How often the node was started before. */
  readonly starts: number
  /** Where the others were found when it ran last. */
  readonly places: Places
  readonly #path: string
  readonly #unlock: () => Promise<void>
  #owner: Owner
  /** Saves of the owner's file follow each other. */
  #saving: Promise<void> = Promise.resolve()

  protected constructor(path: string, owner: Owner, journal: JournalFile, unlock: () => Promise<void>) {
    this.#path = path
    this.#owner = { ...owner, starts: owner.starts + 1 }
    this.#unlock = unlock
    this.journal = journal
    this.starts = owner.starts
    this.places = owner.places
  }

  /** Locks the directory, which is made where only its parent is there, and reads it. Throws an Error that says what is wrong with it. */
  static async open({ path: given, cluster, node, initial, sync }: Opening): Promise<DataDirectory> {
    const path = resolve(given)
    await makeDirectory(path)
    const unlock = await lockDirectory(path)
    let journal: JournalFile | undefined
    try {
      const saved = await readOwner(path)
      const owner: Owner = saved ?? { version: 1, cluster, node, starts: 0, places: {} }
      if (owner.node !== node) throw new DataError(`${path} belongs to node ${owner.node}, not ${node}`)
      if (owner.cluster !== cluster) throw new DataError(`${path} belongs to cluster ${owner.cluster}, not ${cluster}`)
      const file = join(path, 'journal')
      if (saved !== null && (await readIfThere(file)) === null) throw new DataError(`${file} is missing`)
      journal = await JournalFile.open(file, initial, sync)
      const directory = new DataDirectory(path, owner, journal, unlock)
      await directory.save(owner.places)
      return directory
    } catch (error) {
      await journal?.close()
      await unlock()
      throw error
    }
  }

  save(places: Places): Promise<void> {
    this.#owner = { ...this.#owner, places }
    const bytes = Buffer.from(`${JSON.stringify(this.#owner, null, 2)}\n`)
    this.#saving = this.#saving.then(() => replaceFile(join(this.#path, 'node.json'), bytes))
    return this.#saving
  }

  async close(): Promise<void> {
    try {
      // Whoever asked for a save that failed was told so.
      await this.#saving.catch(() => {})
      await this.journal.close()
    } finally {
      await this.#unlock()
    }
  }
}

const makeDirectory = async (path: string): Promise<void> => {
  try {
    await mkdir(path)
    await syncDirectory(dirname(path))
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

const readOwner = async (path: string): Promise<Owner | null> => {
  const file = join(path, 'node.json')
  const bytes = await readIfThere(file)
  if (bytes === null) return null
  try {
    return ownerSchema.parse(JSON.parse(bytes.toString()))
  } catch {
    throw new DataError(`${file} is not what a node writes there`)
  }
}
