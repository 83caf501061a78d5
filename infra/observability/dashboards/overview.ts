import { errorBudget, lateRatio } from '../alerts/service-level.ts'
import { type MonitoredStack, of, partitions } from '../monitored-stack.ts'
import { quantiles, type Row, WINDOW } from './panel.ts'

/** Events on their way: in, waiting, in bulks, stored; and the pods that do it. */
export function overviewRows(stack: MonitoredStack): readonly Row[] {
  return [events(stack), serviceLevel(stack), backlog(stack), bulks(stack), faults(stack), pods(stack)]
}

function events(stack: MonitoredStack): Row {
  const api = (...more: string[]) => of(stack, 'api', ...more)
  const worker = (...more: string[]) => of(stack, 'worker', ...more)
  return {
    title: 'Events',
    reads: ['api', 'worker'],
    panels: [
      {
        title: 'Events in and stored',
        description: 'In the long run both lines are one. Where the upper one is `in`, the backlog grows.',
        unit: 'cps',
        queries: [
          { expr: `sum(rate(tracardi_api_events_total${api('outcome="accepted"')}[${WINDOW}]))`, legend: 'in' },
          {
            expr: `sum by (outcome) (rate(tracardi_worker_events_total${worker()}[${WINDOW}]))`,
            legend: '{{outcome}}',
          },
        ],
      },
      {
        title: 'Answers of the API',
        description: '503 and 429 ask the caller to retry: the brokers give no receipt, or a limit is reached.',
        unit: 'reqps',
        queries: [
          { expr: `sum by (status) (rate(tracardi_api_requests_total${api()}[${WINDOW}]))`, legend: '{{status}}' },
        ],
      },
      {
        title: 'Receipt of the broker',
        description: 'What a caller waits for. It is the time of the journal of the bookies, and a hop or two.',
        unit: 's',
        queries: quantiles('tracardi_api_receipt_seconds', api()),
      },
      {
        title: 'Receipt to stored',
        description:
          'From the API accepting an event to it being stored, for events stored now: it does not include waiting events.',
        unit: 's',
        queries: quantiles('tracardi_worker_receipt_to_stored_seconds', worker()),
      },
      {
        title: 'Canary',
        description:
          'From the call of an event of the canary to the search that found it, one a minute: with the wait for its bulk and the refresh of the index.',
        unit: 's',
        queries: [{ expr: `max(tracardi_canary_seconds${api()})`, legend: 'found after' }],
      },
      {
        title: 'Events in a message',
        description: 'The API joins calls that arrive together. A message costs a broker far more than an event.',
        unit: 'short',
        queries: quantiles('tracardi_api_message_events', api()),
      },
      {
        title: 'Bodies that wait for receipts',
        description: 'At API_MAX_PENDING_BYTES the API answers 429.',
        unit: 'bytes',
        queries: [{ expr: `tracardi_api_pending_bytes${api()}`, legend: '{{pod}}' }],
      },
    ],
  }
}

function serviceLevel(stack: MonitoredStack): Row {
  const { storedWithinSeconds: seconds, storedObjectivePercent: objective } = stack
  const burnRate = (window: string) => ({ expr: `${lateRatio(stack, window)} / ${errorBudget(stack)}`, legend: window })
  return {
    title: 'Service level',
    reads: ['worker'],
    panels: [
      {
        title: 'Stored late',
        description: `Part of the messages stored later than ${seconds} s after their receipt. Those that still wait are not counted yet.`,
        unit: 'percentunit',
        queries: [{ expr: lateRatio(stack, WINDOW), legend: 'late' }],
      },
      {
        title: 'Burn rate',
        description: `At 1 exactly the error budget is used in 30 days, ${objective} % in time. Alerts fire above 14.4 in an hour, 6 in six hours, 3 in a day, 1 in three days.`,
        unit: 'short',
        queries: ['1h', '6h', '3d'].map(burnRate),
      },
      {
        title: 'Error budget left',
        description: 'Of the last 30 days, or of as much as Prometheus keeps. Below 0 the objective is missed.',
        unit: 'percentunit',
        least: -1,
        queries: [{ expr: `1 - ${lateRatio(stack, '30d')} / ${errorBudget(stack)}`, legend: 'left' }],
      },
    ],
  }
}

function backlog(stack: MonitoredStack): Row {
  const topics = of(stack, 'broker', partitions(stack))
  const ofSubscription = of(stack, 'broker', partitions(stack), `subscription="${stack.subscription}"`)
  return {
    title: 'Backlog',
    reads: ['broker'],
    panels: [
      {
        title: 'Backlog',
        description: 'Messages that are not acknowledged, by partition.',
        unit: 'short',
        queries: [{ expr: `sum by (topic) (pulsar_subscription_back_log${ofSubscription})`, legend: '{{topic}}' }],
      },
      {
        title: 'Age of the backlog',
        description: `Of the oldest message, by partition. Disks are sized for ${stack.backlogHours} hours.`,
        unit: 's',
        queries: [{ expr: `max by (topic) (pulsar_storage_backlog_age_seconds${topics} >= 0)`, legend: '{{topic}}' }],
      },
      {
        title: 'Messages in and out',
        description: 'Of all partitions.',
        unit: 'cps',
        queries: [
          { expr: `sum(pulsar_rate_in${topics})`, legend: 'in' },
          { expr: `sum(pulsar_rate_out${topics})`, legend: 'out' },
        ],
      },
    ],
  }
}

