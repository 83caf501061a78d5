import type { Config } from '../config.ts'
import { type Indices, indicesOf } from './indices.ts'

/**
 * The version of the mappings. Raise it with every change, and only ever add fields: set-up adds what is new to the
 * indices that exist, and a field that changed its type would need a new index.
 */
export const MAPPING_VERSION = 1

const keyword = { type: 'keyword', ignore_above: 512 } as const
const date = { type: 'date', format: 'strict_date_optional_time||yyyy-MM-dd HH:mm:ss||epoch_millis' } as const
const withId = { properties: { id: keyword } } as const
/** Kept in the document, never indexed. */
const stored = { type: 'object', enabled: false } as const

/**
 * One field for everything a client may send: it cannot explode the mapping, and two events whose property has two types
 * do not conflict. Longer values are kept but cannot be searched for; without that limit Lucene refuses the document
 * over 32,766 bytes. The API refuses what is nested deeper.
 */
export const FLATTENED_DEPTH = 20
const flattened = { type: 'flattened', depth_limit: FLATTENED_DEPTH, ignore_above: 1024 } as const

const stateFields = {
  id: keyword,
  metadata: { properties: { time: { properties: { update: date } } } },
  source: withId,
  session: withId,
  profile: withId,
  context: flattened,
  properties: flattened,
} as const

const eventFields = {
  id: keyword,
  type: keyword,
  name: keyword,
  metadata: { properties: { time: { properties: { insert: date, ingest: date, create: date, update: date } } } },
  source: withId,
  session: withId,
  profile: withId,
  properties: flattened,
  context: flattened,
  config: stored,
  request: stored,
  tags: { properties: { values: keyword, count: { type: 'integer' } } },
} as const

export interface Template {
  readonly name: string
  /** The indices it is for: a pattern, or the one name. */
  readonly pattern: string
  readonly body: TemplateBody
}

type TemplateBody = ReturnType<typeof templateBody>

/** The index templates of a configuration: shards and replicas for new indices, strict mappings. */
export function templatesOf(config: Config): readonly Template[] {
  const indices: Indices = indicesOf(config)
  return [
    { ...template(config, indices.event, `${indices.event}-*`, eventFields, { [indices.event]: {} }) },
    { ...template(config, indices.session, indices.session, stateFields) },
    { ...template(config, indices.profile, indices.profile, stateFields) },
  ]
}

function template(
  config: Config,
  name: string,
  pattern: string,
  fields: object,
  aliases?: Record<string, object>,
): Template {
  return { name, pattern, body: templateBody(config, pattern, fields, aliases ?? {}) }
}

function templateBody(config: Config, pattern: string, fields: object, aliases: Record<string, object>) {
  return {
    index_patterns: [pattern],
    // Above the built-in templates of Elasticsearch (100) and what people usually choose.
    priority: 500,
    // The first event of a period makes its index, even where automatic creation is switched off.
    allow_auto_create: true,
    _meta: { managed_by: 'tracardi-at-scale', version: MAPPING_VERSION },
    template: {
      settings: {
        index: { number_of_shards: String(config.indexShards), number_of_replicas: String(config.indexReplicas) },
      },
      mappings: { dynamic: 'strict' as const, _meta: { version: MAPPING_VERSION }, properties: fields },
      aliases,
    },
  }
}
