import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DEFAULT_COEFFICIENTS } from '../../../infra/sizing/coefficients.ts'
import { brokenLimits, MOST_NIGHT_HOURS, type Setting } from '../../../infra/sizing/limits.ts'
import { type Load, PERIOD_DAYS, type Shape } from '../../../infra/sizing/load.ts'
import { questionOf, size } from '../../../infra/sizing/model.ts'
import type { Stated } from '../../../infra/sizing/question.ts'
import { sentencesOf } from '../../support/sentences.ts'
import { anyLoad, anyShape, loadOf, PRODUCTION, valuesOf } from './cases.ts'

const CALM: Setting = { expires: true, dedicatedMasters: true, apiScales: false, workersScale: false }
const DAILY: Shape = { ...PRODUCTION, eventPartitioning: 'day' }

interface Given {
  readonly shape?: Shape
  readonly stated?: Stated
  readonly setting?: Partial<Setting>
}

function findingsOf(load: Load, { shape = DAILY, stated = {}, setting = {} }: Given = {}) {
  const derived = size(load, shape, DEFAULT_COEFFICIENTS, stated)
  const question = questionOf(load, shape, DEFAULT_COEFFICIENTS, stated)
  return brokenLimits(question, derived, { ...valuesOf(derived), ...stated }, stated, { ...CALM, ...setting })
}

const codesOf = (load: Partial<Load>, given: Given = {}) => findingsOf(loadOf(load), given).map(({ code }) => code)

