import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@elastic/elasticsearch'
import { Command, Option } from 'commander'
import { keepsAllSince } from '../backup/gap.ts'
import { registerRepository } from '../backup/repository.ts'
import { chosenSnapshot, type RestorePlan, restoreIndices, restorePlan, type Target } from '../backup/restore.ts'
import { listSnapshots, type Snapshot } from '../backup/snapshots.ts'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { indicesOf } from '../names.ts'
import { pulsarAdmin } from '../queue/admin.ts'
import { searchClient, unavailable } from '../search/client.ts'
import { assertSetUp } from '../search/index-set-up.ts'
import { listIndices } from '../search/retention.ts'
import { INCOMPLETE, isoOf, momentOf, print, printResult } from './output.ts'
import { exitCodeOf, replayOptions, replayWithStatus, reportLines } from './replay.ts'

/** The options of `restoreCommand`. */
export interface RestoreFlags {
  readonly to: string
  readonly index: readonly string[]
  readonly replace?: boolean
  readonly apply?: boolean
  readonly acceptGap?: boolean
  readonly eventsPerSecond: string
  readonly json?: boolean
}

const PAUSE_MS = 500

export function restoreCommand(): Command {
  return new Command('restore')
    .description(
      'Restores indices from a snapshot, and fills the gap up to now from what Pulsar keeps, each event once. Without --apply it only says what it would do. Exit code 0: complete; 2: some events of the gap are no longer kept; 130: stopped during the replay.',
    )
    .requiredOption(
      '--to <target>',
      'latest, the name of a snapshot, or a time: 2026-11-28T06:00Z, 2h before now. A snapshot that was made after the loss lacks what is lost: then name an earlier one',
    )
    .option('--index <name>', 'only this index; may be repeated', (name: string, all: string[]) => [...all, name], [])
    .addOption(new Option('--keep', 'restore only indices that do not exist (default)').conflicts('replace'))
    .option('--replace', 'also restore indices that exist: they are deleted first')
    .addOption(new Option('--dry-run', 'only say what would be done (default)').conflicts('apply'))
    .option('--apply', 'do it')
    .option('--accept-gap', 'also if Pulsar does not keep every event since the snapshot')
    .option('--events-per-second <n>', 'maximum rate of the replay', '2000')
    .option('--json', 'as JSON; progress is on standard error')
}

/** Answers the exit code. */
export async function runRestore(config: Config, flags: RestoreFlags, log: Logger): Promise<number> {
  const nowMs = Date.now()
  const target = targetOf(flags.to, nowMs)
  const [admin, search] = [pulsarAdmin(config), searchClient(config)]
  try {
    await assertSetUp(search, config)
    // A new cluster does not know the repository of the one that is lost, and it may be at another path.
    await registerRepository(search, config)
    const snapshot = chosenSnapshot(await listSnapshots(search, config), target)
    const { gap } = snapshot
    // Faults of the options are reported before anything is deleted.
    const to = typeof target === 'object' && 'timeMs' in target ? isoOf(target.timeMs) : 'now'
    const range = { from: isoOf(gap.fromMs), to, eventsPerSecond: flags.eventsPerSecond }
    replayOptions(range, nowMs)
    const plan = restorePlan(snapshot, await existingIndices(search, config), {
      replace: flags.replace === true,
      only: flags.index,
      never: indicesOf(config).erasures,
    })
    // Without retention, Pulsar may delete at any moment what is stored.
    const keepsAll = async () => config.pulsarRetentionHours > 0 && (await keepsAllSince(admin, config, gap))
    const isKept = await keepsAll()
    const say = flags.json ? toStandardError : print
    say(planLines(snapshot, plan, isKept).join('\n'))
    if (!isKept && plan.replaced.length > 0 && !flags.acceptGap)
      throw new AppError(
        'snapshot_unusable',
        `Pulsar no longer keeps every event since ${isoOf(gap.fromMs)}, so what is in ${plan.replaced.join(', ')} now might be lost; nothing was changed. Repeat with --accept-gap to replace them anyway`,
      )
    if (!flags.apply) {
      printResult(
        flags.json,
        { snapshot: snapshot.name, plan, isKept, applied: false },
        () => '\nNothing was changed. Repeat with --apply.',
      )
      return 0
    }
    await restoreIndices(search, config, snapshot, plan, isKept || flags.acceptGap === true, () => sleep(PAUSE_MS))
    if (plan.restored.length > 0) say(`Restored: ${plan.restored.join(', ')}.`)
    say('Now the gap.')
    // Restoring takes time, in which Pulsar may have deleted the beginning of the gap.
    const isStillKept = isKept && (await keepsAll())
    const options = replayOptions(range, Date.now())
    const report = await replayWithStatus(config, options, log, flags.json ? process.stderr : process.stdout)
    // Of a topic that is younger than the gap, a replay alone cannot know that nothing is missing.
    const asked = isStillKept ? { ...options, fromMs: undefined } : options
    const replayed = exitCodeOf(report, asked)
    const exitCode = replayed === 0 && !isStillKept ? INCOMPLETE : replayed
    const result = { snapshot: snapshot.name, plan, isKept: isStillKept, applied: true, replay: report, exitCode }
    printResult(flags.json, result, () => reportLines(report, asked).join('\n'))
    return exitCode
  } finally {
    await admin.close()
    await search.close()
  }
}

function toStandardError(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** With the record of erasures, which no list for operators has. */
async function existingIndices(search: Client, config: Config): Promise<readonly string[]> {
  const { erasures } = indicesOf(config)
  const hasErasures = await search.indices.exists({ index: erasures }).catch(unavailable(config))
  const names = (await listIndices(search, config)).map(({ name }) => name)
  return hasErasures ? [...names, erasures] : names
}

/** @throws AppError `command_invalid` for a time in the future. */
export function targetOf(text: string, nowMs: number): Target {
  if (text === 'latest') return 'latest'
  const timeMs = momentOf(text, nowMs)
  if (timeMs === undefined) return { name: text }
  if (timeMs > nowMs) throw new AppError('command_invalid', `--to is ${text}, which is not in the past`)
  return { timeMs }
}

function planLines(snapshot: Snapshot, { restored, replaced, kept }: RestorePlan, isKept: boolean): readonly string[] {
  const gapLine = isKept
    ? 'Pulsar keeps everything since then.'
    : 'Pulsar may not keep everything since then: some events may be missing afterwards.'
  return [
    `Snapshot ${snapshot.name}, ended ${isoOf(snapshot.endedAtMs)}. ${gapLine}`,
    ...(restored.length > 0 ? [`To restore: ${restored.join(', ')}`] : []),
    ...(replaced.length > 0 ? [`Deleted first: ${replaced.join(', ')}`] : []),
    ...(kept.length > 0 ? [`Exist, and stay: ${kept.join(', ')}. --replace restores them too.`] : []),
  ]
}
