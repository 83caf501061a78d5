import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { servers } from '../contract/servers.ts'
import { jobScript } from '../infra/pulsar/files.ts'

/** What the check before an upgrade ends with. */
export interface Checked {
  readonly status: number | null
  readonly lines: readonly string[]
}

/**
 * Runs the check before an upgrade of Elasticsearch against the server that runs. It does not wait for a fault to pass.
 *
 * @param laterMinutes how much later it is for the check, in minutes.
 */
export async function checkUpgrade(
  changes: Readonly<Record<string, unknown>> = {},
  laterMinutes = 0,
): Promise<Checked> {
  const { elasticsearch, folder } = servers()
  const users = join(folder, 'check')
  mkdirSync(users, { recursive: true })
  writeFileSync(join(users, 'elastic'), elasticsearch.password)
  const script = (await jobScript('staging', 'elasticsearch-upgrade', changes))
    .replaceAll(/https:\/\/elasticsearch[a-z.-]*:9200/g, elasticsearch.url)
    .replaceAll('/users/', `${users}/`)
    .replaceAll('/tmp/curl', join(users, 'curl'))
    .replaceAll('user = "elastic:', `user = "${elasticsearch.username}:`)
    .replaceAll(' --cacert /authority/ca.crt', '')
    .replaceAll('SECONDS + 600', 'SECONDS + 0')
  const clock = `date() { echo $(($(command date "$@") + ${laterMinutes * 60})); }\n`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', clock + script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return { status, lines: `${stdout}${stderr}`.trim().split('\n') }
}
