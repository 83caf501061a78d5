import { type Client, errors } from '@elastic/elasticsearch'
import type { SharedConfig } from '../config.ts'
import type { ItemResult, SendBulk } from './bulk.ts'
import type { ItemFault } from './classify.ts'
import { pairs } from './documents.ts'
import { canaryTemplateOf, type Template, templatesOf } from './templates.ts'
import { isForbidden, makeIndex, refusalOf } from './upkeep.ts'

/** Maximum wait for a new index, in milliseconds: a bulk waits for it, with events of other indices. */
const MAKE_TIMEOUT_MS = 5000
/** After a failure each bulk would else ask again. */
const RETRY_MS = 1000
const INDEX_OF_ACTION = /"_index":"([^"]+)"/

export interface IndexKeeperOptions {
  readonly client: Client
  readonly config: SharedConfig
  readonly sendBulk: SendBulk
  /** Called with each index that this process has created. */
  readonly onMade: (index: string) => void
  readonly nowMs: () => number
}

/** An index that is missing and could not be made. */
export interface NotMade {
  readonly index: string
  readonly reason: string
}

/**
 * Sends bulks, and creates each missing index before a bulk writes to it. Otherwise Elasticsearch would create it by the
 * template of that moment, or guess its mapping. Operations for an index that cannot be created are not sent; the others of
 * their bulk are.
 */
export class IndexKeeper {
  readonly #to: IndexKeeperOptions
  readonly #templates: readonly Template[]
  readonly #known = new Set<string>()
  /** Seen in lines, and not known to exist. */
  readonly #unknown = new Set<string>()
  readonly #making = new Map<string, Promise<ItemFault | undefined>>()
  readonly #failures = new Map<string, { readonly atMs: number; readonly fault: ItemFault }>()

  constructor(options: IndexKeeperOptions) {
    this.#to = options
    this.#templates = [...templatesOf(options.config), canaryTemplateOf(options.config)]
  }

  /** Must be called for each index before lines for it are sent. Resolves when it exists, or could not be made for now. */
  readonly ensure = async (index: string): Promise<void> => {
    if (this.#known.has(index)) return
    this.#unknown.add(index)
    await this.#ensure(index)
  }

  readonly sendBulk: SendBulk = async (lines) => {
    if (this.#unknown.size === 0) return this.#send(lines)
    const used = [...this.#unknown].filter((index) => lines.includes(`"_index":"${index}"`))
    const faults = new Map<string, ItemFault>()
    for (const [index, fault] of await Promise.all(used.map(async (one) => [one, await this.#ensure(one)] as const))) {
      if (fault) faults.set(index, fault)
    }
    return faults.size === 0 ? this.#send(lines) : this.#sendWithout(lines, faults)
  }

  /** Forgets the indices that are gone, and tries again those that could not be made. Answers which still cannot. */
  async review(existing: ReadonlySet<string>): Promise<readonly NotMade[]> {
    for (const index of this.#known) if (!existing.has(index)) this.#forget(index)
    for (const [index, { fault }] of this.#failures)
      this.#failures.set(index, { atMs: Number.NEGATIVE_INFINITY, fault })
    await Promise.all([...this.#failures.keys()].map((index) => this.#ensure(index)))
    return [...this.#failures].map(([index, { fault }]) => ({ index, reason: fault.reason }))
  }

  async #send(lines: Buffer): Promise<readonly ItemResult[]> {
    const results = await this.#to.sendBulk(lines)
    if (results.some(isIndexMissing)) {
      operationsOf(lines).forEach(({ index }, at) => {
        if (isIndexMissing(results[at] as ItemResult)) this.#forget(index)
      })
    }
    return results
  }

  async #sendWithout(lines: Buffer, faults: ReadonlyMap<string, ItemFault>): Promise<readonly ItemResult[]> {
    const operations = operationsOf(lines)
    const good = operations.filter(({ index }) => !faults.has(index))
    const results = good.length === 0 ? [] : await this.#send(Buffer.concat(good.map((operation) => operation.lines)))
    const answered = results.values()
    return operations.map(({ index }) => {
      const fault = faults.get(index)
      return fault ? { outcome: 'retry', status: 503, fault } : (answered.next().value as ItemResult)
    })
  }

  #forget(index: string): void {
    this.#known.delete(index)
    this.#unknown.add(index)
  }

  /** Returns why the index is missing; one attempt at a time for each. */
  #ensure(index: string): Promise<ItemFault | undefined> {
    const last = this.#failures.get(index)
    if (last && this.#to.nowMs() - last.atMs < RETRY_MS) return Promise.resolve(last.fault)
    const making = this.#making.get(index) ?? this.#attempt(index).finally(() => this.#making.delete(index))
    this.#making.set(index, making)
    return making
  }

  async #attempt(index: string): Promise<ItemFault | undefined> {
    try {
      await this.#make(index)
    } catch (error) {
      // Elasticsearch does not answer: the bulk would fail likewise, and is sent again as a whole.
      if (!(error instanceof errors.ResponseError)) throw error
      const fault = { type: 'index_not_made', reason: `${index} is missing and cannot be created: ${refusalOf(error)}` }
      this.#failures.set(index, { atMs: this.#to.nowMs(), fault })
      return fault
    }
    this.#failures.delete(index)
    this.#unknown.delete(index)
    this.#known.add(index)
    return undefined
  }

  async #make(index: string): Promise<void> {
    const { client, onMade } = this.#to
    const isThere = await client.indices
      .exists({ index }, { requestTimeout: MAKE_TIMEOUT_MS })
      .catch((error: unknown) => {
        if (!isForbidden(error)) throw error
        return undefined
      })
    if (isThere) return
    try {
      await makeIndex(client, this.#templateOf(index), index, MAKE_TIMEOUT_MS)
    } catch (error) {
      // A user who may neither check nor create it cannot create it by a document either: the write shows whether it exists.
      if (isThere === undefined && isForbidden(error)) return
      throw error
    }
    onMade(index)
  }

  #templateOf(index: string): Template {
    const isOf = ({ alias, pattern }: Template) =>
      alias === undefined ? pattern === index : index.startsWith(`${alias}-`)
    return this.#templates.find(isOf) as Template
  }
}

function isIndexMissing(result: ItemResult): boolean {
  return result.outcome !== 'stored' && result.fault.type === 'index_not_found_exception'
}

/** Only needed while something is missing. */
function operationsOf(lines: Buffer): readonly { readonly index: string; readonly lines: Buffer }[] {
  return [...pairs(lines)].map((operation) => {
    // Every line has passed the guard, so each action names its index.
    const [, index] = INDEX_OF_ACTION.exec(operation.toString('latin1')) as RegExpExecArray
    return { index: index as string, lines: operation }
  })
}
