import assert from 'node:assert/strict'
import { scrapedOf, TIER_NAMES, tierOf } from '../../../infra/kubernetes/tiers.ts'
import { changed, registeredBy } from '../../support/stack.ts'
import { ofType, podTemplates } from '../../support/workloads.ts'

const EVERYTHING = {
  platform: { monitoringNamespaces: ['monitoring'] },
  proxy: { replicas: 1 },
  elasticsearch: { warmNodes: 3 },
  observability: { monitors: 'podMonitor' },
}
const NAME = 'app.kubernetes.io/name'

describe('the table of tiers', () => {
  it('names only ports that it has', () => {
    for (const tier of TIER_NAMES) {
      const { ports, clients, metrics } = tierOf(tier)
      const named = [...clients.flatMap((client) => client.ports), ...(metrics ? [metrics.port] : [])]
      for (const name of named) assert.ok(ports[name], `${tier} ${name}`)
    }
  })

  it('has the ports of every pod, and no other', async () => {
    const pods = podTemplates(await registeredBy(changed('staging', EVERYTHING))).filter(({ kind }) => kind !== 'Job')
    const found = pods.map(({ metadata, spec }) => {
      const ports: readonly { name: string; containerPort: number }[] = spec.containers[0].ports ?? []
      return [metadata.labels[NAME], Object.fromEntries(ports.map(({ name, containerPort }) => [name, containerPort]))]
    })
    const expected = TIER_NAMES.filter((tier) => tier !== 'set-up').map((tier) => [tier, { ...tierOf(tier).ports }])
    assert.deepEqual(Object.fromEntries(found), Object.fromEntries(expected))
  })

  it('says which pods keep something: those that have volumes', async () => {
    const sets = ofType(await registeredBy(changed('staging', EVERYTHING)), 'StatefulSet')
    const keeping = sets.filter(({ inputs }) => inputs.spec.volumeClaimTemplates.length > 0)
    assert.deepEqual(
      [...new Set(keeping.map(({ inputs }) => inputs.metadata.labels[NAME]))].sort(),
      TIER_NAMES.filter((tier) => tierOf(tier).keeps !== undefined).sort(),
    )
  })

  it('has brokers and proxies scraped only where they ask for a token', () => {
    const open = TIER_NAMES.filter((tier) => !scrapedOf(TIER_NAMES, false).includes(tier))
    const guarded = scrapedOf(TIER_NAMES, true).filter((tier) => open.includes(tier))
    assert.deepEqual(guarded, ['broker', 'proxy'])
  })
})
