import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import {
  freePort,
  freePortNear,
  isFree,
  listeningInode,
  neededPorts,
  programIn,
  requireFreePorts,
  takenPortMessage,
} from '../../../runtime/local/ports.ts'
import { loadLocalSettings } from '../../../runtime/local/settings.ts'

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

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2189 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 111 1 0000000000000000
   1: 0100007F:2189 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 0000000000000000
   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0000000000000000
`

describe('listeningInode', () => {
  it('finds the socket that listens, not a connection of the same port', () => {
    assert.equal(listeningInode(TABLE, 8585), '222')
  })

  it('finds a port of few digits', () => {
    assert.equal(listeningInode(TABLE, 80), '333')
  })

  it('finds nothing for a port where nobody listens', () => {
    assert.equal(listeningInode(TABLE, 0x9c40), undefined)
    assert.equal(listeningInode('', 80), undefined)
  })
})

describe('programIn', () => {
  it('is the name without folder and arguments', () => {
    assert.equal(programIn('/opt/jdk/bin/java\0-Xmx1g\0Main\0'), 'java')
  })

  it('is something to say also for a process without a command line', () => {
    assert.equal(programIn(''), 'a program')
  })
})

const config = { publicPort: 8585, privatePort: 8686 }
const local = loadLocalSettings({})

describe('neededPorts', () => {
  it('needs the ports of every address that a person uses', () => {
    const ports = neededPorts(config, local, { pulsar: true, elasticsearch: true }, undefined)
    assert.deepEqual(
      ports.map(({ port }) => port),
      [8585, 8686, 6650, 8080, 9200],
    )
  })

  it('needs none of a server that runs already', () => {
    const ports = neededPorts(config, local, { pulsar: false, elasticsearch: false }, undefined)
    assert.deepEqual(
      ports.map(({ port }) => port),
      [8585, 8686],
    )
  })

  it('needs the port of a bookie whose data exists, and proposes --fresh', () => {
    const ports = neededPorts(config, local, { pulsar: true, elasticsearch: false }, 3181)
    assert.match(ports.find(({ port }) => port === 3181)?.wayOut(1) ?? '', /npm start -- --fresh/)
  })

  it('names the variable that changes each port', () => {
    const ports = neededPorts(config, local, { pulsar: true, elasticsearch: true }, undefined)
    assert.deepEqual(
      ports.map(({ wayOut }) => /set (\w+) to/.exec(wayOut(1234))?.[1]),
      ['PUBLIC_PORT', 'PRIVATE_PORT', 'TRACARDI_PULSAR_PORT', 'TRACARDI_PULSAR_API_PORT', 'TRACARDI_ELASTIC_PORT'],
    )
  })
})
