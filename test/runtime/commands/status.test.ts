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

describe('the advice of status', () => {
  it('has code, reason, place, time and commands, and what was advised before', () => {
    const queue = { ok: false, reason: 'refused' } as const
    const config = loadConfig({ CONSOLE_INSTANCES: WORKER, PULSAR_API: 'http://pulsar:8080' })
    const state = stateOf(pastOf(observation(0, { queue })), config)
    const [advice] = state.advice
    assert.ok(advice)
    const before = { code: 'disk_fills', severity: 'act', title: 'A disk is too full', where: 'node es-0' } as const
    const told = { ...advice, reason: 'because', commands: ['npm run cli -- backlog'] }
    const pastAdvice = Array.from({ length: 6 }, () => ({ ...before, fromMs: 0, untilMs: 60_000 }))
    const lines = statusLines({ ...state, advice: [told], pastAdvice })
    assert.match(lines[0] ?? '', /^ACT NOW \[pulsar_admin_away\]: The admin API of Pulsar does not answer\. /)
    assert.deepEqual(lines.slice(1, 7), [
      '  where: http://pulsar:8080, since 2026-11-22T12:00:00.000Z',
      '  last reason: because',
      '  $ npm run cli -- backlog',
      '',
      'Before:',
      '  1970-01-01T00:00:00.000Z to 1970-01-01T00:01:00.000Z [disk_fills]: A disk is too full',
    ])
    assert.equal(lines.filter((line) => line.includes('disk_fills')).length, 5)
    const { reason: _, ...silent } = advice
    assert.ok(!statusLines({ ...state, advice: [silent] }).some((line) => line.includes('last reason')))
  })
})
