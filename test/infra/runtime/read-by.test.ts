import assert from 'node:assert/strict'
import { readBy } from '../../../infra/runtime/environment.ts'
import { type ConfigOf, type ProgramName, READ_BY_ONE, type SharedConfig } from '../../../runtime/config.ts'
import type { startApi } from '../../../runtime/programs/api.ts'
import type { startWorker } from '../../../runtime/programs/worker.ts'

describe('the settings that a program reads', () => {
  it('are all but those that another program alone reads', () => {
    const all = { BULK_CONCURRENCY: '2', API_MAX_EVENTS: '5', ELASTIC_HOST: 'http://e:9200', EVENT_RETENTION_DAYS: '9' }
    assert.deepEqual(readBy('api', all), { API_MAX_EVENTS: '5', ELASTIC_HOST: 'http://e:9200' })
    assert.deepEqual(readBy('worker', all), { BULK_CONCURRENCY: '2', ELASTIC_HOST: 'http://e:9200' })
  })

  it('are each of one program, or of all', () => {
    const keys = Object.values(READ_BY_ONE).flat()
    assert.equal(new Set(keys).size, keys.length)
  })

  // `npm run types` fails when a program, or anything that it calls, reads a setting of another one: it is not given it.
  it('are the only ones that a program is given', () => {
    type Given<P extends ProgramName, C> = Same<keyof C, keyof ConfigOf<P>>
    const api: Given<'api', Parameters<typeof startApi>[0]> = true
    const worker: Given<'worker', Parameters<typeof startWorker>[0]> = true
    const others: Same<Extract<keyof ConfigOf<'api'>, (typeof READ_BY_ONE)['worker' | 'admin'][number]>, never> = true
    const shared: Same<Extract<keyof SharedConfig, (typeof READ_BY_ONE)[ProgramName][number]>, never> = true
    assert.deepEqual([api, worker, others, shared], [true, true, true, true])
  })
})

/** `true` if both types are the same. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
