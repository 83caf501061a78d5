import assert from 'node:assert/strict'
import { type GapStart, gapStart, keepsAllSince } from '../../../runtime/backup/gap.ts'
import { repositorySettings } from '../../../runtime/backup/repository.ts'
import { chosenSnapshot, restorePlan } from '../../../runtime/backup/restore.ts'
import { expiredSnapshots, isWhole, type Snapshot, snapshotName } from '../../../runtime/backup/snapshots.ts'
import { targetOf } from '../../../runtime/commands/restore.ts'
import { loadConfig } from '../../../runtime/config.ts'
import { topicsOf } from '../../../runtime/names.ts'
import type { PulsarAdmin } from '../../../runtime/queue/admin.ts'

const DAY_MS = 24 * 3600 * 1000

function snapshot(name: string, endedAtMs: number, changes: Partial<Snapshot> = {}): Snapshot {
  const gap = { fromMs: endedAtMs - 1000, ledgers: [1] }
  const times = { startedAtMs: endedAtMs - 500, endedAtMs }
  return { name, state: 'SUCCESS', indices: ['events', 'session'], failedShards: 0, gap, ...times, ...changes }
}

const GOOD = snapshot('good', 1000)
const PARTIAL = snapshot('partial', 2000, { state: 'PARTIAL', failedShards: 2 })
const LATER = snapshot('later', 3000)
const FOREIGN = snapshot('foreign', 4000, { gap: undefined })
const ALL = [GOOD, PARTIAL, LATER, FOREIGN]

describe('the snapshot to restore', () => {
  it('is the newest whole one, or the newest one that had ended at a time', () => {
    assert.deepEqual(ALL.map(isWhole), [true, false, true, false])
    assert.equal(chosenSnapshot(ALL, 'latest'), LATER)
    assert.equal(chosenSnapshot(ALL, { timeMs: 2999 }), GOOD)
    assert.equal(chosenSnapshot(ALL, { timeMs: 3000 }), LATER)
    assert.equal(chosenSnapshot(ALL, { name: 'good' }), GOOD)
  })

  for (const [what, target] of [
    ['too early a time', { timeMs: 999 }],
    ['one that is not whole', { name: 'partial' }],
    ['one of another program', { name: 'foreign' }],
    ['one that does not exist', { name: 'none' }],
  ] as const)
    it(`is refused for ${what}`, () => {
      assert.throws(() => chosenSnapshot(ALL, target), { code: 'snapshot_unusable' })
    })

  it('is asked for by a word, a name, or a time in the past', () => {
    const nowMs = Date.parse('2026-11-28T12:00:00Z')
    assert.equal(targetOf('latest', nowMs), 'latest')
    assert.deepEqual(targetOf('events-2026.11.28-06.17.00.123', nowMs), { name: 'events-2026.11.28-06.17.00.123' })
    assert.deepEqual(targetOf('2h', nowMs), { timeMs: nowMs - 7_200_000 })
    assert.deepEqual(targetOf('2026-11-28T11:00Z', nowMs), { timeMs: nowMs - 3_600_000 })
    assert.throws(() => targetOf('2026-11-28T13:00Z', nowMs), { code: 'command_invalid' })
  })
})

describe('a restore', () => {
  it('keeps what exists, unless it is to be replaced', () => {
    const plan = (replace: boolean, only: readonly string[] = []) =>
      restorePlan(GOOD, ['events', 'other'], { replace, only, never: 'erasures' })
    assert.deepEqual(plan(false), { restored: ['session'], replaced: [], kept: ['events'] })
    assert.deepEqual(plan(true), { restored: ['events', 'session'], replaced: ['events'], kept: [] })
    assert.deepEqual(plan(true, ['session']), { restored: ['session'], replaced: [], kept: [] })
    assert.throws(() => plan(true, ['other']), { code: 'snapshot_unusable' })
  })

  it('never replaces the record of erasures, and restores it first where there is none', () => {
    const snapshot = { ...GOOD, indices: ['events', 'erasures'] }
    const plan = (existing: readonly string[]) =>
      restorePlan(snapshot, existing, { replace: true, only: [], never: 'erasures' })
    assert.deepEqual(plan(['events', 'erasures']), { restored: ['events'], replaced: ['events'], kept: ['erasures'] })
    assert.deepEqual(plan(['events']), { restored: ['erasures', 'events'], replaced: ['events'], kept: [] })
  })
})

