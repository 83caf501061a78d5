import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent } from 'undici'
import { call, count, type Ends, eventCall, load } from './load.ts'
import { isInstalled, Machines, PROXIES, type ProxyName } from './machines.ts'

const CALLS_PER_SECOND = 200
const TRIES = 30
/** Caddy 2.6 answered one call of 8,000 itself, with 503: it does not send a POST on when it knows no server for a moment. */
const REFUSED_BY_CADDY = 2
const LARGE = Buffer.from(eventCall('e').replace('/shoes', 'x'.repeat(5_000_000)))

/** What a proxy can have in another way, and the large bodies are tried with as well. */
const OTHER_WAYS: Partial<Record<ProxyName, Readonly<Record<string, string>>>> = {
  nginx: { 'proxy_http_version 1.1;': 'proxy_http_version 1.1; proxy_request_buffering off;' },
}
/** The idle times of the documentation, as short as a test can wait for: the API closes after 3 s. */
const SHORT_IDLE: Record<ProxyName, Readonly<Record<string, string>>> = {
  nginx: { 'keepalive_timeout 60s': 'keepalive_timeout 2s' },
  haproxy: { 'pool-purge-delay 5s': 'pool-purge-delay 100ms' },
  caddy: { 'keepalive 60s': 'keepalive 2s' },
}

for (const proxy of Object.keys(PROXIES) as ProxyName[]) {
  describe(`behind ${proxy}${isInstalled(proxy) ? '' : ', which is not installed here, so it is not tried'}`, () => {
    if (!isInstalled(proxy)) return
    let machines: Machines | undefined
    afterEach(async () => {
      await machines?.stop()
      machines = undefined
    })

    for (const [how, changes] of Object.entries({ 'as documented': {}, 'in another way': OTHER_WAYS[proxy] })) {
      if (changes === undefined) continue
      it(`${how}, a body of 5 MB is answered 413 by the API, to every client, every time`, async () => {
        machines = await Machines.start(proxy, {}, changes)
        const ends = await largeBodies(machines.url)
        assert.deepEqual(ends, {
          'curl 413': TRIES,
          'curl Expect 413': TRIES,
          'curl chunked 413': TRIES,
          'undici 413': TRIES,
        })
      })
    }

    it(`every call is answered by the API while both are restarted, one after the other, at ${CALLS_PER_SECOND} calls/s`, async () => {
      machines = await Machines.start(proxy, { SHUTDOWN_DELAY_SECONDS: '3' })
      const calls = load(machines.url, CALLS_PER_SECOND)
      await sleep(2000)
      for (const name of ['api-1', 'api-2', 'api-1', 'api-2'] as const) {
        assert.equal(await machines.stopApi(name), 0)
        await machines.startApi(name)
        await sleep(3000)
      }
      const ends = await calls.stop()
      const { '503 of the proxy': refused = 0, ...others } = ends
      assert.deepEqual(Object.keys(others), ['200'], `${JSON.stringify(ends)}\n${machines.proxyLog.slice(-2000)}`)
      assert.ok(refused <= (proxy === 'caddy' ? REFUSED_BY_CADDY : 0), `${refused} × 503`)
      assert.ok((ends['200'] ?? 0) > 20 * CALLS_PER_SECOND)
    })

    it('calls on connections that were idle until just before they are closed are all answered', async () => {
      machines = await Machines.start(proxy, { KEEP_ALIVE_SECONDS: '3' }, SHORT_IDLE[proxy])
      const ends: Ends = {}
      for (let idleMs = 1700; idleMs <= 4200; idleMs += 250) await afterIdle(machines.url, idleMs, ends)
      assert.deepEqual(ends, { '200': 11 * 200 })
    })
  })
}

/** 100 connections, each with a call, and with another after they were idle. */
async function afterIdle(url: string, idleMs: number, ends: Ends): Promise<void> {
  const agent = new Agent({ connections: 100 })
  for (const round of [0, 1]) {
    const calls = Array.from({ length: 100 }, async (_, number) => {
      await sleep(round * (number % 20) * 10)
      return call(url, agent, eventCall(`${idleMs}-${round}-${number}`))
    })
    for (const end of await Promise.all(calls)) count(ends, end)
    if (round === 0) await sleep(idleMs)
  }
  await agent.close()
}

async function largeBodies(url: string): Promise<Ends> {
  const file = join(mkdtempSync(join(tmpdir(), 'large-')), 'body.json')
  writeFileSync(file, LARGE)
  const ends: Ends = {}
  const curl = (...more: string[]): string => {
    const type = 'content-type: application/json'
    const { stdout } = spawnSync(
      'curl',
      [
        '-s',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code} %{content_type}',
        '-H',
        type,
        ...more,
        '--data-binary',
        `@${file}`,
        `${url}/track`,
      ],
      { encoding: 'utf8' },
    )
    return stdout.replace(/ application\/json; charset=utf-8$/, '')
  }
  for (let tried = 0; tried < TRIES; tried += 1) {
    count(ends, `curl ${curl('-H', 'expect:')}`)
    count(ends, `curl Expect ${curl('-H', 'expect: 100-continue')}`)
    count(ends, `curl chunked ${curl('-H', 'transfer-encoding: chunked', '-H', 'expect:')}`)
    const agent = new Agent()
    count(ends, `undici ${await call(url, agent, LARGE)}`)
    await agent.close()
  }
  return ends
}

describe('nginx', () => {
  it('answers a body that it refuses itself with what a page of another origin can read', async function () {
    if (!isInstalled('nginx')) this.skip()
    const machines = await Machines.start('nginx')
    try {
      const body = Buffer.alloc(17 * 1024 * 1024)
      const headers = { 'content-type': 'application/json', origin: 'https://shop.example.com' }
      const answer = await fetch(`${machines.url}/track`, { method: 'POST', headers, body })
      assert.deepEqual(
        [
          answer.status,
          answer.headers.get('access-control-allow-origin'),
          Object.keys((await answer.json()) as object),
        ],
        [413, 'https://shop.example.com', ['detail']],
      )
    } finally {
      await machines.stop()
    }
  })
})
