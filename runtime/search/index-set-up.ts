import type { Client } from '@elastic/elasticsearch'
import type { Config, SharedConfig } from '../config.ts'
import { AppError } from '../errors.ts'
import { indicesOf } from '../names.ts'
import type { SetUpStep } from '../set-up-step.ts'
import { prefersWarm } from './age.ts'
import { unavailable } from './client.ts'
import { periodOf, periodStartMs } from './indices.ts'
import {
  guardTemplateOf,
  type IndexSettings,
  MAPPING_VERSION,
  type NamedTemplate,
  stateOfTemplate,
  type Template,
  templatesOf,
  versionIn,
} from './templates.ts'
import {
  alignIndex,
  type FoundIndex,
  findWinner,
  isRefusal,
  readIndices,
  readTemplate,
  refusalOf,
  writeTemplate,
} from './upkeep.ts'

/**
 * Makes the index templates, and brings existing indices up to them as far as that loses nothing: new fields, a missing alias,
 * more replicas and the refresh interval. Shards and codec of an existing index cannot change; the step says when the new ones take effect.
 *
 * @throws AppError `search_unavailable` when Elasticsearch does not answer or refuses.
 */
export async function setUpSearch(
  client: Client,
  config: SharedConfig & Pick<Config, 'warmAfterDays'>,
  nowMs = Date.now(),
): Promise<readonly SetUpStep[]> {
  try {
    const steps: SetUpStep[] = []
    for (const template of templatesOf(config)) {
      steps.push(await ensureTemplate(client, template, inWords(template.body.template.settings.index)))
      const winner = await findWinner(client, template, sampleIndexOf(template, config, nowMs))
      if (winner) steps.push(winner)
      steps.push(...(await alignIndices(client, template, nowMs, config.warmAfterDays > 0)))
    }
    const guard = 'Elasticsearch creates none of our indices while a template is missing'
    steps.push(await ensureTemplate(client, guardTemplateOf(config), guard))
    return steps
  } catch (cause) {
    throw new AppError('search_unavailable', `Elasticsearch at ${config.elasticHost} refused the set-up`, {
      cause,
    })
  }
}

/** The index that the next event or state would go to. */
export function sampleIndexOf(template: Template, config: SharedConfig, nowMs: number): string {
  const { event } = indicesOf(config)
  return template.name === event ? `${event}-${periodOf(nowMs, config.eventPartitioning)}` : template.pattern
}

/**
 * Whether set-up has run for this version of the runtime. Without the templates Elasticsearch would guess a mapping from
 * the first document, so a worker does not begin before this answers.
 *
 * @throws AppError `set_up_missing`, `search_unavailable`.
 */
export async function assertSetUp(client: Client, config: SharedConfig): Promise<void> {
  for (const { name } of templatesOf(config)) {
    const template = await readTemplate(client, name).catch(unavailable(config))
    const version = versionIn(template?._meta)
    if (template?._meta === undefined || version < MAPPING_VERSION) {
      const found =
        template?._meta === undefined ? 'missing' : `of version ${version}, version ${MAPPING_VERSION} is needed`
      throw new AppError('set_up_missing', `the index template ${name} is ${found}: run set-up`)
    }
  }
}

function inWords({ number_of_shards, number_of_replicas, refresh_interval, codec }: IndexSettings): string {
  return `${number_of_shards} shards, ${number_of_replicas} replicas, refresh interval ${refresh_interval}, codec ${codec}`
}

async function ensureTemplate(client: Client, template: NamedTemplate, detail: string): Promise<SetUpStep> {
  const what = `index template ${template.name}`
  const found = await readTemplate(client, template.name)
  const state = stateOfTemplate(found, template)
  if (state === 'same') return { what, state: 'exists', detail }
  if (state === 'newer') {
    const version = versionIn(found?._meta)
    return {
      what,
      state: 'differs',
      code: 'template_newer',
      detail: `it is of version ${version}, of a newer release; this one writes version ${MAPPING_VERSION}: run set-up of the newer release`,
    }
  }
  await writeTemplate(client, template)
  return { what, state: state === 'missing' ? 'created' : 'updated', detail }
}

