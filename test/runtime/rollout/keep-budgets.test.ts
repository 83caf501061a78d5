import assert from 'node:assert/strict'
import { AppError } from '../../../runtime/errors.ts'
import { budgetVerdict } from '../../../runtime/rollout/budget-verdict.ts'
import type { Budgets } from '../../../runtime/rollout/budgets.ts'
import { type ShardCopy, searchOutlook } from '../../../runtime/rollout/elasticsearch-gate.ts'
import { keepBudgets } from '../../../runtime/rollout/keep-budgets.ts'
import type { LeaseState } from '../../../runtime/rollout/kubernetes.ts'
import { GO, goWith, type Outlook, type Servers, type Verdict, wait } from '../../../runtime/rollout/verdict.ts'
import { zookeeperOutlook } from '../../../runtime/rollout/zookeeper-gate.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const COPYING = wait('ledgers_under_replicated', '3 ledgers lack a copy')
const SILENT = new AppError('search_unavailable', 'nobody answers')

const outlook = (mayTake: (pod: string) => Verdict, recovered: Verdict = GO): Outlook => ({
  mayTake,
  leads: () => false,
  recovered: () => recovered,
})
const pods = ['data-0', 'data-1']

describe('the verdict about a disruption budget', () => {
  it('is open when the servers allow each of the pods, also with a warning', () => {
    const verdict = budgetVerdict({ outlook: outlook(() => goWith('the only node')), pods, isRolling: false })
    assert.equal(verdict.kind, 'go')
  })

  it('is closed when one of the pods may not go: a drain may take any of them', () => {
    const one = outlook((pod) => (pod === 'data-1' ? COPYING : GO))
    assert.deepEqual(budgetVerdict({ outlook: one, pods, isRolling: false }), COPYING)
  })

  it('is closed until the servers have recovered, also where a pod that serves nothing may go', () => {
    const facts = new Map(['zookeeper-0', 'zookeeper-1', 'zookeeper-2'].map((pod) => [pod, undefined]))
    const silent = zookeeperOutlook(facts, [...facts.keys()])
    const verdict = budgetVerdict({ outlook: silent, pods: [...facts.keys()], isRolling: false })
    assert.equal(verdict.kind !== 'go' && verdict.code, 'quorum_not_in_step')
  })

  it('is closed while an index has an only copy, and another one that is not assigned', () => {
    const copies: readonly ShardCopy[] = [
      { index: 'tracardi-event', shard: 0, isPrimary: true, state: 'STARTED', node: 'data-0' },
      { index: 'tracardi-event', shard: 0, isPrimary: false, state: 'UNASSIGNED' },
    ]
    const facts = { nodes: pods, dataNodes: pods, elected: 'data-0', copies }
    const found = searchOutlook(facts, { pods, replicas: 1, indexPrefix: 'tracardi' })
    assert.deepEqual(
      budgetVerdict({ outlook: found, pods, isRolling: false }),
      wait('only_copy', 'the only copy of tracardi-event is on data-0; other copies are not assigned'),
    )
  })

  it('is closed when the servers do not answer', () => {
    assert.deepEqual(
      budgetVerdict({ outlook: { silence: 'nobody answers' }, pods, isRolling: false }),
      wait('server_silent', 'nobody answers'),
    )
  })

  it('is never closed during a rollout where the gate of the rollout is open', () => {
    const one = outlook((pod) => (pod === 'data-1' ? COPYING : GO), wait('node_missing', 'data-2'))
    assert.equal(budgetVerdict({ outlook: one, pods, isRolling: true }).kind, 'go')
    assert.equal(budgetVerdict({ outlook: { silence: '' }, pods, isRolling: true }).kind, 'go')
    assert.equal(budgetVerdict({ outlook: one, pods: [], isRolling: true }).kind, 'go')
  })

  it('is closed during a rollout too while no pod may go', () => {
    assert.deepEqual(budgetVerdict({ outlook: outlook(() => COPYING), pods, isRolling: true }), COPYING)
  })
})

class FakeBudgets implements Budgets {
  values: Record<string, number> = { data: 1, master: 1 }
  written: string[] = []
  held: LeaseState = { holder: '', renewed: '', version: '1' }
  fault: Error | undefined

  async lease() {
    return this.held
  }
  async replicas(set: string) {
    if (this.fault) throw this.fault
    return set === 'master' ? 1 : 2
  }
  async maxUnavailable(budget: string) {
    return this.values[budget] as number
  }
  async setMaxUnavailable(budget: string, value: number) {
    this.values[budget] = value
    this.written.push(`${budget}=${value}`)
  }
}

