import type { Outcome } from '../line.ts'
import { ceilingOf, type Summary, summarise } from '../summary.ts'

/** One round of one line for one number of shards. */
export interface ShardOutcome extends Outcome {
  readonly shards: number
  /** Whether the programs were those of the other checkout. */
  readonly compared: boolean
}

/** All lines for one number of shards. */
export interface ShardSummary {
  readonly shards: number
  /** Of the programs of this checkout, and of Elasticsearch alone. */
  readonly own: readonly Summary[]
  /** Of the programs of the other checkout; none when nothing is compared. */
  readonly compared: readonly Summary[]
  /** Events a second of Elasticsearch alone, with bulks as they come; nothing when that was not measured. */
  readonly ceiling: number | undefined
}

/** Brings the rounds together, by number of shards, ascending. */
export function shardSummaries(outcomes: readonly ShardOutcome[]): ShardSummary[] {
  return [...Map.groupBy(outcomes, ({ shards }) => shards)]
    .sort(([one], [other]) => one - other)
    .map(([shards, all]) => {
      const own = summarise(all.filter(({ compared }) => !compared))
      const compared = summarise(all.filter((outcome) => outcome.compared))
      return { shards, own, compared, ceiling: ceilingOf(own)?.eventsPerSecond.median }
    })
}

/** CPU time of Elasticsearch for an event, in microseconds. */
export function elasticsearchMicros({ cpuMicrosPerEvent }: Summary): number {
  return cpuMicrosPerEvent['elasticsearch'] ?? Number.NaN
}

/** The summary of a line by the beginning of its name. */
export function lineOf(summaries: readonly Summary[], name: string): Summary | undefined {
  return summaries.find((summary) => summary.name.startsWith(name))
}
