import assert from 'node:assert/strict'
import { listeningInode, programIn } from '../../../runtime/local/port-holder.ts'

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2189 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 111 1 0000000000000000
   1: 0100007F:2189 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 0000000000000000
   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0000000000000000
`

describe('listeningInode', () => {
  it('finds the socket that listens, not a connection of the same port', () => {
    assert.equal(listeningInode(TABLE, 8585), '222')
  })

  it('finds a port of few digits', () => {
    assert.equal(listeningInode(TABLE, 80), '333')
  })

  it('finds nothing for a port where nobody listens', () => {
    assert.equal(listeningInode(TABLE, 0x9c40), undefined)
    assert.equal(listeningInode('', 80), undefined)
  })
})

describe('programIn', () => {
  it('is the name without folder and arguments', () => {
    assert.equal(programIn('/opt/jdk/bin/java\0-Xmx1g\0Main\0'), 'java')
  })

  it('is something to say also for a process without a command line', () => {
    assert.equal(programIn(''), 'a program')
  })
})
