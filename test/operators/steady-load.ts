import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'

/** Bulks as a worker sends them: each id once stored, and sent again until it is. */
export class SteadyLoad {
  readonly #client: Client
  readonly #index: string
  readonly #stored: string[] = []
  #isWriting = true
  readonly #writer: Promise<void>

  constructor(client: Client, index: string) {
    this.#client = client
    this.#index = index
    this.#writer = this.#write()
  }

  /** Ids that were stored so far. */
  get stored(): readonly string[] {
    return this.#stored
  }

  async stop(): Promise<void> {
    this.#isWriting = false
    await this.#writer
  }

  /** After `stop`: the index has each id once, and nothing else. */
  async verify(): Promise<void> {
    const [client, index, ids] = [this.#client, this.#index, this.#stored]
    await client.indices.refresh({ index })
    assert.equal((await client.count({ index })).count, ids.length)
    const { docs } = await client.mget({ index, ids, _source: false })
    assert.equal(docs.filter((doc) => 'found' in doc && doc.found).length, ids.length)
  }

  async #write(): Promise<void> {
    for (let batch = 0; this.#isWriting; batch += 1) {
      const ids = Array.from({ length: 20 }, (_, at) => `${batch}-${at}`)
      const operations = ids.flatMap((_id) => [{ create: { _id } }, { text: 'x'.repeat(1000) }])
      const isStored = async () => {
        const answer = await this.#client.bulk({ index: this.#index, operations }).catch(() => undefined)
        return answer?.items.every(({ create }) => create?.status === 201 || create?.status === 409) ?? false
      }
      while (!(await isStored()));
      this.#stored.push(...ids)
    }
  }
}