describe('a broken limit', () => {
  const assertWords = sentencesOf('broken limits of the sizing model')
  const usual: Partial<Load> = { peakEventsPerSecond: 4000, retentionDays: 30 }

  it('is none for a usual load', () => {
    assert.deepEqual(codesOf(usual), [])
  })

  it('is a shard that grows too large, and an index that cannot have its shards', () => {
    const load = { peakEventsPerSecond: 100_000, retentionDays: 30, stateDays: 1 }
    assert.deepEqual(codesOf(load, { shape: PRODUCTION }), [
      'shards_too_large',
      'shard_limit',
      'retention_shorter_than_period',
      'one_cluster',
    ])
    assert.deepEqual(codesOf(usual, { stated: { 'runtime.ELASTIC_INDEX_SHARDS': 2 } }), ['shards_too_large'])
    assert.deepEqual(codesOf(usual, { stated: { 'runtime.ELASTIC_INDEX_SHARDS': 3 } }), [])
    assert.deepEqual(codesOf(usual, { stated: { 'runtime.ELASTIC_STATE_SHARDS': 4 } }), ['shards_too_large'])
  })

  it('is many shards that stay small, by their number or by the period', () => {
    assert.deepEqual(codesOf(usual, { stated: { 'runtime.ELASTIC_INDEX_SHARDS': 12 } }), ['shards_too_small'])
    assert.deepEqual(codesOf({ peakEventsPerSecond: 50, retentionDays: 365 }), ['shards_too_small'])
    assert.deepEqual(codesOf({ peakEventsPerSecond: 50, retentionDays: 365 }, { shape: PRODUCTION }), [])
  })

  it('is a retention shorter than the period of an index', () => {
    assert.deepEqual(codesOf({ ...usual, retentionDays: 30 }, { shape: PRODUCTION }), ['retention_shorter_than_period'])
    assert.deepEqual(codesOf({ ...usual, retentionDays: 31 }, { shape: PRODUCTION }), [])
  })

  it('is a retention that nothing keeps, but not for an Elasticsearch of others', () => {
    assert.deepEqual(codesOf(usual, { setting: { expires: false } }), ['retention_without_expiry'])
    assert.deepEqual(codesOf(usual, { setting: { expires: undefined } }), [])
  })

  it('is an expiry of more sessions than a night is long enough for', () => {
    const load = { ...usual, peakEventsPerSecond: 70_000, retentionDays: 8 }
    const shape = (given: Partial<Shape>) => ({ ...DAILY, ...given })
    assert.deepEqual(codesOf(load, { shape: shape({ sessionRetentionDays: 30 }) }), ['expiry_too_slow'])
    assert.deepEqual(codesOf(load, { shape: shape({ profileRetentionDays: 30 }) }), [])
    assert.deepEqual(codesOf(load), [])
  })

  it('is a scaler without headroom over the peak', () => {
    const load = { ...usual, peakEventsPerSecond: 200_000, stateDays: 1, retentionDays: 1, meanToPeak: 0.1 }
    const stated = { 'api.maxReplicas': 20, 'workers.maxReplicas': 20 }
    assert.deepEqual(codesOf(load, { stated, setting: { apiScales: true, workersScale: true } }), [
      'autoscaling_without_headroom',
      'autoscaling_without_headroom',
    ])
    assert.deepEqual(codesOf(load, { stated }), [])
    assert.deepEqual(codesOf(load, { setting: { apiScales: true, workersScale: true } }), [])
  })

  const short: readonly (readonly [string, Stated, string])[] = [
    ['a count', { 'workers.replicas': 1 }, 'count_below_need'],
    ['a disk', { 'bookkeeper.ledgersGib': 100, 'bookkeeper.replicas': 6 }, 'disk_below_need'],
    ['memory of a bookie', { 'bookkeeper.memoryMib': 2048 }, 'memory_below_need'],
    ['a heap', { 'elasticsearch.heapGib': 4, 'elasticsearch.dataNodes': 3 }, 'memory_below_need'],
    ['CPU', { 'elasticsearch.cpuMillicores': 500, 'elasticsearch.dataNodes': 3 }, 'cpu_below_need'],
  ]
  for (const [what, stated, code] of short) {
    it(`is ${what} that is stated below what the load needs`, () => {
      assert.ok(codesOf(usual, { stated }).includes(code as 'cpu_below_need'), codesOf(usual, { stated }).join())
    })
  }

  it('is not a number that is stated as the model has it', () => {
    assert.deepEqual(codesOf(usual, { stated: valuesOf(size(loadOf(usual), DAILY)) }), [])
  })

  it('is masters too small for the shards, where they hold no data', () => {
    const load = { peakEventsPerSecond: 100_000, retentionDays: 30 }
    const stated = { 'elasticsearch.masterMemoryMib': 2048 }
    assert.deepEqual(codesOf(load, { stated }), ['masters_too_small'])
    assert.deepEqual(codesOf(load, { stated, setting: { dedicatedMasters: false } }), [])
  })

  it('is a cluster of too many nodes, and more shards on a node than Elasticsearch takes', () => {
    assert.deepEqual(codesOf({ peakEventsPerSecond: 200_000, retentionDays: 30 }), ['one_cluster'])
    const stated = { 'elasticsearch.dataNodes': 3, 'runtime.ELASTIC_INDEX_SHARDS': 100 }
    assert.deepEqual(codesOf({ ...usual, retentionDays: 40 }, { stated }).slice(0, 2), [
      'shards_too_small',
      'shards_per_node',
    ])
  })

  it('is a survival that is asked without copies', () => {
    const shape = { ...DAILY, indexReplicas: 0 }
    assert.deepEqual(codesOf(usual, { shape }), ['no_copies'])
    assert.deepEqual(codesOf({ ...usual, surviveNode: false, surviveZone: false }, { shape }), [])
  })

  it('says whether it makes the stack fail or only more expensive', () => {
    const of = (given: Given) => findingsOf(loadOf(usual), given).map(({ level }) => level)
    assert.deepEqual(of({ stated: { 'runtime.ELASTIC_INDEX_SHARDS': 2 } }), ['error'])
    assert.deepEqual(of({ setting: { expires: false } }), ['warning'])
  })

  it('has the key and the numbers by which it is broken', () => {
    const facts = (load: Partial<Load>, given: Given = {}) => {
      const findings = findingsOf(loadOf({ ...usual, ...load }), given)
      assertWords(findings.map(({ message }) => message))
      return findings.map((finding) => [finding.code, finding.facts])
    }
    assert.deepEqual(facts({}, { stated: { 'runtime.ELASTIC_INDEX_SHARDS': 2, 'workers.replicas': 1 } }), [
      [
        'shards_too_large',
        { key: 'runtime.ELASTIC_INDEX_SHARDS', shards: 2, shardBytes: 55_296_000_000, most: 50_000_000_000 },
      ],
      ['count_below_need', { key: 'workers.replicas', value: 1, needed: 2 }],
    ])
    const monthly = facts({ peakEventsPerSecond: 100_000, stateDays: 1 }, { shape: PRODUCTION })
    assert.deepEqual(monthly.slice(1), [
      ['shard_limit', { key: 'runtime.ELASTIC_INDEX_SHARDS', needed: 2857, most: 1024 }],
      ['retention_shorter_than_period', { retentionDays: 30, keptDays: 61, fitting: 'day' }],
      ['one_cluster', { nodes: 129, most: 100 }],
    ])
    const many = { 'elasticsearch.dataNodes': 3, 'runtime.ELASTIC_INDEX_SHARDS': 100 }
    assert.deepEqual(facts({ retentionDays: 40 }, { stated: many }).slice(0, 2), [
      ['shards_too_small', { shards: 4100, shardBytes: 1_105_920_000, least: 10_000_000_000, fitting: 'day' }],
      ['shards_per_node', { shards: 8268, nodes: 3, most: 1000 }],
    ])
    const unkept = { shape: { ...DAILY, indexReplicas: 0 }, setting: { expires: false } }
    assert.deepEqual(facts({}, unkept), [
      ['retention_without_expiry', { retentionDays: 30 }],
      ['no_copies', {}],
    ])
    const slow = { shape: { ...DAILY, sessionRetentionDays: 30, profileRetentionDays: 30 } }
    assert.deepEqual(facts({ peakEventsPerSecond: 70_000, retentionDays: 8 }, slow), [
      ['expiry_too_slow', { deletedPerDay: 290_304_000, nightHours: 8.064, most: MOST_NIGHT_HOURS }],
    ])
    const full = { stated: { 'api.maxReplicas': 3, 'api.replicas': 10 }, setting: { apiScales: true } }
    assert.deepEqual(facts({}, full), [
      ['autoscaling_without_headroom', { key: 'api.maxReplicas', value: 3, needed: 10 }],
    ])
  })

  it('is named for every load, or kept', () => {
    fc.assert(
      fc.property(anyLoad, anyShape, (load, shape) => {
        const derived = size(load, shape)
        const codes = findingsOf(load, { shape }).map(({ code }) => code)
        const values = valuesOf(derived)
        const bytes = load.peakEventsPerSecond * load.meanToPeak * 86_400 * (load.eventBytes + 350) * 0.8
        const shard = (bytes * PERIOD_DAYS[shape.eventPartitioning]) / values['runtime.ELASTIC_INDEX_SHARDS']
        if (shard > 50e9 * (1 + 1e-6)) assert.ok(codes.includes('shards_too_large'))
        if (load.retentionDays < PERIOD_DAYS[shape.eventPartitioning])
          assert.ok(codes.includes('retention_shorter_than_period'))
        const nodes = values['elasticsearch.dataNodes'] + (values['elasticsearch.warmNodes'] ?? 0)
        assert.equal(codes.includes('one_cluster'), nodes > 100)
        assert.ok(!codes.some((code) => code.endsWith('below_need') || code === 'masters_too_small'))
      }),
    )
  })
})
