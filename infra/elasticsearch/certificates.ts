import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi'
import * as tls from '@pulumi/tls'
import { labelsOf } from '../kubernetes/labels.ts'
import { keeping } from '../kubernetes/protection.ts'
import { hostOf, type SiteArgs, siteOf } from '../kubernetes/site.ts'
import { membersService } from './node-sets.ts'

/** Secret with the certificate of all nodes, where `name` is that of the cluster. */
export function certificateSecret(name: string): string {
  return `${name}-certificates`
}

/** ConfigMap with the authority alone, for clients. It is no secret. */
export function authorityConfig(name: string): string {
  return `${name}-authority`
}

const YEAR_HOURS = 8760

export interface CertificatesArgs extends SiteArgs {
  /** Whether there are warm nodes. @default false */
  readonly warm?: boolean
}

/**
 * An authority and one certificate for all nodes of the cluster of this name, for the names by which nodes and clients call them. The certificate is
 * renewed by an `up` within its last quarter; Elasticsearch rereads it without a restart. The authority lives ten years.
 */
export class Certificates extends ComponentResource {
  readonly authorityPem: Output<string>
  readonly secret: k8s.core.v1.Secret
  readonly authority: k8s.core.v1.ConfigMap
  /** When each of them ends. */
  readonly ends: readonly { readonly name: string; readonly notAfter: Output<string> }[]

  constructor(name: string, args: CertificatesArgs, opts: ComponentResourceOptions = {}) {
    const site = siteOf(name, args)
    const { warm = false } = args
    super('tracardi-at-scale:elasticsearch:Certificates', name, {}, keeping(site.environment, opts))
    const child = { parent: this }
    const key = (part: string) =>
      new tls.PrivateKey(`${name}-${part}-key`, { algorithm: 'ECDSA', ecdsaCurve: 'P256' }, child)
    const authorityKey = key('authority')
    const authority = new tls.SelfSignedCert(
      `${name}-authority`,
      {
        privateKeyPem: authorityKey.privateKeyPem,
        isCaCertificate: true,
        validityPeriodHours: 10 * YEAR_HOURS,
        allowedUses: ['cert_signing', 'crl_signing', 'digital_signature'],
        subject: { commonName: `Tracardi at scale, ${site.namespace}` },
      },
      child,
    )
    const nodeKey = key('node')
    const service = hostOf(site, name)
    const request = new tls.CertRequest(
      `${name}-node-request`,
      {
        privateKeyPem: nodeKey.privateKeyPem,
        subject: { commonName: service },
        dnsNames: [
          service,
          `${name}.${site.namespace}.svc`,
          // Nodes verify each other by the name that they call: that of `discovery.seed_hosts` first, then that of the pod.
          hostOf(site, membersService(name, 'elasticsearch-master')),
          `*.${hostOf(site, membersService(name, 'elasticsearch-master'))}`,
          `*.${hostOf(site, membersService(name, 'elasticsearch-data'))}`,
          ...(warm ? [`*.${hostOf(site, membersService(name, 'elasticsearch-warm'))}`] : []),
          'localhost',
        ],
      },
      child,
    )
    const certificate = new tls.LocallySignedCert(
      `${name}-node`,
      {
        caCertPem: authority.certPem,
        caPrivateKeyPem: authorityKey.privateKeyPem,
        certRequestPem: request.certRequestPem,
        validityPeriodHours: 2 * YEAR_HOURS,
        earlyRenewalHours: YEAR_HOURS / 2,
        allowedUses: ['digital_signature', 'key_encipherment', 'server_auth', 'client_auth'],
      },
      child,
    )
    const labels = labelsOf(site, 'elasticsearch-master')
    this.authorityPem = authority.certPem
    this.ends = [
      { name: `${name}-node`, notAfter: certificate.validityEndTime },
      { name: `${name}-authority`, notAfter: authority.validityEndTime },
    ]
    this.secret = new k8s.core.v1.Secret(
      certificateSecret(name),
      {
        metadata: { name: certificateSecret(name), namespace: site.namespace, labels },
        stringData: {
          'tls.key': nodeKey.privateKeyPemPkcs8,
          'tls.crt': certificate.certPem,
          'ca.crt': authority.certPem,
        },
      },
      child,
    )
    this.authority = new k8s.core.v1.ConfigMap(
      authorityConfig(name),
      {
        metadata: { name: authorityConfig(name), namespace: site.namespace, labels },
        data: { 'ca.crt': authority.certPem },
      },
      child,
    )
    this.registerOutputs({ authorityPem: this.authorityPem })
  }
}
