import { readFileSync } from 'node:fs'
import { Client } from '@elastic/elasticsearch'
import type { Config } from '../config.ts'

/** The official client, with the retries switched off: the bulk indexer decides itself what is sent again, and when. */
export function searchClient(config: Config): Client {
  const tls = {
    rejectUnauthorized: config.elasticVerifyCerts,
    ...(config.elasticCaFile === '' ? {} : { ca: readFileSync(config.elasticCaFile) }),
  }
  return new Client({
    nodes: config.elasticHost.split(','),
    requestTimeout: config.elasticQueryTimeoutSeconds * 1000,
    maxRetries: 0,
    // The default copies the request into each error, byte by byte as keys of an object: 100 MB for one bulk that failed.
    redaction: { type: 'remove' },
    ...(config.elasticHost.includes('https://') ? { tls } : {}),
    ...authentication(config),
  })
}

function authentication(config: Config) {
  if (config.elasticApiKey !== '') return { auth: { apiKey: config.elasticApiKey } }
  if (config.elasticUsername !== '') {
    return { auth: { username: config.elasticUsername, password: config.elasticPassword } }
  }
  return {}
}
