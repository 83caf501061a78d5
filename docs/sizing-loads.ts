/** A load with what it cost before, what a hand-made design of it costs, and why the model differs from that. */
export interface ComparedLoad {
  readonly name: string
  readonly load: Readonly<Record<string, number>>
  readonly runtime?: Readonly<Record<string, string | number>>
  /** One where it is not three. */
  readonly zones?: 1
  readonly environment?: 'production' | 'staging'
  /** USD a month of the model of 2026-11-20; none where it refused. */
  readonly before?: number
  /** USD a month of the hand-made design; none where nobody made one. */
  readonly expert?: number
  readonly reason?: string
}

const DAY = { EVENT_PARTITIONING: 'day' }
const MONTH = { EVENT_PARTITIONING: 'month' }
const NO_SESSIONS = 'the expert has no sessions and profiles, and four hot days instead of seven'
const MONTH_KEPT = 'a month is deleted as a whole: retention_shorter_than_period says so'

/**
 * The thirty loads of the review of the model, each on three zones with one replica, 10 events of 650 bytes a call, and a mean of
 * 0.4 of the peak, unless it says otherwise. Where the review kept 7 days, 8 are the least that EVENT_ID_WINDOW_HOURS allows.
 */
export const COMPARED_LOADS: readonly ComparedLoad[] = [
  { name: '50/s, 1 a call, 30 days', load: of(50, 30, 1), before: 1043, expert: 930 },
  { name: '50/s, 365 days, one zone', load: of(50, 365), zones: 1, before: 1369, expert: 836 },
  { name: '50/s, 365 days, by month', load: of(50, 365), runtime: MONTH, before: 1562 },
  { name: '500/s, 1 a call, 90 days', load: of(500, 90, 1), before: 3398, expert: 1539 },
  { name: '500/s, 8 days', load: of(500, 8), before: 1134, expert: 963 },
  { name: '500/s, 8 days, by month', load: of(500, 8), runtime: MONTH, before: 1550, expert: 963, reason: MONTH_KEPT },
  {
    name: '500/s of 120 bytes, 365 days, by month',
    load: of(500, 365, 10, 120),
    runtime: MONTH,
    before: 4637,
    expert: 2247,
  },
  { name: '2,000/s, 30 days', load: of(2000, 30), before: 3452, expert: 1989 },
  { name: '2,000/s, 30 days, one zone', load: of(2000, 30), zones: 1, before: 2959 },
  {
    name: '2,000/s, 30 days, two replicas',
    load: of(2000, 30),
    runtime: { ...DAY, ELASTIC_INDEX_REPLICAS: 2 },
    before: 4718,
    expert: 2149,
  },
  {
    name: '2,000/s, 30 days, no replica, staging',
    load: of(2000, 30),
    runtime: { ...DAY, ELASTIC_INDEX_REPLICAS: 0 },
    environment: 'staging',
    before: 1626,
  },
  { name: '2,000/s of 2,500 bytes, 30 days', load: of(2000, 30, 10, 2500), before: 7411, expert: 3487 },
  {
    name: '2,000/s, 90 days, by month',
    load: of(2000, 90),
    runtime: MONTH,
    before: 9782,
    expert: 3368,
    reason: 'the month keeps 121 days; by day it is 3,454',
  },
  { name: '20,000/s, 8 days', load: of(20_000, 8), before: 8122, expert: 4680, reason: NO_SESSIONS },
  {
    name: '20,000/s, 8 days, by month',
    load: of(20_000, 8),
    runtime: MONTH,
    before: 27_112,
    expert: 4680,
    reason: MONTH_KEPT,
  },
  { name: '20,000/s, 30 days', load: of(20_000, 30), before: 22_048, expert: 10_073, reason: NO_SESSIONS },
  { name: '20,000/s, 90 days', load: of(20_000, 90) },
  { name: '20,000/s, 50 a call, 90 days', load: of(20_000, 90, 50), before: 61_238, expert: 24_926 },
  { name: '20,000/s, 365 days', load: of(20_000, 365), expert: 92_900 },
  {
    name: '100,000/s, 50 a call, 8 days',
    load: of(100_000, 8, 50),
    before: 32_449,
    expert: 20_737,
    reason: NO_SESSIONS,
  },
  { name: '100,000/s, 1 a call, 8 days', load: of(100_000, 8, 1), before: 40_655, expert: 26_979, reason: NO_SESSIONS },
  { name: '100,000/s, 30 days', load: of(100_000, 30), before: 106_091, expert: 46_590, reason: NO_SESSIONS },
  {
    name: '100,000/s, 30 days, by month',
    load: of(100_000, 30),
    runtime: MONTH,
    before: 203_573,
    expert: 46_590,
    reason: `${MONTH_KEPT}, and shard_limit`,
  },
  {
    name: '100,000/s of 2,500 bytes, 50 a call, 8 days',
    load: of(100_000, 8, 50, 2500),
    before: 88_084,
    expert: 58_782,
    reason: NO_SESSIONS,
  },
  { name: '100,000/s of 2,500 bytes, 1 a call, 8 days', load: of(100_000, 8, 1, 2500) },
  {
    name: '1,000,000/s of 120 bytes, 50 a call, 8 days',
    load: of(1_000_000, 8, 50, 120),
    before: 149_379,
    expert: 107_515,
    reason: NO_SESSIONS,
  },
  {
    name: '1,000,000/s, 50 a call, 2 days',
    load: of(1_000_000, 2, 50),
    runtime: { ...DAY, EVENT_ID_WINDOW_HOURS: 24 },
    before: 149_288,
  },
  {
    name: '1,000,000/s, 50 a call, 8 days',
    load: of(1_000_000, 8, 50),
    expert: 202_841,
    reason: `${NO_SESSIONS}; one_cluster advises several stacks`,
  },
  { name: '1,000,000/s, 1 a call, 8 days', load: of(1_000_000, 8, 1) },
  {
    name: '2,000/s, 30 days, sessions kept for 30',
    load: of(2000, 30),
    runtime: { ...DAY, SESSION_RETENTION_DAYS: 30 },
    expert: 1989,
  },
]

function of(peakEventsPerSecond: number, retentionDays: number, eventsPerCall = 10, eventBytes = 650) {
  return { peakEventsPerSecond, retentionDays, eventsPerCall, eventBytes }
}

/** The assumptions of the hand-made designs. */
const EXPERT = { stateDays: 1, hotDays: 4 }

/** The configuration of a stack with that load. */
export function stackOf({ load, runtime = DAY, zones, environment = 'production' }: ComparedLoad, asExpert = false) {
  return {
    platform: { environment, zones: zones === 1 ? [] : ['a', 'b', 'c'] },
    load: { ...load, ...(asExpert ? EXPERT : {}) },
    runtime,
    elasticsearch: { expireIndices: true },
    images: { mode: 'prebuilt', runtime: `r/t@sha256:${'0123456789abcdef'.repeat(4)}`, allowTags: true },
  }
}
