import { writeFileSync } from 'node:fs'
import { Argument, Command, Option } from 'commander'
import { systemClock } from '../clock.ts'
import type { Config } from '../config.ts'
import { afterReplicas, beforeReplicas } from '../drain/job.ts'
import { kubernetes } from '../drain/kubernetes.ts'
import { drainPlanFrom } from '../drain/plan.ts'
import { searchCluster } from '../drain/search-cluster.ts'
import { accessOfPod, KubernetesApi } from '../kubernetes-api.ts'
import { searchClient } from '../search/client.ts'
import { INCOMPLETE, print, wholeNumber } from './output.ts'

/** The options of `drainCommand`. */
export interface DrainFlags {
  readonly plan: string
  readonly servers: 'elasticsearch' | 'none'
  readonly minutes: number
  readonly reasonFile?: string
}

export function drainCommand(): Command {
  return new Command('drain')
    .description(
      'Run by Jobs of `pulumi up`, before and after a StatefulSet gets other replicas. Exit code 0: complete; 2: something is left, nothing was removed, and the next `up` continues from there.',
    )
    .addArgument(
      new Argument('<when>', 'before: empties the servers that leave; after: forgets those that are gone').choices([
        'before',
        'after',
      ]),
    )
    .requiredOption('--plan <json>', 'the sets as the stack wants them')
    .addOption(new Option('--servers <kind>', 'what the sets run').choices(['elasticsearch', 'none']).default('none'))
    .option('--minutes <n>', 'maximum duration', wholeNumber, 60)
    .option('--reason-file <file>', 'write what is left to this file too, for Kubernetes')
}

/** Answers the exit code. */
export async function runDrain(
  config: Config,
  when: string,
  flags: DrainFlags,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const plan = drainPlanFrom(flags.plan)
  const stopped = new AbortController()
  const stop = () => stopped.abort()
  process.once('SIGTERM', stop)
  const client = flags.servers === 'elasticsearch' ? searchClient(config) : undefined
  const api = new KubernetesApi(accessOfPod(env, 'a drain'))
  try {
    const tools = {
      kubernetes: kubernetes(api, plan.namespace),
      ...(client ? { search: searchCluster(client, config) } : {}),
    }
    const endMs = systemClock.nowMs() + flags.minutes * 60_000
    const run = { clock: systemClock, signal: stopped.signal, endMs, say: print }
    const left = await (when === 'before' ? beforeReplicas : afterReplicas)(tools, plan, run)
    if (left === undefined) return 0
    const rest = when === 'before' ? 'Nothing was removed; the' : 'The'
    const reason = `NOT DONE: ${left}. ${rest} next \`up\` continues from here.`
    print(reason)
    // Kubernetes shows it as the reason of the Job, and `up` with it.
    if (flags.reasonFile !== undefined) writeFileSync(flags.reasonFile, reason)
    return INCOMPLETE
  } finally {
    process.off('SIGTERM', stop)
    await client?.close()
    await api.close()
  }
}
