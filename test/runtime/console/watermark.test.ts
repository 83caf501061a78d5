import assert from 'node:assert/strict'
import { bytesToStayFree } from '../../../runtime/console/watermark.ts'

const GB = 1024 ** 3

describe('what must stay free of a disk', () => {
  const free = (limit: string, maxHeadroom = '-1') => bytesToStayFree({ limit, maxHeadroom }, 1000 * GB)

  it('is the rest of a share in use', () => {
    assert.equal(free('75%'), 250 * GB)
    assert.equal(free('0.75'), 250 * GB)
  })

  it('is at most the headroom of a large disk', () => {
    assert.equal(free('75%', '200gb'), 200 * GB)
    assert.equal(free('75%', '300gb'), 250 * GB)
  })

  it('is stated in bytes', () => {
    assert.equal(free('500mb', '200gb'), 500 * 1024 ** 2)
    assert.equal(free('1.5gb'), 1.5 * GB)
    assert.equal(free('10b'), 10)
  })

  it('is unknown for what Elasticsearch would not take', () => {
    assert.equal(free(''), undefined)
    assert.equal(free('much'), undefined)
    assert.equal(free('150%'), undefined)
  })
})
