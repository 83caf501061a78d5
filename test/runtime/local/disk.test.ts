import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { freeDiskBytes, MIN_FREE_BYTES, requireFreeDisk } from '../../../runtime/local/disk.ts'

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
