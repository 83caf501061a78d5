import assert from 'node:assert/strict'
import { STACKS } from '../../support/stack.ts'
import { jobScript } from './files.ts'
import { ScriptFolder, syntaxFaults } from './script.ts'

const INSTANCE = '0b3b2a3e-5a0c-4b8e-9d43-3f1c7f6f2f10'
const ZOOKEEPER = 'zookeeper-shell -server zookeeper.tracardi.svc.cluster.local:2181'

/** What ZooKeeper holds, as its shell reports it. */
interface State {
  readonly clusters: string
  readonly cluster?: string
  readonly instance?: string
}

describe('the script of the metadata', () => {
  const folder = new ScriptFolder()
  after(() => folder.remove())

  const run = async ({ clusters, cluster = 'Node does not exist', instance = 'Node does not exist' }: State) => {
    const script = await jobScript('dev', 'pulsar-metadata')
    const racks = /^racks='(.*)'$/m.exec(script)?.[1]
    const answers = `case "$*" in
  *' ls /') echo '[admin, ledgers, zookeeper]' ;;
  *' ls /admin/clusters') echo '${clusters}' ;;
  *' get /admin/clusters/tracardi') echo '${cluster}' ;;
  *' get /ledgers/INSTANCEID') echo '${instance}' ;;
  *' get /bookies') echo '${racks}' ;;
esac`
    return folder.run(script, 'bin/pulsar', answers)
  }
  const changes = (calls: readonly string[]) =>
    calls.filter((call) => !/ (ls|get) \//.test(call)).map((call) => call.split(' {')[0])
  const SET_RACKS = [`${ZOOKEEPER} create /bookies`, `${ZOOKEEPER} set /bookies`]

  for (const stack of STACKS) {
    it(`of ${stack} is valid bash`, async () => {
      assert.equal(syntaxFaults(await jobScript(stack, 'pulsar-metadata')), '')
    })
  }

  it('initialises a missing cluster', async () => {
    const { status, calls } = await run({ clusters: '[]' })
    assert.equal(status, 0)
    assert.deepEqual(changes(calls), [
      'initialize-cluster-metadata --cluster tracardi --metadata-store zk:zookeeper.tracardi.svc.cluster.local:2181 --configuration-metadata-store zk:zookeeper.tracardi.svc.cluster.local:2181 --web-service-url http://broker.tracardi.svc.cluster.local:8080 --broker-service-url pulsar://broker.tracardi.svc.cluster.local:6650',
      ...SET_RACKS,
    ])
  })

  it('finishes one that was initialised by half', async () => {
    const { calls } = await run({ clusters: '[tracardi]', cluster: '{"serviceUrl":"http://broker"}' })
    assert.match(changes(calls)[0] ?? '', /^initialize-cluster-metadata --cluster tracardi /)
  })

  it('leaves one that exists, and sets its racks', async () => {
    const { status, calls, output } = await run({
      clusters: '[tracardi]',
      cluster: '{"serviceUrl":"http://broker"}',
      instance: INSTANCE,
    })
    assert.equal(status, 0)
    assert.deepEqual(changes(calls), SET_RACKS)
    assert.match(output, /^cluster tracardi already exists; nothing is initialised$/m)
  })

  it('touches nothing of another cluster', async () => {
    for (const clusters of ['[other]', '[tracardi-2, other]']) {
      const { status, calls, output } = await run({ clusters, instance: INSTANCE })
      assert.equal(status, 1)
      assert.deepEqual(changes(calls), [])
      assert.ok(output.includes(`ZooKeeper belongs to another cluster:\n${clusters}`))
    }
  })
})
