/** A sampled span that has begun. One that is not sampled does not exist, so that it costs nothing further on. */
export interface TraceSpan {
  /** As the header and the property of the same name have it. */
  readonly traceparent: string
  child(kind: 'producer' | 'client', name: string, attributes?: TraceAttributes): TraceSpan
  end(outcome?: TraceOutcome): void
}

export type TraceAttributes = Readonly<Record<string, string | number>>

export interface TraceOutcome {
  readonly attributes?: TraceAttributes
  /** Why the operation failed. @default it did not */
  readonly fault?: string | undefined
}

/** Begins spans; `undefined` for those that are not sampled. */
export interface Tracer {
  /** @param traceparent of the caller; one that is malformed is ignored. */
  call(name: string, traceparent: string | undefined): TraceSpan | undefined
  /** A batch of the messages with these `traceparent` properties: child of the first, with a link to each. */
  process(traceparents: Iterable<string>, attributes: TraceAttributes): TraceSpan | undefined
  /** Exports what has ended, for some seconds at most. */
  close(): Promise<void>
}

/** Maximum number of spans that a message names, and of links of a batch. */
export const MAX_LINKS = 64

const SEPARATOR = ','

/** The property of a message that carries parts of several calls. */
export function joinTraceparents(spans: readonly TraceSpan[]): string {
  return spans
    .slice(0, MAX_LINKS)
    .map(({ traceparent }) => traceparent)
    .join(SEPARATOR)
}

export function splitTraceparents(property: string): readonly string[] {
  return property.split(SEPARATOR)
}
