import type { AlertGroup } from '../alert.ts'
import { type MonitoredStack, of } from '../monitored-stack.ts'

/** The ensemble, as its leader reports it: no other node knows the followers. */
export function zookeeperAlerts(stack: MonitoredStack): AlertGroup {
  const { zookeepers } = stack
  const majority = Math.floor(zookeepers / 2) + 1
  const members = `(max(synced_followers${of(stack, 'zookeeper')}) + 1 or vector(0))`
  return {
    name: 'zookeeper',
    reads: ['zookeeper'],
    alerts: [
      {
        name: 'TracardiZooKeeperNodeAway',
        severity: 'warning',
        forMinutes: 10,
        expr: `${members} < ${zookeepers}`,
        summary: 'A node of ZooKeeper does not follow',
        description: `{{ $value }} of ${zookeepers} nodes are in the quorum; ${majority} must be.`,
      },
      {
        name: 'TracardiZooKeeperNoQuorum',
        severity: 'critical',
        forMinutes: 2,
        expr: `${members} < ${majority}`,
        summary: 'ZooKeeper has no quorum: Pulsar creates no new ledger and elects no owner of a topic',
        description: `{{ $value }} of ${zookeepers} nodes are in the quorum; ${majority} must be.`,
      },
    ],
  }
}
