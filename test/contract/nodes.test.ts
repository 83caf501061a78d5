import assert from 'node:assert/strict'
import { freePort } from '../../runtime/local/ports.ts'
import { nodesAway, searchClient, searchUnavailableReason } from '../../runtime/search/client.ts'
import { setUpSearch } from '../../runtime/search/index-set-up.ts'
import { listIndices } from '../../runtime/search/retention.ts'
import { TcpProxy } from '../faults/tcp-proxy.ts'
import { eventually } from '../support/until.ts'
import { Pipeline } from './pipeline.ts'
import { configFor, servers } from './servers.ts'

const EVENTS = 200
const FAULTS = {
  refusing: (proxy: TcpProxy) => proxy.close(),
  silent: async (proxy: TcpProxy) => proxy.silence(true),
  slow: async (proxy: TcpProxy) => proxy.delay(5000),
} as const

describe('two nodes of Elasticsearch, of which one fails', () => {
  let port: number
  let proxy: TcpProxy
  let isOpen: boolean

  beforeEach(async () => {
    port = await freePort()
    proxy = await TcpProxy.listen(port, Number(new URL(servers().elasticsearch.url).port))
    isOpen = true
  })
  afterEach(async () => {
    if (isOpen) await proxy.close()
  })
  const hosts = () => [`http://127.0.0.1:${port}`, servers().elasticsearch.url] as const
  const fail = async (kind: keyof typeof FAULTS) => {
    await FAULTS[kind](proxy)
    isOpen = kind !== 'refusing'
  }

  for (const kind of ['refusing', 'silent', 'slow'] as const) {
    for (const first of [0, 1] as const) {
      it(`set-up, commands and probes go to the other one: ${kind}, ${first === 0 ? 'first' : 'last'} in the list`, async () => {
        const list = first === 0 ? hosts() : [...hosts()].reverse()
        const config = configFor('nodes', { ELASTIC_HOST: list.join(',') })
        await fail(kind)
        const told: string[] = []
        const client = searchClient(config, (node) => told.push(node))
        try {
          await setUpSearch(client, config)
          assert.deepEqual(await listIndices(client, config), [])
          assert.deepEqual(
            [await searchUnavailableReason(client), await searchUnavailableReason(client)],
            [undefined, undefined],
          )
          assert.deepEqual([told, nodesAway(client)], [[hosts()[0]], [hosts()[0]]])
        } finally {
          await client.close()
        }
      })
    }

    it(`a worker stores every event once: ${kind}, under load`, async () => {
      const pipeline = await Pipeline.create(`nodes-${kind}`, {
        ELASTIC_HOST: hosts().join(','),
        BULK_TIMEOUT_SECONDS: '1',
      })
      try {
        await pipeline.startApi()
        await pipeline.startWorker()
        for (let call = 0; call < EVENTS; call += 1) {
          if (call === EVENTS / 4) await fail(kind)
          const { status } = await pipeline.track({ source: { id: 'my-source' }, events: [{ type: 'a' }] })
          assert.equal(status, 200)
        }
        await pipeline.untilStored(EVENTS)
        await eventually(async () => (await pipeline.backlog()) === 0)
        assert.equal(await pipeline.count(), EVENTS)
        assert.equal(await pipeline.deadLetters(), 0)
      } finally {
        await pipeline.close()
      }
    })
  }
})
