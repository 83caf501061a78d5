import { counted, duration, number, percent, rate, size } from '../../telemetry/format.js'
import { setText, showTable } from './element.js'

/** @typedef {import('../state.ts').State} State */
/** @typedef {import('../state.ts').InstanceFigures} Instance */
/** @typedef {import('./element.js').Cell} Cell */

/** @type {(state: State) => void} */
export function showInstances({ instances, namesInstances }) {
  const workers = instances.filter(({ program }) => program === 'worker')
  const apis = instances.filter(({ program }) => program === 'api')
  const silent = instances.filter(({ reason }) => reason !== undefined)
  const named = namesInstances ? '' : ' CONSOLE_INSTANCES names no others, so only this one is shown.'
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
    workers.map((one) => [...cells(one), `at most ${number(one.mostBulksInFlight ?? 0)}`, duration(one.uptimeSeconds)]),
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
  const severity = isSettling(search)
    ? 'well'
    : /** @type {'well' | 'watch' | 'act'} */ (health[/** @type {keyof typeof health} */ (search.status)] ?? 'act')
  showTable(
    'servers',
    'State of the servers',
    [{ name: 'Server' }, { name: 'State' }, { name: 'Detail' }],
    [
      [
        'Pulsar, admin API',
        state(queue.reason === undefined),
        queue.reason ?? `${counted(queue.partitions.length, 'partition')} of the topic`,
      ],
      [
        'Pulsar, publishing',
        state(queue.publishFault === undefined, 'connected', 'not connected'),
        queue.publishFault ??
          `from ${counted(instances.filter(({ url }) => url === 'this instance').length, 'API instance')}, this one`,
      ],
      [
        'Elasticsearch',
        search.reason === undefined ? { text: search.status ?? '', severity } : state(false),
        search.reason ??
          `${counted(search.nodes ?? 0, 'node')}, ${counted(search.activeShards ?? 0, 'shard')} in service, ${number(search.unassignedShards ?? 0)} unassigned${isSettling(search) ? ' for a moment' : ''}`,
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
      { name: 'No new shards below', isNumber: true },
      { name: 'Shards move below', isNumber: true },
      { name: 'Read-only under', isNumber: true },
    ],
    search.disks.map((disk) => [
      disk.node,
      percent(1 - disk.availableBytes / disk.totalBytes),
      free(disk),
      ...[disk.lowFreeBytes, disk.highFreeBytes, disk.floodStageFreeBytes].map((bytes) =>
        bytes === null ? 'not watched' : size(bytes),
      ),
    ]),
  )
}

/** @type {(search: State['search']) => boolean} Whether only shards of the last 10 s are not in service yet: nothing to do about. */
function isSettling({ status, missingShards }) {
  return status !== 'green' && missingShards?.length === 0
}

/** @type {(disk: import('../state.ts').DiskFigures) => Cell} */
function free({ availableBytes, lowFreeBytes, highFreeBytes }) {
  if (availableBytes <= (highFreeBytes ?? -1)) return { text: size(availableBytes), severity: 'act' }
  return availableBytes <= (lowFreeBytes ?? -1)
    ? { text: size(availableBytes), severity: 'watch' }
    : size(availableBytes)
}

/** @type {(state: State) => void} */
export function showIndices({ search }) {
  const { indices, forecast, reason } = search
  const next = forecast
    ? ` At this rate ${forecast.nextIndex} takes ${size(forecast.primaryBytes)}, ${size(forecast.primaryBytes / forecast.shards)} in each of ${counted(forecast.shards, 'shard')}.`
    : ''
  setText(
    'indices-lead',
    reason !== undefined
      ? `Unknown, because Elasticsearch does not answer: ${reason}`
      : indices.length === 0
        ? 'None yet; the first event creates one.'
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
