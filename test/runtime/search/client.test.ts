import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errors } from '@elastic/elasticsearch'
import { loadConfig } from '../../../runtime/config.ts'
import { explain } from '../../../runtime/errors.ts'
import { nodesAway, searchClient, searchUnavailableReason, unavailable } from '../../../runtime/search/client.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

describe('searchClient', () => {
  const server = new ScriptedServer()
  before(() => server.start())
  after(() => server.stop())

  async function authorizationWith(env: Record<string, string>): Promise<string | undefined> {
    server.answer = () => ({ body: { status: 'green' } })
    const client = searchClient(loadConfig({ ELASTIC_HOST: server.url, ...env }))
    await client.cluster.health()
    await client.close()
    return server.calls.at(-1)?.headers.authorization
  }

  it('sends no credentials when none are configured', async () => {
    assert.equal(await authorizationWith({}), undefined)
  })

  it('sends user and password, or the API key', async () => {
    const basic = await authorizationWith({ ELASTIC_HTTP_AUTH_USERNAME: 'elastic', ELASTIC_HTTP_AUTH_PASSWORD: 'p' })
    assert.equal(basic, `Basic ${Buffer.from('elastic:p').toString('base64')}`)
    assert.equal(await authorizationWith({ ELASTIC_API_KEY: 'aWQ6a2V5' }), 'ApiKey aWQ6a2V5')
  })

  it('asks once and leaves the decision to send again to the indexer', async () => {
    server.calls.length = 0
    server.answer = () => ({ status: 503 })
    const client = searchClient(loadConfig({ ELASTIC_HOST: server.url }))
    await assert.rejects(client.cluster.health())
    await client.close()
    assert.equal(server.calls.length, 1)
  })

  it('says why no node answers, with its name, and which are down', async () => {
    server.answer = () => ({ body: { status: 'red' } })
    const client = searchClient(loadConfig({ ELASTIC_HOST: `http://127.0.0.1:1,${server.url}` }))
    for (let probe = 0; probe < 3; probe += 1) assert.equal(await searchUnavailableReason(client), undefined)
    assert.deepEqual(nodesAway(client), ['http://127.0.0.1:1'])
    await client.close()
    const alone = searchClient(loadConfig({ ELASTIC_HOST: 'http://127.0.0.1:1' }))
    assert.equal(
      await searchUnavailableReason(alone),
      'http://127.0.0.1:1 does not answer: connect ECONNREFUSED 127.0.0.1:1',
    )
    await alone.close()
  })

  it('has one sentence for what failed: not reachable, refused, or anything else', async () => {
    const failed = async (elasticHost: string) => {
      const client = searchClient(loadConfig({ ELASTIC_HOST: elasticHost }))
      const failure = await client.cluster.health().catch(unavailable({ elasticHost })).catch(explain)
      await client.close()
      return String(failure).split('\n')[0]
    }
    server.answer = () => ({ status: 403, body: { error: { type: 'security_exception', reason: 'no role' } } })
    const reason =
      'Elasticsearch is not reachable: http://127.0.0.1:1 does not answer: connect ECONNREFUSED 127.0.0.1:1'
    assert.equal(await failed('http://127.0.0.1:1'), `search_unavailable: ${reason}`)
    const refusal = `search_unavailable: Elasticsearch at ${server.url} refuses the request: security_exception`
    assert.equal((await failed(server.url))?.slice(0, refusal.length), refusal)
    const other = unavailable({ elasticHost: 'http://e:9200' })
    assert.throws(() => other(new errors.NoLivingConnectionsError('no nodes', {} as never)), {
      message: 'Elasticsearch at http://e:9200 does not answer',
    })
    assert.throws(() => unavailable({ elasticHost: 'http://e:9200' }, 'refused the snapshot')(new Error('no')), {
      message: 'Elasticsearch at http://e:9200 refused the snapshot',
    })
  })

  it('copies neither the request nor the credentials into an error', async () => {
    server.answer = () => ({ status: 503 })
    const client = searchClient(loadConfig({ ELASTIC_HOST: server.url, ELASTIC_API_KEY: 'aWQ6a2V5' }))
    const lines = Buffer.alloc(1_000_000, '{}\n')
    const bulk = client.transport.request({ method: 'POST', path: '/_bulk', bulkBody: lines as unknown as string })
    await assert.rejects(bulk, (error: errors.ResponseError) => {
      const { params } = error.meta.meta.request
      assert.equal(params.body, lines)
      assert.ok(!JSON.stringify({ ...params, body: '' }).includes('aWQ6a2V5'))
      return true
    })
    await client.close()
  })

  it('knows every node of the list, and trusts the authority that is configured', async () => {
    const caFile = join(mkdtempSync(join(tmpdir(), 'ca-')), 'ca.pem')
    writeFileSync(caFile, 'authority')
    const config = loadConfig({ ELASTIC_HOST: 'https://one:9200,https://two:9200', ELASTIC_CA_FILE: caFile })
    const client = searchClient(config)
    const pool = client.connectionPool as unknown as {
      connections: { url: URL; tls: { ca: Buffer; rejectUnauthorized: boolean } }[]
    }
    assert.deepEqual(
      pool.connections.map((connection) => connection.url.host),
      ['one:9200', 'two:9200'],
    )
    assert.equal(pool.connections[0]?.tls.ca.toString(), 'authority')
    assert.equal(pool.connections[0]?.tls.rejectUnauthorized, true)
    await client.close()
  })
})
