import { writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Part } from '../runtime/api/packer.ts'
import type { Call } from '../runtime/send/generate.ts'
import { bulkBodies, calls, type MixName, partsOf } from './documents.ts'
import { type Lab, sourceNames } from './lab.ts'
import { trackRequest } from './load/connection.ts'
import type { Prepared } from './load/load.ts'

export const EVENTS_PER_BULK = 500
export const EVENTS_PER_CALL = 50
/** Events that a program which was just started passes through before it is measured, so that its code is compiled. */
export const WARM_UP_EVENTS = 60_000
/** Calls that the edge is sent over and over. */
const EDGE_CALLS = 2000

/** The documents of one mix in every form that a line needs, made once: all lines store the same documents. */
export interface Material {
  readonly mix: MixName
  readonly events: number
  /** What the API publishes for calls of 50 events. */
  readonly parts: readonly Part[]
  /** The same calls as requests. */
  readonly requests: readonly Prepared[]
  /** Others, for programs that were just started. */
  readonly warmUp: { readonly parts: readonly Part[]; readonly requests: readonly Prepared[] }
  /** Bulks of 500 `create` operations, and the same with the states of sessions and profiles that the worker also stores. */
  readonly bulks: readonly Buffer[]
  readonly bulksWithStates: readonly Buffer[]
  /** Action and document of one event together, in bytes. */
  readonly bytesPerEvent: number
  /** A file of the bulk lines, for programs that are not ours. */
  readonly linesFile: string
  /** That many other events, which no line has stored, as requests of calls of 50. */
  otherRequests(events: number): readonly Prepared[]
  /** Requests of that many events each. */
  edgeRequests(eventsPerCall: number, sources?: readonly string[]): readonly Prepared[]
}

/** How many events take Elasticsearch so long: whole bulks, and between 20,000 and 300,000, which still fit into memory. */
export function eventsFor(eventsPerSecond: number, seconds: number): number {
  const bulks = Math.round((eventsPerSecond * seconds) / EVENTS_PER_BULK)
  return Math.min(300_000, Math.max(20_000, bulks * EVENTS_PER_BULK))
}

export function makeMaterial(lab: Lab, mix: MixName, events: number): Material {
  const some = sourceNames(1)
  const callsOf = (count: number) => [...calls({ mix, events: count, eventsPerCall: EVENTS_PER_CALL, sources: some })]
  const made = callsOf(events)
  const warmUp = callsOf(WARM_UP_EVENTS)
  const compose = partsOf(lab.config)
  const nowMs = Date.now()
  const parts = made.flatMap((call) => compose(call, nowMs))
  const bulks = bulkBodies(parts, EVENTS_PER_BULK, false)
  const linesFile = join(lab.servers.folder, `${mix}.ndjson`)
  writeFileSync(linesFile, Buffer.concat(bulks))
  return {
    mix,
    events,
    parts,
    requests: made.map(prepared),
    warmUp: { parts: warmUp.flatMap((call) => compose(call, nowMs)), requests: warmUp.map(prepared) },
    bulks,
    bulksWithStates: bulkBodies(parts, EVENTS_PER_BULK, true),
    bytesPerEvent: bulks.reduce((sum, body) => sum + body.length, 0) / events,
    linesFile,
    otherRequests: (count) => callsOf(count).map(prepared),
    edgeRequests: (eventsPerCall, sources = some) =>
      [...calls({ mix, events: eventsPerCall * EDGE_CALLS, eventsPerCall, sources })].map(prepared),
  }
}

function prepared(call: Call): Prepared {
  return { request: trackRequest(JSON.stringify(call)), events: call.events.length }
}

/**
 * Posts bodies by `node:http`, that many in flight.
 *
 * @param eventsPerSecond no body is sent before it is due at this rate; omitted, each is sent as soon as it can be.
 * @throws Error when any operation failed.
 */
export async function postBulks(
  url: string,
  bodies: readonly Buffer[],
  inFlight: number,
  eventsPerSecond = Number.POSITIVE_INFINITY,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight })
  const startMs = performance.now()
  let next = 0
  const lane = async (): Promise<void> => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      const dueMs = startMs + ((next - 1) * EVENTS_PER_BULK * 1000) / eventsPerSecond
      if (dueMs > performance.now()) await sleep(dueMs - performance.now())
      await postBulk(url, body, agent)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  agent.destroy()
}

function postBulk(url: string, body: Buffer, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-ndjson', 'content-length': body.length }
    const posting = request(`${url}/_bulk?filter_path=errors`, { method: 'POST', agent, headers }, (response) => {
      let answer = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        answer += text
      })
      response.on('end', () => {
        if (answer === '{"errors":false}') resolve()
        else reject(new Error(`Elasticsearch answered a bulk ${response.statusCode} ${answer}`))
      })
    })
    posting.on('error', reject)
    posting.end(body)
  })
}
