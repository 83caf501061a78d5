import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { STACKS } from '../../support/stack.ts'
import { fileOf, propertiesOf } from './files.ts'
import { ScriptFolder, syntaxFaults } from './script.ts'

describe('zookeeper.conf', () => {
  for (const stack of STACKS) {
    it(`of ${stack} changes the ensemble by reconfiguration only, and syncs what it writes`, async () => {
      const values = await propertiesOf(stack, 'zookeeper', 'zookeeper.conf')
      assert.equal(values['reconfigEnabled'], 'true')
      assert.equal(values['standaloneEnabled'], 'false')
      assert.equal(values['forceSync'], 'yes')
      assert.deepEqual(
        Object.keys(values).filter((name) => name.startsWith('server.')),
        [],
      )
    })
  }

  it('is the same however many nodes there are, and their number next to it', async () => {
    const more = { zookeeper: { replicas: 5 } }
    assert.equal(await fileOf('staging', 'zookeeper', 'replicas'), '3')
    assert.equal(await fileOf('staging', 'zookeeper', 'replicas', more), '5')
    for (const file of ['zookeeper.conf', 'start.sh', 'ready.sh', 'alive.sh']) {
      assert.equal(await fileOf('staging', 'zookeeper', file, more), await fileOf('staging', 'zookeeper', file))
    }
  })
})

describe('the start of a ZooKeeper node', () => {
  let folder: ScriptFolder
  beforeEach(() => {
    folder = new ScriptFolder()
  })
  afterEach(() => folder.remove())

  /** Starts a node in a temporary folder, with a stand-in that is already a participant. */
  const start = async (ordinal: number, replicas: number) => {
    const script = (await fileOf('staging', 'zookeeper', 'start.sh'))
      .replaceAll('/pulsar/data', `${folder.path}/data`)
      .replaceAll('/config/', `${folder.path}/config/`)
      .replaceAll('/tmp/member', `${folder.path}/member`)
    folder.write('config/replicas', `${replicas}`)
    folder.write('config/zookeeper.conf', 'tickTime=2000\n')
    const answers = `case "$*" in *config) echo 'server.${ordinal + 1}=it:2888:3888:participant;0.0.0.0:2181' ;; esac`
    return folder.run(script, 'bin/pulsar', answers, { POD_NAME: `zookeeper-${ordinal}` })
  }
  const member = (id: number, role: string) =>
    `server.${id}=zookeeper-${id - 1}.zookeeper-members.tracardi.svc.cluster.local:2888:3888:${role};0.0.0.0:2181\n`
  const conf = 'data/zookeeper/conf'

  for (const file of ['start.sh', 'ready.sh', 'alive.sh']) {
    it(`has a valid ${file}`, async () => {
      for (const stack of STACKS) assert.equal(syntaxFaults(await fileOf(stack, 'zookeeper', file)), '')
    })
  }

  it('founds an ensemble of one as the first', async () => {
    const { status, calls } = await start(0, 1)
    assert.equal(status, 0)
    assert.equal(folder.file('data/zookeeper/myid'), '1\n')
    assert.equal(folder.file(`${conf}/dynamic.first`), member(1, 'participant'))
    assert.equal(
      folder.file(`${conf}/zoo.cfg`),
      `tickTime=2000\ndynamicConfigFile=${folder.path}/data/zookeeper/conf/dynamic.first\n`,
    )
    assert.ok(calls.includes('zookeeper'))
  })

  it('joins as an observer of those before it, which cannot elect', async () => {
    assert.equal((await start(2, 3)).status, 0)
    assert.equal(folder.file('data/zookeeper/myid'), '3\n')
    assert.equal(
      folder.file(`${conf}/dynamic.first`),
      member(1, 'participant') + member(2, 'participant') + member(3, 'observer'),
    )
  })

  it('keeps the ensemble that it knows, and takes the new settings', async () => {
    folder.write(`${conf}/zoo.cfg`, 'tickTime=1\ndynamicConfigFile=/kept/zoo.cfg.dynamic.300000001\n')
    assert.equal((await start(1, 3)).status, 0)
    assert.equal(folder.file(`${conf}/zoo.cfg`), 'tickTime=2000\ndynamicConfigFile=/kept/zoo.cfg.dynamic.300000001\n')
    assert.equal(existsSync(join(folder.path, conf, 'dynamic.first')), false)
  })

  it('does not join again when the stack no longer counts it', async () => {
    const { status, calls } = await start(3, 3)
    assert.equal(status, 0)
    assert.deepEqual(calls, ['zookeeper'])
    assert.equal(existsSync(join(folder.path, 'member')), false)
  })

  it('counts as a member, which makes it ready, when the ensemble says so', async () => {
    const { calls } = await start(1, 2)
    assert.ok(calls.includes('zookeeper-shell -server localhost:2181 config'))
    assert.equal(existsSync(join(folder.path, 'member')), true)
    assert.match(await fileOf('staging', 'zookeeper', 'ready.sh'), /^test -e \/tmp\/member && /)
  })
})