describe('old snapshots', () => {
  it('are deleted, but never the newest whole one', () => {
    const nowMs = 20 * DAY_MS
    const expired = (all: readonly Snapshot[]) =>
      expiredSnapshots(all, { snapshotRetentionDays: 14 }, nowMs).map(({ name }) => name)
    assert.deepEqual(expired([GOOD, PARTIAL, LATER]), ['good', 'partial'])
    assert.deepEqual(expired([GOOD, snapshot('new', 19 * DAY_MS)]), ['good'])
    assert.deepEqual(
      expired([snapshot('edge', 6 * DAY_MS), snapshot('young', 6 * DAY_MS + 1), snapshot('new', nowMs)]),
      ['edge'],
    )
    assert.deepEqual(expired([FOREIGN, LATER]), [])
    assert.deepEqual(expired([snapshot('running', 0, { state: 'IN_PROGRESS' }), LATER]), [])
  })

  it('have a name that Elasticsearch takes, and that sorts by time', () => {
    assert.equal(snapshotName(Date.parse('2026-11-28T06:17:00.123Z')), 'events-2026.11.28-06.17.00.123')
  })
})

describe('the start of the gap', () => {
  const config = loadConfig({})
  const { events, eventsSubscription } = topicsOf(config)
  const nowMs = 10_000_000
  const start = (subscriptions: readonly Record<string, unknown>[]) => {
    const stats = subscriptions.map((some, number) => [`${events}-partition-${number}`, { subscriptions: some }])
    const admin = {
      stats: async () => Object.fromEntries(stats),
      partitions: async () => subscriptions.length,
      keptLedgers: async () => ({ ledgers: [{ id: 7, entries: 1 }], last: { ledger: 7, entry: 0 } }),
    } as unknown as PulsarAdmin
    return gapStart(admin, config, nowMs)
  }
  const waiting = (msgBacklog: number, earliestMsgPublishTimeInBacklog: number) => ({
    [eventsSubscription]: { msgBacklog, earliestMsgPublishTimeInBacklog },
  })

  it('is the oldest message that waits, less five minutes for clocks that differ', async () => {
    assert.deepEqual(await start([waiting(0, 0), waiting(2, 9_000_000)]), { fromMs: 8_700_000, ledgers: [7, 7] })
    assert.deepEqual(await start([waiting(0, 0)]), { fromMs: 9_700_000, ledgers: [7] })
  })

  it('is unknown where a partition lacks the subscription, or Pulsar does not report how old a message is', async () => {
    await assert.rejects(start([waiting(0, 0), {}]), { code: 'set_up_missing' })
    for (const unknown of [0, -1]) await assert.rejects(start([waiting(1, unknown)]), { code: 'queue_admin' })
  })
})

describe('whether Pulsar still has the gap', () => {
  const start: GapStart = { fromMs: 1000, ledgers: [10, 20] }

  /** @param partitions for each its first ledger, and when its first message was published. */
  const keeps = (...partitions: readonly (readonly [number | undefined, number | undefined])[]) => {
    const numberOf = (partition: string) => Number(/-partition-(\d+)$/.exec(partition)?.[1])
    const admin = {
      partitions: async () => partitions.length,
      keptLedgers: async (partition: string) => {
        const id = partitions[numberOf(partition)]?.[0]
        return { ledgers: id === undefined ? [] : [{ id, entries: 1 }], last: { ledger: 0, entry: 0 } }
      },
      earliestPublishedAtMs: async (partition: string) => partitions[numberOf(partition)]?.[1],
    } as unknown as PulsarAdmin
    return keepsAllSince(admin, loadConfig({}), start)
  }

  it('is sure where partitions begin with the same ledger, or with an older message', async () => {
    assert.equal(await keeps([10, 5000], [20, undefined]), true)
    assert.equal(await keeps([11, 1000], [21, 999]), true)
  })

  it('is not where a ledger is gone and the next message is younger, or nothing is left', async () => {
    assert.equal(await keeps([10, 500], [21, 1001]), false)
    assert.equal(await keeps([10, 500], [undefined, undefined]), false)
    assert.equal(await keeps([10, 500], [20, 500], [30, 5000]), false)
  })
})

describe('a repository', () => {
  const settingsOf = (snapshotType: 's3' | 'gcs' | 'azure' | 'fs', snapshotBasePath = '') =>
    repositorySettings({ snapshotType, snapshotLocation: 'place', snapshotBasePath })

  it('names its place as its type has it', () => {
    assert.deepEqual(settingsOf('s3', 'dev'), { bucket: 'place', base_path: 'dev', compress: true })
    assert.deepEqual(settingsOf('gcs'), { bucket: 'place', compress: true })
    assert.deepEqual(settingsOf('azure', 'dev'), { container: 'place', base_path: 'dev', compress: true })
    assert.deepEqual(settingsOf('fs', 'dev'), { location: 'place/dev', compress: true })
  })
})
