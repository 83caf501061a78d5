import assert from 'node:assert/strict'
import type { Registered } from '../../support/registered.ts'
import { changed, registeredBy } from '../../support/stack.ts'
import { ofType } from '../../support/workloads.ts'

/** Whether a certificate with these names is one of that host, by the rules of TLS: a `*` is for one label. */
function covers(names: readonly string[], host: string): boolean {
  return names.some(
    (name) => name === host || (name.startsWith('*.') && name.slice(2) === host.replace(/^[^.]+\./, '')),
  )
}

const namesIn = (resources: readonly Registered[]): readonly string[] =>
  resources.find(({ type }) => type.includes('certRequest'))?.inputs.dnsNames

const SECURED = { elasticsearch: { security: true } }

describe('the certificate of the nodes', () => {
  it('has the names of the Service, of its members and of the machine itself', async () => {
    assert.deepEqual(namesIn(await registeredBy(changed('staging'))), [
      'elasticsearch.tracardi.svc.cluster.local',
      'elasticsearch.tracardi.svc',
      'elasticsearch-master-members.tracardi.svc.cluster.local',
      '*.elasticsearch-master-members.tracardi.svc.cluster.local',
      '*.elasticsearch-data-members.tracardi.svc.cluster.local',
      'localhost',
    ])
  })

  for (const [stack, changes] of [
    ['dev', SECURED],
    ['staging', {}],
    ['production', {}],
  ] as const) {
    it(`is in ${stack} one of every host that nodes and clients call`, async () => {
      const resources = await registeredBy(changed(stack, changes))
      const maps = ofType(resources, 'ConfigMap')
      const files = maps.map(({ inputs }) => inputs.data['elasticsearch.yml']).filter((text) => text !== undefined)
      const published = ofType(resources, 'StatefulSet')
        .filter(({ inputs }) => inputs.metadata.name.startsWith('elasticsearch'))
        .flatMap(({ inputs }) =>
          Array.from(
            { length: inputs.spec.replicas },
            (_, n) => `${inputs.metadata.name}-${n}.${inputs.spec.serviceName}.tracardi.svc.cluster.local`,
          ),
        )
      const seeds = files.flatMap((text) => [...text.matchAll(/"([a-z.-]+):9300"/g)].map((match) => match[1]))
      const clients = maps.flatMap(({ inputs }) => inputs.data['ELASTIC_HOST'] ?? [])
      const hosts = [...published, ...seeds, ...clients.map((url) => new URL(url).hostname)]
      assert.equal(clients.length, 2)
      assert.equal(seeds.length, stack === 'dev' ? 0 : files.length)
      for (const host of hosts) assert.ok(covers(namesIn(resources), host), host)
    })
  }

  it('belongs to the namespace of the stack', async () => {
    const resources = await registeredBy(changed('staging', { platform: { namespace: 'other' } }))
    assert.ok(covers(namesIn(resources), 'elasticsearch.other.svc.cluster.local'))
    assert.ok(!covers(namesIn(resources), 'elasticsearch.tracardi.svc.cluster.local'))
  })

  it('is renewed half a year before it ends, by an authority that lives for ten', async () => {
    const resources = await registeredBy(changed('staging'))
    const authority = resources.find(({ type }) => type.includes('selfSignedCert'))?.inputs
    const node = resources.find(({ type }) => type.includes('locallySignedCert'))?.inputs
    assert.equal(authority.isCaCertificate, true)
    assert.equal(authority.validityPeriodHours, 87_600)
    assert.equal(node.validityPeriodHours, 17_520)
    assert.equal(node.earlyRenewalHours, 4380)
    assert.deepEqual(node.allowedUses, ['digital_signature', 'key_encipherment', 'server_auth', 'client_auth'])
  })

  it('reaches nodes with its key, and clients get the authority alone', async () => {
    const resources = await registeredBy(changed('staging'))
    const secret = ofType(resources, 'Secret').find(({ name }) => name === 'elasticsearch-certificates')?.inputs
    assert.deepEqual(secret.stringData, {
      'tls.key': secret.stringData['tls.key'],
      'tls.crt': 'certificate of elasticsearch-node',
      'ca.crt': 'certificate of elasticsearch-authority',
    })
    assert.match(secret.stringData['tls.key'], /^-----BEGIN PRIVATE KEY-----/)
    const authority = ofType(resources, 'ConfigMap').find(({ name }) => name === 'elasticsearch-authority')?.inputs
    assert.deepEqual(authority.data, { 'ca.crt': 'certificate of elasticsearch-authority' })
  })
})
