import { fastestTransport } from '../fill.ts'
import { interleave } from '../interleave.ts'
import type { Checkout, Lab } from '../lab.ts'
import type { Outcome, ShardLineId } from '../line.ts'
import { chain } from '../lines/chain.ts'
import { ceiling } from '../lines/elasticsearch-alone.ts'
import { worker } from '../lines/worker.ts'
import { eventsFor, type Material, makeMaterial } from '../material.ts'
import type { BenchOptions, ShardOptions } from '../options.ts'
import { LAST_BULKS } from '../outcome.ts'
import { say } from '../say.ts'
import { stopRequested } from '../stop-request.ts'
import { warmUp } from '../warm-up.ts'
import { ceilingByShard, storedTime } from './lines.ts'
import { reportShards } from './report.ts'
import { type ShardOutcome, shardSummaries } from './summary.ts'

/** Two bulks in flight as the worker has them, and more, where that is better. */
const IN_FLIGHT = [2, 4]
/** Share of what Elasticsearch alone stores that is a low load. */
const LOW_LOAD = 0.1

/** One line for one number of shards, with the programs of one checkout. */
interface Item {
  readonly shards: number
  readonly measure: (material: Material) => Promise<Outcome[]>
  /** The checkout; `undefined` for this one, and for lines without our programs. */
  readonly from?: Checkout | undefined
}

/** Measures what shards cost: each line for each number of them, ours next to the compared programs, in interleaved rounds. */
export async function measureShards(lab: Lab, options: BenchOptions, shardOptions: ShardOptions): Promise<void> {
  for (const mix of options.mixes) {
    if (stopRequested()) return
    const rate = await warmUp(lab, mix, options.warmUpSeconds)
    const material = makeMaterial(lab, mix, options.events ?? eventsFor(rate, options.storeSeconds))
    const lowLoad = Math.round(rate * LOW_LOAD)
    say(`\n${mix}: ${material.events} events a round; the low load is ${lowLoad} events/s`)
    const items = await itemsOf(lab, shardOptions, lowLoad)
    const outcomes: ShardOutcome[] = []
    for (const [index, { shards, from, measure }] of interleave(items, options.rounds).entries()) {
      if (stopRequested()) break
      await lab.useShards(shards)
      const measured = await measure(material)
      outcomes.push(...measured.map((outcome) => ({ ...outcome, shards, compared: from !== undefined })))
      const figures = measured.map(({ name, eventsPerSecond }) => `${name}: ${Math.round(eventsPerSecond)}/s`)
      const whose = from === undefined ? '' : ' (compared)'
      say(`${index + 1}/${items.length * options.rounds}  ${shards} shards${whose}, ${figures.join('; ')}`)
    }
    if (outcomes.length === 0) return
    reportShards(
      options.results,
      { material, lowLoad, compare: shardOptions.compare },
      shardSummaries(outcomes),
      outcomes,
    )
  }
}

async function itemsOf(lab: Lab, { numbers, lines, compare }: ShardOptions, lowLoad: number): Promise<Item[]> {
  const transport = await fastestTransport()
  const settings = { PULSAR_TRANSPORT: transport }
  const checkouts = compare === undefined ? [undefined] : [compare, undefined]
  return numbers.flatMap((shards) => {
    // Each shard may have a bulk that is not full at the end.
    const lastBulks = LAST_BULKS + shards
    const own = (measure: (material: Material, from: Checkout | undefined) => Promise<Outcome[]>): Item[] =>
      checkouts.map((from) => ({ shards, from, measure: (material) => measure(material, from) }))
    const all: Record<ShardLineId, () => Item[]> = {
      ceiling: () => [{ shards, measure: (material) => ceiling(lab, material, { inFlight: IN_FLIGHT, lastBulks }) }],
      'ceiling-by-shard': () => [{ shards, measure: (material) => ceilingByShard(lab, material, shards, lastBulks) }],
      worker: () => own((material, from) => worker(lab, transport, material, { lastBulks, ...(from && { from }) })),
      chain: () => own((material, from) => chain(lab, settings, material, { lastBulks, ...(from && { from }) })),
      'stored-time': () => own((material, from) => storedTime(lab, transport, material, lowLoad, from)),
    }
    return lines.flatMap((line) => all[line]())
  })
}
