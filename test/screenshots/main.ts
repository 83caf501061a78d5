import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Browser, chromium, type Page } from 'playwright-core'
import { browserOptions } from '../browser/browser.ts'
import { FAULTS } from '../faults/faults.ts'
import { callOf } from '../faults/load.ts'
import { seeded } from '../faults/random.ts'
import { System } from '../faults/system.ts'
import { TOKEN } from '../support/private.ts'

/**
 * Pictures of the console for the documentation, and to look at: of real servers under load, during five faults, and idle.
 *
 * Usage: npm run screenshots [-- <folder>], by default docs/images.
 */

const EVENTS_PER_SECOND = 1000
/** Until the charts show a curve. */
const WARM_UP_MS = 90_000
/** Between two renewals of the page lie 2 s. */
const RENEWED_MS = 4500
const WIDE = { width: 1280, height: 900 }
const PHONE = { width: 390, height: 844 }

/** Pictures during a fault, by its name. */
const PICTURED = {
  'Elasticsearch killed (-9) and restarted': 'elasticsearch-down',
  'connections to Pulsar half-open': 'pulsar-down',
  'worker paused (SIGSTOP)': 'worker-paused',
  'a pipeline that does not exist (index.default_pipeline)': 'pipeline-missing',
  'a sources file that is not JSON': 'sources-faulty',
} as const

const folder = process.argv[2] ?? 'docs/images'
mkdirSync(folder, { recursive: true })
const random = seeded(1)
const system = await System.start({ random, transport: 'auto', eventsPerSecond: EVENTS_PER_SECOND })
const browser = await chromium.launch(await browserOptions())
try {
  await takeAll(browser)
} finally {
  await browser.close()
  await system.close()
}
process.exit(0)

async function takeAll(by: Browser): Promise<void> {
  const page = await open(by, system.console.url, WIDE)
  await sleep(WARM_UP_MS)
  await picture(page, 'load')
  await inOtherLooks(page)
  await ofEvents(by)
  for (const [fault, name] of Object.entries(PICTURED)) await duringFault(page, fault, name)
  await system.load.stop()
  await page.reload()
  await sleep(WARM_UP_MS)
  await picture(page, 'idle')
}

async function inOtherLooks(page: Page): Promise<void> {
  await page.emulateMedia({ colorScheme: 'dark' })
  await picture(page, 'dark')
  await page.setViewportSize(PHONE)
  await picture(page, 'phone')
  await page.setViewportSize(WIDE)
  await page.emulateMedia({ colorScheme: 'light' })
}

/** Live events and refused calls, of the API that takes them. */
async function ofEvents(by: Browser): Promise<void> {
  const page = await open(by, system.api.privateUrl, WIDE)
  const send = (call: object, origin?: string) =>
    fetch(`${system.pipeline.publicUrl}/track`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(origin === undefined ? {} : { origin }) },
      body: JSON.stringify(call),
    })
  await send({ ...callOf(1), source: { id: 'old-shop' } }, 'https://shop.example.com')
  await send({ ...callOf(1), source: { id: 'old-shop' } }, 'https://shop.example.com')
  await send({ source: { id: 'my-source' }, events: [{ id: 5 }] })
  await page.fill('#live-type', 'purchase')
  await page.click('#live-toggle')
  const shop = { session: { id: 'visit-1' }, profile: { id: 'visitor-1' } }
  for (const price of [12.5, 80, 3.2]) {
    await send({
      source: { id: 'my-source' },
      ...shop,
      events: [{ type: 'purchase', properties: { price, currency: 'EUR' } }],
    })
    await sleep(1500)
  }
  await page.locator('#live-rows button').first().click()
  await sleep(RENEWED_MS)
  await picture(page, 'live', 'section[aria-labelledby=live-title]')
  await picture(page, 'refused', 'section[aria-labelledby=refusals-title]')
  await page.close()
}

async function duringFault(page: Page, name: string, file: string): Promise<void> {
  const fault = FAULTS.find((one) => one.name === name)
  if (!fault) throw new Error(`there is no fault "${name}"`)
  system.console.whenShown = () => picture(page, file)
  await system.console.during(name, true, async () => {
    await fault.inject(system, random)
    await system.recoveryMs()
  })
  system.console.whenShown = async () => undefined
  await system.console.gone()
}

async function open(by: Browser, url: string, viewport: typeof WIDE): Promise<Page> {
  const page = await by.newPage({ viewport, deviceScaleFactor: 1 })
  await page.goto(`${url}/console#token=${TOKEN}`)
  return page
}

/** @param section of the page; the part that a screen shows first, when there is none. */
async function picture(page: Page, name: string, section?: string): Promise<void> {
  await sleep(RENEWED_MS)
  const path = join(folder, `console-${name}.png`)
  await (section === undefined ? page.screenshot({ path }) : page.locator(section).screenshot({ path }))
  process.stdout.write(`${path}\n`)
}
