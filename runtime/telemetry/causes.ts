/**
 * What can be wrong with a pipeline, by its code. The console, `npm run cli -- status`, the status line and the alerts use the same
 * codes, and the console serves a page with a section for each.
 */

export interface Cause {
  /** As it is called. Advice may have numbers in its place. */
  readonly title: string
  /** When it is found, for the documentation. */
  readonly when: string
  readonly remedy: string
  /** Codes of what follows from it: they are not shown with it, nor shortly after. */
  readonly hides: readonly string[]
}

const STORING = ['nothing_stored', 'backlog_grows', 'partition_lags', 'bulks_not_full'] as const
const PUBLISHING = ['events_unavailable', 'partition_left_out', 'receipts_slow'] as const

export const CAUSES = {
  certificate_expired: {
    title: 'A certificate has expired',
    when: 'the certificate of a server of ELASTIC_HOST or PULSAR_API is past its end',
    remedy: 'Renew it. Programs refuse the connection until then, and events wait.',
    hides: ['elasticsearch_away', 'pulsar_away', 'pulsar_admin_away', 'not_promised', ...STORING, ...PUBLISHING],
  },
  pulsar_away: {
    title: 'Pulsar accepts no events',
    when: 'this API cannot publish',
    remedy: 'Check brokers and bookies. Calls are answered 503 until then, and senders repeat them.',
    hides: ['pulsar_admin_away', 'not_promised', 'worker_not_receiving', 'dead_letters', ...STORING, ...PUBLISHING],
  },
  pulsar_admin_away: {
    title: 'The admin API of Pulsar does not answer',
    when: 'no call to PULSAR_API is answered for 5 s',
    remedy:
      'Check PULSAR_API and the brokers. After 10 s calls are answered 503, because nobody confirms that events are read.',
    hides: ['not_promised', ...STORING, ...PUBLISHING],
  },
  not_promised: {
    title: 'Events are refused: they might not be read',
    when: 'topic, subscription or policies are not as an event needs them; the text has the reason',
    remedy: 'Do what the text says, mostly `set-up`. Calls are answered 503 until then.',
    hides: ['worker_not_receiving', ...STORING, ...PUBLISHING],
  },
  partition_left_out: {
    title: 'A partition accepts no events',
    when: 'one partition does not answer, has no subscription, or is full, while others accept events',
    remedy: 'Do what the text says. The other partitions take its messages.',
    hides: ['partition_lags'],
  },
  sources_faulty: {
    title: 'The sources file has a fault',
    when: 'a changed sources file cannot be read',
    remedy: 'Correct the file. The last good one stays in force, but an API does not start with this one.',
    hides: [],
  },
  elasticsearch_away: {
    title: 'Elasticsearch does not answer',
    when: 'no call is answered for 5 s',
    remedy: 'Check ELASTIC_HOST, the credentials and the nodes. The events wait in Pulsar, and nothing is lost.',
    hides: [
      ...['elasticsearch_red', 'copies_missing', 'lane_closed', 'index_trouble', 'elasticsearch_node_away'],
      ...['bulks_unanswered', 'bulks_not_stored', 'bulks_refused', 'bulks_slow', 'disk_fills', ...STORING],
    ],
  },
  elasticsearch_red: {
    title: 'Elasticsearch is red',
    when: 'a primary shard has no node for 10 s',
    remedy: 'Do what the explanation of Elasticsearch asks for. Events of these shards wait; all others are stored.',
    hides: ['copies_missing', 'bulks_not_stored', 'nothing_stored', 'backlog_grows', 'partition_lags'],
  },
  worker_restarts: {
    title: 'A worker starts again and again',
    when: 'a worker has started three times or more within 5 minutes',
    remedy: 'Read the end of its log. Its events go back to Pulsar each time, and nothing is lost.',
    hides: ['no_worker', 'instance_silent', ...STORING],
  },
  instance_silent: {
    title: 'An instance does not answer',
    when: 'an API or a worker that is named does not answer within 1.5 s',
    remedy: 'Start it, or remove its name from CONSOLE_INSTANCES.',
    hides: ['no_worker', ...STORING],
  },
  no_worker: {
    title: 'No worker runs',
    when: 'no instance of CONSOLE_INSTANCES is a worker that answers',
    remedy: 'Start a worker. Events are accepted and wait in Pulsar.',
    hides: ['nothing_stored', 'backlog_grows', 'partition_lags'],
  },
  worker_not_receiving: {
    title: 'A worker receives nothing',
    when: 'a worker waits for set-up, or Pulsar refuses its subscription',
    remedy: 'Do what the reason says, mostly `set-up`.',
    hides: ['nothing_stored', 'backlog_grows', 'partition_lags'],
  },
  disk_fills: {
    title: 'A disk is nearly full, or too full',
    when: '5 % of the disk or less is left above a watermark of Elasticsearch',
    remedy: 'Add disk or data nodes, or shorten EVENT_RETENTION_DAYS.',
    hides: [],
  },
  lane_closed: {
    title: 'Elasticsearch refuses writes to a shard',
    when: 'a worker has closed the lane of a shard for 5 s; all other events are stored',
    remedy: 'Remove what the reason names: a block, a setting, a pipeline, or a shard without a node.',
    hides: ['bulks_not_stored', 'nothing_stored', 'backlog_grows', 'partition_lags'],
  },
  index_trouble: {
    title: 'Templates or indices are not as they should be',
    when: 'a worker reports what it cannot repair',
    remedy: 'Do what the text says, mostly `set-up`.',
    hides: [],
  },
  elasticsearch_node_away: {
    title: 'A node of Elasticsearch does not answer',
    when: 'one of several nodes of ELASTIC_HOST does not answer',
    remedy: 'Repair the node, or remove it from ELASTIC_HOST. The programs use the others.',
    hides: ['copies_missing'],
  },
  bulks_unanswered: {
    title: 'Elasticsearch does not answer bulks',
    when: 'one operation in a hundred or more is sent again, because a request had no answer or a proxy gave it',
    remedy: 'Check what the reason names: nodes, or a proxy in front of them.',
    hides: ['lane_closed', 'nothing_stored', 'backlog_grows', 'partition_lags'],
  },
  bulks_refused: {
    title: 'Elasticsearch has too much to do',
    when: 'one operation in a hundred or more is refused with 429 or for memory, in 20 s',
    remedy: 'Allow fewer bulks in flight, or add data nodes.',
    hides: ['nothing_stored', 'backlog_grows', 'partition_lags', 'bulks_slow'],
  },
  bulks_not_stored: {
    title: 'Elasticsearch cannot store operations',
    when: 'one operation in a hundred or more is sent again for another cause, in 20 s',
    remedy: 'Do what the reason says. The events are not at fault; they wait, and nothing is lost.',
    hides: ['nothing_stored', 'backlog_grows', 'partition_lags'],
  },
  bulks_slow: {
    title: 'Elasticsearch is slow',
    when: 'half of the bulks of the last 20 s took 5 s or more',
    remedy: 'Look at the load of its nodes and disks.',
    hides: ['backlog_grows', 'partition_lags'],
  },
  receipts_slow: {
    title: 'Pulsar is slow',
    when: 'half of the receipts of the last 20 s took 0.5 s or more',
    remedy: 'Look at the load of brokers and bookies, and at the journal disks.',
    hides: ['backlog_grows', 'partition_lags', 'events_unavailable'],
  },
  nothing_stored: {
    title: 'Workers run and store nothing',
    when: 'nothing was stored for 10 s, and more waits than is in flight',
    remedy: 'Read the log of a worker.',
    hides: ['backlog_grows', 'partition_lags'],
  },
  events_unavailable: {
    title: 'Events were answered 503',
    when: 'any, in 20 s',
    remedy: 'Check brokers and bookies. Senders repeat the calls.',
    hides: [],
  },
  connections_closed: {
    title: 'Connections to the API are closed on arrival',
    when: 'any, in 20 s',
    remedy: 'Raise the limit on open files or `API_MAX_CONNECTIONS`, or run more APIs.',
    hides: ['calls_unrouted'],
  },
  calls_unrouted: {
    title: 'Calls end before the API can read them',
    when: 'more than one a second over 20 s',
    remedy: 'Read the reasons, and the senders in the log of the API.',
    hides: [],
  },
  calls_refused: {
    title: 'Calls are refused',
    when: 'three calls or more and one in a hundred were answered 4xx in 20 s, or one a second of a source that is known',
    remedy: 'Do what the text says for the status. Senders do not repeat such calls, except 401, 403 and 429.',
    hides: [],
  },
  backlog_grows: {
    title: 'The backlog grows',
    when: 'by 5 % of what is stored or more, over 20 s',
    remedy: 'Run as many more workers as it says, at most one for each partition; then more partitions.',
    hides: ['partition_lags'],
  },
  partition_lags: {
    title: 'A partition lags behind',
    when: 'one partition holds ten times as much as the others on average, and it does not shrink',
    remedy: 'Look at its consumers: one of them may take messages and not acknowledge them.',
    hides: [],
  },
  dead_letters: {
    title: 'Dead letters wait',
    when: 'any',
    remedy: 'Read them, fix the cause, then replay them. Nothing is stored twice.',
    hides: [],
  },
  event_conflicts: {
    title: 'Event ids are used twice',
    when: 'any, in 20 s',
    remedy: 'Let the source create a new id for each event.',
    hides: [],
  },
  copies_missing: {
    title: 'Copies of shards are missing',
    when: 'a copy has no node for 10 s',
    remedy: 'Add a data node, or set ELASTIC_INDEX_REPLICAS to what the nodes can hold.',
    hides: [],
  },
  certificate_ends: {
    title: 'A certificate ends soon',
    when: 'the certificate of a server of ELASTIC_HOST or PULSAR_API has less than 60 days, urgent below 14',
    remedy: 'Renew it: in a stack, `pulumi up` does.',
    hides: [],
  },
  shards_large: {
    title: 'Shards become too large',
    when: 'the next index would have shards over 50 GB at the present rate',
    remedy: 'Raise `ELASTIC_INDEX_SHARDS` before the period begins.',
    hides: [],
  },
  api_busy: {
    title: 'The API is near its limit',
    when: 'half of the instances use 90 % of a core',
    remedy: 'Run more.',
    hides: [],
  },
  bulks_not_full: {
    title: 'Bulks are sent before they are full',
    when: '80 % of 10 bulks or more on timeout, less than half full, while a worker uses a quarter of a core or more',
    remedy: 'Fewer workers, or a longer timeout.',
    hides: [],
  },
} as const satisfies Readonly<Record<string, Cause>>

export type CauseCode = keyof typeof CAUSES

/** What follows from a cause, so that it is not shown with it. */
export function hiddenBy(code: CauseCode): readonly string[] {
  return CAUSES[code].hides
}
