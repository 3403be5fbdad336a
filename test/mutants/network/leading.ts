/** Mutants of who leads: what is granted, what is kept through a change of leaders, and when something is let go of. */
import type { Answer, Operation, Reason } from '../../../models/network/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { Decision } from '../../../impl/reference/network/catalogue.ts'
import { Manager } from '../../../impl/reference/network/manager.ts'
import { NetworkNode } from '../../../impl/reference/network/node.ts'
import { folklore, networkMutant, type NetworkMutant } from '../mutant.ts'

type CreateService = Extract<Operation, { readonly type: 'create-service' }>

export const leading: readonly NetworkMutant[] = [
  networkMutant({
    name: 'leads-on-when-deposed',
    breaks: 'network/only-leader-allocates',
    rule: 'Who learns that it leads no more goes on.',
    seenIn: 'https://github.com/moby/moby/issues/53632',
    Node: class extends NetworkNode {
      override depose(at: Milliseconds): Answer {
        this.begin(at)
        return this.finish()
      }
    },
  }),
  networkMutant({
    name: 'vip-in-dnsrr',
    breaks: 'network/grants-what-is-needed',
    rule: 'A service that is reached by the addresses of its tasks gets a virtual address all the same.',
    seenIn: 'libnetwork: the two modes are mixed up',
    Manager: class extends Manager {
      protected override createService(asked: CreateService): Reason | '' {
        return super.createService({ ...asked, mode: 'vip' })
      }
    },
  }),
  networkMutant({
    name: 'removes-networks-in-use',
    breaks: 'network/keeps-networks-in-use',
    rule: 'A network is removed although services are on it.',
    seenIn: folklore,
    Manager: class extends Manager {
      protected override isInUse(): boolean {
        return false
      }
    },
  }),
  networkMutant({
    name: 'keeps-vip-of-refused',
    breaks: 'network/refusal-allocates-nothing',
    rule: 'A service whose port is in use is refused, and what was allocated to it before stays allocated.',
    seenIn: folklore,
    Manager: class extends Manager {
      protected override createService(asked: CreateService): Reason | '' {
        const reason = super.createService(asked)
        if (reason === 'in-use') super.createService({ ...asked, port: 0 })
        return reason
      }
    },
  }),
  networkMutant({
    name: 'leaks-in-the-allocator',
    breaks: 'network/grants-what-is-free',
    rule: 'A task that is gone is forgotten, and nobody tells the allocator.',
    seenIn: folklore,
    Manager: class extends Manager {
      protected override releaseAddress(): void {}
    },
  }),
  networkMutant({
    name: 'frees-tasks-of-restarted-nodes',
    breaks: 'network/frees-only-what-goes',
    rule: 'When a node comes back, all tasks that were to run on it are given up.',
    seenIn: folklore,
    Manager: class extends Manager {
      override onStatus(...[from, view]: Parameters<Manager['onStatus']>): void {
        const { life } = this.seats.get(from)!
        super.onStatus(from, view)
        if (life === '' || life === view.life) return
        for (const [task, { node }] of this.catalogue.tasks) if (node === from) this.stopTask(task)
        this.commit()
      }
    },
  }),
  networkMutant({
    name: 'releases-when-asked-to-stop',
    breaks: 'network/addresses-differ',
    rule: 'The allocator is told that an address is free as soon as its task is to stop.',
    seenIn: folklore,
    Manager: class extends Manager {
      protected override stopTask(task: string): Reason | '' {
        const entry = this.catalogue.tasks.get(task)
        const reason = super.stopTask(task)
        if (reason === '' && entry !== undefined) this.releaseAddress(entry.network, entry.address)
        return reason
      }
    },
  }),
  networkMutant({
    name: 'vni-reused',
    breaks: 'network/vnis-differ',
    rule: 'VNIs are counted up, and begin anew behind the last, whether or not one is in use.',
    seenIn: 'libnetwork: two overlays share a VNI, and traffic crosses',
    Manager: class extends Manager {
      protected override isVniTaken(): boolean {
        return false
      }
    },
  }),
  networkMutant({
    name: 'publishes-ports-twice',
    breaks: 'network/ports-differ',
    rule: 'A port is published for a second service.',
    seenIn: 'swarmkit: ingress and host publish the same port',
    Manager: class extends Manager {
      protected override isPortTaken(): boolean {
        return false
      }
    },
  }),
  networkMutant({
    name: 'forgets-on-failover',
    breaks: 'network/restores-holdings',
    rule: 'A new leader knows networks and services, and no tasks.',
    seenIn: 'https://github.com/moby/moby/issues/33795',
    Manager: class extends Manager {
      protected override restore(): void {
        restoreOnly(
          this,
          this.store.records.flatMap(({ decisions }) => decisions),
          (each) => !each.type.startsWith('task'),
        )
        this.book.take(this.store.records.flatMap(({ addresses }) => addresses))
      }
    },
  }),
  networkMutant({
    name: 'forgets-ports-on-failover',
    breaks: 'network/restores-holdings',
    rule: 'A new leader knows every address, and no published port.',
    seenIn: folklore,
    Manager: class extends Manager {
      protected override restore(): void {
        super.restore()
        for (const [service, entry] of this.catalogue.services)
          this.catalogue.services.set(service, { ...entry, port: 0 })
      }
    },
  }),
  networkMutant({
    name: 'forgets-what-was-stopping',
    breaks: 'network/nothing-leaks',
    rule: 'What an earlier leader had begun to let go of is never let go of by the next.',
    seenIn: 'swarmkit: allocator reports after a change of leaders',
    Manager: class extends Manager {
      protected override sinceOf(what: string): number {
        return this.since.get(what) ?? Infinity
      }
    },
  }),
  networkMutant({
    name: 'releases-before-withdrawal',
    breaks: 'network/released-after-withdrawal',
    rule: 'A task that is to stop counts for stopped, whether or not its node has said so.',
    seenIn: 'moby: reports of stale names and neighbours',
    Manager: class extends Manager {
      protected override hasStopped(): boolean {
        return true
      }

      protected override mayFreeAddress(): boolean {
        return true
      }
    },
  }),
  networkMutant({
    name: 'frees-vip-with-tasks',
    breaks: 'network/service-outlives-views',
    rule: 'The virtual address of a service that is removed is free at once, while its tasks still run.',
    seenIn: 'swarmkit: a service is deleted at once, its tasks later',
    Manager: class extends Manager {
      protected override mayFreeService(): boolean {
        return true
      }
    },
  }),
  networkMutant({
    name: 'reuses-at-once',
    breaks: 'network/address-outlives-views',
    rule: 'The address of a task that has stopped is free at once, whoever still shows it.',
    seenIn: 'moby: reports of stale names and neighbours',
    Manager: class extends Manager {
      protected override mayFreeAddress(): boolean {
        return true
      }
    },
  }),
  networkMutant({
    name: 'asks-half-of-the-nodes',
    breaks: 'network/address-outlives-views',
    rule: 'An address is free when more than half of all nodes have confirmed that its task is gone.',
    seenIn: folklore,
    Manager: class extends Manager {
      protected override haveAllConfirmed(version: number): boolean {
        const seats = [...this.seats.values()]
        return 2 * seats.filter(({ confirmed }) => confirmed >= version).length > seats.length
      }
    },
    also: { 'network/vni-outlives-members': 'So is the VNI of a network.' },
  }),
  networkMutant({
    name: 'reuses-vip-at-once',
    breaks: 'network/service-outlives-views',
    rule: 'The virtual address of a service is free when its tasks have stopped, whoever still shows it.',
    seenIn: folklore,
    Manager: class extends Manager {
      protected override mayFreeService(service: string): boolean {
        return this.catalogue.tasksOf(service).every((task) => this.catalogue.tasks.get(task)!.stage === 'retired')
      }
    },
  }),
  networkMutant({
    name: 'reuses-vni-at-once',
    breaks: 'network/vni-outlives-members',
    rule: 'The VNI of a network that is removed is free at once, whoever still takes part in it.',
    seenIn: 'libnetwork: two overlays share a VNI, and traffic crosses',
    Manager: class extends Manager {
      protected override mayFreeNetwork(): boolean {
        return true
      }
    },
  }),
  networkMutant({
    name: 'keeps-services-for-ever',
    breaks: 'network/nothing-leaks',
    rule: 'What was allocated to a service stays so when it is gone.',
    seenIn: 'https://github.com/moby/swarmkit/pull/2161',
    Manager: class extends Manager {
      protected override mayFreeService(): boolean {
        return false
      }
    },
  }),
  networkMutant({
    name: 'tells-each-node-once',
    breaks: 'network/tasks-run',
    rule: 'An assignment that was lost is not repeated.',
    seenIn: folklore,
    also: {
      'network/nothing-remains': 'A task that was to stop goes on.',
      'network/nothing-leaks': 'Who was not told does not confirm.',
    },
    Manager: class extends Manager {
      protected override repeats(): boolean {
        return false
      }
    },
  }),
  networkMutant({
    name: 'starts-tasks-everywhere',
    breaks: 'network/runs-what-is-allocated',
    rule: 'Every node is told to run every task.',
    seenIn: folklore,
    Manager: class extends Manager {
      protected override tasksFor(_node: NodeId) {
        return this.nodes.flatMap((each) => super.tasksFor(each))
      }
    },
  }),
]

function restoreOnly(
  { catalogue }: Manager,
  decisions: readonly Decision[],
  isKept: (decision: Decision) => boolean,
): void {
  for (const decision of decisions) if (isKept(decision)) catalogue.apply(decision)
}
