import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../../runtime/config.ts'
import { AppError } from '../../runtime/errors.ts'
import { serverUser } from '../../runtime/local/child.ts'
import { freePort } from '../../runtime/local/ports.ts'
import { type PulsarServer, startPulsar } from '../../runtime/local/pulsar.ts'
import { pulsarToken } from '../../runtime/local/pulsar-security.ts'
import { topicSetUpOf, topicsOf } from '../../runtime/names.ts'
import { pulsarAdmin } from '../../runtime/queue/admin.ts'
import { loadPulsarModule, nativeTransport } from '../../runtime/queue/native.ts'
import type { Transport } from '../../runtime/queue/port.ts'
import { setUpQueue } from '../../runtime/queue/topic-set-up.ts'
import { webSocketTransport } from '../../runtime/queue/websocket.ts'
import { servers } from './servers.ts'

const native = await loadPulsarModule().catch(() => undefined)
const PASSWORD = 'changeit'

describe('a Pulsar with TLS that asks for a token', () => {
  const newKey = () => randomBytes(32).toString('base64')
  const key = newKey()
  let pulsar: PulsarServer | undefined
  let caFile: string
  let env: Record<string, string>

  before(async () => {
    const { folder, java, distributions } = servers()
    const home = join(folder, 'secured')
    mkdirSync(home)
    const keyStore = join(home, 'broker.p12')
    caFile = join(home, 'ca.pem')
    const keytool = (...args: string[]) =>
      execFileSync(
        join(java.home, 'bin/keytool'),
        [...args, '-keystore', keyStore, '-storepass', PASSWORD, '-alias', 'broker'],
        { stdio: 'ignore' },
      )
    keytool(
      '-genkeypair',
      '-keyalg',
      'RSA',
      '-dname',
      'CN=localhost',
      '-ext',
      'san=dns:localhost,ip:127.0.0.1',
      '-storetype',
      'PKCS12',
    )
    keytool('-exportcert', '-rfc', '-file', caFile)
    chmodSync(keyStore, 0o644)
    const [brokerTls, webTls] = [await freePort(), await freePort()]
    pulsar = await startPulsar({
      java,
      distribution: distributions.pulsar,
      folder: home,
      runAs: serverUser(),
      heap: '512m',
      brokerPort: await freePort(),
      webPort: await freePort(),
      bookiePort: await freePort(),
      key,
      conf: {
        brokerServicePortTls: String(brokerTls),
        webServicePortTls: String(webTls),
        tlsEnabledWithKeyStore: 'true',
        tlsKeyStoreType: 'PKCS12',
        tlsKeyStore: keyStore,
        tlsKeyStorePassword: PASSWORD,
        tlsTrustStoreType: 'PKCS12',
        tlsTrustStore: keyStore,
        tlsTrustStorePassword: PASSWORD,
      },
    })
    env = {
      PULSAR_HOST: `pulsar+ssl://localhost:${brokerTls}`,
      PULSAR_API: `https://localhost:${webTls}`,
      PULSAR_CA_FILE: caFile,
      PULSAR_AUTH_TOKEN: pulsar.token,
    }
    const config = loadConfig(env)
    const adminClient = pulsarAdmin(config)
    await setUpQueue(adminClient, topicSetUpOf(config))
    await adminClient.close()
  })
  after(() => pulsar?.stop())

  const creators: Record<string, ((env: Record<string, string>) => Transport) | undefined> = {
    websocket: (settings) => webSocketTransport(loadConfig(settings)),
    native: native && ((settings) => nativeTransport(native, loadConfig(settings), () => undefined)),
  }
  for (const [name, create] of Object.entries(creators)) {
    describe(`by the ${name} transport`, () => {
      if (!create) {
        // pulsar-client is optional: its binary cannot be installed everywhere.
        it.skip('pulsar-client is not installed on this machine')
        return
      }
      const topics = topicsOf(loadConfig({}))

      async function publish(settings: Record<string, string>): Promise<string> {
        const transport = create?.(settings) as Transport
        try {
          const producer = await transport.openProducer({ topic: topics.events, sendTimeoutMs: 5000 }, () => undefined)
          await producer.send({ payload: Buffer.from(name), properties: {} })
          const options = { topic: topics.events, subscription: topics.eventsSubscription, prefetchMessages: 1 }
          const consumer = await transport.openConsumer(options, () => undefined)
          for (;;) {
            for (const delivery of await consumer.receive()) {
              await consumer.acknowledge(delivery.id)
              return delivery.payload.toString()
            }
          }
        } catch (error) {
          assert.ok(error instanceof AppError)
          return error.code
        } finally {
          await transport.close()
        }
      }

      it('takes messages with the token and the authority', async () => {
        assert.equal(await publish(env), name)
      })

      it('refuses a token that was made with another key', async () => {
        // The handshake of a WebSocket says why; the native client reports only that the topic did not open.
        const refused = name === 'websocket' ? 'queue_refused' : 'queue_unavailable'
        assert.equal(await publish({ ...env, PULSAR_AUTH_TOKEN: pulsarToken(newKey()) }), refused)
      })

      it('is not trusted without the authority, unless certificates are not verified', async () => {
        assert.equal(await publish({ ...env, PULSAR_CA_FILE: '' }), 'queue_unavailable')
        assert.equal(await publish({ ...env, PULSAR_CA_FILE: '', PULSAR_VERIFY_CERTS: 'no' }), name)
      })
    })
  }

  it('answers the admin API with the token only', async () => {
    const admin = pulsarAdmin(loadConfig({ ...env, PULSAR_AUTH_TOKEN: '' }))
    await assert.rejects(admin.hasTenant('tracardi'), {
      code: 'queue_admin',
      message: /^Pulsar answered 401 to GET tenants\/tracardi/,
    })
    await admin.close()
  })
})
