import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { basic } from '../../runtime/local/credentials.ts'
import { eventually } from '../support/until.ts'
import { servers } from './servers.ts'

export interface Rights {
  readonly cluster: readonly string[]
  readonly indices: readonly { readonly names: readonly string[]; readonly privileges: readonly string[] }[]
}

/** Adds users to Elasticsearch, each with a role of its name and the password of the administrator. */
export async function addUsers(roles: Readonly<Record<string, Rights>>): Promise<void> {
  const { folder, elasticsearch } = servers()
  const conf = join(folder, 'elasticsearch/conf')
  const [, hash] = readFileSync(join(conf, 'users'), 'utf8').trim().split(/:(.*)/s)
  for (const [role, rights] of Object.entries(roles)) {
    // JSON is YAML.
    appendFileSync(join(conf, 'roles.yml'), `${role}: ${JSON.stringify(rights)}\n`)
    appendFileSync(join(conf, 'users_roles'), `${role}:${role}\n`)
    appendFileSync(join(conf, 'users'), `${role}:${hash?.split('\n')[0]}\n`)
  }
  // Elasticsearch rereads the files every few seconds, each by itself: a user may exist before the rights.
  await eventually(async () => {
    const known = Object.entries(roles).map(async ([role, { cluster, indices: index }]) => {
      const answer = await fetch(`${elasticsearch.url}/_security/user/_has_privileges`, {
        method: 'POST',
        headers: { authorization: basic(role, elasticsearch.password), 'content-type': 'application/json' },
        body: JSON.stringify({ cluster, index }),
      })
      return answer.ok && ((await answer.json()) as { has_all_requested: boolean }).has_all_requested
    })
    return (await Promise.all(known)).every(Boolean)
  })
}
