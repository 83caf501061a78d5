/** Lines that go into one message together. */
export interface Part {
  readonly events: number
  readonly eventLines: Buffer
  readonly states: number
  readonly stateLines: Buffer
  readonly receivedAtMs: number
}

export interface PackerLimits {
  /** Of one message. */
  readonly bytes: number
  readonly events: number
  /** Of the whole call. */
  readonly totalBytes: number
}

/** Packs lines into as few parts as the limits of a message allow. */
export class Packer {
  tooLarge: string | undefined
  bytes = 0
  readonly #limits: PackerLimits
  readonly #receivedAtMs: number
  readonly #parts: Part[] = []
  #events: Buffer[] = []
  #states: Buffer[] = []
  #partBytes = 0

  constructor(limits: PackerLimits, receivedAtMs: number) {
    this.#limits = limits
    this.#receivedAtMs = receivedAtMs
  }

  addEvent(lines: string, what: string): void {
    const buffer = this.#take(lines, what)
    if (this.#events.length >= this.#limits.events) this.#cut()
    this.#events.push(buffer)
    this.#partBytes += buffer.length
  }

  addState(lines: string, what: string): void {
    const buffer = this.#take(lines, what)
    this.#states.push(buffer)
    this.#partBytes += buffer.length
  }

  parts(): readonly Part[] {
    this.#cut()
    return this.#parts
  }

  #take(lines: string, what: string): Buffer {
    const buffer = Buffer.from(lines)
    const { bytes, totalBytes } = this.#limits
    this.bytes += buffer.length
    if (buffer.length > bytes) {
      this.tooLarge ??= `${what} takes ${buffer.length} bytes as it is stored; the most is ${bytes}: send less in it`
    }
    if (this.bytes > totalBytes) {
      this.tooLarge ??= `the call takes more than ${totalBytes} bytes as it is stored: send less in its "request", which each event carries`
    }
    if (this.#partBytes + buffer.length > bytes) this.#cut()
    return buffer
  }

  #cut(): void {
    if (this.#events.length + this.#states.length === 0) return
    this.#parts.push({
      events: this.#events.length,
      eventLines: Buffer.concat(this.#events),
      states: this.#states.length,
      stateLines: Buffer.concat(this.#states),
      receivedAtMs: this.#receivedAtMs,
    })
    this.#events = []
    this.#states = []
    this.#partBytes = 0
  }
}
