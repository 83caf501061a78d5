import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { v7 as uuidV7 } from 'uuid'
import { createSender } from '../../runtime/sdk/index.ts'

/** A program that sends until a signal ends it, and prints the id of each event as soon as `track` has returned. */
let isEnding = false
process.once('SIGTERM', () => {
  isEnding = true
})
const [url = '', folder = ''] = process.argv.slice(2)
const sender = createSender({ url, source: 'my-source', spool: { folder }, closeOn: ['SIGTERM'], queueEvents: 200 })
for (let number = 0; !isEnding; number += 1) {
  const id = uuidV7()
  void sender.track('sdk-spooled', { number }, { id, session: `spool-${number % 20}` })
  writeSync(1, `${id}\n`)
  await sleep(1)
}
