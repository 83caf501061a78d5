import assert from 'node:assert/strict'
import type { SearchState, ShardCopy } from '../../../runtime/drain/data-nodes.ts'
import { afterReplicas, beforeReplicas } from '../../../runtime/drain/job.ts'
import type { Claim, Kubernetes } from '../../../runtime/drain/kubernetes.ts'
import type { DrainPlan, PlannedSet } from '../../../runtime/drain/plan.ts'
import type { DrainRun } from '../../../runtime/drain/repeat.ts'
import type { SearchCluster, Votes } from '../../../runtime/drain/search-cluster.ts'
import { AppError } from '../../../runtime/errors.ts'
import { FakeClock } from '../../support/fake-clock.ts'

/** A clock that does not wait. */
class HastyClock extends FakeClock {
  override async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.advance(ms)
  }
}

class Pods implements Kubernetes {
  readonly log: string[] = []
  counts: Record<string, number | undefined> = {}
  all: Claim[] = []
  running = ['data']
  faults = 0
  readonly present = async (set: string) => {
    if (this.faults-- > 0) throw new AppError('cluster_unreachable', 'the API server is down')
    return this.counts[set]
  }
  readonly setsWithPods = async (selector: string) => (selector === 'app=data' ? this.running : assert.fail())
  readonly claims = async () => this.all
  readonly markDrained = async (name: string, at: string) => {
    this.log.push(`mark ${name} ${at}`)
  }
  readonly deleteClaim = async (name: string) => {
    this.log.push(`delete ${name}`)
    this.all = this.all.filter((claim) => claim.name !== name)
  }
  readonly markFounded = async (set: string, cluster: string) => {
    this.log.push(`${set} founded ${cluster}`)
  }
}

class Nodes implements SearchCluster {
  names: readonly string[] = []
  /** What the nodes hold, each time that it is asked. */
  states: (readonly ShardCopy[])[] = []
  readonly state = async (): Promise<SearchState> => {
    const copies = (this.states.length > 1 ? this.states.shift() : this.states[0]) ?? []
    const node = (name: string) => ({ name, totalBytes: 100, availableBytes: 100 })
    const watermark = { isOn: false, low: '', maxHeadroom: '' }
    return { copies, nodes: ['data-0', 'data-1', 'data-2'].map(node), watermark, expanding: new Set<string>() }
  }
  readonly excluded = async () => this.names
  readonly exclude = async (names: readonly string[]) => {
    this.names = names
  }
  readonly whyStays = async ({ index }: ShardCopy) => `${index} has its reasons`
  voters: Votes = { masters: [], elected: undefined, voting: [], excluded: [] }
  /** As Elasticsearch does: the votes go, and with them the office. */
  readonly takeVotes = async (nodes: readonly string[]) => {
    const { masters, voting, excluded } = this.voters
    const left = voting.filter((name) => !nodes.includes(name))
    this.voters = { masters, elected: left[0], voting: left, excluded: [...new Set([...excluded, ...nodes])] }
  }
  readonly votes = async () => this.voters
  readonly giveVotes = async (excluded: readonly string[]) => {
    this.voters = { ...this.voters, excluded }
  }
  uuid: string | undefined = 'abc'
  readonly founded = async () => this.uuid
  alone: readonly string[] = []
  readonly closed = async () => this.alone
}

function copy(node: string, changes: Partial<ShardCopy> = {}): ShardCopy {
  return { index: 'events', shard: 0, isPrimary: true, state: 'STARTED', node, bytes: 2, ...changes }
}

function planFor(
  replicas: number,
  changes: Partial<PlannedSet> = {},
  volumes: DrainPlan['volumes'] = 'keep',
): DrainPlan {
  const set = { name: 'data', tier: 'data', replicas, claims: ['data'], votes: false, unchecked: false, ...changes }
  return { namespace: 'tracardi', volumes, selector: 'app=data', gone: ['lost'], sets: [set] }
}

