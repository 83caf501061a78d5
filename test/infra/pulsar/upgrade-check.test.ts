import assert from 'node:assert/strict'
import { changed, registeredBy } from '../../support/stack.ts'
import { jobScript } from './files.ts'
import { ScriptFolder, syntaxFaults } from './script.ts'

const API_SERVER = 'kubernetes.default.svc.cluster.local'
const MEMBERS = 'zookeeper-members.tracardi.svc.cluster.local'
const [ONE, TWO] = ['bookkeeper-0.bookkeeper:3181', 'bookkeeper-1.bookkeeper:3181']

/** What the name server and ZooKeeper answer. */
interface Cluster {
  readonly names?: readonly string[]
  readonly root?: string
  readonly version?: string
  readonly available?: string
  readonly readOnly?: string
  readonly lacking?: string
}

describe('the check before an upgrade of Pulsar', () => {
  const folder = new ScriptFolder()
  after(() => folder.remove())

  const run = async ({
    names = [API_SERVER, MEMBERS],
    root = '[admin, ledgers, zookeeper]',
    version = '4.0.4',
    available = `[${ONE}, ${TWO}, readonly]`,
    readOnly = '[]',
    lacking = '',
  }: Cluster) => {
    const script = (await jobScript('staging', 'pulsar-upgrade')).replaceAll('SECONDS + 600', 'SECONDS + 0')
    const env = { PATH: `${folder.path}/bin:${process.env['PATH']}` }
    folder.run('true', 'bin/getent', `case ' ${names.join(' ')} ' in *" $2 "*) ;; *) exit 2 ;; esac`)
    const answers = `case "$*" in
  *' ls /') echo '${root}' ;;
  *' ls /loadbalance/brokers') echo '[broker-0:8080, broker-1:8080]' ;;
  *' get /loadbalance/brokers/broker-1:8080') echo '{"x":1,"brokerVersionString":"${version}"}' ;;
  *' get /loadbalance/brokers/'*) echo '{"brokerVersionString":"4.0.4"}' ;;
  *' ls /ledgers/cookies') printf 'Connecting\\n[${ONE}, ${TWO}]\\n' ;;
  *' ls /ledgers/available') echo '${available}' ;;
  *' ls /ledgers/available/readonly') echo '${readOnly}' ;;
  *' ls -R /ledgers/underreplication/ledgers') printf '/ledgers/underreplication/ledgers\\n${lacking}' ;;
  *) echo 'Node does not exist' ;;
esac`
    return folder.run(script, 'bin/pulsar', answers, env)
  }
  const lines = (output: string) => output.trim().split('\n')
  const refused = (why: string) => [
    `refused: ${why}`,
    'If it must be without this check, state platform.acknowledge: ["pulsar.upgrade=4.0.6"]',
  ]

  it('is valid bash', async () => {
    for (const stack of ['dev', 'staging', 'production'] as const)
      assert.equal(syntaxFaults(await jobScript(stack, 'pulsar-upgrade')), '')
  })

  it('asks nothing where no server runs', async () => {
    const { status, output, calls } = await run({ names: [API_SERVER] })
    assert.equal(status, 0)
    assert.deepEqual(lines(output), ['no server runs yet, so there is nothing to check'])
    assert.deepEqual(
      calls.filter((call) => call.startsWith('zookeeper-shell')),
      [],
    )
  })

  it('refuses where no name is known, which says nothing of the servers', async () => {
    const { status, output } = await run({ names: [] })
    assert.equal(status, 1)
    const why = `the name ${API_SERVER} is not known in the cluster, so no other can be looked up`
    assert.deepEqual(lines(output), refused(why))
  })

  it('lets a cluster pass of which a broker has the version, whatever it lacks', async () => {
    const { status, output } = await run({ version: '4.0.6', available: '[readonly]' })
    assert.equal(status, 0)
    assert.deepEqual(lines(output), ['version 4.0.6 runs already'])
  })

  it('lets one pass whose bookies all run, read-only ones too, and whose ledgers have their copies', async () => {
    for (const cluster of [{}, { available: `[${ONE}, readonly]`, readOnly: `[${TWO}]` }]) {
      const { status, output } = await run(cluster)
      assert.equal(status, 0)
      assert.deepEqual(lines(output), ['every bookie runs, and every ledger has its copies'])
    }
  })

  it('refuses one that is not whole', async () => {
    for (const [cluster, why] of [
      [{ root: 'KeeperErrorCode = ConnectionLoss for /' }, 'ZooKeeper does not answer'],
      [
        { available: `[${ONE}, readonly]` },
        `bookies are down: ${TWO}; with one more, ledgers could not be written or read`,
      ],
      [
        {
          lacking:
            '/ledgers/underreplication/ledgers/0000/0000/0000/0007/urL0000000007\\n/ledgers/underreplication/ledgers/0000/0000/0000/0009/urL0000000009\\n',
        },
        '2 ledgers lack a copy',
      ],
    ] as const) {
      const { status, output } = await run(cluster)
      assert.equal(status, 1)
      assert.deepEqual(lines(output), refused(why))
    }
  })

  it('is omitted where an operator does without, or the version is not known', async () => {
    for (const changes of [
      { platform: { acknowledge: ['pulsar.upgrade=4.0.6'] } },
      { images: { pulsar: 'r/pulsar:four' } },
    ]) {
      const names = (await registeredBy(changed('staging', changes))).map(({ name }) => name)
      assert.equal(names.includes('pulsar-upgrade'), false)
      assert.equal(names.includes('elasticsearch-upgrade'), true)
    }
  })
})
