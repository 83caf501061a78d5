import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { operatorApi } from '../../../runtime/commands/operator.ts'
import { statusLines } from '../../../runtime/commands/status.ts'
import { loadConfig } from '../../../runtime/config.ts'
import { stateOf } from '../../../runtime/console/console.ts'
import type { AppError } from '../../../runtime/errors.ts'
import { answers, observation, partitions, pastOf, reading, WORKER } from '../console/observations.ts'

describe('status', () => {
  it('says what to do, what happens now, and what became of the events, by source', () => {
    const seen = (accepted: number, stored: number) => ({
      instances: [
        answers(
          'http://api:8686',
          reading('api', {
            counters: {
              'tracardi_api_events_total{outcome="accepted"}': accepted,
              'tracardi_api_source_events_total{source="shop",outcome="accepted"}': accepted,
            },
          }),
        ),
        answers(WORKER, reading('worker', { counters: { 'tracardi_worker_events_total{outcome="stored"}': stored } })),
      ],
      queue: partitions(0),
    })
    const past = pastOf(observation(0, seen(100, 100)), observation(10, seen(120, 115)))
    const lines = statusLines(stateOf(past, loadConfig({ CONSOLE_INSTANCES: WORKER })))
    assert.deepEqual(lines.slice(0, -1), [
      'Nothing to do.',
      '',
      'Now: 2/s in, 1.5/s stored, backlog 0 messages.',
      'Since 2026-11-22T12:00:00.000Z: 20 in = 15 stored + 5 waiting.',
      '',
    ])
    assert.match(lines.at(-1) ?? '', /^source +in .*\nshop +20 +20 +0 +0 +0 +0 +0$/)
  })
})

describe('the API that a command asks', () => {
  const config = { privatePort: 8686, privateToken: 'secret' }

  it('is the one that is named, that of the run, or the one of this machine', () => {
    const run = { publicUrl: 'http://127.0.0.1:1', instances: ['http://127.0.0.1:2', 'http://127.0.0.1:3'] }
    assert.equal(operatorApi(config, 'http://api:8686/', run).url, 'http://api:8686')
    assert.equal(operatorApi(config, undefined, run).url, 'http://127.0.0.1:2')
    assert.equal(operatorApi(config, undefined, undefined).url, 'http://127.0.0.1:8686')
  })

  it('is refused when its address is not a URL', () => {
    assert.throws(() => operatorApi(config, 'api', undefined), {
      code: 'command_invalid',
      message: /"api"; allowed: a URL/,
    })
  })

  it('is called with the token, and its refusals are passed on', async () => {
    const server = createServer((request, response) => {
      const isSignedIn = request.headers.authorization === 'Bearer secret'
      response.writeHead(isSignedIn ? 200 : 401).end(isSignedIn ? '{"a":1}' : '{"detail":"who are you"}')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      assert.deepEqual(await operatorApi(config, url, undefined).get('/x'), { a: 1 })
      const stranger = operatorApi({ ...config, privateToken: '' }, url, undefined)
      await assert.rejects(
        stranger.get('/x'),
        (error: AppError) => error.message === `${url} answered 401: who are you`,
      )
    } finally {
      server.close()
    }
    await assert.rejects(operatorApi(config, url, undefined).get('/x'), { code: 'command_invalid' })
  })
})
