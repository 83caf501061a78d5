import assert from 'node:assert/strict'
import { homedir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { stepFault } from '../../infra/safety/version-steps.ts'
import { homeFolder, homeIn } from '../../runtime/local/home.ts'
import { type Artifact, artifacts, installArtifact } from '../../runtime/local/install.ts'
import { Pipeline } from '../contract/pipeline.ts'
import { mochaGlobalTeardown, servers, startServers } from '../contract/servers.ts'
import { Program } from '../faults/program.ts'
import { Load } from '../support/load.ts'
import { checkUpgrade } from './upgrade-check.ts'

/**
 * Servers of an older release get a newer one under load, on the data that they have: all that was answered 200 is stored, and nothing
 * twice. The releases are those that Maven Central has. `npm run test:operators -- --grep upgrade`; it needs three minutes, and a
 * download of 600 MB once.
 */

const PULSAR = 'org.apache.pulsar:pulsar-server-distribution'
const ELASTICSEARCH = 'org.elasticsearch.distribution.integ-test-zip:elasticsearch'

function release(name: 'pulsar' | 'elasticsearch', version: string): Artifact {
  const coordinates = name === 'pulsar' ? `${PULSAR}:${version}:tar.gz:bin` : `${ELASTICSEARCH}:${version}:zip`
  return { ...artifacts[name], version, coordinates }
}

const PULSARS = [release('pulsar', '3.3.6'), artifacts.pulsar, release('pulsar', '4.0.8')] as const
const ELASTICSEARCHES = [release('elasticsearch', '9.1.5'), artifacts.elasticsearch] as const

const LOAD = { eventsPerSecond: 300, eventsPerCall: 10 }
/** Of load before, between and after the upgrades. */
const PHASE_MS = 10_000
/** By then the worker and the brokers are connected again, and the backlog is stored. */
const STORED_MS = 120_000

describe('an upgrade under load', function () {
  this.timeout(600_000)
  let pipeline: Pipeline
  let worker: Program
  let folders: Readonly<Record<string, string>>
  const folderOf = ({ name, version }: Artifact) => folders[`${name}-${version}`] as string

  before(async () => {
    const home = homeIn(homeFolder(process.env, process.env['TRACARDI_HOME'] ?? '', process.getuid?.(), homedir()))
    const all: readonly Artifact[] = [...PULSARS, ...ELASTICSEARCHES]
    const installed: [string, string][] = []
    for (const artifact of all)
      installed.push([`${artifact.name}-${artifact.version}`, await installArtifact(home, artifact, () => {})])
    folders = Object.fromEntries(installed)
    // Those of the other tests.
    await mochaGlobalTeardown()
    await startServers({ releases: { pulsar: folderOf(PULSARS[0]), elasticsearch: folderOf(ELASTICSEARCHES[0]) } })
    pipeline = await Pipeline.create('upgrade', { BULK_TIMEOUT_SECONDS: '1' })
    await pipeline.startApi()
    worker = new Program('worker', { ...pipeline.env, PRIVATE_PORT: new URL(pipeline.workerPrivateUrl).port })
    worker.start()
    await worker.untilReady()
  })
  after(async () => {
    await worker?.end('SIGKILL')
    await pipeline?.close()
  })

  async function storedIds(): Promise<readonly string[]> {
    const index = `${pipeline.eventAlias}-*`
    await pipeline.search.indices.refresh({ index })
    const pages = pipeline.search.helpers.scrollSearch<{ id: string }>({ index, size: 5000, _source: ['id'] })
    const ids: string[] = []
    for await (const { documents } of pages) ids.push(...documents.map(({ id }) => id))
    return ids
  }

  it('loses nothing and stores nothing twice', async () => {
    const load = new Load(pipeline.publicUrl, LOAD)
    const phases: [string, number][] = []
    const phase = async (what: string) => {
      await sleep(PHASE_MS)
      phases.push([what, load.accepted.size])
      assert.equal(load.lastStatus, 200, what)
    }
    await phase('before')
    assert.equal((await checkUpgrade()).lines[0], 'the cluster is green, and its nodes run 9.1.5')
    for (const next of ELASTICSEARCHES.slice(1)) {
      await servers().elasticsearch.stop()
      await servers().restartElasticsearch(folderOf(next))
      await phase(`Elasticsearch ${next.version}`)
    }
    assert.equal((await checkUpgrade()).lines[0], 'version 9.2.0 runs already')
    for (const next of PULSARS.slice(1)) {
      await servers().pulsar.stop()
      await servers().restartPulsar(folderOf(next))
      await sleep(PHASE_MS)
      await phase(`Pulsar ${next.version}`)
    }
    await load.stop()
    const deadline = performance.now() + STORED_MS
    let ids = await storedIds()
    const isMissing = () => {
      const stored = new Set(ids)
      return [...load.accepted].filter((id) => !stored.has(id))
    }
    while (isMissing().length > 0 && performance.now() < deadline) {
      await sleep(1000)
      ids = await storedIds()
    }
    for (const row of phases) process.stdout.write(`      | ${row.join(' | ')} |\n`)
    const [lost, twice] = [isMissing().length, ids.length - new Set(ids).size]
    process.stdout.write(`      | accepted ${load.accepted.size} | lost ${lost} | twice ${twice} |\n`)
    assert.deepEqual({ lost, twice }, { lost: 0, twice: 0 })
  })

  it('has no way back: Elasticsearch does not start, as the guard says before', async () => {
    const [old, now] = ELASTICSEARCHES
    assert.match(stepFault('elasticsearch', now.version, old.version) ?? '', /^a server does not start on data that/)
    await worker.end('SIGTERM')
    await servers().elasticsearch.stop()
    await assert.rejects(servers().restartElasticsearch(folderOf(old)), /Elasticsearch/)
    await servers().restartElasticsearch(folderOf(now))
    assert.ok((await storedIds()).length > 0)
  })
})
