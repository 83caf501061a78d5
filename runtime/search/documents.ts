/**
 * The lines that go into `_bulk`: an action and a document. They are written once, at the edge, and reach Elasticsearch
 * unread. Every value of the client is stored as the client sent it; nothing of it can choose an index or an action.
 */

export type Json = Readonly<Record<string, unknown>>

export interface EventDocument {
  readonly id: string
  readonly type: string
  readonly name: string
  readonly metadata: {
    readonly time: {
      readonly insert: string
      readonly ingest: string
      readonly create?: string
      readonly update?: string
    }
  }
  readonly source: { readonly id: string }
  readonly session?: { readonly id: string }
  readonly profile?: { readonly id: string }
  readonly properties?: Json
  readonly context?: Json
  readonly config?: Json
  readonly request?: Json
  readonly tags?: { readonly values: readonly string[]; readonly count: number }
}

/** The latest state of a session or profile. */
export interface StateDocument {
  readonly id: string
  readonly metadata: { readonly time: { readonly update: string } }
  readonly source: { readonly id: string }
  readonly session?: { readonly id: string }
  readonly profile?: { readonly id: string }
  readonly context?: Json
  readonly properties?: Json
}

/** `create` fails with 409 when the id is there already, so a repetition stores nothing more. */
export function eventLines(index: string, document: EventDocument): string {
  return `{"create":{"_index":"${index}","_id":${JSON.stringify(document.id)}}}\n${JSON.stringify(document)}\n`
}

const VERSION = ',"version":'

/** With `external_gte` an older version never replaces a newer one, in whatever order the two arrive. */
export function stateLines(index: string, document: StateDocument, version: number): string {
  const target = `{"index":{"_index":"${index}","_id":${JSON.stringify(document.id)}`
  return `${target}${VERSION}${version},"version_type":"external_gte"}}\n${JSON.stringify(document)}\n`
}

/** What the action line of a state says: which document it is for, and its version. */
export function readStateAction(line: string): { readonly key: string; readonly version: number } {
  const end = line.lastIndexOf(VERSION)
  return { key: line.slice(0, end), version: Number.parseInt(line.slice(end + VERSION.length), 10) }
}
