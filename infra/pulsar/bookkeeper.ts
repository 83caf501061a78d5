import type * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi'
import { withDefaults } from '../config/defaults.ts'
import type { GroupOf } from '../config/read.ts'
import type { GatedServers } from '../kubernetes/budget-keeper.ts'
import { checksum, propertiesFile, scriptOf } from '../kubernetes/config-files.ts'
import { type PodTemplate, podTemplate } from '../kubernetes/pod.ts'
import { execCheck, probes } from '../kubernetes/probes.ts'
import { roller, rollOutName } from '../kubernetes/roller.ts'
import { service } from '../kubernetes/service.ts'
import { hostOf, podHost, type Site, type SiteArgs, siteOf } from '../kubernetes/site.ts'
import { oneAfterTheOther, Stateful } from '../kubernetes/stateful.ts'
import { configMap, disruptionBudget } from '../kubernetes/tier-objects.ts'
import { TIERS } from '../kubernetes/tiers.ts'
import { shareLabels } from '../kubernetes/zones.ts'
import { type BookieSet, type BookieSizes, bookieSets, claimsOf, directoriesOf } from './bookie-sets.ts'
import { type BookieDrain, drainBookies } from './drain-bookies.ts'
import { configVolume, PULSAR_USER, pulsarContainer } from './server.ts'

const PORTS = TIERS.bookkeeper.ports
const DATA = '/pulsar/data/bookkeeper'
const CONF = '/tmp/bookkeeper.conf'

/** Sizes of the bookies. */
export interface BookKeeperSettings {
  /** Bookies. They can grow. 1 to 500 pods. @default 4 */
  readonly replicas?: number
  /** Bookies over which a ledger is striped (E). 1 to 20 bookies. @default 3 */
  readonly ensemble?: number
  /** Copies of each entry (Qw). 1 to 20 bookies. @default 3 */
  readonly writeQuorum?: number
  /** Copies that are on disk before a receipt (Qa). 1 to 20 bookies. @default 2 */
  readonly ackQuorum?: number
  /** Journal disk of one bookie. It can grow. 1 to 65536 GiB. @default 20 */
  readonly journalGib?: number
  /** Ledger disk of one bookie. It can grow. 1 to 65536 GiB. @default 100 */
  readonly ledgersGib?: number
  /**
   * Volumes over which the journal disk of one bookie is divided; each is written by a thread of its own. Fixed for a set. 1 to 8 volumes.
   *
   * @default 1
   */
  readonly journalVolumes?: number
  /**
   * Volumes over which the ledger disk of one bookie is divided: a ledger is on one of them, by its number. Fixed for a set. 1 to 8 volumes.
   *
   * @default 1
   */
  readonly ledgerVolumes?: number
  /**
   * Name of the set of bookies that these settings describe. Another name makes another set, with volumes of its own, next to `oldSet`.
   * Letters and digits.
   *
   * @default 'first'
   */
  readonly set?: string
  /** Name of the set of bookies that goes; none when empty. Its settings say what it has. @default '' */
  readonly oldSet?: string
  /** Bookies of the set that goes. Fewer are drained; with 0 it is empty. 0 to 500 pods. @default 0 */
  readonly oldReplicas?: number
  /** Journal disk of one bookie of the set that goes. 1 to 65536 GiB. @default 20 */
  readonly oldJournalGib?: number
  /** Ledger disk of one bookie of the set that goes. 1 to 65536 GiB. @default 100 */
  readonly oldLedgersGib?: number
  /** Volumes of the journal of one bookie of the set that goes. 1 to 8 volumes. @default 1 */
  readonly oldJournalVolumes?: number
  /** Volumes of the ledgers of one bookie of the set that goes. 1 to 8 volumes. @default 1 */
  readonly oldLedgerVolumes?: number
  /** StorageClass of the journals of the set that goes; that of the platform when empty. @default '' */
  readonly oldJournalStorageClass?: string
  /** StorageClass of the ledgers of the set that goes; that of the platform when empty. @default '' */
  readonly oldLedgersStorageClass?: string
  /**
   * Maximum duration of the start of a bookie. It replays its journal before it serves; after this time it is killed and starts again. 5 to 1440 minutes.
   *
   * @default 60
   */
  readonly startMinutes?: number
  /** CPU of one bookie. 50 to 64000 millicores. @default 1000 */
  readonly cpuMillicores?: number
  /** Memory of one bookie. 768 to 262144 MiB. @default 4096 */
  readonly memoryMib?: number
  /** StorageClass of these volumes; that of the platform when empty. @default '' */
  readonly journalStorageClass?: string
  /** StorageClass of these volumes; that of the platform when empty. @default '' */
  readonly ledgersStorageClass?: string
}

