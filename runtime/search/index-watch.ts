import type { Client } from '@elastic/elasticsearch'
import type { SharedConfig } from '../config.ts'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { SetUpStep } from '../set-up-step.ts'
import type { IndexKeeper } from './index-keeper.ts'
import { sampleIndexOf } from './index-set-up.ts'
import type { ShardMap } from './shard-map.ts'
import { guardTemplateOf, type NamedTemplate, stateOfTemplate, type Template, templatesOf } from './templates.ts'
import {
  alignIndex,
  findWinner,
  isForbidden,
  isRefusal,
  readIndices,
  readTemplate,
  refusalOf,
  writeTemplate,
} from './upkeep.ts'

/** Faults of templates and indices that a worker cannot repair. */
export const INDEX_TROUBLES = [
  'template_missing',
  'template_changed',
  'template_outranked',
  'alias_missing',
  'mapping_guessed',
  'mapping_incomplete',
  'index_not_made',
  'not_allowed',
] as const

export type IndexTrouble = (typeof INDEX_TROUBLES)[number]

const EVERY_MS = 60_000
/** The same while something is wrong: an operator who repairs it waits for the advice to go. */
const EVERY_MS_IN_TROUBLE = 10_000
/** Faults that a sentence names; the log and the metric have them all. */
const MOST_NAMED = 3

/** One template or index that is not as it should be. */
export interface IndexFault {
  readonly code: IndexTrouble
  /** Its kind and name. */
  readonly what: string
  readonly detail: string
}

export interface IndexWatchOptions {
  readonly client: Client
  readonly config: SharedConfig
  readonly keeper: IndexKeeper
  readonly shards: ShardMap
  readonly log: Logger
  readonly nowMs: () => number
  /** Resolves after the time, or as soon as the signal says. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Receives after each check how many things have which fault, and what is wrong with each. */
  readonly report: (counts: Readonly<Record<IndexTrouble, number>>, faults: readonly IndexFault[]) => void
}

/**
 * Checks templates and indices every minute, and after each new index. Repairs our own where possible, and
 * reports the rest until it is repaired.
 */
export class IndexWatch {
  readonly #to: IndexWatchOptions
  readonly #templates: readonly Template[]
  readonly #guard: NamedTemplate
  #troubles: ReadonlyMap<string, SetUpStep> = new Map()
  #isDue = false
  #wake = new AbortController()

  constructor(options: IndexWatchOptions) {
    this.#to = options
    this.#templates = templatesOf(options.config)
    this.#guard = guardTemplateOf(options.config)
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#isDue = false
      this.#wake = new AbortController()
      await this.check()
      const pauseMs = this.#troubles.size > 0 ? EVERY_MS_IN_TROUBLE : EVERY_MS
      if (!this.#isDue) await this.#to.sleep(pauseMs, AbortSignal.any([signal, this.#wake.signal]))
    }
  }

  /** Lets the next check begin now, or after the one that is under way. */
  readonly soon = (): void => {
    this.#isDue = true
    this.#wake.abort()
  }

  /** What is wrong, for readiness; `undefined` when nothing is. */
  fault(): string | undefined {
    if (this.#troubles.size === 0) return undefined
    const named = [...this.#troubles.values()].slice(0, MOST_NAMED).map(({ what, detail }) => `${what}: ${detail}`)
    const more = this.#troubles.size - named.length
    return named.join('; ') + (more > 0 ? `; and ${more} more` : '')
  }

  async check(): Promise<void> {
    try {
      const steps: SetUpStep[] = []
      for (const template of [...this.#templates, this.#guard]) {
        steps.push(...(await allowed(template, () => this.#restore(template))))
      }
      const found = new Set<string>()
      for (const template of this.#templates) {
        steps.push(...(await allowed(template, () => this.#findWinner(template))))
        steps.push(...(await allowed(template, () => this.#alignIndices(template, found))))
      }
      for (const { index, reason } of await this.#to.keeper.review(found)) {
        steps.push({ what: `index ${index}`, state: 'differs', code: 'index_not_made', detail: reason })
      }
      await this.#to.shards.review(found)
      this.#tell(steps)
    } catch (error) {
      // The known faults stay. Others report that Elasticsearch does not answer.
      this.#to.log.debug({ reason: messageOf(error) }, 'templates and indices could not be looked at')
    }
  }

  /** A template that set-up wrote with another configuration is left alone, and so is one of a newer release. */
  async #restore(template: NamedTemplate): Promise<readonly SetUpStep[]> {
    const { client } = this.#to
    const state = stateOfTemplate(await readTemplate(client, template.name), template)
    if (state !== 'missing' && state !== 'changed') return []
    const what = `index template ${template.name}`
    try {
      await writeTemplate(client, template)
      return [{ what, state: 'updated', detail: state }]
    } catch (error) {
      if (!isRefusal(error)) throw error
      const was = state === 'missing' ? 'it is missing' : 'somebody changed it'
      const detail = `${was}, and it could not be restored: ${refusalOf(error)}; run set-up, with credentials that may`
      return [{ what, state: 'differs', code: `template_${state}`, detail }]
    }
  }

  async #findWinner(template: Template): Promise<readonly SetUpStep[]> {
    const { client, config, nowMs } = this.#to
    const winner = await findWinner(client, template, sampleIndexOf(template, config, nowMs()))
    return winner ? [winner] : []
  }

  async #alignIndices(template: Template, found: Set<string>): Promise<readonly SetUpStep[]> {
    const steps: SetUpStep[] = []
    for (const [name, state] of Object.entries(await readIndices(this.#to.client, template))) {
      found.add(name)
      steps.push(...(await alignIndex(this.#to.client, template, name, state)))
    }
    return steps
  }

  #tell(steps: readonly SetUpStep[]): void {
    const { log, report } = this.#to
    const troubles = new Map<string, SetUpStep>()
    for (const step of steps) {
      if (step.state === 'differs') troubles.set(`${step.code} ${step.what}`, step)
      else log.warn({ what: step.what, detail: step.detail }, 'repaired in Elasticsearch')
    }
    for (const [key, { what, code, detail }] of troubles) {
      if (!this.#troubles.has(key)) log.warn({ what, code, reason: detail }, 'not as it should be in Elasticsearch')
    }
    for (const [key, { what, code }] of this.#troubles) {
      if (!troubles.has(key)) log.info({ what, code }, 'as it should be again in Elasticsearch')
    }
    this.#troubles = troubles
    const codes = [...troubles.values()].map(({ code }) => code)
    const count = (code: IndexTrouble) => codes.filter((one) => one === code).length
    const counts = Object.fromEntries(INDEX_TROUBLES.map((code) => [code, count(code)])) as Record<IndexTrouble, number>
    report(
      counts,
      [...troubles.values()].map(({ what, code, detail }) => ({
        code: code as IndexTrouble,
        what,
        detail: String(detail),
      })),
    )
  }
}

/** A check that the credentials do not allow is a fault of its own, and the other checks continue. */
async function allowed(
  { name }: NamedTemplate,
  look: () => Promise<readonly SetUpStep[]>,
): Promise<readonly SetUpStep[]> {
  try {
    return await look()
  } catch (error) {
    if (!isForbidden(error)) throw error
    const detail = `the credentials do not allow the check: ${refusalOf(error)}`
    return [{ what: `index template ${name}`, state: 'differs', code: 'not_allowed', detail }]
  }
}
