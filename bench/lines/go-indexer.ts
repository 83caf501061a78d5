import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { startChild } from '../../runtime/local/child.ts'
import type { Lab } from '../lab.ts'
import type { Outcome } from '../line.ts'
import { EVENTS_PER_BULK, type Material } from '../material.ts'
import { whileStoring } from './elasticsearch-alone.ts'

const WORKERS = 2
const STOP_LIMIT_MS = 10_000

/** Builds the program that uses the Go module. @returns its path, or why it cannot be built. */
export function buildGoIndexer(folder: string): { readonly program: string } | { readonly missing: string } {
  const program = join(folder, 'go-indexer')
  try {
    execFileSync('go', ['build', '-o', program, '.'], {
      cwd: join(import.meta.dirname, '../go'),
      stdio: ['ignore', 'ignore', 'pipe'],
      env: process.env,
    })
    return { program }
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: Buffer }
    return { missing: code === 'ENOENT' ? 'there is no Go' : `go build failed: ${stderr?.toString().trim()}` }
  }
}

/** `esutil.BulkIndexer` of go-elasticsearch. */
export async function goIndexer(lab: Lab, program: string, material: Material): Promise<Outcome[]> {
  const { events, bytesPerEvent, linesFile } = material
  const bytes = String(Math.round(EVENTS_PER_BULK * bytesPerEvent))
  const store = async (): Promise<void> => {
    const child = await startChild({
      ...{ name: 'go', program, cwd: lab.servers.folder, env: {}, stopLimitMs: STOP_LIMIT_MS },
      args: [lab.servers.elasticsearch.url, lab.eventIndex, linesFile, bytes, String(WORKERS)],
      logFile: join(lab.servers.folder, 'go.log'),
    })
    const { code } = await child.exited
    if (code !== 0) throw new Error(`the Go program failed: ${child.lastLines(5).join('\n')}`)
  }
  return [await whileStoring(lab, 'esutil.BulkIndexer (Go)', events, [], store)]
}
