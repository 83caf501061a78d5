import { isDeepStrictEqual } from 'node:util'
import type { IndexSettings, Template } from '../../runtime/search/templates.ts'
import type { MixName } from '../documents.ts'

/** What an index is made with, as far as the variants change it. */
export interface Content {
  readonly settings: Readonly<Partial<IndexSettings>>
  readonly properties: Fields
}

type Fields = Readonly<Record<string, Field>>

interface Field {
  readonly type?: string
  readonly properties?: Fields
  readonly index?: boolean
  readonly doc_values?: boolean
  readonly enabled?: boolean
}

type Parameters = Pick<Field, 'index' | 'doc_values'>

/** One way to make the index of the events. */
export interface Variant {
  readonly name: string
  readonly content: Content
  readonly mix: MixName
  /** That many events a second are sent; as many as Elasticsearch takes when omitted. */
  readonly eventsPerSecond?: number
}

/** A variant is compared with the first one of its table. */
export interface Comparison {
  readonly title: string
  readonly variants: readonly Variant[]
}

const BASE_REFRESH_SECONDS = 1
const REFRESH_SECONDS = [1, 5, 10]
/** A rate at which the events come for 20 s, so that the longest interval passes twice. */
const PACED_EVENTS_PER_SECOND = 2000

const NO_INDEX = { index: false }
const NO_DOC_VALUES = { doc_values: false }
const ONLY_STORED = { index: false, doc_values: false }
/** `update` is in none of the documents, and costs nothing where it is not. */
const TIMES = ['insert', 'ingest', 'create'] as const

/**
 * Every variant, from the template that set-up writes. Each differs in one thing from the index of which every field
 * has an index and doc values, with the default codec and a refresh every second.
 */
export function comparisons({ body }: Pick<Template, 'body'>): readonly Comparison[] {
  const template: Content = {
    settings: body.template.settings.index,
    properties: body.template.mappings.properties,
  }
  const base: Content = {
    settings: { ...withoutOurs(template.settings), refresh_interval: `${BASE_REFRESH_SECONDS}s` },
    properties: everything(template.properties),
  }
  const fields = (name: string, parameters: Parameters, ...paths: readonly string[]): Variant => ({
    name,
    mix: 'realistic',
    content: { ...base, properties: paths.reduce((all, path) => changed(all, path, parameters), base.properties) },
  })
  const mapped: Content = { ...base, properties: template.properties }
  const compressed = (content: Content): Content => ({
    ...content,
    settings: { ...content.settings, codec: 'best_compression' },
  })
  const setUp = (mix: MixName, prefix = ''): Variant[] => [
    { name: `${prefix}set-up, default codec`, mix, content: mapped },
    { name: `${prefix}set-up, best_compression`, mix, content: compressed(mapped) },
  ]
  const mapping: Variant[] = [
    { name: 'index and doc values on all', mix: 'realistic', content: base },
    fields('id: no doc values', NO_DOC_VALUES, 'id'),
    fields('id: no index', NO_INDEX, 'id'),
    fields('id: neither', ONLY_STORED, 'id'),
    fields('name: no doc values', NO_DOC_VALUES, 'name'),
    fields('name: no index', NO_INDEX, 'name'),
    fields('name: neither', ONLY_STORED, 'name'),
    ...TIMES.flatMap((time) => [
      fields(`time.${time}: no doc values`, NO_DOC_VALUES, `metadata.time.${time}`),
      fields(`time.${time}: no index`, NO_INDEX, `metadata.time.${time}`),
    ]),
    fields('properties: no doc values', NO_DOC_VALUES, 'properties'),
    fields('context: no doc values', NO_DOC_VALUES, 'context'),
    fields('properties, context: no doc values', NO_DOC_VALUES, 'properties', 'context'),
    fields('properties, context: neither', ONLY_STORED, 'properties', 'context'),
    { name: 'best_compression', mix: 'realistic', content: compressed(base) },
    ...setUp('realistic'),
  ]
  const varied: Variant[] = [
    { name: 'varied, index and doc values on all', mix: 'varied', content: base },
    { name: 'varied, best_compression', mix: 'varied', content: compressed(base) },
    ...setUp('varied', 'varied, '),
  ]
  const every = (name: string, refresh_interval: string): Variant => ({
    name,
    mix: 'realistic',
    content: { ...mapped, settings: { ...mapped.settings, refresh_interval } },
    eventsPerSecond: PACED_EVENTS_PER_SECOND,
  })
  const refresh = [
    ...REFRESH_SECONDS.map((seconds) => every(`refresh every ${seconds} s`, `${seconds}s`)),
    every('no refresh until the end (30 s)', '-1'),
  ]
  return [
    { title: 'Mapping and codec, a refresh every second', variants: mapping },
    { title: 'The same for documents of words at random', variants: varied },
    { title: `Refresh interval, ${PACED_EVENTS_PER_SECOND} events/s`, variants: refresh },
  ]
}

function withoutOurs({ refresh_interval, codec, ...settings }: Content['settings']): Content['settings'] {
  return settings
}

/** The same fields, all with index and doc values. What is only stored stays so. */
function everything(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, { index, doc_values, ...field }]) => [
      name,
      field.properties === undefined ? field : { ...field, properties: everything(field.properties) },
    ]),
  )
}

/** @throws Error when no field has this path, or it is as wanted already: a mistake of the bench. */
function changed(fields: Fields, path: string, parameters: Parameters): Fields {
  const [name = '', ...rest] = path.split('.')
  const field = fields[name]
  if (field === undefined) throw new Error(`the mapping has no field ${path}`)
  const wanted =
    rest.length === 0
      ? { ...field, ...parameters }
      : { ...field, properties: changed(field.properties ?? {}, rest.join('.'), parameters) }
  if (isDeepStrictEqual(wanted, field)) throw new Error(`the field ${path} is as the variant would make it`)
  return { ...fields, [name]: wanted }
}
