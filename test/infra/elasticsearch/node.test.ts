import assert from 'node:assert/strict'
import { changed, registeredBy, type StackName } from '../../support/stack.ts'
import { podTemplates } from '../../support/workloads.ts'

/** The lines of the script that puts together the configuration of a node. */
async function configureScript(stack: StackName): Promise<readonly string[]> {
  const templates = podTemplates(await registeredBy(changed(stack)))
  const node = templates.find(({ name }) => name === 'elasticsearch-master')
  return node?.spec.initContainers[0].command[2].split('\n')
}

describe('the configuration of an Elasticsearch node', () => {
  it('is what the image brings, with the settings of the stack', async () => {
    assert.deepEqual(await configureScript('dev'), [
      'set -eu',
      'cd /usr/share/elasticsearch',
      'cp -r config/. /work/',
      'mkdir -p /work/jvm.options.d',
      'cp /settings/elasticsearch.yml /work/',
      'cp /settings/heap.options /work/jvm.options.d/',
    ])
  })

  it('has with security a keystore, made before the settings are there, which its tool could not resolve', async () => {
    const script = await configureScript('staging')
    assert.deepEqual(script.slice(3, 8), [
      'export ES_PATH_CONF=/work',
      'rm -f /work/elasticsearch.keystore',
      'bin/elasticsearch-keystore create',
      'bin/elasticsearch-keystore add --stdin bootstrap.password < /password/password',
      'mkdir -p /work/certificates',
    ])
    assert.equal(script.indexOf('cp /settings/elasticsearch.yml /work/'), 9)
  })
})
