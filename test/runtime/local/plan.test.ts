import assert from 'node:assert/strict'
import { makePlan } from '../../../runtime/local/plan.ts'

describe('makePlan', () => {
  it('starts both servers when the environment names none', () => {
    const { starts, config } = makePlan({}, 1000)
    assert.deepEqual(starts, { pulsar: true, elasticsearch: true })
    assert.equal(config.elasticHost, 'http://127.0.0.1:9200')
  })

  it('uses the servers that the environment names', () => {
    const { starts, config } = makePlan({ PULSAR_API: 'http://p:8080', ELASTIC_HOST: 'http://e:9200' }, 1000)
    assert.deepEqual(starts, { pulsar: false, elasticsearch: false })
    assert.equal(config.pulsarApi, 'http://p:8080')
  })

  it('moves a server that it starts to the port given', () => {
    const { config } = makePlan({ TRACARDI_PULSAR_API_PORT: '8081', TRACARDI_ELASTIC_PORT: '9201' }, 1000)
    assert.equal(config.pulsarApi, 'http://127.0.0.1:8081')
    assert.equal(config.elasticHost, 'http://127.0.0.1:9201')
  })

  it('refuses a port that is none, with the value and what is allowed', () => {
    assert.throws(() => makePlan({ TRACARDI_PULSAR_PORT: 'x', TRACARDI_ELASTIC_PORT: '0' }, 1000), {
      code: 'local_run',
      message:
        'TRACARDI_PULSAR_PORT is "x"; allowed: a whole number from 1 to 65535\n' +
        'TRACARDI_ELASTIC_PORT is "0"; allowed: a whole number from 1 to 65535',
    })
  })

  it('refuses what the programs would refuse, before anything is started', () => {
    assert.throws(() => makePlan({ BULK_SIZE: '0' }, 1000), { code: 'config_invalid' })
  })
})
