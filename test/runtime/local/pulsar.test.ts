import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bookiePortOf, overrideProperties, standaloneOverrides } from '../../../runtime/local/pulsar.ts'
import { loopbackInterface } from '../../../runtime/local/pulsar-security.ts'

describe('standaloneOverrides', () => {
  it('listens on the given ports of this machine only', () => {
    const { brokerServicePort, webServicePort, bindAddress, listeningInterface } = standaloneOverrides(1, 2)
    assert.deepEqual([brokerServicePort, webServicePort, bindAddress], ['1', '2', '127.0.0.1'])
    assert.equal(listeningInterface, loopbackInterface())
  })

  it('writes to the disk before a receipt, and never drops a backlog', () => {
    const overrides = standaloneOverrides(1, 2)
    assert.equal(overrides['journalSyncData'], 'true')
    assert.equal(overrides['backlogQuotaDefaultLimitGB'], '-1')
  })
})

describe('bookiePortOf', () => {
  it('reads the port from the cookie of the bookie', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bookie-'))
    const current = join(folder, 'data/bookkeeper/current')
    mkdirSync(current, { recursive: true })
    writeFileSync(join(current, 'VERSION'), '5\nbookieHost: "127.0.0.1:3182"\njournalDir: "/x"\n')
    assert.equal(bookiePortOf(folder), 3182)
    rmSync(folder, { recursive: true })
  })

  it('is nothing for a folder without data', () => {
    assert.equal(bookiePortOf('/nowhere'), undefined)
  })
})

describe('overrideProperties', () => {
  it('replaces values in place and leaves comments and other keys as they are', () => {
    assert.equal(
      overrideProperties('# port=1 of the broker\nport=6650\n\nportal=x\nhost = a=b\n', { port: '7', host: 'c' }),
      '# port=1 of the broker\nport=7\n\nportal=x\nhost=c\n',
    )
  })

  it('replaces an empty value', () => {
    assert.equal(overrideProperties('advertisedAddress=\n', { advertisedAddress: 'a' }), 'advertisedAddress=a\n')
  })

  it('adds what is missing at the end', () => {
    assert.equal(overrideProperties('a=1\n', { b: '2', a: '3' }), 'a=3\n\n# Added for the one-machine run\nb=2\n')
  })
})
