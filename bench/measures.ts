import { fastestTransport } from './fill.ts'
import type { Lab } from './lab.ts'
import type { LineId, Outcome } from './line.ts'
import { chain, latency } from './lines/chain.ts'
import { edge } from './lines/edge.ts'
import { ceiling, ceilingOfLargeBulks, ceilingWithStates } from './lines/elasticsearch-alone.ts'
import { buildGoIndexer, goIndexer } from './lines/go-indexer.ts'
import { officialHelper } from './lines/official-helper.ts'
import { nullSink, worker } from './lines/worker.ts'
import type { Material } from './material.ts'
import type { BenchOptions } from './options.ts'
import { say } from './say.ts'
import { median } from './statistics.ts'

/** Measures one line once; it is given what was measured so far. */
export type Measure = (material: Material, sofar: readonly Outcome[]) => Promise<Outcome[]>

/** How each line is measured here; one that cannot be is omitted, and it is said why. */
export async function measuresOf(lab: Lab, options: BenchOptions): Promise<readonly Measure[]> {
  const transport = await fastestTransport()
  const native = transport === 'native'
  const settings = { PULSAR_TRANSPORT: transport }
  const all: Record<LineId, Measure | undefined> = {
    ceiling: (material) => ceiling(lab, material),
    'ceiling-large': (material) => ceilingOfLargeBulks(lab, material),
    'ceiling-states': (material) => ceilingWithStates(lab, material),
    helper: (material) => officialHelper(lab, material),
    go: goMeasure(lab, options),
    'worker-native': native ? (material) => worker(lab, 'native', material) : undefined,
    'worker-websocket': (material) => worker(lab, 'websocket', material),
    chain: (material) => chain(lab, settings, material),
    edge: (material) => edge(lab, settings, material, options.edgeSeconds),
    'null-sink': (material) => nullSink(lab, transport, material),
    latency: async (material, sofar) =>
      latency(lab, settings, material, await chainRate(lab, settings, material, sofar)),
  }
  if (!native && options.lines.includes('worker-native')) {
    say('Omitted: worker-native; the native client of Pulsar is not installed')
  }
  return options.lines.flatMap((line) => all[line] ?? [])
}

function goMeasure(lab: Lab, { lines }: BenchOptions): Measure | undefined {
  if (!lines.includes('go')) return undefined
  const built = buildGoIndexer(lab.servers.folder)
  if ('program' in built) return (material) => goIndexer(lab, built.program, material)
  say(`Omitted: go; ${built.missing}`)
  return undefined
}

/** What the chain can do here: as it was measured so far, or measured now. */
async function chainRate(
  lab: Lab,
  settings: Readonly<Record<string, string>>,
  material: Material,
  sofar: readonly Outcome[],
): Promise<number> {
  const known = sofar.filter(({ name }) => name === 'chain')
  const chains = known.length > 0 ? known : await chain(lab, settings, material)
  return median(chains.map(({ eventsPerSecond }) => eventsPerSecond))
}
