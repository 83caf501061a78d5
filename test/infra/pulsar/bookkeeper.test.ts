import assert from 'node:assert/strict'
import { changed, registeredBy, STACKS } from '../../support/stack.ts'
import { podTemplates } from '../../support/workloads.ts'
import { fileOf, jobScript, propertiesOf } from './files.ts'
import { ScriptFolder } from './script.ts'

describe('bookkeeper.conf', () => {
  for (const stack of STACKS) {
    it(`of ${stack} has an entry on disk before it is acknowledged`, async () => {
      const values = await propertiesOf(stack, 'bookkeeper', 'bookkeeper.conf')
      assert.equal(values['journalSyncData'], 'true')
      assert.equal(values['journalDirectories'], '/pulsar/data/bookkeeper/journal/current')
      assert.equal(values['ledgerDirectories'], '/pulsar/data/bookkeeper/ledgers/current')
      assert.equal(values['journalWriteData'], undefined)
    })

    it(`of ${stack} is the same for autorecovery, which runs apart`, async () => {
      const values = await propertiesOf(stack, 'bookkeeper', 'bookkeeper.conf')
      assert.equal(values['autoRecoveryDaemonEnabled'], 'false')
      assert.deepEqual(await propertiesOf(stack, 'autorecovery', 'bookkeeper.conf'), values)
    })
  }

  it('keeps journal and ledgers on the volumes of the bookie', async () => {
    const templates = podTemplates(await registeredBy(changed('dev')))
    const bookie = templates.find(({ name }) => name === 'bookkeeper')
    const mounts = bookie?.spec.containers[0].volumeMounts as readonly { name: string; mountPath: string }[]
    const path = (name: string) => mounts.find((mount) => mount.name === name)?.mountPath
    assert.equal(path('journal'), '/pulsar/data/bookkeeper/journal')
    assert.equal(path('ledgers'), '/pulsar/data/bookkeeper/ledgers')
  })
})

describe('the probes of a bookie', () => {
  const probesOf = async (changes = {}) => {
    const templates = podTemplates(await registeredBy(changed('dev', changes)))
    return templates.find(({ name }) => name === 'bookkeeper')?.spec.containers[0]
  }

  it('ask whether it serves, not whether its JVM answers', async () => {
    const { startupProbe, readinessProbe, livenessProbe } = await probesOf()
    for (const { exec } of [startupProbe, readinessProbe, livenessProbe]) {
      assert.match(exec.command[2], /bookie_SERVER_STATUS.* \[01\]/)
    }
  })

  it('wait for the replay of the journal as long as the stack says', async () => {
    const limit = ({ periodSeconds, failureThreshold }: Record<string, number>) =>
      Number(periodSeconds) * Number(failureThreshold)
    assert.equal(limit((await probesOf()).startupProbe), 3600)
    assert.equal(limit((await probesOf({ bookkeeper: { startMinutes: 240 } })).startupProbe), 14_400)
  })
})

describe('the probe of a bookie', () => {
  const folder = new ScriptFolder()
  after(() => folder.remove())

  /** What it exits with, when the bookie says that it is writable and ZooKeeper answers so; nothing is no answer. */
  async function status(answer: string): Promise<number | null> {
    const templates = podTemplates(await registeredBy(changed('dev')))
    const script = templates.find(({ name }) => name === 'bookkeeper')?.spec.containers[0].livenessProbe.exec.command[2]
    const here = script.replace(/^curl [^|]*/, 'echo bookie_SERVER_STATUS 1 ')
    folder.write('answer', answer)
    const env = { PATH: `${folder.path}:${process.env['PATH']}`, HOSTNAME: 'bookkeeper-0' }
    return folder.run(here, 'timeout', `[ -s answer ] && cat answer`, env).status
  }
  const dump = (...nodes: string[]) =>
    ['SessionTracker dump:', 'ephemeral nodes dump:', '0x1:', ...nodes.map((node) => `\t${node}`), ''].join('\n')
  const host = 'bookkeeper.tracardi.svc.cluster.local:3181'

  it('passes while ZooKeeper lists the bookie, writable or read-only', async () => {
    assert.equal(await status(dump(`/ledgers/available/bookkeeper-0.${host}`)), 0)
    assert.equal(await status(dump(`/ledgers/available/readonly/bookkeeper-0.${host}`)), 0)
  })

  it('fails for a bookie that has lost its registration', async () => {
    assert.equal(await status(dump()), 1)
    assert.equal(await status(dump(`/ledgers/available/bookkeeper-1.${host}`, `/other/bookkeeper-0.${host}`)), 1)
  })

  it('passes while ZooKeeper is down or does not serve', async () => {
    assert.equal(await status(''), 0)
    assert.equal(await status('This ZooKeeper instance is not currently serving requests\n'), 0)
  })
})

