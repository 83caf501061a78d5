import { bytesOf } from './bulk.ts'
import { callsTo } from './calls.ts'
import { type Registered, registered } from './event.ts'
import { eventIds } from './event-id.ts'
import type { Host } from './host.ts'
import { identityIn } from './identity.ts'
import { keptIn } from './kept.ts'
import { pauseIn } from './pause.ts'
import { permissionOf } from './permission.ts'
import { queueIn } from './queue.ts'
import { senderOf } from './sender.ts'
import { withDefaults } from './settings.ts'
import { triggerOf } from './trigger.ts'
import type { Answer, Helpers, Result, Tracker, TrackerOptions } from './types.ts'

const CONSENT_KEY = 'tracardi-consent'
/** How long after the end of loading the page waits for the first answer: what it binds to its buttons must not wait for the API. */
const READY_MS = 1000

export interface PageTracker extends Tracker {
  readonly helpers: Helpers
}

/**
 * Makes the library for a page.
 *
 * @param host the browser.
 */
export function trackerOn(host: Host, options: TrackerOptions): PageTracker {
  const settings = withDefaults(options)
  const { api, source, profile, context = {}, listeners, bulkEvents, bulkBytes, queueEvents, queueHours } = settings
  const nextId = eventIds(host.randomBytes)
  const kept = keptIn(host)
  const identity = identityIn(host, kept, profile, () => nextId(host.nowMs()))
  const pause = pauseIn(kept, `tracardi-pause:${source}`)
  const queue = queueIn(kept, `tracardi-queue:${source}:`)
  const results = new Map<string, (result?: Result) => void>()
  /** Events that wait for consent. */
  let held: Registered[] = []
  let initialized = false
  let isReady = false

  const permission = () => permissionOf(settings, host.signals, kept.getForGood(CONSENT_KEY))
  const mayStore = () => !host.isPrerendering() && permission() === 'granted'
  const shown = new Promise<void>((resolve) => host.on('prerenderingchange', resolve))
  const settle = (id: string, result?: Result) => {
    results.get(id)?.(result)
    results.delete(id)
  }

  const calls = callsTo(`${api}/track`, host, queue, pause, {
    envelope: (sessionId) => {
      const { utm, ...more } = host.callContext(context)
      return {
        source: { id: source },
        sentAt: new Date(host.nowMs()).toISOString(),
        session: { id: sessionId },
        profile: { id: identity.profile(sessionId) },
        context: { ...more, ...(utm && { utm: identity.campaign(sessionId, utm) }) },
        options: host.callOptions(),
      }
    },
    settled: settle,
    answered: ({ data = {} }) => {
      if (permission() !== 'granted') return
      identity.takeOver(data.profile?.id)
      // A listener of the page that fails must not stop what is sent.
      host.startTimer(0, () => ready(data))
    },
  })
  /** @default context the ids that a call would have now */
  const ready = (context?: Answer) => {
    if (isReady || !mayStore()) return
    isReady = true
    const session = { id: identity.session() }
    context ??= { profile: { id: identity.profile(session.id) }, session }
    listeners?.onContextReady?.({ tracker, helpers, context })
  }
  const readySoon = () => host.startTimer(READY_MS, ready)
  const limits = { events: bulkEvents, bytes: bulkBytes }
  const trackAutoEvents = () => {
    for (const [type, properties] of settings.autoEvents ?? []) void tracker.track(type, properties)
  }
  const lock = kept.shared ? `tracardi:${source}` : undefined
  const send = senderOf(host, queue, pause, calls, limits, lock, trackAutoEvents)

  const flush = async () => {
    trigger.reset()
    if (!mayStore()) return
    readySoon()
    const expired = queue.removeOlderThan(host.nowMs() - queueHours * 3600 * 1000)
    if (expired > 0) host.warn(`dropped ${expired} events after ${queueHours} hours`)
    await send()
  }

  const enqueue = ({ id, json, now }: Registered) => {
    calls.add({ id, json, sessionId: identity.session() })
    trigger.registered(bytesOf(json), now)
  }

  const initialize = () => {
    if (initialized || !mayStore()) return
    initialized = true
    const session = { id: identity.session() }
    host.startTimer(0, () => listeners?.onInit?.({ tracker, helpers, session }))
    if (host.isLoaded()) readySoon()
  }

  const helpers: Helpers = {
    track: (type, properties, more) => tracker.track(type, properties, { ...more, fire: true }),
    onClick: (target, listener) => helpers.addListener(target, 'click', listener),
    addListener: (target, type, listener) => {
      for (const element of host.elements(target)) element.addEventListener(type, listener)
    },
  }

  const tracker: PageTracker = {
    helpers,
    track: async (type, properties = null, given = null) => {
      // What happens in a page that nobody sees has not happened.
      if (host.isPrerendering()) await shown
      const permitted = permission()
      if (permitted === 'denied') return
      const nowMs = host.nowMs()
      try {
        if (held.length + queue.ids().length >= queueEvents) throw new Error(`${queueEvents} events wait`)
        const event = registered(nextId(nowMs), nowMs, type, properties, given, host.eventContext(context))
        const result = new Promise<Result | undefined>((resolve) => results.set(event.id, resolve))
        if (permitted === 'pending') held.push(event)
        else enqueue(event)
        return await result
      } catch (error) {
        host.warn(`dropped ${type}: ${error}`)
      }
    },
    page: (properties) => tracker.track('page-view', properties),
    identify: (profileId, traits) => {
      identity.identify(profileId)
      return tracker.track('identify', traits)
    },
    flush,
    consent: (given) => {
      if (!given) tracker.forget()
      // After the removal, which makes room in a full storage.
      kept.setForGood(CONSENT_KEY, given ? 'yes' : 'no')
      if (permission() !== 'granted') return
      initialize()
      const events = held
      held = []
      events.forEach(enqueue)
    },
    forget: () => {
      for (const id of queue.ids()) queue.remove(id)
      pause.end()
      identity.forget()
      for (const { id } of held) settle(id)
      held = []
      calls.settleOthers()
    },
  }
  const trigger = triggerOf(host, settings, trackAutoEvents, () => void flush())
  initialize()
  void shown.then(initialize)
  return tracker
}
