import { readFileSync } from 'node:fs'
import type { Config } from '../config.ts'
import { indicesOf } from '../names.ts'
import type { HeaderFiles } from './run-record.ts'

export interface Welcome {
  readonly config: Config
  readonly workerPort: number
  /** How the API speaks to Pulsar; unknown when it could not be asked. */
  readonly transport: string | undefined
  readonly home: { readonly data: string; readonly logs: string }
  readonly headers: HeaderFiles
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

/** A command that calls a listener with the credential in the file, so that the history of the shell has no secret. */
function curl(headerFile: string | undefined, url: string): string {
  const header = headerFile === undefined ? [] : ['-H', quoted(`@${headerFile}`)]
  return ['curl', '-s', ...header, quoted(url)].join(' ')
}

/** As one word of a shell. */
function quoted(text: string): string {
  return /^[\w@%+:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** The console opens with the token in the fragment, which a browser sends to nobody. */
function consoleUrl(config: Config): string {
  const { privateHost, privatePort, privateToken } = config
  const token = privateToken === '' ? '' : `#token=${encodeURIComponent(privateToken)}`
  return `${urlOf(privateHost, privatePort)}/console${token}`
}

/** What somebody may want to do after the first events, and how. */
function next(config: Config, sourceId: string): readonly (readonly [string, string])[] {
  const script = `${urlOf(config.publicHost, config.publicPort)}/tracker/tracker.js`
  return [
    ['See events live', 'npm run cli -- tail'],
    ['Watch the flow', 'open the console, or run: npm run cli -- status'],
    ['Browse indices', 'npm run cli -- indices'],
    ['Send from a page', `<script async src="${script}" data-source="${sourceId}"></script>, see docs/tracker.md`],
    ['Send many', 'npm run cli -- send --events 1000'],
    ['Test with a load', 'npm run load-test -- --events-per-second 50 --duration 30s'],
  ]
}

/** What is shown once everything runs: the addresses, and commands to try it with. */
export function welcome({ config, workerPort, transport, home, headers, sourceId }: Welcome): string {
  const track = `${urlOf(config.publicHost, config.publicPort)}/track`
  const elastic = config.elasticHost.split(',')[0] ?? ''
  const addresses: readonly (readonly [string, string])[] = [
    ['Track', track],
    ['Console', consoleUrl(config)],
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
    'Ready. Ctrl-C stops everything; the next start continues with the data.',
    '',
    ...addresses.map(([name, value]) => `  ${name.padEnd(14)} ${value}`),
    '',
    'Send three events (each time you paste it, three more):',
    '',
    `  curl -s ${track} -H 'Content-Type: application/json' -d '{`,
    `    "source": {"id": ${JSON.stringify(sourceId)}}, "session": {"id": "my-session"}, "profile": {"id": "my-profile"},`,
    '    "events": [',
    '      {"type": "page-view", "properties": {"path": "/shoes"}},',
    '      {"type": "product-view", "properties": {"sku": "A-1", "price": 59.9}},',
    '      {"type": "purchase", "properties": {"sku": "A-1", "quantity": 1}}',
    "    ]}'",
    '',
    `Find them, about ${config.bulkTimeoutSeconds + config.indexRefreshSeconds} s later:`,
    '',
    `  ${curl(headers.elasticsearch, `${elastic}/${indicesOf(config).event}/_search?q=session.id:my-session&pretty`)}`,
    '',
    'What next:',
    '',
    ...next(config, sourceId).map(([what, how]) => `  ${what.padEnd(18)} ${how}`),
    '',
    'Operate it:',
    '',
    '  npm run cli -- backlog',
    `  ${curl(headers.operator, backlogUrl(config))}`,
    '',
  ].join('\n')
}
