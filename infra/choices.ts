import { billOf } from './bill.ts'
import { StackConfigError } from './config/errors.ts'
import { planOf } from './config/plan.ts'
import type { Plan } from './config/resolved.ts'
import type { Coefficients } from './sizing/coefficients.ts'
import type { Prices } from './sizing/prices.ts'

/** The configuration of a stack, as its file has it. */
export type Raw = Readonly<Record<string, unknown>>

/** Something that could be decided otherwise, and what that would save. */
export interface Choice {
  readonly key: string
  readonly now: string
  readonly instead: string
  /** Money a month, over 0. */
  readonly saves: number
  /** What is given up for it. */
  readonly loses: string
}

/** Numbers of a stack that runs: both sides of a comparison are sized without them, as new stacks. */
const RUNNING: Readonly<Record<string, readonly string[]>> = {
  elasticsearch: [
    ...['dataNodes', 'dataGib', 'heapGib', 'cpuMillicores'],
    ...['warmNodes', 'warmGib', 'warmHeapGib', 'warmCpuMillicores'],
  ],
  bookkeeper: ['replicas', 'ledgersGib'],
}

/**
 * The choices that save most, dearest first.
 *
 * @param raw the configuration of the stack.
 */
export function choicesOf(raw: Raw, prices: Prices, coefficients?: Coefficients): readonly Choice[] {
  const fresh = withoutRunning(raw)
  const base = billed(fresh, prices, coefficients)
  if (base === undefined) return []
  return alternatives(base.plan)
    .flatMap(({ key, now, instead, loses }) => {
      const other = billed(withValue(fresh, key, instead), prices, coefficients)
      const saves = other === undefined ? 0 : base.month - other.month
      return saves >= 1 ? [{ key, now: String(now), instead: String(instead), saves, loses }] : []
    })
    .sort((a, b) => b.saves - a.saves)
}

interface Alternative {
  readonly key: string
  readonly now: number | boolean
  readonly instead: number | boolean
  readonly loses: string
}

function alternatives({ load, runtime, platform, elasticsearch }: Plan): readonly Alternative[] {
  const half = (value: number) => Math.max(1, Math.round(value / 2))
  const copies = runtime.indexReplicas
  return [
    { key: 'load.retentionDays', now: load.retentionDays, instead: half(load.retentionDays), loses: 'older events' },
    ...(elasticsearch.expireIndices && runtime.sessionRetentionDays === 0
      ? [{ key: 'runtime.SESSION_RETENTION_DAYS', now: 0, instead: 30, loses: 'older sessions' }]
      : []),
    { key: 'load.stateDays', now: load.stateDays, instead: half(load.stateDays), loses: 'disks grow sooner' },
    { key: 'load.hotDays', now: load.hotDays, instead: 1, loses: 'searches of older days are slower' },
    ...(load.warmTier
      ? []
      : [{ key: 'load.warmTier', now: false, instead: true, loses: 'slower disks for older days' }]),
    { key: 'load.backlogHours', now: load.backlogHours, instead: half(load.backlogHours), loses: 'time for repairs' },
    ...(copies > 0
      ? [{ key: 'runtime.ELASTIC_INDEX_REPLICAS', now: copies, instead: copies - 1, loses: 'one copy of each event' }]
      : []),
    ...(load.surviveZone && platform.zones.length > 1
      ? [{ key: 'load.surviveZone', now: true, instead: false, loses: 'one copy only after a lost zone' }]
      : []),
  ]
}

/** The plan and the bill of a configuration; none where a rule of the environment refuses it. */
export function billed(raw: Raw, prices: Prices, coefficients: Coefficients | undefined) {
  try {
    const plan = planOf(raw, coefficients)
    return { plan, month: billOf(plan, prices).month }
  } catch (error) {
    if (error instanceof StackConfigError) return undefined
    throw error
  }
}

/** The configuration with another value of one key, as `group.key`. */
export function withValue(raw: Raw, key: string, value: unknown): Raw {
  const [group, name] = key.split('.') as [string, string]
  return { ...raw, [group]: { ...(raw[group] as Raw | undefined), [name]: value } }
}

/** The same as a new stack: without the numbers that one that runs states. */
export function withoutRunning(raw: Raw): Raw {
  const groups = Object.entries(RUNNING).map(([group, keys]) => {
    const entries = Object.entries((raw[group] as Raw | undefined) ?? {}).filter(([key]) => !keys.includes(key))
    return [group, Object.fromEntries(entries)]
  })
  return { ...raw, ...Object.fromEntries(groups) }
}

/** What a month costs when the bytes on disk are what they may be: the least certain coefficient decides most of a bill. */
export interface Range {
  readonly low: number
  readonly high: number
}

/** Parts of the default that texts which repeat, and texts which hardly do, were seen to take on disk. */
const STORED = { low: 0.5, high: 1.3 }

/** None where the stack cannot be sized without what it states of a stack that runs. */
export function rangeOf(raw: Raw, prices: Prices, coefficients: Coefficients): Range | undefined {
  const fresh = withoutRunning(raw)
  const at = (part: number) =>
    billed(fresh, prices, { ...coefficients, storedBytesPerEventByte: coefficients.storedBytesPerEventByte * part })
  const [low, high] = [at(STORED.low), at(STORED.high)]
  return low === undefined || high === undefined ? undefined : { low: low.month, high: high.month }
}
