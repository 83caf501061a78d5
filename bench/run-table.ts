import { interleave } from './interleave.ts'
import type { Lab } from './lab.ts'
import type { Outcome } from './line.ts'
import { eventsFor, makeMaterial } from './material.ts'
import { measuresOf } from './measures.ts'
import type { BenchOptions } from './options.ts'
import { report } from './report.ts'
import { say } from './say.ts'
import { stopRequested } from './stop-request.ts'
import { warmUp } from './warm-up.ts'

/** Measures every line in interleaved rounds, for each of the documents, and reports. */
export async function measureTable(lab: Lab, options: BenchOptions): Promise<void> {
  const measures = await measuresOf(lab, options)
  for (const mix of options.mixes) {
    if (stopRequested()) return
    const rate = await warmUp(lab, mix, options.warmUpSeconds)
    const material = makeMaterial(lab, mix, options.events ?? eventsFor(rate, options.storeSeconds))
    say(`\n${mix}: ${material.events} events of ${Math.round(material.bytesPerEvent)} bytes with their action lines`)
    const outcomes: Outcome[] = []
    for (const [index, measure] of interleave(measures, options.rounds).entries()) {
      if (stopRequested()) break
      const measured = await measure(material, outcomes)
      outcomes.push(...measured)
      const figures = measured.map(({ name, eventsPerSecond }) => `${name}: ${Math.round(eventsPerSecond)}/s`)
      say(`${index + 1}/${measures.length * options.rounds}  ${figures.join('; ')}`)
    }
    await report(options.results, mix, material, outcomes)
  }
}
