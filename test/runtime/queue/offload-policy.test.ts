import assert from 'node:assert/strict'
import { loadConfig } from '../../../runtime/config.ts'
import { AppError } from '../../../runtime/errors.ts'
import { topicSetUpOf } from '../../../runtime/names.ts'
import type { PulsarAdmin } from '../../../runtime/queue/admin.ts'
import type { OffloadLimits } from '../../../runtime/queue/admin-policies.ts'
import { ensureOffload } from '../../../runtime/queue/offload-policy.ts'
import { sentencesOf } from '../../support/sentences.ts'

const GIB = 1024 ** 3
const NONE: OffloadLimits = { afterSeconds: -1, afterBytes: -1, deletionLagMs: 14_400_000 }
const WANTED: OffloadLimits = { afterSeconds: 3600, afterBytes: -1, deletionLagMs: 14_400_000 }

interface Start {
  readonly driver?: string
  readonly namespace?: OffloadLimits
  /** A policy of the topic itself, which wins. */
  readonly topic?: OffloadLimits
  readonly refusal?: Error
}

describe('the offload that set-up makes', () => {
  const says = sentencesOf('set-up, offload')

  /** With two partitions of three ledgers each, of which the first one is in the store. */
  async function ensured(start: Start, settings: Readonly<Record<string, string>> = {}) {
    let { namespace = NONE } = start
    const set: OffloadLimits[] = []
    const admin = {
      appliedOffload: async () => ({ driver: start.driver ?? 'aws-s3', ...(start.topic ?? namespace) }),
      setOffload: async (name: string, limits: OffloadLimits) => {
        assert.equal(name, 'tracardi/system')
        if (start.refusal) throw start.refusal
        set.push(limits)
        namespace = limits
      },
      keptLedgers: async () => ({
        ledgers: [
          { id: 1, entries: 5, offloaded: true },
          { id: 2, entries: 5 },
          { id: 3, entries: 0 },
        ],
        last: { ledger: 3, entry: -1 },
      }),
    } as unknown as PulsarAdmin
    const topics = topicSetUpOf(loadConfig({ PULSAR_OFFLOAD: 'yes', ...settings }))
    const { state, detail = '' } = await ensureOffload(admin, topics, topics.offload ?? assert.fail('no offload'), 2)
    says([detail])
    return { state, set }
  }

  it('is the configured one, and is left alone the next time', async () => {
    assert.deepEqual(await ensured({}), { state: 'updated', set: [WANTED] })
    assert.deepEqual(await ensured({ namespace: WANTED }), { state: 'exists', set: [] })
  })

  it('goes by age, by the size of a partition, by both, or moves nothing more', async () => {
    const settings = (minutes: number, gib: number) => ({
      PULSAR_OFFLOAD_AFTER_MINUTES: String(minutes),
      PULSAR_OFFLOAD_AFTER_GIB: String(gib),
      PULSAR_OFFLOAD_DELETION_LAG_MINUTES: '30',
    })
    const lag = { deletionLagMs: 1_800_000 }
    const limits = (afterSeconds: number, afterBytes: number) => [{ afterSeconds, afterBytes, ...lag }]
    assert.deepEqual((await ensured({}, settings(0, 3))).set, limits(-1, 3 * GIB))
    assert.deepEqual((await ensured({}, settings(5, 3))).set, limits(300, 3 * GIB))
    assert.deepEqual((await ensured({ namespace: WANTED }, settings(0, 0))).set, limits(-1, -1))
  })

  it('is reported as another one where a policy of the topic holds, or Pulsar refuses', async () => {
    assert.deepEqual(await ensured({ topic: NONE }), { state: 'differs', set: [WANTED] })
    const refusal = new AppError('queue_admin', 'Pulsar answered 412')
    assert.deepEqual(await ensured({ refusal }), { state: 'differs', set: [] })
  }).timeout(10_000)

  it('sets nothing where the brokers have no offloader', async () => {
    assert.deepEqual(await ensured({ driver: '' }), { state: 'differs', set: [] })
  })

  it('ends set-up on a fault that is none of Pulsar', async () => {
    await assert.rejects(ensured({ refusal: new TypeError('bug') }), TypeError)
  })

  it('is not touched where the configuration says nothing of it', () => {
    assert.equal(topicSetUpOf(loadConfig({})).offload, undefined)
  })
})
