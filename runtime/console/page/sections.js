import { byId, element, setText, showTable } from './element.js'
import { counted, duration, number, percent, rate, size, trend } from './format.js'

/** @typedef {import('../state.ts').State} State */
/** @typedef {import('../state.ts').InstanceFigures} Instance */
/** @typedef {import('./element.js').Cell} Cell */

const SEVERITIES = { act: 'Act now', watch: 'Watch', hint: 'Hint' }
const REASONS = { size: 'full by events', bytes: 'full by bytes', timeout: 'timeout', drain: 'end of a worker' }
const NONE = '–'

/** @type {(state: State) => void} */
export function showAdvice({ advice }) {
  const worst = advice[0]?.severity ?? 'well'
  const word = { act: 'Act now', watch: 'Watch', hint: 'All is well', well: 'All is well' }[worst]
  setText('state', word)
  byId('state').dataset['severity'] = worst === 'hint' ? 'well' : worst
  const items = advice.map(({ severity, title, text }) =>
    element('li', { class: severity }, [
      element('p', { class: 'title' }, [
        element('span', { class: `word ${severity}` }, [SEVERITIES[severity]]),
        ` ${title}`,
      ]),
      element('p', {}, [text]),
    ]),
  )
  const calm = element('li', { class: 'well' }, [
    element('p', {}, ['Nothing to do: events come in, are stored, and nothing waits for you.']),
  ])
  byId('advice-list').replaceChildren(...(items.length > 0 ? items : [calm]))
  // Numbers change every 2 s; what is spoken changes only with what there is to do.
  setText(
    'advice-spoken',
    advice.length === 0
      ? 'Nothing to do'
      : advice.map(({ severity, title }) => `${SEVERITIES[severity]}: ${title}`).join('. '),
  )
}

/** @type {(state: State) => void} */
export function showFlow(state) {
  const { queue } = state
  const backlog = queue.messages === null ? 'unknown' : counted(queue.messages, 'message')
  const events = queue.events === null || queue.messages === 0 ? '' : `about ${counted(queue.events, 'event')}, `
  const shown = [
    [
      'Events in',
      rate(state.acceptedPerSecond),
      state.unavailableEvents > 0
        ? `${counted(state.unavailableEvents, 'event')} answered 503`
        : 'accepted, durable in Pulsar',
    ],
    [
      'Stored',
      rate(state.storedPerSecond),
      state.duplicatesPerSecond ? `${rate(state.duplicatesPerSecond)} came twice, stored once` : 'in Elasticsearch',
    ],
    [
      'Backlog',
      backlog,
      `${events}${queue.messages ? `${trend(queue.trendPerSecond)}, ${drains(queue.messages, queue.trendPerSecond, queue.secondsToDrain)}` : 'nothing waits'}`,
    ],
    [
      'Receipt to stored',
      duration(state.storedP50Seconds),
      state.storedP99Seconds === null
        ? 'no event was stored lately'
        : `median; 99 % within ${duration(state.storedP99Seconds)}`,
    ],
    [
      'Dead letters',
      queue.deadLetters === null ? 'unknown' : number(queue.deadLetters),
      queue.deadLetters ? 'wait for you' : 'nothing was refused',
    ],
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
      ? `Pulsar does not tell it: ${queue.reason}`
      : queue.messages === 0
        ? 'No message waits. Everything that came in is done with.'
        : `${counted(queue.messages ?? 0, 'message')} that no worker is done with, those that fill a bulk among them.`,
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
      drains(messages, trendPerSecond, secondsToDrain),
    ]),
  )
}

