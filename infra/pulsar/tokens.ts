import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Output, secret } from '@pulumi/pulumi'
import * as tls from '@pulumi/tls'
import { importPKCS8, SignJWT } from 'jose'
import { checksumOfSecrets } from '../kubernetes/config-files.ts'
import { labelsOf } from '../kubernetes/labels.ts'
import { keeping } from '../kubernetes/protection.ts'
import { type SiteArgs, siteOf } from '../kubernetes/site.ts'
import type { Tier } from '../kubernetes/tiers.ts'

/**
 * Who speaks to Pulsar. `admin` may do everything and sets Pulsar up; `broker` is the brokers among themselves; `proxy`
 * speaks for clients from outside of the cluster.
 */
export const ROLES = {
  admin: 'set-up',
  broker: 'broker',
  proxy: 'proxy',
  api: 'api',
  worker: 'worker',
} as const satisfies Record<string, Tier>

export type Role = keyof typeof ROLES

/** Name of the Secret that holds the token of a role, in the key `token`, where `pulsar` is the name of the `Pulsar`. */
export function tokenSecret(pulsar: string, role: Role): string {
  return `${pulsar}-token-${role}`
}

export interface TokensArgs extends SiteArgs {
  /** Name of the `Pulsar` that the tokens are for: the names of their Secrets begin with it. */
  readonly pulsar: string
  /** Another number is another key, and so other tokens. 1 to 1000000. @default 1 */
  readonly generation?: number
}

/**
 * A key pair and a token for each role. The key never leaves the state of the stack, where it is encrypted; brokers know
 * its public half only. Tokens do not expire; the key of another generation replaces them all.
 */
export class Tokens extends ComponentResource {
  /** Public key as brokers take it, `data:;base64,…`. */
  readonly publicKey: Output<string>
  readonly secrets: Readonly<Record<Role, k8s.core.v1.Secret>>
  /** Changes with the key, and with it every token. */
  readonly digest: Output<string>
  readonly #pulsar: string

  constructor(name: string, args: TokensArgs, opts: ComponentResourceOptions = {}) {
    const site = siteOf(name, args)
    super('tracardi-at-scale:pulsar:Tokens', name, {}, keeping(site.environment, opts))
    this.#pulsar = args.pulsar
    const { generation = 1 } = args
    const key = new tls.PrivateKey(
      `${name}-key${generation === 1 ? '' : `-${generation}`}`,
      { algorithm: 'RSA', rsaBits: 2048 },
      { parent: this },
    )
    this.publicKey = key.publicKeyPem.apply((pem) => `data:;base64,${pem.replace(/-----[^-]+-----|\s/g, '')}`)
    this.digest = checksumOfSecrets(key.privateKeyPemPkcs8)
    const make = (role: Role) =>
      new k8s.core.v1.Secret(
        this.secretName(role),
        {
          metadata: { name: this.secretName(role), namespace: site.namespace, labels: labelsOf(site, ROLES[role]) },
          stringData: { token: secret(key.privateKeyPemPkcs8.apply((pem) => signToken(pem, role))) },
        },
        { parent: this },
      )
    this.secrets = {
      admin: make('admin'),
      broker: make('broker'),
      proxy: make('proxy'),
      api: make('api'),
      worker: make('worker'),
    }
    this.registerOutputs({ publicKey: this.publicKey })
  }

  /** Name of the Secret with the token of a role, in the key `token`. */
  secretName(role: Role): string {
    return tokenSecret(this.#pulsar, role)
  }
}

/** A token for a role. The same key and role give the same token, so that an update without changes changes nothing. */
export async function signToken(privateKeyPkcs8: string, role: Role): Promise<string> {
  return new SignJWT({ sub: role })
    .setProtectedHeader({ alg: 'RS256' })
    .sign(await importPKCS8(privateKeyPkcs8, 'RS256'))
}
