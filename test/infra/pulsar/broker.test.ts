import assert from 'node:assert/strict'
import { STACKS } from '../../support/stack.ts'
import { propertiesOf } from './files.ts'

const conf = (stack: (typeof STACKS)[number], changes: Readonly<Record<string, unknown>> = {}) =>
  propertiesOf(stack, 'broker', 'broker.conf', changes)

const pick = (values: Readonly<Record<string, string>>, pattern: RegExp) =>
  Object.fromEntries(Object.entries(values).filter(([name]) => pattern.test(name)))

describe('broker.conf', () => {
  for (const stack of STACKS) {
    it(`of ${stack} makes no topic or subscription by itself, and forgets none`, async () => {
      assert.deepEqual(
        pick(
          await conf(stack),
          /^(allowAuto|brokerDelete|subscriptionExpiration|ttlDuration|backlogQuota|managedLedgerMax|preciseTime)/,
        ),
        {
          allowAutoTopicCreation: 'false',
          allowAutoSubscriptionCreation: 'false',
          brokerDeleteInactiveTopicsEnabled: 'false',
          subscriptionExpirationTimeMinutes: '0',
          ttlDurationDefaultInSeconds: '0',
          backlogQuotaDefaultRetentionPolicy: 'producer_exception',
          managedLedgerMaxUnackedRangesToPersist: '10000',
          preciseTimeBasedBacklogQuotaCheck: 'true',
        },
      )
    })

    it(`of ${stack} names the cluster and its metadata`, async () => {
      assert.deepEqual(pick(await conf(stack), /^(clusterName|.*etadataStoreUrl)$/), {
        clusterName: 'tracardi',
        metadataStoreUrl: 'zk:zookeeper.tracardi.svc.cluster.local:2181',
        configurationMetadataStoreUrl: 'zk:zookeeper.tracardi.svc.cluster.local:2181',
      })
    })
  }

  /** Ensemble, write quorum, acknowledgement quorum, and racks among which a write quorum is spread. */
  const quorums: Readonly<Record<(typeof STACKS)[number], readonly string[]>> = {
    dev: ['1', '1', '1', '1'],
    staging: ['2', '2', '2', '2'],
    production: ['3', '3', '2', '3'],
  }
  for (const stack of STACKS) {
    it(`of ${stack} writes to E/Qw/Qa ${quorums[stack].slice(0, 3).join('/')} over ${quorums[stack][3]} racks`, async () => {
      const values = await conf(stack)
      assert.deepEqual(
        [
          values['managedLedgerDefaultEnsembleSize'],
          values['managedLedgerDefaultWriteQuorum'],
          values['managedLedgerDefaultAckQuorum'],
          values['bookkeeperClientMinNumRacksPerWriteQuorum'],
        ],
        quorums[stack],
      )
      assert.equal(values['bookkeeperClientRackawarePolicyEnabled'], 'true')
      // While a zone is down there are fewer racks, and writes continue.
      assert.equal(values['bookkeeperClientEnforceMinNumRacksPerWriteQuorum'], 'false')
    })
  }

  const AUTHENTICATION =
    /^(authentication|authorization|superUser|proxyRoles|token|brokerClientAuth|authenticateMetrics)/

  it('asks for tokens that the key of the stack has signed, and for rights', async () => {
    for (const stack of ['staging', 'production'] as const) {
      assert.deepEqual(pick(await conf(stack), AUTHENTICATION), {
        authenticateMetricsEndpoint: 'false',
        authenticationEnabled: 'true',
        authenticationProviders: 'org.apache.pulsar.broker.authentication.AuthenticationProviderToken',
        tokenPublicKey: 'data:;base64,UFVCTElD',
        authorizationEnabled: 'true',
        superUserRoles: 'admin,broker',
        proxyRoles: 'proxy',
        brokerClientAuthenticationPlugin: 'org.apache.pulsar.client.impl.auth.AuthenticationToken',
        brokerClientAuthenticationParameters: 'file:///tokens/token',
      })
    }
  })

  it('asks for tokens alone where rights are not configured', async () => {
    const values = await conf('staging', { pulsar: { authorization: false } })
    assert.equal(values['authenticationEnabled'], 'true')
    assert.equal(values['authorizationEnabled'], 'false')
  })

  it('says nothing of either where neither is configured', async () => {
    assert.deepEqual(pick(await conf('dev'), AUTHENTICATION), { authenticateMetricsEndpoint: 'false' })
    const only = await conf('dev', { pulsar: { authorization: true } })
    assert.deepEqual(pick(only, AUTHENTICATION), { authenticateMetricsEndpoint: 'false' })
  })

  it('serves the WebSocket API only where the transport is that', async () => {
    const served = async (...args: Parameters<typeof conf>) => (await conf(...args))['webSocketServiceEnabled']
    assert.equal(await served('dev'), 'true')
    assert.equal(await served('dev', { pulsar: { transport: 'native' } }), 'false')
    assert.equal(await served('staging'), 'false')
    assert.equal(await served('production'), 'false')
  })
})

describe('proxy.conf', () => {
  it('leads to the brokers, and hands on who asks', async () => {
    const values = await propertiesOf('staging', 'proxy', 'proxy.conf', { proxy: { replicas: 1 } })
    assert.deepEqual(pick(values, /^(broker.*URL|forward|authenticationEnabled|authorizationEnabled|tokenPublicKey)/), {
      brokerServiceURL: 'pulsar://broker.tracardi.svc.cluster.local:6650',
      brokerWebServiceURL: 'http://broker.tracardi.svc.cluster.local:8080',
      authenticationEnabled: 'true',
      tokenPublicKey: 'data:;base64,UFVCTElD',
      authorizationEnabled: 'true',
      forwardAuthorizationCredentials: 'true',
    })
  })
})
