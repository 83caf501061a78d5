import type * as k8s from '@pulumi/kubernetes'
import type { Input, Resource } from '@pulumi/pulumi'
import { toEnv } from '../../runtime/config.ts'
import { checksum } from '../kubernetes/config-files.ts'
import { type ContainerArgs, type PodTemplate, podTemplate, type Resources } from '../kubernetes/pod.ts'
import { httpCheck, probes } from '../kubernetes/probes.ts'
import { RUNTIME_USER } from '../kubernetes/runtime-user.ts'
import { hostOf, type Site } from '../kubernetes/site.ts'
import { configMap } from '../kubernetes/tier-objects.ts'
import { TIERS, type Tier } from '../kubernetes/tiers.ts'
import {
  type ApiSecrets,
  containerEnv,
  MONITORING_PORT,
  type RuntimeAccess,
  readBy,
  runtimeVolumes,
  settingsConfig,
  settingsOf,
} from './environment.ts'

/** What the API alone has: Services whose instances its console shows, the one by which operators reach it, and what its canary calls. */
export interface ApiOwnArgs {
  readonly instances: readonly string[]
  readonly service: string
  readonly canaryUrl: string
}

export interface ProgramArgs {
  readonly name: string
  readonly site: Site
  readonly image: Input<string>
  readonly access: RuntimeAccess
  readonly tier: Extract<Tier, 'api' | 'worker'>
  readonly resources: Resources
  readonly secrets?: ApiSecrets
}

/** Between the end of readiness and SIGTERM: until every proxy of the cluster has stopped sending calls here. */
const PRE_STOP_SECONDS = 10

/** The settings as a ConfigMap, and the digest that restarts the program when one changes that it reads. */
export function programSettings(
  { name, site, access, tier }: Pick<ProgramArgs, 'name' | 'site' | 'access' | 'tier'>,
  parent: Resource,
  own?: ApiOwnArgs,
): { configuration: k8s.core.v1.ConfigMap; digest: string } {
  const settings = { ...settingsOf(access), ...(own ? apiSettings(site, access, own) : {}) }
  const configuration = configMap(site, tier, settingsConfig(name), settings, { parent })
  return { configuration, digest: checksum(JSON.stringify(Object.entries(readBy(tier, settings)).sort())) }
}

/** A search finds an event of the canary at most so long after its bulk: some seconds to send it and to try again. */
const CANARY_SPARE_SECONDS = 60

/** The console shows every instance, and is reached by the names of its Service. The canary waits for its bulk and for the refresh. */
function apiSettings(
  site: Site,
  { settings }: RuntimeAccess,
  { instances, service, canaryUrl }: ApiOwnArgs,
): Record<string, string> {
  const host = hostOf(site, service)
  // As resolvers complete them: `service`, `service.namespace`, `service.namespace.svc`, and the whole.
  const names = [1, 2, 3].map((labels) => host.split('.').slice(0, labels).join('.'))
  const stated = settings.privateAllowedHosts
  const waits = Math.ceil(settings.bulkTimeoutSeconds + settings.indexRefreshSeconds) + CANARY_SPARE_SECONDS
  return toEnv({
    canaryUrl,
    canaryWaitSeconds: Math.max(settings.canaryWaitSeconds, waits),
    consoleInstances: instances.map((each) => `http://${hostOf(site, each)}:${MONITORING_PORT}`).join(','),
    privateAllowedHosts: [...names, host, ...(stated === '' ? [] : [stated])].join(','),
  })
}

/** The pod of the API or of a worker. */
export function programPod(args: ProgramArgs, digests: Readonly<Record<string, Input<string>>>): PodTemplate {
  const { site, tier, access } = args
  const { volumes, mounts } = runtimeVolumes(access, tier, args.secrets)
  // A worker pulls from the queue: nothing sends to it.
  const preStop = tier === 'api' ? PRE_STOP_SECONDS : 0
  return podTemplate({
    site,
    tier,
    ...RUNTIME_USER,
    graceSeconds: preStop + Math.ceil(access.settings.shutdownGraceSeconds) + 5,
    zones: site.zones,
    checksums: {
      ...digests,
      ...(access.pulsar.tokenDigest ? { pulsar: access.pulsar.tokenDigest } : {}),
      ...(access.search.digest ? { elasticsearch: access.search.digest } : {}),
    },
    volumes,
    containers: [programContainer(args, preStop, mounts)],
  })
}

function programContainer(
  { name, image, tier, access, resources }: ProgramArgs,
  preStop: number,
  mounts: NonNullable<ContainerArgs['mounts']>,
): ContainerArgs {
  return {
    name: tier,
    image,
    args: [tier],
    settings: settingsConfig(name),
    // Only its own container knows it: a ConfigMap with it would change with each image.
    env: { ...containerEnv(access, resources.memoryMib, tier), RUNTIME_IMAGE: image },
    ports: TIERS[tier].ports,
    resources,
    mounts,
    probes: probes({
      startSeconds: 120,
      ready: httpCheck(MONITORING_PORT, '/health/ready'),
      alive: httpCheck(MONITORING_PORT, '/health/live'),
    }),
    ...(preStop > 0 ? { preStop: ['sleep', `${preStop}`] } : {}),
  }
}
