/** What is wrong with a request for a pool before anything is looked up: all of it is found at once. */
import type { PoolRequest, Problem } from '../../../models/ipam/vocabulary.ts'
import { type Subnet, holds, meets, readAddress, readSubnet } from './addresses.ts'

export class Validation {
  /** Whether a request leaves it to the allocator which subnet it gets. */
  isChosen({ subnet }: PoolRequest): boolean {
    return subnet === '' || readSubnet(subnet)?.written === 0n
  }

  problems(request: PoolRequest): Problem[] {
    if (this.isChosen(request)) return this.problemsWithoutSubnet(request)
    const read = readSubnet(request.subnet)
    if (read === null) return ['subnet-invalid']
    const { subnet, written } = read
    return [
      ...this.problemsOfSubnet(subnet, written),
      ...(request.range === '' ? [] : this.problemsOfRange(request.range, subnet)),
      ...this.problemsOfGateway(request.gateway, subnet),
      ...this.problemsOfAuxiliary(request.auxiliary, subnet),
    ]
  }

  protected problemsWithoutSubnet({ range, gateway, auxiliary }: PoolRequest): Problem[] {
    return [
      ...(range === '' ? [] : (['range-without-subnet'] as const)),
      ...(gateway === '' || gateway === 'auto' ? [] : (['gateway-outside-subnet'] as const)),
      ...(auxiliary.length === 0 ? [] : (['auxiliary-outside-subnet'] as const)),
    ]
  }

  protected problemsOfSubnet(subnet: Subnet, written: bigint): Problem[] {
    return written === subnet.first ? [] : ['subnet-host-bits']
  }

  protected problemsOfRange(text: string, subnet: Subnet): Problem[] {
    const read = readSubnet(text)
    if (read === null) return ['range-invalid']
    const { subnet: range, written } = read
    if (range.width !== subnet.width) return ['range-other-family']
    return [
      ...(written === range.first ? [] : (['range-host-bits'] as const)),
      ...(range.length >= subnet.length ? [] : (['range-larger-than-subnet'] as const)),
      ...(meets(range, subnet) ? [] : (['range-outside-subnet'] as const)),
    ]
  }

  protected problemsOfGateway(gateway: string, subnet: Subnet): Problem[] {
    if (gateway === '' || gateway === 'auto') return []
    const address = readAddress(gateway)
    if (address === null) return ['gateway-invalid']
    return holds(subnet, address) ? [] : ['gateway-outside-subnet']
  }

  protected problemsOfAuxiliary(auxiliary: readonly string[], subnet: Subnet): Problem[] {
    const addresses = auxiliary.map(readAddress)
    return [
      ...(addresses.includes(null) ? (['auxiliary-invalid'] as const) : []),
      ...(addresses.some((address) => address !== null && !holds(subnet, address))
        ? (['auxiliary-outside-subnet'] as const)
        : []),
    ]
  }
}
