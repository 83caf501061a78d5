#!/usr/bin/env node
import { Argument, Command, Option } from 'commander'
import { backlog } from './commands/backlog.ts'
import { completionScript, SHELL_NAMES } from './commands/completion.ts'
import { dropLetters, exportDeadLetters, listDeadLetters, replayAll } from './commands/dead-letters.ts'
import { type DrainFlags, drainCommand, runDrain } from './commands/drain.ts'
import { type EraseFlags, eraseCommand, runErase } from './commands/erase.ts'
import { checkIds } from './commands/ids.ts'
import { ageIndices, expireIndices, indices } from './commands/indices.ts'
import { type KeepBudgetsFlags, keepBudgetsCommand, runKeepBudgets } from './commands/keep-budgets.ts'
import { DEFAULT_TARGET, type LoadTestFlags, loadTestCommand, runLoadTestCommand } from './commands/load-test.ts'
import { type OperatorApi, operatorApi } from './commands/operator.ts'
import { decimal, print, printResult, RUN_OPTION, wholeNumber } from './commands/output.ts'
import { type ReplayFlags, replayCommand, runReplay } from './commands/replay.ts'
import { type RestoreFlags, restoreCommand, runRestore } from './commands/restore.ts'
import { type RollOutFlags, rollOutCommand, runRollOut } from './commands/roll-out.ts'
import { send } from './commands/send.ts'
import { setUp } from './commands/set-up.ts'
import { listAllSnapshots, takeSnapshot } from './commands/snapshots.ts'
import { status } from './commands/status.ts'
import { runTail, type TailFlags } from './commands/tail.ts'
import { watchWaits } from './commands/waits.ts'
import { type Config, loadConfig } from './config.ts'
import { explain, remedyOf } from './errors.ts'
import { isWhole, summaryOf } from './load-test/summary.ts'
import { type CommandTarget, commandTarget, type RunChoice } from './local/command-target.ts'
import { createLogger, type Logger } from './log.ts'
import { startApi } from './programs/api.ts'
import { type Program, runUntilSignal } from './programs/run.ts'
import { startWorker } from './programs/worker.ts'
import { version } from './version.ts'

const API_OPTION =
  'private listener of the API; default: the run on this machine, or the API at PRIVATE_PORT of this machine'

/** They run on, and report in their logs. */
const PROGRAMS: readonly string[] = ['api', 'worker', 'keep-budgets', 'local']

const cli = new Command('tracardi')
  .description(
    'Runs and operates the event pipeline. Settings come from the environment: docs/configuration.md. Where it names no servers, the commands of operators use those of the run on this machine.',
  )
  .version(version)
  .showHelpAfterError('See --help of the command for what it takes.')
  .hook('preAction', (_, command) => {
    if (!PROGRAMS.includes(command.name())) watchWaits(notice)
  })

cli
  .command('api')
  .description('accept events and publish them')
  .action(() => runProgram('api', startApi))
cli
  .command('worker')
  .description('store events in bulks')
  .action(() => runProgram('worker', startWorker))

cli
  .command('set-up')
  .description(
    'create tenant, namespace, topics, subscriptions and index templates; adds what is missing, deletes nothing',
  )
  .option(
    '--lower-retention',
    'also shorten the retention of Pulsar to the configured values, which deletes messages beyond them',
  )
  .option('--json', 'as JSON')
  .option(...RUN_OPTION)
  .action((options) => setUp(config(options), options))

cli
  .command('backlog')
  .description('show the backlog: messages not yet acknowledged')
  .option('--topic <name>', 'another topic of the namespace')
  .option(...RUN_OPTION)
  .option('--json', 'as JSON')
  .action((options) => backlog(config(options), options))

cli
  .command('status')
  .description('show what to do, and what became of the events: stored, duplicates, conflicts, dead letters, waiting')
  .option('--api <url>', API_OPTION)
  .option(...RUN_OPTION)
  .option('--json', 'as JSON')
  .action((options) => status(api(options), options))

cli
  .command('tail')
  .description('print the events that arrive, and the calls that are refused, within a second, until Ctrl-C')
  .option('--api <url...>', `${API_OPTION}; name each API to see the events of all`)
  .option(...RUN_OPTION)
  .option('--source <id>', 'only of this source')
  .option('--session <id>', 'only of this session')
  .option('--type <type>', 'only of this type')
  .option('--payload', 'with the document of each event')
  .option('--json', 'one JSON object per line')
  .action(({ api: urls, run, ...flags }: TailFlags & RunChoice & { readonly api?: readonly string[] }) =>
    runTail(urls?.map((url) => api({ api: url, run })) ?? [api({ run })], flags),
  )

