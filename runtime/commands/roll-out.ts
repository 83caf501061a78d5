import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { Command, Option } from 'commander'
import { systemClock } from '../clock.ts'
import type { SharedConfig } from '../config.ts'
import { AppError, messageOf } from '../errors.ts'
import { accessOfPod, KubernetesApi } from '../kubernetes-api.ts'
import { kubernetes } from '../rollout/kubernetes.ts'
import { Lock } from '../rollout/lock.ts'
import { rollOut } from '../rollout/roll-out.ts'
import { type ServersOptions, serversOf } from '../rollout/servers.ts'
import { INCOMPLETE, print, wholeNumber } from './output.ts'

/** The options of `rollOutCommand`. */
export interface RollOutFlags extends ServersOptions {
  readonly set: readonly string[]
  readonly lease: string
  readonly waitMinutes: number
  readonly reasonFile?: string
}

/** Longer messages of a container are cut by Kubernetes. */
const MOST_REASON = 4000

export function rollOutCommand(): Command {
  return new Command('roll-out')
    .description(
      'Restarts the pods of StatefulSets that are not up to date, each when the servers allow it. Jobs of the stack run it, in the cluster. Exit code 2: it stopped before the next pod.',
    )
    .addOption(
      new Option('--servers <kind>', 'what the sets are')
        .choices(['elasticsearch', 'bookkeeper', 'zookeeper'])
        .makeOptionMandatory(),
    )
    .requiredOption('--set <name>', 'a StatefulSet; may be repeated, in the order of the rollout', collected, [])
    .requiredOption('--lease <name>', 'the Lease by which only one rollout works on them')
    .requiredOption('--wait-minutes <n>', 'how long one pod is waited for', wholeNumber)
    .option('--domain <name>', 'of bookies and ZooKeeper: the domain of the pods')
    .option('--port <n>', 'of bookies and ZooKeeper: the port of the pods', wholeNumber)
    .option('--zookeeper <host:port>', 'of bookies: their ZooKeeper')
    .option('--ensemble <n>', 'of bookies: how many a ledger is written to', wholeNumber)
    .option('--reason-file <file>', 'where the reason of a stop is written, as the message of the container')
}

function collected(name: string, all: readonly string[]): readonly string[] {
  return [...all, name]
}

/** Answers the exit code: 2 when it stopped before the next pod. */
export async function runRollOut(config: SharedConfig, flags: RollOutFlags, env: NodeJS.ProcessEnv): Promise<number> {
  const access = accessOfPod(env, 'a rollout')
  const api = new KubernetesApi(access)
  const cluster = kubernetes(api, access.namespace)
  const servers = serversOf(config, flags)
  const clock = systemClock
  try {
    const taken = await rollOut({
      kubernetes: cluster,
      servers,
      lock: new Lock(cluster, flags.lease, hostname(), clock),
      sets: flags.set,
      waitMs: flags.waitMinutes * 60_000,
      clock,
      signal: new AbortController().signal,
      say: print,
    })
    print(taken.length === 0 ? 'every pod was up to date' : `restarted: ${taken.join(', ')}`)
    return 0
  } catch (error) {
    const reason = messageOf(error)
    if (flags.reasonFile !== undefined) writeFileSync(flags.reasonFile, reason.slice(0, MOST_REASON))
    if (!(error instanceof AppError) || error.code !== 'roll_out_stopped') throw error
    print(reason)
    return INCOMPLETE
  } finally {
    await servers.close()
    await api.close()
  }
}
