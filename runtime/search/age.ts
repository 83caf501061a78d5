import type { Client } from '@elastic/elasticsearch'
import type { Config } from '../config.ts'
import { indicesOf } from '../names.ts'
import { unavailable } from './client.ts'
import { periodEndMs } from './indices.ts'

const DAY_MS = 24 * 3600 * 1000
/** Warm nodes first. Where there are none, the index stays where it is: nothing waits for a node that does not come. */
const WARM_FIRST = 'data_warm,data_content'
const NOT_MOVED = 'does not move what has aged'
const REPLICAS = 'index.number_of_replicas'
const SETTING = 'index.routing.allocation.include._tier_preference'

/** An event index that is old enough for warm nodes. */
export interface Candidate {
  readonly name: string
  readonly replicas: number
  /** Whether its setting prefers warm nodes. */
  readonly isSent: boolean
}

/**
 * The event indices that belong on warm nodes, the oldest first: all of their period lies further back than `warmAfterDays`. None
 * where that is 0.
 *
 * @throws AppError `search_unavailable` when Elasticsearch does not answer.
 */
export async function warmCandidates(client: Client, config: Config, nowMs: number): Promise<readonly Candidate[]> {
  const { event, allEvents } = indicesOf(config)
  const { warmAfterDays } = config
  if (warmAfterDays === 0) return []
  const found = await client.indices
    .getSettings(
      { index: allEvents, name: [SETTING, REPLICAS], flat_settings: true, expand_wildcards: 'open' },
      { ignore: [404] },
    )
    .catch(unavailable(config, NOT_MOVED))
  return Object.entries(found)
    .filter(([index]) => (periodEndMs(index, event) ?? Number.POSITIVE_INFINITY) + warmAfterDays * DAY_MS <= nowMs)
    .map(([name, { settings }]) => {
      const flat = settings as Readonly<Record<string, unknown>> | undefined
      return { name, replicas: Number(flat?.[REPLICAS]), isSent: prefersWarm(flat?.[SETTING]) }
    })
    .sort((a, b) => a.name.localeCompare(b.name))
}

/** Whether an index with this preference was sent to warm nodes. */
export function prefersWarm(preference: unknown): boolean {
  return preference === WARM_FIRST
}

/** Sends these indices to warm nodes. Elasticsearch moves their shards then, a few at a time, while they are searched and written. */
export async function moveToWarm(client: Client, config: Config, indices: readonly string[]): Promise<void> {
  for (const index of indices) {
    await client.indices
      .putSettings({ index, settings: { [SETTING]: WARM_FIRST } }, { ignore: [404] })
      .catch(unavailable(config, NOT_MOVED))
  }
}