export interface BookKeeperArgs extends SiteArgs, BookKeeperSettings {
  /** Image of Pulsar, which has BookKeeper in it. */
  readonly image: Input<string>
  /** Address of ZooKeeper, `host:port`. */
  readonly zookeeper: string
  /**
   * Image of the runtime, whose Job then restarts the pods, each when the servers allow it, and waits for them. Without it Kubernetes
   * does, each when the one before is ready.
   *
   * @default none
   */
  readonly runtimeImage?: Input<string>
  /** How bookies are emptied before they go. @default they are not, and fewer are to be refused */
  readonly drain?: BookieDrain
}

/** What the bookies are made from. */
interface Bookies {
  readonly name: string
  readonly site: Site
  readonly image: Input<string>
  readonly zookeeper: string
  readonly config: GroupOf<'bookkeeper'>
}

/** A bookie flushes its ledgers before it ends. */
const GRACE_SECONDS = 120

/**
 * A start after a clean stop, or of a journal of a few files. Only a bookie that was killed while it was far behind with its
 * ledgers needs the whole `startMinutes`, and hardly all of them one after the other.
 */
const USUAL_START_SECONDS = 600

/** Autorecovery may have to make the copies of a bookie that was down for longer than `lostBookieRecoveryDelay`. */
const RECOVERY_SECONDS = 1800

/** `zkTimeout`: after it ZooKeeper forgets a bookie that was killed. */
const SESSION_SECONDS = 10
/** Between two bookies that restart because they leave: as long as one takes, and as the ConfigMap of one may be late. */
const TURN_SECONDS = 90
/** How long a start is repeated without the back-off of Kubernetes: ZooKeeper may have been killed too. */
const RETRY_SECONDS = 6 * SESSION_SECONDS

/**
 * The bookies, which keep the messages until they are acknowledged. They hold data: their volumes survive every change of
 * the arguments. There is one StatefulSet for each zone, so that the rack of each bookie is known beforehand.
 */
export class BookKeeper extends ComponentResource {
  /** One for each zone, or one. */
  readonly sets: readonly k8s.apps.v1.StatefulSet[]
  /** How a keeper of budgets asks the bookies; nothing without an image of the runtime. */
  readonly gated: readonly GatedServers[]

  constructor(name: string, args: BookKeeperArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:pulsar:BookKeeper', name, {}, opts)
    const site = siteOf(name, args)
    const config = withDefaults(name, 'bookkeeper', args)
    const own = { name, site, config, image: args.image, zookeeper: args.zookeeper }
    const child = { parent: this }
    const files = { 'bookkeeper.conf': bookieConf(args) }
    // Not in the checksum: another count restarts only the bookies that leave.
    const planned = bookieSets(name, config, site)
    const counts = Object.fromEntries(
      planned.flatMap((set) => {
        const siblings = planned.filter(({ share }) => share.set === set.share.set)
        return [
          [`${set.name}.replicas`, `${set.share.replicas}`],
          [`${set.name}.turn`, `${siblings.indexOf(set)} ${siblings.length}`],
        ]
      }),
    )
    const configuration = configMap(site, 'bookkeeper', name, { ...files, ...counts }, child)
    const peers = service(site, { tier: 'bookkeeper', name, ports: PORTS, type: 'headless' }, child)
    const { ensemble } = config
    const drain = args.drain
      ? drainBookies(
          {
            ...args.drain,
            site,
            name,
            pulsarImage: args.image,
            sets: planned,
            ids: bookies(site, name, config).map(({ id }) => id),
            ensemble,
          },
          this,
          [configuration, peers],
        )
      : undefined
    const before = drain ? [drain.before] : []
    const sets = oneAfterTheOther(
      planned,
      (set, previous) =>
        new Stateful(
          set.name,
          {
            site,
            tier: 'bookkeeper',
            serviceName: name,
            replicas: set.share.replicas,
            labels: shareLabels(set.share),
            claims: claimsOf(set),
            template: bookiePod(own, set, checksum(...Object.values(files))),
            usualStartSeconds: USUAL_START_SECONDS,
            gated: args.runtimeImage !== undefined,
          },
          { parent: this, dependsOn: [configuration, peers, ...before, ...previous] },
        ),
    )
    drain?.after(sets)
    const { runtimeImage: image } = args
    const budget = disruptionBudget(site, 'bookkeeper', name, child, image !== undefined)
    const options = { domain: hostOf(site, name), port: PORTS.bookie, zookeeper: args.zookeeper, ensemble }
    const budgets = [{ name, sets: sets.map((set) => set.name) }]
    this.gated = image === undefined ? [] : [{ servers: 'bookkeeper', lease: rollOutName(name), budgets, ...options }]
    if (image !== undefined && sets.length > 0) {
      const gates = { servers: 'bookkeeper', sets, options, recoverySeconds: RECOVERY_SECONDS } as const
      roller({ site, name, image, ...gates }, { parent: this, dependsOn: [budget] })
    }
    this.sets = sets.map(({ set }) => set)
    this.registerOutputs({ sets: this.sets })
  }
}

