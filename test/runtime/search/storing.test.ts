import assert from 'node:assert/strict'
import { loadConfig } from '../../../runtime/config.ts'
import { searchClient } from '../../../runtime/search/client.ts'
import { callText, eventLines } from '../../../runtime/search/documents.ts'
import { storingIn } from '../../../runtime/search/storing.ts'
import { silentLog } from '../../support/log.ts'
import { ScriptedSearch } from '../../support/scripted-search.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

const INDEX = 'tracardi-event-2026-11'
const CALL = callText({ ingest: '2026-11-22T10:00:00.000Z', source: { id: 's' } })
const REFUSED = { create: { status: 400, error: { type: 'document_parsing_exception', reason: 'why' } } }
const CONFLICT = { index: { status: 409, error: { type: 'version_conflict_engine_exception', reason: 'never' } } }

describe('storingIn', () => {
  it('makes the index that the guard has seen, and tries a refused document between two samples', async () => {
    const server = new ScriptedServer()
    const search = new ScriptedSearch()
    const bulks: string[] = []
    server.answer = (call) => {
      if (call.path !== '/_bulk') return search.answer(call)
      bulks.push(call.text)
      const tried = { index: REFUSED.create }
      return { body: { errors: true, items: bulks.length === 1 ? [REFUSED] : [CONFLICT, tried, CONFLICT] } }
    }
    await server.start()
    const config = loadConfig({ ELASTIC_HOST: server.url })
    const client = searchClient(config)
    const made: string[] = []
    const { guard, shards, sendBulk } = storingIn(client, config, silentLog, (index) => made.push(index))
    const lines = Buffer.from(eventLines(INDEX, { id: 'e1', type: 't', name: 't' }, CALL))
    const envelope = { events: 1, eventLines: lines, states: 0, stateLines: Buffer.alloc(0), receivedAtMs: 0 }
    assert.equal(guard(envelope).fault, undefined)
    assert.equal(shards.routingOf(INDEX), undefined)
    const results = await sendBulk(lines)
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      ['rejected'],
    )
    assert.deepEqual(made, [INDEX])
    assert.equal(bulks.length, 2)
    await client.close()
    await server.stop()
  })
})
