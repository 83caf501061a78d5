import { balanceInWords, counted, duration, number, percent, rate, trend } from '../../telemetry/format.js'
import { byId, element, setText, showTable } from './element.js'

/** @typedef {import('../state.ts').State} State */
/** @typedef {import('../state.ts').InstanceFigures} Instance */
/** @typedef {import('./element.js').Cell} Cell */

const REASONS = { size: 'full by events', bytes: 'full by bytes', timeout: 'timeout', drain: 'end of a worker' }
const NONE = '–'

/** @type {(state: State) => void} */
export function showFlow(state) {
  const { queue, acceptedPerSecond, storedPerSecond, storedP50Seconds, recent } = state
  const refused = recent.refusedCalls.reduce((sum, { count }) => sum + count, 0)
  const shown = [
    ['Events in', rate(acceptedPerSecond), acceptedNote(state)],
    ['Stored', rate(storedPerSecond), storedNote(state)],
    ['Backlog', known(queue.messages), backlogNote(queue)],
    ['Receipt to stored', duration(storedP50Seconds), latencyNote(state)],
    ['Dead letters', known(queue.deadLetters), deadLettersNote(queue)],
    ['Refused calls', number(refused), refusedNote(state)],
  ]
  byId('flow-figures').replaceChildren(
    ...shown.map(([name = '', value = '', note = '']) =>
      element('div', {}, [
        element('dt', {}, [name]),
        element('dd', { class: 'value' }, [value]),
        element('dd', { class: 'note' }, [note]),
      ]),
    ),
  )
}

/** @type {(state: State) => void} What became of all events, as a sum, and by source. */
export function showBalance({ balance, storedPerSecond }) {
  const since = new Date(balance.sinceMs).toLocaleTimeString('en-GB')
  const known = storedPerSecond === null ? 'No worker found: what became of the events is unknown.' : undefined
  setText('balance', known ?? `Since ${since}: ${balanceInWords(balance)}.${checked(balance.unexplained)}`)
  byId('balance-details').hidden = balance.sources.length === 0
  showTable(
    'balance-sources',
    'Events by source',
    [
      { name: 'Source' },
      { name: 'In', isNumber: true },
      { name: 'Stored or waiting', isNumber: true },
      { name: 'Duplicates', isNumber: true },
      { name: 'Conflicts', isNumber: true },
      { name: 'Dead letters', isNumber: true },
      { name: 'Erased', isNumber: true },
      { name: 'Not to be stored', isNumber: true },
    ],
    balance.sources.map((one) => [
      one.source,
      number(one.in),
      number(one.storedOrWaiting),
      number(one.duplicates),
      number(one.conflicts),
      number(one.deadLetters),
      number(one.erased),
      number(one.notStored),
    ]),
  )
}

/** @type {(unexplained: number | null) => string} */
function checked(unexplained) {
  if (unexplained === null) return ''
  if (unexplained === 0) return ' Nothing waits, and every event is accounted for.'
  return unexplained > 0
    ? ' The counts of a process that was killed may be missing: compare with Elasticsearch.'
    : ' Pulsar delivered events again, or stored some without an answer to their call; each is stored once.'
}

/** @type {(value: number | null) => string} */
function known(value) {
  return value === null ? 'unknown' : number(value)
}

/** @type {(state: State) => string} */
function acceptedNote({ recent: { unavailableEvents } }) {
  return unavailableEvents > 0 ? `${counted(unavailableEvents, 'event')} answered 503` : 'accepted, durable in Pulsar'
}

/** @type {(state: State) => string} */
function storedNote({ storedPerSecond, duplicatesPerSecond }) {
  if (storedPerSecond === null) return 'no worker found'
  return duplicatesPerSecond ? `${rate(duplicatesPerSecond)} received again, stored once` : 'in Elasticsearch'
}

/** @type {(state: State) => string} */
function latencyNote({ storedP99Seconds }) {
  if (storedP99Seconds === null) return 'no event was stored recently'
  return `median; 99 % within ${duration(storedP99Seconds)}`
}

/** @type {(state: State) => string} */
function refusedNote({ recent: { refusedCalls, seconds } }) {
  const [most] = refusedCalls
  const within = `in ${duration(seconds)}`
  return most
    ? `${within}, mostly ${most.status} of ${most.source === 'unknown' ? 'unknown sources' : most.source}`
    : within
}

/** @type {(queue: State['queue']) => string} */
function deadLettersNote({ deadLetters }) {
  if (deadLetters === null) return 'unknown'
  return deadLetters > 0 ? 'to be replayed' : 'none wait'
}

