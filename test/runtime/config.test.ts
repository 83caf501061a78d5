import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { type Config, loadConfig, settings, storedWithinSecondsOf, toEnv } from '../../runtime/config.ts'
import { AppError } from '../../runtime/errors.ts'
import type { Setting } from '../../runtime/setting.ts'

function faultsOf(env: Record<string, string>): string[] {
  try {
    loadConfig(env)
  } catch (error) {
    assert.ok(error instanceof AppError)
    assert.equal(error.code, 'config_invalid')
    return error.message.split('\n')
  }
  return []
}

describe('loadConfig', () => {
  it('yields the documented defaults from an empty environment', () => {
    const config = loadConfig({})
    assert.equal(config.bulkSize, 500)
    assert.equal(config.bulkTimeoutSeconds, 30)
    assert.equal(config.pulsarPartitions, 10)
    assert.equal(config.indexShards, 3)
    assert.equal(config.indexReplicas, 1)
    assert.equal(config.publicPort, 8585)
    assert.equal(config.privatePort, 8686)
    assert.equal(config.pulsarSubscription, 'tracardi-function-subscription')
    assert.equal(config.eventPartitioning, 'month')
  })

  it('lists all faults together, each with the value given and what is allowed', () => {
    assert.deepEqual(
      faultsOf({
        BULK_SIZE: '0',
        EVENT_PARTITIONING: 'week',
        ELASTIC_HOST: 'localhost',
        ELASTIC_VERIFY_CERTS: 'perhaps',
      }),
      [
        'ELASTIC_HOST is "localhost"; allowed: URLs like http://host:9200, separated by commas',
        'ELASTIC_VERIFY_CERTS is "perhaps"; allowed: yes or no',
        'EVENT_PARTITIONING is "week"; allowed: day, month, quarter, year',
        'BULK_SIZE is "0"; allowed: a whole number from 1 to 10000 events',
      ],
    )
  })

  it('is frozen', () => {
    assert.ok(Object.isFrozen(loadConfig({})))
  })

  it('reads a secret from the file that <name>_FILE names, and prefers the plain variable', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'config-')), 'token')
    writeFileSync(file, 'from-file\n')
    assert.equal(loadConfig({ PULSAR_AUTH_TOKEN_FILE: file }).pulsarAuthToken, 'from-file')
    assert.equal(loadConfig({ PULSAR_AUTH_TOKEN_FILE: file, PULSAR_AUTH_TOKEN: 'plain' }).pulsarAuthToken, 'plain')
  })

  it('names the file of a secret that cannot be read', () => {
    const [fault] = faultsOf({ ELASTIC_API_KEY_FILE: '/nowhere/key' })
    assert.match(fault ?? '', /^ELASTIC_API_KEY_FILE is "\/nowhere\/key", which cannot be read: ENOENT/)
  })

  it('refuses two ways to authenticate to Elasticsearch', () => {
    assert.deepEqual(faultsOf({ ELASTIC_API_KEY: 'a', ELASTIC_HTTP_AUTH_USERNAME: 'elastic' }), [
      'ELASTIC_API_KEY and ELASTIC_HTTP_AUTH_USERNAME are both set; only one way to authenticate is possible: remove one of them',
    ])
  })

  it('refuses snapshots without a place', () => {
    assert.deepEqual(faultsOf({ SNAPSHOT_TYPE: 's3' }), [
      'SNAPSHOT_TYPE is s3, but SNAPSHOT_LOCATION is empty: name the bucket, container or folder',
    ])
    assert.deepEqual(faultsOf({ SNAPSHOT_TYPE: 's3', SNAPSHOT_LOCATION: 'snapshots' }), [])
  })

  it('refuses a canary without the token from which it has its secret', () => {
    const env = { CANARY_URL: 'http://api:8585' }
    assert.deepEqual(faultsOf(env), [
      'CANARY_URL is http://api:8585, but PRIVATE_TOKEN is empty, from which the canary has its secret: set PRIVATE_TOKEN, or no CANARY_URL',
    ])
    assert.deepEqual(faultsOf({ ...env, PRIVATE_TOKEN: 'a' }), [])
  })

  it('refuses one port for both listeners', () => {
    assert.deepEqual(faultsOf({ PUBLIC_PORT: '8686' }), [
      'PUBLIC_PORT and PRIVATE_PORT are both 8686; the two listeners must differ: change one of them',
    ])
  })

  it('refuses a monitoring port that another listener has', () => {
    for (const [port, other] of [
      ['8585', 'PUBLIC_PORT'],
      ['8686', 'PRIVATE_PORT'],
    ] as const) {
      assert.deepEqual(faultsOf({ MONITORING_PORT: port }), [
        `MONITORING_PORT is ${port}, which is ${other} too; each listener needs a port of its own: change one of them, or set MONITORING_PORT to 0`,
      ])
    }
    assert.deepEqual(faultsOf({ MONITORING_PORT: '9090' }), [])
  })

  it('refuses a memory for calls into which the largest body never fits', () => {
    const env = { API_MAX_BODY_BYTES: '8000000' }
    assert.deepEqual(faultsOf({ ...env, API_MAX_PENDING_BYTES: '63999999' }), [
      'API_MAX_PENDING_BYTES is 63999999, less than 8 times API_MAX_BODY_BYTES (8000000), so the largest bodies would always be answered 429: raise it to at least 64000000, or lower API_MAX_BODY_BYTES',
    ])
    assert.deepEqual(faultsOf({ ...env, API_MAX_PENDING_BYTES: '64000000' }), [])
  })

  it('refuses a token that a header cannot carry, and does not show it', () => {
    for (const token of ['two words', 'schlüssel', 'a\u0007b']) {
      assert.deepEqual(faultsOf({ PRIVATE_TOKEN: token }), [
        'PRIVATE_TOKEN has characters that a header cannot carry; allowed: visible ASCII characters without spaces',
      ])
    }
    assert.deepEqual(faultsOf({ PRIVATE_TOKEN: '!aZ0~+/=' }), [])
  })

  it('refuses a delay that leaves nothing of the time to stop', () => {
    assert.deepEqual(faultsOf({ SHUTDOWN_DELAY_SECONDS: '25' }), [
      'SHUTDOWN_DELAY_SECONDS is 25, which leaves nothing of SHUTDOWN_GRACE_SECONDS, 25, for the calls in flight: make it shorter, or the grace period longer',
    ])
    assert.deepEqual(faultsOf({ SHUTDOWN_DELAY_SECONDS: '15' }), [])
  })

  it('refuses a service level that an event which waits for its bulk cannot meet', () => {
    const env = { BULK_TIMEOUT_SECONDS: '45' }
    assert.deepEqual(faultsOf({ ...env, STORED_WITHIN_SECONDS: '45' }), [
      'STORED_WITHIN_SECONDS is 45, but BULK_TIMEOUT_SECONDS lets an event wait 45 s for its bulk, so a quiet system would never meet it: allow more time, or send bulks earlier',
    ])
    assert.deepEqual(faultsOf({ ...env, STORED_WITHIN_SECONDS: '46' }), [])
  })

  it('derives the service level from the timeout of a bulk, where none is stated', () => {
    const seconds = (env: Record<string, string>) => storedWithinSecondsOf(loadConfig(env))
    assert.deepEqual(
      [{}, { BULK_TIMEOUT_SECONDS: '40.2' }, { BULK_TIMEOUT_SECONDS: '600', STORED_WITHIN_SECONDS: '700' }].map(
        seconds,
      ),
      [60, 81, 700],
    )
  })

  it('takes addresses of IPv6 wherever a URL is', () => {
    const urls = {
      PULSAR_HOST: 'pulsar+ssl://[2001:db8::1]:6651',
      PULSAR_API: 'https://[2001:db8::1]:8443',
      ELASTIC_HOST: 'https://[2001:db8::2]:9200,http://[::1]:9200',
      CONSOLE_INSTANCES: 'http://[2001:db8::3]:9464',
    }
    assert.deepEqual(toEnv(loadConfig(urls)), urls)
  })

  it('refuses a retention shorter than the window in which an id chooses its index', () => {
    assert.deepEqual(faultsOf({ EVENT_RETENTION_DAYS: '7' }), [
      'EVENT_RETENTION_DAYS is 7, but EVENT_ID_WINDOW_HOURS still lets events into indices 168 hours old: keep events for longer than that, or narrow the window',
    ])
    assert.deepEqual(faultsOf({ EVENT_RETENTION_DAYS: '8' }), [])
  })
})

