import { v7 as uuidV7 } from 'uuid'

/** One generated call to `/track`, as JSON. */
export interface Call {
  readonly source: { readonly id: string }
  readonly session?: { readonly id: string }
  readonly profile?: { readonly id: string }
  readonly events: readonly CallEvent[]
}

export type CallEvent = Readonly<Record<string, unknown>> & { readonly id: string; readonly type: string }

export type GeneratedEvent = CallEvent & {
  readonly properties: Readonly<Record<string, unknown>>
  readonly context: Readonly<Record<string, unknown>>
}

const TYPES = ['page-view', 'product-view', 'add-to-cart', 'search', 'purchase-order-placed'] as const
const PAGES = ['home', 'category', 'product', 'basket', 'checkout', 'help'] as const

export interface LoadOptions {
  readonly source: string
  readonly events: number
  readonly eventsPerCall: number
  /** Visitors among whom the calls go round. */
  readonly profiles: number
}

/** A load like that of a shop, about 650 bytes an event as it is stored. */
export function* generateLoad(options: LoadOptions): Generator<Call> {
  for (let sent = 0, call = 0; sent < options.events; call += 1) {
    const count = Math.min(options.eventsPerCall, options.events - sent)
    const visitor = call % options.profiles
    yield {
      source: { id: options.source },
      session: { id: `session-${visitor}` },
      profile: { id: `profile-${visitor}` },
      events: Array.from({ length: count }, (_, index) =>
        generateEvent(sent + index, uuidV7(), new Date().toISOString()),
      ),
    }
    sent += count
  }
}

/** An event like those of a shop. The same number gives the same event, except its id and time. */
export function generateEvent(number: number, id: string, createdAt: string): GeneratedEvent {
  const type = TYPES[number % TYPES.length] as string
  const page = PAGES[number % PAGES.length] as string
  return {
    id,
    type,
    time: { create: createdAt },
    properties: {
      number,
      page,
      url: `https://shop.example.com/${page}/${number % 5000}?utm_source=newsletter&utm_campaign=autumn`,
      title: `A ${page} page of the shop, number ${number % 5000}`,
      price: (number % 10_000) / 100,
      currency: 'EUR',
      quantity: (number % 5) + 1,
      categories: ['garden', 'tools', `shelf-${number % 40}`],
    },
    context: {
      browser: 'Firefox',
      language: 'en-GB',
      screen: { width: 1920, height: 1080 },
      page: { hash: '', path: `/${page}` },
    },
  }
}
