/** A server of the stack whose version is one value of the configuration. */
export type Server = 'pulsar' | 'elasticsearch'

interface Entry {
  /** As its project calls it. */
  readonly title: string
  /** Where its project publishes its images. */
  readonly repository: string
  /** What a stack gets that states no version: the one that this release is tested with. */
  readonly version: string
  /** The only major version that this release runs. */
  readonly major: number
}

/**
 * The catalogue of servers. Digests are not in it: they are those of the registry from which the nodes pull, so a stack lists them
 * in `images.digests`.
 */
export const SERVERS: Readonly<Record<Server, Entry>> = {
  pulsar: { title: 'Pulsar', repository: 'apachepulsar/pulsar', version: '4.0.6', major: 4 },
  elasticsearch: {
    title: 'Elasticsearch',
    repository: 'docker.elastic.co/elasticsearch/elasticsearch',
    version: '9.2.0',
    // The client of the programs asks for the API of this version, which an older server refuses.
    major: 9,
  },
}

/** The image of a server that a stack gets without stating any. */
export function defaultImage(server: Server): string {
  const { repository, version } = SERVERS[server]
  return `${repository}:${version}`
}

/** The version in the tag of an image; none of one that is named by digest alone, or of another tag. */
export function versionOf(image: string): string | undefined {
  return /:v?(\d+\.\d+\.\d+)[^/@]*(@|$)/.exec(image)?.[1]
}

export interface ImageChoice {
  /** The version that is stated; empty for that of the image. */
  readonly version: string
  /** The image that is stated; none for that of the catalogue. */
  readonly image: string | undefined
  /** `images.digests`. */
  readonly digests: readonly string[]
}

/** The image that a server runs, and its version: empty where nothing says it. */
export interface ChosenImage {
  readonly image: string
  readonly version: string
}

/**
 * The image of a server by one value, its version. A stated image without tag and digest is where a mirror has it. A stated image
 * with a tag or digest stays as it is.
 */
export function chosenImage(server: Server, { version, image, digests }: ImageChoice): ChosenImage {
  const { repository, version: usual } = SERVERS[server]
  const name = image ?? repository
  const complete = /@|:[^/]+$/.test(name)
  if (!complete && (version !== '' || image === undefined)) {
    const chosen = version || usual
    return { image: `${name}:${chosen}${digestOf(server, chosen, digests)}`, version: chosen }
  }
  const chosen = version || (versionOf(name) ?? '')
  return { image: name.includes('@') ? name : `${name}${digestOf(server, chosen, digests)}`, version: chosen }
}

function digestOf(server: Server, version: string, digests: readonly string[]): string {
  const prefix = `${server}:${version}@`
  const found = digests.find((entry) => entry.startsWith(prefix))
  return found === undefined ? '' : found.slice(prefix.length - 1)
}

/** Why this release does not run a stated version, with what to do. */
export function unsupportedVersion(server: Server, version: string): string | undefined {
  const { title, major, version: tested } = SERVERS[server]
  return version === '' || Number(version.split('.')[0]) === major
    ? undefined
    : `${server}.version is ${version}; this release runs ${title} ${major}, and is tested with ${tested}: state a version of it`
}

/** What is wrong with a version and an image that are both stated, with what to do. */
export function mixedVersion(server: Server, version: string, image: string): string | undefined {
  const named = versionOf(image)
  return version === '' || named === undefined || named === version
    ? undefined
    : `${server}.version is ${version}, and images.${server} is ${image}: one of them is wrong; remove images.${server}, or state the same version in both`
}
