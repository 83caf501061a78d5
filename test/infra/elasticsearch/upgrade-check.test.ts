import assert from 'node:assert/strict'
import type { Resource } from '@pulumi/pulumi'
import { changed, registeredBy } from '../../support/stack.ts'
import { ofType } from '../../support/workloads.ts'
import { jobScript } from '../pulsar/files.ts'
import { ScriptFolder, syntaxFaults } from '../pulsar/script.ts'

const HOST = 'elasticsearch.tracardi.svc.cluster.local:9200'
const MEMBERS = 'elasticsearch-master-members.tracardi.svc.cluster.local:9200'
const BACKUP = { backup: { type: 's3', location: 'snapshots', intervalHours: 4 } }

/** What a cluster answers. */
interface Cluster {
  readonly names?: readonly string[]
  readonly versions?: string
  readonly health?: string
  readonly snapshots?: string
}

describe('the check before an upgrade of Elasticsearch', () => {
  const folder = new ScriptFolder()
  after(() => folder.remove())

  const run = async (
    { names = [HOST, MEMBERS], versions = '9.1.5\n9.1.5\n', health = 'green 0 0 0', snapshots = '' }: Cluster,
    changes: Readonly<Record<string, unknown>> = {},
  ) => {
    const script = await jobScript('staging', 'elasticsearch-upgrade', changes)
    folder.write('users/elastic', 'secret1')
    const local = script
      .replaceAll('/tmp/', `${folder.path}/`)
      .replaceAll('/users/', `${folder.path}/users/`)
      .replaceAll('SECONDS + 600', 'SECONDS + 0')
    // The last argument is the URL.
    const answers = `url="\${!#}"
host=\${url#https://}; host=\${host%%/*}
case ' ${names.join(' ')} ' in *" $host "*) ;; *) exit 6 ;; esac
case "$url" in
  *_cat/nodes*) printf '${versions}' ;;
  *_cat/health*) echo '${health}' ;;
  *_cat/snapshots*) printf '${snapshots}' ;;
  *) exit 7 ;;
esac
case "$url" in *_cat*) [ -n '${versions}' ] || exit 22 ;; esac`
    return folder.run(local, 'bin/curl', answers, { PATH: `${folder.path}/bin:${process.env['PATH']}` })
  }
  const lines = (output: string) => output.trim().split('\n')
  const refused = (why: string) => [
    `refused: ${why}`,
    'If it must be without this check, state platform.acknowledge: ["elasticsearch.upgrade=9.2.0"]',
  ]
  const minutesAgo = (minutes: number) => Math.floor(Date.now() / 1000) - minutes * 60

  it('is valid bash', async () => {
    for (const stack of ['dev', 'staging', 'production'] as const)
      assert.equal(syntaxFaults(await jobScript(stack, 'elasticsearch-upgrade')), '')
  })

  it('asks nothing where no node runs', async () => {
    const { status, output } = await run({ names: [HOST] })
    assert.equal(status, 0)
    assert.deepEqual(lines(output), ['no node runs yet, so there is nothing to check'])
  })

  it('refuses where no name is known, which says nothing of the nodes', async () => {
    const { status, output } = await run({ names: [] })
    assert.equal(status, 1)
    assert.deepEqual(lines(output), refused(`the name of the Service https://${HOST} is not known in the cluster`))
  })

  it('lets a cluster pass that has the version, whatever its health', async () => {
    for (const versions of ['9.2.0\n', '9.1.5\n9.2.0\n']) {
      const { status, output } = await run({ versions, health: 'red 0 0 5' })
      assert.equal(status, 0)
      assert.deepEqual(lines(output), ['version 9.2.0 runs already'])
    }
  })

  it('refuses a cluster that does not answer, or is not whole', async () => {
    const fault = (shown: string) => `${shown} shards; the next restart could make it red`
    for (const [cluster, why] of [
      [{ versions: '' }, 'Elasticsearch does not answer'],
      [
        { health: 'yellow 0 0 3' },
        fault('Elasticsearch is yellow, with 0 initializing, 0 relocating and 3 unassigned'),
      ],
      [{ health: 'green 0 2 0' }, fault('Elasticsearch is green, with 0 initializing, 2 relocating and 0 unassigned')],
    ] as const) {
      const { status, output } = await run(cluster)
      assert.equal(status, 1)
      assert.deepEqual(lines(output), refused(why))
    }
  })

  it('lets a whole cluster pass without snapshots, and says that there is no way back', async () => {
    const { status, output, calls } = await run({})
    assert.equal(status, 0)
    assert.deepEqual(lines(output), [
      'the cluster is green, and its nodes run 9.1.5 9.1.5',
      'the stack makes no snapshots (group backup), so there is no way back from 9.2.0',
    ])
    const options = `--silent --show-error --connect-timeout 3 --max-time 10 --config ${folder.path}/curl --cacert /authority/ca.crt`
    assert.equal(calls[2], `--fail ${options} https://${HOST}/_cat/nodes?h=version`)
    assert.equal(folder.file('curl'), 'user = "elastic:secret1"\n')
  })

  it('needs a whole snapshot that is younger than one and a half intervals', async () => {
    const fresh = await run(
      { snapshots: `SUCCESS 1\\nSUCCESS ${minutesAgo(359)}\\nPARTIAL ${minutesAgo(1)}\\n` },
      BACKUP,
    )
    assert.equal(fresh.status, 0)
    assert.equal(lines(fresh.output).at(-1), 'the newest whole snapshot is 359 minutes old')

    const again = 'make one now: docs/operations.md, "Snapshots"'
    const old = await run({ snapshots: `SUCCESS ${minutesAgo(361)}\\nIN_PROGRESS 0\\n` }, BACKUP)
    assert.equal(old.status, 1)
    const age = 'the newest whole snapshot is 361 minutes old, and one is made every 4 hours'
    assert.deepEqual(lines(old.output).slice(-2), refused(`${age}; ${again}`))

    const none = await run({ snapshots: `PARTIAL ${minutesAgo(1)}\\n` }, BACKUP)
    assert.equal(none.status, 1)
    assert.deepEqual(lines(none.output).slice(-2), refused(`there is no whole snapshot; ${again}`))
  })

  it('runs the new image, with the password of the administrator, before any node changes', async () => {
    const resources = await registeredBy(changed('staging', { elasticsearch: { version: '9.2.1' } }))
    const job = ofType(resources, 'Job').find(({ inputs }) => /^elasticsearch-upgrade-/.test(inputs.metadata.name))
    const { containers, volumes, restartPolicy } = job?.inputs.spec.template.spec ?? {}
    assert.equal(job?.inputs.spec.backoffLimit, 0)
    assert.equal(restartPolicy, 'Never')
    assert.equal(containers[0].image, 'docker.elastic.co/elasticsearch/elasticsearch:9.2.1')
    assert.deepEqual(volumes.map(({ name }: { name: string }) => name).sort(), ['authority', 'tmp', 'users'])
    for (const name of ['elasticsearch-master', 'elasticsearch-data-a']) {
      const set = resources.find((resource) => resource.name === name && resource.type.endsWith(':Stateful'))
      const before = [set?.options.dependsOn ?? []].flat() as readonly Resource[]
      const urns = await Promise.all(before.map(({ urn }) => new Promise((resolve) => urn.apply(resolve))))
      assert.ok(urns.includes(job?.urn), name)
    }
  })

  for (const [what, changes] of [
    ['the version is not known', { images: { elasticsearch: 'r/es:nine' } }],
    ['an operator does without', { platform: { acknowledge: ['elasticsearch.upgrade=9.2.0'] } }],
  ] as const)
    it(`is omitted where ${what}`, async () => {
      const names = (await registeredBy(changed('staging', changes))).map(({ name }) => name)
      assert.equal(names.includes('elasticsearch-upgrade'), false)
      assert.equal(names.includes('pulsar-upgrade'), true)
    })
})
