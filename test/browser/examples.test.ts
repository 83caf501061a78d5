import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { eventually } from '../support/until.ts'
import { openStage, type Stage } from './stage.ts'

interface Stored {
  readonly type: string
  readonly properties: unknown
  readonly session: { readonly id: string }
  readonly profile: { readonly id: string }
}

describe('the example of a shop, in a real browser, against the real pipeline', () => {
  let stage: Stage

  before(async () => {
    stage = await openStage('shop')
  })
  after(() => stage?.close())

  it('stores its page view, what is put into the basket, the purchase, and who has signed in, of one session', async () => {
    const { pipeline, site, browser } = stage
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
