import type { Config } from '../config.ts'
import { topicName } from '../names.ts'
import { pulsarAdmin } from '../queue/admin.ts'
import { readDetailedBacklog } from '../queue/backlog.ts'
import { number } from '../telemetry/format.js'
import { print, table } from './output.ts'

export interface BacklogOptions {
  readonly topic?: string
  readonly json?: boolean
}

/** The backlog, requested from Pulsar directly. */
export async function backlog(config: Config, options: BacklogOptions): Promise<void> {
  const admin = pulsarAdmin(config)
  try {
    const topic = topicName(config.pulsarTenant, config.pulsarNamespace, options.topic ?? config.pulsarTopic)
    const detailed = await readDetailedBacklog(admin, topic, Date.now())
    if (options.json) return print(JSON.stringify(detailed, null, 2))
    const rows = detailed.backlog.map((entry) => [
      entry.partition,
      entry.subscription,
      entry.count,
      entry.events,
      entry.bytes,
      entry.oldestAgeSeconds,
    ])
    print(table(['partition', 'subscription', 'messages', 'events', 'bytes', 'oldest (s)'], rows))
    const drain =
      detailed.secondsToDrain === null ? 'it does not shrink' : `empty in ${number(detailed.secondsToDrain)} s`
    const events = `${detailed.eventsExact ? '' : 'about '}${number(detailed.events)} events`
    print(`\n${number(detailed.total)} messages with ${events}; at the present rates ${drain}.`)
  } finally {
    await admin.close()
  }
}
