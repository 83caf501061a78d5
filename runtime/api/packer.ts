import type { Content } from '../queue/message.ts'

/** Lines that go into one message together. Texts until it is published: they are written into a buffer once. */
export interface Part extends Content {
  readonly eventLines: readonly string[]
  readonly stateLines: readonly string[]
  /** Of all the lines. */
  readonly bytes: number
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
  #events: string[] = []
  #states: string[] = []
  #partBytes = 0

  constructor(limits: PackerLimits, receivedAtMs: number) {
    this.#limits = limits
    this.#receivedAtMs = receivedAtMs
  }

  addEvent(lines: string, what: string): void {
    const lineBytes = this.#take(lines, what)
    if (this.#events.length >= this.#limits.events) this.#cut()
    this.#events.push(lines)
    this.#partBytes += lineBytes
  }

  addState(lines: string, what: string): void {
    const lineBytes = this.#take(lines, what)
    this.#states.push(lines)
    this.#partBytes += lineBytes
  }

  parts(): readonly Part[] {
    this.#cut()
    return this.#parts
  }

  #take(lines: string, what: string): number {
    const lineBytes = Buffer.byteLength(lines)
    const { bytes, totalBytes } = this.#limits
    this.bytes += lineBytes
    if (lineBytes > bytes) {
      this.tooLarge ??= `${what} takes ${lineBytes} bytes as stored; the maximum is ${bytes}: send less in it`
    }
    if (this.bytes > totalBytes) {
      this.tooLarge ??= `the call takes more than ${totalBytes} bytes as stored: send less in its "request", which each event carries`
    }
    if (this.#partBytes + lineBytes > bytes) this.#cut()
    return lineBytes
  }

  #cut(): void {
    if (this.#events.length + this.#states.length === 0) return
    this.#parts.push({
      events: this.#events.length,
      eventLines: this.#events,
      states: this.#states.length,
      stateLines: this.#states,
      bytes: this.#partBytes,
      receivedAtMs: this.#receivedAtMs,
    })
    this.#events = []
    this.#states = []
    this.#partBytes = 0
  }
}
