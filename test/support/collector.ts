import { ScriptedServer } from './scripted-server.ts'

interface Value {
  readonly stringValue?: string
  readonly intValue?: number
}

interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly status: { readonly code?: number; readonly message?: string }
  readonly attributes: readonly { readonly key: string; readonly value: Value }[]
}

interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { readonly key: string; readonly value: Value }[] }
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[]
  }[]
}

export interface CollectedSpan extends OtlpSpan {
  readonly service: string | undefined
}

/** A receiver of OTLP over HTTP that keeps what it gets. */
export class Collector extends ScriptedServer {
  readonly spans: CollectedSpan[] = []
  status = 200

  constructor() {
    super()
    this.answer = ({ text }) => {
      if (this.status === 200) this.#keep(JSON.parse(text))
      return { status: this.status }
    }
  }

  /** Each span as `service kind name < parent`, with the names of its links. The order of the names is that of the tree. */
  treeOf(traceId: string): readonly string[] {
    const spans = this.spans.filter((span) => span.traceId === traceId)
    const name = (id: string | undefined) => spans.find(({ spanId }) => spanId === id)?.name ?? id ?? 'none'
    return spans
      .map(({ service, kind, name: own, parentSpanId, links = [] }) => {
        const linked = links.length === 0 ? '' : `, links: ${links.map(({ spanId }) => name(spanId)).join(', ')}`
        return `${service} ${KINDS[kind]} ${own} < ${name(parentSpanId)}${linked}`
      })
      .sort()
  }

  #keep({ resourceSpans }: OtlpRequest): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue
      for (const { spans } of scopeSpans) for (const span of spans) this.spans.push({ ...span, service })
    }
  }
}

/** As OTLP numbers them. */
const KINDS = ['', 'internal', 'server', 'client', 'producer', 'consumer']
