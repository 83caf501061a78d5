import { readFileSync, writeFileSync } from 'node:fs'
import { Registry } from 'prom-client'
import { apiMetrics } from '../runtime/api/metrics.ts'
import { settings } from '../runtime/config.ts'
import { errorCodes } from '../runtime/errors.ts'
import { localSettings } from '../runtime/local/settings.ts'
import { allowedValues, type EnvSetting } from '../runtime/setting.ts'
import { AdaptiveConcurrency } from '../runtime/worker/concurrency.ts'
import { workerMetrics } from '../runtime/worker/metrics.ts'

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

function defaultOf(setting: EnvSetting): string {
  if (setting.default === '') return ''
  return setting.type === 'boolean' ? `\`${setting.default ? 'yes' : 'no'}\`` : `\`${setting.default}\``
}

function errorsTable(): string {
  const rows = Object.entries(errorCodes).map(([code, { retryable, remedy }]) => [
    `\`${code}\``,
    retryable ? 'yes' : 'no',
    remedy,
  ])
  return table(['code', 'may pass by itself', 'what to do'], rows)
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

/** For each page the tables in it, by the name in their marks. */
export const pages: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  'configuration.md': { settings: () => settingsTable(settings), local: () => settingsTable(localSettings) },
  'errors.md': { errors: errorsTable },
  'metrics.md': {
    api: () => metricsTable((registry) => apiMetrics(registry, () => 0)),
    worker: () => metricsTable((registry) => workerMetrics(registry, new AdaptiveConcurrency(1))),
  },
}

/** The page as it should be: what stands between `<!-- table: name -->` and `<!-- end -->` is the table. */
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
