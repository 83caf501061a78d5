import assert from 'node:assert/strict'
import { refusalOf } from '../../../runtime/console/same-origin.ts'

const asked = { 'x-tracardi-console': 'yes', host: '10.0.0.7:8686' }

describe('a call that changes something', () => {
  it('passes from the page itself, and from a tool without a browser', () => {
    assert.equal(refusalOf({ ...asked, origin: 'http://10.0.0.7:8686', 'sec-fetch-site': 'same-origin' }), undefined)
    assert.equal(refusalOf(asked), undefined)
  })

  it('is refused without the header that no form can send', () => {
    assert.equal(refusalOf({ host: '10.0.0.7:8686' }), 'the header x-tracardi-console must be "yes"')
  })

  it('is refused from another origin, whatever the header says', () => {
    const refusal = 'the call comes from another origin'
    assert.equal(refusalOf({ ...asked, 'sec-fetch-site': 'cross-site' }), refusal)
    assert.equal(refusalOf({ ...asked, 'sec-fetch-site': 'same-site' }), refusal)
    assert.equal(refusalOf({ ...asked, origin: 'http://10.0.0.7:9999' }), refusal)
    assert.equal(refusalOf({ ...asked, origin: 'null' }), refusal)
  })
})
