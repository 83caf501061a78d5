import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSender } from '../../../runtime/sdk/index.ts'
import type { Outcome, Sender, SenderOptions } from '../../../runtime/sdk/types.ts'
import { type Answer, type Call, ScriptedServer } from '../../support/scripted-server.ts'
import { eventually } from '../../support/until.ts'

const STORED: Answer = { status: 200, body: {} }
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/

interface Body {
  readonly source: { readonly id: string }
  readonly session: { readonly id: string }
  readonly profile?: { readonly id: string }
  readonly options?: unknown
  readonly events: readonly { readonly id: string; readonly type: string; readonly [key: string]: unknown }[]
}

const bodyOf = (call: Call) => JSON.parse(call.text) as Body
const kinds = (outcomes: readonly Outcome[]) => outcomes.map(({ kind }) => kind)

describe('the sender', () => {
  let server: ScriptedServer
  let sender: Sender
  let problems: string[]
  let folder: string

  const make = (options: Partial<SenderOptions> = {}) => {
    const onProblem = (text: string) => problems.push(text)
    sender = createSender({ url: server.url, source: 'shop', bulkMs: 5, onProblem, ...options })
    return sender
  }
  const types = () => server.calls.map((call) => bodyOf(call).events.map(({ type }) => type))

  beforeEach(async () => {
    problems = []
    folder = mkdtempSync(join(tmpdir(), 'sdk-'))
    server = new ScriptedServer()
    server.answer = () => STORED
    await server.start()
  })
  afterEach(async () => {
    await sender.close(0)
    await server.stop()
    rmSync(folder, { recursive: true })
  })

  it('sends the events of a visitor in one call, with ids of their own, and says when they are durable', async () => {
    make({ secret: 'the secret' })
    const outcomes = await Promise.all([
      sender.track('a', { total: 1.5 }, { session: 's', profile: 'p', context: { page: 'x' }, tags: ['t'] }),
      sender.track('b', {}, { session: 's', profile: 'p', id: 'order-7' }),
    ])
    const [call] = server.calls
    assert.ok(call)
    assert.equal(server.calls.length, 1)
    assert.deepEqual([call.method, call.path], ['POST', '/track'])
    assert.deepEqual(
      [call.headers['content-type'], call.headers.authorization],
      ['application/json', 'Bearer the secret'],
    )
    const { events, ...rest } = bodyOf(call)
    assert.deepEqual(rest, { source: { id: 'shop' }, session: { id: 's' }, profile: { id: 'p' } })
    const [first, second] = events
    assert.match(first?.id ?? '', UUID)
    const time = first?.['time'] as { create: string }
    assert.equal(new Date(time.create).toISOString(), time.create)
    assert.deepEqual(first, {
      id: first?.id,
      type: 'a',
      time,
      properties: { total: 1.5 },
      context: { page: 'x' },
      tags: ['t'],
    })
    assert.equal(second?.id, 'order-7')
    assert.deepEqual(outcomes, [
      { kind: 'stored', id: first?.id },
      { kind: 'stored', id: 'order-7' },
    ])
  })

  it('names a session for a visitor of which the program knows none, always the same one, so that a repetition is about the same one', async () => {
    make()
    await Promise.all([
      sender.track('a', {}, { session: 's' }),
      sender.track('b', {}, { profile: 'p' }),
      sender.track('c', {}, { profile: 'p' }),
      sender.track('d'),
      sender.track('e'),
    ])
    const [ofSession, ofProfile, ofNobody] = server.calls.map(bodyOf)
    assert.deepEqual([ofSession?.session, ofSession?.profile, ofSession?.options], [{ id: 's' }, undefined, undefined])
    assert.deepEqual(
      [ofProfile?.session, ofProfile?.profile, ofProfile?.options],
      [{ id: 'p.server' }, { id: 'p' }, { saveSession: false }],
    )
    assert.deepEqual(
      [ofNobody?.session, ofNobody?.profile, ofNobody?.options],
      [{ id: 'server' }, undefined, { saveSession: false, saveProfile: false }],
    )
    assert.deepEqual(types(), [['a'], ['b', 'c'], ['d', 'e']])
  })

  it('gives an event that happened earlier its time', async () => {
    make()
    const time = new Date('2026-01-02T03:04:05Z')
    await sender.track('a', {}, { time })
    const moment = '2026-01-02T03:04:05.000Z'
    assert.deepEqual(server.calls.map(bodyOf)[0]?.events[0]?.['time'], { insert: moment, create: moment })
  })

  for (const [what, answer] of [
    ['429', { status: 429 }],
    ['503', { status: 503 }],
    ['500', { status: 500 }],
    ['408', { status: 408 }],
    ['a cut connection', { cut: true }],
    ['401', { status: 401, body: { detail: 'unknown source' } }],
    ['403', { status: 403 }],
    ['404', { status: 404 }],
  ] as const) {
    it(`sends the same call again after ${what}`, async () => {
      const answers: Answer[] = [answer, STORED]
      server.answer = () => answers.shift() ?? STORED
      make()
      assert.deepEqual(kinds([await sender.track('a')]), ['stored'])
      assert.equal(server.calls.length, 2)
      assert.equal(server.calls[0]?.text, server.calls[1]?.text)
    })
  }

  it('reports once what must be repaired, and sends when it is', async () => {
    let isRepaired = false
    server.answer = () => (isRepaired ? STORED : { status: 401, body: { detail: 'unknown source' } })
    make()
    const outcome = sender.track('a')
    await eventually(() => server.calls.length >= 3)
    isRepaired = true
    assert.equal((await outcome).kind, 'stored')
    assert.deepEqual(problems, [`${server.url} answers 401: {"detail":"unknown source"}; events wait`])
  })

  it('waits as long as Retry-After says', async () => {
    const atMs: number[] = []
    server.answer = () => {
      atMs.push(performance.now())
      return atMs.length === 1 ? { status: 503, headers: { 'retry-after': '1' } } : STORED
    }
    make()
    await sender.track('a')
    const [first = 0, second = 0] = atMs
    assert.ok(second - first >= 1000 - 1)
  })

  for (const status of [400, 413, 415, 422]) {
    it(`finds by halving what the API refuses with ${status}, and sends the others`, async () => {
      server.answer = (call) => (call.text.includes('"bad"') ? { status, body: { detail: 'no' } } : STORED)
      make()
      const outcomes = await Promise.all(['a', 'b', 'bad', 'c'].map((type) => sender.track(type)))
      assert.deepEqual(kinds(outcomes), ['stored', 'stored', 'refused', 'stored'])
      assert.deepEqual(outcomes[2], { kind: 'refused', id: outcomes[2]?.id, status, detail: '{"detail":"no"}' })
      assert.equal(problems.length, 1)
    })
  }

  it('never throws: what is no event is refused, and what cannot be JSON', async () => {
    make()
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    const outcomes = await Promise.all([
      sender.track(' '),
      sender.track('a', circular),
      sender.track('a', {}, { time: new Date('never') }),
    ])
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.kind === 'refused' ? outcome.status : outcome.kind)),
      [0, 0, 0],
    )
    assert.equal(server.calls.length, 0)
  })

  it('continues when the program that listens to problems fails', async () => {
    const warned = once(process, 'warning')
    make({
      onProblem: () => {
        throw new Error('of the program')
      },
    })
    assert.equal((await sender.track(' ')).kind, 'refused')
    const [warning] = (await warned) as [Error]
    assert.deepEqual([warning.name, warning.message], ['TracardiSender', 'onProblem has failed: of the program'])
  })

  it('names all options that are wrong', () => {
    make()
    assert.throws(() => createSender({ url: 'events', source: '', bulkEvents: 0, queueHours: Number.NaN }), {
      name: 'TypeError',
      message:
        'createSender: url is "events"; allowed: a URL like https://events.example.com; source is ""; allowed: the id of an event source; ' +
        'bulkEvents is 0; allowed: a number from 1; queueHours is null; allowed: a number from 1',
    })
  })

  it('drops what memory has no room for, and says so; ready() waits for room', async () => {
    let answer: Answer = { status: 503 }
    server.answer = () => answer
    make({ queueEvents: 2 })
    const outcomes = ['a', 'b', 'c'].map((type) => sender.track(type))
    assert.deepEqual(await outcomes[2], { kind: 'dropped', id: (await outcomes[2])?.id, reason: 'full' })
    assert.equal(problems.length, 1)
    const ready = sender.ready()
    answer = STORED
    await ready
    assert.deepEqual(kinds(await Promise.all(outcomes)), ['stored', 'stored', 'dropped'])
    await sender.ready()
  })

  it('has a limit in bytes, too', async () => {
    make({ queueBytes: 1000 })
    const text = 'x'.repeat(600)
    const outcomes = await Promise.all([sender.track('a', { text }), sender.track('b', { text })])
    assert.deepEqual(kinds(outcomes), ['stored', 'dropped'])
  })

  it('has at most this many calls under way', async () => {
    let underWay = 0
    let most = 0
    server.answer = () => {
      underWay += 1
      most = Math.max(most, underWay)
      setTimeout(() => {
        underWay -= 1
      }, 5)
      return { ...STORED, delayMs: 10 }
    }
    make({ concurrency: 3 })
    await Promise.all(Array.from({ length: 12 }, (_, number) => sender.track('a', {}, { session: `s${number}` })))
    assert.deepEqual([server.calls.length, most], [12, 3])
  })

  it('drops and reports what could not be sent in time', async () => {
    server.answer = () => ({ status: 503 })
    make({ queueHours: 1 })
    const now = Date.now
    const outcome = sender.track('a')
    await eventually(() => server.calls.length > 0)
    Date.now = () => now() + 3_600_000
    try {
      assert.deepEqual(await outcome, { kind: 'dropped', id: (await outcome).id, reason: 'expired' })
    } finally {
      Date.now = now
    }
  })

  it('sends waiting events when it is flushed or closed, and takes none after that', async () => {
    make({ bulkMs: 3_600_000 })
    const flushed = sender.track('a')
    await sender.flush()
    assert.equal((await flushed).kind, 'stored')
    const last = sender.track('b')
    await sender.close()
    assert.equal((await last).kind, 'stored')
    assert.deepEqual(await sender.track('c', {}, { id: 'c' }), { kind: 'dropped', id: 'c', reason: 'closed' })
    await sender.close()
    assert.deepEqual(types(), [['a'], ['b']])
  })

  it('gives up at the end of its time, and says what was dropped', async () => {
    server.answer = () => ({ status: 503, headers: { 'retry-after': '3600' } })
    make({ concurrency: 1 })
    const outcomes = ['a', 'b'].map((session) => sender.track('x', {}, { session, id: session }))
    await eventually(() => server.calls.length > 0)
    await sender.close(0)
    assert.deepEqual(await Promise.all(outcomes), [
      { kind: 'dropped', id: 'a', reason: 'closed' },
      { kind: 'dropped', id: 'b', reason: 'closed' },
    ])
  })

  describe('with a spool', () => {
    const files = () => readdirSync(folder).filter((name) => name !== 'lock')

    it('leaves what it could not send to the next process, and removes it when it is stored', async () => {
      server.answer = () => ({ status: 503 })
      make({ spool: { folder } })
      const outcomes = ['a', 'b'].map((type) => sender.track(type))
      await sender.close(0)
      assert.deepEqual(kinds(await Promise.all(outcomes)), ['spooled', 'spooled'])
      server.calls.length = 0
      server.answer = () => STORED
      make({ spool: { folder } })
      await sender.flush()
      assert.deepEqual(types(), [['a', 'b']])
      assert.deepEqual(files(), [])
    })

    it('takes what memory has no room for, and sends it in its order as soon as there is room', async () => {
      let answer: Answer = { status: 503 }
      server.answer = () => answer
      make({ queueEvents: 2, concurrency: 1, bulkEvents: 2, spool: { folder } })
      const outcomes = ['a', 'b', 'c', 'd', 'e'].map((type) => sender.track(type))
      assert.deepEqual(kinds(await Promise.all(outcomes.slice(2))), ['spooled', 'spooled', 'spooled'])
      await eventually(() => server.calls.length > 0)
      answer = STORED
      server.calls.length = 0
      await sender.flush()
      assert.deepEqual(types().flat(), ['a', 'b', 'c', 'd', 'e'])
      assert.deepEqual(kinds(await Promise.all(outcomes.slice(0, 2))), ['stored', 'stored'])
      assert.deepEqual(files(), [])
    })

    it('is empty when nothing of its last file can be read', async () => {
      const line = [Date.now(), '{"session":{"id":"s"}}', '{"id":"1","type":"a"}'].join('\t')
      writeFileSync(join(folder, '000000000001.spool'), `${line}\n`)
      writeFileSync(join(folder, '000000000002.spool'), 'not an event\n')
      make({ queueEvents: 1, spool: { folder } })
      await sender.flush()
      assert.deepEqual([types(), files(), problems.length], [[['a']], [], 1])
    })

    it('sends from memory when its disk fails, and reports that', async () => {
      make({ spool: { folder } })
      rmSync(folder, { recursive: true })
      const outcome = await sender.track('a')
      await sender.close()
      mkdirSync(folder)
      assert.equal(outcome.kind, 'stored')
      assert.match(problems[0] ?? '', /^the spool cannot be used: ENOENT/)
    })

    it('keeps in memory what a full spool does not take, drops what neither takes, and reports both', async () => {
      server.answer = () => ({ status: 503 })
      make({ queueEvents: 1, spool: { folder, maxBytes: 1 } })
      const first = sender.track('a')
      const second = await sender.track('b')
      assert.equal(second.kind, 'dropped')
      await sender.close(0)
      assert.deepEqual(kinds([await first]), ['dropped'])
      assert.equal(problems[0], 'the spool is full: events are kept in memory only')
    })
  })
})
