import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { freePort, freePortNear, isFree, requireFreePorts, takenPortMessage } from '../../../runtime/local/port.ts'

const needed = (port: number) => ({
  port,
  purpose: 'where the API takes events',
  wayOut: (free: number) => `set PUBLIC_PORT to a free one (PUBLIC_PORT=${free} npm start).`,
})

describe('takenPortMessage', () => {
  it('names the port, its purpose, who has it, and the way out', () => {
    assert.equal(
      takenPortMessage(needed(8585), { pid: 42, program: 'java' }, 8586),
      'Port 8585, where the API takes events, is taken by java (pid 42). Stop that program, or ' +
        'set PUBLIC_PORT to a free one (PUBLIC_PORT=8586 npm start).',
    )
  })

  it('omits what the system does not report', () => {
    assert.match(takenPortMessage(needed(8585), undefined, 8586), /is taken\. Stop that program/)
  })
})

describe('ports of this machine', () => {
  let server: Server
  let taken: number

  beforeEach(async () => {
    server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    taken = (server.address() as { port: number }).port
  })
  afterEach(async () => {
    server.close()
    await once(server, 'close')
  })

  it('distinguishes a taken port from a free one', async () => {
    assert.equal(await isFree(taken), false)
    assert.equal(await isFree(await freePort()), true)
  })

  it('gives the wanted port when it is free', async () => {
    const wanted = await freePort()
    assert.equal(await freePortNear(wanted), wanted)
  })

  it('gives another port instead of a taken or a reserved one', async () => {
    const reserved = await freePort()
    assert.notEqual(await freePortNear(taken), taken)
    assert.notEqual(await freePortNear(reserved, new Set([reserved])), reserved)
  })

  it('gives a port shortly after a taken one, so that it is about the same at each start', async () => {
    const port = await freePortNear(taken)
    assert.ok(port > taken && port < taken + 20, `${port} for ${taken}`)
  })

  it('gives a free port beyond the last that there is', async () => {
    const port = await freePortNear(65_536)
    assert.ok(port > 0 && port <= 65_535)
  })

  it('refuses with every port that is taken', async () => {
    const free = await freePort()
    await assert.rejects(requireFreePorts([needed(taken), needed(free), needed(taken)]), (error: Error) => {
      assert.equal(error.message.split('\n').length, 2)
      assert.ok(error.message.startsWith(`Port ${taken}, where the API takes events, is taken`))
      return true
    })
  })

  it('is content when all are free', async () => {
    await requireFreePorts([needed(await freePort())])
  })
})
