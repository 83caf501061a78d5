import assert from 'node:assert/strict'
import { jvmOptions, nodeSettings } from '../../../runtime/local/elasticsearch.ts'

describe('nodeSettings', () => {
  it('is a node of its own on this machine only', () => {
    const settings = nodeSettings(9200, 9300, '/data', '/logs')
    assert.equal(settings['discovery.type'], 'single-node')
    assert.equal(settings['network.host'], '127.0.0.1')
    assert.equal(settings['http.port'], 9200)
    assert.equal(settings['path.data'], '/data')
  })

  it('measures the disk in absolute sizes', () => {
    const watermark = 'cluster.routing.allocation.disk.watermark'
    const settings = nodeSettings(9200, 9300, '/data', '/logs')
    assert.deepEqual(
      ['low', 'high', 'flood_stage'].map((level) => settings[`${watermark}.${level}`]),
      ['1gb', '500mb', '250mb'],
    )
  })
})

describe('jvmOptions', () => {
  it('drops what would write files next to the data, and keeps the rest', () => {
    const text = '# comment\n-XX:+UseG1GC\n-XX:+HeapDumpOnOutOfMemoryError\n-XX:ErrorFile=x\n-Xlog:gc*:file=gc.log\n'
    assert.equal(jvmOptions(text), '# comment\n-XX:+UseG1GC\n')
  })
})
