import {
  backlogGrows,
  busyApis,
  conflicts,
  deadLetters,
  mostlyTimeout,
  nothingStored,
  noWorkers,
  refused,
  silentInstances,
  sourcesFault,
  unavailable,
  unrouted,
} from './advice/pipeline.ts'
import type { Rule } from './advice/rule.ts'
import {
  closedLanes,
  diskFills,
  indexTroubles,
  largeShards,
  nodesAway,
  notRead,
  partitionsLeftOut,
  pulsarAway,
  searchAway,
  searchRed,
} from './advice/servers.ts'
import type { Advice, Figures } from './state.ts'

/** What is wrong by the worst of it, in the order in which it is shown. */
const SEVERITIES: readonly Advice['severity'][] = ['act', 'watch', 'hint']

/** What an operator should do, the most urgent first. Pure: the same figures give the same words. */
export function adviceFor(figures: Figures, namesInstances = true): readonly Advice[] {
  const found = RULES.flatMap((rule) => rule(figures, namesInstances) ?? [])
  return found.sort((one, other) => SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity))
}

const RULES: readonly Rule[] = [
  notRead,
  pulsarAway,
  partitionsLeftOut,
  sourcesFault,
  searchAway,
  searchRed,
  closedLanes,
  indexTroubles,
  nodesAway,
  noWorkers,
  nothingStored,
  unavailable,
  unrouted,
  refused,
  backlogGrows,
  diskFills,
  silentInstances,
  deadLetters,
  conflicts,
  largeShards,
  busyApis,
  mostlyTimeout,
]