describe('the keeper of budgets', () => {
  let budgets: FakeBudgets
  let clock: FakeClock
  let verdict: (pod: string) => Verdict
  let fault: Error | undefined
  let looks: string[]
  let said: string[]
  let stopping: AbortController
  let running: Promise<void>
  let rounds: number

  const servers: Servers = {
    look: async (all) => {
      looks.push(all.join(' '))
      if (fault) throw fault
      return outlook((pod) => verdict(pod))
    },
    prepare: async () => undefined,
    restore: async () => undefined,
    close: async () => undefined,
  }

  beforeEach(() => {
    budgets = new FakeBudgets()
    clock = new FakeClock()
    verdict = () => GO
    fault = undefined
    looks = []
    said = []
    rounds = 0
    stopping = new AbortController()
  })
  const start = () => {
    running = keepBudgets({
      budgets,
      kept: [
        {
          servers,
          lease: 'roll-out',
          budgets: [
            { name: 'data', sets: ['data-a', 'data-b'] },
            { name: 'master', sets: ['master'] },
          ],
        },
      ],
      clock,
      signal: stopping.signal,
      say: (text) => said.push(text),
      onRound: () => {
        rounds += 1
      },
    })
    return settled()
  }
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
  const nextRound = () => {
    clock.advance(5000)
    return settled()
  }
  const stop = () => {
    stopping.abort()
    return running
  }

  it('asks about the pods of all tiers together, and writes only what changes', async () => {
    await start()
    await nextRound()
    await stop()
    assert.deepEqual(looks, Array(2).fill('data-a-0 data-a-1 data-b-0 data-b-1 master-0'))
    assert.deepEqual(budgets.written, [])
    assert.deepEqual(said, ['data: open', 'master: open'])
    assert.equal(rounds, 2)
  })

  it('closes a tier, says why once, and opens it when the servers have recovered', async () => {
    await start()
    verdict = (pod) => (pod === 'data-b-1' ? COPYING : GO)
    await nextRound()
    verdict = (pod) => (pod === 'data-b-1' ? wait('ledgers_under_replicated', '2 ledgers lack a copy') : GO)
    await nextRound()
    verdict = () => GO
    await nextRound()
    await stop()
    assert.deepEqual(budgets.written, ['data=0', 'data=1'])
    assert.deepEqual(said.slice(2), ['data: closed: 3 ledgers lack a copy (ledgers_under_replicated)', 'data: open'])
  })

  it('corrects what somebody else has written', async () => {
    await start()
    budgets.values['master'] = 0
    await nextRound()
    await stop()
    assert.deepEqual(budgets.written, ['master=1'])
  })

  it('closes all tiers when the servers do not answer', async () => {
    fault = SILENT
    await start()
    await stop()
    assert.deepEqual(budgets.values, { data: 0, master: 0 })
    assert.deepEqual(said[0], 'data: closed: nobody answers (server_silent)')
  })

  it('leaves the decision to a rollout, as long as its Lease is renewed', async () => {
    fault = SILENT
    budgets.held = { holder: 'a roller', renewed: new Date(clock.wallMs()).toISOString(), version: '2' }
    await start()
    assert.deepEqual(budgets.values, { data: 1, master: 1 })
    for (let round = 0; round < 23; round += 1) await nextRound()
    assert.deepEqual(budgets.values, { data: 1, master: 1 })
    await nextRound()
    await stop()
    assert.deepEqual(budgets.values, { data: 0, master: 0 })
  })

  it('leaves the budgets as they are while the API server does not answer, and continues', async () => {
    budgets.values = { data: 0, master: 1 }
    budgets.fault = new AppError('cluster_unreachable', 'no answer')
    await start()
    await nextRound()
    assert.deepEqual(budgets.values, { data: 0, master: 1 })
    assert.deepEqual(said, ['data: stays as it is: no answer', 'master: stays as it is: no answer'])
    budgets.fault = undefined
    await nextRound()
    await stop()
    assert.deepEqual(budgets.values, { data: 1, master: 1 })
  })

  it('ends with an error that it does not know: Kubernetes starts it again', async () => {
    budgets.fault = new TypeError('a defect')
    await assert.rejects(
      start().then(() => running),
      TypeError,
    )
    budgets.fault = undefined
    fault = new TypeError('another one')
    await assert.rejects(
      start().then(() => running),
      TypeError,
    )
    assert.equal(rounds, 0)
  })
})
