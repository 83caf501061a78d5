import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { say } from './say.ts'

/** Writes a file of results, into a folder that is created if necessary, and prints its path. */
export function write(folder: string, name: string, text: string): void {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, name)
  writeFileSync(path, text)
  say(`Written: ${path}`)
}
