import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'

const IDS_PER_CALL = 1000

/** Bulks as a worker sends them: each id once stored, and sent again until it is. */
export class SteadyLoad {
  readonly #client: Client
  readonly #index: string
  readonly #stored: string[] = []
  #isWriting = true
  readonly #writer: Promise<void>

  /** Creates the index, whose copies are made again at the same time when a node leaves, and begins. */
  static async start(client: Client, index: string, shards: number, replicas: number): Promise<SteadyLoad> {
    await client.indices.create({
      index,
      wait_for_active_shards: 'all',
      settings: {
        number_of_shards: shards,
        number_of_replicas: replicas,
        index: { unassigned: { node_left: { delayed_timeout: '0' } } },
      },
    })
    return new SteadyLoad(client, index)
  }

  private constructor(client: Client, index: string) {
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
    const [client, index, stored] = [this.#client, this.#index, this.#stored]
    await client.indices.refresh({ index })
    assert.equal((await client.count({ index })).count, stored.length)
    const found: string[] = []
    for (let from = 0; from < stored.length; from += IDS_PER_CALL) {
      const { docs } = await client.mget({ index, ids: stored.slice(from, from + IDS_PER_CALL), _source: false })
      found.push(...docs.filter((doc) => 'found' in doc && doc.found).map(({ _id }) => _id))
    }
    assert.deepEqual(found, stored)
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
