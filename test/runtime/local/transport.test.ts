import assert from 'node:assert/strict'
import { transportOf } from '../../../runtime/local/transport.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

describe('transportOf', () => {
  it('is what the program says, and nothing when it does not answer', async () => {
    const server = new ScriptedServer()
    await server.start()
    server.answer = () => ({ body: { version: '1.0.0', transport: 'websocket' } })
    assert.equal(await transportOf(server.url), 'websocket')
    await server.stop()
    assert.equal(await transportOf(server.url), undefined)
  })
})
