import { systemClock } from '../../runtime/clock.ts'
import type { Claim, Kubernetes } from '../../runtime/drain/kubernetes.ts'
import type { DrainPlan } from '../../runtime/drain/plan.ts'
import type { DrainRun } from '../../runtime/drain/repeat.ts'
import type { SearchCluster } from '../../runtime/drain/search-cluster.ts'

/** The API server, as much as a drain asks of it. */
export class ScriptedKubernetes implements Kubernetes {
  /** Pods of each set. */
  readonly pods: Record<string, number>
  readonly found = new Map<string, Claim>()
  readonly markFounded: Kubernetes['markFounded']

  /** @param onFounded called when a set is marked. */
  constructor(pods: Readonly<Record<string, number>>, onFounded: () => void = () => undefined) {
    this.pods = { ...pods }
    this.markFounded = async () => onFounded()
  }

  readonly present = async (set: string) => this.pods[set]
  readonly setsWithPods = async () => Object.keys(this.pods).filter((set) => this.pods[set] !== 0)
  readonly claims = async () => [...this.found.values()]
  readonly markDrained = async (name: string) => void this.found.set(name, { name, isDrained: true })
  readonly deleteClaim = async (name: string) => void this.found.delete(name)

  /** Adds the claims of a set, none of which is marked. */
  claim(set: string, ...ordinals: readonly number[]): void {
    for (const name of ordinals.map((ordinal) => `data-${set}-${ordinal}`))
      this.found.set(name, { name, isDrained: false })
  }
}

/** @param replicas of each set of data nodes. */
export function planOf(replicas: Readonly<Record<string, number>>, votes = false): DrainPlan {
  const common = { tier: 'elasticsearch-data', claims: ['data'], votes, unchecked: false }
  const sets = Object.entries(replicas).map(([name, count]) => ({ name, replicas: count, ...common }))
  return { namespace: 'tracardi', volumes: 'keep', selector: 'app=data', gone: [], sets }
}

/** Tries again after a tenth of a second. */
export function drainRun(seconds: number, say: DrainRun['say'] = () => undefined): DrainRun {
  return {
    clock: { ...systemClock, sleep: (_ms, signal) => systemClock.sleep(100, signal) },
    signal: new AbortController().signal,
    endMs: systemClock.nowMs() + seconds * 1000,
    say,
  }
}

/** A process that is killed in that call does not notice: it is never answered, and the server may have obeyed. */
export function killedAt(cluster: SearchCluster, call: number): { cluster: SearchCluster; killed: Promise<void> } {
  const killed = Promise.withResolvers<void>()
  let calls = 0
  const dying = new Proxy(cluster, {
    get: (target, name: keyof SearchCluster) => async (argument: never) => {
      calls += 1
      const answer = await (target[name] as (of: never) => Promise<unknown>)(argument)
      if (calls < call) return answer
      killed.resolve()
      return new Promise(() => undefined)
    },
  })
  return { cluster: dying, killed: killed.promise }
}
