import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Output, secret } from '@pulumi/pulumi'
import * as tls from '@pulumi/tls'
import { importPKCS8, SignJWT } from 'jose'
import { checksumOfSecrets } from '../kubernetes/checksum.ts'
import { labelsOf, type Tier } from '../kubernetes/labels.ts'
import type { Site } from '../kubernetes/site.ts'

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

/** Name of the Secret that holds the token of a role, in the key `token`. */
export function tokenSecret(role: Role): string {
  return `pulsar-token-${role}`
}

/**
 * A key pair and a token for each role. The key never leaves the state of the stack, where it is encrypted; brokers know
 * its public half only. Tokens do not expire; a new key (`pulumi up --replace` of the key) makes them all anew.
 */
export class Tokens extends ComponentResource {
  /** Public key as brokers take it, `data:;base64,…`. */
  readonly publicKey: Output<string>
  readonly secrets: Readonly<Record<Role, k8s.core.v1.Secret>>
  /** Changes with the key, and with it every token. */
  readonly digest: Output<string>

  constructor(name: string, site: Site, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:pulsar:Tokens', name, {}, opts)
    const key = new tls.PrivateKey(`${name}-key`, { algorithm: 'RSA', rsaBits: 2048 }, { parent: this })
    this.publicKey = key.publicKeyPem.apply((pem) => `data:;base64,${pem.replace(/-----[^-]+-----|\s/g, '')}`)
    this.digest = checksumOfSecrets(key.privateKeyPemPkcs8)
    const make = (role: Role) =>
      new k8s.core.v1.Secret(
        tokenSecret(role),
        {
          metadata: { name: tokenSecret(role), namespace: site.namespace, labels: labelsOf(ROLES[role]) },
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
}

/** A token for a role. The same key and role give the same token, so that an update without changes changes nothing. */
export async function signToken(privateKeyPkcs8: string, role: Role): Promise<string> {
  return new SignJWT({ sub: role })
    .setProtectedHeader({ alg: 'RS256' })
    .sign(await importPKCS8(privateKeyPkcs8, 'RS256'))
}
