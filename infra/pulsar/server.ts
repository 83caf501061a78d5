import type { Input } from '@pulumi/pulumi'
import { type Jvm, jvmMemory, jvmOptions } from '../kubernetes/memory.ts'
import type { ContainerArgs, EnvVar, Volume } from '../kubernetes/pod.ts'

/** The user of the Pulsar image. */
export const PULSAR_USER = { user: 10_000, group: 0 } as const

/** Where the configuration of a server of Pulsar is mounted. */
const CONF_DIR = '/config'

/** Where the tokens of a server of Pulsar are mounted. */
export const TOKEN_DIR = '/tokens'

/** What the start scripts of Pulsar read, besides the variable that names the configuration file. */
function jvmEnv(jvm: Jvm, memoryMib: number): Record<string, string> {
  return {
    PULSAR_MEM: jvmOptions(jvmMemory(jvm, memoryMib)),
    // To the console, where the cluster collects it; the default writes files that nobody rotates away.
    PULSAR_GC_LOG: '-Xlog:gc:stderr',
    PULSAR_LOG_DIR: '/tmp/logs',
  }
}

/** The short-lived JVMs of command lines, in the pod of a server or in a Job. */
export const TOOL_ENV: Readonly<Record<string, string>> = {
  PULSAR_MEM: '-Xmx128m -XX:MaxDirectMemorySize=64m',
  PULSAR_GC: '-XX:+UseSerialGC',
  PULSAR_GC_LOG: '-Xlog:disable',
  PULSAR_LOG_DIR: '/tmp/logs',
}

/** The domain of the pods' names, which the start script of ZooKeeper needs. */
export const podName: EnvVar = { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }

export function configVolume(configMapName: string): Volume {
  return { name: 'config', configMap: { name: configMapName } }
}

export function tokenVolume(secretName: string): Volume {
  return { name: 'tokens', secret: { secretName, defaultMode: 0o440 } }
}

/** The container of a server of Pulsar, which the image's own start script starts. */
export function pulsarContainer(
  args: Omit<ContainerArgs, 'env'> & { readonly env: Readonly<Record<string, Input<string>>>; readonly jvm: Jvm },
): ContainerArgs {
  const { jvm, ...rest } = args
  return {
    ...rest,
    env: { ...jvmEnv(jvm, args.resources.memoryMib), ...args.env },
    mounts: { [CONF_DIR]: 'config', ...args.mounts },
  }
}
