/** A server as Maven Central has it. */
export interface Artifact {
  readonly name: string
  readonly version: string
  /** groupId:artifactId:version:packaging[:classifier], as the dependency plugin takes it. */
  readonly coordinates: string
  readonly megabytes: number
}

/** The only place that says which version of a server the one-machine run and the contract tests use. */
export const artifacts = {
  pulsar: {
    name: 'pulsar',
    version: '4.0.6',
    coordinates: 'org.apache.pulsar:pulsar-server-distribution:4.0.6:tar.gz:bin',
    megabytes: 244,
  },
  elasticsearch: {
    name: 'elasticsearch',
    version: '9.2.0',
    coordinates: 'org.elasticsearch.distribution.integ-test-zip:elasticsearch:9.2.0:zip',
    megabytes: 99,
  },
} as const satisfies Record<string, Artifact>

/** Unpacks as well as it downloads, so neither `tar` nor `unzip` is needed. */
export const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1'
