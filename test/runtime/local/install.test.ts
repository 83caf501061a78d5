import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import {
  freeDiskBytes,
  installServers,
  MIN_FREE_BYTES,
  mavenErrors,
  mavenProgress,
  requireFreeDisk,
} from '../../../runtime/local/install.ts'

const java = { home: '/jdk', version: '25', major: 25 }

describe('mavenProgress', () => {
  it('says how much of a large file is downloaded', () => {
    assert.equal(
      mavenProgress('[INFO] x\nProgress (1): 1.2/244 MB\rProgress (1): 120/244 MB\r'),
      'downloading, 120/244 MB',
    )
  })

  it('passes over the small files that Maven needs itself', () => {
    assert.equal(mavenProgress('Progress (1): 4.1/12 kB\r'), 'asking Maven')
  })

  it('says that it unpacks', () => {
    assert.equal(mavenProgress('Progress (1): 244 MB\r\n[INFO] Unpacking /m2/pulsar.tar.gz to /servers\n'), 'unpacking')
  })
})

describe('mavenErrors', () => {
  it('shows what Maven calls errors, without its help', () => {
    const output = [
      '[INFO] Scanning',
      '[ERROR] Failed to execute goal: Could not transfer artifact -> [Help 1]',
      '[ERROR] ',
      '[ERROR] Re-run Maven using the -X switch',
    ].join('\n')
    assert.deepEqual(mavenErrors(output), ['[ERROR] Failed to execute goal: Could not transfer artifact -> [Help 1]'])
  })

  it('shows the last lines when there is no such line', () => {
    assert.deepEqual(mavenErrors('one\ntwo\n'), ['one', 'two'])
  })
})

describe('installServers', () => {
  let folder: string
  let path: string | undefined
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'install-'))
    path = process.env['PATH']
  })
  afterEach(() => {
    process.env['PATH'] = path
    rmSync(folder, { recursive: true })
  })

  const servers = (): string => join(folder, 'servers')
  const install = (): Promise<unknown> => installServers({ servers: servers() }, () => undefined, { java })
  /** A program `mvn` that is found first. */
  function fakeMaven(script: string): void {
    mkdirSync(join(folder, 'bin'))
    writeFileSync(join(folder, 'bin/mvn'), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, 'bin/mvn'), 0o755)
    process.env['PATH'] = `${join(folder, 'bin')}${delimiter}${path}`
  }
  const UNPACK = 'for last; do :; done; out="$' + '{last#-DoutputDirectory=}"; mkdir -p "$out/dist/bin"; mkdir target'

  it('unpacks each server to a folder with its version, and leaves nothing else', async () => {
    fakeMaven(UNPACK)
    assert.deepEqual(await install(), {
      pulsar: join(servers(), 'pulsar-4.0.6'),
      elasticsearch: join(servers(), 'elasticsearch-9.2.0'),
    })
    assert.deepEqual(readdirSync(servers()).sort(), ['elasticsearch-9.2.0', 'pulsar-4.0.6'])
    assert.ok(existsSync(join(servers(), 'pulsar-4.0.6/bin')))
  })

  it('needs no Maven once they are installed', async () => {
    for (const name of ['pulsar-4.0.6', 'elasticsearch-9.2.0']) mkdirSync(join(servers(), name), { recursive: true })
    fakeMaven('exit 1')
    await install()
  })

  it('clears what a killed process had begun to unpack', async () => {
    mkdirSync(join(servers(), 'pulsar-4.0.6.unpacking-4194305'), { recursive: true })
    fakeMaven(UNPACK)
    await install()
    assert.deepEqual(readdirSync(servers()).sort(), ['elasticsearch-9.2.0', 'pulsar-4.0.6'])
  })

  it("fails with Maven's own words, and nothing half unpacked counts", async () => {
    fakeMaven(`${UNPACK}\necho '[ERROR] Could not transfer artifact'\nexit 1`)
    await assert.rejects(
      install(),
      /could not download or unpack org\.apache\.pulsar.*\n {2}\[ERROR\] Could not transfer/,
    )
    assert.deepEqual(readdirSync(servers()), [])
  })

  it('says that Maven is missing, and how to do without', async () => {
    process.env['PATH'] = '/nowhere'
    await assert.rejects(install(), /Maven \(mvn\) is not on the PATH.*PULSAR_HOST, PULSAR_API and ELASTIC_HOST/)
  })
})

describe('requireFreeDisk', () => {
  it('refuses a byte too few, with the number, the limit and what to do', () => {
    assert.throws(() => requireFreeDisk('/data', MIN_FREE_BYTES - 1), {
      code: 'local_run',
      message:
        'The disk of /data has 2.9 GB free; the run needs at least 3.0 GB. ' +
        'Free some space, or set TRACARDI_HOME to a folder on another disk.',
    })
  })

  it('takes exactly enough', () => {
    requireFreeDisk('/data', MIN_FREE_BYTES)
  })

  it('asks the disk', () => {
    assert.ok(freeDiskBytes(tmpdir()) > 0)
  })
})
