import assert from 'node:assert/strict'
import { AppError } from '../../../runtime/errors.ts'
import type { Kubernetes, LeaseState } from '../../../runtime/rollout/kubernetes.ts'
import { Lock } from '../../../runtime/rollout/lock.ts'
import type { PodState, SetState } from '../../../runtime/rollout/next-step.ts'
import { rollOut } from '../../../runtime/rollout/roll-out.ts'
import { GO, goWith, type Outlook, refuse, type Servers, type Verdict, wait } from '../../../runtime/rollout/verdict.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const NEW = 'new'

/** A cluster whose controller makes a pod again as soon as it is gone. */
class FakeCluster implements Kubernetes {
  sets: SetState[] = []
  pods: PodState[] = []
  evicted: string[] = []
  budget = true
  held: LeaseState = { holder: '', renewed: '', version: '1' }
  /** Called before each look. */
  onLook: (count: number) => void = () => undefined
  fault: Error | undefined
  looks = 0

  add(set: string, revisions: readonly string[], change: Partial<SetState> = {}): this {
    this.sets.push({ name: set, replicas: revisions.length, isObserved: true, revision: NEW, ...change })
    for (const [ordinal, revision] of revisions.entries()) this.pods.push(pod(set, ordinal, revision))
    return this
  }

  change(name: string, change: Partial<PodState>): void {
    this.pods = this.pods.map((one) => (one.name === name ? { ...one, ...change } : one))
  }

  async state() {
    this.looks += 1
    this.onLook(this.looks)
    if (this.fault) throw this.fault
    return { sets: this.sets, pods: this.pods }
  }

  async evict({ name }: Pick<PodState, 'name' | 'uid'>): Promise<boolean> {
    if (!this.budget) return false
    this.evicted.push(name)
    this.change(name, { revision: NEW, uid: `${name} again`, isReady: true })
    return true
  }

  async lease() {
    return this.held
  }

  async writeLease(_name: string, { holder, renewed, version }: LeaseState): Promise<boolean> {
    if (version !== this.held.version) return false
    this.held = { holder, renewed, version: `${Number(version) + 1}` }
    return true
  }

  async close() {}
}

function pod(set: string, ordinal: number, revision: string): PodState {
  const name = `${set}-${ordinal}`
  return { name, set, ordinal, uid: name, revision, isReady: true, isGoing: false }
}

class FakeServers implements Servers {
  calls: string[] = []
  leader = ''
  verdict: (pod: string) => Verdict = () => GO
  end: () => Verdict = () => GO
  fault: Error | undefined

  async look(pods: readonly string[]): Promise<Outlook> {
    if (this.fault) throw this.fault
    this.calls.push(`look at ${pods.join(' ')}`)
    return { mayTake: (pod) => this.verdict(pod), leads: (pod) => pod === this.leader, recovered: () => this.end() }
  }
  async prepare() {
    this.calls.push('prepare')
  }
  async restore() {
    this.calls.push('restore')
  }
  async close() {}
}

/** Runs a rollout in a time that passes whenever it sleeps. */
async function run(cluster: FakeCluster, servers = new FakeServers()) {
  const clock = new FakeClock()
  clock.sleep = async (ms) => clock.advance(ms)
  const said: string[] = []
  const args = {
    ...{
      kubernetes: cluster,
      servers,
      lock: new Lock(cluster, 'lease', 'me', clock),
      sets: cluster.sets.map(({ name }) => name),
    },
    ...{ waitMs: 600_000, clock, signal: new AbortController().signal },
    say: (text: string) => said.push(text),
  }
  const end = await rollOut(args).then(
    (taken) => ({ taken }),
    (error: AppError) => ({ error: error.message, code: error.code }),
  )
  return { ...end, said, clock }
}

