import { isIP, isIPv6 } from 'node:net'

/** What is no address is a proxy's own text; no more of it is kept than the longest address has. */
const MAX_LENGTH = 45
const GROUPS = 8
/** Half of an IPv6 address is the network: a client has all addresses of the other half to itself. */
const NETWORK_GROUPS = 4

/**
 * The client that limits count, from the address of a connection or of an entry of `X-Forwarded-For`. It is an IPv4 address
 * in any form (`192.0.2.1`, `::ffff:192.0.2.1`, `192.0.2.1:5678` as Azure writes it), or the /64 of an IPv6 address
 * (`2001:db8:0:1::/64`).
 */
export function clientOf(address: string): string {
  if (!address.includes(':')) return address.slice(0, MAX_LENGTH)
  const bare = withoutPort(address)
  return isIPv6(bare) ? networkOf(groupsOf(bare)) : bare.slice(0, MAX_LENGTH)
}

function withoutPort(address: string): string {
  if (isIP(address)) return address
  return /^\[(.*)\](?::\d+)?$/.exec(address)?.[1] ?? address.replace(/:\d+$/, '')
}

function networkOf(groups: readonly number[]): string {
  const [high = 0, low = 0] = groups.slice(-2)
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (isMapped) return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.')
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => group.toString(16))
  return `${network.join(':')}::/64`
}

/** The eight groups of an IPv6 address, in any of its forms. */
export function groupsOf(address: string): readonly number[] {
  const [text = ''] = address.split('%')
  const [left = '', right] = text.split('::')
  const [before, after] = [left, right ?? ''].map((part) => part.split(':').filter(Boolean).flatMap(groupOf))
  const [first = [], last = []] = [before, after]
  return [...first, ...Array<number>(GROUPS - first.length - last.length).fill(0), ...last]
}

/** One group of hexadecimal digits, or the two of an IPv4 address at the end. */
function groupOf(part: string): readonly number[] {
  if (!part.includes('.')) return [Number.parseInt(part, 16)]
  const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
  return [a * 256 + b, c * 256 + d]
}
