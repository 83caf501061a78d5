import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bookiePortOf, standaloneOverrides } from '../../../runtime/local/pulsar.ts'
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