describe('a rollout', () => {
  it('takes the pods that are not up to date, the last of each set first, in the order of the sets', async () => {
    const cluster = new FakeCluster().add('data', ['old', 'new', 'old']).add('master', ['old'])
    const servers = new FakeServers()
    const end = await run(cluster, servers)
    assert.deepEqual('taken' in end && end.taken, ['data-2', 'data-0', 'master-0'])
    assert.deepEqual(end.said, ['data-2 restarts', 'data-0 restarts', 'master-0 restarts'])
    assert.equal(servers.calls[0], 'look at data-0 data-1 data-2 master-0')
    assert.equal(servers.calls.at(-1), 'restore')
    assert.equal(cluster.held.holder, '')
  })

  it('takes the one that leads after the others of its set', async () => {
    const cluster = new FakeCluster().add('master', ['old', 'old', 'old'])
    const servers = new FakeServers()
    servers.leader = 'master-2'
    await run(cluster, servers)
    assert.deepEqual(cluster.evicted, ['master-1', 'master-0', 'master-2'])
  })

  it('takes nothing where all is up to date, and still ends what an earlier one began', async () => {
    const cluster = new FakeCluster().add('data', ['new', 'new'])
    const servers = new FakeServers()
    const end = await run(cluster, servers)
    assert.deepEqual('taken' in end && end.taken, [])
    assert.deepEqual(servers.calls, ['look at data-0 data-1', 'restore'])
  })

  it('continues where an earlier one was killed, whose lock it takes over when nobody renews it', async () => {
    const cluster = new FakeCluster().add('data', ['old', 'new', 'new'])
    cluster.held = { holder: 'killed', renewed: 'then', version: '7' }
    const end = await run(cluster)
    assert.deepEqual(cluster.evicted, ['data-0'])
    assert.equal(end.said[0], 'killed works on it')
    assert.ok(end.clock.nowMs() > 30_000)
  })

  it('waits until a restarted pod is ready again before the next', async () => {
    const cluster = new FakeCluster().add('data', ['old', 'new'])
    cluster.change('data-1', { isReady: false, problem: 'ErrImagePull, no such image' })
    cluster.onLook = (count) => count === 4 && cluster.change('data-1', { isReady: true })
    const { said } = await run(cluster)
    assert.deepEqual(said, [
      'waiting: data-1 is not ready: ErrImagePull, no such image (pod_not_ready)',
      'data-0 restarts',
    ])
  })

  it('waits for a pod that is missing, that goes, and for the controller', async () => {
    const cluster = new FakeCluster().add('data', ['old', 'new'])
    const [first, second] = cluster.pods as [PodState, PodState]
    cluster.sets = cluster.sets.map((set) => ({ ...set, isObserved: false }))
    cluster.onLook = (count) => {
      if (count > 1) cluster.sets = cluster.sets.map((set) => ({ ...set, isObserved: true }))
      if (count === 2) cluster.pods = [first]
      if (count === 3) cluster.pods = [first, { ...second, isGoing: true }]
      if (count === 4) cluster.pods = [first, { ...second, isReady: false }]
      if (count === 5) cluster.pods = [first, second]
    }
    const { said } = await run(cluster)
    assert.deepEqual(said, [
      'waiting: the controller has not seen the change of data (set_not_observed)',
      'waiting: data-1 does not exist yet (pod_not_ready)',
      'waiting: data-1 is being stopped (pod_not_ready)',
      'waiting: data-1 is not ready (pod_not_ready)',
      'data-0 restarts',
    ])
  })

  it('takes a pod first that is broken by an earlier change', async () => {
    const cluster = new FakeCluster().add('data', ['old', 'broken', 'old'])
    cluster.change('data-1', { isReady: false })
    await run(cluster)
    assert.deepEqual(cluster.evicted, ['data-1', 'data-2', 'data-0'])
  })

  it('says once what a gate waits for, and stops with it in the end', async () => {
    const cluster = new FakeCluster().add('data', ['old'])
    const servers = new FakeServers()
    let left = 400
    servers.verdict = () => {
      left -= 1
      return wait('shards_moving', `${left} shards move`)
    }
    assert.deepEqual(await run(cluster, servers).then(({ clock: _, ...end }) => end), {
      code: 'roll_out_stopped',
      error: 'stopped before the next pod: data-0: 99 shards move (shards_moving), for 10 minutes',
      said: ['waiting: data-0: 399 shards move (shards_moving)'],
    })
    assert.deepEqual([cluster.evicted, servers.calls.at(-1), cluster.held.holder], [[], 'restore', ''])
  })

  it('stops immediately where a gate refuses', async () => {
    const cluster = new FakeCluster().add('data', ['old'])
    const servers = new FakeServers()
    servers.verdict = () => refuse('only_copy', 'the only copy of x is on data-0')
    const end = await run(cluster, servers)
    assert.equal(
      'error' in end && end.error,
      'stopped before the next pod: data-0: the only copy of x is on data-0 (only_copy)',
    )
    assert.equal(end.clock.nowMs(), 0)
  })

  it('says what a gate lets go with a warning', async () => {
    const servers = new FakeServers()
    servers.verdict = () => goWith('it is alone')
    const { said } = await run(new FakeCluster().add('data', ['old']), servers)
    assert.deepEqual(said, ['warning: it is alone', 'data-0 restarts'])
  })

  it('waits while a disruption budget forbids it, as a drain does', async () => {
    const cluster = new FakeCluster().add('data', ['old'])
    cluster.budget = false
    cluster.onLook = (count) => {
      cluster.budget = count > 3
    }
    const { said } = await run(cluster)
    assert.deepEqual(said, ['waiting: data-0: a disruption budget forbids it now (budget_spent)', 'data-0 restarts'])
  })

  it('waits at the end until the servers have recovered', async () => {
    const servers = new FakeServers()
    let asked = 0
    servers.end = () => {
      asked += 1
      return asked > 2 ? GO : wait('node_missing', 'not in the cluster: data-0')
    }
    const { said } = await run(new FakeCluster().add('data', ['old']), servers)
    assert.deepEqual(said, ['data-0 restarts', 'waiting: not in the cluster: data-0 (node_missing)'])
  })

  it('waits while nobody answers, and takes a pod of servers that answer nobody only when it is not ready', async () => {
    const servers = new FakeServers()
    servers.fault = new AppError('search_unavailable', 'Elasticsearch does not answer')
    const ready = await run(new FakeCluster().add('data', ['old']), servers)
    assert.match(
      'error' in ready ? ready.error : '',
      /data-0: Elasticsearch does not answer \(server_silent\), for 10 minutes/,
    )
    const cluster = new FakeCluster().add('data', ['broken'])
    cluster.change('data-0', { isReady: false })
    const unready = await run(cluster, servers)
    assert.deepEqual(cluster.evicted, ['data-0'])
    assert.deepEqual(unready.said.slice(0, 3), [
      'waiting: data-0: Elasticsearch does not answer (server_silent)',
      'warning: no server answers, and it is not ready: it is taken without being asked',
      'data-0 restarts',
    ])
  })

  it('waits while the API server does not answer', async () => {
    const cluster = new FakeCluster().add('data', ['old'])
    cluster.onLook = (count) => {
      cluster.fault = count < 3 ? new AppError('cluster_unreachable', 'the API server does not answer') : undefined
    }
    const { said } = await run(cluster)
    assert.deepEqual(said, ['waiting: the API server does not answer (server_silent)', 'data-0 restarts'])
  })

  it('ends on a fault of its own', async () => {
    const cluster = new FakeCluster().add('data', ['old'])
    cluster.fault = new Error('unexpected')
    assert.equal('error' in (await run(cluster)), true)
    const servers = new FakeServers()
    servers.fault = new Error('unexpected')
    const end = await run(new FakeCluster().add('data', ['old']), servers)
    assert.equal('error' in end && end.error, 'unexpected')
  })

  it('stops when another one has taken over, before it takes a pod', async () => {
    const cluster = new FakeCluster().add('data', ['old', 'old'])
    const servers = new FakeServers()
    servers.verdict = () => {
      cluster.held = { holder: 'other', renewed: 'now', version: '99' }
      return GO
    }
    const end = await run(cluster, servers)
    assert.equal('error' in end && end.error, 'other has taken over this rollout')
    assert.deepEqual([cluster.evicted, cluster.held.holder], [[], 'other'])
  })

  it('says what it could not end', async () => {
    const cluster = new FakeCluster().add('data', ['new'])
    const servers = new FakeServers()
    servers.restore = async () => {
      cluster.lease = async () => {
        throw new Error('no answer')
      }
      throw new Error('no settings')
    }
    const { said } = await run(cluster, servers)
    assert.deepEqual(said, ['not restored: no settings', 'the lock is kept: no answer'])
  })
})

describe('the lock of a rollout', () => {
  it('waits as long as its holder renews it', async () => {
    const cluster = new FakeCluster().add('data', ['new'])
    cluster.held = { holder: 'other', renewed: '0', version: '1' }
    let asked = 0
    cluster.lease = async () => {
      asked += 1
      if (asked < 40) cluster.held = { holder: 'other', renewed: `${asked}`, version: `${asked}` }
      if (asked === 40) cluster.held = { holder: '', renewed: '40', version: '40' }
      return cluster.held
    }
    const { said, clock } = await run(cluster)
    assert.deepEqual(said, ['other works on it'])
    assert.equal(clock.nowMs(), 39 * 2000)
  })

  it('is not taken by two at a time', async () => {
    const cluster = new FakeCluster().add('data', ['new'])
    let writes = 0
    const write = cluster.writeLease.bind(cluster)
    cluster.writeLease = async (name, lease) => {
      writes += 1
      return writes > 1 && write(name, lease)
    }
    await run(cluster)
    assert.equal(writes, 3)
  })
})
