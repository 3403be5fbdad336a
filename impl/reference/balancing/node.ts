/**
 * A node that balances, without any I/O: inputs go in, each with the local time, and an answer comes out. Its rules are
 * methods, one each, laid out in layers: telling, tasks, traffic, HTTP.
 */
import type { Answer, Operation, OutgoingMessage, Reason, ServiceSpec } from '../../../models/balancing/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import type { NodeSetup } from './core.ts'
import { HttpRules } from './http.ts'

type Asked = Extract<Operation, { readonly type: 'create-service' | 'update-service' | 'remove-service' }>

export class BalancingNode extends HttpRules {
  constructor(setup: NodeSetup) {
    super(setup)
    if (this.isManager)
      for (const service of this.allocator.services.values()) this.sayService(service.service, service)
    // Who is back has others tell it everything.
    if (this.life > 1) this.tellAll()
  }

  receive(at: Milliseconds, message: OutgoingMessage): Answer {
    this.begin(at)
    this.handle(message)
    return this.finish(message.view)
  }

  /** Lets time pass up to `until`, or to the first timer that shows something. */
  advance(at: Milliseconds, until: Milliseconds): Answer {
    this.begin(at)
    for (let due = this.nextDeadline(); due <= until; due = this.nextDeadline()) {
      if (due > this.now) this.now = due
      if (this.waitDeadline() <= this.now) this.waitedTooLong()
      this.tellDue()
      if (this.hasShown()) return this.finish()
    }
    if (until > this.now) this.now = until
    return this.finish()
  }

  operate(at: Milliseconds, id: number, operation: Operation): Answer {
    this.begin(at)
    this.carryOut(id, operation)
    return this.finish()
  }

  protected handle({ from, view }: OutgoingMessage): void {
    switch (view.kind) {
      case 'update':
        return this.onUpdate(from, view)
      case 'ack':
        return this.onAck(from, view.life, view.version)
      case 'open':
        return this.onOpen(from, view)
      case 'data':
        return this.onData(from, view)
      case 'answer':
        return this.onAnswer(view)
    }
  }

  protected carryOut(id: number, operation: Operation): void {
    switch (operation.type) {
      case 'create-service':
      case 'update-service':
      case 'remove-service':
        return this.conclude(id, this.isAllowed() ? this.manage(operation) : 'not-manager')
      case 'start':
        return this.conclude(id, this.startTask(operation))
      case 'enable':
        return this.conclude(id, this.enableTask(operation.task))
      case 'disable':
        return this.conclude(id, this.disableTask(operation.task))
      case 'stop':
        return this.conclude(id, this.stopTask(operation.task))
      case 'down':
      case 'up':
        return this.conclude(id, this.seePeer(operation.peer, operation.type === 'down'))
      case 'connect':
        return this.connect(id, operation)
      case 'dial':
        return this.dial(id, operation)
      case 'request':
        return this.request(id, operation)
      case 'send':
        return this.proceed(id, operation)
    }
  }

  protected conclude(id: number, reason: Reason | ''): void {
    this.result(id, reason === '' ? 'ok' : 'failed', { reason })
  }

  protected isAllowed(): boolean {
    return this.isManager
  }

  protected manage(operation: Asked): Reason | '' {
    const { service } = operation
    const reason = this.decide(operation)
    if (reason !== '') return reason
    this.sayService(service, this.allocator.services.get(service) ?? null)
    this.changed()
    this.tellAll()
    return ''
  }

  protected decide(operation: Asked): Reason | '' {
    if (operation.type === 'remove-service') return this.allocator.remove(operation.service)
    const { type, ...spec } = operation
    return type === 'create-service' ? this.allocator.create(specOf(spec)) : this.allocator.update(specOf(spec))
  }

  protected override nextDeadline(): Milliseconds {
    return Math.min(this.tellDeadline(), this.waitDeadline())
  }
}

const specOf = ({ service, mode, networks, ports, routes }: ServiceSpec): ServiceSpec => ({
  service,
  mode,
  networks,
  ports,
  routes,
})
