import type { FastifyRequest } from 'fastify'
import { holdAtLeast } from './admission.ts'
import type { Composed, Composer } from './compose.ts'
import { limited } from './faults.ts'
import type { ApiMetrics } from './metrics.ts'
import type { Publisher } from './publisher.ts'
import { FaultyCall, Refused } from './refused.ts'
import type { TrackAnswer, TrackPayload } from './schema.ts'
import { originAllowed, type Sources } from './sources.ts'

export interface TrackDependencies {
  readonly sources: Sources
  readonly publisher: Publisher
  readonly metrics: ApiMetrics
}

export interface TrackOptions {
  /** Whether the call knows no profile, like that of a webhook. */
  readonly profileLess: boolean
}

export type Track = (request: FastifyRequest, payload: TrackPayload, options: TrackOptions) => Promise<TrackAnswer>

/** Handles one call: who sends it, what it says, and only after the receipts of the broker, the answer. */
export function tracker({ sources, publisher, metrics }: TrackDependencies, composer: Composer): Track {
  const publish = async (composed: Composed): Promise<TrackAnswer> => {
    try {
      await allReceipts(composed.parts.map((part) => publisher.publish(part)))
    } catch (error) {
      metrics.events('unavailable', composed.events)
      throw error
    }
    metrics.events('accepted', composed.events)
    return answerTo(composed)
  }
  return (request, payload, options) => {
    authorize(sources, payload.source.id.trim(), request.headers.origin)
    const composed = compose(composer, payload, options.profileLess)
    holdAtLeast(request.hold, composed.bytes)
    // What waits for the receipts is the lines alone: the parsed body takes several times its size.
    request.body = undefined
    return publish(composed)
  }
}

function authorize(sources: Sources, sourceId: string, origin: string | undefined): void {
  const source = sources.find(sourceId)
  if (!source) throw new Refused(401, `Access denied. Unknown event source "${sourceId}".`)
  if (!source.enabled) throw new Refused(401, `Access denied. Event source "${sourceId}" is disabled.`)
  if (origin !== undefined && !originAllowed(source, origin)) {
    throw new Refused(403, `Access denied. Origin "${origin}" is not allowed for event source "${sourceId}".`)
  }
}

function compose(composer: Composer, payload: TrackPayload, profileLess: boolean): Composed {
  const composition = composer.compose(payload, Date.now(), profileLess)
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

function answerTo({ profileId, sessionId }: Composed): TrackAnswer {
  return {
    task: [crypto.randomUUID()],
    ux: [],
    response: {},
    events: [],
    profile: profileId === null ? null : { id: profileId },
    session: sessionId === null ? null : { id: sessionId },
    errors: [],
    warnings: [],
  }
}
