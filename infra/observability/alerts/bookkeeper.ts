import type { AlertGroup } from '../alert.ts'
import { type MonitoredStack, of } from '../monitored-stack.ts'

/** The bookies, and the copies of their ledgers. */
export function bookkeeperAlerts(stack: MonitoredStack): AlertGroup {
  const status = `bookie_SERVER_STATUS${of(stack, 'bookkeeper')}`
  return {
    name: 'bookkeeper',
    reads: ['bookkeeper', 'autorecovery'],
    alerts: [
      {
        name: 'TracardiBookieReadOnly',
        severity: 'warning',
        forMinutes: 5,
        // 1: takes writes, 0: read-only, -1: not registered.
        expr: `${status} < 1`,
        summary: 'A bookie takes no writes',
        description: '{{ $labels.pod }} has the status {{ $value }}: 0 is read-only, -1 is not registered.',
      },
      {
        name: 'TracardiTooFewBookies',
        severity: 'critical',
        forMinutes: 5,
        expr: `(count(${status} == 1) or vector(0)) < ${stack.ensemble}`,
        summary: 'Too few bookies take writes: brokers make no new ledger and refuse events',
        description: `{{ $value }} bookies accept writes; a ledger needs ${stack.ensemble}.`,
      },
      {
        name: 'TracardiLedgersUnderReplicated',
        severity: 'warning',
        forMinutes: 0,
        expr: `sum(increase(auditor_NUM_UNDER_REPLICATED_LEDGERS_sum${of(stack, 'autorecovery', 'success="true"')}[1h])) > 0`,
        summary: 'Ledgers have lost a copy; autorecovery is copying them',
        description: 'The auditor found {{ $value | humanize }} ledgers with too few copies within an hour.',
      },
    ],
  }
}
