import type { Config } from '../config.ts'
import { topicSetUpOf } from '../names.ts'
import { pulsarAdmin } from '../queue/admin.ts'
import { setUpQueue } from '../queue/topic-set-up.ts'
import { searchClient } from '../search/client.ts'
import { setUpSearch } from '../search/index-set-up.ts'
import { print, table } from './output.ts'

/** Creates what is missing in Pulsar and Elasticsearch, and reports differences from the configuration. */
export async function setUp(
  config: Config,
  options: { readonly lowerRetention?: boolean; readonly json?: boolean } = {},
): Promise<void> {
  const admin = pulsarAdmin(config)
  const search = searchClient(config)
  try {
    const retentionChange = options.lowerRetention ? 'lower' : 'raise'
    const queue = await setUpQueue(admin, topicSetUpOf(config), retentionChange)
    const steps = [...queue, ...(await setUpSearch(search, config))]
    if (options.json) return print(JSON.stringify(steps, null, 2))
    print(
      table(
        ['state', 'what', 'detail'],
        steps.map((step) => [step.state, step.what, step.detail ?? '']),
      ),
    )
    const differing = steps.filter((step) => step.state === 'differs').length
    if (differing > 0) print(`\n${differing} of these differ from the configuration and were left as they are.`)
  } finally {
    await admin.close()
    await search.close()
  }
}
