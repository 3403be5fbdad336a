/** Whether a network that an engine has refused leaves anything behind: its subnet must be there for the next. */
import { wordsOf } from '../../../impl/third-party/docker-engine/api.ts'
import type { Lab } from '../../../impl/third-party/docker-engine/lab.ts'
import { slugs } from '../../../properties/ipam/requirements.ts'
import { type Finding, Findings } from '../scripted.ts'

/** What cannot be had of each of these subnets. */
const refused: Readonly<Record<string, object>> = {
  'a gateway outside of the subnet': { Subnet: '10.214.0.0/24', Gateway: '10.9.0.1' },
  'the broadcast address as its gateway': { Subnet: '10.214.1.0/24', Gateway: '10.214.1.255' },
  'an auxiliary address that is the gateway': {
    Subnet: '10.214.2.0/24',
    Gateway: '10.214.2.9',
    AuxiliaryAddresses: { router: '10.214.2.9' },
  },
  'an auxiliary address outside of the subnet': {
    Subnet: '10.214.3.0/24',
    AuxiliaryAddresses: { router: '10.9.0.2' },
  },
  'an auxiliary address that is none': { Subnet: '10.214.4.0/24', AuxiliaryAddresses: { router: '10.214.4' } },
}

export async function checkLeftovers({ api }: Lab): Promise<readonly Finding[]> {
  const found = new Findings('networks that were refused')
  for (const [number, [what, config]] of Object.entries(refused).entries()) {
    const request = async (Name: string, Config: object) => {
      const { status, body } = await api.ask('POST', '/networks/create', { body: { Name, IPAM: { Config: [Config] } } })
      return status === 201 ? null : wordsOf(body)
    }
    const first = await request(`refused-${number}`, config)
    if (first === null) continue
    const { Subnet } = config as { readonly Subnet: string }
    const second = await request(`next-${number}`, { Subnet })
    const text = `a network was refused for ${what}, and then the next one for its subnet by '${second}'`
    found.judge(slugs.refusalChangesNothing, second === null, text)
  }
  return found.findings
}
