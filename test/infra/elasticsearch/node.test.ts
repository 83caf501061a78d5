import assert from 'node:assert/strict'
import { changed, registeredBy, STACKS, type StackName } from '../../support/stack.ts'
import { ofType, podTemplates } from '../../support/workloads.ts'

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
      'if [ -e /settings/founding.yml ] && [ ! -e /founded/cluster ]; then',
      '  cat /settings/founding.yml >> /work/elasticsearch.yml',
      'fi',
      'cp /settings/heap.options /work/jvm.options.d/',
      'cp /settings/log4j2.properties /work/',
    ])
  })

  it('has with security a keystore, made before the settings exist, which its tool could not resolve', async () => {
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

describe('the mark that a cluster was founded', () => {
  it('is read by masters, and need not exist; data nodes found nothing', async () => {
    const templates = podTemplates(await registeredBy(changed('production')))
    const marks = (name: string) => {
      const node = templates.find((template) => template.name === name)
      return node?.spec.volumes.filter((volume: { name: string }) => volume.name === 'founded')
    }
    assert.deepEqual(marks('elasticsearch-master'), [
      { name: 'founded', configMap: { name: 'elasticsearch-master-founded', optional: true } },
    ])
    assert.deepEqual(marks('elasticsearch-data-a'), [])
  })
})

describe('what a node writes outside of its volume', () => {
  for (const stack of STACKS) {
    it(`of ${stack} is bounded: logs, garbage collections and heap dumps go to no file`, async () => {
      const maps = ofType(await registeredBy(changed(stack)), 'ConfigMap')
      const found = maps.filter(({ inputs }) => inputs.data['heap.options'] !== undefined)
      assert.ok(found.length > 0)
      for (const { inputs } of found) {
        const options = inputs.data['heap.options'].split('\n')
        const logs = options.filter((line: string) => line.startsWith('-Xlog'))
        assert.deepEqual(logs, ['-Xlog:disable', '-Xlog:all=warning,gc=info:stderr:utctime,level,tags'])
        assert.ok(options.includes('-XX:-HeapDumpOnOutOfMemoryError'))
        assert.ok(options.includes('-XX:+ErrorFileToStderr'))
        const appenders = inputs.data['log4j2.properties'].match(/^appender\.\w+\.type = \w+$/gm)
        assert.deepEqual(appenders, [
          'appender.console.type = Console',
          'appender.header_warning.type = HeaderWarningAppender',
        ])
      }
      assert.ok((await configureScript(stack)).includes('cp /settings/log4j2.properties /work/'))
    })
  }
})
