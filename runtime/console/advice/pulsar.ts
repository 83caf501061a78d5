import { duration } from '../../telemetry/format.js'
import { askPulsar, pipelineCommand } from './commands.ts'
import { ENOUGH_SECONDS, finding, type Rule } from './rule.ts'

/** Half of the receipts took this long or longer: a journal disk needs a few milliseconds. */
const SLOW_RECEIPT_SECONDS = 0.5

/** `facts_unknown` says only that the admin API does not answer, which is a cause of its own. */
const UNKNOWN = 'facts_unknown'

export const pulsarAway: Rule = ({ queue, place }) => {
  const { publishFault, notPromised, reason } = queue
  const isAway = notPromised === undefined || (notPromised === UNKNOWN && reason !== undefined)
  if (publishFault === undefined || !isAway) return undefined
  return finding('pulsar_away', {
    severity: 'act',
    facts: {},
    where: place.pulsarApi,
    text: 'This API cannot publish: calls are answered 503, and senders repeat them. Check the brokers and the bookies.',
    reason: publishFault,
    commands: [askPulsar(place, '/brokers/health')],
  })
}

export const pulsarAdminAway: Rule = ({ queue, place }) => {
  const { reason, notPromised } = queue
  if (reason === undefined) return undefined
  const calls =
    notPromised === UNKNOWN
      ? 'Calls are answered 503, because nobody confirms that events are read.'
      : 'After 10 s calls are answered 503, because nobody confirms that events are read.'
  return finding('pulsar_admin_away', {
    severity: 'act',
    facts: {},
    where: place.pulsarApi,
    text: `Backlog and dead letters are unknown. ${calls} Check PULSAR_API and the brokers.`,
    reason,
    commands: [askPulsar(place, '/brokers/health')],
  })
}

export const notPromised: Rule = ({ queue, place }) => {
  const { notPromised: code, publishFault } = queue
  if (code === undefined || publishFault === undefined) return undefined
  return finding('not_promised', {
    severity: 'act',
    facts: { reason: code },
    where: 'the topic of events',
    text: 'Calls are answered 503, and senders repeat them: events published now might never be stored. Do what the reason says.',
    reason: publishFault,
    commands: [pipelineCommand(place, 'set-up')],
  })
}

export const partitionLeftOut: Rule = ({ queue, place }) =>
  queue.leftOut === undefined || queue.publishFault !== undefined
    ? undefined
    : finding('partition_left_out', {
        severity: 'act',
        facts: {},
        where: 'the topic of events',
        text: 'The other partitions take its messages.',
        reason: queue.leftOut,
        commands: [pipelineCommand(place, 'backlog'), pipelineCommand(place, 'set-up')],
      })

export const receiptsSlow: Rule = ({ recent: { receiptP50Seconds, seconds }, place }) => {
  if (receiptP50Seconds === null || receiptP50Seconds < SLOW_RECEIPT_SECONDS || seconds < ENOUGH_SECONDS)
    return undefined
  return finding('receipts_slow', {
    severity: 'watch',
    facts: { receiptSeconds: receiptP50Seconds },
    where: place.pulsarApi,
    text: `Half of the receipts of the last ${duration(seconds)} took ${duration(receiptP50Seconds)} or more, and calls wait for them. Look at the load of brokers and bookies, and at the journal disks.`,
    commands: [askPulsar(place, '/brokers/health')],
  })
}
