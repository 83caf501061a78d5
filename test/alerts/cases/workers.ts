import type { AlertCase } from '../case.ts'

const JOB = 'job="tracardi/worker"'
const events = (outcome: string) => `tracardi_worker_events_total{${JOB},outcome="${outcome}"}`
const UNREADABLE = `tracardi_worker_unreadable_messages_total{${JOB}}`
const RETRIES = `tracardi_worker_retries_total{${JOB},cause="es_rejected_execution_exception"}`
const bulks = (le: string) => `tracardi_worker_bulk_seconds_bucket{${JOB},le="${le}"}`
const flushes = (reason: string) => `tracardi_worker_flushes_total{${JOB},reason="${reason}"}`
const BULK_EVENTS = `tracardi_worker_batch_events_sum{${JOB}}`
const INDEX_TROUBLES = `tracardi_worker_index_troubles{${JOB}`
const nodeAway = (node: string) => `tracardi_worker_search_node_away{${JOB},node="${node}"}`
const LANE_CLOSED = `tracardi_worker_lane_closed{${JOB},index="tracardi-event-2026-10",shard="1",fault="cluster_block_exception"}`
const BULKS = `tracardi_worker_batch_events_count{${JOB}}`

export const workerCases: Readonly<Record<string, AlertCase>> = {
  TracardiDeadLetters: {
    fires: {
      given: { [events('dead_lettered')]: '0x10 3x30' },
      afterMinutes: 11,
      told: [{ says: '3 events went to the dead-letter topic within an hour.' }],
    },
    silent: {
      because: 'they are older than an hour',
      given: { [events('dead_lettered')]: '3x90' },
      afterMinutes: 80,
    },
  },
  TracardiEventConflicts: {
    fires: {
      given: { [events('conflict')]: '0x10 5x30' },
      afterMinutes: 11,
      told: [{ says: '5 events within an hour had the id of another event of their source.' }],
    },
    silent: {
      because: 'repeated events are duplicates',
      given: { [events('conflict')]: '0x30', [events('duplicate')]: '0+10x30' },
      afterMinutes: 20,
    },
  },
  TracardiIndexTrouble: {
    fires: {
      given: {
        [`${INDEX_TROUBLES},reason="alias_missing"}`]: '0x30',
        [`${INDEX_TROUBLES},reason="index_not_made"}`]: '0x5 2x30',
      },
      afterMinutes: 9,
      told: [
        {
          says: '2 with index_not_made: the readiness and the log of a worker name them.',
          labels: { reason: 'index_not_made' },
        },
      ],
    },
    silent: {
      because: 'it was repaired within three minutes',
      given: { [`${INDEX_TROUBLES},reason="template_missing"}`]: '0x5 1x2 0x20' },
      afterMinutes: 20,
    },
  },
  TracardiLaneClosed: {
    fires: {
      given: { [LANE_CLOSED]: '_x2 1x30' },
      afterMinutes: 7,
      told: [
        {
          says: 'Shard 1 of tracardi-event-2026-10 has answered cluster_block_exception for more than 5 minutes.',
          labels: { index: 'tracardi-event-2026-10', shard: '1', fault: 'cluster_block_exception' },
        },
      ],
    },
    silent: {
      because: 'it was open again within 5 minutes',
      given: { [LANE_CLOSED]: '_x2 1x3 _x30' },
      afterMinutes: 20,
    },
  },
  TracardiElasticsearchNodeAway: {
    fires: {
      given: { [nodeAway('http://a:9200')]: '0x30', [nodeAway('http://b:9200')]: '0x2 1x30' },
      afterMinutes: 8,
      told: [
        {
          says: 'http://b:9200 has not answered a worker for more than 5 minutes.',
          labels: { node: 'http://b:9200' },
        },
      ],
    },
    silent: {
      because: 'it answered again within 5 minutes',
      given: { [nodeAway('http://b:9200')]: '0x2 1x4 0x30' },
      afterMinutes: 20,
    },
  },
  TracardiMessagesUnreadable: {
    fires: {
      given: { [UNREADABLE]: '0+1x40' },
      afterMinutes: 16,
      told: [{ says: 'Workers returned 15 messages to Pulsar within 15 minutes.' }],
    },
    silent: {
      because: 'newer workers have taken them within a rollout',
      given: { [UNREADABLE]: '0+1x10 10x30' },
      afterMinutes: 35,
    },
  },
  TracardiBulksRefused: {
    fires: {
      given: { [RETRIES]: '0+60x40', [events('stored')]: '0+600x40' },
      afterMinutes: 11,
      told: [{ says: '1 operations a second are sent again.' }],
    },
    silent: {
      because: 'one in fifty is a node that restarts',
      given: { [RETRIES]: '0+12x40', [events('stored')]: '0+600x40' },
      afterMinutes: 30,
    },
  },
  TracardiBulksSlow: {
    fires: {
      given: { [bulks('30')]: '0x60', [bulks('60')]: '0+100x60', [bulks('+Inf')]: '0+100x60' },
      afterMinutes: 16,
      told: [{ says: 'One bulk in a hundred takes 59.7s or more; after 60s it is sent again.' }],
    },
    silent: {
      because: 'no bulk takes longer than half of the timeout',
      given: { [bulks('30')]: '0+100x60', [bulks('60')]: '0+100x60', [bulks('+Inf')]: '0+100x60' },
      afterMinutes: 40,
    },
  },
  TracardiBulksNotFilled: {
    fires: {
      given: {
        [flushes('timeout')]: '0+2x200',
        [flushes('size')]: '0x200',
        [BULK_EVENTS]: '0+200x200',
        [BULKS]: '0+2x200',
      },
      afterMinutes: 61,
      told: [{ says: '100% of the bulks of an hour were sent by timeout, less than half full of 500 events.' }],
    },
    silent: {
      because: 'the bulks are well filled when the timeout comes',
      given: {
        [flushes('timeout')]: '0+2x200',
        [flushes('size')]: '0x200',
        [BULK_EVENTS]: '0+900x200',
        [BULKS]: '0+2x200',
      },
      afterMinutes: 150,
    },
  },
}
