import assert from 'node:assert/strict'
import { type Browser, chromium, type Page } from 'playwright-core'
import { findingsOf } from '../../infra/load-test/findings.ts'
import { page as reportOf } from '../../infra/load-test/page.ts'
import { intervalsOf, loadTestOf } from '../infra/load-test/cases.ts'
import { browserOptions } from './browser.ts'

describe('the report of a load test in a real browser', () => {
  let browser: Browser
  let page: Page
  let complaints: string[]

  before(async () => {
    browser = await chromium.launch(await browserOptions())
  })
  after(() => browser?.close())
  beforeEach(async () => {
    complaints = []
    page = await browser.newPage()
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', ({ url }) => url() === 'about:blank' || complaints.push(url()))
    const loadTest = loadTestOf({ intervals: intervalsOf(120) })
    await page.setContent(reportOf(loadTest, findingsOf(loadTest, { p99Ms: 1000 })))
  })
  afterEach(() => page.close())

  const legend = (chart: number) => page.locator('.u-legend').nth(chart).locator('.u-series').allTextContents()

  for (const width of [320, 1280]) {
    it(`fits ${width} pixels, with four charts, and needs nothing from elsewhere`, async () => {
      await page.setViewportSize({ width, height: 900 })
      assert.equal(await page.locator('.chart canvas').count(), 4)
      assert.equal(await page.evaluate<number>('document.documentElement.scrollWidth'), width)
      assert.deepEqual(complaints, [])
    })
  }

  it('has the values under the pointer in all charts immediately, and zooms into what is dragged over', async () => {
    const over = page.locator('.u-over').first()
    await over.scrollIntoViewIfNeeded()
    const box = await over.boundingBox()
    assert.ok(box)
    const at = async (share: number) => {
      await page.mouse.move(box.x + box.width * share, box.y + box.height / 2)
      return ((await legend(0))[0] ?? '').replace(/^at\s*/, '')
    }
    assert.equal(await at(0.5), '1:00')
    assert.match((await legend(0))[1] ?? '', /^sent\s*1,000$/)
    assert.match((await legend(2))[1] ?? '', /^messages\s*40$/)
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2, { steps: 5 })
    await page.mouse.up()
    assert.equal(await at(0.01), '0:49')
    assert.equal(await at(0.99), '1:12')
    await page.mouse.dblclick(box.x + box.width / 2, box.y + box.height / 2)
    assert.equal(await at(0.99), '1:59')
    assert.deepEqual(complaints, [])
  })
})
