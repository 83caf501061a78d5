import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { offloadEnv } from '../../infra/pulsar/offload.ts'
import { partitionName, topicsOf } from '../../runtime/names.ts'
import { listIndices } from '../../runtime/search/retention.ts'
import { cli, cliWith } from '../contract/cli.ts'
import { Pipeline } from '../contract/pipeline.ts'
import { eventually } from '../support/until.ts'
import { ObjectStore, pulsarWithOffloaders } from './object-store.ts'
import { PulsarCluster } from './pulsar-cluster.ts'

/**
 * Real brokers with the configuration of production and the offloaders of `pulsar-all`, three bookies, and a server that speaks S3. The
 * first run downloads 288 MB and a virtual environment of Python: `npm run test:operators -- --grep offloaded`. Six minutes.
 */
const BUCKET = 'ledgers'
const PARTITIONS = 2
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' }

describe('ledgers that are offloaded', function () {
  this.timeout(480_000)
  let store: ObjectStore
  let cluster: PulsarCluster
  let pipeline: Pipeline
  const published: string[] = []

  before(async () => {
    store = await ObjectStore.start(BUCKET)
    const offload = { type: 's3', bucket: BUCKET, endpoint: store.endpoint, credentialsSecret: 'ledgers' } as const
    cluster = await PulsarCluster.start({
      ...{ name: 'offload', zones: ['a'], bookiesInZone: 3, brokers: 1 },
      broker: {
        distribution: await pulsarWithOffloaders(),
        stack: {
          offload,
          images: { pulsar: 'apachepulsar/pulsar-all:4.0.6', allowTags: true },
        },
        // As the pods have them, the credentials from the Secret.
        env: { ...offloadEnv({ ...offload, region: '', serviceAccount: '' }), ...CREDENTIALS },
        conf: {
          // Small ledgers, and a look for what may be deleted every few seconds: the rest of the times is that of production.
          managedLedgerMaxEntriesPerLedger: '20',
          webSocketServiceEnabled: 'true',
          managedLedgerMinLedgerRolloverTimeMinutes: '0',
          retentionCheckIntervalInSeconds: '5',
        },
      },
    })
    const [broker] = cluster.brokers
    pipeline = await Pipeline.create('offload', {
      PULSAR_HOST: broker?.serviceUrl ?? '',
      PULSAR_API: `http://${broker?.admin}`,
      PULSAR_AUTH_TOKEN: '',
      PULSAR_PARTITIONS: String(PARTITIONS),
      PULSAR_OFFLOAD: 'yes',
      PULSAR_OFFLOAD_AFTER_MINUTES: '1',
      PULSAR_OFFLOAD_DELETION_LAG_MINUTES: '1',
      PULSAR_TRANSPORT: 'websocket',
      MESSAGE_MAX_EVENTS: '10',
      BULK_TIMEOUT_SECONDS: '0.2',
    })
    await pipeline.startApi()
  })
  after(async () => {
    await pipeline?.close()
    await cluster?.stop()
    await store?.stop()
  })

  /** Publishes calls of ten events each, every one a message. */
  async function publish(name: string, calls: number): Promise<void> {
    for (let call = 0; call < calls; call += 1) {
      const ids = Array.from({ length: 10 }, (_, number) => `${name}-${call}-${number}`)
      const { status } = await pipeline.track({
        source: { id: 'my-source' },
        session: { id: `${name}-${call}` },
        events: ids.map((id) => ({ type: 'page-view', id })),
      })
      assert.equal(status, 200)
      published.push(...ids)
    }
  }

  const ledgers = async () => {
    const names = Array.from({ length: PARTITIONS }, (_, at) => partitionName(topicsOf(pipeline.config).events, at))
    return (await Promise.all(names.map((name) => pipeline.admin.keptLedgers(name)))).flatMap((kept) => kept.ledgers)
  }

  /** Every id that got a 200 is stored exactly once, and nothing else is. */
  async function assertExact(): Promise<void> {
    await pipeline.untilStored(published.length)
    const { code, output } = await cliWith(pipeline.env, published.join('\n'), 'indices', 'check', '-')
    assert.deepEqual(
      [code, output.split('\n')[0]],
      [0, `${published.length} ids: ${published.length} stored, 0 missing, 0 stored twice.`],
    )
    assert.equal(await pipeline.count(), published.length)
  }

  it('are moved at the age that is configured, and deleted at the bookies', async () => {
    await publish('old', 200)
    const old = (await ledgers()).filter(({ entries }) => entries >= 20).map(({ id }) => id)
    assert.ok(old.length >= 4, `${old.length} closed ledgers`)
    let more = 0
    // A ledger that is closed makes Pulsar look which others are old enough.
    await eventually(async () => {
      await sleep(5000)
      await publish(`more-${more}`, 10)
      more += 1
      const offloaded = (await ledgers()).filter((ledger) => ledger.offloaded).map(({ id }) => id)
      return old.every((id) => offloaded.includes(id))
    })
    assert.ok((await store.keys(BUCKET)).length >= 2 * old.length)
    await eventually(async () => {
      await sleep(5000)
      const atBookies = await cluster.ledgerIds()
      assert.ok(atBookies.length > 0)
      return old.every((id) => !atBookies.includes(id))
    })
    process.stdout.write(
      `      ${old.length} of ${(await ledgers()).length} ledgers are only in the store: ${(await store.keys(BUCKET)).length} objects\n`,
    )
  })

  it('still reach the workers, each event once', async () => {
    assert.ok((await pipeline.backlog()) >= 200)
    await pipeline.startWorker()
    await assertExact()
    await eventually(async () => (await pipeline.backlog()) === 0)
    await pipeline.stopWorker()
  })

  it('are replayed into an index that was lost, each event once', async () => {
    for (const { name } of await listIndices(pipeline.search, pipeline.config)) {
      await pipeline.search.indices.delete({ index: name })
    }
    const replayed = await cli(pipeline.env, 'replay', '--from', 'earliest', '--events-per-second', '1000000')
    assert.equal(replayed.code, 0, replayed.output + replayed.errors)
    await assertExact()
  })

  it('are counted by set-up, which changes nothing the second time', async () => {
    const { code, output } = await cli(pipeline.env, 'set-up')
    assert.equal(code, 0)
    assert.match(
      output,
      /exists +offload of persistent:\/\/offload\/system\/\S+ +ledgers after 1 min, deleted at the bookies 1 min later; \d+ of \d+ ledgers are in the store/,
    )
  })
})
