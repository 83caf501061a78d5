import assert from 'node:assert/strict'
import { loadConfig } from '../../../runtime/config.ts'
import type { FaultyResult, ItemResult } from '../../../runtime/search/bulk.ts'
import { callText, eventLines, stateLines } from '../../../runtime/search/documents.ts'
import { templatesOf } from '../../../runtime/search/templates.ts'
import { faultOfSample, sampleLines, trialLines, trialsOf, verdictOf } from '../../../runtime/search/trial.ts'

const INDEX = 'tracardi-event-2026-11'
const CALL = callText({ ingest: '2026-11-22T10:00:00.000Z', source: { id: 's' } })
const EVENT = eventLines(INDEX, { id: 'e"1', type: 'a', name: 'a' }, CALL)
const STATE = stateLines('tracardi-profile', { id: 'p', metadata: { time: { update: 't' } }, source: { id: 's' } }, 7)

const CONFLICT: FaultyResult = {
  outcome: 'superseded',
  status: 409,
  fault: { type: 'version_conflict_engine_exception', reason: 'no document was found' },
}
const refused = (type: string): FaultyResult => ({ outcome: 'rejected', status: 400, fault: { type, reason: 'why' } })

function read(lines: Buffer): Record<string, never>[] {
  assert.equal(lines.at(-1), 0x0a)
  return lines
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

interface Mapping {
  readonly type?: string
  readonly properties?: Record<string, Mapping>
}

/** The names of all fields, those of a flattened or a disabled object as one. */
function fieldsOf(properties: Record<string, Mapping>, prefix = ''): string[] {
  return Object.entries(properties).flatMap(([name, mapping]) =>
    mapping.properties ? fieldsOf(mapping.properties, `${prefix}${name}.`) : [prefix + name],
  )
}

function hasField(document: unknown, path: string): boolean {
  const [first = '', ...rest] = path.split('.')
  const value = (document as Record<string, unknown>)[first]
  return value !== undefined && (rest.length === 0 || hasField(value, rest.join('.')))
}

describe('trialLines', () => {
  it('puts the document between two samples, each on a condition that never holds, in the place of the operation', () => {
    const [action, sample, second, document, third, last] = read(trialLines(Buffer.from(EVENT)))
    const [created, own] = read(Buffer.from(EVENT))
    const { create } = created as unknown as { create: object }
    const never = { if_seq_no: 9007199254740991, if_primary_term: 9007199254740991 }
    for (const one of [action, second, third]) assert.deepEqual(one, { index: { ...create, ...never } })
    assert.deepEqual(document, own)
    assert.deepEqual(last, sample)
  })

  it('tries an action without index and id where nothing can be stored', () => {
    const [action] = read(trialLines(Buffer.from('{"delete":{}}\n{}\n'))) as unknown as { index: object }[]
    assert.deepEqual(Object.keys(action?.index ?? {}), ['_index', 'if_seq_no', 'if_primary_term'])
  })

  it('omits of a state what would decide before the condition', () => {
    const [action] = read(trialLines(Buffer.from(STATE))) as unknown as { index: object }[]
    assert.deepEqual(Object.keys(action?.index ?? {}), ['_index', '_id', 'if_seq_no', 'if_primary_term'])
  })

  it('has samples with every field of the mapping', () => {
    const [event, session] = templatesOf(loadConfig({}))
    for (const [lines, template] of [
      [EVENT, event],
      [STATE, session],
    ] as const) {
      const [, sample] = read(sampleLines(Buffer.from(lines)))
      const fields = fieldsOf(template?.body.template.mappings.properties as Record<string, Mapping>)
      assert.ok(fields.length >= 7)
      assert.deepEqual(
        fields.filter((field) => !hasField(sample, field)),
        [],
      )
      assert.equal(Object.keys(sample ?? {}).length, new Set(fields.map((field) => field.split('.')[0])).size)
    }
  })
})

describe('sampleLines', () => {
  it('takes the index of the operation and an id that cannot be at fault, whatever the action has become', () => {
    for (const lines of [EVENT, EVENT.replace('e\\"1', '\\x'), EVENT.slice(0, 60)]) {
      const [action] = read(sampleLines(Buffer.from(lines))) as unknown as { index: { _index: string; _id: string } }[]
      assert.deepEqual([action?.index._index, action?.index._id], [lines.length > 60 ? INDEX : '', 'trial'])
    }
  })
})

describe('trialsOf', () => {
  it('takes three results for each operation, and no other number', () => {
    const results: ItemResult[] = [CONFLICT, refused('a'), CONFLICT, CONFLICT, CONFLICT, refused('b')]
    const [first, second] = trialsOf(results, 2)
    assert.deepEqual([first?.own, second?.after], [refused('a'), refused('b')])
    assert.throws(() => trialsOf(results, 3), { code: 'search_unavailable' })
  })
})

describe('verdictOf', () => {
  const refusal = refused('document_parsing_exception')
  const trial = { before: CONFLICT, own: refusal, after: CONFLICT }

  it('finds the document at fault that is refused between two samples that are not', () => {
    assert.deepEqual(verdictOf(refusal, trial), refusal)
  })

  it('lets the operation wait with the fault of a sample, before or after it', () => {
    const fault = refused('cluster_block_exception')
    const waits = { ...fault, outcome: 'retry' }
    assert.deepEqual(verdictOf(refusal, { ...trial, before: fault }), waits)
    assert.deepEqual(verdictOf(refusal, { ...trial, after: fault }), waits)
  })

  it('lets the operation wait with its own fault when only the storing was in its way', () => {
    for (const own of [CONFLICT, { ...CONFLICT, outcome: 'throttled', status: 429 } as const]) {
      assert.deepEqual(verdictOf(refusal, { ...trial, own }), { ...refusal, outcome: 'retry' })
    }
  })
})

describe('faultOfSample', () => {
  it('is none for the conflict of its condition alone', () => {
    assert.equal(faultOfSample(CONFLICT), undefined)
    const other = { ...CONFLICT, fault: { type: 'another', reason: 'why' } }
    assert.deepEqual(faultOfSample(other), { ...other, outcome: 'retry' })
  })

  it('distinguishes a refusal for now from one that needs a hand, and names a pipeline that drops documents', () => {
    const throttled: FaultyResult = { ...refused('a'), outcome: 'throttled', status: 429 }
    assert.equal(faultOfSample(throttled)?.outcome, 'throttled')
    assert.equal(faultOfSample(refused('a'))?.outcome, 'retry')
    assert.deepEqual(
      [faultOfSample({ outcome: 'stored' })?.outcome, faultOfSample({ outcome: 'stored' })?.fault.type],
      ['retry', 'dropped_by_pipeline'],
    )
  })
})
