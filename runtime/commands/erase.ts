import { userInfo } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import { idFault } from '../api/semantics.ts'
import type { Config } from '../config.ts'
import { type EraseOptions, type ErasureReport, erase, lift } from '../erasure/erase.ts'
import { AppError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { createScreen } from '../screen.ts'
import { searchClient } from '../search/client.ts'
import { number } from '../telemetry/format.js'
import { withDeadLetters } from './dead-letters.ts'
import { INCOMPLETE, print, STOPPED } from './output.ts'

/** The options of `eraseCommand`, as texts. */
export interface EraseFlags {
  readonly profile: string
  readonly by?: string
  readonly documentsPerSecond: string
  readonly lift?: boolean
  readonly json?: boolean
}

const MOST_DOCUMENTS_PER_SECOND = 1_000_000

export function eraseCommand(): Command {
  return new Command('erase')
    .description(
      'Erases a profile: its events, sessions, state and dead letters, also those that still wait in the queue. Nothing of it is stored any more, until --lift. Can be repeated. Exit code 0: nothing is left; 2: something could not be deleted; 130: stopped before the end.',
    )
    .requiredOption('--profile <id>', 'the id of the profile, as its events have it in profile.id')
    .option('--by <name>', 'who erases, for the record; default: the user of this process')
    .option(
      '--documents-per-second <n>',
      'maximum rate of deletions, so that Elasticsearch keeps up with live events',
      '1000',
    )
    .option('--lift', 'store again what the API receives of the profile from now on; deletes nothing')
    .option('--no-lift', 'the default, for a Job that states one of both')
    .option('--json', 'as JSON')
}

/** Answers the exit code. */
export async function runErase(config: Config, flags: EraseFlags, log: Logger): Promise<number> {
  const options = eraseOptions(flags)
  const search = searchClient(config)
  const stopping = new AbortController()
  const stop = () => stopping.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const screen = createScreen(process.stdout)
  const access = {
    config,
    search,
    withDeadLetters: withDeadLetters(config, log),
    nowMs: Date.now,
    sleep: (ms: number) => sleep(ms, undefined, { signal: stopping.signal }),
  }
  try {
    if (flags.lift) {
      const wasErased = await lift(access, options)
      print(
        wasErased
          ? 'Lifted: what the API receives of the profile from now on is stored again.'
          : 'The profile was not erased.',
      )
      return wasErased ? 0 : INCOMPLETE
    }
    const report = await erase(access, options, (phase) => {
      if (!flags.json) screen.status(PHASES[phase])
    })
    screen.status('')
    print(flags.json ? JSON.stringify(report, null, 2) : reportLines(report).join('\n'))
    return report.finished ? 0 : INCOMPLETE
  } catch (error) {
    if (!stopping.signal.aborted) throw error
    screen.status('')
    print('Stopped before the end. Nothing more of the profile is stored. Repeat the command to delete the rest.')
    return STOPPED
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
    await search.close()
  }
}

const PHASES = {
  deleting: 'deleting what is stored',
  waiting: 'waiting until every worker knows of the erasure, and for the bulks that it has sent before',
}

/** @throws AppError `command_invalid` with all faults together. */
export function eraseOptions(flags: EraseFlags): EraseOptions {
  const faults: string[] = []
  const profileId = flags.profile.trim()
  const fault = profileId === '' ? 'it is empty' : idFault(profileId)?.msg
  if (fault !== undefined) faults.push(`--profile is "${flags.profile}": ${fault}; allowed: the id of a profile`)
  const documentsPerSecond = Number(flags.documentsPerSecond)
  if (!/^[1-9]\d{0,6}$/.test(flags.documentsPerSecond) || documentsPerSecond > MOST_DOCUMENTS_PER_SECOND)
    faults.push(
      `--documents-per-second is "${flags.documentsPerSecond}"; allowed: a whole number from 1 to ${MOST_DOCUMENTS_PER_SECOND}`,
    )
  if (faults.length > 0) throw new AppError('command_invalid', faults.join('\n'), { context: { faults } })
  return { profileId, by: flags.by ?? userInfo().username, documentsPerSecond }
}

/** What was erased, and what could not be, in lines for people. */
export function reportLines(report: ErasureReport): readonly string[] {
  const { events, sessions, profiles, deadLetters, kept, deadLettersKept, finished, profile } = report
  return [
    `Deleted ${number(events)} events, ${number(sessions)} sessions, ${number(profiles)} profiles and ${number(deadLetters)} dead letters. The record has it as ${profile}.`,
    ...kept.map(
      ({ index, documents, reason }) =>
        `The index ${index} could not be changed (${reason}): ${number(documents)} of the documents found are still in it. Allow writes and repeat the command.`,
    ),
    ...(deadLettersKept > 0
      ? [
          `${number(deadLettersKept)} dead letters have the id and data of others, or cannot be read. Look at them with dead-letters export.`,
        ]
      : []),
    ...(!finished && kept.length === 0 && deadLettersKept === 0
      ? ['A program of an earlier release still stores events of it. Update all workers and repeat the command.']
      : []),
  ]
}
