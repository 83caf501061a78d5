import type { FastifyRequest } from 'fastify'
import { holdBytes } from './admission.ts'
import type { Composed, Composer, Composition } from './compose.ts'
import { limited } from './faults.ts'
import type { RateLimiter } from './limits.ts'
import { liveCallOf } from './live-call.ts'
import type { Commit, LiveEvents } from './live-events.ts'
import type { ApiMetrics } from './metrics.ts'
import { originOf } from './origin.ts'
import type { Publisher } from './publisher.ts'
import { FaultyCall, Refused } from './refused.ts'
import type { TrackAnswer, TrackPayload } from './schema.ts'
import type { Authorize } from './sender.ts'
import type { Sources } from './sources.ts'
import { type Turns, turn } from './turns.ts'

export interface TrackDependencies {
  readonly authorize: Authorize
  readonly sources: Pick<Sources, 'find'>
  readonly rates: RateLimiter
  readonly turns: Turns
  readonly publisher: Publisher
  readonly metrics: ApiMetrics
  readonly live: LiveEvents
}

/** The lines are held as text, and again in the message until it has its receipt. */
const LINE_COPIES = 2

export interface TrackOptions {
  /** Whether the call knows no profile, like that of a webhook. */
  readonly profileLess: boolean
}

export type Track = (request: FastifyRequest, payload: TrackPayload, options: TrackOptions) => Promise<TrackAnswer>

/** Handles one call: who sends it, what it says, and only after the receipts of the broker, the answer. */
export function trackHandler(
  { authorize, sources, rates, turns, publisher, metrics, live }: TrackDependencies,
  composer: Composer,
): Track {
  const answered = async (receipts: readonly Promise<void>[], source: string, told: Told): Promise<TrackAnswer> => {
    try {
      await allReceipts(receipts)
    } catch (error) {
      metrics.events(source, 'unavailable', told.events)
      throw error
    }
    metrics.events(source, 'accepted', told.events - told.notStored)
    metrics.events(source, 'not_stored', told.notStored)
    told.show?.()
    return answerTo(told)
  }
  const knowsSource = (id: string) => sources.find(id)?.enabled === true
  return async (request, payload, { profileLess }) => {
    const source = authorize(request, payload.source.id.trim())
    const rules = { profileLess, trustsProfileIds: source.trustsProfileIds, knowsSource }
    const steps = composer.steps(payload, Date.now(), rules, originOf(request, source))
    // The first step in the turn in which the body was parsed: it is all of most calls.
    let step = steps.next()
    while (!step.done) step = await turn(turns, source.owner, () => steps.next())
    const composed = composedOf(step.value)
    rates.take(source.id, source.limits, { calls: 0, events: composed.events, bytes: composed.bytes })
    holdBytes(request.hold, LINE_COPIES * composed.bytes)
    const show = live.isWatched ? live.pick(liveCallOf(payload, composed, Date.now())) : undefined
    // Only the bytes of the messages wait for the receipts: body and lines take several times their size.
    request.body = undefined
    const { parts, ...told } = composed
    return answered(
      parts.map((part) => publisher.publish(part, source.id, request.span)),
      source.id,
      { ...told, show },
    )
  }
}

/** What is known of a call while its receipts are waited for. */
interface Told extends Omit<Composed, 'parts'> {
  /** Shows its events to those who watch. */
  readonly show: Commit | undefined
}

function composedOf(composition: Composition): Composed {
  if (composition.kind === 'faulty') throw new FaultyCall(limited(composition.faults))
  if (composition.kind === 'too_large') throw new Refused(413, `Too large: ${composition.detail}`)
  return composition.composed
}

/** Waits for every one even when one fails, so that nothing of a refused call is still under way after its answer. */
async function allReceipts(publishing: readonly Promise<void>[]): Promise<void> {
  for (const receipt of await Promise.allSettled(publishing)) {
    if (receipt.status === 'rejected') throw receipt.reason
  }
}

function answerTo({ profileId, sessionId, warnings }: Told): TrackAnswer {
  return {
    task: [crypto.randomUUID()],
    ux: [],
    response: {},
    events: [],
    profile: profileId === null ? null : { id: profileId },
    session: sessionId === null ? null : { id: sessionId },
    errors: [],
    warnings: [...warnings],
  }
}
