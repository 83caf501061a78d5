import assert from 'node:assert/strict'
import { bookiePortOf, portInCookie, standaloneOverrides } from '../../../runtime/local/pulsar.ts'

describe('standaloneOverrides', () => {
  it('listens on the given ports of this machine only', () => {
    const { brokerServicePort, webServicePort, bindAddress } = standaloneOverrides(1, 2)
    assert.deepEqual([brokerServicePort, webServicePort, bindAddress], ['1', '2', '127.0.0.1'])
  })

  it('writes to the disk before a receipt, and never drops a backlog', () => {
    const overrides = standaloneOverrides(1, 2)
    assert.equal(overrides['journalSyncData'], 'true')
    assert.equal(overrides['backlogQuotaDefaultLimitGB'], '-1')
  })
})

describe('bookiePortOf', () => {
  it('reads the port from the cookie of the bookie', () => {
    assert.equal(portInCookie('5\nbookieHost: "127.0.0.1:3181"\njournalDir: "/x"\n'), 3181)
  })

  it('is nothing for a folder without data', () => {
    assert.equal(bookiePortOf('/nowhere'), undefined)
  })
})
