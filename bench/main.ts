import { AppError, explain } from '../runtime/errors.ts'
import { Lab } from './lab.ts'
import { measureMapping } from './mapping/measure.ts'
import { type BenchOptions, parseOptions, USAGE } from './options.ts'
import { poolTable } from './pool/table.ts'
import { reportProfiles, reportScale } from './report.ts'
import { measureTable } from './run-table.ts'
import { say } from './say.ts'
import { measureScale } from './scale.ts'
import { startServers } from './servers.ts'
import { measureShards } from './shards/measure.ts'
import { listenForStop } from './stop-request.ts'
import { measureWatched } from './watched/measure.ts'
import { measureWorst } from './worst/measure.ts'

async function run(options: BenchOptions): Promise<void> {
  if (options.worst) return measureWorst(options.rounds)
  if (options.pool) return say(poolTable())
  if (options.mapping) return measureMapping(options)
  say('Starting Pulsar and Elasticsearch …')
  const servers = await startServers(say)
  try {
    const lab = await Lab.open(servers, options)
    if (options.scale) reportScale(options.results, await measureScale(lab, options))
    else if (options.shards) await measureShards(lab, options, options.shards)
    else if (options.watched) await measureWatched(lab, options)
    else await measureTable(lab, options)
    reportProfiles(lab)
    await lab.close()
  } finally {
    await servers.stop()
  }
}

listenForStop()
try {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') say(USAGE)
  else await run(options)
} catch (error) {
  process.stderr.write(`${error instanceof AppError ? explain(error) : String((error as Error).stack)}\n`)
  process.exitCode = 1
}
