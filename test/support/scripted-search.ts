import type { Answer, Call } from './scripted-server.ts'

interface Content {
  settings?: { index?: Record<string, unknown> }
  mappings?: { dynamic?: string; _meta?: Record<string, unknown>; properties?: object }
  aliases?: Record<string, object>
}

interface StoredTemplate {
  index_patterns: string | string[]
  priority?: number
  _meta?: Record<string, unknown>
  template?: Content
}

/** As much of the templates and indices of Elasticsearch as set-up and the worker ask for, for `ScriptedServer`. */
export class ScriptedSearch {
  templates: Record<string, StoredTemplate> = {}
  indices: Record<string, Content> = {}
  /** Answers that come instead of the usual one, by `METHOD /path` up to a `*`. */
  instead: Record<string, Answer> = {}

  readonly answer = (call: Call): Answer => {
    const asked = `${call.method} ${call.path}`
    for (const [begin, answer] of Object.entries(this.instead)) if (asked.startsWith(begin)) return answer
    const [, first = '', second = '', third = ''] = call.path.split('/').map(decodeURIComponent)
    if (first === '_index_template' && second === '_simulate_index') return { body: this.#simulated(third) }
    if (first === '_index_template') return this.#template(call, second)
    if (second === '_mapping') return this.#mapping(call, first)
    if (second === '_alias') return this.#changed(first, { aliases: { [third]: {} } })
    if (second === '_settings') return this.#changed(first, {})
    return this.#index(call, first)
  }

  #template(call: Call, name: string): Answer {
    if (call.method === 'PUT') {
      this.templates[name] = JSON.parse(call.text)
      return { body: { acknowledged: true } }
    }
    const found = Object.entries(this.templates).filter(([one]) => name === '' || one === name)
    if (found.length === 0) return refusal(404, 'resource_not_found_exception')
    // Elasticsearch names its composition even where there is none.
    const index_templates = found.map(([one, body]) => ({ name: one, index_template: { composed_of: [], ...body } }))
    return { body: { index_templates } }
  }

  #simulated(index: string): object {
    const matching = Object.entries(this.templates)
      .filter(([, { index_patterns }]) => [index_patterns].flat().some((pattern) => isOf(pattern, index)))
      .sort(([, one], [, other]) => (other.priority ?? 0) - (one.priority ?? 0))
    const overlapping = matching.slice(1).map(([name]) => ({ name, index_patterns: [] }))
    return { template: {}, ...(overlapping.length > 0 ? { overlapping } : {}) }
  }

  #mapping(call: Call, index: string): Answer {
    if (call.method === 'PUT') return this.#changed(index, { mappings: JSON.parse(call.text) })
    return { body: { [index]: { mappings: this.indices[index]?.mappings ?? {} } } }
  }

  #changed(index: string, { mappings, aliases }: Content): Answer {
    const state = this.indices[index]
    if (!state) return refusal(404, 'index_not_found_exception')
    if (mappings) state.mappings = mappings
    if (aliases) state.aliases = { ...state.aliases, ...aliases }
    return { body: { acknowledged: true } }
  }

  #index(call: Call, name: string): Answer {
    const found = Object.entries(this.indices).filter(([index]) => isOf(name, index))
    if (call.method === 'PUT') {
      if (found.length > 0) return refusal(400, 'resource_already_exists_exception')
      this.indices[name] = JSON.parse(call.text)
      return { body: { acknowledged: true, shards_acknowledged: true, index: name } }
    }
    const isNone = found.length === 0 && !name.includes('*')
    return isNone ? refusal(404, 'index_not_found_exception') : { body: Object.fromEntries(found) }
  }
}

function isOf(pattern: string, index: string): boolean {
  return pattern.endsWith('*') ? index.startsWith(pattern.slice(0, -1)) : index === pattern
}

export function refusal(status: number, type: string, reason = type): Answer {
  return { status, body: { error: { type, reason, root_cause: [{ type, reason }] }, status } }
}
