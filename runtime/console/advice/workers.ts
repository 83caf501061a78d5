import { FULL_CORE } from '../../telemetry/bottlenecks.ts'
import { counted, duration, number, percent, rate } from '../../telemetry/format.js'
import { pipelineCommand } from './commands.ts'
import { finding, latestTrouble, type Rule, running, total, withReason } from './rule.ts'

/** Growth under this share of what is stored is within what one reading differs from the next. */
const NOTICEABLE_SHARE = 0.05
/** Fewer may be a roll-out. */
const RESTARTS = 3
/** A worker that has run for so long is through with starting. */
const RUNS_SECONDS = 20

export const noWorker: Rule = ({ instances, queue }, namesInstances) => {
  if (running(instances, 'worker').length > 0) return undefined
  const waiting = queue.messages === null ? '' : ` ${counted(queue.messages, 'message')} wait in Pulsar.`
  const facts = { messages: queue.messages ?? 0 }
  return namesInstances
    ? finding('no_worker', {
        severity: 'act',
        facts,
        where: 'CONSOLE_INSTANCES',
        text: `None of the instances that CONSOLE_INSTANCES names is a worker that answers: events are accepted and kept in Pulsar, but not stored.${waiting} Start a worker.`,
      })
    : finding('no_worker', {
        severity: 'watch',
        facts,
        title: 'No worker is configured',
        where: 'CONSOLE_INSTANCES',
        text: `CONSOLE_INSTANCES names no worker, so the console cannot show what is stored.${waiting} Name the private listeners of the workers.`,
      })
}

const SILENT = {
  worker: 'A worker does not answer',
  api: 'An API does not answer',
  unknown: 'An instance does not answer',
}

/** Nothing is stored while the only worker does not answer, so that is urgent. */
export const instanceSilent: Rule = ({ instances, place }) => {
  const silent = instances.filter(({ reason }) => reason !== undefined)
  const [first] = [...silent].sort((one, other) => rank(one.wasProgram) - rank(other.wasProgram))
  if (!first) return undefined
  // What has never answered may be the worker.
  const isLastWorker = first.wasProgram !== 'api' && running(instances, 'worker').length === 0
  const isOne = silent.length === 1
  return finding('instance_silent', {
    severity: isLastWorker ? 'act' : 'watch',
    facts: { silent: silent.length, program: first.wasProgram },
    title: isOne ? SILENT[first.wasProgram] : `${number(silent.length)} instances do not answer`,
    where: silent
      .map(({ url }) => url)
      .slice(0, 3)
      .join(', '),
    text: isLastWorker
      ? 'No worker answers: events are accepted and kept in Pulsar, but not stored. Start it, or read its log.'
      : `The figures are without ${isOne ? 'it' : 'them'}. Start what is down, or read its log.`,
    reason: first.reason as string,
    commands: place.isInPods ? ['kubectl get pods -o wide'] : [],
  })
}

const PROGRAMS = ['worker', 'api', 'unknown'] as const

function rank(program: (typeof PROGRAMS)[number]): number {
  return PROGRAMS.indexOf(program)
}

export const workerRestarts: Rule = ({ instances, place }) => {
  const unsteady = instances.filter(
    ({ wasProgram, restarts, uptimeSeconds, timedOut }) =>
      // One that is paused or hangs has not ended, however often it started before.
      wasProgram === 'worker' && restarts >= RESTARTS && (uptimeSeconds ?? 0) < RUNS_SECONDS && !timedOut,
  )
  const [first] = unsteady
  if (!first) return undefined
  return finding('worker_restarts', {
    severity: 'act',
    facts: { workers: unsteady.length, restarts: first.restarts },
    where: unsteady.map(({ url }) => url).join(', '),
    text: `It has started again ${counted(first.restarts, 'time')} within 5 minutes. Its events go back to Pulsar each time, and nothing is lost. Read the end of its log before the last start.`,
    ...(first.reason === undefined ? {} : { reason: first.reason }),
    commands: place.isInPods ? ['kubectl logs deploy/worker --previous --tail 50'] : [],
  })
}

/** Kinds of trouble that keep a worker from receiving. */
const NOT_RECEIVING = ['set_up_missing', 'receive_failed']
/** Such a worker says so every 2 s. */
const STILL_MS = 10_000

export const workerNotReceiving: Rule = ({ instances, place, atMs }) => {
  const last = latestTrouble(
    running(instances, 'worker'),
    ({ kind, lastMs }) => NOT_RECEIVING.includes(kind) && atMs - lastMs <= STILL_MS,
  )
  if (!last) return undefined
  return finding('worker_not_receiving', {
    severity: 'act',
    facts: { kind: last.kind },
    where: last.url,
    text:
      last.kind === 'set_up_missing'
        ? 'It waits for templates, topic and subscription. Events are accepted and kept in Pulsar.'
        : 'Pulsar gives it no messages. Events are accepted and kept in Pulsar.',
    ...withReason(last),
    commands: [pipelineCommand(place, 'set-up')],
  })
}

