import type { AlertGroup } from '../alert.ts'
import { type MonitoredStack, of } from '../monitored-stack.ts'

/** Part of the events answered 503 that is more than the moment in which a broker hands over its topics. */
const REFUSED_PART = 0.01
/** Part of the calls answered with one status of 4xx, and how many of them there must be: some sender is always wrong. */
const FAULTY_CALLS = { part: 0.05, count: 20 }

/** A source of which no call was accepted for so long, and how many were refused: one wrong call by hand is no fault. */
const REFUSED_SOURCE = { minutes: 15, calls: 3 }

/** What callers of the API notice. */
export function eventAlerts(stack: MonitoredStack): AlertGroup {
  const api = (...more: string[]) => of(stack, 'api', ...more)
  // Events that wait for their bulk to fill are not stored yet, and nothing is wrong with them.
  const minutes = Math.max(10, Math.ceil((2 * stack.bulkTimeoutSeconds) / 60))
  const accepted = `sum(rate(tracardi_api_events_total${api('outcome="accepted"')}[${minutes}m]))`
  const faultyCalls = `tracardi_api_requests_total${api('status=~"4.."')}[10m]`
  const { sizedEventsPerSecond: sized } = stack
  const sourceWindow = `${REFUSED_SOURCE.minutes}m`
  const refusedOfSource = `sum by (source) (increase(tracardi_api_refused_calls_total${api('source!="unknown"')}[${sourceWindow}]))`
  const takenOfSource = `sum by (source) (increase(tracardi_api_source_events_total${api('outcome=~"accepted|not_stored"')}[${sourceWindow}]))`
  return {
    name: 'events',
    reads: ['api', 'worker'],
    alerts: [
      {
        name: 'TracardiEventsRefused',
        severity: 'critical',
        forMinutes: 5,
        expr: `sum(rate(tracardi_api_events_total${api('outcome="unavailable"')}[5m])) / sum(rate(tracardi_api_events_total${api()}[5m])) > ${REFUSED_PART}`,
        summary: 'The API answers 503: the brokers give no receipt',
        description: '{{ $value | humanizePercentage }} of the events of the last 5 minutes were answered 503.',
      },
      {
        name: 'TracardiCallsRefused',
        severity: 'warning',
        forMinutes: 5,
        expr: `sum by (status) (rate(${faultyCalls})) / on () group_left () sum(rate(tracardi_api_requests_total${api()}[10m])) > ${FAULTY_CALLS.part} and sum by (status) (increase(${faultyCalls})) >= ${FAULTY_CALLS.count}`,
        summary: 'The API refuses many calls: their events are not accepted',
        description: '{{ $value | humanizePercentage }} of the calls of 10 minutes were answered {{ $labels.status }}.',
      },
      {
        name: 'TracardiSourceRefused',
        severity: 'warning',
        forMinutes: 5,
        expr: `${refusedOfSource} >= ${REFUSED_SOURCE.calls} unless on (source) ${takenOfSource} > 0`,
        summary: 'Every call of a source is refused: none of its events is accepted',
        description: `{{ $value | printf "%.0f" }} calls of source {{ $labels.source }} were refused in ${REFUSED_SOURCE.minutes} minutes, and none of its events was accepted.`,
      },
      {
        name: 'TracardiNotPromised',
        severity: 'critical',
        forMinutes: 1,
        expr: `max by (reason) (tracardi_api_not_promised${api()}) > 0`,
        summary: 'The API answers 503: published events might never be read, or be dropped',
        description:
          'The reason is {{ $labels.reason }}, for at least 1 minute; the log of the API and the console say what to do.',
      },
      {
        name: 'TracardiPartitionLeftOut',
        severity: 'warning',
        forMinutes: 2,
        expr: `count by (partition) (tracardi_api_partition_open${api()} == 0) > 0`,
        summary: 'A partition accepts no events; the others take its messages',
        description: '{{ $value }} API pods skip partition {{ $labels.partition }}; their readiness says why.',
      },
      {
        name: 'TracardiSourcesFaulty',
        severity: 'critical',
        forMinutes: 1,
        expr: `sum(tracardi_api_sources_faulty${api()}) > 0`,
        summary: 'The sources file has a fault: the API keeps the last good one, and cannot start again',
        description: '{{ $value | humanize }} API pods have kept the last good sources file.',
      },
      {
        name: 'TracardiNothingStored',
        severity: 'critical',
        forMinutes: minutes,
        expr: `${accepted} > 0 unless sum(rate(tracardi_worker_events_total${of(stack, 'worker')}[${minutes}m])) > 0`,
        summary: 'Events are accepted, and none is stored',
        description: `{{ $value | humanize }} events a second are accepted; in ${minutes} minutes no worker has stored one.`,
      },
      ...(sized > 0
        ? ([
            {
              name: 'TracardiLoadBeyondSizing',
              severity: 'warning',
              forMinutes: 15,
              expr: `sum(rate(tracardi_api_events_total${api('outcome="accepted"')}[15m])) > ${sized}`,
              summary: 'More events come than the stack is sized for',
              description: `{{ $value | humanize }} events a second were accepted over 15 minutes; load.peakEventsPerSecond is ${sized}.`,
            },
          ] as const)
        : []),
    ],
  }
}
