import type { GroupOf } from '../config/read.ts'

type Settings = Pick<GroupOf<'api'>, 'canary' | 'canaryUrl' | 'ingressHost' | 'ingressTlsSecret'>

/** Where senders outside of the cluster reach the API; empty when the configuration does not say it. */
function publicAddressOf({ canaryUrl, ingressHost, ingressTlsSecret }: Settings): string {
  if (canaryUrl !== '' || ingressHost === '') return canaryUrl
  return `${ingressTlsSecret === '' ? 'http' : 'https'}://${ingressHost}`
}

/**
 * What the canary calls: the stated address, the Ingress, or where there is none the Service.
 *
 * @returns empty when there is no canary.
 */
export function canaryUrlOf(settings: Settings, serviceUrl: string): string {
  if (!settings.canary) return ''
  return publicAddressOf(settings) || serviceUrl
}

/**
 * Ports behind the Services of ingress controllers, besides that of the address: rules look at the address behind the Service. ingress-nginx
 * listens on 80 and 443, Traefik on 8000 and 8443, HAProxy and Contour on 8080 and 8443.
 */
const CONTROLLER_PORTS = { 'http:': [8000, 8080], 'https:': [8443] } as const
const USUAL_PORTS = { 'http:': 80, 'https:': 443 } as const

/** Ports on which the canary leaves the pods of the API for an address that is not their Service; none when it does not. */
export function canaryPorts(settings: Settings): readonly number[] {
  const address = settings.canary ? publicAddressOf(settings) : ''
  if (address === '') return []
  const { protocol, port } = new URL(address)
  const scheme = protocol as keyof typeof USUAL_PORTS
  return port === '' ? [USUAL_PORTS[scheme], ...CONTROLLER_PORTS[scheme]] : [Number(port)]
}
