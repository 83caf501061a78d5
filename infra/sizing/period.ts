import { bytes, counted } from './figures.ts'
import type { Period } from './load.ts'

/** Days of the longest period of each partitioning. */
export const PERIOD_DAYS: Readonly<Record<Period, number>> = { day: 1, month: 31, quarter: 92, year: 366 }

const LONGEST_FIRST: readonly Period[] = ['year', 'quarter', 'month']
const SHORTER: Readonly<Record<Period, Period>> = { year: 'quarter', quarter: 'month', month: 'day', day: 'day' }
/** An index is kept until its last day is past the retention: with ten periods that is a tenth more on disk at most. */
const LEAST_PERIODS = 10

/** Why that period fits, in words with the numbers in it. */
export function periodReason(
  period: Period,
  retentionDays: number,
  bytesPerDay: number,
  minShardBytes: number,
): string {
  const kept = `${period}: ${counted(retentionDays, 'day')} of ${bytes(bytesPerDay)} each are kept`
  if (period === 'day') return `${kept}, and whole days are deleted`
  return (
    `${kept}; one index of a ${SHORTER[period]} would have less than the ${bytes(minShardBytes)} of a shard, and ` +
    `${LEAST_PERIODS} of a ${period} fit the retention`
  )
}

/**
 * The period that fits a load: the longest one that adds at most a tenth to what is kept, and only where the next
 * shorter one would make indices smaller than a shard should be.
 *
 * @param bytesPerDay of one copy of the events.
 * @param minShardBytes that a shard should have at the end of its period.
 */
export function fittingPeriod(retentionDays: number, bytesPerDay: number, minShardBytes: number): Period {
  const fits = (period: Period) =>
    retentionDays >= LEAST_PERIODS * PERIOD_DAYS[period] && bytesPerDay * PERIOD_DAYS[SHORTER[period]] < minShardBytes
  return LONGEST_FIRST.find(fits) ?? 'day'
}
