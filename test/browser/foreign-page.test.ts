import assert from 'node:assert/strict'
import { type Browser, chromium } from 'playwright-core'
import { loadConfig } from '../../runtime/config.ts'
import { authorizationsOf } from '../../runtime/local/credentials.ts'
import { indicesOf, topicsOf } from '../../runtime/names.ts'
import { cli } from '../contract/cli.ts'
import { listeningOf } from '../support/listening.ts'
import { LocalRun } from '../support/local-run.ts'
import { eventually } from '../support/until.ts'
import { browserOptions } from './browser.ts'
import { Site } from './site.ts'

/** A name of the attacker, which resolves to this machine: what DNS rebinding comes to. */
const FOREIGN = 'evil.test'
const TOPIC = 'persistent/tracardi/system/functions-partition-0'
const SUBSCRIPTION = 'tracardi-function-subscription'

const READS = [
  '/',
  '/admin/v2/clusters',
  `/admin/v2/${TOPIC}/stats`,
  `/admin/v2/${TOPIC}/subscription/${SUBSCRIPTION}/position/1`,
  '/metrics/',
  '/_cluster/health',
  '/_search',
  '/tracardi-event/_search',
  '/queue/system/functions/backlog',
  '/console/state',
  '/console/dead-letters',
]
const WRITES = [
  ['POST', `/admin/v2/${TOPIC}/subscription/${SUBSCRIPTION}/skip_all`],
  ['POST', `/admin/v2/persistent/tracardi/system/functions/subscription/${SUBSCRIPTION}/skip_all`],
  ['DELETE', '/admin/v2/persistent/tracardi/system/functions/partitions?force=true'],
  ['PUT', '/admin/v2/tenants/foreign'],
  ['POST', '/tracardi-event-2026-11/_doc'],
  ['POST', '/_bulk'],
  ['PUT', '/foreign-index'],
  ['DELETE', '/tracardi-*'],
  ['POST', '/console/dead-letters/replay'],
] as const
const SOCKETS = [
  `/ws/v2/producer/${TOPIC}`,
  `/ws/v2/reader/${TOPIC}?messageId=earliest`,
  `/ws/v2/consumer/${TOPIC}/${SUBSCRIPTION}`,
]

/** What runs in the page: it tries everything on one address, and returns what it could read. */
const ATTACK = `async ({ base, reads, writes, sockets }) => {
  const seen = []
  const limited = (promise) => Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 3000))])
  const read = async (what, path, options) => {
    try {
      const answer = await fetch(base + path, { ...options, signal: AbortSignal.timeout(3000) })
      if (answer.type !== 'opaque' && answer.ok) seen.push(what + ' ' + path + ' ' + (await answer.text()).slice(0, 80))
    } catch {}
  }
  const element = (name, attributes) => limited(new Promise((resolve) => {
    const made = Object.assign(document.createElement(name), attributes, { onload: resolve, onerror: resolve })
    document.body.append(made)
  }))
  await Promise.all(reads.flatMap((path) => [
    read('fetch', path, {}),
    read('fetch with credentials', path, { credentials: 'include' }),
    read('no-cors', path, { mode: 'no-cors' }),
    element('img', { src: base + path }),
    element('script', { src: base + path }),
  ]))
  await Promise.all(writes.map(async ([method, path]) => {
    const body = method === 'DELETE' ? undefined : '{"create":{"_index":"foreign-index"}}\\n{"a":1}\\n'
    await read(method, path, { method, body })
    await read(method + ' of JSON', path, { method, body, headers: { 'content-type': 'application/json', 'x-tracardi-console': 'yes' } })
    if (method !== 'POST') return
    await read('no-cors POST', path, { method, body, mode: 'no-cors' })
    navigator.sendBeacon(base + path, body)
    document.body.insertAdjacentHTML('beforeend',
      '<iframe name="' + path + '"></iframe><form method="post" enctype="text/plain"><input name="a" value="b"></form>')
    const form = [...document.forms].at(-1)
    form.target = path
    form.action = base + path
    form.submit()
    await new Promise((resolve) => setTimeout(resolve, 500))
  }))
  for (const path of sockets) {
    await limited(new Promise((resolve) => {
      const socket = new WebSocket(base.replace('http', 'ws') + path)
      socket.onopen = () => { seen.push('socket ' + path); socket.send('{"payload":"YQ==","properties":{}}') }
      socket.onmessage = ({ data }) => { seen.push('message ' + path + ' ' + data); resolve() }
      socket.onclose = socket.onerror = resolve
    }))
  }
  return seen
}`

