import assert from 'node:assert/strict'
import { statusLines } from '../../../runtime/commands/status.ts'
import { loadConfig } from '../../../runtime/config.ts'
import { stateOf } from '../../../runtime/console/console.ts'
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
