import { Client } from '@elastic/elasticsearch'
import type { Lab } from '../lab.ts'
import type { Outcome } from '../line.ts'
import { EVENTS_PER_BULK, type Material } from '../material.ts'
import { whileStoring } from './elasticsearch-alone.ts'

const CONCURRENCY = 2
const ID_START = '{"id":"'.length
const ID_LENGTH = 36

/** `helpers.bulk` of the official client, given documents that are text already: it has nothing to serialise. */
export async function officialHelper(lab: Lab, { bulks, events, bytesPerEvent }: Material): Promise<Outcome[]> {
  const documents = bulks.flatMap((body) =>
    body
      .toString('utf8')
      .split('\n')
      .filter((_, index) => index % 2 === 1),
  )
  const client = new Client({ node: lab.servers.elasticsearch.url })
  const index = lab.eventIndex
  const store = async (): Promise<void> => {
    const stats = await client.helpers.bulk<string>({
      datasource: documents,
      onDocument: (text) => ({ create: { _index: index, _id: text.slice(ID_START, ID_START + ID_LENGTH) } }),
      flushBytes: Math.round(EVENTS_PER_BULK * bytesPerEvent),
      concurrency: CONCURRENCY,
    })
    if (stats.failed > 0) throw new Error(`${stats.failed} of ${events} documents were refused`)
  }
  const outcome = await whileStoring(lab, 'helpers.bulk (JavaScript)', events, [], store)
  await client.close()
  return [outcome]
}
