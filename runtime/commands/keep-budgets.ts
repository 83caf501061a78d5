import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { systemClock } from '../clock.ts'
import type { SharedConfig } from '../config.ts'
import { accessOfPod, KubernetesApi } from '../kubernetes-api.ts'
import { budgetsOf } from '../rollout/budgets.ts'
import { type KeptServers, keepBudgets } from '../rollout/keep-budgets.ts'
import { type ServersOptions, serversOf } from '../rollout/servers.ts'
import { json, print } from './output.ts'

/** What `--plan` has, as JSON: servers of each kind, and the budgets of their tiers. */
export type BudgetPlan = readonly (ServersOptions & Pick<KeptServers, 'lease' | 'budgets'>)[]

/** The options of `keepBudgetsCommand`. */
export interface KeepBudgetsFlags {
  readonly plan: BudgetPlan
  readonly aliveFile: string
}

export function keepBudgetsCommand(): Command {
  return new Command('keep-budgets')
    .description(
      'Lets the disruption budgets of servers follow their health: a drain may take a pod when the servers allow it. A Deployment of the stack runs it, in the cluster.',
    )
    .requiredOption('--plan <json>', 'the servers and their budgets', json)
    .requiredOption('--alive-file <file>', 'the file that is written after each round')
}

/** Runs until SIGTERM. The budgets stay as they are then. */
export async function runKeepBudgets(
  config: SharedConfig,
  flags: KeepBudgetsFlags,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const access = accessOfPod(env, 'the keeper of budgets')
  const api = new KubernetesApi(access)
  const kept = flags.plan.map(({ lease, budgets, ...options }) => ({
    lease,
    budgets,
    servers: serversOf(config, options),
  }))
  const stopping = new AbortController()
  const stop = () => stopping.abort()
  process.once('SIGTERM', stop)
  try {
    await keepBudgets({
      budgets: budgetsOf(api, access.namespace),
      kept,
      clock: systemClock,
      signal: stopping.signal,
      say: print,
      onRound: () => writeFileSync(flags.aliveFile, ''),
    })
  } finally {
    process.off('SIGTERM', stop)
    await Promise.all(kept.map(({ servers }) => servers.close()))
    await api.close()
  }
}
