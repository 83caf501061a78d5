import assert from 'node:assert/strict'
import { StackConfigError, type StackFault } from '../../../infra/config/errors.ts'
import { planOf } from '../../../infra/config/plan.ts'
import { Pulsar } from '../../../infra/pulsar/pulsar.ts'
import { judgedChanges } from '../../../infra/safety/refusals.ts'
import { registered } from '../../support/registered.ts'
import { sentencesOf } from '../../support/sentences.ts'
import { changed, registeredBy } from '../../support/stack.ts'
import { ofType, podTemplates } from '../../support/workloads.ts'
import { propertiesOf } from './files.ts'

type Changes = Readonly<Record<string, unknown>>

const IMAGE = { pulsar: 'apachepulsar/pulsar-all:4.0.6' }
const S3 = { type: 's3', bucket: 'ledgers', region: 'eu-central-1' }
const COMPATIBLE = {
  ...{ type: 's3', bucket: 'ledgers', endpoint: 'https://objects.example.com:9000' },
  credentialsSecret: 'keys',
}
const GCS = { type: 'gcs', bucket: 'ledgers', region: 'europe-west3', credentialsSecret: 'ledgers' }
const AZURE = { type: 'azure', bucket: 'ledgers', credentialsSecret: 'ledgers' }

const of = (offload: Changes): Changes => ({ offload, images: IMAGE })

async function conf(offload: Changes) {
  const values = await propertiesOf('staging', 'broker', 'broker.conf', of(offload))
  return Object.fromEntries(Object.entries(values).filter(([name]) => /offload/i.test(name)))
}

async function pod(offload: Changes) {
  const templates = podTemplates(await registeredBy(changed('staging', of(offload))))
  const { spec } = templates.find(({ name }) => name === 'broker') ?? assert.fail('no broker')
  return spec
}

describe('the configuration of brokers that offload', () => {
  it('says nothing of it unless it is stated', async () => {
    assert.deepEqual(await conf({}), {})
  })

  it('names the driver, the bucket and the offloaders of the image, by Pulsar’s names', async () => {
    assert.deepEqual(await conf(S3), {
      offloadersDirectory: './offloaders',
      managedLedgerOffloadDriver: 'aws-s3',
      s3ManagedLedgerOffloadBucket: 'ledgers',
      s3ManagedLedgerOffloadRegion: 'eu-central-1',
    })
    assert.deepEqual(await conf(COMPATIBLE), {
      offloadersDirectory: './offloaders',
      managedLedgerOffloadDriver: 'aws-s3',
      s3ManagedLedgerOffloadBucket: 'ledgers',
      s3ManagedLedgerOffloadServiceEndpoint: 'https://objects.example.com:9000',
    })
    assert.deepEqual(await conf(GCS), {
      offloadersDirectory: './offloaders',
      managedLedgerOffloadDriver: 'google-cloud-storage',
      gcsManagedLedgerOffloadBucket: 'ledgers',
      gcsManagedLedgerOffloadRegion: 'europe-west3',
      gcsManagedLedgerOffloadServiceAccountKeyFile: '/offload/key.json',
    })
    assert.deepEqual(await conf(AZURE), {
      offloadersDirectory: './offloaders',
      managedLedgerOffloadDriver: 'azureblob',
      managedLedgerOffloadBucket: 'ledgers',
    })
  })

  it('leaves it to set-up when a ledger is moved, so that no other namespace is concerned', async () => {
    assert.deepEqual(
      Object.keys(await conf({ ...S3, afterMinutes: 5, afterGib: 1 })).filter((name) => /Threshold|Lag/.test(name)),
      [],
    )
  })
})

