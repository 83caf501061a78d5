import type { Input, Resource } from '@pulumi/pulumi'
import { scriptOf } from '../kubernetes/config-files.ts'
import { Drain, type DrainSettings, type DrainStep } from '../kubernetes/drain.ts'
import type { ContainerArgs } from '../kubernetes/pod.ts'
import { hostOf, type Site } from '../kubernetes/site.ts'
import { TIERS } from '../kubernetes/tiers.ts'
import { type BookieSet, claimsOf } from './bookie-sets.ts'
import { bookiesFact, bookiesOfFact } from './facts.ts'
import { configVolume, PULSAR_USER, TOKEN_DIR, TOOL_ENV, tokenVolume } from './server.ts'

const { bookie: BOOKIE_PORT } = TIERS.bookkeeper.ports

/** What a drain needs to know besides what the bookies are made from. */
export interface BookieDrain {
  /** Image of the runtime, which sees which pods there are. */
  readonly image: Input<string>
  readonly settings: DrainSettings
  /** Address of the admin API of the brokers, which close ledgers. */
  readonly adminUrl: string
  /** Secret with the token of the administrator, where brokers ask for one. @default none */
  readonly tokenSecret?: string
}

export interface DrainBookiesArgs extends BookieDrain {
  readonly site: Site
  /** Name of the bookies. */
  readonly name: string
  /** Image of Pulsar. */
  readonly pulsarImage: Input<string>
  readonly sets: readonly BookieSet[]
  /** Their ids, as BookKeeper has them. */
  readonly ids: readonly string[]
  readonly ensemble: number
}

const RESOURCES = { cpuMillicores: 250, memoryMib: 512 }

/** The Jobs that copy the ledgers of bookies away before these go, and delete their cookies afterwards. */
export function drainBookies(args: DrainBookiesArgs, parent: Resource, dependsOn: readonly Resource[]): Drain {
  const { site, name, image, settings, pulsarImage, sets, tokenSecret } = args
  const container = (step: DrainStep): ContainerArgs => ({
    name: 'bookies',
    image: pulsarImage,
    command: ['bash', '-c', drainScript(args, step)],
    env: {
      ...TOOL_ENV,
      BOOKIE_MEM: '-Xmx192m -XX:MaxDirectMemorySize=96m',
      BOOKIE_GC: '-XX:+UseSerialGC',
      BOOKIE_GC_LOG: '-Xlog:disable',
    },
    resources: RESOURCES,
    mounts: { '/config': 'config', ...(tokenSecret ? { [TOKEN_DIR]: 'tokens' } : {}) },
  })
  return new Drain(
    `${name}-drain`,
    {
      site,
      image,
      settings,
      servers: 'none',
      container,
      sets: sets.map((set) => ({
        name: set.name,
        fact: bookiesFact(set.share),
        tier: 'bookkeeper',
        replicas: set.share.replicas,
        claims: claimsOf(set).map((claim) => claim.name),
        votes: false,
      })),
      setOfFact: (key) => bookiesOfFact(name, key),
      tiers: ['bookkeeper'],
      pod: { ...PULSAR_USER, volumes: [configVolume(name), ...(tokenSecret ? [tokenVolume(tokenSecret)] : [])] },
    },
    { parent, dependsOn: [...dependsOn] },
  )
}

function drainScript({ site, name, ids, ensemble, adminUrl }: DrainBookiesArgs, step: DrainStep): string {
  const domain = `${hostOf(site, name)}:${BOOKIE_PORT}`.replaceAll('.', '[.]')
  return scriptOf(new URL('scripts/drain-bookies.sh', import.meta.url), {
    WHEN: step.when,
    // A bookie of somebody else is nothing to us.
    OURS: `^${name}(-[^.]+)?-[0-9]+[.]${domain}$`,
    WANTED: ids.join(' '),
    SKIPPED: `^(${['-', ...step.unchecked].join('|')})-[0-9]+[.]`,
    ENSEMBLE: ensemble,
    SECONDS: step.seconds,
    ADMIN_URL: adminUrl,
    TOKEN_FILE: `${TOKEN_DIR}/token`,
    MESSAGE_FILE: step.messageFile,
  })
}
