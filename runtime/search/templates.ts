import { createHash } from 'node:crypto'
import type { SharedConfig } from '../config.ts'
import { indicesOf } from '../names.ts'

/**
 * The version of the fields that a document may have. Raise it when one is added, and only ever add: set-up adds what is new to
 * the indices that exist, and a field that changed its type would need a new index. How a field is indexed may change without a new
 * version: only new indices have it so, and each of them takes the same documents.
 */
export const MAPPING_VERSION = 3

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

/** Found by the one event or state that has it; nobody sorts or aggregates by it. */
const ownId = { ...keyword, doc_values: false } as const

/** The campaign of a call, as Tracardi's index has it. */
const utm = { properties: { source: keyword, medium: keyword, campaign: keyword, term: keyword, content: keyword } }
export const UTM_FIELDS = Object.keys(utm.properties)

/** What a source can ask for: the fields that Tracardi derives. */
const derived = {
  device: {
    properties: {
      brand: keyword,
      model: keyword,
      type: keyword,
      touch: { type: 'boolean' },
      resolution: keyword,
      color_depth: { type: 'integer' },
      orientation: keyword,
    },
  },
  os: { properties: { name: keyword, version: keyword } },
  app: { properties: { type: keyword, name: keyword, version: keyword, language: keyword, bot: { type: 'boolean' } } },
} as const
const longKeyword = { ...keyword, ignore_above: 1024 } as const
const hit = { properties: { name: longKeyword, url: longKeyword, referer: longKeyword } } as const

/** Of a profile, in other systems. */
const ids = keyword

const stateFields = {
  id: ownId,
  ids,
  metadata: { properties: { time: { properties: { insert: date, create: date, update: date, original: stored } } } },
  source: withId,
  session: withId,
  profile: withId,
  ...derived,
  // `utm` is of sessions, `ids` of profiles. Both kinds have the same fields, so that a trial needs one sample.
  utm,
} as const

const eventFields = {
  id: ownId,
  type: keyword,
  name: keyword,
  metadata: {
    properties: {
      time: { properties: { insert: date, ingest: date, create: date, update: date, original: stored } },
      ip: { type: 'ip' },
    },
  },
  utm,
  ...derived,
  hit,
  source: withId,
  session: { properties: { id: keyword, start: date } },
  profile: { properties: { id: keyword, ids } },
  config: stored,
  request: stored,
  tags: { properties: { values: keyword, count: { type: 'integer' } } },
} as const

/** What this package writes into an index template. */
export interface TemplateBody {
  readonly index_patterns: readonly string[]
  readonly priority: number
  readonly allow_auto_create: boolean
  readonly _meta: { readonly managed_by: string; readonly version: number; readonly digest: string }
  readonly template: IndexContent
}

/** What an index is made with. */
export interface IndexContent {
  readonly settings?: { readonly index: IndexSettings }
  readonly mappings?: {
    readonly dynamic: 'strict'
    readonly _meta: { readonly version: number }
    readonly properties: Fields
  }
  readonly aliases?: Readonly<Record<string, object>>
}

/** As Elasticsearch returns them. */
export interface IndexSettings {
  readonly number_of_shards: string
  readonly number_of_replicas: string
  readonly refresh_interval: string
  readonly codec: SharedConfig['indexCodec']
  readonly unassigned: { readonly node_left: { readonly delayed_timeout: string } }
}

/** The fields of a mapping, or of one of its objects. */
export type Fields = Readonly<Record<string, Field>>

interface Field {
  readonly type?: string
  readonly properties?: Fields
}

export interface NamedTemplate {
  readonly name: string
  readonly body: TemplateBody
}

/** The template of one kind of index. */
export interface Template extends NamedTemplate {
  /** The indices it is for: a pattern, or the one name. */
  readonly pattern: string
  /** The alias that each of its indices has. */
  readonly alias?: string
  readonly body: TemplateBody & { readonly template: Required<IndexContent> }
}

/** Above the built-in templates of Elasticsearch (100) and what people usually choose. */
const PRIORITY = 500

/**
 * How long no copy of a shard is made elsewhere when its node goes. A node that restarts is back in this time, and has its copies
 * still; by default Elasticsearch begins to copy after one minute.
 */
export const RESTART_DELAY = '5m'

/** The index templates of a configuration: settings for new indices, strict mappings. */
export function templatesOf(config: SharedConfig): readonly Template[] {
  const { event, allEvents, session, profile } = indicesOf(config)
  return [
    { ...template(config, event, allEvents, config.indexShards, eventFields, { [event]: {} }), alias: event },
    template(config, session, session, config.stateShards || config.indexShards, stateFields, {}),
    template(config, profile, profile, config.stateShards || config.indexShards, stateFields, {}),
  ]
}

