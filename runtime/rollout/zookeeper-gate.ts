import { named } from './elasticsearch-gate.ts'
import { GO, goWith, type Outlook, type Verdict, wait } from './verdict.ts'

/** What a node of ZooKeeper says of itself; `undefined` when it does not answer, or serves nobody. */
export interface ZooKeeperNode {
  readonly state: string
  /** Followers that are in step, in the words of the leader. */
  readonly syncedFollowers?: number
}

/** By pod. */
export type ZooKeeperFacts = ReadonlyMap<string, ZooKeeperNode | undefined>

export function zookeeperOutlook(facts: ZooKeeperFacts, pods: readonly string[]): Outlook {
  return {
    mayTake: (pod) => {
      // It serves nothing: it cannot get worse, and a correction has to reach it.
      if (facts.get(pod) === undefined) return GO
      if (pods.length === 1) return goWith(`${pod} is the only node: Pulsar has no metadata until it is back`)
      return quorum(facts, pods)
    },
    leads: (pod) => facts.get(pod)?.state === 'leader',
    recovered: () => quorum(facts, pods),
  }
}

function quorum(facts: ZooKeeperFacts, pods: readonly string[]): Verdict {
  const silent = pods.filter((pod) => facts.get(pod) === undefined)
  if (silent.length > 0) return wait('quorum_not_in_step', `these nodes serve nobody: ${named(silent)}`)
  const nodes = pods.map((pod) => facts.get(pod))
  if (pods.length === 1) return GO
  const leaders = nodes.filter((node) => node?.state === 'leader')
  const synced = leaders[0]?.syncedFollowers ?? 0
  if (leaders.length === 1 && synced >= pods.length - 1) return GO
  return wait(
    'quorum_not_in_step',
    `${leaders.length} leaders, ${synced} of ${pods.length - 1} followers are in step with it`,
  )
}
