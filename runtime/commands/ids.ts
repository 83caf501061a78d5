import { createReadStream } from 'node:fs'
import { text } from 'node:stream/consumers'
import type { Config } from '../config.ts'
import { indicesOf } from '../names.ts'
import { searchClient, unavailable } from '../search/client.ts'
import { INCOMPLETE, printResult } from './output.ts'

/** Ids of one search: below the 65,536 terms that Elasticsearch takes and, with each id stored twice, below the 10,000 hits that it returns. */
const AT_ONCE = 1000

/** The different ids of a file, or of standard input. A pipe of `kubectl exec` does not block, so it cannot be read synchronously. */
export async function readIds(file: string): Promise<readonly string[]> {
  const lines = (await text(file === '-' ? process.stdin : createReadStream(file))).split('\n')
  return [...new Set(lines.map((line) => line.trim()).filter((line) => line !== ''))]
}

/**
 * Checks that each id is stored exactly once, in any event index.
 *
 * @param file with an id on each line; `-` is standard input.
 * @param json prints all ids in question, not only the first 20 of a kind.
 * @returns the exit code: 2 when an id is missing, or stored twice.
 */
export async function checkIds(config: Config, file: string, json?: boolean): Promise<number> {
  const ids = await readIds(file)
  const search = searchClient(config)
  const { event, allEvents } = indicesOf(config)
  try {
    await search.indices.refresh({ index: allEvents }).catch(unavailable(config))
    const missing: string[] = []
    const twice: string[] = []
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const asked = ids.slice(at, at + AT_ONCE)
      const { hits } = await search
        .search({ index: event, size: AT_ONCE * 2, _source: ['id'], query: { terms: { id: asked } } })
        .catch(unavailable(config))
      const found = new Map<string, number>()
      for (const { _source } of hits.hits) {
        const { id } = _source as { readonly id: string }
        found.set(id, (found.get(id) ?? 0) + 1)
      }
      missing.push(...asked.filter((id) => !found.has(id)))
      twice.push(...asked.filter((id) => (found.get(id) ?? 0) > 1))
    }
    const stored = ids.length - missing.length
    printResult(json, { ids: ids.length, stored, missing, twice }, () =>
      [
        `${ids.length} ids: ${stored} stored, ${missing.length} missing, ${twice.length} stored twice.`,
        ...missing.slice(0, 20).map((id) => `missing: ${id}`),
        ...twice.slice(0, 20).map((id) => `twice: ${id}`),
      ].join('\n'),
    )
    return missing.length + twice.length > 0 ? INCOMPLETE : 0
  } finally {
    await search.close()
  }
}
