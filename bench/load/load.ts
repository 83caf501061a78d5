import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from './connection.ts'

/** Maximum number of concurrent calls. */
const CONNECTIONS = 64

/** One call, ready to be sent. */
export interface Prepared {
  readonly request: Buffer
  readonly events: number
}

/** Load on one port. Any answer but 200 ends the measurement: a refused call is no throughput. */
export class Load {
  /** Events answered 200. */
  answered = 0
  readonly #connections: readonly Connection[]

  private constructor(connections: readonly Connection[]) {
    this.#connections = connections
  }

  /** @param connections how many calls are under way at most; each is to send often, or the API closes it. */
  static async open(port: number, connections = CONNECTIONS): Promise<Load> {
    return new Load(await Promise.all(Array.from({ length: connections }, () => Connection.open(port))))
  }

  /** Sends each call once, as fast as they are answered. */
  async sendAll(calls: readonly Prepared[]): Promise<void> {
    let next = 0
    await this.#together(async (connection) => {
      for (let call = calls[next++]; call !== undefined; call = calls[next++]) await this.#send(connection, call)
    })
  }

  /** Sends the calls over and over, as fast as they are answered, until it is asked to stop. */
  async sendUntil(calls: readonly Prepared[], stopped: () => boolean): Promise<void> {
    let next = 0
    await this.#together(async (connection) => {
      while (!stopped()) await this.#send(connection, calls[next++ % calls.length] as Prepared)
    })
  }

  /**
   * Sends the calls at a steady rate, answered or not, as visitors do.
   *
   * @param onAnswered called with the index of each call that was answered 200, at that moment.
   * @returns the time from when each call was due to its answer, in milliseconds.
   */
  async sendPaced(
    calls: readonly Prepared[],
    callsPerSecond: number,
    onAnswered: (index: number) => void = () => undefined,
  ): Promise<number[]> {
    const startedAtMs = performance.now()
    const latenciesMs: number[] = []
    let next = 0
    await this.#together(async (connection) => {
      for (let index = next++; index < calls.length; index = next++) {
        const dueAtMs = startedAtMs + (index * 1000) / callsPerSecond
        const early = dueAtMs - performance.now()
        if (early > 0) await sleep(early)
        await this.#send(connection, calls[index] as Prepared)
        latenciesMs.push(performance.now() - dueAtMs)
        onAnswered(index)
      }
    })
    return latenciesMs
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  async #together(send: (connection: Connection) => Promise<void>): Promise<void> {
    await Promise.all(this.#connections.map(send))
  }

  async #send(connection: Connection, { request, events }: Prepared): Promise<void> {
    const status = await connection.post(request)
    if (status !== 200) throw new Error(`a call of ${events} events was answered ${status}`)
    this.answered += events
  }
}
