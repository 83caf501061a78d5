import type { AlertCase } from '../case.ts'

const events = (outcome: string) => `tracardi_api_events_total{job="tracardi/api",outcome="${outcome}"}`
const STORED = 'tracardi_worker_events_total{job="tracardi/worker",outcome="stored"}'

const calls = (status: string) => `tracardi_api_requests_total{job="tracardi/api",route="/track",status="${status}"}`

const refusedOf = (source: string) =>
  `tracardi_api_refused_calls_total{job="tracardi/api",source="${source}",status="401"}`
const takenOf = (source: string) =>
  `tracardi_api_source_events_total{job="tracardi/api",source="${source}",outcome="accepted"}`

const API = 'job="tracardi/api"'
const missing = (pod: string) => `tracardi_api_not_promised{${API},pod="${pod}",reason="subscription_missing"}`
const open = (pod: string) => `tracardi_api_partition_open{${API},pod="${pod}",partition="3"}`

export const eventCases: Readonly<Record<string, AlertCase>> = {
  TracardiLoadBeyondSizing: {
    fires: {
      given: { [events('accepted')]: '0+7200x60' },
      afterMinutes: 28,
      told: [{ says: '120 events a second were accepted over 15 minutes; load.peakEventsPerSecond is 100.' }],
    },
    silent: {
      because: 'the peak is what the stack is sized for',
      given: { [events('accepted')]: '0+6000x60' },
      afterMinutes: 50,
    },
  },
  TracardiNotPromised: {
    fires: {
      given: { [missing('api-0')]: '1x10', [missing('api-1')]: '0x10' },
      afterMinutes: 1,
      told: [
        {
          says: 'The reason is subscription_missing, for at least 1 minute; the log of the API and the console say what to do.',
          labels: { reason: 'subscription_missing' },
        },
      ],
    },
    silent: {
      because: 'every API finds its reader',
      given: { [missing('api-0')]: '0x10', [missing('api-1')]: '0x10' },
      afterMinutes: 5,
    },
  },
  TracardiPartitionLeftOut: {
    fires: {
      given: { [open('api-0')]: '1x10', [open('api-1')]: '0x10' },
      afterMinutes: 2,
      told: [
        {
          says: '1 API pods skip partition 3; their readiness says why.',
          labels: { partition: '3' },
        },
      ],
    },
    silent: {
      because: 'a broker handed it over within a minute',
      given: { [open('api-0')]: '1 0 1x10' },
      afterMinutes: 5,
    },
  },
  TracardiEventsRefused: {
    fires: {
      given: { [events('accepted')]: '0+588x20', [events('unavailable')]: '0+12x20' },
      afterMinutes: 6,
      told: [{ says: '2% of the events of the last 5 minutes were answered 503.' }],
    },
    silent: {
      because: 'a broker that hands over its topics answers a few with 503',
      given: { [events('accepted')]: '0+597x20', [events('unavailable')]: '0+3x20' },
      afterMinutes: 10,
    },
  },
  TracardiCallsRefused: {
    fires: {
      given: { [calls('200')]: '0+540x40', [calls('401')]: '0x10 60+60x30', [calls('422')]: '0+6x40' },
      afterMinutes: 20,
      told: [{ says: '9.901% of the calls of 10 minutes were answered 401.', labels: { status: '401' } }],
    },
    silent: {
      because: 'at night one wrong sender of two is few calls',
      given: { [calls('200')]: '0+1x40', [calls('401')]: '0+1x40' },
      afterMinutes: 30,
    },
  },
  TracardiSourceRefused: {
    fires: {
      given: {
        [refusedOf('shop')]: '0x10 1+1x40',
        [takenOf('shop')]: '0+10x10 100x40',
        [refusedOf('app')]: '0x10 1+1x40',
        [takenOf('app')]: '0+10x50',
      },
      afterMinutes: 29,
      told: [
        {
          says: '15 calls of source shop were refused in 15 minutes, and none of its events was accepted.',
          labels: { source: 'shop' },
        },
      ],
    },
    silent: {
      because:
        'another page of the source still sends, strangers name sources that do not exist, and one call by hand was wrong',
      given: {
        [refusedOf('shop')]: '0+5x40',
        [takenOf('shop')]: '0+1x40',
        [refusedOf('unknown')]: '0+50x40',
        [refusedOf('app')]: '0 1x39',
      },
      afterMinutes: 40,
    },
  },
  TracardiSourcesFaulty: {
    fires: {
      given: {
        'tracardi_api_sources_faulty{job="tracardi/api",pod="api-0"}': '0x5 1x10',
        'tracardi_api_sources_faulty{job="tracardi/api",pod="api-1"}': '0x5 1x10',
      },
      afterMinutes: 7,
      told: [{ says: '2 API pods have kept the last good sources file.' }],
    },
    silent: {
      because: 'the file was corrected',
      given: { 'tracardi_api_sources_faulty{job="tracardi/api"}': '1x5 0x10' },
      afterMinutes: 10,
    },
  },
  TracardiNothingStored: {
    fires: {
      given: { [events('accepted')]: '0+600x40', [STORED]: '500x40' },
      afterMinutes: 11,
      told: [{ says: '10 events a second are accepted; in 10 minutes no worker has stored one.' }],
    },
    silent: {
      because: 'a slow worker stores too',
      given: { [events('accepted')]: '0+600x40', [STORED]: '0+1x40' },
      afterMinutes: 25,
    },
  },
}
