import type { Lab } from '../lab.ts'
import type { Outcome } from '../line.ts'
import { EVENTS_PER_BULK, type Material, postBulks } from '../material.ts'
import { LAST_BULKS, outcomeOf, storedBounds } from '../outcome.ts'
import { Sampler, type Watched } from '../sampler.ts'

const IN_FLIGHT = [1, 2, 4]
/** Bulks of 500 in one of 2,000. */
const JOINED = 4

/** The ceiling: prebuilt bodies by `node:http`, with 1, 2 and 4 in flight. */
export async function ceiling(
  lab: Lab,
  { bulks, events }: Material,
  { inFlight = IN_FLIGHT, lastBulks = LAST_BULKS } = {},
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const count of inFlight) {
    const post = () => postBulks(lab.servers.elasticsearch.url, bulks, count)
    outcomes.push(await whileStoring(lab, `ceiling, ${count} in flight`, events, [], post, lastBulks))
  }
  return outcomes
}

/** The same in bulks of 2,000, as large as those of a worker that waits for Elasticsearch: `BULK_MAX_EVENTS`. */
export async function ceilingOfLargeBulks(lab: Lab, { bulks, events }: Material): Promise<Outcome[]> {
  const large = Array.from({ length: Math.ceil(bulks.length / JOINED) }, (_, index) =>
    Buffer.concat(bulks.slice(index * JOINED, (index + 1) * JOINED)),
  )
  const post = () => postBulks(lab.servers.elasticsearch.url, large, 2)
  return [await whileStoring(lab, 'ceiling of bulks of 2,000, 2 in flight', events, [], post)]
}

/** The ceiling of what the worker really stores: the states of sessions and profiles too. Counted are the events alone. */
export async function ceilingWithStates(lab: Lab, { bulksWithStates, events }: Material): Promise<Outcome[]> {
  const post = () => postBulks(lab.servers.elasticsearch.url, bulksWithStates, 2)
  return [await whileStoring(lab, 'ceiling with states, 2 in flight', events, [], post)]
}

/**
 * Measures while all documents are stored by `store`.
 *
 * @throws Error when they are not all there afterwards.
 */
export async function whileStoring(
  lab: Lab,
  name: string,
  events: number,
  watched: readonly Watched[],
  store: () => Promise<void>,
  lastBulks = LAST_BULKS,
): Promise<Outcome> {
  await lab.emptyIndices()
  const sampler = new Sampler(lab.stored, [...watched, elasticsearchOf(lab)])
  const [samples] = await Promise.all([sampler.until(events), store()])
  await assertStored(lab, events)
  return outcomeOf(name, samples, storedBounds(events, EVENTS_PER_BULK, 0, lastBulks))
}

export function elasticsearchOf(lab: Lab): Watched {
  return { name: 'elasticsearch', group: lab.servers.elasticsearch.pid }
}

export function pulsarOf(lab: Lab): Watched {
  return { name: 'pulsar', group: lab.servers.pulsar.pid }
}

/** A rate of missing events means nothing. */
export async function assertStored(lab: Lab, events: number): Promise<void> {
  const documents = await lab.documents()
  if (documents !== events) throw new Error(`${events} events were sent, and ${documents} documents exist`)
}