describe('the start of a bookie', () => {
  const folder = new ScriptFolder()
  after(() => folder.remove())

  /** The script with a `bin/pulsar` that is for the JVM, the name of its thread included. */
  async function run(program: string, replicas = 1, turn = '0 1', turnSeconds = 90) {
    const templates = podTemplates(await registeredBy(changed('dev')))
    const script = templates.find(({ name }) => name === 'bookkeeper')?.spec.containers[0].command[2] as string
    folder.write('config', '')
    folder.write('bookkeeper.replicas', `${replicas}`)
    folder.write('bookkeeper.turn', `${turn}\n`)
    const here = script
      .replaceAll(/\/(config|tmp)\/bookkeeper.conf/g, (_, place) => `${folder.path}/${place}`)
      .replaceAll('"/config/', `"${folder.path}/`)
      .replaceAll('* 90)', `* ${turnSeconds})`)
      .replaceAll('/task/*/comm', '/environ')
      .replaceAll("'^LedgerDirsMonit'", 'BOOKIE_LIVES')
      .replaceAll("'^qtp'", 'METRICS_SERVED')
    return folder.run(here, 'bin/pulsar', program, { HOSTNAME: 'bookkeeper-0' })
  }

  it('ends as its JVM ends', async () => {
    assert.equal((await run('exit 3')).status, 3)
    assert.equal((await run('kill -KILL $$')).status, 128 + 9)
  })

  it('takes nothing new while the stack does not count it', async () => {
    await run('exit 0')
    assert.equal(folder.file('tmp'), '')
    await run('exit 0', 0)
    assert.equal(folder.file('tmp'), 'forceReadOnlyBookie=true\n')
  })

  it('ends when the stack counts it no more, so that it starts read-only', async () => {
    const ran = await run(`BOOKIE_LIVES=yes exec bash -c 'echo 0 > bookkeeper.replicas; exec sleep 60'`)
    assert.deepEqual([ran.status, ran.calls.length], [143, 1])
    assert.match(ran.output, /The stack wants this bookie read-only now: it restarts\./)
  })

  it('waits for its turn where several leave, and stays if the stack counts it again meanwhile', async () => {
    const wanted = 'echo 0 > bookkeeper.replicas; sleep 3; echo 1 > bookkeeper.replicas; sleep 2; exit 5'
    const ran = await run(`BOOKIE_LIVES=yes exec bash -c '${wanted}'`, 1, '1 3')
    assert.deepEqual([ran.status, ran.calls.length, ran.output], [5, 1, ''])
  })

  it('waits again when it is counted again, and then not', async () => {
    const leaves = 'echo 0 > bookkeeper.replicas; sleep 4'
    const wanted = `${leaves}; echo 1 > bookkeeper.replicas; sleep 4; ${leaves}; exit 5`
    const ran = await run(`BOOKIE_LIVES=yes exec bash -c '${wanted}'`, 1, '1 3', 7)
    assert.deepEqual([ran.status, ran.calls.length, ran.output], [5, 1, ''])
  })

  it('kills a JVM whose bookie has stopped, and starts another', async () => {
    const ran = await run(`if [ -e again ]; then exit 3; fi
touch again
BOOKIE_LIVES=yes exec bash -c 'sleep 2; exec env -u BOOKIE_LIVES sleep 60'`)
    assert.deepEqual([ran.status, ran.calls], [3, ['bookie', 'bookie']])
  })

  it('kills a JVM whose bookie has stopped before it was seen, too', async () => {
    const ran = await run(`if [ -e seen ]; then exit 3; fi
touch seen
METRICS_SERVED=yes exec sleep 60`)
    assert.deepEqual([ran.status, ran.calls], [3, ['bookie', 'bookie']])
  }).timeout(60_000)
})

describe('the racks of the bookies', () => {
  const racks = async (...args: Parameters<typeof jobScript>) => {
    const text = /^racks='(.*)'$/m.exec(await jobScript(...args))?.[1]
    return JSON.parse(text ?? '') as unknown
  }
  const bookie = (set: string, ordinal: number, rack: string) => {
    const id = `${set}-${ordinal}.bookkeeper.tracardi.svc.cluster.local:3181`
    return [id, { rack, hostname: id }]
  }

  it('are the zones of their sets', async () => {
    assert.deepEqual(await racks('staging', 'pulsar-metadata', { bookkeeper: { replicas: 4 } }), {
      default: Object.fromEntries([
        bookie('bookkeeper-a', 0, '/a'),
        bookie('bookkeeper-a', 1, '/a'),
        bookie('bookkeeper-b', 0, '/b'),
        bookie('bookkeeper-c', 0, '/c'),
      ]),
    })
  })

  it('are the zones in which the pods have to be', async () => {
    const templates = podTemplates(await registeredBy(changed('staging')))
    for (const zone of ['a', 'b', 'c']) {
      const spec = templates.find(({ name }) => name === `bookkeeper-${zone}`)?.spec
      assert.deepEqual(spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms, [
        { matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: [zone] }] },
      ])
    }
  })

  it('are all the same where there are no zones', async () => {
    assert.deepEqual(await racks('dev', 'pulsar-metadata', { bookkeeper: { replicas: 2 } }), {
      default: Object.fromEntries([bookie('bookkeeper', 0, '/default-rack'), bookie('bookkeeper', 1, '/default-rack')]),
    })
  })

  it('are known to bookies by the names of their pods', async () => {
    assert.match(await fileOf('staging', 'bookkeeper', 'bookkeeper.conf'), /^useHostNameAsBookieID=true$/m)
  })
})
