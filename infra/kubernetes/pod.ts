import type { types } from '@pulumi/kubernetes'
import type { Input } from '@pulumi/pulumi'
import { labelsOf, selectorOf, versionLabel, ZONE } from './labels.ts'
import type { Site } from './site.ts'
import type { Tier } from './tiers.ts'

export type Container = types.input.core.v1.Container
export type PodSpec = types.input.core.v1.PodSpec
export type PodTemplate = types.input.core.v1.PodTemplateSpec
export type Volume = types.input.core.v1.Volume
export type VolumeMount = types.input.core.v1.VolumeMount
export type Probe = types.input.core.v1.Probe
export type EnvVar = types.input.core.v1.EnvVar

export interface Resources {
  readonly cpuMillicores: number
  readonly memoryMib: number
}

/** One container. Its root file system is read-only; `/tmp` is writable. */
export interface ContainerArgs {
  readonly name: string
  readonly image: Input<string>
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, Input<string>>>
  /** More variables, from fields of the pod. */
  readonly fields?: readonly EnvVar[]
  /** ConfigMap whose every entry is a variable. */
  readonly settings?: string
  readonly ports?: Readonly<Record<string, number>>
  readonly resources: Resources
  readonly mounts?: Readonly<Record<string, string | VolumeMount>>
  readonly probes?: { readonly startup: Probe; readonly readiness: Probe; readonly liveness: Probe }
  readonly preStop?: readonly string[]
}

export interface PodArgs {
  readonly site: Pick<Site, 'partOf' | 'instance' | 'pullSecret' | 'cpuLimits'>
  readonly tier: Tier
  readonly labels?: Readonly<Record<string, string>>
  readonly containers: readonly ContainerArgs[]
  readonly initContainers?: readonly ContainerArgs[]
  readonly volumes?: readonly Volume[]
  /** User that the image is made for. */
  readonly user: number
  readonly group: number
  /** Seconds from SIGTERM to SIGKILL, including the wait before the program gets SIGTERM. */
  readonly graceSeconds: number
  /** Zones over which the pods are spread; none when empty. */
  readonly zones?: readonly string[]
  /** The one zone that the pods must be in. */
  readonly zone?: string
  /** Whether two pods may share a machine when there are too few. Pods that hold data may not. */
  readonly separateHosts?: 'required' | 'preferred'
  /** Whether a pod waits rather than makes the zones uneven. For members of a quorum, which their volumes then keep there. */
  readonly separateZones?: 'required' | 'preferred'
  /** Digests of the configuration that the pod reads only at its start, so that a change restarts it. */
  readonly checksums?: Readonly<Record<string, Input<string>>>
  readonly restartPolicy?: 'Always' | 'OnFailure' | 'Never'
  /** ServiceAccount that a cloud trusts, or whose rights the pod has. @default that of the namespace */
  readonly serviceAccount?: string
  /** Whether the pod gets a token of the API server. @default false */
  readonly callsApiServer?: boolean
}

/** A pod that PodSecurity `restricted` admits: no root, no privileges, a read-only root, and a token of the API server only where it asks. */
export function podTemplate(args: PodArgs): PodTemplate {
  const { cpuLimits, pullSecret } = args.site
  const annotations = Object.fromEntries(
    Object.entries(args.checksums ?? {}).map(([name, digest]) => [`checksum.tracardi.com/${name}`, digest]),
  )
  return {
    metadata: {
      labels: { ...podLabels(args), ...args.labels },
      ...(args.checksums ? { annotations } : {}),
    },
    spec: {
      automountServiceAccountToken: args.callsApiServer ?? false,
      ...(args.serviceAccount ? { serviceAccountName: args.serviceAccount } : {}),
      enableServiceLinks: false,
      terminationGracePeriodSeconds: args.graceSeconds,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: args.user,
        runAsGroup: args.group,
        fsGroup: args.user,
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      ...(args.initContainers ? { initContainers: args.initContainers.map((each) => container(each, cpuLimits)) } : {}),
      containers: args.containers.map((each) => container(each, cpuLimits)),
      volumes: [{ name: 'tmp', emptyDir: {} }, ...(args.volumes ?? [])],
      ...spread(args),
      ...(args.restartPolicy ? { restartPolicy: args.restartPolicy } : {}),
      ...(pullSecret ? { imagePullSecrets: [{ name: pullSecret }] } : {}),
    },
  }
}

