import assert from 'node:assert/strict'
import { overrideProperties } from '../../../runtime/local/properties.ts'

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
