import { type Client, errors, type estypes } from '@elastic/elasticsearch'
import type { SetUpStep } from '../set-up-step.ts'
import {
  type Fields,
  type FoundTemplate,
  isGenuine,
  MAPPING_VERSION,
  type NamedTemplate,
  type Template,
  versionIn,
} from './templates.ts'

/**
 * Checks templates and indices, and repairs what it can repair without loss. Set-up and the check of each worker both
 * use it; only set-up may change what another configuration has written.
 */

/** The properties of an index, as far as `INDEX_FILTER` includes them. */
export type FoundIndex = Pick<estypes.IndicesIndexState, 'aliases' | 'mappings' | 'settings'>

const INDEX_FILTER = [
  '*.aliases',
  '*.mappings._meta',
  '*.mappings.dynamic',
  '*.mappings.properties.properties.doc_values',
  '*.settings.index.number_of_shards',
  '*.settings.index.number_of_replicas',
  '*.settings.index.refresh_interval',
  '*.settings.index.codec',
  '*.settings.index.creation_date',
  '*.settings.index.routing.allocation.include._tier_preference',
].join(',')

export async function readTemplate(client: Client, name: string): Promise<FoundTemplate | undefined> {
  const found = await client.indices.getIndexTemplate({ name }, { ignore: [404] })
  return found.index_templates?.[0]?.index_template as FoundTemplate | undefined
}

/** The indices of a template by name: those that there are, for a pattern and for a name alike. */
export async function readIndices(client: Client, template: Template): Promise<Readonly<Record<string, FoundIndex>>> {
  const found = await client.indices.get(
    { index: template.pattern, allow_no_indices: true, expand_wildcards: 'open', filter_path: INDEX_FILTER },
    { ignore: [404] },
  )
  return Object.fromEntries(Object.entries(found).filter(([, state]) => state.settings !== undefined))
}

/** Writes a template. The caller has checked the existing one. */
export async function writeTemplate(client: Client, { name, body }: NamedTemplate): Promise<void> {
  await client.indices.putIndexTemplate({ name, ...body } as unknown as estypes.IndicesPutIndexTemplateRequest)
}

/**
 * Makes an index. It has the mapping and the alias of this release whatever becomes of the template meanwhile; settings,
 * and a newer mapping, come from the template as set-up has written it. An existing index does not change.
 *
 * @param timeoutMs maximum wait for the master, and then for the shards.
 */
export async function makeIndex(client: Client, template: Template, index: string, timeoutMs: number): Promise<void> {
  const found = await readTemplate(client, template.name).catch((error: unknown) => {
    if (!isForbidden(error)) throw error
    return undefined
  })
  const isOurs = found?.template !== undefined && isGenuine(found) && versionIn(found._meta) >= MAPPING_VERSION
  const content = isOurs ? found.template : template.body.template
  const timeout = `${timeoutMs}ms`
  const request = { index, timeout, master_timeout: timeout, ...content } as estypes.IndicesCreateRequest
  const created = client.indices.create(request).catch((error: unknown) => {
    if (!isForbidden(error)) throw error
    // To name an alias takes the right to manage the index; without it the alias can only come from the template.
    return client.indices.create({ ...request, aliases: {} })
  })
  await unlessThere(created)
}

/** Waits for the creation of an index. One that somebody else created first is as good. */
export async function unlessThere(created: Promise<unknown>): Promise<void> {
  try {
    await created
  } catch (error) {
    const isThere =
      error instanceof errors.ResponseError && error.body?.error?.type === 'resource_already_exists_exception'
    if (!isThere) throw error
  }
}

/** What Elasticsearch answered, on one line. */
export function refusalOf(error: errors.ResponseError): string {
  const { type = `status ${error.statusCode}`, reason = '' } = error.body?.error ?? {}
  return reason === '' ? type : `${type}: ${reason}`
}

/** Whether Elasticsearch answered that it will not do it. What it cannot do at the moment is none. */
export function isRefusal(error: unknown): error is errors.ResponseError {
  return error instanceof errors.ResponseError && error.statusCode !== 429 && !(Number(error.statusCode) >= 500)
}

/** Whether Elasticsearch answered that the credentials have no right to it. */
export function isForbidden(error: unknown): error is errors.ResponseError {
  return error instanceof errors.ResponseError && (error.statusCode === 401 || error.statusCode === 403)
}

