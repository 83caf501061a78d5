import assert from 'node:assert/strict'
import { errors } from '@elastic/elasticsearch'
import type { FaultyResult, ItemResult, SendBulk } from '../../../runtime/search/bulk.ts'
import { judgedSender, LinesRefused } from '../../../runtime/search/judge.ts'
import { eventOf } from '../../support/messages.ts'

const STORED: ItemResult = { outcome: 'stored' }
const refused = (type: string, status = 400): FaultyResult => ({
  outcome: 'rejected',
  status,
  fault: { type, reason: 'why' },
})
const CONFLICT: FaultyResult = {
  outcome: 'superseded',
  status: 409,
  fault: { type: 'version_conflict_engine_exception', reason: '' },
}
const answered = (statusCode: number) =>
  new errors.ResponseError({ statusCode, body: 'no', headers: {}, warnings: null, meta: {} } as never)

/** One operation as Elasticsearch reads it. */
interface Read {
  readonly isTrial: boolean
  readonly isSample: boolean
  readonly id: string
}

function read(lines: Buffer): Read[] {
  return (lines.toString().match(/[^\n]+\n[^\n]+\n/g) ?? []).map((text) => {
    const [action = '', document = ''] = text.split('\n')
    return {
      isTrial: action.includes('"if_seq_no":'),
      isSample: document.startsWith('{"id":"trial"'),
      id: /"_id":"([^"~]*)/.exec(action)?.[1] ?? '',
    }
  })
}

describe('judgedSender', () => {
  let requests: Read[][]
  /** The answer of the server to one operation, or an error for the whole request. */
  let answer: (operation: Read, request: number) => ItemResult | Error

  const send: SendBulk = async (lines) => {
    const operations = read(lines)
    requests.push(operations)
    const results = operations.map((operation) => answer(operation, requests.length))
    const error = results.find((one): one is Error => one instanceof Error)
    if (error) throw error
    return results as ItemResult[]
  }
  const judged = (...ids: string[]) => judgedSender(send)(Buffer.from(ids.map(eventOf).join('')))
  const refusal = async (...ids: string[]) => {
    const error = await judged(...ids).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    assert.ok(error instanceof LinesRefused)
    return error.result
  }

  beforeEach(() => {
    requests = []
  })

  it('sends nothing more while nothing is refused', async () => {
    answer = () => STORED
    assert.deepEqual(await judged('a', 'b'), [STORED, STORED])
    assert.equal(requests.length, 1)
  })

  it('finds the document at fault where another would be stored, and leaves the other results as they are', async () => {
    answer = ({ id, isTrial, isSample }) => {
      if (id === 'bad' && !isSample) return refused('document_parsing_exception')
      return isTrial ? CONFLICT : STORED
    }
    assert.deepEqual(await judged('a', 'bad', 'c'), [STORED, refused('document_parsing_exception'), STORED])
    assert.deepEqual(
      requests[1]?.map(({ id, isTrial, isSample }) => [id, isTrial, isSample]),
      [
        ['bad', true, true],
        ['bad', true, false],
        ['bad', true, true],
      ],
    )
    assert.equal(requests.length, 2)
  })

  it('lets operations wait, with the reason, where no document would be stored', async () => {
    answer = () => refused('cluster_block_exception', 403)
    const waits = { ...refused('cluster_block_exception', 403), outcome: 'retry' }
    assert.deepEqual(await judged('a', 'b'), [waits, waits])
  })

  it('lets an operation wait that would be stored now', async () => {
    answer = ({ isTrial }) => (isTrial ? CONFLICT : refused('illegal_argument_exception'))
    assert.deepEqual(await judged('a'), [{ ...refused('illegal_argument_exception'), outcome: 'retry' }])
  })

  it('lets operations wait whose trial fails', async () => {
    answer = (_, request) => (request === 1 ? refused('a') : answered(413))
    const [result] = (await judged('a')) as FaultyResult[]
    assert.deepEqual([result?.outcome, result?.status, result?.fault.type], ['retry', 413, 'trial_failed'])
  })

  it('keeps a request of trials small, and an operation with its trial', async () => {
    answer = ({ isTrial, isSample }) => (isTrial && isSample ? CONFLICT : refused('a'))
    const ids = Array.from({ length: 1500 }, (_, index) => `${index}`)
    const results = await judged(...ids)
    assert.ok(results.every(({ outcome }) => outcome === 'rejected'))
    assert.ok(requests.length > 2 && requests.length < 8)
    assert.ok(requests.slice(1).every((operations) => operations.length % 3 === 0))
    assert.equal(requests.slice(1).flat().length, 4500)
  })

  it('throws what says nothing of the lines as it is', async () => {
    for (const error of [answered(503), answered(429), new errors.ConnectionError('refused')]) {
      answer = () => error
      await assert.rejects(judged('a'), error)
    }
    assert.equal(requests.length, 3)
    const empty = answered(400)
    await assert.rejects(judgedSender(() => Promise.reject(empty))(Buffer.alloc(0)), empty)
  })

  it('throws why a sample is refused when every request is, so that all of it waits', async () => {
    const [first, ofSample] = [answered(400), answered(400)]
    answer = ({ isSample }) => (isSample ? ofSample : first)
    for (const ids of [['a'], ['a', 'b']]) await assert.rejects(judged(...ids), ofSample)
    assert.equal(requests.length, 4)
  })

  it('says of several operations that the lines are refused when a sample is not', async () => {
    answer = ({ isSample }) => (isSample ? CONFLICT : answered(400))
    assert.equal(await refusal('a', 'b'), undefined)
    assert.equal(requests.length, 2)
  })

  it('finds an operation alone in its request at fault when it is refused each time and a sample never', async () => {
    answer = ({ isSample }) => (isSample ? CONFLICT : answered(413))
    const result = await refusal('a')
    assert.deepEqual([result?.outcome, result?.status, result?.fault.type], ['rejected', 413, 'bulk_request_refused'])
    assert.deepEqual(
      requests.map(([operation]) => operation?.isSample),
      [false, true, true, true, true, false, false, false, true, true, true],
    )
  })

  it('lets it wait when once it is not refused, or a sample would not be stored', async () => {
    for (const last of [6, 7, 8]) {
      requests = []
      answer = ({ isSample }) => (isSample ? CONFLICT : requests.length === last ? STORED : answered(400))
      assert.equal((await refusal('a'))?.outcome, 'retry')
      assert.equal(requests.length, last)
    }
    for (const last of [3, 11]) {
      requests = []
      answer = ({ isSample }) => {
        if (!isSample) return answered(400)
        return requests.length === last ? refused('index_closed_exception') : CONFLICT
      }
      const result = await refusal('a')
      assert.deepEqual([result?.outcome, result?.fault.type], ['retry', 'index_closed_exception'])
    }
  })

  it('throws when meanwhile the server is down', async () => {
    const away = answered(503)
    answer = ({ isSample }) => (isSample ? CONFLICT : answered(requests.length === 1 ? 400 : 503))
    await assert.rejects(judged('a'), (error: errors.ResponseError) => error.statusCode === away.statusCode)
  })

  it('keeps the number of results, which reports whether they belong to the operations', async () => {
    const judge = judgedSender(async () => [refused('a')])
    assert.equal((await judge(Buffer.from(eventOf('a') + eventOf('b')))).length, 1)
  })
})
