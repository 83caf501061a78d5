import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cluster } from '../support/cluster.ts'
import { DeployedStack } from '../support/deployed.ts'
import { eventually } from '../support/until.ts'

/**
 * A stack as small as `dev`, and as locked as staging and production: passwords, certificates and tokens made by the real
 * providers. Any KUBECONFIG, `pulumi` on the PATH; `E2E_IMAGES` as in `platform.test.ts`.
 */
const NAMESPACE = 'tracardi-secured'
const IMAGES = JSON.parse(process.env['E2E_IMAGES'] ?? '{}') as Record<string, string>

describe('a secured stack on a cluster', () => {
  const cluster = new Cluster()
  let stack: DeployedStack
  let folder: string

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tracardi-secured-'))
    stack = await DeployedStack.create(`e2e-${randomUUID().slice(0, 8)}`, 'dev', folder)
    stack.configure({
      platform: { namespace: NAMESPACE },
      images: IMAGES,
      elasticsearch: { security: true },
      // A broker that authorises refuses its own WebSocket API, and the native client is not in every image.
      pulsar: { authentication: true, authorization: false },
    })
  })
  after(async () => {
    await stack.destroy()
    await stack.remove()
  })

  const secret = async (name: string, key: string): Promise<string> => {
    const { data } = await cluster.get(`/api/v1/namespaces/${NAMESPACE}/secrets/${name}`)
    return Buffer.from(data[key], 'base64').toString()
  }
  /** What `curl` prints in a pod: the body, and the status in a last line. */
  const ask = async (url: string, ...args: string[]) => {
    const trusted = ['--cacert', '/usr/share/elasticsearch/config/certificates/ca.crt']
    const command = ['curl', '-s', ...trusted, '-w', '\n%{http_code}', ...args, url]
    const lines = (await cluster.exec(NAMESPACE, 'elasticsearch-master-0', 'elasticsearch', command)).split('\n')
    return { status: Number(lines.pop()), body: lines.join('\n') }
  }
  const HOST = 'https://localhost:9200'

  it('comes up by one `up`, and is changed in nothing by a second one', async () => {
    await stack.up()
    assert.deepEqual((await stack.up()).steps, [])
  })

  it('stores what is posted, over TLS and with tokens', async () => {
    const { status } = await cluster.request('POST', `/api/v1/namespaces/${NAMESPACE}/services/api:8585/proxy/track`, {
      source: { id: 'my-source' },
      session: { id: 'session-1' },
      profile: { id: 'profile-1' },
      events: [{ type: 'page-view' }, { type: 'purchase' }],
    })
    assert.equal(status, 200)
    const user = `elastic:${await secret('elasticsearch-user-elastic', 'password')}`
    await eventually(async () => {
      await ask(`${HOST}/tracardi-event-*/_refresh`, '-u', user, '-X', 'POST')
      const { body } = await ask(`${HOST}/tracardi-event-*/_count`, '-u', user)
      return JSON.parse(body).count === 2
    })
  })

  it('answers nobody without a password or a token', async () => {
    assert.equal((await ask(HOST)).status, 401)
    const admin = 'http://localhost:8080/admin/v2/tenants'
    const status = (...args: string[]) =>
      cluster
        .exec(NAMESPACE, 'broker-0', 'broker', ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', ...args, admin])
        .then(Number)
    assert.equal(await status(), 401)
    assert.equal(await status('-H', `Authorization: Bearer ${await secret('pulsar-token-admin', 'token')}`), 200)
  })

  it('gives API and workers no more than their own indices', async () => {
    const user = `tracardi:${await secret('elasticsearch-user-tracardi', 'password')}`
    assert.equal((await ask(`${HOST}/tracardi-event-*/_count`, '-u', user)).status, 200)
    assert.equal((await ask(`${HOST}/other/_count`, '-u', user)).status, 403)
    assert.equal((await ask(`${HOST}/_security/user`, '-u', user)).status, 403)
  })

  it('gets new passwords by `up` alone, and refuses the old ones', async () => {
    const password = (user: string) => secret(`elasticsearch-user-${user}`, 'password')
    const statusOf = async (user: string, given: string) =>
      (await ask(`${HOST}/_security/_authenticate`, '-u', `${user}:${given}`)).status
    for (const [user, key] of [
      ['tracardi', 'passwordGeneration'],
      ['elastic', 'adminPasswordGeneration'],
    ] as const) {
      const before = await password(user)
      stack.configure({ elasticsearch: { [key]: 2 } })
      await stack.up()
      assert.notEqual(await password(user), before)
      await eventually(async () => (await statusOf(user, await password(user))) === 200)
      assert.equal(await statusOf(user, before), 401)
    }
    assert.deepEqual((await stack.up()).steps, [])
  })

  it('keeps its passwords, keys and tokens out of the state in plain text', async () => {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const state = files.map((file) => readFileSync(join(file.parentPath, file.name), 'utf8')).join('\n')
    assert.match(state, /elasticsearch-user-elastic/)
    const secrets = [
      ...(await Promise.all(['elastic', 'tracardi'].map((name) => secret(`elasticsearch-user-${name}`, 'password')))),
      ...(await Promise.all(
        ['admin', 'broker', 'api', 'worker'].map((name) => secret(`pulsar-token-${name}`, 'token')),
      )),
      await secret('elasticsearch-certificates', 'tls.key'),
    ]
    for (const plain of secrets) {
      assert.ok(!state.includes(JSON.stringify(plain).slice(1, -1)))
      // As the API server has it.
      assert.ok(!state.includes(Buffer.from(plain).toString('base64')))
    }
    assert.ok(!state.includes('PRIVATE KEY-----'))
  })
})
