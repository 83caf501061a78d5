import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { Pipeline } from '../contract/pipeline.ts'
import { eventually } from '../support/until.ts'
import { browserPath } from './browser.ts'
import { Site } from './site.ts'

interface Stored {
  readonly type: string
  readonly properties: unknown
  readonly session: { readonly id: string }
  readonly profile: { readonly id: string }
}

describe('the example of a shop, in a real browser, against the real pipeline', () => {
  let pipeline: Pipeline
  let site: Site
  let browser: Browser

  before(async () => {
    pipeline = await Pipeline.create('shop', { BULK_TIMEOUT_SECONDS: '0.2' })
    await pipeline.startApi()
    await pipeline.startWorker()
    site = await Site.open()
    browser = await chromium.launch({ executablePath: await browserPath() })
  })
  after(async () => {
    await browser?.close()
    site?.close()
    await pipeline?.close()
  })

  it('stores its page view, what is put into the basket, the purchase, and who has signed in, of one session', async () => {
    const example = readFileSync(new URL('../../docs/examples/shop.html', import.meta.url), 'utf8')
    assert.ok(example.includes('https://events.example.com'))
    const page = await browser.newPage()
    await page.goto(site.put('/', example.replace('https://events.example.com', pipeline.publicUrl)))
    await page.click('#add')
    await page.click('#add')
    await page.click('#buy')
    await page.waitForSelector('[data-bought]')
    await page.fill('[name=customer]', '7')
    await page.press('[name=customer]', 'Enter')
    await page.close()
    const find = async () => {
      await pipeline.count()
      const found = await pipeline.search.search<Stored>({
        index: pipeline.eventAlias,
        size: 10,
        sort: [{ 'metadata.time.create': 'asc' }],
      })
      return found.hits.hits.flatMap(({ _source }) => _source ?? [])
    }
    await eventually(async () => (await find().catch(() => [])).length >= 5)
    const events = await find()
    assert.deepEqual(
      events.map(({ type, properties }) => [type, properties]),
      [
        ['page-view', { page: 'garden-chairs' }],
        ['add-to-basket', { sku: 'chair-7', price: 59.9 }],
        ['add-to-basket', { sku: 'chair-7', price: 59.9 }],
        ['purchase', { total: 119.8, items: 2 }],
        ['identify', { plan: 'garden-club' }],
      ],
    )
    assert.equal(new Set(events.map(({ session }) => session.id)).size, 1)
    assert.equal(events.at(-1)?.profile.id, 'customer-7')
  })
})
