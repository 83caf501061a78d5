import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi'
import * as random from '@pulumi/random'
import { checksumOfSecrets, scriptOf } from '../kubernetes/config-files.ts'
import { labelsOf } from '../kubernetes/labels.ts'
import { keeping } from '../kubernetes/protection.ts'
import { type SiteArgs, siteOf } from '../kubernetes/site.ts'

/**
 * The users of Elasticsearch. `elastic` is its own administrator, which only the set-up uses; `tracardi` is for API and
 * workers and may do with the indices of the pipeline what they need, and nothing else.
 */
export const USERS = ['elastic', 'tracardi'] as const

export type ElasticUser = (typeof USERS)[number]

/** Name of the Secret with a user's password, in the key `password`, where `name` is that of the cluster. */
export function passwordSecret(name: string, user: ElasticUser): string {
  return `${name}-user-${user}`
}

export interface UsersArgs extends SiteArgs {
  /** Name of the `Elasticsearch` that the users are of: the names of their Secrets begin with it. */
  readonly cluster: string
}

/** A generated password for each user, kept in the state of the stack, where it is encrypted. */
export class Users extends ComponentResource {
  readonly secrets: readonly k8s.core.v1.Secret[]
  /** For each user, what changes with the password. */
  readonly digests: Readonly<Record<ElasticUser, Output<string>>>

  constructor(name: string, args: UsersArgs, opts: ComponentResourceOptions = {}) {
    const site = siteOf(name, args)
    super('tracardi-at-scale:elasticsearch:Users', name, {}, keeping(site.environment, opts))
    const password = (user: ElasticUser) =>
      new random.RandomPassword(`${name}-${user}`, { length: 32, special: false }, { parent: this }).result
    const passwords = { elastic: password('elastic'), tracardi: password('tracardi') }
    this.digests = { elastic: checksumOfSecrets(passwords.elastic), tracardi: checksumOfSecrets(passwords.tracardi) }
    this.secrets = USERS.map(
      (user) =>
        new k8s.core.v1.Secret(
          passwordSecret(args.cluster, user),
          {
            metadata: {
              name: passwordSecret(args.cluster, user),
              namespace: site.namespace,
              labels: labelsOf(site, 'set-up'),
            },
            stringData: { password: passwords[user] },
          },
          { parent: this },
        ),
    )
    this.registerOutputs()
  }
}

/** What the set-up asks of the security API: a role with the rights on our indices, and the user that has it. */
export function usersScript(host: string, indexPrefix: string): string {
  const role = JSON.stringify({
    cluster: ['monitor', 'manage_index_templates'],
    indices: [
      {
        names: [`${indexPrefix}-*`],
        privileges: ['create_index', 'read', 'write', 'view_index_metadata', 'monitor', 'manage'],
      },
    ],
  })
  return scriptOf(new URL('scripts/users.sh', import.meta.url), { HOST: host, ROLE: role })
}
