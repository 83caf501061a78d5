import { counted, duration, number, percent } from '../../telemetry/format.js'
import type { RefusedCalls } from '../state.ts'
import { finding, latestTrouble, type Rule, total, withReason } from './rule.ts'

/** Below these a scanner or one broken page is enough. */
const REFUSED_SHARE = 0.01
const FEWEST_REFUSED = 3
/** Refused calls a second of one source that is in the file, however many calls others make. */
const REFUSED_PER_SECOND = 1
/** Share of all calls from which on it is urgent. */
const URGENT_SHARE = 0.1
const UNKNOWN = 'unknown'

/** What each status means, and what to do; by the docs of the API. */
const BY_STATUS: Readonly<Record<number, string>> = {
  400: 'The sender, or a proxy before the API, sends HTTP that cannot be read.',
  401: 'The source is unknown or disabled, or its secret is missing or wrong. Correct it at the sender, or in the sources file.',
  403: 'A page of another origin sends, or a bot. Add the origin to `allowedOrigins` of the source, if it is yours.',
  413: 'Calls are too large. The sender must put fewer events in one call, or raise API_MAX_BODY_BYTES.',
  415: 'The sender names a type of body that is not known. It must send application/json.',
  422: 'The calls have faults, which the answer lists. A release of the sender has probably changed them.',
  429: 'A limit is reached: of the source, of one address, or of the memory of the API. Raise it, or run more APIs.',
}
const OTHER_STATUS = 'The answer has the reason.'

export const callsRefused: Rule = ({ recent, instances, place }) => {
  const { refusedCalls, calls, seconds } = recent
  const [most] = refusedCalls
  const refused = total(refusedCalls)
  const share = refused / Math.max(calls, refused)
  const isOften = refused >= FEWEST_REFUSED && share >= REFUSED_SHARE
  const loud = refusedCalls.find(({ source, count }) => source !== UNKNOWN && count >= REFUSED_PER_SECOND * seconds)
  const worst = isOften ? most : loud
  if (!worst) return undefined
  const { status, source } = worst
  const last = latestTrouble(instances, ({ kind, where }) => kind === `call_${status}` && where === source)
  const others = refusedCalls.length > 1 ? ` All: ${refusedCalls.slice(0, 5).map(inWords).join(', ')}.` : ''
  return finding('calls_refused', {
    severity: share >= URGENT_SHARE ? 'act' : 'watch',
    facts: { status, source, refused, calls },
    title: `Calls are refused with ${status}`,
    where: source === UNKNOWN ? 'a source that is not in the sources file' : `source ${source}`,
    text: `${counted(refused, 'call')} of ${number(calls)} in ${duration(seconds)} (${percent(share)}) were answered 4xx.${others} ${BY_STATUS[status] ?? OTHER_STATUS}`,
    ...withReason(last),
    commands: status === 401 || status === 403 ? [`cat '${place.sourcesFile}'`] : [],
  })
}

function inWords({ source, status, count }: RefusedCalls): string {
  return `${number(count)} × ${status} of ${source === UNKNOWN ? 'unknown sources' : source}`
}

export const eventsUnavailable: Rule = ({ recent: { unavailableEvents, seconds }, place }) =>
  unavailableEvents === 0
    ? undefined
    : finding('events_unavailable', {
        severity: 'act',
        facts: { events: unavailableEvents },
        where: place.pulsarApi,
        text: `${counted(unavailableEvents, 'event')} in ${duration(seconds)} got no receipt from Pulsar in time. Senders repeat them with the same ids. Check the brokers and the bookies.`,
      })

/** More of these a second than scanners of the internet make. */
const UNROUTED_PER_SECOND = 1

export const connectionsClosed: Rule = ({ recent: { unrouted, seconds } }) =>
  unrouted.some(({ name }) => name === 'too_many_connections')
    ? finding('connections_closed', {
        severity: 'act',
        facts: { ended: total(unrouted) },
        where: 'the public listener',
        text: `${endedIn(unrouted, seconds)} Raise the limit on open files, or API_MAX_CONNECTIONS, or run more API instances.`,
      })
    : undefined

export const callsUnrouted: Rule = ({ recent: { unrouted, seconds } }) =>
  total(unrouted) <= UNROUTED_PER_SECOND * seconds
    ? undefined
    : finding('calls_unrouted', {
        severity: 'watch',
        facts: { ended: total(unrouted) },
        where: 'the public listener',
        text: `${endedIn(unrouted, seconds)} The log of the API names a client of each kind.`,
      })

function endedIn(unrouted: Parameters<Rule>[0]['recent']['unrouted'], seconds: number): string {
  const reasons = unrouted.map(({ name, count }) => `${name} ${number(count)}`).join(', ')
  return `${counted(total(unrouted), 'request or connection', 'requests and connections')} in ${duration(seconds)} ended before a route saw them: ${reasons}.`
}

export const sourcesFaulty: Rule = ({ instances, place }) => {
  const faulty = instances.filter(({ hasSourcesFault }) => hasSourcesFault)
  if (faulty.length === 0) return undefined
  const last = latestTrouble(faulty, ({ kind }) => kind === 'sources_faulty')
  return finding('sources_faulty', {
    severity: 'act',
    facts: { apis: faulty.length },
    where: faulty.map(({ url }) => url).join(', '),
    text: `${counted(faulty.length, 'API')} kept the last good file, and will not start again with this one. Correct the file.`,
    ...withReason(last),
    commands: [`cat '${place.sourcesFile}'`],
  })
}

export const eventConflicts: Rule = ({ recent: { conflicts, seconds } }) =>
  conflicts === 0
    ? undefined
    : finding('event_conflicts', {
        severity: 'watch',
        facts: { events: conflicts },
        where: 'the sources of these events',
        text: `${counted(conflicts, 'event')} in ${duration(seconds)} have the id of another event of their source, but other content. The first one is stored, the others are not. The log of the worker names one of them: let its source create a new id for each event.`,
      })
