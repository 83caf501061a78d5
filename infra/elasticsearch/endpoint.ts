import type { Input, Resource } from '@pulumi/pulumi'
import type { GatedServers } from '../kubernetes/budget-keeper.ts'

/** An Elasticsearch that API and workers can use, and with what they show who they are. */
export interface SearchEndpoint {
  /** URLs of the nodes, separated by commas. */
  readonly url: string
  /** ConfigMap with the authority of its certificates in `ca.crt`. @default the public authorities */
  readonly authorityConfigMap?: string
  readonly username?: string
  /** Secret with the password of that user in `password`. */
  readonly passwordSecret?: string
  /** Secret with an API key in `apiKey`, instead of user and password. */
  readonly apiKeySecret?: string
  /** Changes with the credentials and the authority: programs read theirs when they start. */
  readonly digest?: Input<string>
  /** Who makes snapshots and restores them, where somebody else than `username` does. */
  readonly backup?: { readonly username: string; readonly passwordSecret: string }
  /** Certificates that the stack has made for it, each with its end as an instant of ISO 8601. */
  readonly certificates?: readonly { readonly name: string; readonly notAfter: Input<string> }[]
}

export interface SearchAccess {
  readonly endpoint: SearchEndpoint
  readonly dependsOn: readonly Resource[]
  /** Nodes whose disruption budgets can follow their health. @default none */
  readonly gated?: readonly GatedServers[]
}
