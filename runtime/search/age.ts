import type { Client } from '@elastic/elasticsearch'
import type { Config } from '../config.ts'
import { indicesOf } from '../names.ts'
import { unavailable } from './client.ts'
import { periodEndMs } from './indices.ts'

const DAY_MS = 24 * 3600 * 1000
/** Warm nodes first. Where there are none, the index stays where it is: nothing waits for a node that does not come. */
const WARM_FIRST = 'data_warm,data_content'
const NOT_MOVED = 'does not move what has aged'
const SETTING = 'index.routing.allocation.include._tier_preference'

/**
 * The event indices that belong on warm nodes and are not sent there yet: all of their period lies further back than
 * `warmAfterDays`. None where that is 0.
 *
 * @throws AppError `search_unavailable` when Elasticsearch does not answer.
 */
export async function agedIndices(client: Client, config: Config, nowMs: number): Promise<readonly string[]> {
  const { event, allEvents } = indicesOf(config)
  const { warmAfterDays } = config
  if (warmAfterDays === 0) return []
  const found = await client.indices
    .getSettings({ index: allEvents, name: SETTING, flat_settings: true, expand_wildcards: 'open' }, { ignore: [404] })
    .catch(unavailable(config, NOT_MOVED))
  return Object.entries(found)
    .filter(([index, { settings }]) => {
      const endMs = periodEndMs(index, event)
      const preference = (settings as Readonly<Record<string, unknown>> | undefined)?.[SETTING]
      return endMs !== undefined && endMs + warmAfterDays * DAY_MS <= nowMs && preference !== WARM_FIRST
    })
    .map(([index]) => index)
    .sort()
}

/** Sends these indices to warm nodes. Elasticsearch moves their shards then, a few at a time, while they are searched and written. */
export async function moveToWarm(client: Client, config: Config, indices: readonly string[]): Promise<void> {
  for (const index of indices) {
    await client.indices
      .putSettings({ index, settings: { [SETTING]: WARM_FIRST } }, { ignore: [404] })
      .catch(unavailable(config, NOT_MOVED))
  }
}
