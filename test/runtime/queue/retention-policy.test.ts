import assert from 'node:assert/strict'
import { loadConfig } from '../../../runtime/config.ts'
import { AppError } from '../../../runtime/errors.ts'
import { type Retention, topicSetUpOf } from '../../../runtime/names.ts'
import type { PulsarAdmin } from '../../../runtime/queue/admin.ts'
import { ensureRetention, type RetentionChange } from '../../../runtime/queue/retention-policy.ts'

const OFF: Retention = { minutes: 0, mib: 0 }
const WANTED: Retention = { minutes: 1440, mib: 1024 }

/** A Pulsar with a policy of the namespace, and of the topic or the broker where there is one. */
async function ensured(
  start: { namespace?: Retention; broker?: Retention; topic?: Retention },
  change: RetentionChange = 'raise',
  refusal?: AppError,
) {
  let { namespace } = start
  const set: Retention[] = []
  const admin = {
    appliedRetention: async () => start.topic ?? namespace ?? start.broker ?? OFF,
    setRetention: async (name: string, retention: Retention) => {
      assert.equal(name, 'tracardi/system')
      if (refusal) throw refusal
      set.push(retention)
      namespace = retention
    },
  } as unknown as PulsarAdmin
  const { state } = await ensureRetention(admin, topicSetUpOf(loadConfig({})), change)
  return { state, set }
}

describe('the retention that set-up makes', () => {
  it('is the configured one where nothing is kept, and is left alone the next time', async () => {
    assert.deepEqual(await ensured({}), { state: 'updated', set: [WANTED] })
    assert.deepEqual(await ensured({ namespace: WANTED }), { state: 'exists', set: [] })
    assert.deepEqual(await ensured({ broker: WANTED }), { state: 'exists', set: [] })
  })

  it('is raised where less is kept', async () => {
    assert.deepEqual(await ensured({ namespace: { minutes: 60, mib: 100 } }), { state: 'updated', set: [WANTED] })
  })

  it('is never shortened, in time or size, whether of the namespace or of the broker', async () => {
    const longer = { minutes: 2000, mib: 2000 }
    assert.deepEqual(await ensured({ namespace: longer }), { state: 'differs', set: [] })
    assert.deepEqual(await ensured({ broker: longer }), { state: 'differs', set: [] })
    assert.deepEqual(await ensured({ namespace: { minutes: -1, mib: -1 } }), { state: 'differs', set: [] })
    assert.deepEqual(await ensured({ namespace: { minutes: 60, mib: 2000 } }), {
      state: 'differs',
      set: [{ minutes: 1440, mib: 2000 }],
    })
    assert.deepEqual(await ensured({ namespace: { minutes: -1, mib: 100 } }), {
      state: 'differs',
      set: [{ minutes: -1, mib: 1024 }],
    })
  })

  it('is shortened where that is asked for', async () => {
    assert.deepEqual(await ensured({ namespace: { minutes: -1, mib: -1 } }, 'lower'), {
      state: 'updated',
      set: [WANTED],
    })
    assert.deepEqual(await ensured({ namespace: WANTED }, 'lower'), { state: 'exists', set: [] })
  })

  it('is reported as another one where a policy of the topic holds, or Pulsar refuses', async () => {
    assert.deepEqual(await ensured({ topic: OFF }), { state: 'differs', set: [WANTED] })
    const refusal = new AppError('queue_admin', 'Pulsar answered 412')
    assert.deepEqual(await ensured({}, 'raise', refusal), { state: 'differs', set: [] })
  }).timeout(10_000)

  it('ends set-up on a fault that is none of Pulsar', async () => {
    await assert.rejects(ensured({}, 'raise', new TypeError('bug') as unknown as AppError), TypeError)
  })
})
