import assert from 'node:assert/strict'
import { neededPorts } from '../../../runtime/local/needed-ports.ts'
import { loadLocalSettings } from '../../../runtime/local/settings.ts'

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
