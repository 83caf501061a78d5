import {
  close,
  closeSync,
  fsync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { SpoolOptions } from './types.ts'
import type { Entry } from './waiting.ts'

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024
/** A file ends at this size: a whole file is read into memory, and removed when all of its events are settled. */
const MAX_FILE_BYTES = 1024 * 1024
const LOCK = 'lock'
const SYNC_MS = 1000
const FILE = /^\d{12}\.spool$/
/** No JSON contains it unescaped. */
const SEPARATOR = '\t'

interface Writing {
  readonly file: SpoolFile
  readonly descriptor: number
}

/** The folders that this process has. */
const used = new Set<string>()

/** A file of events. */
export interface SpoolFile {
  readonly path: string
  bytes: number
  /** Events in memory that are not settled. */
  open: number
  /** Whether its events are in memory. */
  loaded: boolean
}

/**
 * Events on disk, in files to which lines are only appended. A file is removed when all of its events are settled. A process that was
 * killed leaves some that are stored already; sent again, they have the same ids. The last line of such a process may be torn: `track`
 * has not returned for it.
 */
export class Spool {
  readonly #folder: string
  readonly #maxBytes: number
  /** The oldest first; the last one may be the one that is written. */
  readonly #files: SpoolFile[] = []
  #bytes = 0
  #number: number
  #writing: Writing | undefined
  #syncTimer: NodeJS.Timeout | undefined

  /** @throws Error when another process has the folder, or it cannot be written. */
  constructor({ folder, maxBytes = DEFAULT_MAX_BYTES }: SpoolOptions) {
    this.#folder = resolve(folder)
    this.#maxBytes = maxBytes
    mkdirSync(folder, { recursive: true })
    lock(this.#folder)
    for (const name of readdirSync(folder)
      .filter((one) => FILE.test(one))
      .sort()) {
      const path = join(folder, name)
      const bytes = statSync(path).size
      this.#files.push({ path, bytes, open: 0, loaded: false })
      this.#bytes += bytes
    }
    this.#number = Number(basename(this.#files.at(-1)?.path ?? '0', '.spool'))
  }

  /** Whether there are events that are on the disk alone. */
  get hasMore(): boolean {
    return this.#files.some(({ loaded }) => !loaded)
  }

  /**
   * Writes an event. From now on it survives the end of this process; a second later, that of the machine.
   *
   * @param loaded whether it is in memory, too. It must not be while `hasMore`.
   * @returns its file; `undefined` when the spool is full.
   * @throws Error of the disk.
   */
  append(entry: Entry, loaded: boolean): SpoolFile | undefined {
    const line = Buffer.from(`${[entry.createdMs, entry.visitor, entry.json].join(SEPARATOR)}\n`)
    if (this.#bytes + line.length > this.#maxBytes) return undefined
    const { file, descriptor } = this.#fileFor(loaded)
    if (writeSync(descriptor, line) < line.length) {
      // What follows must not continue a torn line.
      this.#endFile()
      throw new Error(`the disk of the spool is full: ${file.path}`)
    }
    this.#syncTimer ??= setTimeout(() => this.#sync(), SYNC_MS).unref()
    file.bytes += line.length
    this.#bytes += line.length
    if (loaded) file.open += 1
    return file
  }

  /** The events of the oldest file that is not in memory. What is torn or damaged is omitted. */
  load(): { readonly file: SpoolFile; readonly entries: readonly Entry[]; readonly damaged: number } | undefined {
    const file = this.#files.find(({ loaded }) => !loaded)
    if (!file) return undefined
    if (file === this.#writing?.file) this.#endFile()
    const lines = readFileSync(file.path, 'utf8').split('\n')
    const found = lines.slice(0, -1).map(entryIn)
    const entries = found.filter((entry) => entry !== undefined)
    file.loaded = true
    file.open = entries.length
    if (file.open === 0) this.#remove(file)
    return { file, entries, damaged: found.length - entries.length }
  }

  /** One of its events needs no sending any more. */
  settled(file: SpoolFile): void {
    file.open -= 1
    if (file.open > 0) return
    if (file === this.#writing?.file) {
      closeSync(this.#writing.descriptor)
      this.#writing = undefined
    }
    this.#remove(file)
  }

  close(): void {
    used.delete(this.#folder)
    clearTimeout(this.#syncTimer)
    if (this.#writing) {
      fsyncSync(this.#writing.descriptor)
      closeSync(this.#writing.descriptor)
      this.#writing = undefined
    }
    rmSync(join(this.#folder, LOCK), { force: true })
  }

  #sync(): void {
    this.#syncTimer = undefined
    // A file that has been ended was synchronised then. A fault shows again when the file is written or ended.
    if (this.#writing) fsync(this.#writing.descriptor, () => undefined)
  }

  #fileFor(loaded: boolean): Writing {
    const { file } = this.#writing ?? {}
    if (file && (file.loaded !== loaded || file.bytes >= MAX_FILE_BYTES)) this.#endFile()
    if (this.#writing) return this.#writing
    this.#number += 1
    const path = join(this.#folder, `${String(this.#number).padStart(12, '0')}.spool`)
    const writing = { file: { path, bytes: 0, open: 0, loaded }, descriptor: openSync(path, 'ax', 0o600) }
    this.#files.push(writing.file)
    this.#writing = writing
    return writing
  }

  #endFile(): void {
    const { descriptor } = this.#writing ?? {}
    this.#writing = undefined
    if (descriptor !== undefined) fsync(descriptor, () => close(descriptor))
  }

  #remove(file: SpoolFile): void {
    rmSync(file.path, { force: true })
    this.#files.splice(this.#files.indexOf(file), 1)
    this.#bytes -= file.bytes
  }
}

function entryIn(line: string): Entry | undefined {
  const [createdMs = '', visitor = '', json = ''] = line.split(SEPARATOR)
  try {
    JSON.parse(visitor)
    const { id } = JSON.parse(json)
    return { id, visitor, json, bytes: Buffer.byteLength(json), createdMs: Number(createdMs) }
  } catch {
    return undefined
  }
}

/** A lock of a process that has ended is taken over. In a container every process has the same id: its own lock is one of before. */
function lock(folder: string): void {
  const path = join(folder, LOCK)
  const owner = ownerOf(path)
  const isTaken = owner === process.pid ? used.has(folder) : owner !== undefined && isAlive(owner)
  if (isTaken) throw new Error(`the spool folder "${folder}" is in use by process ${owner}: each sender needs its own`)
  writeFileSync(path, String(process.pid))
  used.add(folder)
}

function ownerOf(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
