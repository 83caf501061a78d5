import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const COMMAND = fileURLToPath(new URL('../../../infra/commands/pipeline.ts', import.meta.url))

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A stand-in of the Pulumi CLI: writes down what it is asked, and answers with what a file of the test says, or fails. */
const PULUMI = `#!/bin/sh
printf '%s\\n' "$*" >> "$CALLS"
case "$1 $2" in
  'config set') exit 0 ;;
esac
[ -f "$ANSWER" ] || { echo 'error: no stack named that, or an expired token' >&2; exit 6; }
cat "$ANSWER"
`

describe('the commands of the workflows', () => {
  let folder: string
  let repository: string
  const answer = () => join(folder, 'answer')
  const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      cwd: repository,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  const commit = (name: string) => {
    git('commit', '--quiet', '--allow-empty', '--message', name)
    return git('rev-parse', 'HEAD')
  }
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = repository) =>
    new Promise<Ended>((resolve) => {
      const environment = {
        ...process.env,
        PATH: `${folder}:${process.env['PATH']}`,
        CALLS: join(folder, 'calls'),
        ANSWER: answer(),
        ...env,
      }
      execFile(process.execPath, [COMMAND, ...args], { cwd, env: environment }, (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code), out, err }),
      )
    })

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tracardi-pipeline-'))
    writeFileSync(join(folder, 'pulumi'), PULUMI, { mode: 0o755 })
    writeFileSync(join(folder, 'calls'), '')
    repository = join(folder, 'repository')
    mkdirSync(repository)
    git('init', '--quiet', '--initial-branch', 'main')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  describe('order', () => {
    const ran = (head: string) =>
      writeFileSync(answer(), JSON.stringify([{ kind: 'update', environment: { 'git.head': head } }]))
    const order = (sha: string, force = '', cwd = repository) =>
      run(['order', '--stack', 'dev', '--commit', sha, '--force', force], {}, cwd)

    it('lets a commit replace itself and an older one, and never a newer or another one', async () => {
      const first = commit('first')
      const second = commit('second')
      git('checkout', '--quiet', '-b', 'other', first)
      const other = commit('other')
      const codes: Record<string, number> = {}
      for (const [name, deployed, next] of [
        ['same', second, second],
        ['older', first, second],
        ['newer', second, first],
        ['diverged', other, second],
        ['unknown', 'f'.repeat(40), second],
      ] as const) {
        ran(deployed)
        codes[name] = (await order(next)).code
      }
      assert.deepEqual(codes, { same: 0, older: 0, newer: 1, diverged: 1, unknown: 1 })
      assert.deepEqual(new Set(calls()), new Set(['stack history --json --stack dev --page-size 100']))
    })

    it('lets an older one pass that is named, and says how to name it', async () => {
      const first = commit('first')
      ran(commit('second'))
      const { code, err } = await order(first)
      assert.equal(code, 1)
      assert.match(err, /FORCE_COMMIT/)
      assert.doesNotMatch(err, /\n\s+at /)
      assert.equal((await order(first, first)).code, 0)
    })

    it('fails when Pulumi does, or when the checkout has no history', async () => {
      const head = commit('first')
      const { code, err } = await order(head)
      assert.equal(code, 1)
      assert.match(err, /expired token/)
      commit('second')
      ran(head)
      const shallow = join(folder, 'shallow')
      git('clone', '--quiet', '--depth', '1', `file://${repository}`, shallow)
      assert.equal((await order(git('rev-parse', 'HEAD'), '', shallow)).code, 1)
    })
  })

  describe('image', () => {
    const image = (given: string) => run(['image', '--stack', 'dev', '--image', given])
    const set = () => calls().filter((call) => call.startsWith('config'))
    const sets = (reference: string) => [
      'config set --stack dev --path images.mode prebuilt',
      `config set --stack dev --path images.runtime ${reference}`,
    ]

    it('sets the one that is given, otherwise the one that runs', async () => {
      writeFileSync(answer(), '{"runtimeImage":"r@sha256:1"}')
      assert.deepEqual([(await image('r@sha256:2')).out, set()], ['deployed=true\n', sets('r@sha256:2')])
      writeFileSync(join(folder, 'calls'), '')
      assert.deepEqual([(await image('')).out, set()], ['deployed=true\n', sets('r@sha256:1')])
    })

    it('leaves the file of a stack as it is that was never up', async () => {
      writeFileSync(answer(), '{}')
      const { code, out } = await image('')
      assert.deepEqual([code, out, set()], [0, 'deployed=false\n', []])
    })

    it('takes a backend that does not answer for a fault, not for a stack that was never up', async () => {
      const { code, out, err } = await image('')
      assert.deepEqual([code, out, set()], [1, '', []])
      assert.match(err, /expired token/)
    })
  })

  describe('environments', () => {
    const PROTECTED = {
      protection_rules: [{ type: 'required_reviewers', reviewers: [{ type: 'User' }] }],
      deployment_branch_policy: { protected_branches: true },
    }
    const against = async (known: Readonly<Record<string, object>>, status = 404) => {
      const asked: string[] = []
      const server = createServer(({ url = '', headers }, response) => {
        asked.push(`${url} ${headers.authorization}`)
        const environment = known[url.split('/').at(-1) as string]
        response.writeHead(environment ? 200 : status).end(JSON.stringify(environment ?? {}))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      try {
        const { port } = server.address() as AddressInfo
        const env = {
          GITHUB_API_URL: `http://127.0.0.1:${port}`,
          GITHUB_REPOSITORY: 'owner/name',
          GITHUB_TOKEN: 'a-token',
        }
        return { asked, ...(await run(['environments', 'dev', 'production', '--approved', 'production'], env)) }
      } finally {
        server.close()
      }
    }

    it('pass when all exist and production is protected', async () => {
      const { asked, code } = await against({ dev: {}, production: PROTECTED })
      assert.deepEqual(asked.sort(), [
        '/repos/owner/name/environments/dev Bearer a-token',
        '/repos/owner/name/environments/production Bearer a-token',
      ])
      assert.equal(code, 0)
    })

    it('report all faults together', async () => {
      const { code, err } = await against({ production: { ...PROTECTED, protection_rules: [] } })
      assert.equal(code, 1)
      assert.match(err, /environment dev does not exist/)
      assert.match(err, /environment production has no required reviewers/)
    })

    it('fail when GitHub does not report', async () => {
      const { code, err } = await against({ production: PROTECTED }, 403)
      assert.equal(code, 1)
      assert.match(err, /403/)
    })
  })

  it('name what they do not know', async () => {
    const { code, err } = await run(['orders'])
    assert.equal(code, 1)
    assert.match(err, /no command "orders"/)
    assert.equal((await run(['image'])).code, 1)
  })
})
