import { createHash } from 'node:crypto'

/** A short digest of the content of a configuration: pods carry it, so that a change of the content restarts them. */
export function checksum(...contents: readonly string[]): string {
  const hash = createHash('sha256')
  for (const content of contents) hash.update(`${content.length}:${content}`)
  return hash.digest('hex').slice(0, 16)
}