export const nothingStored: Rule = ({ queue, storedPerSecond, duplicatesPerSecond, instances, search, place }) => {
  const stands = storedPerSecond === 0 && duplicatesPerSecond === 0 && (queue.trendPerSecond ?? 0) >= 0
  if (!stands || search.reason !== undefined || running(instances, 'worker').length === 0 || queue.isInHand)
    return undefined
  return finding('nothing_stored', {
    severity: 'act',
    facts: { messages: queue.messages ?? 0 },
    where: 'the workers',
    text: `${counted(queue.messages ?? 0, 'message')} wait, and no event was stored for 10 s. Read the log of a worker: it names the cause.`,
    commands: [pipelineCommand(place, 'backlog')],
  })
}

export const backlogGrows: Rule = ({ queue, storedPerSecond, instances, bulks, place }) => {
  const workers = running(instances, 'worker').length
  const grows = (queue.trendPerSecond ?? 0) * (queue.eventsPerMessage ?? 1)
  if (!storedPerSecond || workers === 0 || grows < storedPerSecond * NOTICEABLE_SHARE || queue.isInHand)
    return undefined
  const each = storedPerSecond / workers
  const partitions = queue.partitions.length
  const more = Math.min(Math.ceil(grows / each), partitions - workers)
  const by = workers === 1 ? 'all by one worker' : `${rate(each)} by each of ${number(workers)} workers`
  const sums = `It grows by ${rate(grows)} while ${rate(storedPerSecond)} are stored, ${by}`
  const slow = bulks.p50Seconds === null ? '' : ` A bulk takes ${duration(bulks.p50Seconds)}.`
  const common = {
    severity: 'act' as const,
    where: 'the topic of events',
    commands: [
      pipelineCommand(place, 'backlog'),
      ...(more > 0 && place.isInPods ? [`kubectl scale deploy/worker --replicas ${workers + more}`] : []),
    ],
  }
  return more > 0
    ? finding('backlog_grows', {
        ...common,
        facts: { growsPerSecond: grows, limit: 'workers', workers: workers + more },
        text: `${sums}. Run ${number(more)} more: ${number(workers + more)} of at most ${number(partitions)}, one for each partition.${slow}`,
      })
    : finding('backlog_grows', {
        ...common,
        facts: { growsPerSecond: grows, limit: 'partitions', workers },
        text: `${sums}, as many as there are partitions. Raise PULSAR_PARTITIONS above ${number(partitions)}, then run more workers; or make bulks faster.${slow}`,
      })
}

/** Times as much as the others hold on average. */
const LAGS = 10

export const partitionLags: Rule = ({ queue, place }) => {
  const { partitions, isInHand } = queue
  const [worst] = [...partitions].sort((one, other) => other.messages - one.messages)
  if (!worst || partitions.length < 2 || isInHand || (worst.trendPerSecond ?? -1) < 0) return undefined
  const others =
    (total(partitions.map(({ messages: count }) => ({ count }))) - worst.messages) / (partitions.length - 1)
  if (worst.messages < LAGS * Math.max(1, others)) return undefined
  return finding('partition_lags', {
    severity: 'watch',
    facts: { messages: worst.messages, others },
    where: worst.partition,
    text: `${counted(worst.messages, 'message')} wait in it, and ${number(others)} in each of the others on average. One of its consumers may take messages and not acknowledge them: look at \`unackedMessages\` of each.`,
    commands: [
      pipelineCommand(place, 'backlog'),
      `curl -s '${place.pulsarApi}/admin/v2/${worst.partition.replace('://', '/')}/stats'`,
    ],
  })
}

export const deadLetters: Rule = ({ queue, faults, instances, place }) => {
  if (!queue.deadLetters) return undefined
  const [most] = faults
  const [count, all] = [most?.count ?? 0, total(faults)]
  const share =
    count === all ? 'All that the workers reported' : `${number(count)} of the ${number(all)} that the workers reported`
  const why = most ? ` ${share} were ${most.name}.` : ''
  const last = latestTrouble(instances, ({ kind }) => kind === 'dead_letter')
  return finding('dead_letters', {
    severity: 'watch',
    facts: { deadLetters: queue.deadLetters, commonest: count, known: all },
    title: `${counted(queue.deadLetters, 'dead letter waits', 'dead letters wait')}`,
    where: 'the dead-letter topic',
    text: `Elasticsearch refused them permanently.${why} Look at the reasons below, fix the cause, then replay them: nothing is stored twice.`,
    ...withReason(last),
    commands: [pipelineCommand(place, 'dead-letters list'), pipelineCommand(place, 'dead-letters replay')],
  })
}

export const apiBusy: Rule = ({ instances }) => {
  const apis = running(instances, 'api')
  const busy = apis.filter(({ cpuCores }) => (cpuCores ?? 0) >= FULL_CORE)
  const [first] = busy
  if (!first || busy.length * 2 < apis.length) return undefined
  return finding('api_busy', {
    severity: 'watch',
    facts: { busy: busy.length, apis: apis.length },
    where: busy
      .map(({ url }) => url)
      .slice(0, 3)
      .join(', '),
    text: `${number(busy.length)} of ${counted(apis.length, 'API instance')} use ${percent(FULL_CORE)} of a core or more, and one cannot use much more than one. Run more API instances.`,
  })
}