/** Adds what one of our indices lacks: the alias, and the fields of this release. */
export async function alignIndex(
  client: Client,
  template: Template,
  name: string,
  found: FoundIndex,
): Promise<readonly SetUpStep[]> {
  const mapping = await alignMapping(client, template, name, found)
  // Searches through the alias rely on the mapping: an index that Elasticsearch guessed stays outside.
  if (mapping?.state === 'differs') return [mapping]
  return [mapping, await alignAlias(client, template, name, found)].filter((step) => step !== undefined)
}

async function alignMapping(
  client: Client,
  template: Template,
  index: string,
  { mappings = {} }: FoundIndex,
): Promise<SetUpStep | undefined> {
  const version = versionIn(mappings._meta)
  const isStrict = mappings.dynamic === 'strict'
  if (version > MAPPING_VERSION || (version === MAPPING_VERSION && isStrict)) return undefined
  const what = `index ${index}`
  try {
    const { mappings: wanted } = template.body.template
    const properties = lackingFields(wanted.properties, await readFields(client, index))
    await client.indices.putMapping({ index, ...wanted, properties } as estypes.IndicesPutMappingRequest)
    return { what, state: 'updated', detail: `mapping of version ${MAPPING_VERSION}` }
  } catch (error) {
    if (!isRefusal(error)) throw error
    const reason = refusalOf(error)
    // Only an index that none of our releases has created has no version.
    return mappings._meta?.['version'] === undefined
      ? { what, state: 'differs', code: 'mapping_guessed', detail: guessed(index, reason) }
      : {
          what,
          state: 'differs',
          code: 'mapping_incomplete',
          detail: `its mapping cannot take the new fields: ${reason}`,
        }
  }
}

async function readFields(client: Client, index: string): Promise<Fields> {
  const found = await client.indices.getMapping({ index })
  return (found[index]?.mappings.properties ?? {}) as Fields
}

/**
 * The fields that are missing, or have another type, which Elasticsearch refuses. An existing field may be indexed in
 * another way, as an earlier release did: that cannot change, and takes the same documents.
 */
function lackingFields(wanted: Fields, found: Fields): Fields {
  const lacking = Object.entries(wanted).flatMap(([name, field]): readonly (readonly [string, Fields[string]])[] => {
    const there = found[name]
    if (there === undefined || there.type !== field.type) return [[name, field]]
    const properties = lackingFields(field.properties ?? {}, there.properties ?? {})
    return Object.keys(properties).length === 0 ? [] : [[name, { properties }]]
  })
  return Object.fromEntries(lacking)
}

function guessed(index: string, reason: string): string {
  return `its mapping is not ours: Elasticsearch guessed it, or somebody else created the index (${reason}); its documents are kept, but searches by the alias miss them: rebuild ${index} as docs/operations.md says`
}

async function alignAlias(
  client: Client,
  { alias }: Template,
  index: string,
  { aliases = {} }: FoundIndex,
): Promise<SetUpStep | undefined> {
  if (alias === undefined || aliases[alias] !== undefined) return undefined
  const what = `index ${index}`
  try {
    await client.indices.putAlias({ index, name: alias })
    return { what, state: 'updated', detail: `the alias ${alias} was missing` }
  } catch (error) {
    if (!isRefusal(error)) throw error
    const detail = `the alias ${alias} is missing and could not be added: ${refusalOf(error)}`
    return { what, state: 'differs', code: 'alias_missing', detail }
  }
}

/** The step that reports another template which applies to `index`; `undefined` if none does. */
export async function findWinner(client: Client, { name }: Template, index: string): Promise<SetUpStep | undefined> {
  const { overlapping = [] } = await client.indices.simulateIndexTemplate({ name: index })
  const losers = new Set(overlapping.map((other) => other.name))
  if (!losers.has(name)) return undefined
  const all = await client.indices.getIndexTemplate({ filter_path: PRIORITIES })
  const winner = all.index_templates.find(
    (one) => !losers.has(one.name) && [one.index_template.index_patterns].flat().some((it) => matches(it, index)),
  )
  return (
    winner && {
      what: `index template ${name}`,
      state: 'differs',
      code: 'template_outranked',
      detail: `the index template ${winner.name} with priority ${winner.index_template.priority} applies to ${index} instead: what it sets is added to new indices; change its index_patterns or give it a priority under 499`,
    }
  )
}

const PRIORITIES =
  'index_templates.name,index_templates.index_template.index_patterns,index_templates.index_template.priority'

/** A pattern of Elasticsearch: `*` is any text. */
function matches(pattern: string, index: string): boolean {
  const expression = pattern.replaceAll(/[\\^$+?.()|[\]{}]/g, '\\$&').replaceAll('*', '.*')
  return new RegExp(`^${expression}$`).test(index)
}
