import assert from 'node:assert/strict'
import { AppError } from '../../../runtime/errors.ts'
import type { Call } from '../../../runtime/send/generate.ts'
import { readCalls } from '../../../runtime/send/input.ts'

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4/
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7/

async function callsOf(...lines: string[]): Promise<Call[]> {
  async function* input() {
    yield* lines
  }
  const calls: Call[] = []
  for await (const call of readCalls(input(), { source: 'shop', eventsPerCall: 2 })) calls.push(call)
  return calls
}

async function faultOf(...lines: string[]): Promise<string> {
  try {
    await callsOf(...lines)
  } catch (error) {
    assert.ok(error instanceof AppError)
    assert.equal(error.code, 'command_invalid')
    return error.message
  }
  return 'none'
}

describe('readCalls', () => {
  it('gathers single events into calls of the source, blank lines aside', async () => {
    const calls = await callsOf(
      '{"type":"a","id":"1"}',
      '',
      '{"type":"b","id":"2"}',
      '  ',
      '{"type":"c","id":"3","properties":{"x":1}}',
    )
    assert.deepEqual(
      calls.map(({ source, events }) => ({ source, events })),
      [
        {
          source: { id: 'shop' },
          events: [
            { type: 'a', id: '1' },
            { type: 'b', id: '2' },
          ],
        },
        { source: { id: 'shop' }, events: [{ type: 'c', id: '3', properties: { x: 1 } }] },
      ],
    )
  })

  it('passes a whole call on as it is', async () => {
    const call = {
      source: { id: 'other' },
      session: { id: 's', metadata: 1 },
      profile: { id: 'p' },
      options: { x: 1 },
      events: [{ type: 't', id: '1' }],
    }
    assert.deepEqual(await callsOf(JSON.stringify(call)), [call])
  })

  it('gives what has no id one, so that a repetition is the same call', async () => {
    for (const nobody of ['', ',"session":null,"profile":null', ',"session":{"id":" "},"profile":{}']) {
      const [call] = await callsOf(`{"events":[{"type":"a"},{"type":"b","id":""},{"type":"c","id":null}]${nobody}}`)
      assert.deepEqual(call?.source, { id: 'shop' })
      assert.match(call?.session?.id ?? '', UUID_V4)
      assert.match(call?.profile?.id ?? '', UUID_V4)
      for (const event of call?.events ?? []) assert.match(event.id, UUID_V7)
    }
  })

  it('keeps numbers as they are written', async () => {
    const [call] = await callsOf('{"type":"t","id":"1","properties":{"big":9007199254740993,"huge":1e400}}')
    assert.match(JSON.stringify(call), /"properties":\{"big":9007199254740993,"huge":1e400\}/)
  })

  it('leaves an id of the wrong type for the API to refuse', async () => {
    const [call] = await callsOf('{"session":5,"profile":{"id":6},"events":[{"type":"t","id":7}]}')
    assert.deepEqual([call?.session, call?.profile, call?.events[0]?.id], [5, { id: 6 }, 7])
  })

  for (const [line, fault] of [
    ['{"type":', 'line 2 is not JSON: Unexpected end of JSON input'],
    ['5', 'line 2 is neither an event (with "type") nor a call (with "events")'],
    ['[{"type":"t"}]', 'line 2 is neither an event (with "type") nor a call (with "events")'],
    ['{"name":"t"}', 'line 2 is neither an event (with "type") nor a call (with "events")'],
    ['{"type":5}', 'line 2 has no "type", which must be text'],
    ['{"events":{}}', 'line 2: "events" is not a list'],
    ['{"events":[{"type":"t"},{"id":"1"}]}', 'line 2: event 1 has no "type", which must be text'],
    ['{"events":[null]}', 'line 2: event 0 has no "type", which must be text'],
  ] as const) {
    it(`names the line that is at fault: ${line}`, async () => {
      assert.equal(await faultOf('{"type":"t"}', line), fault)
    })
  }
})
