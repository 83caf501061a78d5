import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { contentTag } from '../../infra/images.ts'
import { changed, registeredBy, type StackName } from '../support/stack.ts'
import { podTemplates } from '../support/workloads.ts'

const FILES: Readonly<Record<string, string>> = {
  'package.json': '{}',
  'package-lock.json': '{ "lockfileVersion": 3 }',
  '.npmrc': '',
  '.dockerignore': '*',
  'runtime/cli.ts': 'export {}',
  'runtime/api/track.ts': 'track',
  'runtime/worker/worker.ts': 'work',
}

describe('the tag of an image', () => {
  const folders: string[] = []
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true })
  })

  /** A project with these files, written in this order. */
  function project(files: Readonly<Record<string, string>>): string {
    const root = mkdtempSync(join(tmpdir(), 'image-'))
    folders.push(root)
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true })
      writeFileSync(join(root, name), text)
    }
    return root
  }
  const tagOf = (changes: Readonly<Record<string, string>> = {}) => contentTag(project({ ...FILES, ...changes }))

  it('is the same for the same files, in any folder and order of writing', () => {
    const tag = tagOf()
    assert.match(tag, /^content-[0-9a-f]{20}$/)
    const root = project(Object.fromEntries(Object.entries(FILES).reverse()))
    assert.equal(contentTag(root), tag)
    assert.equal(contentTag(root), tag)
    assert.equal(contentTag(`${root}/`), tag)
  })

  for (const name of Object.keys(FILES)) {
    it(`is another when a byte of ${name} changes`, () => {
      assert.notEqual(tagOf({ [name]: `${FILES[name]} ` }), tagOf())
    })
  }

  it('is another when a file is added, renamed, or takes text from the next', () => {
    const [cli, ...others] = [{ 'runtime/cli.ts': 'export {}' }, { 'runtime/new.ts': '' }]
    assert.equal(tagOf(cli), tagOf())
    for (const more of others) assert.notEqual(tagOf(more), tagOf())
    const { 'runtime/api/track.ts': text, ...rest } = FILES
    assert.notEqual(contentTag(project({ ...rest, 'runtime/api/other.ts': text as string })), tagOf())
    assert.notEqual(tagOf({ 'runtime/api/track.ts': 'trackwork', 'runtime/worker/worker.ts': '' }), tagOf())
  })

  it('is the same whatever is not in the image: dependencies, tests, configuration', () => {
    assert.equal(
      tagOf({
        'runtime/node_modules/a/index.js': 'a',
        'runtime/api/node_modules/b/index.js': 'b',
        'node_modules/c/index.js': 'c',
        'infra/platform.ts': 'platform',
        'test/x.test.ts': 'x',
        'stacks/Pulumi.dev.yaml': '',
      }),
      tagOf(),
    )
  })

  it('cannot be made where a file is missing', () => {
    assert.throws(() => contentTag(project({ 'package.json': '' })), { code: 'ENOENT' })
  })
})

describe('the images of a stack', () => {
  const ROOT = fileURLToPath(new URL('../../', import.meta.url))
  const DIGEST = `sha256:${'0'.repeat(64)}`

  async function imagesOf(stack: StackName, images: Readonly<Record<string, unknown>>) {
    const resources = await registeredBy(changed(stack, { images }))
    const templates = podTemplates(resources)
    const image = (name: string) =>
      templates.find((template) => template.name.replace(/-[0-9a-f]{8}$/, '') === name)?.spec.containers[0].image
    return { image, built: resources.filter(({ type }) => type === 'docker:index/image:Image') }
  }

  it('are used by digest where the built one is pushed', async () => {
    const { image, built } = await imagesOf('staging', {
      mode: 'build',
      repository: 'registry.example.com/mine',
      runtime: '',
    })
    assert.equal(built.length, 1)
    assert.equal(built[0]?.inputs.imageName, `registry.example.com/mine:${contentTag(ROOT)}`)
    assert.equal(built[0]?.inputs.skipPush, false)
    for (const name of ['api', 'worker', 'set-up'])
      assert.equal(image(name), `registry.example.com/tracardi-at-scale@${DIGEST}`)
  })

  it('are used by the tag of their content where the built one stays in the engine of the node', async () => {
    const { image, built } = await imagesOf('dev', {})
    assert.equal(built[0]?.inputs.skipPush, true)
    assert.equal(built[0]?.inputs.build.dockerfile, 'runtime/Dockerfile')
    assert.equal(built[0]?.inputs.build.context, '.')
    for (const name of ['api', 'worker', 'set-up']) assert.equal(image(name), `tracardi-at-scale:${contentTag(ROOT)}`)
  })

  it('are the stated ones where they are prebuilt, and none is built', async () => {
    const runtime = 'registry.example.com/prebuilt:1'
    const { image, built } = await imagesOf('dev', { mode: 'prebuilt', runtime })
    assert.deepEqual(built, [])
    for (const name of ['api', 'worker', 'set-up']) assert.equal(image(name), runtime)
  })

  it('of the servers are the stated ones', async () => {
    const { image } = await imagesOf('staging', { pulsar: 'example.com/pulsar:1', elasticsearch: 'example.com/es:2' })
    for (const name of ['zookeeper', 'bookkeeper-a', 'autorecovery', 'broker', 'pulsar-metadata', 'pulsar-permissions'])
      assert.equal(image(name), 'example.com/pulsar:1')
    for (const name of ['elasticsearch-master', 'elasticsearch-data-a', 'elasticsearch-users'])
      assert.equal(image(name), 'example.com/es:2')
  })
})