describe('the Job of a drain', () => {
  let kubernetes: Pods
  let search: Nodes
  let lines: string[]
  let run: DrainRun
  beforeEach(() => {
    kubernetes = new Pods()
    search = new Nodes()
    lines = []
    const signal = new AbortController().signal
    run = { clock: new HastyClock(), signal, endMs: 60_000, say: (line) => lines.push(line) }
  })

  it('asks no server where the sets do not exist yet, or keep what they have', async () => {
    const noServer = { state: () => assert.fail(), excluded: () => assert.fail() } as unknown as SearchCluster
    for (const present of [undefined, 1, 2]) {
      kubernetes.counts = { data: present }
      assert.equal(await beforeReplicas({ kubernetes, search: noServer }, planFor(2), run), undefined)
    }
    assert.deepEqual(lines, ['no server leaves', 'no server leaves', 'no server leaves'])
  })

  it('excludes the nodes that leave besides those of others, and waits until they hold no shard', async () => {
    kubernetes.counts = { data: 3 }
    search.names = ['foreign']
    const moving = copy('data-2', { state: 'RELOCATING' })
    search.states = [[moving], [moving], [moving], [moving, copy('data-2', { shard: 1, bytes: 3 })], [copy('data-0')]]
    assert.equal(await beforeReplicas({ kubernetes, search }, planFor(2), run), undefined)
    assert.deepEqual(search.names, ['foreign', 'data-2'])
    assert.deepEqual(lines, [
      '1 shard with 2 B left',
      '2 shards with 5 B left',
      'data-2: no shard is left, and a copy of every shard serves elsewhere',
    ])
  })

  it('is not done while an index is red: its data may be on a node that leaves', async () => {
    kubernetes.counts = { data: 3 }
    search.states = [[copy('data-0', { state: 'UNASSIGNED' })]]
    assert.equal(
      await beforeReplicas({ kubernetes, search }, planFor(2), run),
      'data-2: no copy of a shard serves in events: its data may be on a node that leaves, so bring back the node that has it',
    )
    search.states = [[copy('data-0', { state: 'UNASSIGNED' }), copy('data-2', { shard: 1 })]]
    assert.match(
      (await beforeReplicas({ kubernetes, search }, planFor(2), run)) ?? '',
      /^data-2: 1 shard with 2 B left; no copy/,
    )
  })

  it('reports in the words of Elasticsearch why a shard does not move, when its time is over', async () => {
    kubernetes.counts = { data: 3 }
    search.states = [[copy('data-2')]]
    assert.equal(
      await beforeReplicas({ kubernetes, search }, planFor(2), run),
      'data-2: 1 shard with 2 B left; events does not move: events has its reasons',
    )
    assert.equal(run.clock.nowMs(), 60_000)
  })

  it('excludes nothing while there is an obstacle', async () => {
    kubernetes.counts = { data: 3 }
    search.states = [['data-0', 'data-1', 'data-2'].map((node, at) => copy(node, { isPrimary: at === 0 }))]
    assert.match((await beforeReplicas({ kubernetes, search }, planFor(2), run)) ?? '', /^data-2: events has 3 copies/)
    assert.deepEqual(search.names, [])
  })

  it('tries again when a server does not answer, and ends when the signal aborts', async () => {
    kubernetes.counts = { data: 2 }
    kubernetes.faults = 2
    assert.equal(await beforeReplicas({ kubernetes, search }, planFor(2), run), undefined)
    assert.deepEqual(lines, ['the API server is down', 'no server leaves'])
    kubernetes.faults = 2
    const aborted = { ...run, signal: AbortSignal.abort() }
    assert.equal(await beforeReplicas({ kubernetes, search }, planFor(2), aborted), 'the API server is down')
  })

  it('says loudly that a set is not checked, and drains nothing of it', async () => {
    kubernetes.counts = { data: 3 }
    assert.equal(await beforeReplicas({ kubernetes, search }, planFor(2, { unchecked: true }), run), undefined)
    assert.match(lines[0] ?? '', /^NOT CHECKED, as the stack says \(platform.skipCheck\): data goes from 3 to 2\./)
    assert.deepEqual(search.names, [])
  })

  it('stops where a set that the stack no longer has still has pods, unless it was given up', async () => {
    kubernetes.counts = { data: 2 }
    kubernetes.running = ['data', 'lost']
    assert.equal(await beforeReplicas({ kubernetes, search }, planFor(2), run), undefined)
    kubernetes.running = ['data', 'lost', 'data-b', 'data-c']
    assert.equal(
      await beforeReplicas({ kubernetes, search }, planFor(2), run),
      'the stack no longer has data-b, data-c, and there are pods of it: state the set again, with 0 servers, until it is empty',
    )
    assert.equal(run.clock.nowMs(), 0)
  })

  it('gives a server that comes a new volume instead of what a drained one left behind', async () => {
    kubernetes.counts = { data: 2 }
    kubernetes.all = [
      { name: 'data-data-2', isDrained: true },
      { name: 'data-data-3', isDrained: false },
    ]
    assert.equal(await beforeReplicas({ kubernetes, search }, planFor(4), run), undefined)
    assert.deepEqual(kubernetes.log, ['delete data-data-2'])
  })

  it('waits for a volume that a pod still uses, and does not continue without it', async () => {
    kubernetes.counts = { data: 2 }
    kubernetes.all = [{ name: 'data-data-2', isDrained: true }]
    const stays = Object.assign(Object.create(kubernetes), { deleteClaim: async () => undefined }) as Kubernetes
    assert.match((await beforeReplicas({ kubernetes: stays, search }, planFor(3), run)) ?? '', /: data-data-2$/)
  })

  it('afterwards ends the exclusion, and marks the volumes of those that are gone once', async () => {
    kubernetes.counts = { data: 2 }
    kubernetes.all = [
      { name: 'data-data-1', isDrained: false },
      { name: 'data-data-2', isDrained: false },
      { name: 'data-data-3', isDrained: true },
    ]
    search.names = ['foreign', 'data-2', 'data-1']
    assert.equal(await afterReplicas({ kubernetes, search }, planFor(2), run), undefined)
    assert.deepEqual(search.names, ['foreign'])
    assert.deepEqual(kubernetes.log, [`mark data-data-2 ${new Date(run.clock.wallMs()).toISOString()}`])
    assert.deepEqual(lines, ['2 volumes kept, with nothing in it that anybody needs: data-data-2, data-data-3'])
  })

  it('afterwards deletes those volumes where the stack says so', async () => {
    kubernetes.counts = { data: 2 }
    kubernetes.all = [{ name: 'data-data-2', isDrained: true }]
    assert.equal(await afterReplicas({ kubernetes }, planFor(2, {}, 'delete'), run), undefined)
    assert.deepEqual(kubernetes.log, ['delete data-data-2'])
    assert.deepEqual(lines, ['1 volume deleted: data-data-2'])
  })

  it('afterwards waits until the pods are gone, and touches no volume before', async () => {
    kubernetes.counts = { data: 3 }
    kubernetes.all = [{ name: 'data-data-2', isDrained: false }]
    assert.equal(await afterReplicas({ kubernetes, search }, planFor(2), run), 'still there: data-2')
    assert.deepEqual(kubernetes.log, [])
  })

  it('afterwards keeps the volumes as they are while Elasticsearch cannot be asked', async () => {
    kubernetes.counts = { data: 2 }
    kubernetes.all = [{ name: 'data-data-2', isDrained: false }]
    const away = Object.assign(search, { excluded: async () => Promise.reject(new Error('no answer')) })
    assert.equal(await afterReplicas({ kubernetes, search: away }, planFor(2), run), 'no answer')
    assert.deepEqual(kubernetes.log, [])
  })

  const MASTERS = ['masters-0', 'masters-1', 'masters-2']
  const mastersFor = (replicas: number): DrainPlan => ({
    ...planFor(replicas, { name: 'masters', votes: true }),
    gone: ['data'],
  })
  const three = (changes: Partial<Votes> = {}): Votes => ({
    masters: MASTERS,
    elected: 'masters-2',
    voting: MASTERS,
    excluded: ['foreign'],
    ...changes,
  })

  it('takes the votes of the masters that leave, and ends when the others elect without them', async () => {
    kubernetes.counts = { masters: 3 }
    search.voters = three()
    assert.equal(await beforeReplicas({ kubernetes, search }, mastersFor(1), run), undefined)
    assert.deepEqual(search.voters, {
      masters: MASTERS,
      elected: 'masters-0',
      voting: ['masters-0'],
      excluded: ['foreign', 'masters-1', 'masters-2'],
    })
    const again = Object.assign(search, { takeVotes: () => assert.fail() })
    assert.equal(await beforeReplicas({ kubernetes, search: again }, mastersFor(1), run), undefined)
  })

  it('takes no vote while a master that stays, or that has a vote, is not in the cluster', async () => {
    kubernetes.counts = { masters: 3 }
    const away = async (changes: Partial<Votes>) => {
      search.voters = three(changes)
      const left = await beforeReplicas({ kubernetes, search }, mastersFor(1), { ...run, endMs: 0 })
      assert.deepEqual(search.voters.excluded, ['foreign'])
      return left
    }
    const left = 'masters-1, masters-2: no vote is taken while these are not in the cluster:'
    const one = { masters: ['masters-1', 'masters-2'], voting: ['id-0', 'masters-1', 'masters-2'] }
    assert.equal(await away(one), `${left} masters-0`)
    const two = { masters: ['masters-0', 'masters-1'], voting: ['masters-0', 'masters-1', 'id-2'] }
    assert.equal(await away(two), `${left} masters-2`)
    assert.equal(await away({ voting: [...MASTERS, 'id-of-another'] }), `${left} id-of-another`)
  })

  it('takes the votes of others when one that leaves has none, and is down', async () => {
    kubernetes.counts = { masters: 3 }
    search.voters = three({ masters: ['masters-0', 'masters-1'], voting: ['masters-0', 'masters-1'] })
    assert.equal(await beforeReplicas({ kubernetes, search }, mastersFor(1), run), undefined)
    assert.deepEqual(search.voters.voting, ['masters-0'])
  })

  it('is not done while a master that leaves has a vote or the office', async () => {
    kubernetes.counts = { masters: 3 }
    const excluded = ['masters-1', 'masters-2']
    const left = (changes: Partial<Votes>) => {
      search.voters = three({ excluded, ...changes })
      return beforeReplicas({ kubernetes, search }, mastersFor(1), { ...run, endMs: 0 })
    }
    assert.equal(
      await left({ voting: ['masters-0', 'masters-2'] }),
      'a master that does not stay still has a vote: masters-2',
    )
    for (const elected of ['masters-2', undefined])
      assert.equal(await left({ voting: ['masters-0'], elected }), 'none of the masters that stay is elected')
  })

  it('afterwards gives votes again when they are gone, besides those that others have excluded', async () => {
    kubernetes.counts = { masters: 1 }
    const excluded = ['foreign', 'masters-1', 'masters-2']
    search.voters = three({ masters: ['masters-0', 'masters-1'], excluded })
    assert.equal(
      await afterReplicas({ kubernetes, search }, mastersFor(1), { ...run, endMs: 0 }),
      'still in the cluster: masters-1',
    )
    search.voters = three({ masters: ['masters-0'], excluded })
    assert.equal(await afterReplicas({ kubernetes, search }, mastersFor(1), run), undefined)
    assert.deepEqual(search.voters.excluded, ['foreign'])
  })

  it('afterwards gives votes to masters that stay after all', async () => {
    kubernetes.counts = { masters: 3 }
    search.voters = three({ excluded: ['masters-1', 'masters-2'] })
    assert.equal(await afterReplicas({ kubernetes, search }, mastersFor(3), run), undefined)
    assert.deepEqual(search.voters.excluded, [])
  })

  it('marks the cluster as founded before masters come, and after the first ones came', async () => {
    kubernetes.counts = { masters: 1 }
    assert.equal(await beforeReplicas({ kubernetes, search }, mastersFor(3), run), undefined)
    assert.deepEqual(kubernetes.log.splice(0), ['masters founded abc'])
    assert.equal(await afterReplicas({ kubernetes, search }, mastersFor(1), run), undefined)
    assert.deepEqual(kubernetes.log.splice(0), ['masters founded abc'])
    kubernetes.counts = {}
    assert.equal(await beforeReplicas({ kubernetes, search }, mastersFor(3), run), undefined)
    assert.deepEqual(kubernetes.log, [])
  })

  it('lets no node come to one that lets none join, and does not wait for it', async () => {
    kubernetes.counts = { masters: 1 }
    search.alone = ['masters-0']
    assert.equal(
      await beforeReplicas({ kubernetes, search }, mastersFor(3), run),
      'masters-0 runs with the settings of an older release, and lets no other node join: state the old numbers in an `up` of its own, then let masters-1, masters-2 come',
    )
    assert.deepEqual([kubernetes.log, lines], [[], []])
    assert.equal(await beforeReplicas({ kubernetes, search }, mastersFor(1), run), undefined)
    const away = Object.assign(search, { closed: async () => Promise.reject(new Error('no answer')) })
    assert.equal(await beforeReplicas({ kubernetes, search: away }, mastersFor(3), run), 'no answer')
  })

  it('lets no master come to a cluster that was never founded', async () => {
    kubernetes.counts = { masters: 1 }
    search.uuid = undefined
    const left = 'masters: no master was ever elected; state the old number of masters until one is'
    assert.equal(await beforeReplicas({ kubernetes, search }, mastersFor(3), run), left)
    assert.equal(await afterReplicas({ kubernetes, search }, mastersFor(1), { ...run, endMs: 0 }), left)
  })

  it('takes no volume of masters that are gone for drained while they may vote', async () => {
    kubernetes.counts = { data: 3, masters: 1 }
    const away = Object.assign(search, { votes: async () => Promise.reject(new Error('no answer')) })
    assert.equal(await afterReplicas({ kubernetes, search: away }, mastersFor(1), run), 'no answer')
    assert.deepEqual(kubernetes.log, [])
  })
})
