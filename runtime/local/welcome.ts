import { readFileSync } from 'node:fs'
import { type Config, toEnv } from '../config.ts'

export interface Welcome {
  readonly config: Config
  readonly workerPort: number
  /** How the API speaks to Pulsar; unknown when it could not be asked. */
  readonly transport: string | undefined
  readonly home: { readonly data: string; readonly logs: string }
  /** The source that the example uses. */
  readonly sourceId: string
}

/** The URL under which this machine reaches a listener. */
export function urlOf(host: string, port: number): string {
  const everywhere = host === '0.0.0.0' || host === '::'
  const name = everywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}`
}

/** Where the backlog of the events is asked for. */
export function backlogUrl(config: Config): string {
  const { privateHost, privatePort, pulsarNamespace, pulsarTopic } = config
  return `${urlOf(privateHost, privatePort)}/queue/${pulsarNamespace}/${pulsarTopic}/backlog`
}

/** The id of the first source that takes events, in a sources file. */
export function firstSource(file: string): string {
  try {
    const sources = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { enabled?: boolean }>
    return Object.keys(sources).find((id) => sources[id]?.enabled !== false) ?? 'my-source'
  } catch {
    // What is wrong with it the API says in its log.
    return 'my-source'
  }
}

function transportInWords(config: Config, transport: string): string {
  if (transport === 'native') return 'through the native client'
  const missing = config.pulsarTransport === 'auto' ? ', because pulsar-client is not installed' : ''
  return `through its WebSocket API${missing}`
}

/** The settings that a command needs to reach this run and no other; the commands know the defaults of a cluster. */
function commandPrefix(config: Config): string {
  const { pulsarHost, pulsarApi, elasticHost, indexReplicas, indexShards, indexPrefix, pulsarPartitions } = config
  const needed = { pulsarHost, pulsarApi, elasticHost, indexReplicas, indexShards, indexPrefix, pulsarPartitions }
  return Object.entries(toEnv(needed))
    .map(([name, value]) => `${name}=${value} `)
    .join('')
}

/** What is shown once everything runs: the addresses, and two commands to try it with. */
export function welcome({ config, workerPort, transport, home, sourceId }: Welcome): string {
  const track = `${urlOf(config.publicHost, config.publicPort)}/track`
  const elastic = config.elasticHost.split(',')[0] ?? ''
  const addresses: readonly (readonly [string, string])[] = [
    ['Track', track],
    ['Console', `${urlOf(config.privateHost, config.privatePort)}/console`],
    ['Backlog', backlogUrl(config)],
    ['Metrics', `${urlOf(config.privateHost, config.privatePort)}/metrics (API)`],
    ['', `http://127.0.0.1:${workerPort}/metrics (worker)`],
    ['Elasticsearch', elastic],
    ['Pulsar', `${config.pulsarApi} (admin), ${config.pulsarHost}`],
    ...(transport ? [['', transportInWords(config, transport)] as const] : []),
    ['Sources', config.sourcesFile],
    ['Data', home.data],
    ['Logs', home.logs],
  ]
  return [
    '',
    'Ready. Ctrl-C stops everything; the next start goes on with the data.',
    '',
    ...addresses.map(([name, value]) => `  ${name.padEnd(14)} ${value}`),
    '',
    'Send three events:',
    '',
    `  curl -s ${track} -H 'Content-Type: application/json' -d '{`,
    `    "source": {"id": ${JSON.stringify(sourceId)}}, "session": {"id": "my-session"}, "profile": {"id": "my-profile"},`,
    '    "events": [',
    '      {"type": "page-view", "properties": {"path": "/shoes"}},',
    '      {"type": "product-view", "properties": {"sku": "A-1", "price": 59.9}},',
    '      {"type": "purchase", "properties": {"sku": "A-1", "quantity": 1}}',
    "    ]}'",
    '',
    `Find them, at most ${config.bulkTimeoutSeconds} s later, when the bulk is sent:`,
    '',
    `  curl -s '${elastic}/${config.indexPrefix}-event/_search?q=session.id:my-session&pretty'`,
    '',
    'Operate it:',
    '',
    `  ${commandPrefix(config)}npm run cli -- backlog`,
    '',
  ].join('\n')
}
