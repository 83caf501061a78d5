import assert from 'node:assert/strict'
import { planOf } from '../../../infra/config/plan.ts'
import { brokenRules } from '../../../infra/config/rules.ts'
import { changed, registeredBy } from '../../support/stack.ts'
import { ofType, podTemplates } from '../../support/workloads.ts'
import { fileOf } from '../pulsar/files.ts'

type Env = readonly { readonly name: string; readonly value?: string }[]

const S3 = { backup: { type: 's3', location: 'snapshots', basePath: 'staging', intervalHours: 4, retentionDays: 30 } }

const stack = (backup: object, name: 'dev' | 'staging' = 'staging') =>
  changed(name, { backup: { location: 'snapshots', ...backup } })

async function podOf(raw: ReturnType<typeof stack>, name: string) {
  return podTemplates(await registeredBy(raw)).find((template) => template.name === name) ?? assert.fail(`no ${name}`)
}

const envOf = ({ env }: { readonly env: Env }) => Object.fromEntries(env.map(({ name, value }) => [name, value]))
const secretsOf = (volumes: readonly { readonly secret?: { readonly secretName: string } }[]) =>
  volumes.flatMap(({ secret }) => secret?.secretName ?? [])

describe('the backup of a stack', () => {
  it('does not exist unless it is stated', async () => {
    const names = ofType(await registeredBy(changed('staging')), 'CronJob').map(({ inputs }) => inputs.metadata.name)
    assert.deepEqual(
      names.filter((name) => ['snapshot', 'restore'].includes(name)),
      [],
    )
  })

  it('makes snapshots as often as stated, with a user of its own', async () => {
    const jobs = ofType(await registeredBy(changed('staging', S3)), 'CronJob').map(({ inputs }) => inputs)
    const { spec } = jobs.find(({ metadata }) => metadata.name === 'snapshot') ?? assert.fail('no snapshot')
    assert.deepEqual([spec.schedule, spec.suspend, spec.concurrencyPolicy], ['41 */4 * * *', undefined, 'Forbid'])
    const { spec: pod } = spec.jobTemplate.spec.template
    assert.deepEqual([pod.containers[0].args, pod.restartPolicy], [['snapshots', 'take'], 'Never'])
    const env = envOf(pod.containers[0])
    const names = ['SNAPSHOT_TYPE', 'SNAPSHOT_LOCATION', 'SNAPSHOT_BASE_PATH', 'SNAPSHOT_RETENTION_DAYS']
    assert.deepEqual(
      names.map((name) => env[name]),
      ['s3', 'snapshots', 'staging', '30'],
    )
    assert.equal(env['ELASTIC_HTTP_AUTH_USERNAME'], 'backup')
    assert.ok(secretsOf(pod.volumes).includes('elasticsearch-user-backup'))
    assert.ok(!secretsOf(pod.volumes).includes('elasticsearch-user-tracardi'))
  })

  it('restores nothing by itself, and a Job that says nothing changes nothing', async () => {
    const jobs = ofType(await registeredBy(changed('staging', S3)), 'CronJob').map(({ inputs }) => inputs)
    const { spec } = jobs.find(({ metadata }) => metadata.name === 'restore') ?? assert.fail('no restore')
    const { spec: job } = spec.jobTemplate
    assert.deepEqual([spec.suspend, job.backoffLimit], [true, 0])
    const [container] = job.template.spec.containers
    const env = envOf(container)
    const args = container.args.map((arg: string) => arg.replace(/^\$\((\w+)\)$/, (_, name) => env[name] ?? ''))
    assert.deepEqual(args, ['restore', '--to', 'latest', '--keep', '--dry-run', '--events-per-second', '2000'])
  })

  it('leaves the user of API and workers without any right on snapshots', async () => {
    const users = (raw: ReturnType<typeof stack>) =>
      registeredBy(raw).then(
        (all) =>
          podTemplates(all).find(({ name }) => name.startsWith('elasticsearch-users-'))?.spec.containers[0]
            .command[2] as string,
      )
    const [without, with_] = [await users(changed('staging')), await users(changed('staging', S3))]
    assert.ok(with_.startsWith(without))
    assert.ok(!/snapshot/.test(without))
    assert.match(with_.slice(without.length), /_security\/role\/backup .*cluster:admin\/snapshot\/\*/)
  })

  it('puts every key of the Secret into the keystore of the nodes, also without security', async () => {
    for (const name of ['staging', 'dev'] as const) {
      const tier = name === 'dev' ? 'elasticsearch-master' : 'elasticsearch-data-a'
      const { spec } = await podOf(stack({ type: 'gcs', credentialsSecret: 'gcs' }, name), tier)
      const [configure] = spec.initContainers
      assert.match(configure.command[2], /keystore create/)
      assert.match(configure.command[2], /add-file "\$setting" "\$file"/)
      assert.match(configure.command[2], /add --stdin "\$setting" < "\$file"/)
      assert.equal(
        configure.volumeMounts.find(({ name: volume }: { name: string }) => volume === 'secure-settings').mountPath,
        '/secure-settings',
      )
      assert.ok(secretsOf(spec.volumes).includes('gcs'))
      assert.ok(
        !spec.containers[0].volumeMounts.some(({ name: volume }: { name: string }) => volume === 'secure-settings'),
      )
    }
  })

  it('gives the nodes the identity that a cloud trusts, and no token of the API server', async () => {
    const { spec, metadata } = await podOf(
      stack({ type: 'azure', serviceAccount: 'snapshots' }),
      'elasticsearch-data-a',
    )
    assert.deepEqual([spec.serviceAccountName, spec.automountServiceAccountToken], ['snapshots', false])
    assert.equal(metadata.labels['azure.workload.identity/use'], 'true')
    assert.match(spec.initContainers[0].command[2], /link repository-s3 .*\n.*link repository-azure /s)
    const plain = await podOf(stack({ type: 's3' }), 'elasticsearch-data-a')
    assert.deepEqual(
      [plain.spec.serviceAccountName, plain.metadata.labels['azure.workload.identity/use']],
      [undefined, undefined],
    )
  })

  it('gives the nodes the address of the store, and shares a file system among them', async () => {
    const yml = async (backup: object) =>
      fileOf('staging', 'elasticsearch-data-a', 'elasticsearch.yml', { backup: { location: 'snapshots', ...backup } })
    const s3 = await yml({ type: 's3', endpoint: 'http://objects:9000', region: 'eu-central-1' })
    assert.match(s3, /^s3\.client\.default\.endpoint: "http:\/\/objects:9000"$/m)
    assert.match(s3, /^s3\.client\.default\.path_style_access: true$/m)
    assert.match(s3, /^s3\.client\.default\.region: "eu-central-1"$/m)
    assert.ok(!/s3\.client|path\.repo/.test(await yml({ type: 's3' })))
    assert.match(await yml({ type: 'fs' }), /^path\.repo: \["\/snapshots"\]$/m)
    const { spec } = await podOf(stack({ type: 'fs' }), 'elasticsearch-data-a')
    const volume = spec.volumes.find(({ name }: { name: string }) => name === 'snapshots')
    assert.equal(volume.persistentVolumeClaim.claimName, 'snapshots')
    assert.ok(
      spec.containers[0].volumeMounts.some(({ mountPath }: { mountPath: string }) => mountPath === '/snapshots'),
    )
  })

  it('lets the nodes reach the store and nothing else', async () => {
    const ports = async (backup: object) => {
      const policies = ofType(await registeredBy(stack(backup)), 'NetworkPolicy').map(({ inputs }) => inputs)
      const { spec } =
        policies.find(({ metadata }) => metadata.name === 'allow-elasticsearch-data') ?? assert.fail('no policy')
      const outside = spec.egress.filter(
        ({ to = [] }: { to?: readonly { ipBlock?: unknown }[] }) =>
          to.length === 0 || to.some(({ ipBlock }) => ipBlock),
      )
      return outside
        .flatMap(({ ports: some }: { ports: readonly { port: number }[] }) => some.map(({ port }) => port))
        .filter((port: number) => port !== 53)
    }
    assert.deepEqual(await ports({ type: 's3', credentialsSecret: 'keys' }), [443])
    assert.deepEqual(await ports({ type: 's3', endpoint: 'http://objects:9000', credentialsSecret: 'keys' }), [9000])
    assert.deepEqual(await ports({ type: 'gcs' }), [443, 80])
    assert.deepEqual(await ports({ type: 'fs' }), [])
  })

  it('is refused where a restore would miss something', () => {
    const codes = (changes: Readonly<Record<string, unknown>>) => {
      try {
        return brokenRules(planOf(changed('staging', changes))).map(({ code }) => code)
      } catch (error) {
        return (error as { faults: readonly { code: string }[] }).faults.map(({ code }) => code)
      }
    }
    const kept = (hours: number, intervalHours: number) =>
      codes({ backup: { type: 's3', location: 'x', intervalHours }, runtime: { PULSAR_RETENTION_HOURS: hours } })
    assert.deepEqual([kept(12, 6), kept(11, 6), kept(24, 12)], [[], ['backup_gap_not_kept'], []])
    assert.deepEqual(codes({ backup: { type: 's3' } }), ['backup_location_missing'])
    assert.deepEqual(
      codes({ ...S3, elasticsearch: { url: 'https://es.example.com:9200' } }).includes(
        'backup_of_existing_elasticsearch',
      ),
      true,
    )
  })
})
