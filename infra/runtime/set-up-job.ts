import type * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Input, output } from '@pulumi/pulumi'
import type { Config } from '../../runtime/config.ts'
import { namespaceOf, topicsOf } from '../../runtime/names.ts'
import { withDefaults } from '../config/defaults.ts'
import { checksum, scriptOf } from '../kubernetes/config-files.ts'
import { jobPod, setUpJob } from '../kubernetes/job.ts'
import { type Site, siteOf } from '../kubernetes/site.ts'
import { PULSAR_USER, TOKEN_DIR, TOOL_ENV, tokenVolume } from '../pulsar/server.ts'
import { accessOf, adminPod, type RuntimeAccess, type RuntimeArgs, settingsOf } from './environment.ts'

export interface SetUpArgs extends RuntimeArgs {
  /** Whether the brokers ask what a token may do: set-up then gives API and workers their rights. @default false */
  readonly authorization?: boolean
  /** Image of Pulsar, with which they are given. @default 'apachepulsar/pulsar:4.0.6' */
  readonly pulsarImage?: Input<string>
  /** Name of the Job that gives them. @default the name of the component and `-permissions` */
  readonly permissionsJob?: string
  /**
   * Changes that an operator has prepared, as `runtime.PULSAR_RETENTION_HOURS=6`: set-up shortens what Pulsar keeps only then.
   *
   * @default []
   */
  readonly acknowledge?: readonly string[]
}

/** The settings that set-up needs: how it gets in, and what it makes. Another bulk size is no reason to run it again. */
const NEEDED = [
  'PULSAR_HOST',
  'PULSAR_API',
  'PULSAR_VERIFY_CERTS',
  'PULSAR_TENANT',
  'PULSAR_SYSTEM_NAMESPACE',
  'PULSAR_FUNCTION_TOPIC',
  'PULSAR_SUBSCRIPTION',
  'PULSAR_PARTITIONS',
  'PULSAR_BUNDLES',
  'PULSAR_RETENTION_HOURS',
  'PULSAR_RETENTION_SIZE_GIB',
  'ELASTIC_HOST',
  'ELASTIC_HTTP_AUTH_USERNAME',
  'ELASTIC_CA_FILE',
  'ELASTIC_VERIFY_CERTS',
  'ELASTIC_INDEX_PREFIX',
  'ELASTIC_INDEX_SHARDS',
  'ELASTIC_INDEX_REPLICAS',
  'ELASTIC_REFRESH_INTERVAL_SECONDS',
  'ELASTIC_INDEX_CODEC',
  'ELASTIC_FLATTENED_DOC_VALUES',
  'EVENT_PARTITIONING',
  // Copies of indices on warm nodes belong to the nightly Job.
  'WARM_AFTER_DAYS',
]

const RESOURCES = { cpuMillicores: 250, memoryMib: 256 }

/**
 * Tenant, namespace, topics with partitions, subscriptions, index templates and, where brokers authorise, permissions. It
 * looks at the state first: partitions and replicas grow, nothing shrinks, nothing is deleted, however often it runs.
 */
export class SetUp extends ComponentResource {
  readonly job: k8s.batch.v1.Job

  constructor(name: string, args: SetUpArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:runtime:SetUp', name, {}, opts)
    const { image, acknowledge = [] } = args
    const site = siteOf(name, args)
    const access = accessOf(args)
    const settings = settingsOf(access)
    const needed = Object.fromEntries(Object.entries(settings).filter(([key]) => NEEDED.includes(key)))
    const command = ['set-up', ...(lowersRetention(access.settings, acknowledge) ? ['--lower-retention'] : [])]
    // It gives brokers that are added their share of the partitions.
    const brokers = access.pulsar.brokers ?? 0
    const container = { name: 'set-up', image, args: command, env: needed, resources: RESOURCES }
    const template = adminPod(site, access, [container])
    this.job = setUpJob(site, name, checksum(JSON.stringify([command, needed, brokers])), template, {
      parent: this,
    })
    if (args.authorization) this.permissions(args.permissionsJob ?? `${name}-permissions`, args, site, access)
    this.registerOutputs({ job: this.job })
  }

  /** API and workers may do their part with the two topics of the pipeline, and nothing else. */
  private permissions(name: string, { pulsarImage }: SetUpArgs, site: Site, access: RuntimeAccess): void {
    const script = permissionsScript(access.pulsar.endpoint.adminUrl, access.settings)
    const container = {
      name: 'permissions',
      image: output(pulsarImage ?? withDefaults(name, 'images', {}).pulsar),
      command: ['bash', '-c', script],
      env: TOOL_ENV,
      resources: { cpuMillicores: 250, memoryMib: 512 },
      mounts: { [TOKEN_DIR]: 'tokens' },
    }
    const volumes = [tokenVolume(access.pulsar.tokenSecrets?.admin ?? '')]
    const template = jobPod({ site, ...PULSAR_USER, volumes, containers: [container] })
    setUpJob(site, name, checksum(script), template, { parent: this, dependsOn: [this.job] })
  }
}

/** Set-up never shortens what Pulsar keeps, unless the stack acknowledges the very value that it states. */
function lowersRetention(settings: Config, acknowledged: readonly string[]): boolean {
  const values = {
    'runtime.PULSAR_RETENTION_HOURS': settings.pulsarRetentionHours,
    'runtime.PULSAR_RETENTION_SIZE_GIB': settings.pulsarRetentionSizeGib,
  }
  return Object.entries(values).some(([key, value]) => acknowledged.includes(`${key}=${value}`))
}

/**
 * The API publishes events, and reads dead letters to show and replay them. Workers consume events, and publish dead letters.
 * So an attacker with an API's token can acknowledge, and so erase, no event.
 */
function permissionsScript(adminUrl: string, config: Config): string {
  const { events, deadLetters } = topicsOf(config)
  return scriptOf(new URL('scripts/permissions.sh', import.meta.url), {
    ADMIN_URL: adminUrl,
    TOKEN_DIR,
    EVENTS: events,
    DEAD_LETTERS: deadLetters,
    NAMESPACE: namespaceOf(events),
  })
}