/** @type {(queue: State['queue']) => string} */
function backlogNote({ messages, events, trendPerSecond, secondsToDrain, isInHand }) {
  if (messages === null) return 'unknown'
  if (messages === 0) return 'messages: none wait'
  const holding = events === null ? '' : `, about ${counted(events, 'event')}`
  if (isInHand) return `messages${holding}, in flight`
  return `messages${holding}; ${trend(trendPerSecond)}, ${drains(messages, trendPerSecond, secondsToDrain)}`
}

/** @type {(queue: State['queue']) => string} */
function backlogLead({ messages, isInHand }) {
  const waiting = `${counted(messages ?? 0, 'message')} not yet acknowledged`
  return isInHand ? `${waiting}: no more than is in flight.` : `${waiting}, more than is in flight.`
}

/** @type {(messages: number, perSecond: number | null, seconds: number | null) => string} */
function drains(messages, perSecond, seconds) {
  if (messages === 0) return 'empty'
  if (perSecond === null) return NONE
  return seconds === null ? 'does not shrink' : `empty in ${duration(seconds)}`
}

/** @type {(state: State) => void} */
export function showBacklog({ queue }) {
  setText(
    'backlog-lead',
    queue.reason !== undefined
      ? `Unknown: ${queue.reason}`
      : queue.messages === 0
        ? 'No message waits: everything is acknowledged.'
        : backlogLead(queue),
  )
  showTable(
    'partitions',
    'Messages by partition',
    [
      { name: 'Partition' },
      { name: 'Messages', isNumber: true },
      { name: 'Trend', isNumber: true },
      { name: 'Drained', isNumber: true },
    ],
    queue.partitions.map(({ partition, messages, trendPerSecond, secondsToDrain }) => [
      partition.replace(/^.*\//, '').replace(/^.*-partition-/, ''),
      number(messages),
      trend(trendPerSecond),
      queue.isInHand && messages > 0 ? 'in hand' : drains(messages, trendPerSecond, secondsToDrain),
    ]),
  )
}

/** Bulks grow beyond BULK_SIZE while they wait for those in flight. */
/** @type {(bulks: State['bulks'], bulkSize: number) => string} */
function filled({ meanEvents, fullShare }, bulkSize) {
  return (fullShare ?? 0) > 1
    ? `grown beyond ${number(bulkSize)} while they waited: ${number(meanEvents ?? 0)} events on average.`
    : `${percent(fullShare)} full: ${number(meanEvents ?? 0)} of ${number(bulkSize)} events on average.`
}

/** @type {(state: State) => void} */
export function showBulks({ bulks, bulkSize, windowSeconds, storedPerSecond }) {
  const within = `in ${duration(windowSeconds)}`
  const none = storedPerSecond === null ? 'No worker found.' : `No bulk was sent ${within}.`
  setText(
    'bulks-lead',
    bulks.count === 0 ? none : `${counted(bulks.count, 'bulk')} ${within}, ${filled(bulks, bulkSize)}`,
  )
  const reasons = Object.entries(bulks.byReason).filter(() => bulks.count > 0)
  const share = byId('bulks-share')
  share.hidden = reasons.length === 0
  share.setAttribute(
    'aria-label',
    reasons.map(([reason, count]) => `${reason} ${percent(count / bulks.count)}`).join(', '),
  )
  share.replaceChildren(
    ...reasons.flatMap(([reason, count]) => {
      const part = element('span', { class: reason })
      part.style.flexGrow = String(count)
      return count === 0 ? [] : [part]
    }),
  )
  showTable(
    'bulk-reasons',
    'Why bulks were sent',
    [{ name: 'Reason' }, { name: 'Bulks', isNumber: true }, { name: 'Share', isNumber: true }],
    reasons.map(([reason, count]) => [
      REASONS[/** @type {keyof typeof REASONS} */ (reason)] ?? reason,
      number(count),
      percent(count / bulks.count),
    ]),
  )
  facts('bulk-facts', [
    ['Median time of a bulk', duration(bulks.p50Seconds)],
    ['99 % of bulks within', duration(bulks.p99Seconds)],
    ['Operations sent again', number(bulks.retries.reduce((sum, { count }) => sum + count, 0))],
  ])
  showTable(
    'retries',
    `Sent again ${within}, by cause`,
    [{ name: 'Cause' }, { name: 'Operations', isNumber: true }],
    bulks.retries.map(({ name, count }) => [name, number(count)]),
  )
}

/** @type {(id: string, shown: readonly (readonly [string, string])[]) => void} */
function facts(id, shown) {
  byId(id).replaceChildren(
    ...shown.map(([name, value]) => element('div', {}, [element('dt', {}, [name]), element('dd', {}, [value])])),
  )
}
