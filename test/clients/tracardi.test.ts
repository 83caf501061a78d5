import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Pipeline } from '../contract/pipeline.ts'
import { eventually } from '../support/until.ts'
import { pythonWith } from './python.ts'

/**
 * Tracardi's own clients in Python, unchanged. One is on PyPI. The others come from checkouts of github.com/Tracardi/tracardi-python-sdk and
 * github.com/Tracardi/tracardi-benchmark, whose git directories these variables name. Nothing of them is in this project.
 */
const SDK = process.env['TRACARDI_PYTHON_SDK_CHECKOUT']
const BENCHMARK = process.env['TRACARDI_BENCHMARK_CHECKOUT']
/** The SDK is of the time of pydantic 1. */
const PACKAGES = ['tracardi-track-client==0.7.3', 'pydantic==1.10.27', 'requests==2.34.2', 'aiohttp==3.14.5']
const FAKERS = ['faker==40.63.0', 'faker-commerce==1.0.4']

const BY_PYPI = `
import sys
from tracardi_track_client.tracker import track
api, profile = sys.argv[1:]
track(api, 'my-source', profile, 'pypi-session', 'pypi-event', {'total': 17.5}, {'page': 'basket'}, {'from': 'a job'})
track(api, 'my-source', None, None, 'pypi-event', {'total': 1})
track(api, 'nobody', None, None, 'pypi-event', {})
`

const BY_SDK = `
import json, sys
from tracardi_python_sdk.errors import AuthenticationError
from tracardi_python_sdk.model.entity import Entity
from tracardi_python_sdk.model.event_payload import EventPayload
from tracardi_python_sdk.model.tracker_payload import TrackerPayload
from tracardi_python_sdk.service.tracardi import Tracardi

def payload(source, whole):
    made = TrackerPayload(source=Entity(id=source), session=Entity(id='sdk-session'))
    made.set_return_profile(whole)
    made.set_profile('sdk-profile')
    made.set_context({'my_browser': 'ie'})
    made.add_event(EventPayload(type='sdk-event', properties={'data': 1}))
    made.add_event(EventPayload(type='sdk-event', properties={'data': 2}))
    return made

tracardi = Tracardi(url=sys.argv[1])
answers = [tracardi.track(payload('my-source', whole)).id for whole in (False, True)]
try:
    tracardi.track(payload('nobody', False))
    refused = None
except Exception as error:
    refused = type(error).__name__
print(json.dumps({'answers': answers, 'refused': refused}))
`

const BY_BENCHMARK = `
import json, random, sys, requests
random.seed(7)
from fake_data_maker.generate_payload import generate_payload
from template import get_random_payload
payloads = [generate_payload('my-source') for _ in range(5)] + [get_random_payload('my-source') for _ in range(3)]
statuses = []
for payload in payloads:
    answer = requests.post(sys.argv[1] + '/track', json=payload)
    statuses.append(answer.status_code)
    assert answer.json()['profile']['id'] == payload['profile']['id'], answer.text
print(json.dumps({'statuses': statuses, 'events': sum(len(payload['events']) for payload in payloads)}))
`

const pending = (checkout: string | undefined, variable: string) =>
  checkout === undefined ? ` (pending: ${variable} names no checkout)` : ''

describe('Tracardi’s clients in Python', () => {
  let pipeline: Pipeline
  let folder: string

  before(async () => {
    pipeline = await Pipeline.create('python', { BULK_TIMEOUT_SECONDS: '0.2' })
    await pipeline.startApi()
    await pipeline.startWorker()
    folder = mkdtempSync(join(tmpdir(), 'tracardi-python-'))
  })
  after(async () => {
    rmSync(folder, { recursive: true, force: true })
    await pipeline?.close()
  })

  /** Runs a program in the folder of the client. The API is in this process, so nothing may block it. */
  async function run(program: string, packages: readonly string[], ...args: string[]): Promise<string> {
    writeFileSync(join(folder, 'use.py'), program)
    const python = join(pythonWith(packages), 'python')
    return (await promisify(execFile)(python, ['use.py', pipeline.publicUrl, ...args], { cwd: folder })).stdout
  }

  function checkOut(repository: string): void {
    const archive = execFileSync('git', ['-C', repository, 'archive', 'HEAD'], { maxBuffer: 64 * 1024 * 1024 })
    execFileSync('tar', ['-x', '-C', folder], { input: archive })
  }

  async function storedOf(query: Record<string, unknown>, count: number) {
    const find = async () => {
      await pipeline.count()
      return pipeline.search.search<Record<string, unknown>>({ index: pipeline.eventAlias, query, size: 10_000 })
    }
    await eventually(async () => (await find().catch(() => undefined))?.hits.hits.length === count)
    return (await find()).hits.hits.map(({ _source }) => _source ?? {})
  }

  it('of PyPI, tracardi-track-client 0.7.3, stores with a profile and without, and prints a refusal', async () => {
    const printed = await run(BY_PYPI, PACKAGES, 'pypi-profile')
    const url = `${pipeline.publicUrl}/track`
    assert.deepEqual(
      printed.split('\n').map((line) => line.split(' ').slice(0, 2)),
      [[url, '200'], [url, '200'], [url, '401'], ['']],
    )
    const events = await storedOf({ term: { type: 'pypi-event' } }, 2)
    const known = events.find(({ profile }) => (profile as { id: string }).id === 'pypi-profile')
    assert.deepEqual([known?.['session'], known?.['properties']], [{ id: 'pypi-session' }, { total: 17.5 }])
  })

  it(`of tracardi-python-sdk answer with an entity or a profile, and raise for an unknown source${pending(SDK, 'TRACARDI_PYTHON_SDK_CHECKOUT')}`, async function () {
    if (SDK === undefined) return this.skip()
    checkOut(SDK)
    const printed = JSON.parse(await run(BY_SDK, PACKAGES))
    assert.deepEqual(printed, { answers: ['sdk-profile', 'sdk-profile'], refused: 'AuthenticationError' })
    const events = await storedOf({ term: { type: 'sdk-event' } }, 4)
    assert.deepEqual(events.map(({ properties }) => (properties as { data: number }).data).sort(), [1, 1, 2, 2])
  })

  it(`of tracardi-benchmark have all their events stored${pending(BENCHMARK, 'TRACARDI_BENCHMARK_CHECKOUT')}`, async function () {
    if (BENCHMARK === undefined) return this.skip()
    checkOut(BENCHMARK)
    const before = await pipeline.count()
    // Its modules print what they make.
    const printed = await run(BY_BENCHMARK, [...PACKAGES, ...FAKERS])
    const { statuses, events } = JSON.parse(printed.trimEnd().split('\n').at(-1) ?? '')
    assert.deepEqual(statuses, Array(8).fill(200))
    await eventually(async () => (await pipeline.count()) === before + events)
  })
})
