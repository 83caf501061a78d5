import type { AlertCase } from '../case.ts'

const TOPIC = 'persistent://tracardi/system/functions'
const JOB = 'job="tracardi/broker"'
const DEAD_LETTERS = `topic="${TOPIC}-tracardi-function-subscription-DLQ"`
const PARTITION = `topic="${TOPIC}-partition-3"`
const SUBSCRIPTION = 'subscription="tracardi-function-subscription"'
const age = (topic: string) => `pulsar_storage_backlog_age_seconds{${JOB},${topic}}`
const BACKLOG = `pulsar_subscription_back_log{${JOB},${PARTITION},${SUBSCRIPTION}}`
const ADVANCED = `pulsar_subscription_last_mark_delete_advanced_timestamp{${JOB},${PARTITION},${SUBSCRIPTION}}`
const WAITING = `pulsar_subscription_back_log{${JOB},${DEAD_LETTERS},subscription="dead-letters"}`

const EVICTED = `pulsar_storage_backlog_quota_exceeded_evictions_total{${JOB},${PARTITION}}`
const EXPIRED = `pulsar_subscription_total_msg_expired{${JOB},${PARTITION},${SUBSCRIPTION}}`

export const queueCases: Readonly<Record<string, AlertCase>> = {
  TracardiEventsDropped: {
    fires: {
      given: { [EVICTED]: '0x5 1x10', [EXPIRED]: '0x15' },
      afterMinutes: 6,
      told: [
        {
          says: `A policy has dropped messages of ${TOPIC}-partition-3 within 10 minutes: run set-up, and replay what the namespace keeps.`,
          labels: { topic: `${TOPIC}-partition-3` },
        },
      ],
    },
    silent: {
      because: 'none was dropped',
      given: { [EVICTED]: '0x15', [EXPIRED]: '7x15' },
      afterMinutes: 10,
    },
  },
  TracardiBacklogOld: {
    fires: {
      given: { [age(PARTITION)]: '21900x20' },
      afterMinutes: 5,
      told: [{ says: 'The oldest event that is not stored has waited 6h 5m 0s; disks are sized for 24 hours.' }],
    },
    silent: {
      because: 'it is less than a quarter of 24 hours, and dead letters wait for a person as long as they like',
      given: { [age(PARTITION)]: '21500x20', [age(DEAD_LETTERS)]: '999999x20' },
      afterMinutes: 10,
    },
  },
  TracardiBacklogTooOld: {
    fires: {
      given: { [age(PARTITION)]: '21900x20' },
      afterMinutes: 5,
      stack: { backlogHours: 12 },
      told: [{ says: 'The oldest event that is not stored has waited 6h 5m 0s; disks are sized for 12 hours.' }],
    },
    silent: {
      because: 'it is less than half of 24 hours',
      given: { [age(PARTITION)]: '43100x20' },
      afterMinutes: 10,
    },
  },
  TracardiBacklogGrowing: {
    fires: {
      stack: { backlogPerWorker: 200 },
      given: { [BACKLOG]: '0+30x60' },
      afterMinutes: 29,
      told: [{ says: '870 messages wait, more than 400, and their number grows.' }],
    },
    silent: {
      stack: { backlogPerWorker: 200 },
      because: 'a backlog that falls is being worked on',
      given: { [BACKLOG]: '1350-10x60' },
      afterMinutes: 45,
    },
  },
  TracardiBacklogStandsStill: {
    fires: {
      given: { [ADVANCED]: '0x60', [BACKLOG]: '5x60' },
      afterMinutes: 21,
      told: [
        {
          says: `${TOPIC}-partition-3 has a backlog, and its oldest message was the same for more than 10 minutes.`,
          labels: {
            job: 'tracardi/broker',
            topic: `${TOPIC}-partition-3`,
            subscription: 'tracardi-function-subscription',
          },
        },
      ],
    },
    silent: {
      because: 'there is a backlog at all times, but of other messages',
      given: { [ADVANCED]: '0+60000x60', [BACKLOG]: '5x60' },
      afterMinutes: 25,
    },
  },
  TracardiDeadLettersWait: {
    fires: {
      given: { [WAITING]: '2x1600' },
      afterMinutes: 1440,
      told: [{ says: '2 dead letters wait for an operator.' }],
    },
    silent: {
      because: 'somebody has seen to them within the day',
      given: { [WAITING]: '2x1200 0x400' },
      afterMinutes: 1500,
    },
  },
}
