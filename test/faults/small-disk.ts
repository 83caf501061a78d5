import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Less than the node's flood stage, 250 MB, and enough for what it has begun to write. */
const LEFT_BYTES = 150 * 2 ** 20
const CHUNK_BYTES = 16 * 2 ** 20

/** A disk of its own for a server, in memory, which can be filled. Needs root, and Linux. */
export class SmallDisk {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** @throws Error when this process may not mount. */
  static mount(folder: string, sizeMib: number): SmallDisk {
    mkdirSync(folder, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMib}m,mode=0777`, 'tmpfs', folder])
    return new SmallDisk(folder)
  }

  /** Takes all room but so much. */
  fill(leftBytes = LEFT_BYTES): void {
    const { bavail, bsize } = statfsSync(this.#folder)
    const chunk = Buffer.alloc(CHUNK_BYTES)
    writeFileSync(this.#filler, '')
    for (let left = bavail * bsize - leftBytes; left > 0; left -= CHUNK_BYTES)
      writeFileSync(this.#filler, chunk.subarray(0, left), { flag: 'a' })
  }

  free(): void {
    rmSync(this.#filler)
  }

  unmount(): void {
    // A file of a server that is about to end may still be open.
    execFileSync('umount', ['--lazy', this.#folder])
  }

  get #filler(): string {
    return join(this.#folder, 'filler')
  }
}