/** Any value that a setting allows. */
function anyValueOf(setting: Setting): fc.Arbitrary<string | number | boolean> {
  if (setting.type === 'boolean') return fc.boolean()
  if (setting.type === 'string') {
    if (setting.oneOf) return fc.constantFrom(...setting.oneOf)
    return setting.pattern ? fc.constant(setting.default) : fc.stringMatching(/^[a-zA-Z0-9/._-]{1,20}$/)
  }
  const { minimum: min, maximum: max } = setting
  if (setting.type === 'integer') return fc.integer({ min, max })
  return fc.integer({ min: Math.ceil(min * 100), max: max * 100 }).map((hundredths) => hundredths / 100)
}

describe('toEnv', () => {
  it('makes the environment from which loadConfig yields the same configuration', () => {
    const any = fc.record(
      Object.fromEntries(Object.entries<Setting>(settings).map(([key, setting]) => [key, anyValueOf(setting)])),
    )
    fc.assert(
      fc.property(any, (values) => {
        // What rules out a combination is tested above.
        const config = {
          ...values,
          publicPort: 8585,
          privatePort: 8686,
          monitoringPort: 9090,
          apiMaxPendingBytes: 1024 ** 3,
          elasticApiKey: '',
          eventRetentionDays: 0,
          warmAfterDays: 0,
          sessionRetentionDays: 0,
          profileRetentionDays: 0,
          shutdownGraceSeconds: 600,
          storedWithinSeconds: 0,
          canaryUrl: '',
        } as unknown as Config
        assert.deepEqual(loadConfig(toEnv(config)), config)
      }),
    )
  })

  it('carries only what differs from the defaults', () => {
    assert.deepEqual(toEnv(loadConfig({})), {})
    assert.deepEqual(toEnv({ bulkSize: 1000, indexShards: 3 }), { BULK_SIZE: '1000' })
  })
})
