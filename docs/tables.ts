import { readFileSync, writeFileSync } from 'node:fs'
import { Registry } from 'prom-client'
import { planOf } from '../infra/config/plan.ts'
import { type Group, type Key, schema, secretKeys } from '../infra/config/schema.ts'
import { readStackFile } from '../infra/config/stack-file.ts'
import { costOf, type TierCost, totalOf } from '../infra/cost.ts'
import { type Outside, TIER_NAMES, tierOf } from '../infra/kubernetes/tiers.ts'
import { edgesOf } from '../infra/network/edges.ts'
import { FINDING_CODES } from '../infra/sizing/limits.ts'
import { REASON_CODES } from '../infra/sizing/question.ts'
import { platformSettings } from '../infra/stack-args.ts'
import { apiMetrics } from '../runtime/api/metrics.ts'
import { canaryMetrics } from '../runtime/canary/metrics.ts'
import { settings } from '../runtime/config.ts'
import { errorCodes } from '../runtime/errors.ts'
import { localSettings } from '../runtime/local/settings.ts'
import { processInfo } from '../runtime/process-info.ts'
import { allowedValues, type EnvSetting, type Setting } from '../runtime/setting.ts'
import { CAUSES } from '../runtime/telemetry/causes.ts'
import { type PublishedFile, pathOfBuilt } from '../runtime/tracker/build.ts'
import { AdaptiveConcurrency } from '../runtime/worker/concurrency.ts'
import { workerMetrics } from '../runtime/worker/metrics.ts'
import { type BulkAnswer, provoked, scripted } from '../test/support/bulk-answers.ts'
import { INFRA, type Rooms, RUNTIME } from '../test/support/rooms.ts'
import { decisions } from './decisions.ts'
import { COMPARED_LOADS, type ComparedLoad, stackOf } from './sizing-loads.ts'

/**
 * The tables of the documentation that come from the code. `npm run docs` writes them into the pages; a test fails when
 * a page says something else than the code.
 */

type Row = readonly string[]

