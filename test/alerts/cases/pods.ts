import type { AlertCase } from '../case.ts'
import { STACK } from '../monitored-stack.ts'

/** The targets of all tiers except one, all up. */
const othersUp = (but: string) =>
  Object.fromEntries(STACK.tiers.filter((tier) => tier !== but).map((tier) => [up(tier, 0), '1x30']))
const up = (tier: string, n: number) => `up{job="tracardi/${tier}",pod="${tier}-${n}"}`
const ready = (pod: string) => `kube_pod_status_ready{namespace="tracardi",pod="${pod}",condition="true"}`
const phase = (pod: string, name: string) => `kube_pod_status_phase{namespace="tracardi",pod="${pod}",phase="${name}"}`
const cronJob = (what: string) => `kube_cronjob_${what}{namespace="tracardi",cronjob="snapshot"}`
const volume = (claim: string, usedPercent: number) => ({
  [`kubelet_volume_stats_used_bytes{namespace="tracardi",persistentvolumeclaim="${claim}"}`]: `${usedPercent}x30`,
  [`kubelet_volume_stats_capacity_bytes{namespace="tracardi",persistentvolumeclaim="${claim}"}`]: '100x30',
})

export const podCases: Readonly<Record<string, AlertCase>> = {
  TracardiTierGone: {
    fires: {
      // Both pods of the workers do not answer, and of the proxies there is not even a target.
      given: { ...othersUp('proxy'), [up('worker', 0)]: '0x30', [up('worker', 1)]: '0x30' },
      afterMinutes: 5,
      told: ['worker', 'proxy'].map((tier) => ({
        says: `No pod of tracardi/${tier} was scraped within 5 minutes.`,
        labels: { job: `tracardi/${tier}` },
      })),
    },
    silent: {
      because: 'of the workers one answers',
      given: { ...othersUp('worker'), [up('worker', 0)]: '0x30', [up('worker', 1)]: '1x30' },
      afterMinutes: 10,
    },
  },
  TracardiPodNotReady: {
    fires: {
      given: { [ready('worker-1')]: '0x40', [phase('worker-1', 'Running')]: '1x40' },
      afterMinutes: 15,
      told: [
        {
          says: 'worker-1 is not ready for more than 15 minutes.',
          labels: { pod: 'worker-1', condition: 'true' },
        },
      ],
    },
    silent: {
      because: 'the pod of a Job is done',
      given: {
        [ready('set-up-1')]: '0x40',
        [phase('set-up-1', 'Running')]: '0x40',
        [phase('set-up-1', 'Succeeded')]: '1x40',
      },
      afterMinutes: 30,
    },
  },
  TracardiSnapshotOld: {
    fires: {
      // Intervals of 6 hours, of which one and a half are 540 minutes.
      given: { [cronJob('status_last_successful_time')]: '0x600', [cronJob('created')]: '0x600' },
      afterMinutes: 546,
      told: [{ says: 'None has succeeded for 9h 6m 0s.' }],
    },
    silent: {
      because: 'the CronJob is new, and one has succeeded in time',
      given: { [cronJob('created')]: '0x300', [cronJob('status_last_successful_time')]: '_x250 14400x350' },
      afterMinutes: 560,
    },
  },
  TracardiVolumeFills: {
    fires: {
      given: volume('ledgers-bookkeeper-a-0', 86),
      afterMinutes: 10,
      told: [
        {
          says: 'ledgers-bookkeeper-a-0 is 86% full.',
          labels: { persistentvolumeclaim: 'ledgers-bookkeeper-a-0' },
        },
      ],
    },
    silent: {
      because: 'disks of Elasticsearch have watermarks of their own',
      given: { ...volume('ledgers-bookkeeper-a-0', 84), ...volume('data-elasticsearch-data-a-0', 99) },
      afterMinutes: 15,
    },
  },
}
