import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { READ_BY_ONE, readBy } from '../../../infra/runtime/environment.ts'
import { settings } from '../../../runtime/config.ts'

const RUNTIME = fileURLToPath(new URL('../../../runtime/', import.meta.url))

/** The text of what a program is made of, besides what only another one uses. */
function sourcesWithout(...folders: readonly string[]): string {
  const files = readdirSync(RUNTIME, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !/^(node_modules|local|send)\//.test(file) && file !== 'config.ts',
  )
  return files
    .filter((file) => !folders.some((folder) => file.startsWith(folder)))
    .map((file) => readFileSync(`${RUNTIME}${file}`, 'utf8'))
    .join('\n')
}

describe('the settings that a program reads', () => {
  const field = (name: string) => Object.entries(settings).find(([, { env }]) => env === name)?.[0] as string
  const elsewhere = {
    api: sourcesWithout('api/', 'console/', 'programs/api.ts'),
    // Consumers ask the queue for the prefetch; the API does not consume.
    worker: sourcesWithout('worker/', 'programs/worker.ts', 'queue/', 'replay/', 'commands/'),
    // What set-up makes of the topics is handed on with their names.
    admin: sourcesWithout('search/retention.ts', 'search/state-expiry.ts', 'search/age.ts', 'commands/', 'names.ts'),
  }
  for (const [program, names] of Object.entries(READ_BY_ONE)) {
    for (const name of names) {
      it(`are, of all programs, only for ${program} also ${name}`, () => {
        assert.doesNotMatch(elsewhere[program as 'api'], new RegExp(`config\\.${field(name)}\\b|\\b${field(name)} }`))
      })
    }
  }

  it('are few of the topics: how many bundles they are in is asked by set-up alone', () => {
    const users = ['queue/topic-set-up.ts', 'queue/bundles.ts']
    assert.doesNotMatch(sourcesWithout(...users), /opics\.bundles\b/)
    for (const user of users) assert.match(readFileSync(`${RUNTIME}${user}`, 'utf8'), /opics\.bundles\b/)
  })

  it('are all but those that another program alone reads', () => {
    const all = { BULK_CONCURRENCY: '2', API_MAX_EVENTS: '5', ELASTIC_HOST: 'http://e:9200', EVENT_RETENTION_DAYS: '9' }
    assert.deepEqual(readBy('api', all), { API_MAX_EVENTS: '5', ELASTIC_HOST: 'http://e:9200' })
    assert.deepEqual(readBy('worker', all), { BULK_CONCURRENCY: '2', ELASTIC_HOST: 'http://e:9200' })
  })
})