/** @type {(state: State) => void} */
export function showBulks({ bulks, bulkSize, windowSeconds, storedPerSecond }) {
  const within = `in ${duration(windowSeconds)}`
  const none = storedPerSecond === null ? 'No worker is seen.' : `No bulk was sent ${within}.`
  setText(
    'bulks-lead',
    bulks.count === 0
      ? none
      : `${counted(bulks.count, 'bulk')} ${within}, ${percent(bulks.fullShare)} full: ${number(bulks.meanEvents ?? 0)} of ${number(bulkSize)} events on average.`,
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

/** @type {(state: State) => void} */
export function showInstances({ instances, namesInstances }) {
  const workers = instances.filter(({ program }) => program === 'worker')
  const apis = instances.filter(({ program }) => program === 'api')
  const silent = instances.filter(({ reason }) => reason !== undefined)
  const named = namesInstances ? '' : ' CONSOLE_INSTANCES names no others, so only this one is seen.'
  setText(
    'instances-lead',
    `${counted(workers.length, 'worker')} and ${counted(apis.length, 'API instance')} answer.${named}`,
  )
  const common = [
    { name: 'Instance' },
    { name: 'Events', isNumber: true },
    { name: 'CPU', isNumber: true },
    { name: 'Memory', isNumber: true },
    { name: 'Event loop lag', isNumber: true },
  ]
  const cells = (/** @type {Instance} */ one) => [
    one.url.replace(/^https?:\/\//, ''),
    rate(one.eventsPerSecond),
    percent(one.cpuCores),
    size(one.residentBytes),
    lag(one.eventLoopLagSeconds),
  ]
  showTable(
    'workers',
    'Workers',
    [...common, { name: 'Bulks in flight', isNumber: true }, { name: 'Up', isNumber: true }],
    workers.map((one) => [...cells(one), `at most ${number(one.bulkConcurrency ?? 0)}`, duration(one.uptimeSeconds)]),
  )
  showTable(
    'apis',
    'API',
    [...common, { name: 'Calls held', isNumber: true }, { name: 'Up', isNumber: true }],
    apis.map((one) => [...cells(one), size(one.pendingBytes), duration(one.uptimeSeconds)]),
  )
  showTable(
    'silent',
    'Not reachable',
    [{ name: 'Instance' }, { name: 'State' }, { name: 'Why' }],
    silent.map(({ url, reason = '' }) => [url, { text: 'no answer', severity: 'act' }, reason]),
  )
}

/** @type {(seconds: number | null) => Cell} */
function lag(seconds) {
  return seconds !== null && seconds > 0.25 ? { text: duration(seconds), severity: 'watch' } : duration(seconds)
}

/** @type {(state: State) => void} */
export function showServers({ queue, search, instances }) {
  /** @type {(ok: boolean, well?: string, bad?: string) => Cell} */
  const state = (ok, well = 'reachable', bad = 'not reachable') =>
    ok ? { text: well, severity: 'well' } : { text: bad, severity: 'act' }
  const health = { green: 'well', yellow: 'watch', red: 'act' }
  const severity = /** @type {'well' | 'watch' | 'act'} */ (
    health[/** @type {keyof typeof health} */ (search.status)] ?? 'act'
  )
  showTable(
    'servers',
    'State of the servers',
    [{ name: 'Server' }, { name: 'State' }, { name: 'What it tells' }],
    [
      [
        'Pulsar, admin API',
        state(queue.reason === undefined),
        queue.reason ?? `${counted(queue.partitions.length, 'partition')} of the topic`,
      ],
      [
        'Pulsar, publishing',
        state(queue.publishTrouble === undefined, 'connected', 'not connected'),
        queue.publishTrouble ??
          `from ${counted(instances.filter(({ url }) => url === 'this instance').length, 'API instance')}, this one`,
      ],
      [
        'Elasticsearch',
        search.reason === undefined ? { text: search.status ?? '', severity } : state(false),
        search.reason ??
          `${counted(search.nodes ?? 0, 'node')}, ${counted(search.activeShards ?? 0, 'shard')} in service, ${number(search.unassignedShards ?? 0)} without a node`,
      ],
    ],
  )
  showTable(
    'disks',
    'Disks of Elasticsearch',
    [
      { name: 'Node' },
      { name: 'In use', isNumber: true },
      { name: 'Free', isNumber: true },
      { name: 'No new shards under', isNumber: true },
      { name: 'Shards move under', isNumber: true },
      { name: 'Read-only under', isNumber: true },
    ],
    search.disks.map((disk) => [
      disk.node,
      percent(1 - disk.availableBytes / disk.totalBytes),
      disk.availableBytes <= (disk.highFreeBytes ?? -1)
        ? { text: size(disk.availableBytes), severity: 'act' }
        : disk.availableBytes <= (disk.lowFreeBytes ?? -1)
          ? { text: size(disk.availableBytes), severity: 'watch' }
          : size(disk.availableBytes),
      size(disk.lowFreeBytes),
      size(disk.highFreeBytes),
      size(disk.floodStageFreeBytes),
    ]),
  )
}

/** @type {(state: State) => void} */
export function showIndices({ search }) {
  const { indices, forecast, reason } = search
  const next = forecast
    ? ` At this pace ${forecast.nextIndex} takes ${size(forecast.primaryBytes)}, ${size(forecast.primaryBytes / forecast.shards)} in each of ${counted(forecast.shards, 'shard')}.`
    : ''
  setText(
    'indices-lead',
    reason !== undefined
      ? `Elasticsearch does not tell them: ${reason}`
      : indices.length === 0
        ? 'There are none yet; the first event makes one.'
        : `${counted(indices.length, 'index', 'indices')}.${next}`,
  )
  const severities = { green: 'well', yellow: 'watch', red: 'act' }
  showTable(
    'indices',
    'Indices of the pipeline',
    [
      { name: 'Index' },
      { name: 'Health' },
      { name: 'Documents', isNumber: true },
      { name: 'Size', isNumber: true },
      { name: 'Shards', isNumber: true },
      { name: 'Copies', isNumber: true },
      { name: 'One shard', isNumber: true },
    ],
    indices.map((index) => [
      index.name,
      {
        text: index.health,
        severity: /** @type {'well'} */ (severities[/** @type {'green'} */ (index.health)] ?? 'act'),
      },
      number(index.documents),
      size(index.bytes),
      number(index.shards),
      number(index.replicas),
      size(index.shardBytes),
    ]),
  )
}
