import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  callText,
  eventIdOf,
  eventLines,
  pairs,
  readStateAction,
  SOURCE_SUFFIX_BYTES,
  sourceIdOf,
  sourceSuffix,
  stateLines,
} from '../../../runtime/search/documents.ts'

const SUFFIX = sourceSuffix('s')
const call = callText({ ingest: '2026-11-22T10:00:00.000Z', source: { id: 's' } })

describe('eventLines', () => {
  it('writes a create action with the id of the event, and the document', () => {
    const event = { id: 'e1', type: 'a', name: 'A', properties: { 'a"b': '\n' } }
    const lines = eventLines('tracardi-event-2026-11', event, call)
    assert.equal(
      lines,
      `{"create":{"_index":"tracardi-event-2026-11","_id":"e1${SUFFIX}"}}\n` +
        '{"id":"e1","type":"a","name":"A","metadata":{"time":{"insert":"2026-11-22T10:00:00.000Z","ingest":"2026-11-22T10:00:00.000Z"}},"source":{"id":"s"},"properties":{"a\\"b":"\\n"}}\n',
    )
  })

  it('lets no name and no source escape from theirs in the document', () => {
    const name = '","x":"'
    const text = callText({ ingest: 't', source: { id: name }, session: { id: name }, profile: { id: name } })
    const [, document] = eventLines('i', { id: 'e', type: name, name }, text).split('\n')
    assert.deepEqual(JSON.parse(document as string), {
      id: 'e',
      type: name,
      name,
      metadata: { time: { insert: 't', ingest: 't' } },
      source: { id: name },
      session: { id: name },
      profile: { id: name },
    })
  })

  it('lets no id escape from its place in the action', () => {
    const id = 'x","_index":"other'
    const [action] = eventLines('i', { id, type: 'a', name: 'a' }, call).split('\n')
    assert.deepEqual(JSON.parse(action as string), { create: { _index: 'i', _id: id + SUFFIX } })
  })
})

describe('lines written piece by piece', () => {
  const json = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }))
  const moment = fc
    .date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') })
    .map((date) => date.toISOString())
  const named = fc.record({ id: fc.string() })
  const optional = { requiredKeys: ['id', 'type', 'name'] as const }
  const anyEvent = fc.record(
    {
      id: fc.string(),
      type: fc.string(),
      name: fc.string(),
      insert: moment,
      create: moment,
      update: moment,
      properties: json,
      context: json,
      config: json,
      tags: fc.record({ values: fc.array(fc.string()), count: fc.nat() }),
    },
    { requiredKeys: [...optional.requiredKeys] },
  )
  const anyCall = fc.record(
    { ingest: moment, source: named, session: named, profile: named, ip: fc.string(), utm: json, request: json },
    { requiredKeys: ['ingest', 'source'] },
  )

  it('are what JSON.stringify makes of the action and the document as objects', () => {
    fc.assert(
      fc.property(anyEvent, anyCall, (event, call) => {
        const { insert, create, update, ...rest } = event
        const time = {
          insert: insert ?? call.ingest,
          ingest: call.ingest,
          ...(create === undefined ? {} : { create }),
          ...(update === undefined ? {} : { update }),
        }
        const { id, type, name, properties, context, config, tags } = rest
        const { source, session, profile, ip, utm, request } = call
        const document = {
          id,
          type,
          name,
          metadata: { time, ip },
          source,
          session,
          profile,
          utm,
          properties,
          context,
          config,
          request,
          tags,
        }
        const action = { create: { _index: 'i', _id: id + sourceSuffix(source.id) } }
        const lines = eventLines('i', event, callText(call))
        assert.equal(lines, `${JSON.stringify(action)}\n${JSON.stringify(document)}\n`)
      }),
    )
  })
})

describe('sourceSuffix', () => {
  it('has the same length for every source, and another text', () => {
    const suffixes = ['a', 'b', '', 'ü'.repeat(200)].map(sourceSuffix)
    assert.deepEqual(
      suffixes.map((suffix) => Buffer.byteLength(suffix)),
      Array(4).fill(SOURCE_SUFFIX_BYTES),
    )
    assert.equal(new Set(suffixes).size, 4)
  })
})

describe('sourceIdOf', () => {
  it('is the source of an event, whatever the event says', () => {
    const named = ',"source":{"id":"another"}'
    for (const id of ['s', 'a "b" \\\\', 'ü'.repeat(256), '']) {
      const call = callText({ ingest: 'i', source: { id } })
      const event = { id: named, type: named, name: named, properties: { source: { id: 'another' } } }
      assert.equal(sourceIdOf(Buffer.from(eventLines('i', event, call))), id)
    }
  })

  it('is empty where the lines have none', () => {
    assert.equal(sourceIdOf(Buffer.from('{"create":{}}\n{}\n')), '')
    assert.equal(sourceIdOf(Buffer.from('{"create":{}}\n{"id":"a","source":{"id":7}}\n')), '')
  })
})

describe('eventIdOf', () => {
  it('is the id of the event, whatever its source', () => {
    for (const id of ['e1', 'a~b', '~', 'ü']) assert.equal(eventIdOf(`${id}${sourceSuffix('s')}`), id)
  })
})

describe('pairs', () => {
  const cut = (text: string) => [...pairs(Buffer.from(text))].map(String)

  it('are an action with its document, each whole', () => {
    assert.deepEqual(cut('a\n1\nb\n2\n'), ['a\n1\n', 'b\n2\n'])
    assert.deepEqual(cut(''), [])
  })

  it('leave nothing out of lines that end too early', () => {
    assert.deepEqual(cut('a\n1\nb'), ['a\n1\n', 'b'])
    assert.deepEqual(cut('a\n1\nb\n2'), ['a\n1\n', 'b\n2'])
  })
})

describe('stateLines', () => {
  it('writes an index action that never goes back in time', () => {
    const [action] = stateLines('i', { id: 'p', metadata: { time: { update: 't' } }, source: { id: 's' } }, 17).split(
      '\n',
    )
    assert.equal(action, '{"index":{"_index":"i","_id":"p","version":17,"version_type":"external_gte"}}')
  })

  it('is read back: the same document has the same key whatever the version', () => {
    const read = (version: number) =>
      readStateAction(
        stateLines('i', { id: 'p,"version":3', metadata: { time: { update: 't' } }, source: { id: 's' } }, version),
      )
    const [older, newer] = [read(17), read(18)]
    assert.equal(older.key, newer.key)
    assert.deepEqual([older.version, newer.version], [17, 18])
  })
})
