import { createHash } from 'node:crypto'
import { composer } from '../runtime/api/compose.ts'
import type { Part } from '../runtime/api/packer.ts'
import type { Config } from '../runtime/config.ts'
import { type Call, generateLoad } from '../runtime/send/generate.ts'

/**
 * Bytes of one event. `realistic`: about 650 as stored. `small`: 120 as the client sends it, because the data that the edge adds (times,
 * source, session, profile) takes more. `large`: about 2500 as stored. `varied`: about 900, of random words; few real documents
 * repeat themselves less.
 */
export type MixName = 'realistic' | 'small' | 'large' | 'varied'

/** Number of visitors in the calls, and so of sessions and profiles. */
const PROFILES = 10_000
const SMALL_BYTES = 120
/** Added to the realistic event to come to about 2500 bytes. */
const LARGE_EXTRA_BYTES = 1850

export interface MixOptions {
  readonly mix: MixName
  readonly events: number
  readonly eventsPerCall: number
  readonly sources: readonly string[]
}

/** Calls as a client sends them. Ids are UUIDv7, so each event has its index, and no two are alike. */
export function* calls({ mix, events, eventsPerCall, sources }: MixOptions): Generator<Call> {
  let number = 0
  for (const call of generateLoad({ source: sources[0] as string, events, eventsPerCall, profiles: PROFILES })) {
    const source = { id: sources[number % sources.length] as string }
    yield { ...call, source, events: call.events.map((event) => shaped[mix](event)) }
    number += 1
  }
}

type Event = Call['events'][number]

const shaped: Readonly<Record<MixName, (event: Event) => Event>> = {
  realistic: (event) => event,
  small: ({ id, type }) => {
    const bare = JSON.stringify({ id, type, properties: { page: '' } })
    return { id, type, properties: { page: 'p'.repeat(Math.max(1, SMALL_BYTES - bare.length)) } }
  },
  varied: (event) => {
    const words = wordsOf(event.id)
    const some = (from: number, to: number) => words.slice(from, to).join(' ')
    const [shelf, product, campaign, medium, browser, path] = words
    return {
      ...event,
      properties: {
        number: (event['properties'] as { number: number }).number,
        url: `https://shop.example.com/${shelf}/${product}?utm_source=${medium}&utm_campaign=${campaign}`,
        title: some(6, 12),
        description: some(12, 24),
        search: some(24, 28),
        categories: words.slice(28),
      },
      context: { ...(event['context'] as object), browser, page: { hash: '', path: `/${path}` } },
    }
  },
  large: (event) => ({ ...event, properties: { ...(event['properties'] as object), ...article(event.id) } }),
}

const SYLLABLES = 'ba chi dor e fen gu hal in jo ker lu men na oth pri ra'.split(' ')

/** 32 of 65,536 words of four syllables, the same for the same id. */
function wordsOf(id: string): readonly string[] {
  const digits = createHash('sha512').update(id).digest('hex')
  const syllable = (digit: string) => SYLLABLES[Number.parseInt(digit, 16)]
  return Array.from({ length: 32 }, (_, word) => [...digits.slice(word * 4, word * 4 + 4)].map(syllable).join(''))
}

/** Keys and words like those of a long article view, different for each event. */
function article(id: string): Record<string, string> {
  const fields = 10
  const length = Math.floor(LARGE_EXTRA_BYTES / fields) - '"section-0":"",'.length
  const words = `${id} a sentence about gardens, chairs and all that grows there `
  return Object.fromEntries(
    Array.from({ length: fields }, (_, index) => [
      `section-${index}`,
      words
        .slice(index)
        .repeat(Math.ceil(length / words.length) + 1)
        .slice(0, length),
    ]),
  )
}

/** What the API makes of a call: the parts that it would publish. @throws Error when the call has faults: a mistake of the bench. */
export function partsOf(config: Config): (call: Call, nowMs: number) => readonly Part[] {
  const { compose } = composer(config)
  return (call, nowMs) => {
    const composition = compose(call as unknown as Parameters<typeof compose>[0], nowMs)
    if (composition.kind !== 'composed')
      throw new Error(`a call of the bench has faults: ${JSON.stringify(composition)}`)
    return composition.composed.parts
  }
}

/** The `_bulk` bodies of all parts, with the given number of events in each. */
export function bulkBodies(parts: readonly Part[], eventsPerBulk: number, withStates: boolean): Buffer[] {
  const bodies: Buffer[] = []
  let gathered: string[] = []
  let events = 0
  for (const part of parts) {
    gathered.push(...part.eventLines)
    if (withStates) gathered.push(...part.stateLines)
    events += part.events
    if (events >= eventsPerBulk) {
      bodies.push(Buffer.from(gathered.join('')))
      gathered = []
      events = 0
    }
  }
  if (events > 0) bodies.push(Buffer.from(gathered.join('')))
  return bodies
}
