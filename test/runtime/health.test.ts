import assert from 'node:assert/strict'
import { Health } from '../../runtime/health.ts'

describe('Health', () => {
  let reasons: Record<string, string | undefined>
  let health: Health
  beforeEach(() => {
    reasons = {}
    health = new Health(['pulsar', 'elasticsearch'].map((name) => ({ name, check: async () => reasons[name] })))
  })

  it('is starting until every dependency was reached', async () => {
    reasons['pulsar'] = 'no connection'
    assert.deepEqual(await health.readiness(), {
      status: 'starting',
      dependencies: { pulsar: { ok: false, reason: 'no connection' }, elasticsearch: { ok: true } },
    })
  })

  it('is ready when everything is reached', async () => {
    assert.deepEqual(await health.readiness(), {
      status: 'ready',
      dependencies: { pulsar: { ok: true }, elasticsearch: { ok: true } },
    })
  })

  it('is degraded when something went away after that, and ready again when it is back', async () => {
    await health.readiness()
    reasons['elasticsearch'] = 'red'
    assert.deepEqual(await health.readiness(), {
      status: 'degraded',
      dependencies: { pulsar: { ok: true }, elasticsearch: { ok: false, reason: 'red' } },
    })
    delete reasons['elasticsearch']
    assert.equal((await health.readiness()).status, 'ready')
  })

  it('becomes ready without what is advisory, and is degraded then', async () => {
    const fault = async () => 'no alias'
    health = new Health([{ name: 'indices', isAdvisory: true, check: fault }])
    assert.deepEqual(await health.readiness(), {
      status: 'degraded',
      dependencies: { indices: { ok: false, reason: 'no alias' } },
    })
  })

  it('is stopping from then on, whatever is reached', async () => {
    await health.readiness()
    health.stopping()
    assert.equal((await health.readiness()).status, 'stopping')
  })

  it('takes a check that fails for a dependency that is down', async () => {
    const broken = new Health([{ name: 'pulsar', check: () => Promise.reject(new Error('out of luck')) }])
    assert.deepEqual(await broken.readiness(), {
      status: 'starting',
      dependencies: { pulsar: { ok: false, reason: 'out of luck' } },
    })
  })
})
