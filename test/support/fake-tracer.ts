import type { TraceOutcome, Tracer, TraceSpan } from '../../runtime/trace.ts'

/** Records spans as `name < parent`, in the order of their beginning, and how each ended. */
export class FakeTracer implements Tracer {
  readonly begun: string[] = []
  readonly ended: Record<string, TraceOutcome> = {}
  /** Whether calls are sampled. */
  samples = true

  call(name: string, traceparent: string | undefined): TraceSpan | undefined {
    return this.samples ? this.span(name, traceparent ?? 'none') : undefined
  }

  process(traceparents: Iterable<string>): TraceSpan | undefined {
    const all = [...traceparents]
    return all.length === 0 ? undefined : this.span('process', all.join(' '))
  }

  span(name: string, parent: string): TraceSpan {
    this.begun.push(`${name} < ${parent}`)
    return {
      traceparent: `of ${name}`,
      child: (kind, child) => this.span(`${kind} ${child}`, name),
      end: (outcome = {}) => {
        this.ended[name] = outcome
      },
    }
  }

  async close(): Promise<void> {}
}
