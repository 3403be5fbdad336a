/** Mutants of validation: what is wrong with a request and is overlooked, or not told. */
import type { PoolRequest, Problem } from '../../../models/ipam/vocabulary.ts'
import type { Subnet } from '../../../impl/reference/ipam/addresses.ts'
import { IpamNode } from '../../../impl/reference/ipam/node.ts'
import { Validation } from '../../../impl/reference/ipam/validation.ts'
import { folklore, ipamMutant, type Mutant } from '../mutant.ts'

/** A node that validates in another way. */
const withValidation = (Other: typeof Validation) =>
  class extends IpamNode {
    protected override createValidation(): Validation {
      return new Other()
    }
  }

const amongOthers = {
  'ipam/reports-all-problems': 'It is missing among the problems of a request that has others too.',
}

export const validation: readonly Mutant[] = [
  ipamMutant({
    name: 'accepts-host-bits',
    breaks: 'ipam/validates-subnet',
    rule: 'Host bits of a subnet are dropped in silence.',
    seenIn: folklore,
    also: amongOthers,
    node: withValidation(
      class extends Validation {
        protected override problemsOfSubnet(): Problem[] {
          return []
        }
      },
    ),
  }),
  ipamMutant({
    name: 'refuses-good-subnets',
    breaks: 'ipam/grants-free-subnet',
    rule: 'A subnet of IPv4 that is smaller than a /29 is held for a mistake.',
    seenIn: folklore,
    also: { 'ipam/spaces-are-apart': 'The same, where the other space has the subnet.', ...amongOthers },
    node: withValidation(
      class extends Validation {
        protected override problemsOfSubnet(subnet: Subnet, written: bigint): Problem[] {
          if (subnet.width === 32 && subnet.length > 29) return ['subnet-invalid']
          return super.problemsOfSubnet(subnet, written)
        }
      },
    ),
  }),
  ipamMutant({
    name: 'accepts-range-outside',
    breaks: 'ipam/validates-range',
    rule: 'A range may lie outside of its subnet.',
    seenIn: folklore,
    also: amongOthers,
    node: withValidation(
      class extends Validation {
        protected override problemsOfRange(text: string, subnet: Subnet): Problem[] {
          return super.problemsOfRange(text, subnet).filter((problem) => problem !== 'range-outside-subnet')
        }
      },
    ),
  }),
  ipamMutant({
    name: 'accepts-larger-range',
    breaks: 'ipam/validates-range',
    rule: 'A range may be larger than its subnet.',
    seenIn: 'https://github.com/moby/moby/pull/44968',
    also: amongOthers,
    node: withValidation(
      class extends Validation {
        protected override problemsOfRange(text: string, subnet: Subnet): Problem[] {
          return super.problemsOfRange(text, subnet).filter((problem) => problem !== 'range-larger-than-subnet')
        }
      },
    ),
  }),
  ipamMutant({
    name: 'accepts-foreign-gateway',
    breaks: 'ipam/validates-gateway',
    rule: 'Whether a gateway lies in the subnet is not looked at before it is taken.',
    seenIn: folklore,
    also: amongOthers,
    node: withValidation(
      class extends Validation {
        protected override problemsOfGateway(): Problem[] {
          return []
        }
      },
    ),
  }),
  ipamMutant({
    name: 'accepts-foreign-auxiliary',
    breaks: 'ipam/validates-auxiliary',
    rule: 'Whether auxiliary addresses lie in the subnet is not looked at before they are taken.',
    seenIn: folklore,
    also: amongOthers,
    node: withValidation(
      class extends Validation {
        protected override problemsOfAuxiliary(): Problem[] {
          return []
        }
      },
    ),
  }),
  ipamMutant({
    name: 'reports-first-problem',
    breaks: 'ipam/reports-all-problems',
    rule: 'The first problem of a request ends the search for others.',
    seenIn: folklore,
    node: withValidation(
      class extends Validation {
        override problems(request: PoolRequest): Problem[] {
          return super.problems(request).slice(0, 1)
        }
      },
    ),
  }),
  ipamMutant({
    name: 'leaves-pool-behind',
    breaks: 'ipam/refusal-changes-nothing',
    rule: 'A pool whose gateway cannot be had stays.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override rollBack(): void {}
    },
  }),
]
