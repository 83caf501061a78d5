import { type Browser, chromium } from 'playwright-core'
import { Pipeline } from '../contract/pipeline.ts'
import { browserOptions } from './browser.ts'
import { Site } from './site.ts'

/** What the tests of a page need: the real pipeline, a site that serves pages, and a browser. */
export interface Stage {
  readonly pipeline: Pipeline
  readonly site: Site
  readonly browser: Browser
  close(): Promise<void>
}

/** @param suite names topics and indices that no other suite has. */
export async function openStage(suite: string): Promise<Stage> {
  const options = await browserOptions()
  const pipeline = await Pipeline.create(suite, { BULK_TIMEOUT_SECONDS: '0.2' })
  await pipeline.startApi()
  await pipeline.startWorker()
  const site = await Site.open()
  const browser = await chromium.launch(options)
  const close = async () => {
    await browser.close()
    site.close()
    await pipeline.close()
  }
  return { pipeline, site, browser, close }
}
