import { Client } from '@elastic/elasticsearch'
import { ScriptedServer } from './scripted-server.ts'

/** A client of a scripted server, for the tests of one `describe`. */
export function scriptedClient(): { readonly server: ScriptedServer; readonly client: Client } {
  const server = new ScriptedServer()
  let client: Client
  before(async () => {
    await server.start()
    client = new Client({ node: server.url, maxRetries: 0 })
  })
  after(async () => {
    await client.close()
    await server.stop()
  })
  beforeEach(() => {
    server.calls.length = 0
  })
  return {
    server,
    get client() {
      return client
    },
  }
}
