import type { LookupAddress } from 'node:dns'

/** The base URLs that `CONSOLE_INSTANCES` names. */
export function namedInstances(setting: string): readonly string[] {
  return setting === '' ? [] : setting.split(',').map((url) => url.replace(/\/$/, ''))
}

/**
 * The instances behind one base URL: a host name that has several addresses, as that of a headless Service, means one
 * instance at each of them.
 */
export function instancesAt(base: string, addresses: readonly LookupAddress[]): readonly string[] {
  const hosts = addresses.map(({ address, family }) => (family === 6 ? `[${address}]` : address))
  return [...new Set(hosts)].sort().map((host) => {
    const url = new URL(base)
    // `hostname = "::1"` would be ignored, `[::1]` is taken.
    url.hostname = host
    return url.origin
  })
}

/** Whether a URL is that of this very process, which knows its own numbers without asking. */
export function isOwn(url: string, ownAddresses: readonly string[], ownPort: number): boolean {
  const { hostname, port, protocol } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const portOf = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
  return portOf === ownPort && ownAddresses.includes(host)
}