/** What the index of the canary is made with: the fields of events, one shard, no alias. No template in Elasticsearch is for it. */
export function canaryTemplateOf(config: SharedConfig): Template {
  const { canary } = indicesOf(config)
  return template(config, canary, canary, 1, eventFields, {})
}

/**
 * Applies only where a template of `templatesOf` is gone, and forbids Elasticsearch to make such an index by itself: it would
 * guess the mapping from the first document.
 */
export function guardTemplateOf(config: SharedConfig): NamedTemplate {
  const patterns = templatesOf(config).map(({ pattern }) => pattern)
  const content = { index_patterns: patterns, priority: PRIORITY - 1, allow_auto_create: false, template: {} }
  return { name: `${config.indexPrefix}-no-auto-create`, body: withMeta(content) }
}

function template(
  config: SharedConfig,
  name: string,
  pattern: string,
  shards: number,
  fields: Fields,
  aliases: Record<string, object>,
): Template {
  const content = {
    index_patterns: [pattern],
    priority: PRIORITY,
    // Workers of an older release let the first event of a period make its index, and this template makes it right.
    allow_auto_create: true,
    template: {
      settings: { index: settingsOf(config, shards) },
      mappings: {
        dynamic: 'strict' as const,
        _meta: { version: MAPPING_VERSION },
        properties: { ...fields, ...flattenedFields(config) },
      },
      aliases,
    },
  }
  return { name, pattern, body: withMeta(content) }
}

function flattenedFields({ flattenedDocValues }: SharedConfig): Fields {
  const field = { ...flattened, ...(flattenedDocValues ? {} : { doc_values: false }) }
  return { properties: field, context: field }
}

function settingsOf({ indexReplicas, indexRefreshSeconds, indexCodec }: SharedConfig, shards: number): IndexSettings {
  return {
    number_of_shards: String(shards),
    number_of_replicas: String(indexReplicas),
    refresh_interval: `${indexRefreshSeconds}s`,
    codec: indexCodec,
    unassigned: { node_left: { delayed_timeout: RESTART_DELAY } },
  }
}

function withMeta<Content extends Omit<TemplateBody, '_meta'>>(content: Content) {
  return {
    ...content,
    _meta: { managed_by: 'tracardi-at-scale', version: MAPPING_VERSION, digest: digestOf(content) },
  }
}

/** A template as Elasticsearch returns it, from any author. */
export interface FoundTemplate {
  readonly index_patterns?: string | readonly string[]
  readonly priority?: number
  readonly allow_auto_create?: boolean
  readonly composed_of?: readonly string[]
  readonly data_stream?: object
  readonly _meta?: Readonly<Record<string, unknown>>
  readonly template?: IndexContent
}

/**
 * `same`: as this configuration writes it. `configured`: written by this release with another configuration. `newer`: of a
 * newer release. `changed`: of an older release, or changed by somebody else.
 */
export type TemplateState = 'missing' | 'same' | 'configured' | 'newer' | 'changed'

export function stateOfTemplate(found: FoundTemplate | undefined, wanted: NamedTemplate): TemplateState {
  if (found === undefined) return 'missing'
  const version = versionIn(found._meta)
  if (version > MAPPING_VERSION) return 'newer'
  const digest = digestOf(found)
  if (found._meta?.['digest'] !== digest || version < MAPPING_VERSION) return 'changed'
  return digest === wanted.body._meta.digest ? 'same' : 'configured'
}

/** The version of mappings in `_meta`; 0 where there is none. */
export function versionIn(meta: Readonly<Record<string, unknown>> | undefined): number {
  return Number(meta?.['version'] ?? 0)
}

/** Whether a template is unchanged since one of our releases wrote it. */
export function isGenuine(found: FoundTemplate): boolean {
  return found._meta?.['digest'] === digestOf(found)
}

/** Is in `_meta`, so that changes by others are visible. */
function digestOf({ index_patterns, priority, allow_auto_create, composed_of, data_stream, template }: FoundTemplate) {
  const { settings = {}, mappings = {}, aliases = {} } = template ?? {}
  const patterns = [index_patterns].flat()
  const content = [patterns, priority, allow_auto_create, composed_of ?? [], data_stream, settings, mappings, aliases]
  return createHash('sha256').update(JSON.stringify(content, sorted)).digest('base64url').slice(0, 16)
}

/** Elasticsearch keeps no order of keys. */
function sorted(_key: string, value: unknown): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))) : value
}