function table(header: Row, rows: readonly Row[]): string {
  const line = (row: Row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}

function settingsTable(described: Readonly<Record<string, EnvSetting>>): string {
  const rows = Object.values(described).map((setting) => {
    const secret =
      setting.type === 'string' && setting.secret ? ` Secret: may be a file, named by \`${setting.env}_FILE\`.` : ''
    return [`\`${setting.env}\``, defaultOf(setting), allowedValues(setting), setting.description + secret]
  })
  return table(['variable', 'default', 'allowed', 'meaning'], rows)
}

function defaultOf(setting: Setting): string {
  if (setting.default === '') return ''
  return setting.type === 'boolean' ? `\`${setting.default ? 'yes' : 'no'}\`` : `\`${setting.default}\``
}

function errorsTable(): string {
  const rows = Object.entries(errorCodes).map(([code, { retryable, remedy }]) => [
    `\`${code}\``,
    retryable ? 'yes' : 'no',
    remedy,
  ])
  return table(['code', 'retryable', 'what to do'], rows)
}

function causesTable(): string {
  const rows = Object.entries(CAUSES).map(([code, { title, when, remedy }]) => [title, `\`${code}\``, when, remedy])
  return table(['title', 'code', 'when', 'do'], rows)
}

/** The keys of one group of a stack's configuration. */
function stackTable(group: Group): string {
  const rows = Object.entries<Key>(group).map(([name, key]) => {
    const value = key.type === 'list' ? '' : defaultOf(key)
    const sized = 'derived' in key ? `${value}, or from the load` : value
    const allowed = key.type === 'list' ? `a list of ${key.pattern.says}` : allowedValues(key)
    return [`\`${name}\``, sized, allowed, key.description]
  })
  return table(['key', 'default', 'allowed', 'meaning'], rows)
}

/** Pods, CPU cores, memory and disk, as people read them. */
function figures({ pods, cpuMillicores, memoryMib, diskGib }: Omit<TierCost, 'tier'>): Row {
  const short = (value: number) => String(Math.round(value * 100) / 100)
  return [
    String(pods),
    short(cpuMillicores / 1000),
    `${short(memoryMib / 1024)} GiB`,
    diskGib === 0 ? '' : `${diskGib} GiB`,
  ]
}

/** What the stacks of the project ask of a cluster. */
function costsTable(stack: string): string {
  const costs = costOf(platformSettings(planOf(readStackFile(stack))))
  const row = (name: string, cost: Parameters<typeof figures>[0]) => [name, ...figures(cost)]
  const rows = [...costs.map((cost) => row(cost.tier, cost)), row('**all**', totalOf(costs))]
  return table(['tier', 'pods', 'CPU', 'memory', 'disk'], rows)
}

/** The tiers, and what each keeps. */
function tiersTable(): string {
  const code = (text: string) => `\`${text}\``
  const rows = TIER_NAMES.map((tier) => {
    const { keeps = '', ports, metrics } = tierOf(tier)
    const listed = Object.entries(ports).map(([name, port]) => `${port} ${name}`)
    const served = metrics === undefined ? '' : `${ports[metrics.port]}${metrics.path}`
    return [code(tier), keeps, listed.join(', '), served]
  })
  return table(['tier', 'keeps', 'ports', 'metrics'], rows)
}

/** Every connection that a stack can have with its own servers, those of one purpose together. */
function connectionsTable(): string {
  const outside: readonly Outside[] = ['scrapers', 'operators', 'keda']
  const external = { pulsar: [], elasticsearch: [] }
  const all = { tiers: new Set(TIER_NAMES), outside: new Set(outside), external, authenticated: true }
  const edges = [false, true].flatMap((mastersHoldData) => edgesOf({ ...all, mastersHoldData }))
  const rows = Map.groupBy(edges, ({ to, ports, why }) => [to, ports.join(', '), why].join('|'))
  return table(
    ['from', 'to', 'ports', 'for'],
    [...rows].map(([key, ends]) => {
      const [to = '', ports = '', why = ''] = key.split('|')
      const from = [...new Set(ends.map((edge) => endName(edge.from)))]
      return [from.length === TIER_NAMES.length ? 'every tier' : from.join(', '), endName(to), ports, why]
    }),
  )
}

/** What is outside of the stack, as its configuration names it. */
const OUTSIDE: Readonly<Record<string, string>> = {
  anywhere: 'anywhere',
  dns: 'DNS in any namespace, or the cache on the node',
  scrapers: '`platform.monitoringNamespaces`',
  operators: '`platform.operatorNamespaces`',
  keda: '`app: keda-operator` in `workers.kedaNamespace`',
}

function endName(end: string): string {
  return OUTSIDE[end] ?? `\`${end}\``
}

function reasonsTable(stack: string): string {
  const rows = planOf(readStackFile(stack)).reasons.map(({ key, value, unit, reason }) => [
    `\`${key}\``,
    `${value} ${unit}`.trim(),
    reason,
  ])
  return table(['key', 'value', 'why'], rows)
}

/** The script elements of the current release, with their hashes. */
function publishedSnippet(): string {
  const files = JSON.parse(readFileSync(pathOfBuilt('published.json'), 'utf8')) as readonly PublishedFile[]
  const elements = files.map(({ name, file, integrity }) => {
    const source = name === 'tracker.js' ? ' data-source="my-source"' : ''
    return `<script async src="https://events.example.com/tracker/${file}"${source} crossorigin="anonymous"\n  integrity="${integrity}"></script>`
  })
  return ['```html', ...elements, '```'].join('\n')
}

/** USD a month at the prices of the review: 25 a core, 3.5 a GiB of memory, 0.09 a GiB of disk, of what pods request. */
export function reviewedMonth(load: ComparedLoad, asExpert = false): number {
  const { cpuMillicores, memoryMib, diskGib } = totalOf(costOf(platformSettings(planOf(stackOf(load, asExpert)))))
  return Math.round((cpuMillicores / 1000) * 25 + (memoryMib / 1024) * 3.5 + diskGib * 0.09)
}

/** The loads of the review: what each cost, what a hand-made design costs, and what the model answers now. */
function comparedTable(): string {
  const usd = (value: number | undefined) => (value === undefined ? '' : value.toLocaleString('en-US'))
  const rows = COMPARED_LOADS.map((compared) => {
    const { elasticsearch } = planOf(stackOf(compared))
    return [
      compared.name,
      usd(compared.before),
      usd(compared.expert),
      usd(reviewedMonth(compared)),
      usd(reviewedMonth(compared, true)),
      `${elasticsearch.dataNodes} × ${usd(elasticsearch.dataGib)}`,
      compared.reason ?? '',
    ]
  })
  const header = ['load', 'before', 'expert', 'now', 'now, as the expert assumes', 'data nodes × GiB', 'why it differs']
  return table(header, rows)
}

function findingsTable(): string {
  const rows = Object.entries(FINDING_CODES).map(([code, { level, meaning }]) => [`\`${code}\``, level, meaning])
  return table(['code', 'level', 'meaning'], rows)
}

function codesTable(): string {
  const rows = Object.entries(REASON_CODES).map(([code, meaning]) => [`\`${code}\``, meaning])
  return table(['code', 'meaning'], rows)
}

interface Described {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly labelNames?: readonly string[]
}

function metricsTable(register: (registry: Registry) => unknown): string {
  const registry = new Registry()
  register(registry)
  const rows = registry.getMetricsAsArray().map((metric) => {
    const { name, help, labelNames = [] } = metric as unknown as Described
    const labels = labelNames.length > 0 ? `{${labelNames.join(', ')}}` : ''
    return [`\`${name}${labels}\``, metric.constructor.name.toLowerCase(), help]
  })
  return table(['metric', 'kind', 'meaning'], rows)
}

function bulkAnswersTable(): string {
  const rows = [
    ...Object.values<BulkAnswer>(provoked).map((answer) => [answer, 'a real server'] as const),
    ...Object.values<BulkAnswer>(scripted).map((answer) => [answer, 'a script'] as const),
  ]
  return table(
    ['what', 'status', 'type of the error', 'answered by', 'what is done', 'shown on'],
    rows.map(([{ what, status, type, source, done }, shown]) => [
      what,
      String(status),
      type === '' ? '' : `\`${type}\``,
      source === '' ? '' : `\`${source}\``,
      done,
      shown,
    ]),
  )
}

/** What each folder has, and what it may import, as `test/style.test.ts` checks it. */
function roomsTable(): string {
  const rows = (top: string, rooms: Rooms) =>
    Object.entries(rooms).map(([name, { what, mayImport }]) => {
      const shown = mayImport.map((to) => (to === '.' ? `\`${top}/*.ts\`` : `\`${to}\``))
      return [`\`${top}/${name}\``, what, shown.join(', ')]
    })
  return table(['folder', 'what', 'may import'], [...rows('runtime', RUNTIME), ...rows('infra', INFRA)])
}

function decisionsTable(): string {
  const rows = decisions().map(({ file, number, title, date, status, replacedBy }) => [
    String(number),
    `[${title.replaceAll('`', '')}](${file})`,
    date,
    replacedBy === undefined ? status : `${status} by [${Number(replacedBy.slice(0, 4))}](${replacedBy})`,
  ])
  return table(['', 'decision', 'date', 'status'], rows)
}

const STACKS = ['dev', 'staging', 'production']

/** For each page the tables in it, by the name in their marks. */
export const pages: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  '../CONTRIBUTING.md': { rooms: roomsTable },
  'adr/README.md': { decisions: decisionsTable },
  'architecture.md': { tiers: tiersTable, connections: connectionsTable },
  'bulk-answers.md': { answers: bulkAnswersTable },
  'console.md': { causes: () => causesTable() },
  'configuration.md': { settings: () => settingsTable(settings), local: () => settingsTable(localSettings) },
  'errors.md': { errors: errorsTable },
  'metrics.md': {
    api: () =>
      metricsTable((registry) =>
        apiMetrics(registry, {
          pendingBytes: () => 0,
          sourcesFault: () => undefined,
          queue: { closed: () => [], partitions: () => [] },
        }),
      ),
    worker: () => metricsTable((registry) => workerMetrics(registry, new AdaptiveConcurrency(1), Date.now)),
    canary: () => metricsTable((registry) => canaryMetrics(registry, Date.now)),
    process: () => metricsTable((registry) => processInfo(registry, { runtimeImage: '' })),
  },
  'sizing.md': { loads: comparedTable, findings: findingsTable, codes: codesTable },
  'stack-configuration.md': {
    ...Object.fromEntries(Object.entries<Group>(schema).map(([name, group]) => [name, () => stackTable(group)])),
    secrets: () =>
      table(
        ['key', 'meaning'],
        Object.entries(secretKeys).map(([name, meaning]) => [`\`${name}\``, meaning]),
      ),
  },
  'tracker.md': { published: publishedSnippet },
  'stacks.md': {
    ...Object.fromEntries(STACKS.map((stack) => [stack, () => costsTable(stack)])),
    sizing: () => reasonsTable('production'),
  },
}

/** The page as it should be: what is between `<!-- table: name -->` and `<!-- end -->` is the table. */
export function withTables(page: string, text: string): string {
  return Object.entries(pages[page] ?? {}).reduce((content, [name, make]) => {
    const [begin, end] = [`<!-- table: ${name} -->\n`, '\n<!-- end -->']
    const from = content.indexOf(begin)
    const to = content.indexOf(end, from)
    if (from < 0 || to < 0) throw new Error(`${page} has no place for the table "${name}"`)
    return content.slice(0, from + begin.length) + make() + content.slice(to)
  }, text)
}

export function pathOf(page: string): URL {
  return new URL(page, import.meta.url)
}

if (import.meta.main) {
  for (const page of Object.keys(pages)) {
    writeFileSync(pathOf(page), withTables(page, readFileSync(pathOf(page), 'utf8')))
  }
}
