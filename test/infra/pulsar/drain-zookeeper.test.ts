import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { changed, registeredBy, STACKS, type StackName } from '../../support/stack.ts'
import { podTemplates } from '../../support/workloads.ts'
import { ScriptFolder, syntaxFaults } from './script.ts'

type Changes = Readonly<Record<string, unknown>>

/** The container that runs the script, of the Job before the set or after it. */
async function container(stack: StackName, when: 'before' | 'after', changes: Changes = {}) {
  const templates = podTemplates(await registeredBy(changed(stack, changes)))
  const { spec } = templates.find(({ name }) => name.startsWith(`zookeeper-drain-${when}-`)) ?? assert.fail('no drain')
  const all = [...spec.initContainers, ...spec.containers]
  return { order: all.map(({ name }) => name), ...all.find(({ name }) => name === 'zookeeper') }
}

const hostOf = (ordinal: number) => `zookeeper-${ordinal}.zookeeper-members.tracardi.svc.cluster.local`
const memberOf = (id: number) => `server.${id}=${hostOf(id - 1)}:2888:3888:participant;0.0.0.0:2181`

/** What the nodes are. */
interface Ensemble {
  /** Ids of those in the ensemble. */
  readonly members?: readonly number[]
  /** Ordinals of those that serve. */
  readonly serving?: readonly number[]
  /** Whether no name has an address. */
  readonly isNew?: boolean
  /** Whether the ensemble refuses to change. */
  readonly refuses?: boolean
}

describe('the script that takes nodes of ZooKeeper out of the ensemble', () => {
  const folder = new ScriptFolder()
  after(() => folder.remove())

  async function run(when: 'before' | 'after', ensemble: Ensemble, changes: Changes = {}) {
    const { members = [1, 2, 3, 4, 5], serving = [0, 1, 2, 3, 4], isNew = false, refuses = false } = ensemble
    const { command } = await container('dev', when, { zookeeper: { replicas: 3 }, ...changes })
    const script = (command[2] as string)
      .replace(/^serves\(\) .*$/m, `serves() { grep -qx "$1" ${folder.path}/serving; }`)
      .replaceAll(/\/dev\/termination-log/g, `${folder.path}/reason`)
      .replace(/SECONDS \+ 3600/, 'SECONDS + 3')
      .replace('sleep 2', 'sleep 0.2')
      .replace('-ge 120', '-ge 2')
    folder.write('serving', `${serving.map(hostOf).join('\n')}\n`)
    folder.write('config', `${members.map(memberOf).join('\n')}\nversion=100000000\n`)
    folder.write('reason', '')
    folder.write('path/curl', `#!/usr/bin/env bash\nexit ${isNew ? 6 : 52}\n`)
    chmodSync(join(folder.path, 'path/curl'), 0o755)
    const answers = `case "$*" in
  *' config') cat ${folder.path}/config ;;
  *reconfig*) ${refuses ? 'echo refused' : `for id in \${6//,/ }; do sed -i "/^server.$id=/d" ${folder.path}/config; done`} ;;
esac`
    const env = { PATH: `${folder.path}/path:${process.env['PATH']}` }
    const ran = folder.run(script, 'bin/pulsar', answers, env)
    const asked = ran.calls.map((call) => call.replace('zookeeper-shell -server ', ''))
    return { ...ran, changing: asked.filter((call) => !call.endsWith(' config')), reason: folder.file('reason') }
  }
  const removal = (from: number, ids: string) => `${hostOf(from)}:2181 reconfig -remove ${ids}`

  for (const stack of STACKS)
    it(`of ${stack} is valid bash, before and after`, async () => {
      for (const when of ['before', 'after'] as const)
        assert.equal(syntaxFaults((await container(stack, when)).command[2]), '')
    })

  it('comes after the command that looks at the pods, and before the one that marks volumes', async () => {
    assert.deepEqual((await container('dev', 'before')).order, ['drain', 'zookeeper'])
    assert.deepEqual((await container('dev', 'after')).order, ['zookeeper', 'drain'])
  })

  it('changes nothing in a new cluster, or where all nodes are wanted', async () => {
    for (const ensemble of [{ isNew: true, serving: [] }, { members: [1, 2, 3] }, { members: [1], serving: [0] }]) {
      const { status, changing } = await run('before', ensemble)
      assert.deepEqual([status, changing], [0, []])
    }
  })

  it('removes those that leave, and waits until a restart can bring none back', async () => {
    const { status, changing, output } = await run('before', {})
    assert.deepEqual([status, changing], [0, [removal(0, '4,5')]])
    assert.match(output, /they have left the ensemble; waits until a restart can bring none back/)
    assert.equal(
      folder
        .file('config')
        .match(/^server\.(\d+)/gm)
        ?.join(),
      'server.1,server.2,server.3',
    )
  })

  it('asks the first that serves, and removes nothing while one that stays does not serve', async () => {
    const { status, changing, reason } = await run('before', { serving: [1, 2, 3, 4] })
    assert.deepEqual([status, changing], [2, []])
    assert.equal(
      reason,
      `NOT DONE: ${hostOf(0)} does not serve, and the ensemble needs it when 4,5 have left. The next \`up\` continues from here.`,
    )
  })

  it('reports what is left when its time is over, and exits with 2', async () => {
    const refused = await run('before', { refuses: true })
    assert.deepEqual([refused.status, refused.reason.includes('4,5 are still in the ensemble')], [2, true])
    const silent = await run('before', { serving: [] })
    assert.deepEqual([silent.status, silent.reason.includes('no node that stays serves')], [2, true])
    const mute = await run('before', { members: [] })
    assert.deepEqual([mute.status, mute.reason.includes('does not say who is in the ensemble')], [2, true])
  })

  it('afterwards removes one that has joined again, without a wait', async () => {
    const { status, changing, output } = await run('after', { members: [1, 2, 3, 5], serving: [0, 1, 2] })
    assert.deepEqual([status, changing], [0, [removal(0, '5')]])
    assert.doesNotMatch(output, /waits until/)
  })

  it('changes nothing where the stack says so, loudly', async () => {
    const { status, changing, output } = await run(
      'before',
      {},
      { platform: { skipCheck: ['zookeeper.replicas=5>3'] } },
    )
    assert.deepEqual([status, changing], [0, []])
    assert.match(output, /^NOT REMOVED from the ensemble, as the stack says \(platform\.skipCheck\)$/m)
  })
})