const deadLetters = cli.command('dead-letters').description('events that Elasticsearch refused, with the reason')

/** A command about the dead letters that its options choose. */
function letterCommand(name: string, description: string, limit = Number.MAX_SAFE_INTEGER): Command {
  return deadLetters
    .command(name)
    .description(description)
    .option('--id <id...>', 'only those with these ids, which `list` shows')
    .option('--fault <fault>', 'only those with this fault')
    .option('--source <id>', 'only those of this source')
    .option('--type <type>', 'only those of this type')
    .addOption(
      new Option('--limit <n>', 'maximum number of dead letters')
        .argParser(wholeNumber)
        .default(limit, limit === Number.MAX_SAFE_INTEGER ? 'all' : undefined),
    )
    .option(...RUN_OPTION)
}

letterCommand('list', 'list them, with counts by cause; removes none', 20)
  .option('--payload', 'with the first 8 KiB of each')
  .option('--json', 'one JSON object per line')
  .action((options) => listDeadLetters(config(options), quietLog(), options))
letterCommand('replay', 'publish them again, once the cause is fixed; nothing is stored twice').action((options) =>
  replayAll(config(options), quietLog(), options),
)
letterCommand('export', 'write them to a new file (- is standard output), one JSON object per line; removes none')
  .argument('<file>')
  .action((file, options) => exportDeadLetters(config(options), quietLog(), { ...options, file }))
letterCommand('drop', 'say how many would be dropped permanently')
  .option('--all', 'all of them')
  .option('--apply', 'export them to a new file, then drop them')
  .option('--export <file>', 'the file; default: one of this folder, named by the time')
  .option('--no-export', 'keep them nowhere')
  .action((options) => dropLetters(config(options), quietLog(), options))

const indexCommand = cli.command('indices').description('the indices in Elasticsearch')
indexCommand
  .command('list', { isDefault: true })
  .description('names, documents, sizes, shards')
  .option(...RUN_OPTION)
  .option('--json', 'as JSON')
  .action((options) => indices(config(options), options))
indexCommand
  .command('expire')
  .description('list event indices, sessions and profiles past their retention')
  .option('--apply', 'delete them')
  .option('--json', 'as JSON')
  .option(...RUN_OPTION)
  .action((options) => expireIndices(config(options), options))
indexCommand
  .command('age')
  .description('say what is left to do for event indices that are old enough for warm nodes, by WARM_AFTER_DAYS')
  .option('--apply', 'send them there, with ELASTIC_WARM_REPLICAS, and merge them')
  .option('--minutes <minutes>', 'maximum duration of that; the next call continues', wholeNumber, 300)
  .option('--json', 'as JSON')
  .option(...RUN_OPTION)
  .action((options) => ageIndices(config(options), options))

indexCommand
  .command('check')
  .description(
    'whether each event id of a file (- is standard input), one on each line, is stored exactly once; exit code 2 if not',
  )
  .argument('<file>')
  .option('--json', 'as JSON')
  .option(...RUN_OPTION)
  .action(async (file, options) => {
    process.exitCode = await checkIds(config(options), file, options.json)
  })

const snapshots = cli.command('snapshots').description('snapshots of the indices, in the repository of SNAPSHOT_TYPE')
snapshots
  .command('list', { isDefault: true })
  .description('names, states, times')
  .option(...RUN_OPTION)
  .option('--json', 'as JSON')
  .action((options) => listAllSnapshots(config(options), options))
snapshots
  .command('take')
  .description(
    'register the repository, make a snapshot, delete those past SNAPSHOT_RETENTION_DAYS; exit code 2 if it is not whole',
  )
  .option('--json', 'as JSON')
  .option(...RUN_OPTION)
  .action(async (options) => {
    process.exitCode = await takeSnapshot(config(options), options.json)
  })
cli.addCommand(
  restoreCommand()
    .option(...RUN_OPTION)
    .action(async (flags: RestoreFlags & RunChoice) => {
      process.exitCode = await runRestore(config(flags), flags, createLogger({ logLevel: 'warn' }, 'restore'))
    }),
)

