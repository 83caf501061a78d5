import type { Span, SpanContext, SpanOptions } from '@opentelemetry/api'
import type { Config } from '../config.ts'
import type { Logger } from '../log.ts'
import { LogLimit } from '../log-limit.ts'
import { MAX_LINKS, splitTraceparents, type Tracer, type TraceSpan } from '../trace.ts'
import { version } from '../version.ts'
import { samplerOf } from './sampler.ts'

/** Maximum time for the export of the last spans. */
const CLOSE_MS = 3000

export type TracingConfig = Pick<
  Config,
  'otlpEndpoint' | 'otlpHeaders' | 'otelServiceName' | 'tracesSampler' | 'tracesSamplerArg'
>

/**
 * Exports spans by OTLP over HTTP. Without `OTEL_EXPORTER_OTLP_ENDPOINT` there is no tracer, and nothing of OpenTelemetry is loaded.
 *
 * @param program part of the name of the service, where none is stated.
 */
export async function startTracer(config: TracingConfig, program: string, log: Logger): Promise<Tracer | undefined> {
  if (config.otlpEndpoint === '') return undefined
  const [api, core, resources, sdk, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/core'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ])
  const lines = new LogLimit(() => performance.now())
  const report = (reason: string) => {
    if (lines.count('export') !== undefined)
      log.warn({ reason }, 'spans could not be exported; events are not affected')
  }
  const quiet = () => undefined
  const diagnostics = { error: report, warn: report, info: quiet, debug: quiet, verbose: quiet }
  api.diag.setLogger(diagnostics, { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true })
  const named = { 'service.name': config.otelServiceName || `tracardi-${program}` }
  const provider = new sdk.BasicTracerProvider({
    resource: resources
      .detectResources({ detectors: [resources.envDetector] })
      .merge(resources.resourceFromAttributes(named)),
    sampler: samplerOf(sdk, config),
    spanProcessors: [
      new sdk.BatchSpanProcessor(
        new OTLPTraceExporter({
          url: `${config.otlpEndpoint.replace(/\/$/, '')}/v1/traces`,
          headers: core.parseKeyPairsIntoRecord(config.otlpHeaders),
        }),
      ),
    ],
  })
  const tracer = provider.getTracer('tracardi-at-scale', version)
  const { SpanKind, SpanStatusCode, ROOT_CONTEXT, trace, TraceFlags } = api
  const kinds = { producer: SpanKind.PRODUCER, client: SpanKind.CLIENT }

  const sampled = (span: Span): TraceSpan => {
    const { traceId, spanId } = span.spanContext()
    return {
      traceparent: `00-${traceId}-${spanId}-01`,
      child: (kind, name, attributes = {}) =>
        sampled(tracer.startSpan(name, { kind: kinds[kind], attributes }, trace.setSpan(ROOT_CONTEXT, span))),
      end: ({ attributes = {}, fault } = {}) => {
        span.setAttributes(attributes)
        if (fault !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: fault })
        span.end()
      },
    }
  }
  const begin = (name: string, options: SpanOptions, parent: SpanContext | null | undefined) => {
    const context = parent ? trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true }) : ROOT_CONTEXT
    const span = tracer.startSpan(name, options, context)
    return span.isRecording() ? sampled(span) : undefined
  }
  const isSampled = (context: SpanContext | null) => context !== null && (context.traceFlags & TraceFlags.SAMPLED) !== 0

  return {
    call: (name, traceparent = '') => begin(name, { kind: SpanKind.SERVER }, core.parseTraceParent(traceparent)),
    process: (traceparents, attributes) => {
      const contexts = [...traceparents]
        .flatMap(splitTraceparents)
        .slice(0, MAX_LINKS)
        .map((one) => core.parseTraceParent(one))
        .filter(isSampled) as SpanContext[]
      if (contexts.length === 0) return undefined
      const links = contexts.map((context) => ({ context }))
      return begin('process events', { kind: SpanKind.CONSUMER, attributes, links }, contexts[0])
    },
    close: async () => {
      await Promise.race([
        provider.shutdown().catch((error: Error) => report(error.message)),
        new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref()),
      ])
    },
  }
}
