import { chart } from './chart.ts'
import { judge } from './goals.ts'
import type { Lab } from './lab.ts'
import type { Outcome } from './line.ts'
import type { Material } from './material.ts'
import { hotSpots, readProfile } from './profile.ts'
import { say } from './say.ts'
import { summarise } from './summary.ts'
import { goalTable, markdown, resultTable } from './table.ts'
import { write } from './write.ts'

const HOT_SPOTS = 25

/** Prints the tables, and writes them as a page, with every round as JSON, and as a chart. */
export async function report(
  folder: string,
  mix: string,
  { events, bytesPerEvent }: Material,
  outcomes: readonly Outcome[],
): Promise<void> {
  const summaries = summarise(outcomes)
  const goals = judge(summaries)
  const tables = `${resultTable(summaries)}\n\n${goalTable(goals)}\n`
  say(`\n${tables}`)
  const facts = { mix, events, bytesPerEvent: Math.round(bytesPerEvent), node: process.version }
  const rounds = Math.min(...summaries.map((summary) => summary.rounds))
  const head = `${events} ${mix} documents, ${Math.round(bytesPerEvent)} bytes each with its action line; medians of ${rounds} rounds.`
  write(folder, `${mix}.md`, `# Measured\n\n${head}\n\n${tables}`)
  write(folder, `${mix}.json`, `${JSON.stringify({ ...facts, summaries, goals, outcomes }, null, 2)}\n`)
  write(folder, `${mix}.svg`, await chart(`Throughput with ${mix} documents`, summaries))
}

export function reportScale(folder: string, outcomes: readonly Outcome[]): void {
  const summaries = summarise(outcomes)
  say(`\n${resultTable(summaries)}`)
  write(folder, 'scale.json', `${JSON.stringify({ node: process.version, summaries, outcomes }, null, 2)}\n`)
}

/** Prints where each profiled program spent its own time. */
export function reportProfiles(lab: Lab): void {
  for (const path of lab.profiles()) {
    const rows = hotSpots(readProfile(path), HOT_SPOTS).map(({ where, share }) => [
      `${(share * 100).toFixed(1)} %`,
      where,
    ])
    say(`\n${path.split('/').at(-1)}\n${markdown(['own time', 'where'], rows)}`)
  }
}
