import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../../runtime/local/ports.ts'
import { eventually } from '../../support/until.ts'

const DESCRIPTORS = 300
const CLI = join(import.meta.dirname, '../../../runtime/cli.ts')

describe('an API that may have 300 files open', () => {
  it('answers probes and metrics while 600 idle connections want to be open', async function () {
    if (process.platform !== 'linux') this.skip() // The limit of a process is read from /proc.
    this.timeout(60_000)
    const sourcesFile = join(mkdtempSync(join(tmpdir(), 'descriptors-')), 'sources.json')
    writeFileSync(sourcesFile, '{"my-source":{}}')
    const [publicPort, privatePort, noPort] = [await freePort(), await freePort(), await freePort()]
    const api = spawn('bash', ['-c', `ulimit -n ${DESCRIPTORS}; exec "$0" "$1" api`, process.execPath, CLI], {
      env: {
        ...process.env,
        PUBLIC_PORT: String(publicPort),
        PRIVATE_PORT: String(privatePort),
        SOURCES_FILE: sourcesFile,
        // There is no Pulsar, which an API waits for and looks for all the time.
        PULSAR_TRANSPORT: 'websocket',
        PULSAR_API: `http://127.0.0.1:${noPort}`,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let log = ''
    api.stdout.on('data', (data) => {
      log += data
    })
    const sockets: Socket[] = []
    const get = (path: string) => fetch(`http://127.0.0.1:${privatePort}${path}`)
    try {
      await eventually(() =>
        get('/health/live').then(
          ({ ok }) => ok,
          () => false,
        ),
      )
      for (let number = 0; number < 600; number += 1) {
        const socket = connect(publicPort, '127.0.0.1')
        socket.on('error', () => undefined)
        sockets.push(socket)
      }
      const numberOf = async (line: string) => {
        const text = await (await get('/metrics')).text()
        return Number(
          text
            .split('\n')
            .find((one) => one.startsWith(`${line} `))
            ?.split(' ')
            .at(-1),
        )
      }
      await eventually(
        async () => (await numberOf('tracardi_api_unrouted_total{reason="too_many_connections"}')) === 400,
      )
      assert.equal(await numberOf('tracardi_api_connections{state="open"}'), 200)
      assert.equal(await numberOf('tracardi_api_connections{state="maximum"}'), 200)
      assert.deepEqual([(await get('/health/live')).status, (await get('/health/ready')).status], [200, 503])
      assert.doesNotMatch(log, /EMFILE/)
    } finally {
      for (const socket of sockets) socket.destroy()
      api.kill()
      await once(api, 'exit')
    }
    assert.equal(api.exitCode, 0)
  })
})
