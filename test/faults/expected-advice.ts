import type { CauseCode } from '../../runtime/telemetry/causes.ts'

/** What the console may say of a fault. */
export interface ExpectedAdvice {
  /** One of these must be shown. None: the fault is over too soon, or nothing an operator could do about. */
  readonly any: readonly CauseCode[]
  /** What may be shown too, because it is true as well. */
  readonly also: readonly CauseCode[]
}

const PULSAR: readonly CauseCode[] = [
  ...(['pulsar_away', 'pulsar_admin_away', 'not_promised', 'partition_left_out'] as const),
  ...(['events_unavailable', 'receipts_slow', 'worker_not_receiving'] as const),
]
const RESTARTED: readonly CauseCode[] = ['instance_silent', 'worker_restarts', 'no_worker', 'events_unavailable']

const of = (any: readonly CauseCode[], also: readonly CauseCode[] = []): ExpectedAdvice => ({ any, also })
const only = (...any: readonly CauseCode[]): ExpectedAdvice => of(any)

/** By the name of the fault. */
const EXPECTED: Readonly<Record<string, ExpectedAdvice>> = {
  'API killed (-9)': of([], RESTARTED),
  'worker killed (-9)': of([], RESTARTED),
  'worker killed (-9) again and again: everything comes twice': of(['worker_restarts'], RESTARTED),
  'worker killed (-9) with bulks that are refused': of([], [...RESTARTED, 'bulks_unanswered']),
  'API and worker killed (-9) together': of([], RESTARTED),
  'API stopped (SIGTERM)': of([], RESTARTED),
  'worker stopped (SIGTERM)': of([], RESTARTED),
  'worker paused (SIGSTOP)': only('instance_silent'),
  'Pulsar killed (-9) and restarted': of(['pulsar_away', 'pulsar_admin_away'], PULSAR),
  'topic unloaded': of([], PULSAR),
  'partitions added under load': of([], PULSAR),
  'connections to Pulsar cut between send and receipt': of([], PULSAR),
  'connections to Pulsar half-open': of(['pulsar_away', 'pulsar_admin_away'], PULSAR),
  'Pulsar slow to read and to answer': of(['receipts_slow', 'events_unavailable'], PULSAR),
  'Pulsar a slow reader': of([], PULSAR),
  'everything redelivered (cursor set back)': of([], ['backlog_grows', 'receipts_slow']),
  'a policy that drops messages (TTL)': only('not_promised'),
  'Elasticsearch killed (-9) and restarted': only('elasticsearch_away'),
  'Elasticsearch hangs': of(['elasticsearch_away'], ['bulks_unanswered']),
  'Elasticsearch slow': of(['bulks_slow'], ['backlog_grows']),
  '30 % of the operations answered 429': only('bulks_refused'),
  'one operation of each bulk answered 503': of([], ['bulks_not_stored', 'lane_closed']),
  'whole bulks answered 502, stored or not': only('bulks_unanswered'),
  'answers cut in the middle': only('bulks_unanswered'),
  'bulks over 20 kB answered 413': only('bulks_not_stored'),
  'indices read-only, as the flood-stage watermark sets them': of(['bulks_not_stored', 'lane_closed']),
  'a pipeline that does not exist (index.default_pipeline)': of(['lane_closed'], ['bulks_not_stored']),
  'another template that outranks ours': only('index_trouble'),
  'events that the mapping refuses, among others': only('dead_letters'),
  'a shard without a node': of(['lane_closed', 'elasticsearch_red']),
  'an old index read-only, with late events for it': only('lane_closed'),
  'an index re-created with another number of shards while events for it wait': of(
    [],
    ['lane_closed', 'bulks_not_stored'],
  ),
  'the number of shards changed between periods (ELASTIC_INDEX_SHARDS)': of([], ['index_trouble']),
  'calls repeated, each five times': of([]),
  'calls repeated over the end of a month, the clock jumping there': of([], RESTARTED),
  'idle connections, half-sent bodies and slow clients': of([], ['calls_unrouted', 'connections_closed']),
  'calls of a source that does not exist': only('calls_refused'),
  'calls with faults': only('calls_refused'),
  'a sources file that is not JSON': only('sources_faulty'),
  'disk of Elasticsearch full': of(['disk_fills'], ['lane_closed', 'bulks_not_stored']),
}

export function expectedAdvice(fault: string): ExpectedAdvice {
  if (fault.endsWith('s without Elasticsearch')) return only('elasticsearch_away')
  const expected = EXPECTED[fault]
  if (!expected) throw new Error(`there is no expected advice for the fault "${fault}"`)
  return expected
}

/** True at any time of a run: dead letters wait until its end, and load and programs share a small machine. */
export const ALWAYS_ALLOWED: readonly CauseCode[] = ['dead_letters', 'api_busy', 'bulks_not_full']