async function alignIndices(client: Client, template: Template, nowMs: number, hasWarm: boolean): Promise<SetUpStep[]> {
  const { index: wanted } = template.body.template.settings
  const steps: SetUpStep[] = []
  for (const [name, state] of Object.entries(await readIndices(client, template))) {
    steps.push(...shardsStep(template, name, state, nowMs))
    steps.push(...codecStep(template, name, state))
    steps.push(...docValuesStep(template, name, state))
    const replicas = Number(state.settings?.index?.number_of_replicas)
    // `indices age` sees to the copies of what it has sent to warm nodes.
    if (!(hasWarm && isOnWarm(state)))
      steps.push(...(await alignReplicas(client, name, replicas, Number(wanted.number_of_replicas))))
    steps.push(...(await alignRefresh(client, name, state, wanted)))
    steps.push(...(await alignIndex(client, template, name, state)))
  }
  return steps
}

/** An index keeps its shards, whether or not its period has begun: no index can be replaced while others may write to it. */
function shardsStep({ alias, body }: Template, name: string, state: FoundIndex, nowMs: number): SetUpStep[] {
  const shards = state.settings?.index?.number_of_shards
  const wanted = body.template.settings.index.number_of_shards
  if (shards === wanted) return []
  const what = `index ${name}`
  const differs = { what, state: 'differs', code: 'shards_kept' } as const
  const keeps = `it keeps its ${shards} shards`
  if (alias === undefined) return [{ ...differs, detail: `${keeps}; only a new index can have ${wanted}` }]
  const startMs = periodStartMs(name, alias)
  if (startMs === undefined || startMs <= nowMs) {
    return [{ ...differs, detail: `${keeps}; the next period that has no index yet begins with ${wanted}` }]
  }
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)
  return [
    {
      ...differs,
      code: 'shards_kept_early',
      detail: `${keeps}, although its period begins on ${day(startMs)} only: an event from a clock that was ahead made it on ${day(Number(state.settings?.index?.creation_date))}; rebuild it as docs/operations.md says, or let the period have ${shards}`,
    },
  ]
}

function codecStep({ alias, body }: Template, name: string, { settings }: FoundIndex): SetUpStep[] {
  const codec = settings?.index?.codec ?? 'default'
  const wanted = body.template.settings.index.codec
  if (codec === wanted) return []
  const detail = `it keeps its codec ${codec}; ${beginsWith(alias)} ${wanted}`
  return [{ what: `index ${name}`, state: 'differs', code: 'codec_kept', detail }]
}

/** An index that has doc values which are not wanted any more harms nobody. */
function docValuesStep({ alias, body }: Template, name: string, { mappings = {} }: FoundIndex): SetUpStep[] {
  if (hasDocValues(mappings) || !hasDocValues(body.template.mappings)) return []
  const detail = `nothing can sort or aggregate by fields of its properties and context; ${beginsWith(alias)} doc values for them`
  return [{ what: `index ${name}`, state: 'differs', code: 'doc_values_lacking', detail }]
}

function beginsWith(alias: string | undefined): string {
  return alias === undefined ? 'only a new index can have' : 'the next period that has no index yet begins with'
}

function hasDocValues({ properties }: { readonly properties?: Readonly<Record<string, object>> }): boolean {
  const field: { readonly doc_values?: boolean } | undefined = properties?.['properties']
  return field?.doc_values !== false
}

/** Where an index takes no settings, because it is read-only, nothing new comes that a search could find late. */
async function alignRefresh(
  client: Client,
  index: string,
  { settings }: FoundIndex,
  { refresh_interval: wanted }: IndexSettings,
): Promise<SetUpStep[]> {
  const found = settings?.index?.refresh_interval
  if (found === wanted) return []
  const what = `index ${index}`
  const was = found === undefined ? 'the refresh interval of Elasticsearch' : `a refresh interval of ${found}`
  try {
    await client.indices.putSettings({ index, settings: { index: { refresh_interval: wanted } } })
    return [{ what, state: 'updated', detail: `from ${was} to ${wanted}` }]
  } catch (error) {
    if (!isRefusal(error)) throw error
    const detail = `it keeps ${was} instead of ${wanted}: ${refusalOf(error)}`
    return [{ what, state: 'differs', code: 'refresh_kept', detail }]
  }
}

function isOnWarm({ settings }: FoundIndex): boolean {
  return prefersWarm(settings?.index?.routing?.allocation?.include?._tier_preference)
}

async function alignReplicas(client: Client, index: string, found: number, wanted: number): Promise<SetUpStep[]> {
  if (found === wanted) return []
  const what = `index ${index}`
  if (found > wanted) {
    const detail = `it keeps its ${found} replicas, which is more than the ${wanted} configured: lower them manually if you want to`
    return [{ what, state: 'differs', code: 'replicas_kept', detail }]
  }
  await client.indices.putSettings({ index, settings: { index: { number_of_replicas: wanted } } })
  return [{ what, state: 'updated', detail: `from ${found} to ${wanted} replicas` }]
}
