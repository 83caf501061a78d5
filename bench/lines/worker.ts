import { freePort } from '../../runtime/local/ports.ts'
import type { Transport } from '../../runtime/queue/port.ts'
import { Filler } from '../fill.ts'
import type { Checkout, Lab } from '../lab.ts'
import type { Outcome } from '../line.ts'
import { EVENTS_PER_BULK, type Material, WARM_UP_EVENTS } from '../material.ts'
import { LAST_BULKS, outcomeOf, storedBounds } from '../outcome.ts'
import { Sampler } from '../sampler.ts'
import { assertStored, elasticsearchOf, pulsarOf } from './elasticsearch-alone.ts'

/** A topic that was filled before, drained by one worker. */
export async function worker(
  lab: Lab,
  transport: Transport['name'],
  { parts, events, warmUp }: Material,
  { from, lastBulks = LAST_BULKS }: { readonly from?: Checkout; readonly lastBulks?: number } = {},
): Promise<Outcome[]> {
  const all = WARM_UP_EVENTS + events
  await lab.emptyIndices()
  await fill(lab, [...warmUp.parts, ...parts], 1)
  const child = await lab.start('worker', { PULSAR_TRANSPORT: transport }, from)
  const watched = [{ name: 'worker', group: child.pid }, pulsarOf(lab), elasticsearchOf(lab)]
  const samples = await new Sampler(lab.stored, watched).until(all)
  await child.stop()
  await assertStored(lab, all)
  const bounds = storedBounds(events, EVENTS_PER_BULK, WARM_UP_EVENTS, lastBulks)
  return [outcomeOf(`worker, ${transport}`, samples, bounds)]
}

/** Copies of the documents in the topic, because the sink is much faster and accepts repeated ids. */
const NULL_SINK_COPIES = 5

/** The worker alone: a server answers its bulks immediately. */
export async function nullSink(
  lab: Lab,
  transport: Transport['name'],
  { parts, events }: Material,
): Promise<Outcome[]> {
  await fill(lab, parts, NULL_SINK_COPIES)
  return [await drainIntoNothing(lab, { PULSAR_TRANSPORT: transport }, events * NULL_SINK_COPIES)]
}

/** Drains the topic of these settings into a server that answers immediately. */
export async function drainIntoNothing(
  lab: Lab,
  settings: Readonly<Record<string, string>>,
  events: number,
): Promise<Outcome> {
  const port = await freePort()
  const sink = await lab.startOwn('null-sink', [lab.servers.elasticsearch.url], port)
  const url = `http://127.0.0.1:${port}`
  const count = async () => ((await (await fetch(`${url}/stored`)).json()) as { stored: number }).stored
  const child = await lab.start('worker', { ...settings, ELASTIC_HOST: url })
  const watched = [{ name: 'worker', group: child.pid }, pulsarOf(lab), { name: 'sink', group: sink.pid }]
  const samples = await new Sampler(count, watched).until(events)
  await child.stop()
  await sink.stop()
  return outcomeOf(`null sink, ${settings['PULSAR_TRANSPORT']}`, samples, storedBounds(events, EVENTS_PER_BULK))
}

async function fill(lab: Lab, parts: Material['parts'], copies: number): Promise<void> {
  const filler = await Filler.open(lab.config)
  for (let copy = 0; copy < copies; copy += 1) await filler.fill(parts)
  await filler.close()
}
