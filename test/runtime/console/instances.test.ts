import assert from 'node:assert/strict'
import { instancesAt, isOwn, namedInstances } from '../../../runtime/console/instances.ts'

describe('the instances that a setting names', () => {
  it('are those of the list', () => {
    assert.deepEqual(namedInstances('http://worker:8686,http://api:8686/'), ['http://worker:8686', 'http://api:8686'])
    assert.deepEqual(namedInstances(''), [])
  })

  it('are one at each address of a name', () => {
    const addresses = [
      { address: '10.0.0.9', family: 4 },
      { address: '10.0.0.7', family: 4 },
      { address: '10.0.0.7', family: 4 },
      { address: 'fd00::1', family: 6 },
    ]
    assert.deepEqual(instancesAt('http://worker-private:8686', addresses), [
      'http://10.0.0.7:8686',
      'http://10.0.0.9:8686',
      'http://[fd00::1]:8686',
    ])
  })

  it('are known to be this very one by address and port', () => {
    assert.equal(isOwn('http://10.0.0.7:8686', ['127.0.0.1', '10.0.0.7'], 8686), true)
    assert.equal(isOwn('http://[::1]:8686', ['::1'], 8686), true)
    assert.equal(isOwn('http://10.0.0.7:8687', ['10.0.0.7'], 8686), false)
    assert.equal(isOwn('http://10.0.0.8:8686', ['10.0.0.7'], 8686), false)
    assert.equal(isOwn('http://10.0.0.7', ['10.0.0.7'], 80), true)
    assert.equal(isOwn('https://10.0.0.7', ['10.0.0.7'], 443), true)
  })
})
