import { readFileSync, writeFileSync } from 'node:fs'
import { schema } from '../infra/config/schema.ts'

/**
 * Pulumi.yaml declares every group of the configuration, so that the engine knows them. Secrets are not in it: the engine
 * asks for a value of each key without a default, and for an encrypted one of each secret with one.
 * `npm run docs` writes that part;
 * a test fails when it says something else than the code.
 */
const PATH = new URL('../Pulumi.yaml', import.meta.url)
const BEGIN = '# Written from infra/config/schema.ts by `npm run docs`.\nconfig:\n'

const OTHER = {
  runtime: 'Settings of API and workers, by environment name, such as ELASTIC_INDEX_SHARDS and BULK_SIZE.',
  coefficients: 'What one unit carries, for the sizing model: what `npm run load-test` has measured.',
  sources:
    'The event sources: an object from the id of a source to its name, whether it is enabled, and the allowed origins.',
} as const

/** What each group is about. */
export const GROUPS = {
  platform: 'What the stack is for, and where it runs.',
  load: 'The load that the stack is to carry; counts that are not stated follow from it.',
  api: 'The API.',
  workers: 'The workers.',
  zookeeper: 'ZooKeeper.',
  bookkeeper: 'The bookies.',
  autorecovery: 'Autorecovery of BookKeeper.',
  broker: 'The brokers.',
  proxy: 'The Pulsar proxies.',
  pulsar: 'Pulsar as a whole, or an existing one.',
  elasticsearch: 'Elasticsearch, or an existing one.',
  images: 'The images that the pods run.',
  backup: 'Snapshots of Elasticsearch, and from what they are restored.',
  offload: 'The object store to which Pulsar moves closed ledgers.',
  observability: 'What Prometheus and Grafana of the cluster are reported.',
} as const satisfies Record<keyof typeof schema, string>

export function declared(text: string): string {
  const from = text.indexOf(BEGIN)
  const objects = { ...GROUPS, ...OTHER }
  const groups = Object.entries(objects).map(([name, description]) => {
    const keys = (schema as Record<string, object>)[name]
    const listed = keys ? ` Keys: ${Object.keys(keys).join(', ')}.` : ''
    return `  ${name}:\n    type: object\n    description: ${JSON.stringify(description + listed)}\n    default: {}\n`
  })
  return `${from < 0 ? `${text}\n` : text.slice(0, from)}${BEGIN}${groups.join('')}`
}

export const readPulumiYaml = () => readFileSync(PATH, 'utf8')

if (import.meta.main) writeFileSync(PATH, declared(readPulumiYaml()))