function bulks(stack: MonitoredStack): Row {
  const worker = of(stack, 'worker')
  return {
    title: 'Bulks',
    reads: ['worker'],
    panels: [
      {
        title: 'Why bulks are sent',
        description: 'Mostly size: workers are busy. Mostly timeout: there are more of them than there is work.',
        unit: 'cps',
        queries: [
          { expr: `sum by (reason) (rate(tracardi_worker_flushes_total${worker}[${WINDOW}]))`, legend: '{{reason}}' },
        ],
      },
      {
        title: 'How full bulks are',
        description: `Events in a bulk, as a part of BULK_SIZE, ${stack.bulkSize}. Over 100 %: Elasticsearch is the bottleneck, and bulks grow while they wait.`,
        unit: 'percentunit',
        queries: [
          {
            expr: `sum(rate(tracardi_worker_batch_events_sum${worker}[${WINDOW}])) / sum(rate(tracardi_worker_batch_events_count${worker}[${WINDOW}])) / ${stack.bulkSize}`,
            legend: 'mean',
          },
        ],
      },
      {
        title: 'Time of a bulk',
        description: 'One request to Elasticsearch, failed ones included.',
        unit: 's',
        queries: quantiles('tracardi_worker_bulk_seconds', worker),
      },
      {
        title: 'Bulks that may be in flight',
        description: 'Workers lower it while Elasticsearch refuses, and raise it again after.',
        unit: 'short',
        queries: [{ expr: `tracardi_worker_bulk_concurrency${worker}`, legend: '{{pod}}' }],
      },
      {
        title: 'Bulks in flight',
        description: 'On average, by worker.',
        unit: 'short',
        queries: [
          { expr: `sum by (pod) (rate(tracardi_worker_bulk_seconds_sum${worker}[${WINDOW}]))`, legend: '{{pod}}' },
        ],
      },
      {
        title: 'Events in the bulk that is filling',
        description: 'By worker.',
        unit: 'short',
        queries: [{ expr: `tracardi_worker_filling_events${worker}`, legend: '{{pod}}' }],
      },
    ],
  }
}

function faults(stack: MonitoredStack): Row {
  const worker = of(stack, 'worker')
  return {
    title: 'Faults',
    reads: ['worker'],
    panels: [
      {
        title: 'Sent again',
        description: 'Operations that Elasticsearch refused or did not answer, by cause.',
        unit: 'cps',
        queries: [
          { expr: `sum by (cause) (rate(tracardi_worker_retries_total${worker}[${WINDOW}]))`, legend: '{{cause}}' },
        ],
      },
      {
        title: 'Dead letters',
        description: 'Operations that Elasticsearch refused permanently, since each worker started, by fault.',
        unit: 'short',
        queries: [{ expr: `sum by (fault) (tracardi_worker_dead_letters_total${worker})`, legend: '{{fault}}' }],
      },
      {
        title: 'Unreadable messages',
        description: 'Returned to Pulsar for a newer worker.',
        unit: 'cps',
        queries: [
          { expr: `sum(rate(tracardi_worker_unreadable_messages_total${worker}[${WINDOW}]))`, legend: 'returned' },
        ],
      },
    ],
  }
}

function pods({ namespace, prefix }: MonitoredStack): Row {
  const containers = `{namespace="${namespace}",container!="",container!="POD"}`
  const job = `job=~"${namespace}/${prefix}(api|worker)"`
  return {
    title: 'Pods',
    reads: [],
    panels: [
      {
        title: 'CPU',
        description: 'Cores by pod, of all tiers.',
        unit: 'short',
        queries: [
          { expr: `sum by (pod) (rate(container_cpu_usage_seconds_total${containers}[${WINDOW}]))`, legend: '{{pod}}' },
        ],
      },
      {
        title: 'Memory',
        description: 'Working set by pod, of all tiers.',
        unit: 'bytes',
        queries: [{ expr: `sum by (pod) (container_memory_working_set_bytes${containers})`, legend: '{{pod}}' }],
      },
      {
        title: 'Delay of the event loop',
        description: 'p99 of API and workers. Above about 100 ms a process needs more than one core.',
        unit: 's',
        queries: [{ expr: `nodejs_eventloop_lag_p99_seconds{${job}}`, legend: '{{pod}}' }],
      },
    ],
  }
}
