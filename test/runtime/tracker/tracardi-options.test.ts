import assert from 'node:assert/strict'
import { fromDataset, fromTracardi } from '../../../runtime/tracker/tracardi-options.ts'

describe('the options of a page', () => {
  it('are read from what is written for the snippet of Tracardi', () => {
    const listeners = { onInit: () => undefined }
    const options = fromTracardi({
      tracker: {
        url: { api: 'https://events.example.com' },
        source: { id: 'shop' },
        profile: { id: 'customer-7' },
        context: { screen: false },
        settings: { respectDoNotTrack: true, bulkEvents: 20 },
        auto: { events: [['page-view', { page: 'home' }]] },
      },
      listeners,
    })
    assert.deepEqual(options, {
      api: 'https://events.example.com',
      source: 'shop',
      profile: 'customer-7',
      context: { screen: false },
      respectDoNotTrack: true,
      bulkEvents: 20,
      autoEvents: [['page-view', { page: 'home' }]],
      listeners,
    })
  })

  it('name neither source nor API when the page does not', () => {
    assert.deepEqual([fromTracardi({}).source, fromTracardi({}).api], ['', ''])
  })

  it('are read from the attributes of the script element', () => {
    assert.deepEqual(fromDataset({ source: '7', api: 'https://events.example.com' }), {
      source: '7',
      api: 'https://events.example.com',
    })
    assert.deepEqual(fromDataset({ source: 'shop', options: '{"bulkMs":1000,"requireConsent":true}' }), {
      source: 'shop',
      bulkMs: 1000,
      requireConsent: true,
    })
  })
})
