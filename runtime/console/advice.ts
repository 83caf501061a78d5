import { bulksNotFull, bulksNotStored, bulksRefused, bulksSlow, bulksUnanswered } from './advice/bulks.ts'
import {
  callsRefused,
  callsUnrouted,
  connectionsClosed,
  eventConflicts,
  eventsUnavailable,
  sourcesFaulty,
} from './advice/calls.ts'
import { certificateEnds, certificateExpired } from './advice/certificates.ts'
import {
  copiesMissing,
  diskFills,
  elasticsearchAway,
  elasticsearchNodeAway,
  elasticsearchRed,
  indexTrouble,
  laneClosed,
  shardsLarge,
} from './advice/elasticsearch.ts'
import { notPromised, partitionLeftOut, pulsarAdminAway, pulsarAway, receiptsSlow } from './advice/pulsar.ts'
import type { Finding, Rule } from './advice/rule.ts'
import {
  apiBusy,
  backlogGrows,
  deadLetters,
  instanceSilent,
  nothingStored,
  noWorker,
  partitionLags,
  workerNotReceiving,
  workerRestarts,
} from './advice/workers.ts'
import type { Advice, Figures } from './state.ts'

/** What is wrong by the worst of it, in the order in which it is shown. */
const SEVERITIES: readonly Advice['severity'][] = ['act', 'watch', 'hint']

/** Each cause that holds, the most urgent first, with its symptoms. Pure: the same figures give the same words. */
export function adviceOf(figures: Figures, namesInstances = true): readonly Finding[] {
  const found = RULES.flatMap((rule) => rule(figures, namesInstances) ?? [])
  return found.sort((one, other) => SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity))
}

const RULES: readonly Rule[] = [
  certificateExpired,
  pulsarAway,
  pulsarAdminAway,
  notPromised,
  partitionLeftOut,
  sourcesFaulty,
  elasticsearchAway,
  elasticsearchRed,
  laneClosed,
  indexTrouble,
  elasticsearchNodeAway,
  workerRestarts,
  instanceSilent,
  noWorker,
  workerNotReceiving,
  bulksRefused,
  bulksUnanswered,
  bulksNotStored,
  bulksSlow,
  nothingStored,
  callsRefused,
  eventsUnavailable,
  connectionsClosed,
  callsUnrouted,
  receiptsSlow,
  backlogGrows,
  partitionLags,
  diskFills,
  deadLetters,
  eventConflicts,
  copiesMissing,
  certificateEnds,
  shardsLarge,
  apiBusy,
  bulksNotFull,
]
