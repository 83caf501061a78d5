import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Pipeline } from '../contract/pipeline.ts'
import { TOKEN } from '../support/private.ts'
import { eventually } from '../support/until.ts'
import { CACHE, pythonWith } from './python.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Not dependencies of the project: the first wants an older TypeScript than the project has. */
const TYPESCRIPT_TOOLS = ['openapi-typescript@7.13.0', 'openapi-fetch@0.17.0', 'typescript@5.9.3']
const PYTHON_GENERATOR = 'openapi-python-client==0.29.1'

const CALL = (type: string) => ({
  source: { id: 'my-source' },
  session: { id: `${type}-session` },
  profile: { id: `${type}-profile` },
  events: [{ id: `${type}-1`, type, properties: { total: 17.5, items: ['chair'] }, tags: ['a'] }],
})

describe('a client that was generated from the OpenAPI document', () => {
  let pipeline: Pipeline
  let folder: string
  const tool = (name: string) => join(folder, 'node_modules/.bin', name)
  /** The API is in this process, so nothing may block it. */
  const run = (file: string, ...args: string[]) => promisify(execFile)(file, args, { cwd: folder })
  /** @returns the codes of the errors of the compiler. */
  const errorsOf = async (file: string) => {
    try {
      await run(
        tool('tsc'),
        '--noEmit',
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'es2024',
        '--types',
        'node',
        file,
      )
      return []
    } catch (error) {
      return (error as { stdout: string }).stdout.match(/TS\d+/g)
    }
  }

  before(async () => {
    pipeline = await Pipeline.create('openapi', { BULK_TIMEOUT_SECONDS: '0.2' })
    await pipeline.startApi()
    await pipeline.startWorker()
    folder = mkdtempSync(join(tmpdir(), 'openapi-'))
    writeFileSync(join(folder, 'openapi.json'), await (await pipeline.operate('/openapi.json')).text())
    const modules = typescriptTools()
    symlinkSync(modules, join(folder, 'node_modules'))
    mkdirSync(join(modules, '@types'), { recursive: true })
    for (const name of ['@types/node', 'undici-types']) {
      if (!existsSync(join(modules, name))) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  })
  after(async () => {
    rmSync(folder, { recursive: true, force: true })
    await pipeline?.close()
  })

  async function assertStored(type: string): Promise<void> {
    const find = async () => {
      await pipeline.count()
      const query = { term: { type } }
      return pipeline.search.search<Record<string, unknown>>({ index: pipeline.eventAlias, query })
    }
    await eventually(async () => (await find().catch(() => undefined))?.hits.hits.length === 1)
    const { hits } = await find()
    const { profile, session, properties, tags } = hits.hits[0]?._source ?? {}
    const [event] = CALL(type).events
    assert.deepEqual(
      { profile, session, properties, tags },
      {
        ...{ profile: { id: `${type}-profile` }, session: { id: `${type}-session` } },
        ...{ properties: event?.properties, tags: { count: 1, values: ['a'] } },
      },
    )
  }

  it('in TypeScript, with openapi-fetch, sends, sees faults, reads the backlog, and knows the types', async () => {
    await run(tool('openapi-typescript'), 'openapi.json', '--output', 'api.d.ts')
    const begin = `import createClient from 'openapi-fetch'
import type { paths } from './api.d.ts'
const events = createClient<paths>({ baseUrl: '${pipeline.publicUrl}' })
const operator = createClient<paths>({ baseUrl: '${pipeline.privateUrl}', headers: { authorization: 'Bearer ${TOKEN}' } })
`
    const program = `${begin}
const stored = await events.POST('/track', { body: ${JSON.stringify(CALL('by-typescript'))} })
const profile: string | undefined = stored.data?.profile?.id
const faulty = await events.POST('/track', { body: { source: { id: 'my-source' }, events: [{ type: ' ' }] } })
const denied = await events.POST('/track', { body: { source: { id: 'nobody' }, events: [] } })
const collected = await events.POST('/collect/{event_type}/{source_id}', {
  params: { path: { event_type: 'by-typescript-hook', source_id: 'my-source' } },
  body: { a: 1 },
})
const backlog = await operator.GET('/queue/{namespace}/{topic}/backlog', {
  params: { path: { namespace: '${pipeline.config.pulsarNamespace}', topic: '${pipeline.config.pulsarTopic}' } },
})
const total: number | undefined = backlog.data?.total
console.log(JSON.stringify({
  profile,
  statuses: [stored, faulty, denied, collected, backlog].map(({ response }) => response.status),
  faulty: faulty.error?.detail,
  partitions: backlog.data?.backlog.length,
  counted: typeof total,
}))
`
    writeFileSync(join(folder, 'client.ts'), program)
    assert.deepEqual(await errorsOf('client.ts'), [])
    const said = JSON.parse((await run(process.execPath, 'client.ts')).stdout)
    assert.deepEqual(said, {
      profile: 'by-typescript-profile',
      statuses: [200, 422, 401, 200, 200],
      faulty: said.faulty,
      partitions: pipeline.config.pulsarPartitions,
      counted: 'number',
    })
    assert.deepEqual(said.faulty[0].loc, ['body', 'events', 0, 'type'])
    await assertStored('by-typescript')
    for (const body of ['{ events: [] }', "{ source: { id: 's' }, events: [{ type: 1 }] }"]) {
      writeFileSync(join(folder, 'wrong.ts'), `${begin}await events.POST('/track', { body: ${body} })\n`)
      assert.deepEqual(await errorsOf('wrong.ts'), ['TS2322'])
    }
  })

  it('in Python, with openapi-python-client, sends, sees faults, and reads the backlog', async () => {
    const python = pythonWith([PYTHON_GENERATOR])
    const output = ['--output-path', 'client', '--meta', 'none', '--fail-on-warning']
    // With its formatter on the path, whose absence would be a warning.
    const path = `PATH=${python}:${process.env['PATH']}`
    await run('env', path, 'openapi-python-client', 'generate', '--path', 'openapi.json', ...output)
    writeFileSync(join(folder, 'use.py'), PROGRAM)
    const { pulsarNamespace: namespace, pulsarTopic: topic } = pipeline.config
    const call = JSON.stringify(CALL('by-python'))
    const listeners = [pipeline.publicUrl, pipeline.privateUrl, TOKEN]
    const { stdout: said } = await run(join(python, 'python'), 'use.py', ...listeners, namespace, topic, call)
    assert.deepEqual(JSON.parse(said), {
      profile: 'by-python-profile',
      statuses: [200, 422, 401, 200, 200],
      fault: ['body', 'events', 0, 'type'],
      partitions: pipeline.config.pulsarPartitions,
    })
    await assertStored('by-python')
  })
})

/** An environment of Python with the generator, made once. @returns the folder of its programs. */

/** The packages of TypeScript, installed once. @returns their `node_modules`. */
function typescriptTools(): string {
  const folder = join(CACHE, 'openapi-typescript')
  mkdirSync(folder, { recursive: true })
  execFileSync('npm', ['install', '--no-save', '--prefix', folder, ...TYPESCRIPT_TOOLS], { stdio: 'pipe' })
  return join(folder, 'node_modules')
}

const PROGRAM = `
import json, sys
from client import AuthenticatedClient, Client
from client.api.default import backlog, collect, track
from client.models import CollectBody, TrackBody

public, private, token, namespace, topic, call = sys.argv[1:]
events = Client(base_url=public)
send = lambda body: track.sync_detailed(client=events, body=TrackBody.from_dict(body))
stored = send(json.loads(call))
faulty = send({"source": {"id": "my-source"}, "events": [{"type": " "}]})
denied = send({"source": {"id": "nobody"}, "events": []})
collected = collect.sync_detailed("by-python-hook", "my-source", client=events, body=CollectBody.from_dict({"a": 1}))
waiting = backlog.sync_detailed(namespace, topic, client=AuthenticatedClient(base_url=private, token=token))
print(json.dumps({
    "profile": stored.parsed.profile.id,
    "statuses": [int(answer.status_code) for answer in (stored, faulty, denied, collected, waiting)],
    "fault": faulty.parsed.detail[0].loc,
    "partitions": len(waiting.parsed.backlog),
}))
`