describe('the credentials of brokers that offload', () => {
  const secrets = (spec: Awaited<ReturnType<typeof pod>>) =>
    spec.containers[0].env
      .filter(({ valueFrom }: { valueFrom?: { secretKeyRef?: object } }) => valueFrom?.secretKeyRef)
      .map(({ name, valueFrom }: { name: string; valueFrom: { secretKeyRef: { name: string; key: string } } }) => [
        name,
        valueFrom.secretKeyRef.name,
        valueFrom.secretKeyRef.key,
      ])

  it('are variables from the Secret', async () => {
    assert.deepEqual(secrets(await pod({ ...S3, credentialsSecret: 'keys' })), [
      ['AWS_ACCESS_KEY_ID', 'keys', 'AWS_ACCESS_KEY_ID'],
      ['AWS_SECRET_ACCESS_KEY', 'keys', 'AWS_SECRET_ACCESS_KEY'],
    ])
    assert.deepEqual(secrets(await pod(COMPATIBLE)), [
      ['AWS_ACCESS_KEY_ID', 'keys', 'AWS_ACCESS_KEY_ID'],
      ['AWS_SECRET_ACCESS_KEY', 'keys', 'AWS_SECRET_ACCESS_KEY'],
    ])
    assert.deepEqual(secrets(await pod(AZURE)), [
      ['AZURE_STORAGE_ACCOUNT', 'ledgers', 'AZURE_STORAGE_ACCOUNT'],
      ['AZURE_STORAGE_ACCESS_KEY', 'ledgers', 'AZURE_STORAGE_ACCESS_KEY'],
    ])
  })

  it('are a file for Google', async () => {
    const { containers, volumes } = await pod(GCS)
    assert.deepEqual(secrets({ containers }), [])
    assert.ok(
      containers[0].volumeMounts.some(
        ({ name, mountPath }: { name: string; mountPath: string }) => name === 'offload' && mountPath === '/offload',
      ),
    )
    const volume = volumes.find(({ name }: { name: string }) => name === 'offload')
    assert.deepEqual(volume.secret, { secretName: 'ledgers', defaultMode: 0o440 })
  })

  it('are a workload identity where a ServiceAccount is named, of the brokers alone', async () => {
    const identity = { ...S3, serviceAccount: 'ledgers' }
    const templates = podTemplates(await registeredBy(changed('staging', of(identity))))
    assert.deepEqual(
      templates.filter(({ spec }) => spec.serviceAccountName === 'ledgers').map(({ name }) => name),
      ['broker'],
    )
    const spec = await pod(identity)
    assert.deepEqual([secrets(spec), spec.automountServiceAccountToken], [[], false])
  })
})

describe('a store that speaks S3', () => {
  it('is the only region that brokers know, next to the options that Pulsar has by itself', async () => {
    const options = async (offload: Changes) =>
      (await pod(offload)).containers[0].env.find(({ name }: { name: string }) => name === 'PULSAR_EXTRA_OPTS')?.value
    assert.equal(
      await options(COMPATIBLE),
      '-Dpulsar.allocator.exit_on_oom=true -Dio.netty.recycler.maxCapacityPerThread=4096 -Djclouds.regions=us-east-1 -Djclouds.region.us-east-1.endpoint=https://objects.example.com:9000',
    )
    assert.deepEqual([await options(S3), await options({})], [undefined, undefined])
  })
})

describe('the network of a stack that offloads', () => {
  /** Ports outside of the cluster, by policy, that appear with it. */
  async function opened(offload: Changes) {
    const outside = async (raw: ReturnType<typeof changed>) => {
      const policies = ofType(await registeredBy(raw), 'NetworkPolicy').map(({ inputs }) => inputs)
      return policies.flatMap(({ metadata, spec }) =>
        (spec.egress ?? [])
          .filter(({ to = [] }: { to?: readonly unknown[] }) => to.length === 0)
          .flatMap(({ ports }: { ports: readonly { port: number }[] }) =>
            ports.map(({ port }) => `${metadata.name} ${port}`),
          ),
      )
    }
    const before = await outside(changed('staging', { images: IMAGE }))
    return (await outside(changed('staging', of(offload)))).filter((each) => !before.includes(each))
  }

  it('lets the brokers reach the store, and nobody else', async () => {
    assert.deepEqual(await opened({ ...S3, credentialsSecret: 'keys' }), ['allow-broker 443'])
    assert.deepEqual(await opened({ ...S3, endpoint: 'http://objects.example.com:9000', credentialsSecret: 'keys' }), [
      'allow-broker 9000',
    ])
    assert.deepEqual(await opened({ ...S3, serviceAccount: 'ledgers' }), ['allow-broker 443', 'allow-broker 80'])
  })
})

function faultsOf(raw: ReturnType<typeof changed>): readonly StackFault[] {
  try {
    planOf(raw)
    return []
  } catch (error) {
    return error instanceof StackConfigError ? error.faults : assert.fail(String(error))
  }
}