cli
  .command('send')
  .description(
    'Posts events: those of a file (- is standard input), or a generated load. A line of the file is an event, {"type":"page-view"}, or a call, {"events":[...]}.',
  )
  .argument('[file]')
  .option('--url <url>', `public listener of the API; default: the run on this machine, or ${DEFAULT_TARGET}`)
  .option('--source <id>', 'event source', 'my-source')
  .option('--events <n>', 'size of the generated load', wholeNumber, 1000)
  .option('--per-call <n>', 'events in one call', wholeNumber, 50)
  .option('--profiles <n>', 'visitors in the generated load', wholeNumber, 1000)
  .option('--rate <n>', 'events a second; 0: as fast as they are answered', decimal, 0)
  .option('--concurrency <n>', 'maximum number of concurrent calls', wholeNumber, 8)
  .option('--retry-seconds <n>', 'how long a call is retried', decimal, 60)
  .option(...RUN_OPTION)
  .option('--json', 'as JSON')
  .option('--secret-file <file>', 'file with the secret of the source, where it has one')
  .option('--accepted <file>', 'write the ids of the events that were answered 200')
  .action(async (file, options) => {
    const url = options.url ?? target(options).run?.publicUrl ?? DEFAULT_TARGET
    process.exitCode = await send(file, { ...options, url })
  })

cli.addCommand(
  loadTestCommand()
    .option('--json', 'as JSON; progress is on standard error')
    .action(async (flags: LoadTestFlags) => {
      const { env, run } = target({ run: flags.run, url: flags.target })
      const loadTest = await runLoadTestCommand(loadConfig(env), flags, run)
      printResult(flags.json, loadTest, () => summaryOf(loadTest).join('\n'))
      process.exitCode = isWhole(loadTest) ? 0 : 1
    }),
)

cli.addCommand(
  replayCommand()
    .option(...RUN_OPTION)
    .action(async (flags: ReplayFlags & RunChoice) => {
      process.exitCode = await runReplay(config(flags), flags, createLogger({ logLevel: 'warn' }, 'replay'))
    }),
)

cli.addCommand(
  eraseCommand()
    .option(...RUN_OPTION)
    .action(async (flags: EraseFlags & RunChoice) => {
      process.exitCode = await runErase(config(flags), flags, quietLog())
    }),
)

cli.addCommand(
  rollOutCommand().action(async (flags: RollOutFlags) => {
    process.exitCode = await runRollOut(loadConfig(process.env), flags, process.env)
  }),
)

cli.addCommand(
  keepBudgetsCommand().action((flags: KeepBudgetsFlags) => runKeepBudgets(loadConfig(process.env), flags, process.env)),
)

cli.addCommand(
  drainCommand().action(async (when: string, flags: DrainFlags) => {
    process.exitCode = await runDrain(loadConfig(process.env), when, flags, process.env)
  }),
)

cli
  .command('local')
  .description('run the whole pipeline on this machine, on a real Pulsar and a real Elasticsearch')
  .option('--fresh', 'delete the data of earlier runs first')
  .action(async (options) => {
    const { runLocal } = await import('./local/run.ts')
    process.exitCode = await runLocal({ fresh: options.fresh === true, env: process.env })
  })

cli
  .command('completion')
  .description(
    'print a script that completes commands and options in a shell: source <(npm run cli --silent -- completion bash)',
  )
  .addArgument(new Argument('<shell>').choices(SHELL_NAMES))
  .action((shell) => print(completionScript(shell, cli, import.meta.filename)))

try {
  await cli.parseAsync()
} catch (error) {
  process.stderr.write(`${explain(error)}\n`)
  process.exitCode = 1
}

/** What a command of operators works on: what the environment names, or the run on this machine. */
function target(choice: RunChoice): CommandTarget {
  return commandTarget(process.env, notice, choice)
}

/** The API that serves figures and events. */
function api(options: { readonly api?: string; readonly run?: string | undefined }): OperatorApi {
  const { env, run } = target({ run: options.run, url: options.api })
  return operatorApi(loadConfig(env), options.api, run)
}

function config({ run }: RunChoice): Config {
  return loadConfig(target({ run }).env)
}

/** For people: standard output is for what was asked. */
function notice(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Commands that print for people log only what they must see. */
function quietLog(): Logger {
  return createLogger({ logLevel: 'error' }, 'cli')
}

/** Runs a program to its end. Whatever it fails on ends the process: connections that are open would keep it alive. */
async function runProgram(name: string, start: (config: Config, log: Logger) => Promise<Program>): Promise<void> {
  const loaded = loadConfig(process.env)
  const log = createLogger(loaded, name)
  try {
    const program = await start(loaded, log)
    log.info({ version }, 'started')
    process.exit(await runUntilSignal(program, loaded.shutdownGraceSeconds, log))
  } catch (error) {
    log.fatal({ err: error, remedy: remedyOf(error) }, 'ended by a failure')
    process.exit(1)
  }
}
