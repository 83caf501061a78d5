import assert from 'node:assert/strict'
import { changed, registeredBy } from '../../support/stack.ts'
import { ofType } from '../../support/workloads.ts'
import { jobScript } from '../pulsar/files.ts'
import { ScriptFolder, syntaxFaults } from '../pulsar/script.ts'

describe('the users of Elasticsearch', () => {
  it('have a generated password each', async () => {
    const secrets = ofType(await registeredBy(changed('staging')), 'Secret').map(({ inputs }) => inputs)
    const of = (name: string) => secrets.find(({ metadata }) => metadata.name === name)?.stringData
    assert.deepEqual(of('elasticsearch-user-elastic'), { password: 'password of elasticsearch-user-elastic' })
    assert.deepEqual(of('elasticsearch-user-tracardi'), { password: 'password of elasticsearch-user-tracardi' })
  })

  it('have another one for another generation, and the first as it was made before there were any', async () => {
    const keepers = async (elasticsearch: Readonly<Record<string, unknown>>) => {
      const backup = { type: 's3', location: 'snapshots' }
      const made = ofType(await registeredBy(changed('staging', { elasticsearch, backup })), 'RandomPassword')
      return Object.fromEntries(
        made
          .filter(({ name }) => name.startsWith('elasticsearch-user-'))
          .map(({ name, inputs }) => [name.replace('elasticsearch-user-', ''), inputs.keepers?.generation]),
      )
    }
    assert.deepEqual(await keepers({}), { elastic: undefined, tracardi: undefined, backup: undefined })
    assert.deepEqual(await keepers({ passwordGeneration: 2 }), { elastic: undefined, tracardi: '2', backup: '2' })
    assert.deepEqual(await keepers({ adminPasswordGeneration: 3 }), {
      elastic: '3',
      tracardi: undefined,
      backup: undefined,
    })
  })

  it('are made by a valid script, with the rights on the indices of the pipeline and on no other', async () => {
    const script = await jobScript('staging', 'elasticsearch-users', { runtime: { ELASTIC_INDEX_PREFIX: 'shop' } })
    assert.equal(syntaxFaults(script), '')
    const folder = new ScriptFolder()
    try {
      folder.write('users/elastic', 'secret1')
      folder.write('users/tracardi', 'secret2')
      const local = script.replaceAll('/tmp/', `${folder.path}/`).replaceAll('/users/$1', `${folder.path}/users/$1`)
      const path = `${folder.path}/bin:${process.env['PATH']}`
      const { status, calls } = folder.run(local, 'bin/curl', '', { PATH: path })
      assert.equal(status, 0)
      const options = `--silent --show-error --fail-with-body --config ${folder.path}/curl --cacert /authority/ca.crt -H Content-Type: application/json`
      const host = 'https://elasticsearch.tracardi.svc.cluster.local:9200/_security'
      const role = JSON.stringify({
        cluster: ['monitor', 'manage_index_templates'],
        indices: [
          {
            names: ['shop-*'],
            privileges: ['create_index', 'read', 'write', 'view_index_metadata', 'monitor', 'manage'],
          },
        ],
      })
      assert.deepEqual(calls, [
        `${options} ${host}/_authenticate`,
        `${options} -X PUT ${host}/role/tracardi -d ${role}`,
        `${options} -X PUT ${host}/user/tracardi -d @${folder.path}/user`,
      ])
      assert.equal(folder.file('curl'), 'user = "elastic:secret1"\n')
      assert.deepEqual(JSON.parse(folder.file('user')), {
        password: 'secret2',
        roles: ['tracardi'],
        full_name: 'API and workers of the event pipeline',
      })
    } finally {
      folder.remove()
    }
  })
})
