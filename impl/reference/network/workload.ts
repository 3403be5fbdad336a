/** What a node makes of its assignment: it takes part in networks, runs tasks, and tells of them. [LN] agent.go */
import type { AssignedNetwork, Assignment, Change, Message } from '../../../models/network/vocabulary.ts'
import type { Operation as DatabaseOperation } from '../../../models/networkdb/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { NodeCore, taskChange } from './core.ts'
import { keyOf, writeEndpoint, writePeer } from './records.ts'

type View<Kind extends Message['kind']> = Message & { readonly kind: Kind }

export abstract class WorkloadRules extends NodeCore {
  /** Of the last assignment that was carried out: who leads, its term and its number. */
  protected leader: NodeId | null = null
  protected term = 0
  protected version = 0
  /** Operations of the database so far. */
  private written = 0

  protected onAsk({ term }: View<'ask'>): View<'status'> | null {
    return term >= this.term ? this.status() : null
  }

  /** What is confirmed; null where the assignment is none for this node as it is. */
  protected onAssign(from: NodeId, view: View<'assign'>): View<'status'> | null {
    if (!this.isMeant(view) || !this.isNewest(view)) return null
    this.leader = from
    this.term = view.term
    this.version = view.version
    this.obey(view)
    return this.status()
  }

  /** For this life: an earlier one may have been told less of what is gone. */
  protected isMeant({ life }: View<'assign'>): boolean {
    return life === this.life
  }

  protected isNewest({ term, version }: View<'assign'>): boolean {
    return term > this.term || (term === this.term && version >= this.version)
  }

  protected status(): View<'status'> {
    return { kind: 'status', life: this.life, term: this.term, version: this.version }
  }

  protected obey({ networks, tasks, retired }: View<'assign'>): void {
    for (const task of retired) if (!this.retired.has(task)) this.retire(task)
    for (const [task, assignment] of this.tasks) if (!tasks.some((each) => each.task === task)) this.stop(assignment)
    for (const network of this.networks.keys()) {
      if (!networks.some((each) => each.network === network)) this.leaveNetwork(network)
    }
    for (const network of networks) if (!this.networks.has(network.network)) this.joinNetwork(network)
    for (const assignment of tasks) if (!this.tasks.has(assignment.task)) this.start(assignment)
  }

  protected retire(task: string): void {
    this.retired.add(task)
    for (const network of this.networks.keys()) {
      this.dropEndpoint(network, task)
      this.dropPeer(network, task)
    }
  }

  protected joinNetwork({ network, vni }: AssignedNetwork): void {
    this.networks.set(network, vni)
    this.note({ change: 'network', network, vni })
    this.write({ type: 'join-network', network })
  }

  protected leaveNetwork(network: string): void {
    this.networks.delete(network)
    this.note({ change: 'network-left', network })
    this.write({ type: 'leave-network', network })
  }

  protected start(assignment: Assignment): void {
    this.tasks.set(assignment.task, assignment)
    this.note(this.changeOf(assignment))
    this.publish(assignment)
  }

  protected changeOf(assignment: Assignment): Change {
    return taskChange(assignment)
  }

  protected publish(assignment: Assignment): void {
    this.publishPeer(assignment)
    this.publishEndpoint(assignment)
  }

  protected publishPeer(assignment: Assignment): void {
    const { network, task } = assignment
    this.write({ type: 'create', network, key: keyOf('peer', task), value: writePeer(assignment, this.address) })
  }

  protected publishEndpoint(assignment: Assignment): void {
    const { network, task } = assignment
    this.write({ type: 'create', network, key: keyOf('endpoint', task), value: writeEndpoint(assignment) })
  }

  /** Nobody is to be sent to a task that is about to stop: first its names go, then the way to it. */
  protected stop(assignment: Assignment): void {
    this.withdraw(assignment)
    this.tasks.delete(assignment.task)
    this.note({ change: 'task-stopped', task: assignment.task })
  }

  protected withdraw(assignment: Assignment): void {
    this.withdrawEndpoint(assignment)
    this.withdrawPeer(assignment)
  }

  protected withdrawEndpoint({ network, task }: Assignment): void {
    this.write({ type: 'delete', network, key: keyOf('endpoint', task) })
  }

  protected withdrawPeer({ network, task }: Assignment): void {
    this.write({ type: 'delete', network, key: keyOf('peer', task) })
  }

  /** What the database answers is seen in its entries. */
  protected write(operation: DatabaseOperation): void {
    this.absorb(this.database.operate(this.now, ++this.written, operation))
  }
}