describe('a stack that offloads', () => {
  const says = sentencesOf('rules, offload')
  const faults = (changes: Changes) => {
    const found = faultsOf(changed('staging', changes))
    if (found.length > 0) says(found.map(({ text }) => text))
    return found.map(({ code }) => code)
  }

  it('is refused where brokers would not start', () => {
    assert.deepEqual(faults(of(S3)), [])
    assert.deepEqual(faults({ offload: S3 }), ['offload_image_without_offloaders'])
    assert.deepEqual(faults(of({ ...S3, bucket: '' })), ['offload_bucket_missing'])
    assert.deepEqual(faults(of({ ...S3, region: '' })), ['offload_region_missing'])
    assert.deepEqual(faults(of(COMPATIBLE)), [])
    assert.deepEqual(faults(of({ ...COMPATIBLE, credentialsSecret: '' })), ['offload_credentials_missing'])
    assert.deepEqual(faults(of({ ...GCS, region: '' })), ['offload_region_missing'])
    assert.deepEqual(faults(of({ ...GCS, credentialsSecret: '' })), ['offload_credentials_missing'])
    assert.deepEqual(faults(of({ ...AZURE, credentialsSecret: '' })), ['offload_credentials_missing'])
    assert.deepEqual(faults(of(AZURE)), [])
  })

  it('is refused an image that has no offloaders by its name, from any registry and with any digest', () => {
    const image = (pulsar: string) => faults({ offload: S3, images: { pulsar } })
    const digest = `sha256:${'0123456789abcdef'.repeat(4)}`
    for (const without of ['pulsar', 'localhost:5000/mirror/pulsar:4.0.6', `apachepulsar/pulsar:4.0.6@${digest}`])
      assert.deepEqual(image(without), ['offload_image_without_offloaders'], without)
    for (const with_ of ['localhost:5000/pulsar-all', `apachepulsar/pulsar-all@${digest}`, 'example.com/own-pulsar:1'])
      assert.deepEqual(image(with_), [], with_)
  })

  it('is refused for a Pulsar that is not of the stack', () => {
    const existing = { serviceUrl: 'pulsar://p:6650', adminUrl: 'http://p:8080', authentication: false }
    assert.ok(faults({ ...of(S3), pulsar: existing }).includes('offload_of_existing_pulsar'))
  })

  it('may keep more than the ledger disks hold', () => {
    const kept = (offload: Changes) => faults({ ...of(offload), runtime: { PULSAR_RETENTION_SIZE_GIB: 900_000 } })
    assert.deepEqual([kept({}), kept(S3)], [['retention_beyond_disks'], []])
  })

  it('gives set-up the times at which ledgers are moved', () => {
    const { runtime } = planOf(changed('staging', of({ ...S3, afterMinutes: 5, afterGib: 2, deletionLagMinutes: 30 })))
    assert.deepEqual(
      [
        runtime.pulsarOffload,
        runtime.pulsarOffloadAfterMinutes,
        runtime.pulsarOffloadAfterGib,
        runtime.pulsarOffloadDeletionLagMinutes,
      ],
      [true, 5, 2, 30],
    )
    assert.equal(planOf(changed('staging')).runtime.pulsarOffload, false)
  })

  it('is refused as a component too', async () => {
    const making = registered(() => {
      new Pulsar('events', { namespace: 'events', offload: { ...S3, type: 's3' } })
    })
    await assert.rejects(making, /apachepulsar\/pulsar:4\.0\.6; an image of that name has no offloaders/)
  })
})

describe('the store of a stack', () => {
  const factsOf = async (changes: Changes) => {
    const maps = ofType(await registeredBy(changed('staging', changes)), 'ConfigMap').map(({ inputs }) => inputs)
    const { data } = maps.find(({ metadata }) => metadata.name.endsWith('facts')) ?? assert.fail('no facts')
    return data as Readonly<Record<string, string>>
  }

  it('is a fact, with its type and its endpoint', async () => {
    assert.equal((await factsOf({}))['offload.store'], undefined)
    assert.equal((await factsOf(of(S3)))['offload.store'], 's3:ledgers')
    assert.equal((await factsOf(of(COMPATIBLE)))['offload.store'], 's3:https://objects.example.com:9000/ledgers')
  })

  it('is refused another one, and to end, until it is acknowledged; the first one is free', async () => {
    const [none, one] = [await factsOf({}), await factsOf(of(S3))]
    const other = await factsOf(of({ ...S3, bucket: 'other' }))
    assert.deepEqual(judgedChanges(none, one).refused, [])
    assert.match(
      judgedChanges(one, other).refused[0] ?? '',
      /^offload\.store would go from s3:ledgers to s3:other: brokers would not find the ledgers that are in the store/,
    )
    assert.match(judgedChanges(one, none).refused[0] ?? '', /^offload\.store would go from s3:ledgers to none: /)
    assert.deepEqual(judgedChanges(one, none, { acknowledge: ['offload.store=none'] }).refused, [])
    assert.deepEqual(judgedChanges(one, other, { acknowledge: ['offload.store=s3:other'] }).refused, [])
  })
})