describe('a foreign page in a real browser, next to a run on one machine', function () {
  // Every way at every port, where a port that says nothing is waited for.
  this.timeout(300_000)
  let run: LocalRun
  let site: Site
  let browser: Browser

  before(async () => {
    // Events wait in Pulsar, so that a deletion of them is noticed.
    run = await LocalRun.start({ BULK_TIMEOUT_SECONDS: '3600' })
    site = await Site.open()
    browser = await chromium.launch({
      ...(await browserOptions()),
      args: [
        `--host-resolver-rules=MAP ${FOREIGN} 127.0.0.1`,
        // Chromium asks the user before a page reaches this machine. Other browsers do not, so it is off.
        '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests',
      ],
    })
    const { code } = await cli({ TRACARDI_HOME: run.home }, 'send', '--events', '500')
    assert.equal(code, 0)
  })
  after(async () => {
    await browser?.close()
    site?.close()
    await run?.stop()
  })

  /** Everything that a page might have changed, asked with the credentials of the run. */
  async function everything(): Promise<Record<string, unknown>> {
    const { settings } = run.record
    const config = loadConfig(settings)
    const { elasticsearch = '', pulsar = '' } = authorizationsOf(config)
    const ask = async (url: string, authorization: string) =>
      (await fetch(url, { headers: { authorization } })).json() as Promise<unknown>
    const backlog = async (topic: string) => {
      const { output } = await cli({ TRACARDI_HOME: run.home }, 'backlog', '--json', '--topic', topic)
      const { backlog } = JSON.parse(output) as { backlog: { partition: string; count: number }[] }
      return backlog.map(({ partition, count }) => [partition, count])
    }
    await ask(`${settings['ELASTIC_HOST']}/tracardi-*/_refresh`, elasticsearch)
    // The run itself writes its history there, once a minute.
    const exceptHistory = `*,-${indicesOf(config).console}`
    return {
      backlog: await backlog('functions'),
      deadLetters: await backlog(topicsOf(config).deadLetters.split('/').at(-1) as string),
      tenants: await ask(`${settings['PULSAR_API']}/admin/v2/tenants`, pulsar),
      topics: await ask(`${settings['PULSAR_API']}/admin/v2/persistent/tracardi/system`, pulsar),
      indices: await ask(
        `${settings['ELASTIC_HOST']}/_cat/indices/${exceptHistory}?format=json&h=index,docs.count&s=index`,
        elasticsearch,
      ),
    }
  }

  const attack = async (url: string, base: string): Promise<readonly string[]> => {
    const page = await browser.newPage()
    try {
      // Only the page itself comes from the attacker; whatever it asks for goes to the address.
      await page.route(url, (route) => route.fulfill({ contentType: 'text/html', body: '<body></body>' }))
      await page.goto(url)
      const options = JSON.stringify({ base, reads: READS, writes: WRITES, sockets: SOCKETS })
      return await page.evaluate<readonly string[]>(`(${ATTACK})(${options})`)
    } finally {
      await page.close()
    }
  }

  it('reads nothing and changes nothing on any port, by address or by name', async () => {
    await eventually(async () => JSON.stringify((await everything())['backlog']).match(/,[1-9]/) !== null)
    const before = await everything()
    // The sources decide who may use the public listener; that is tested there.
    const ports = listeningOf(run.pid).filter(({ port }) => port !== run.ports.public)
    assert.equal(ports.length, 7)
    const foreign = `http://${FOREIGN}:${site.port}/attack`
    for (const { port } of ports) {
      for (const host of ['127.0.0.1', 'localhost']) {
        assert.deepEqual(await attack(foreign, `http://${host}:${port}`), [], `${host}:${port}`)
      }
    }
    assert.deepEqual(await everything(), before)
  })

  it('reads nothing and changes nothing by a name of its own for this machine', async () => {
    const before = await everything()
    const ports = listeningOf(run.pid).filter(({ port }) => port !== run.ports.public)
    assert.equal(ports.length, 7)
    for (const { port } of ports) {
      const own = `http://${FOREIGN}:${port}`
      assert.deepEqual(await attack(`${own}/attack`, own), [], own)
    }
    assert.deepEqual(await everything(), before)
  })
})