/** The labels of a pod, which what runs it has too. `podTemplate` makes plain values of them. */
export function labelsOfPod(template: PodTemplate): Record<string, string> {
  return (template.metadata as { readonly labels: Record<string, string> }).labels
}

/** Pods of the set-up have those that select them alone: a Job never changes, so another label would be another Job. */
function podLabels({ site, tier, containers }: PodArgs): Record<string, string> {
  if (tier === 'set-up') return { ...selectorOf(site, tier), 'app.kubernetes.io/managed-by': 'pulumi' }
  return { ...labelsOf(site, tier), ...versionLabel(containers[0]?.image) }
}

function container(args: ContainerArgs, cpuLimits: boolean): Container {
  const quantity = { cpu: `${args.resources.cpuMillicores}m`, memory: `${args.resources.memoryMib}Mi` }
  const env = Object.entries(args.env ?? {}).map(([name, value]) => ({ name, value }))
  return {
    name: args.name,
    image: args.image,
    imagePullPolicy: 'IfNotPresent',
    ...(args.command ? { command: [...args.command] } : {}),
    ...(args.args ? { args: [...args.args] } : {}),
    env: [...env, ...(args.fields ?? [])],
    ...(args.settings ? { envFrom: [{ configMapRef: { name: args.settings } }] } : {}),
    ...(args.ports
      ? { ports: Object.entries(args.ports).map(([name, containerPort]) => ({ name, containerPort, protocol: 'TCP' })) }
      : {}),
    // Requested memory is guaranteed; CPU may exceed its request, but never so much that neighbours starve.
    resources: {
      requests: { ...quantity, 'ephemeral-storage': '64Mi' },
      limits: {
        ...(cpuLimits ? { cpu: `${cpuLimit(args.resources)}m` } : {}),
        memory: quantity.memory,
        'ephemeral-storage': '1Gi',
      },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'tmp', mountPath: '/tmp' },
      ...Object.entries(args.mounts ?? {}).map(([mountPath, mount]) =>
        typeof mount === 'string' ? { name: mount, mountPath } : { ...mount, mountPath },
      ),
    ],
    ...(args.probes
      ? {
          startupProbe: args.probes.startup,
          readinessProbe: args.probes.readiness,
          livenessProbe: args.probes.liveness,
        }
      : {}),
    ...(args.preStop ? { lifecycle: { preStop: { exec: { command: [...args.preStop] } } } } : {}),
  }
}

/** Twice what is requested, and a whole core at least: a JVM that starts on less takes minutes. */
function cpuLimit({ cpuMillicores }: Resources): number {
  return Math.max(1000, 2 * cpuMillicores)
}

/** Over machines always, over zones where there are any, or into the one zone. */
function spread({
  site,
  tier,
  labels,
  zones = [],
  zone,
  separateHosts = 'preferred',
  separateZones = 'preferred',
}: PodArgs): Partial<PodSpec> {
  const labelSelector = { matchLabels: selectorOf(site, tier) }
  const term = { labelSelector, topologyKey: 'kubernetes.io/hostname' }
  const podAntiAffinity =
    separateHosts === 'required'
      ? { requiredDuringSchedulingIgnoredDuringExecution: [term] }
      : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] }
  const among = zone === undefined ? zones : [zone]
  const nodeAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: 'In', values: [...among] }] }],
    },
  }
  const spreading = {
    maxSkew: 1,
    topologyKey: ZONE,
    // While a zone is down, a pod that is not spread is better than one that does not run, unless its volume would
    // keep it in the wrong zone forever.
    whenUnsatisfiable: separateZones === 'required' ? 'DoNotSchedule' : 'ScheduleAnyway',
    labelSelector: { matchLabels: { ...selectorOf(site, tier), ...labels } },
  }
  return {
    affinity: { podAntiAffinity, ...(among.length > 0 ? { nodeAffinity } : {}) },
    ...(zone === undefined && zones.length > 1 ? { topologySpreadConstraints: [spreading] } : {}),
  }
}
