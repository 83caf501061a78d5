import { SERVERS, type Server } from '../config/server-versions.ts'

const NO_WAY_BACK = 'a server does not start on data that a newer one has written; state the version that runs'

/**
 * The last minor version of each major version of Elasticsearch that has one: the next major version starts on its data only.
 * 9.0 came before 8.19, so 8.18 leads there too.
 *
 * @see https://www.elastic.co/docs/deploy-manage/upgrade
 */
const LAST_MINORS: Readonly<Record<number, number>> = { 7: 17, 8: 19 }

type Version = readonly [major: number, minor: number, patch: number]

/**
 * Why a server may not go from one version to another on the data that it has.
 *
 * Within a major version both go to any later one. Elasticsearch goes to the next major version from the last minor version
 * of the one before. Pulsar goes from any release after a long-term release to any before the second next one.
 *
 * @see https://pulsar.apache.org/contribute/release-policy/
 */
export function stepFault(server: Server, from: string, to: string): string | undefined {
  const [old, now] = [versionIn(from), versionIn(to)]
  const [oldMajor, oldMinor] = old
  const [major, minor] = now
  if (isLess(now, old)) return NO_WAY_BACK
  if (major === oldMajor) return undefined
  if (major > oldMajor + 1) return `a server does not start on data two major versions old; go to ${oldMajor + 1} first`
  if (server === 'pulsar') return undefined
  const last = LAST_MINORS[oldMajor]
  if (last === undefined)
    return `this release does not know the last minor version of ${SERVERS[server].title} ${oldMajor}; update the package first`
  return oldMinor >= last || (minor === 0 && oldMinor >= last - 1)
    ? undefined
    : `${SERVERS[server].title} ${major} starts only on data of ${oldMajor}.${last}; go there first`
}

function versionIn(text: string): Version {
  const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number)
  return [major, minor, patch]
}

function isLess(one: Version, other: Version): boolean {
  const at = one.findIndex((part, index) => part !== other[index])
  return at >= 0 && (one[at] as number) < (other[at] as number)
}
