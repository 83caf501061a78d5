import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi'
import * as random from '@pulumi/random'
import { checksumOfSecrets, scriptOf } from '../kubernetes/config-files.ts'
import { labelsOf } from '../kubernetes/labels.ts'
import { keeping } from '../kubernetes/protection.ts'
import { type SiteArgs, siteOf } from '../kubernetes/site.ts'

/**
 * The users of Elasticsearch. `elastic` is its own administrator, which only the set-up uses; `tracardi` is for API and
 * workers and may do with the indices of the pipeline what they need, and nothing else. `backup`, where there are snapshots,
 * makes, deletes and restores them: no program that strangers can reach may do that.
 */
export type ElasticUser = 'elastic' | 'tracardi' | 'backup'

/** Name of the Secret with a user's password, in the key `password`, where `name` is that of the cluster. */
export function passwordSecret(name: string, user: ElasticUser): string {
  return `${name}-user-${user}`
}

export interface UsersArgs extends SiteArgs {
  /** Name of the `Elasticsearch` that the users are of: the names of their Secrets begin with it. */
  readonly cluster: string
  /** Whether there is a user for snapshots. @default false */
  readonly backup?: boolean
  /** Another number is another password for everybody besides `elastic`. 1 to 1000000. @default 1 */
  readonly generation?: number
  /** The same for `elastic`. @default 1 */
  readonly adminGeneration?: number
}

/** A generated password for each user, kept in the state of the stack, where it is encrypted. */
export class Users extends ComponentResource {
  readonly secrets: readonly k8s.core.v1.Secret[]
  /** Those that there are. */
  readonly names: readonly ElasticUser[]
  /** For each user, what changes with the password. */
  readonly digests: Readonly<Record<'elastic' | 'tracardi', Output<string>>>
  /** The same of those that the set-up makes. */
  readonly clients: readonly Output<string>[]

  constructor(name: string, args: UsersArgs, opts: ComponentResourceOptions = {}) {
    const site = siteOf(name, args)
    super('tracardi-at-scale:elasticsearch:Users', name, {}, keeping(site.environment, opts))
    const { generation = 1, adminGeneration = 1 } = args
    const password = (user: ElasticUser) => {
      const keepers = keepersOf(user === 'elastic' ? adminGeneration : generation)
      return new random.RandomPassword(`${name}-${user}`, { length: 32, special: false, ...keepers }, { parent: this })
        .result
    }
    const passwords: Partial<Record<ElasticUser, Output<string>>> & Record<'elastic' | 'tracardi', Output<string>> = {
      elastic: password('elastic'),
      tracardi: password('tracardi'),
      ...(args.backup ? { backup: password('backup') } : {}),
    }
    this.names = Object.keys(passwords) as ElasticUser[]
    this.digests = { elastic: checksumOfSecrets(passwords.elastic), tracardi: checksumOfSecrets(passwords.tracardi) }
    this.clients = [this.digests.tracardi, ...(passwords.backup ? [checksumOfSecrets(passwords.backup)] : [])]
    this.secrets = this.names.map(
      (user) =>
        new k8s.core.v1.Secret(
          passwordSecret(args.cluster, user),
          {
            metadata: {
              name: passwordSecret(args.cluster, user),
              namespace: site.namespace,
              labels: labelsOf(site, 'set-up'),
            },
            stringData: { password: passwords[user] as Output<string> },
          },
          { parent: this },
        ),
    )
    this.registerOutputs()
  }
}

/** None for the first generation: a state that has passwords without any keeps them. */
function keepersOf(generation: number): { readonly keepers?: { readonly generation: string } } {
  return generation === 1 ? {} : { keepers: { generation: `${generation}` } }
}

/** What API and workers may do. */
export function programRights(indexPrefix: string) {
  return {
    cluster: ['monitor', 'manage_index_templates'],
    indices: [
      {
        names: [`${indexPrefix}-*`],
        privileges: ['create_index', 'read', 'write', 'view_index_metadata', 'monitor', 'manage'],
      },
    ],
  }
}

/** What makes and restores snapshots may do: the same, because a replay fills the gap, and all about snapshots. */
export function backupRights(indexPrefix: string) {
  const { cluster, indices } = programRights(indexPrefix)
  return { cluster: [...cluster, 'create_snapshot', 'cluster:admin/repository/*', 'cluster:admin/snapshot/*'], indices }
}

/** What the set-up asks of the security API: a role with the rights on our indices, and the user that has it. */
export function usersScript(host: string, indexPrefix: string, users: readonly ElasticUser[]): string {
  const of = (file: string, rights: object) =>
    scriptOf(new URL(`scripts/${file}`, import.meta.url), { HOST: host, ROLE: JSON.stringify(rights) })
  const program = of('users.sh', programRights(indexPrefix))
  return users.includes('backup') ? `${program}${of('backup-user.sh', backupRights(indexPrefix))}` : program
}
