import type { Client } from '@elastic/elasticsearch'
import type { Config } from '../config.ts'
import { AppError, messageOf } from '../errors.ts'
import type { SetUpStep } from '../set-up-step.ts'
import { MAPPING_VERSION, type Template, templatesOf } from './templates.ts'

/**
 * Makes the index templates, and brings existing indices up to them as far as that loses nothing: new fields and more
 * replicas. Shards of an existing index cannot change; the step says when the new number takes effect.
 *
 * @throws AppError `search_unavailable` when Elasticsearch does not answer or refuses.
 */
export async function setUpSearch(client: Client, config: Config): Promise<readonly SetUpStep[]> {
  try {
    const steps: SetUpStep[] = []
    for (const template of templatesOf(config)) {
      steps.push(await ensureTemplate(client, template))
      steps.push(...(await alignIndices(client, template)))
    }
    return steps
  } catch (cause) {
    throw new AppError('search_unavailable', `Elasticsearch at ${config.elasticHost} did not take the set-up`, {
      cause,
    })
  }
}

/**
 * Whether set-up has run for this version of the runtime. Without the templates Elasticsearch would guess a mapping from
 * the first document, so a worker does not begin before this answers.
 *
 * @throws AppError `set_up_missing`, `search_unavailable`.
 */
export async function assertSetUp(client: Client, config: Config): Promise<void> {
  for (const template of templatesOf(config)) {
    const version = await templateVersion(client, template.name).catch((cause: unknown) => {
      throw new AppError('search_unavailable', `Elasticsearch at ${config.elasticHost} does not answer`, { cause })
    })
    if (version === undefined || version < MAPPING_VERSION) {
      const found = version === undefined ? 'missing' : `of version ${version}, version ${MAPPING_VERSION} is needed`
      throw new AppError('set_up_missing', `the index template ${template.name} is ${found}: run set-up`)
    }
  }
}

async function templateVersion(client: Client, name: string): Promise<number | undefined> {
  const found = await client.indices.getIndexTemplate({ name }, { ignore: [404] })
  const meta = found.index_templates?.[0]?.index_template._meta
  return meta === undefined ? undefined : Number(meta['version'] ?? 0)
}

async function ensureTemplate(client: Client, template: Template): Promise<SetUpStep> {
  const what = `index template ${template.name}`
  const found = await client.indices.getIndexTemplate({ name: template.name }, { ignore: [404] })
  const present = found.index_templates?.[0]?.index_template
  const version = Number(present?._meta?.['version'] ?? 0)
  if (version > MAPPING_VERSION) {
    const detail = `it is of version ${version}, made by a newer release; this one writes version ${MAPPING_VERSION}: run set-up of the newer release`
    return { what, state: 'differs', detail }
  }
  const { number_of_shards: shards, number_of_replicas: replicas } = template.body.template.settings.index
  const index = present?.template?.settings?.index
  const same =
    version === MAPPING_VERSION && index?.number_of_shards === shards && index.number_of_replicas === replicas
  if (present && same) return { what, state: 'exists', detail: `${shards} shards, ${replicas} replicas` }
  await client.indices.putIndexTemplate({ name: template.name, ...template.body } as Parameters<
    Client['indices']['putIndexTemplate']
  >[0])
  return { what, state: present ? 'updated' : 'created', detail: `${shards} shards, ${replicas} replicas` }
}

async function alignIndices(client: Client, template: Template): Promise<SetUpStep[]> {
  const { settings, mappings } = template.body.template
  const indices = await client.indices.get({ index: template.pattern, allow_no_indices: true }, { ignore: [404] })
  const steps: SetUpStep[] = []
  for (const [name, state] of Object.entries(indices)) {
    if (state.settings === undefined) continue
    const what = `index ${name}`
    const shards = state.settings.index?.number_of_shards
    if (shards !== settings.index.number_of_shards) {
      const next = template.pattern === name ? 'only a new index can have' : 'the next period begins with'
      const detail = `it keeps its ${shards} shards; ${next} ${settings.index.number_of_shards}`
      steps.push({ what, state: 'differs', detail })
    }
    const replicas = Number(state.settings.index?.number_of_replicas)
    steps.push(...(await alignReplicas(client, name, replicas, Number(settings.index.number_of_replicas))))
    if (Number(state.mappings?._meta?.['version'] ?? 0) < MAPPING_VERSION) {
      steps.push(await addFields(client, name, mappings))
    }
  }
  return steps
}

async function alignReplicas(client: Client, index: string, found: number, wanted: number): Promise<SetUpStep[]> {
  if (found === wanted) return []
  const what = `index ${index}`
  if (found > wanted) {
    const detail = `it keeps its ${found} replicas, which is more than the ${wanted} configured: lower them yourself if you mean it`
    return [{ what, state: 'differs', detail }]
  }
  await client.indices.putSettings({ index, settings: { index: { number_of_replicas: wanted } } })
  return [{ what, state: 'updated', detail: `from ${found} to ${wanted} replicas` }]
}

async function addFields(client: Client, index: string, mappings: object): Promise<SetUpStep> {
  const what = `index ${index}`
  try {
    await client.indices.putMapping({ index, ...mappings } as Parameters<Client['indices']['putMapping']>[0])
    return { what, state: 'updated', detail: `mapping of version ${MAPPING_VERSION}` }
  } catch (error) {
    return { what, state: 'differs', detail: `its mapping cannot take the new fields: ${messageOf(error)}` }
  }
}
