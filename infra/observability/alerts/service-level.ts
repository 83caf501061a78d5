import type { AlertGroup, Severity } from '../alert.ts'
import { type MonitoredStack, of } from '../monitored-stack.ts'

/**
 * At these burn rates the error budget of 30 days is spent in two and in five days, and in ten and in thirty. The short window ends an
 * alert soon after its cause.
 *
 * @see https://sre.google/workbook/alerting-on-slos/
 */
const FAST = [
  { burnRate: 14.4, long: '1h', short: '5m' },
  { burnRate: 6, long: '6h', short: '30m' },
]
const SLOW = [
  { burnRate: 3, long: '1d', short: '2h' },
  { burnRate: 1, long: '3d', short: '6h' },
]

type Level = Pick<MonitoredStack, 'namespace' | 'prefix' | 'storedWithinSeconds' | 'storedObjectivePercent'>

/** Part of the messages of a window that were stored later than the service level allows. */
export function lateRatio(stack: Level, window: string): string {
  const stored = 'tracardi_worker_receipt_to_stored_seconds'
  // Prometheus 3 writes the label of a whole number with a decimal point, earlier ones as the worker does.
  const inTime = of(stack, 'worker', `le=~"${stack.storedWithinSeconds}([.]0)?"`)
  return `(1 - sum(rate(${stored}_bucket${inTime}[${window}])) / sum(rate(${stored}_count${of(stack, 'worker')}[${window}])))`
}

/** Part of the messages that may be late: the error budget. */
export function errorBudget({ storedObjectivePercent }: Pick<Level, 'storedObjectivePercent'>): number {
  return rounded((100 - storedObjectivePercent) / 100)
}

/** "Stored within N seconds" as a service level, by burn rates over several windows. */
export function serviceLevelAlerts(stack: MonitoredStack): AlertGroup {
  const alert = (pace: 'Fast' | 'Slowly', severity: Severity, windows: typeof FAST, summary: string) => ({
    name: `TracardiStoredLate${pace}` as const,
    severity,
    forMinutes: 2,
    expr: windows
      .map(({ burnRate, long, short }) => {
        const limit = rounded(burnRate * errorBudget(stack))
        return `(${lateRatio(stack, long)} > ${limit} and ${lateRatio(stack, short)} > ${limit})`
      })
      .join(' or '),
    summary,
    description: `{{ $value | humanizePercentage }} of the messages were stored later than ${stack.storedWithinSeconds} s after their receipt; the objective is ${stack.storedObjectivePercent} % in time.`,
  })
  return {
    name: 'service-level',
    reads: ['worker'],
    alerts: [
      alert('Fast', 'critical', FAST, 'Many events are stored late: the error budget of 30 days ends within days'),
      alert('Slowly', 'warning', SLOW, 'More events are stored late than the objective allows over 30 days'),
    ],
  }
}

/** Without the last digits that binary fractions leave. */
function rounded(value: number): number {
  return Number(value.toPrecision(6))
}