/** Every bookie of a component of this name, as its peers call it, with its rack: the zone, where there are zones. */
export function bookies(site: Site, name: string, sizes: BookieSizes): readonly { id: string; rack: string }[] {
  return bookieSets(name, sizes, site).flatMap(({ name: set, share }) =>
    Array.from({ length: share.replicas }, (_, ordinal) => ({
      id: `${podHost(site, name, set, ordinal)}:${PORTS.bookie}`,
      rack: `/${share.zone ?? 'default-rack'}`,
    })),
  )
}

/** The configuration of bookies and of autorecovery, which must see the ledgers alike. */
export function bookieConf({ zookeeper }: Pick<BookKeeperArgs, 'zookeeper'>): string {
  return propertiesFile({
    metadataServiceUri: `metadata-store:zk:${zookeeper}`,
    zkTimeout: SESSION_SECONDS * 1000,
    bookiePort: PORTS.bookie,
    // The name of the pod outlives its address.
    useHostNameAsBookieID: true,
    journalDirectories: `${DATA}/journal/current`,
    ledgerDirectories: `${DATA}/ledgers/current`,
    ledgerStorageClass: 'org.apache.bookkeeper.bookie.storage.ldb.DbLedgerStorage',
    // An entry is on disk before it is acknowledged: a 200 of the API promises that.
    journalSyncData: true,
    journalMaxSizeMB: 2048,
    journalMaxBackups: 1,
    journalAdaptiveGroupWrites: true,
    journalMaxGroupWaitMSec: 1,
    // Entries that are acknowledged are collected soon, so that disks hold a backlog and not the past.
    gcWaitTime: 300_000,
    minorCompactionThreshold: 0.2,
    minorCompactionInterval: 360,
    majorCompactionThreshold: 0.8,
    majorCompactionInterval: 10_800,
    isForceGCAllowWhenNoSpace: true,
    // At 95 % a bookie turns read-only, and serves again below 90 %.
    diskUsageThreshold: 0.95,
    diskUsageWarnThreshold: 0.9,
    diskUsageLwmThreshold: 0.9,
    minUsableSizeForIndexFileCreation: 268_435_456,
    minUsableSizeForEntryLogCreation: 268_435_456,
    minUsableSizeForHighPriorityWrites: 536_870_912,
    readOnlyModeEnabled: true,
    // It has processes of its own.
    autoRecoveryDaemonEnabled: false,
    lostBookieRecoveryDelay: 300,
    reppDnsResolverClass: 'org.apache.pulsar.zookeeper.ZkBookieRackAffinityMapping',
    ensemblePlacementPolicy: 'org.apache.bookkeeper.client.RackawareEnsemblePlacementPolicy',
    nettyMaxFrameSizeBytes: 5_253_120,
    // The HTTP server of BookKeeper deletes ledgers for everyone who reaches it. Without it the provider serves its metrics itself.
    httpServerEnabled: false,
    prometheusStatsHttpPort: PORTS.metrics,
    statsProviderClass: 'org.apache.bookkeeper.stats.prometheus.PrometheusMetricsProvider',
    useV2WireProtocol: true,
  })
}

