import { setTimeout as sleep } from 'node:timers/promises'
import { gapStart } from '../backup/gap.ts'
import { registerRepository } from '../backup/repository.ts'
import {
  deleteSnapshots,
  expiredSnapshots,
  isWhole,
  listSnapshots,
  makeSnapshot,
  type Snapshot,
} from '../backup/snapshots.ts'
import type { Config } from '../config.ts'
import { pulsarAdmin } from '../queue/admin.ts'
import { searchClient } from '../search/client.ts'
import { INCOMPLETE, isoOf, print, printResult, table } from './output.ts'

const PAUSE_MS = 1000

export async function listAllSnapshots(config: Config, options: { readonly json?: boolean }): Promise<void> {
  const search = searchClient(config)
  try {
    const all = await listSnapshots(search, config)
    if (options.json) return print(JSON.stringify(all, null, 2))
    if (all.length === 0) return print('There are no snapshots yet; `snapshots take` makes one.')
    print(table(['snapshot', 'state', 'ended', 'indices', 'failed shards', 'replay from'], all.map(row)))
  } finally {
    await search.close()
  }
}

function row({ name, state, endedAtMs, indices, failedShards, gap }: Snapshot): (string | number)[] {
  return [
    name,
    state,
    endedAtMs === 0 ? '' : isoOf(endedAtMs),
    indices.length,
    failedShards,
    gap ? isoOf(gap.fromMs) : '',
  ]
}

/** Answers the exit code: 2 when the snapshot is not whole, so that a Job fails and an alert sees it. */
export async function takeSnapshot(config: Config, json?: boolean): Promise<number> {
  const [admin, search] = [pulsarAdmin(config), searchClient(config)]
  try {
    await registerRepository(search, config)
    const nowMs = Date.now()
    const gap = await gapStart(admin, config, nowMs)
    const made = await makeSnapshot(search, config, { nowMs, gap }, () => sleep(PAUSE_MS))
    if (!isWhole(made)) {
      printResult(
        json,
        { made, deleted: [] },
        () =>
          `The snapshot ${made.name} is not whole: its state is ${made.state}, with ${made.failedShards} failed shards. Older snapshots stay.`,
      )
      return INCOMPLETE
    }
    const expired = expiredSnapshots(await listSnapshots(search, config), config, Date.now())
    await deleteSnapshots(search, config, expired)
    const deleted = expired.map(({ name }) => name)
    printResult(json, { made, deleted }, () =>
      [
        `Snapshot ${made.name}: ${made.indices.length} indices. A replay that fills the gap begins at ${isoOf(gap.fromMs)}.`,
        ...deleted.map((name) => `Deleted: ${name}`),
      ].join('\n'),
    )
    return 0
  } finally {
    await admin.close()
    await search.close()
  }
}
