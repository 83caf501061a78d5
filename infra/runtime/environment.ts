import type { Input } from '@pulumi/pulumi'
import { type Config, loadConfig, type ProgramName, READ_BY_ONE, settings, toEnv } from '../../runtime/config.ts'
import { bundlesFor } from '../../runtime/names.ts'
import type { SearchAccess, SearchEndpoint } from '../elasticsearch/endpoint.ts'
import { type JobPodArgs, jobPod } from '../kubernetes/job.ts'
import { nodeHeapMib } from '../kubernetes/memory.ts'
import type { ContainerArgs, PodTemplate, Volume, VolumeMount } from '../kubernetes/pod.ts'
import { RUNTIME_USER } from '../kubernetes/runtime-user.ts'
import type { Site, SiteArgs } from '../kubernetes/site.ts'
import { TIERS } from '../kubernetes/tiers.ts'
import type { PulsarAccess } from '../pulsar/endpoint.ts'

/** `PUBLIC_PORT`, `PRIVATE_PORT` and `MONITORING_PORT`, fixed in a cluster. */
export const { public: PUBLIC_PORT, private: PRIVATE_PORT, monitoring: MONITORING_PORT } = TIERS.api.ports

/** Headless Service of the monitoring listeners of a component: under its name the console finds every instance. */
export function instancesService(name: string): string {
  return `${name}-instances`
}

/** ConfigMap with the settings of a component. */
export function settingsConfig(name: string): string {
  return `${name}-settings`
}

const SOURCES_DIR = '/sources'
const CONSOLE_DIR = '/secrets/console'
const TOKEN_DIR = '/secrets/pulsar'
const ELASTIC_DIR = '/secrets/elasticsearch'
const AUTHORITY_DIR = '/authority'

/** What every component of the runtime takes. */
export interface RuntimeArgs extends SiteArgs {
  /** Image of API, workers and set-up. */
  readonly image: Input<string>
  /** A `Pulsar`, or how an existing one is reached. */
  readonly pulsar: PulsarAccess
  /** An `Elasticsearch`, or how an existing one is reached. */
  readonly elasticsearch: SearchAccess
  /**
   * Settings of the programs, as in `runtime/config.ts`. Ports, addresses and secrets among them are set by the component.
   *
   * @default those of docs/configuration.md
   */
  readonly settings?: Partial<Config>
}

/** What a program of the runtime is given. */
export interface RuntimeAccess {
  readonly settings: Config
  readonly pulsar: PulsarAccess
  readonly search: SearchEndpoint
}

export function accessOf({ pulsar, elasticsearch, settings }: Omit<RuntimeArgs, keyof SiteArgs>): RuntimeAccess {
  return { settings: { ...loadConfig({}), ...settings }, pulsar, search: elasticsearch.endpoint }
}

/** The settings of a program, by environment name: those that the stack states, and those that the platform sets. */
export function settingsOf({ settings: stated, pulsar, search }: RuntimeAccess): Record<string, string> {
  const config: Partial<Config> = {
    ...stated,
    publicPort: PUBLIC_PORT,
    privatePort: PRIVATE_PORT,
    monitoringPort: MONITORING_PORT,
    sourcesFile: `${SOURCES_DIR}/sources.json`,
    pulsarHost: pulsar.endpoint.serviceUrl,
    pulsarApi: pulsar.endpoint.adminUrl,
    pulsarTransport: pulsar.transport ?? 'native',
    // As many as the brokers need, where they are ours, and never fewer than are stated.
    pulsarBundles: Math.max(stated.pulsarBundles, pulsar.brokers === undefined ? 0 : bundlesFor(pulsar.brokers)),
    elasticHost: search.url,
    ...(search.username ? { elasticUsername: search.username } : {}),
    ...(search.authorityConfigMap ? { elasticCaFile: `${AUTHORITY_DIR}/ca.crt` } : {}),
  }
  return toEnv(config)
}

/** Those of the settings that a program reads: a change of any other is no reason to restart it. */
export function readBy(program: ProgramName, all: Readonly<Record<string, string>>): Record<string, string> {
  const others = Object.entries(READ_BY_ONE).flatMap(([one, keys]): readonly string[] =>
    one === program ? [] : keys.map((key) => settings[key].env),
  )
  return Object.fromEntries(Object.entries(all).filter(([name]) => !others.includes(name)))
}

/** Variables of the container that are no settings: where secrets are mounted, and how much memory Node.js may use. */
export function containerEnv(access: RuntimeAccess, memoryMib: number, program: ProgramName): Record<string, string> {
  return {
    NODE_ENV: 'production',
    NODE_OPTIONS: `--max-old-space-size=${nodeHeapMib(memoryMib)}`,
    ...(access.pulsar.tokenSecrets ? { PULSAR_AUTH_TOKEN_FILE: `${TOKEN_DIR}/token` } : {}),
    ...(access.search.passwordSecret ? { ELASTIC_HTTP_AUTH_PASSWORD_FILE: `${ELASTIC_DIR}/password` } : {}),
    ...(access.search.apiKeySecret ? { ELASTIC_API_KEY_FILE: `${ELASTIC_DIR}/apiKey` } : {}),
    ...(program === 'api' ? { PRIVATE_TOKEN_FILE: `${CONSOLE_DIR}/token` } : {}),
  }
}

/** Secrets of the API alone: the sources file, and the operators' token in the key `token`. */
export interface ApiSecrets {
  readonly sources: string
  readonly console: string
}

/** Secrets, as files that only the program's user reads; the authority; and what the API alone has. */
export function runtimeVolumes(
  { pulsar, search }: RuntimeAccess,
  program: ProgramName,
  own?: ApiSecrets,
): { volumes: Volume[]; mounts: Record<string, VolumeMount | string> } {
  const volumes: Volume[] = []
  const mounts: Record<string, VolumeMount | string> = {}
  const add = (mountPath: string, volume: Volume) => {
    volumes.push(volume)
    mounts[mountPath] = volume.name as string
  }
  const addSecret = (mountPath: string, name: string, secretName: string) =>
    add(mountPath, { name, secret: { secretName, defaultMode: 0o440 } })
  const token = pulsar.tokenSecrets?.[program]
  if (token) addSecret(TOKEN_DIR, 'pulsar-token', token)
  const credentials = search.passwordSecret ?? search.apiKeySecret
  if (credentials) addSecret(ELASTIC_DIR, 'elasticsearch', credentials)
  if (search.authorityConfigMap) {
    add(AUTHORITY_DIR, { name: 'authority', configMap: { name: search.authorityConfigMap } })
  }
  if (own) {
    addSecret(SOURCES_DIR, 'sources', own.sources)
    addSecret(CONSOLE_DIR, 'console', own.console)
  }
  return { volumes, mounts }
}

/** A pod of Jobs that runs commands of the runtime's image, with the rights of set-up. */
export function adminPod(
  site: Site,
  access: RuntimeAccess,
  containers: readonly ContainerArgs[],
  run: Pick<JobPodArgs, 'once' | 'graceSeconds'> = {},
): PodTemplate {
  const { volumes, mounts } = runtimeVolumes(access, 'admin')
  const withAccess = containers.map((container) => ({
    ...container,
    env: { ...containerEnv(access, container.resources.memoryMib, 'admin'), ...container.env },
    mounts,
  }))
  return jobPod({ ...run, site, ...RUNTIME_USER, volumes, containers: withAccess })
}