/**
 * A bookie that the stack no longer counts takes nothing new, however often it restarts: it is being drained. It reads the count from
 * its ConfigMap, which Kubernetes brings up to date within a minute or two, and restarts when it is concerned. Where a whole set goes, its
 * bookies do so one after the other, across the zones.
 *
 * A bookie that cannot start (ZooKeeper may still hold the registration of the process that was killed) stops, and leaves its
 * JVM behind without a bookie in it. So its end is made here, and the start is tried again while the old session can last.
 *
 * `LedgerDirsMonitor` is the thread that lives from before the replay of the journal until the bookie has stopped. It may
 * live for less than a second, so one that is not seen within STOPPED_SECONDS of metrics has stopped too: they are served right
 * before it begins.
 */
const STOPPED_SECONDS = 10
function bookieStart(set: BookieSet): string {
  return scriptOf(new URL('scripts/bookie-start.sh', import.meta.url), {
    CONF,
    DIRECTORIES: directories(set),
    STOPPED_SECONDS,
    RETRY_SECONDS,
    TURN_SECONDS,
  })
}

/** What `sed` changes in the configuration, which autorecovery shares: the folders of several volumes. */
function directories(set: BookieSet): string {
  const line = (name: string, kind: 'journal' | 'ledgers') => `s|^${name}=.*|${name}=${directoriesOf(set, kind, DATA)}|`
  return [
    ...(set.journal.volumes > 1 ? [line('journalDirectories', 'journal')] : []),
    // A ledger has its one volume. With one that is full, the bookie would refuse every write to its ledgers, and still get new ones.
    ...(set.ledgers.volumes > 1
      ? [line('ledgerDirectories', 'ledgers'), '$a readOnlyModeOnAnyDiskFullEnabled=true']
      : []),
  ].join(';')
}

/** How often a bookie that lost its disks asks whether ledgers still name it. */
const LOST_DISK_PAUSE_SECONDS = 15

/** Precedes that start. Until it ends the bookie is not ready, and the startup probe begins it again. */
function lostDisk({ name, site }: Bookies): string {
  return scriptOf(new URL('scripts/bookie-lost-disk.sh', import.meta.url), {
    DATA,
    DOMAIN: `${hostOf(site, name)}:${PORTS.bookie}`,
    PAUSE_SECONDS: LOST_DISK_PAUSE_SECONDS,
  })
}

/**
 * Whether it serves, writable or read-only, which it does without ZooKeeper too, and not while it replays its journal.
 *
 * ZooKeeper must list it, if ZooKeeper answers. A bookie whose session was lost while a restarted ZooKeeper still had
 * the old one is in no list, does not register again (PulsarRegistrationManager of 4.0.6), and gets no new ledgers, but
 * reports that it is writable.
 */
function bookieServes({ name, site, zookeeper }: Bookies): string {
  return scriptOf(new URL('scripts/bookie-serves.sh', import.meta.url), {
    METRICS_PORT: PORTS.metrics,
    ZOOKEEPER: zookeeper.replace(':', '/'),
    DOMAIN: hostOf(site, name),
    BOOKIE_PORT: PORTS.bookie,
  })
}

function bookiePod(own: Bookies, set: BookieSet, digest: string): PodTemplate {
  const { name, site, image, config } = own
  const { share } = set
  const serves = execCheck('bash', '-c', bookieServes(own))
  return podTemplate({
    site,
    tier: 'bookkeeper',
    labels: shareLabels(share),
    ...PULSAR_USER,
    graceSeconds: GRACE_SECONDS,
    ...(share.zone === undefined ? {} : { zone: share.zone }),
    separateHosts: site.environment === 'production' ? 'required' : 'preferred',
    checksums: { config: digest },
    volumes: [configVolume(name)],
    containers: [
      pulsarContainer({
        jvm: 'bookkeeper',
        name: 'bookie',
        image,
        command: ['bash', '-c', `${lostDisk(own)}${bookieStart(set)}`],
        env: { PULSAR_BOOKKEEPER_CONF: CONF },
        ports: PORTS,
        resources: config,
        mounts: Object.fromEntries(claimsOf(set).map((claim) => [`${DATA}/${claim.name}`, claim.name])),
        probes: probes({
          // A journal is replayed in peace, however full it is.
          startSeconds: config.startMinutes * 60,
          ready: serves,
          alive: serves,
        }),
      }),
    ],
  })
}
