import type { CauseCode } from '../../runtime/telemetry/causes.ts'

/** The cause that the console names when an alert fires. Others are about servers that the console does not see. */
const ADVICE: Readonly<Record<string, CauseCode>> = {
  TracardiEventsRefused: 'pulsar_away',
  TracardiCallsRefused: 'calls_refused',
  TracardiSourceRefused: 'calls_refused',
  TracardiNotPromised: 'not_promised',
  TracardiPartitionLeftOut: 'partition_left_out',
  TracardiSourcesFaulty: 'sources_faulty',
  TracardiNothingStored: 'nothing_stored',
  TracardiDeadLetters: 'dead_letters',
  TracardiDeadLettersWait: 'dead_letters',
  TracardiEventConflicts: 'event_conflicts',
  TracardiIndexTrouble: 'index_trouble',
  TracardiElasticsearchNodeAway: 'elasticsearch_node_away',
  TracardiLaneClosed: 'lane_closed',
  TracardiBulksRefused: 'bulks_refused',
  TracardiBulksSlow: 'bulks_slow',
  TracardiBulksNotFilled: 'bulks_not_full',
  TracardiBacklogOld: 'backlog_grows',
  TracardiBacklogTooOld: 'backlog_grows',
  TracardiBacklogGrowing: 'backlog_grows',
  TracardiBacklogStandsStill: 'nothing_stored',
  TracardiElasticsearchRed: 'elasticsearch_red',
  TracardiElasticsearchYellow: 'copies_missing',
  TracardiElasticsearchDiskLow: 'disk_fills',
  TracardiElasticsearchDiskHigh: 'disk_fills',
  TracardiElasticsearchUnseen: 'elasticsearch_away',
  TracardiCertificateEnds: 'certificate_ends',
  TracardiCertificateEndsAtOnce: 'certificate_ends',
}

/** @returns the code, which the console and `npm run cli -- status` show too; `undefined` where they show nothing of it. */
export function adviceOfAlert(name: string): CauseCode | undefined {
  return ADVICE[name]
}
