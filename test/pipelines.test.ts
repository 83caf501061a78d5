import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { matchesGlob } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { schema } from '../infra/config/schema.ts'
import { readSources } from '../runtime/api/sources.ts'
import { autoCreateIndexSetting, loadConfig, settings } from '../runtime/config.ts'

const root = new URL('../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly if?: string
  readonly env?: Readonly<Record<string, string>>
  readonly with?: Readonly<Record<string, unknown>>
}

interface Job {
  readonly needs?: string | readonly string[]
  readonly if?: string
  readonly uses?: string
  readonly permissions?: Readonly<Record<string, string>>
  readonly 'timeout-minutes'?: number
  readonly environment?: string
  readonly concurrency?: { readonly group: string; readonly 'cancel-in-progress': boolean }
  readonly outputs?: Readonly<Record<string, string>>
  readonly env?: unknown
  readonly strategy?: { readonly 'fail-fast': boolean; readonly matrix: { readonly stack: readonly string[] } }
  readonly steps?: readonly Step[]
}

interface Workflow {
  // biome-ignore lint/suspicious/noExplicitAny: a trigger is a name, a list, or any object
  readonly on: any
  readonly permissions: unknown
  readonly concurrency?: { readonly 'cancel-in-progress': unknown }
  readonly jobs: Readonly<Record<string, Job>>
}

/** In the order in which a change reaches them. */
const STACKS = schema.platform.environment.oneOf

const ACTION = '.github/actions/prepare-stack/action.yml'
const workflows = new Map(
  readdirSync(new URL('.github/workflows/', root)).map((file) => [
    file,
    parse(read(`.github/workflows/${file}`)) as Workflow,
  ]),
)
const workflow = (file: string) => workflows.get(file) as Workflow
const prepare = parse(read(ACTION)) as { readonly runs: { readonly steps: readonly Step[] } }
const page = read('docs/pipelines.md')
const packages = JSON.parse(read('package.json'))

const jobs = [...workflows].flatMap(([file, { jobs: all }]) =>
  Object.entries(all).map(([name, job]) => ({ file, name, job, where: `${name} in ${file}` })),
)
const steps = [...jobs.flatMap(({ job }) => job.steps ?? []), ...prepare.runs.steps]
const stepsThat = (job: Job | undefined, uses: RegExp) =>
  (job?.steps ?? []).filter((step) => uses.test(step.uses ?? ''))
const needsOf = ({ needs = [] }: Job) => [needs].flat()

describe('the workflows', () => {
  it('limit every job in time', () => {
    for (const { job, where } of jobs) {
      // A job that calls a workflow has the limits of the jobs there.
      if (job.uses === undefined) assert.ok(job['timeout-minutes'], where)
      else assert.ok(workflows.has(job.uses.replace('./.github/workflows/', '')), where)
    }
  })

  it('give a job no more than it needs', () => {
    for (const [file, { permissions }] of workflows) assert.deepEqual(permissions, {}, file)
    const given = Object.fromEntries(
      jobs.map(({ where, job }) => [
        where,
        Object.entries(job.permissions ?? {})
          .map(([scope, level]) => `${scope}: ${level}`)
          .join(', '),
      ]),
    )
    const more = {
      'environments in deploy.yml': 'actions: read, contents: read',
      'image in deploy.yml': 'contents: read, packages: write',
      'preview in preview.yml': 'contents: read, pull-requests: write',
    }
    const least = Object.fromEntries(jobs.map(({ where }) => [where, 'contents: read']))
    assert.deepEqual(given, { ...least, ...more })
  })

  it('run actions of others at a commit that is named in full, the same everywhere', () => {
    const uses = steps.flatMap((step) => step.uses ?? []).filter((name) => !name.startsWith('./'))
    for (const name of uses) assert.match(name, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/)
    const actions = new Set(uses.map((name) => name.split('@')[0]))
    assert.equal(new Set(uses).size, actions.size)
  })

  it('put nothing that comes from outside into a script', () => {
    for (const { run } of steps) assert.doesNotMatch(run ?? '', /\$\{\{/)
  })

  it('leave no token behind in the checked-out folder', () => {
    for (const step of steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'))) {
      assert.equal(step.with?.['persist-credentials'], false)
    }
  })

  it('run the Node.js and the Pulumi of package.json', () => {
    assert.equal(read('.node-version').trim(), packages.devDependencies.node)
    const versions = (action: string, key: string) => [
      ...new Set(steps.filter(({ uses }) => uses?.startsWith(action)).map((step) => step.with?.[key])),
    ]
    assert.deepEqual(versions('actions/setup-node@', 'node-version-file'), ['.node-version'])
    assert.deepEqual(versions('pulumi/actions@', 'pulumi-version'), [packages.dependencies['@pulumi/pulumi']])
  })

  it('check every pull request, in the queue to merge too, and main before anything is deployed', () => {
    const { on, jobs: all } = workflow('check.yml')
    // Not a push to a branch too: a branch with a pull request would be checked twice.
    assert.deepEqual(Object.keys(on).sort(), ['merge_group', 'pull_request', 'workflow_call', 'workflow_dispatch'])
    assert.ok(all['check']?.steps?.some(({ run }) => run === '.ci/run'))
    assert.match(read('.ci/run'), /npm test/)
    assert.match(packages.scripts.test, /npm run check && npm run test:contract/)
    assert.equal(workflow('deploy.yml').jobs['check']?.uses, './.github/workflows/check.yml')
    assert.deepEqual(needsOf(workflow('deploy.yml').jobs['environments'] as Job), ['check'])
  })

  it('give no secrets to a pull request of a fork or of Dependabot, no matter who opens it again', () => {
    const { on, jobs: all } = workflow('preview.yml')
    assert.ok(!('pull_request_target' in on))
    const condition = all['preview']?.if ?? ''
    assert.match(condition, /head\.repo\.full_name == github\.repository/)
    assert.match(condition, /github\.event\.pull_request\.user\.login != 'dependabot\[bot\]'/)
    assert.doesNotMatch(condition, /github\.actor/)
    for (const { job, where } of jobs.filter(({ file }) => file === 'check.yml')) {
      assert.doesNotMatch(JSON.stringify(job), /secrets\./, where)
    }
  })

  it('preview whatever a deployment is made from', () => {
    const { paths } = workflow('preview.yml').on.pull_request as { readonly paths: readonly string[] }
    const listed = (path: string) => paths.some((pattern) => matchesGlob(path, pattern))
    const used = execFileSync('git', ['ls-files'], { cwd: fileURLToPath(root), encoding: 'utf8' })
      .trim()
      .split('\n')
    const outside = used.filter((path) => !listed(path))
    const other =
      /^(\.ci|\.github|bench|docs|test)\/|^[^/]+\.md$|^(LICENSE|biome\.json|compose\.yaml|knip\.json|tsconfig(\.package)?\.json)$/
    const unseen = /^\.(c8rc\.json|editorconfig|gitignore|mocharc\.json)$/
    assert.deepEqual(
      outside.filter((path) => !other.test(path) && !unseen.test(path)),
      [],
    )
    for (const path of [ACTION, '.github/workflows/preview.yml']) assert.ok(listed(path), path)
  })

  it('deploy and preview nothing in a fork or a copy, and are green there', () => {
    const guarded = (job: Job | undefined) => /^vars\.DEPLOY_FROM == github\.repository( &&|$)/.test(job?.if ?? '')
    assert.ok(guarded(workflow('preview.yml').jobs['preview']))
    const { jobs: all } = workflow('deploy.yml')
    const run = (name: string): boolean =>
      guarded(all[name]) || (all[name]?.if === undefined && needsOf(all[name] as Job).some(run))
    for (const name of Object.keys(all).filter((each) => each !== 'check')) assert.ok(run(name), name)
  })

  it('hand secrets to the steps that need them, and to no step that installs', () => {
    for (const { job, where } of jobs) assert.equal(job.env, undefined, where)
    const names = (step: Step) => JSON.stringify([step.env ?? {}, step.with ?? {}])
    const secret = /secrets\.|inputs\.(access-token|passphrase|kubeconfig)/
    for (const step of steps) {
      const allowed = /pipeline\.ts|kubeconfig/.test(step.run ?? '') || /^(pulumi\/|\.\/)/.test(step.uses ?? '')
      if (!allowed) assert.doesNotMatch(names(step), secret, step.run ?? step.uses)
    }
    const installs = steps.filter(({ run }) => /npm (ci|install)/.test(run ?? ''))
    // The nightly run has no secrets, and tests with everything.
    const least = 'npm ci --ignore-scripts --omit=dev --omit=optional'
    assert.deepEqual(installs.map(({ run }) => run).sort(), ['npm ci', least, least])
    for (const { env } of installs) assert.equal(env, undefined)
  })

  it('swallow no error', () => {
    for (const { run } of steps) assert.doesNotMatch(run ?? '', /\|\||set \+e|continue-on-error/)
  })

  it('preview each stack, as a comment of the pull request', () => {
    const job = workflow('preview.yml').jobs['preview']
    assert.deepEqual(job?.strategy, { 'fail-fast': false, matrix: { stack: [...STACKS] } })
    const [preview, ...others] = stepsThat(job, /^pulumi\//)
    assert.deepEqual(others, [])
    assert.equal(preview?.with?.['command'], 'preview')
    assert.equal(preview?.with?.['comment-on-pr'], true)
  })

  it('take the secrets and variables that docs/pipelines.md asks for, and no others', () => {
    // What the guard asks for belongs to the repository, and docs/pipelines.md names it elsewhere.
    const texts = [...workflows.keys()].map((file) => read(`.github/workflows/${file}`)).join('\n')
    const used = (kind: string) => [
      ...new Set(
        [...texts.matchAll(/\b(secrets|vars)\.(\w+)/g)].flatMap(([, where, name]) => (where === kind ? name : [])),
      ),
    ]
    const rows = [...page.matchAll(/^\| `(\w+)` \| (secret|variable) \|/gm)]
    const asked = (kind: string) => rows.flatMap(([, name, what]) => (what === kind ? name : []))
    assert.deepEqual(used('secrets').sort(), asked('secret').sort())
    assert.deepEqual(used('vars').sort(), [...asked('variable'), 'DEPLOY_FROM'].sort())
    assert.match(page, /`DEPLOY_FROM`/)
  })

  describe('that deploy', () => {
    const { on, concurrency, jobs: all } = workflow('deploy.yml')
    const job = (name: string) => all[name] as Job

    it('start with a push to main', () => assert.deepEqual(on, { push: { branches: ['main'] } }))

    it('go from dev through staging to production, and preview all three before the first', () => {
      assert.deepEqual(Object.keys(all), ['check', 'environments', 'image', 'preview', ...STACKS])
      assert.deepEqual(needsOf(job('image')), ['environments'])
      assert.deepEqual(needsOf(job('preview')), ['image'])
      assert.deepEqual(job('preview').strategy, { 'fail-fast': false, matrix: { stack: [...STACKS] } })
      assert.deepEqual(needsOf(job('dev')), ['image', 'preview'])
      assert.deepEqual(needsOf(job('staging')), ['image', 'dev'])
      assert.deepEqual(needsOf(job('production')), ['image', 'staging'])
      // A condition of its own would let a job run after one that failed.
      for (const name of STACKS) assert.equal(job(name).if, undefined)
    })

    it('build one image, from what the Dockerfile asks for', () => {
      const builds = jobs.filter(({ job: each }) => stepsThat(each, /^docker\/build-push-action@/).length > 0)
      assert.deepEqual(
        builds.map(({ where }) => where),
        ['image in deploy.yml'],
      )
      const [build, ...others] = stepsThat(job('image'), /^docker\/build-push-action@/)
      assert.deepEqual(others, [])
      assert.equal(build?.with?.['context'], '.')
      assert.equal(build?.with?.['file'], 'runtime/Dockerfile')
      assert.equal(build?.with?.['push'], true)
    })

    it('give that image to every stack by its digest', () => {
      assert.deepEqual(job('image').outputs, { runtime: `\${{ steps.reference.outputs.runtime }}` })
      assert.match(read('.github/workflows/deploy.yml'), /RUNTIME: .*@\$\{\{ steps\.build\.outputs\.digest \}\}/)
      for (const name of ['preview', ...STACKS]) {
        const [prepared, ...others] = stepsThat(job(name), /^\.\/\.github\/actions\/prepare-stack$/)
        assert.deepEqual(others, [])
        assert.equal(prepared?.with?.['image'], `\${{ needs.image.outputs.runtime }}`, name)
      }
      // The command has its own tests.
      const image = prepare.runs.steps.find(({ run }) => run?.includes('pipeline.ts image'))
      assert.equal(image?.env?.['IMAGE'], `\${{ inputs.image }}`)
      for (const key of ['mode', 'runtime']) assert.ok(key in schema.images)
      assert.ok((schema.images.mode.oneOf as readonly string[]).includes('prebuilt'))
    })

    it('look at the environments before a job names one, and demand an approval of production', () => {
      assert.equal(job('environments').environment, undefined)
      const command = job('environments').steps?.find(({ run }) => run?.includes('pipeline.ts environments'))?.run ?? ''
      const [names = '', approved = ''] = command.split('environments ').at(-1)?.split('--approved') ?? []
      assert.deepEqual(names.trim().split(' ').sort(), STACKS.flatMap((name) => [name, `${name}-preview`]).sort())
      assert.equal(approved.trim(), 'production')
    })

    it('never replace a newer commit by an older one', () => {
      for (const name of STACKS) {
        const [checkout] = stepsThat(job(name), /^actions\/checkout@/)
        assert.equal(checkout?.with?.['fetch-depth'], 0)
        const [prepared] = stepsThat(job(name), /^\.\/\.github\/actions\/prepare-stack$/)
        assert.equal(prepared?.with?.['commit'], `\${{ github.sha }}`)
        assert.equal(prepared?.with?.['force-commit'], `\${{ vars.FORCE_COMMIT }}`)
      }
      const order = prepare.runs.steps.find(({ run }) => run?.includes('pipeline.ts order'))
      assert.equal(order?.if, "inputs.commit != ''")
      assert.equal(order?.env?.['COMMIT'], `\${{ inputs.commit }}`)
    })

    it('change a stack through its environment, after a preview', () => {
      for (const name of STACKS) {
        assert.equal(job(name).environment, name)
        const run = stepsThat(job(name), /^pulumi\//).map((step) => [step.with?.['command'], step.with?.['stack-name']])
        assert.deepEqual(run, [
          ['preview', name],
          ['up', name],
        ])
      }
      const elsewhere = jobs.filter(({ name }) => !(STACKS as readonly string[]).includes(name))
      for (const { job: each, where } of elsewhere) {
        for (const step of stepsThat(each, /^pulumi\//)) assert.notEqual(step.with?.['command'], 'up', where)
      }
    })

    it('never work on a stack twice at a time, and never cut off what runs', () => {
      for (const name of STACKS) {
        assert.deepEqual(job(name).concurrency, { group: `stack-${name}`, 'cancel-in-progress': false })
      }
      assert.equal(concurrency, undefined)
      // The checks are called from there, and must not cancel it either.
      const cancel = workflow('check.yml').concurrency?.['cancel-in-progress']
      assert.equal(cancel, `\${{ github.ref != 'refs/heads/main' }}`)
    })
  })
})

interface Service {
  readonly image: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly command?: readonly string[]
  readonly entrypoint?: readonly string[]
  readonly environment: Readonly<Record<string, string | number>>
  readonly ports?: readonly string[]
  readonly read_only: boolean
  readonly restart?: string
  readonly tmpfs?: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly stop_grace_period: string
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
}

describe('compose.yaml', () => {
  const compose = parse(read('compose.yaml'), { merge: true }) as {
    readonly services: Readonly<Record<string, Service>>
    readonly configs: { readonly sources: { readonly file: string } }
  }
  const service = (name: string) => compose.services[name] as Service
  const programs = ['set-up', 'api', 'worker']
  const environment = (name: string) =>
    Object.fromEntries(Object.entries(service(name).environment).map(([key, value]) => [key, String(value)]))
  /** As Compose makes it, where the token of the operators is set. */
  const filled = (name: string) =>
    Object.fromEntries(
      Object.entries(environment(name)).map(([key, value]) => [
        key,
        value.replace(/^\$\{PRIVATE_TOKEN:.*\}$/, 'a-token'),
      ]),
    )

  it('runs the image that Kubernetes runs, as its three programs', () => {
    for (const name of programs) {
      assert.deepEqual(service(name).build, { context: '.', dockerfile: 'runtime/Dockerfile' }, name)
      assert.deepEqual(service(name).command, [name])
    }
    assert.equal(new Set(programs.map((name) => service(name).image)).size, 1)
  })

  it('runs the servers that the stacks run', () => {
    assert.equal(service('pulsar').image, schema.images.pulsar.default)
    assert.equal(service('elasticsearch').image, schema.images.elasticsearch.default)
    assert.deepEqual(Object.keys(compose.services).sort(), [...programs, 'pulsar', 'elasticsearch'].sort())
    const { indexPrefix } = loadConfig(filled('worker'))
    const options = (service('elasticsearch').entrypoint ?? []).join(' ')
    assert.ok(options.includes(`'-Eaction.auto_create_index=${autoCreateIndexSetting(indexPrefix)}'`), options)
  })

  it('sets only settings that exist, to values that they allow', () => {
    const known = new Set<string>(Object.values(settings).map(({ env }) => env))
    for (const name of programs) {
      for (const variable of Object.keys(service(name).environment)) assert.ok(known.has(variable), variable)
      const config = loadConfig(filled(name))
      assert.deepEqual([config.pulsarApi, config.elasticHost], ['http://pulsar:8080', 'http://elasticsearch:9200'])
      assert.ok(Number.parseInt(service(name).stop_grace_period, 10) > config.shutdownGraceSeconds)
    }
  })

  it('has no known token for operators: the user sets one', () => {
    assert.match(environment('api')['PRIVATE_TOKEN'] ?? '', /^\$\{PRIVATE_TOKEN:\?/)
    assert.equal(environment('worker')['PRIVATE_TOKEN'], undefined)
  })

  it('publishes the two listeners of the API, to this machine alone', () => {
    const { publicPort, privatePort } = loadConfig(filled('api'))
    const published = Object.entries(compose.services).flatMap(([name, { ports = [] }]) =>
      ports.map((port) => [name, port]),
    )
    assert.deepEqual(
      published,
      [publicPort, privatePort].map((port) => ['api', `127.0.0.1:${port}:${port}`]),
    )
  })

  it('asks every lasting service for its health, and lets none write to its root', () => {
    for (const [name, { healthcheck, read_only: readOnly }] of Object.entries(compose.services)) {
      assert.equal(readOnly, true, name)
      if (name !== 'set-up') assert.equal(healthcheck?.test[0], 'CMD', name)
    }
    for (const name of ['api', 'worker']) {
      const { privatePort } = loadConfig(filled(name))
      assert.ok(service(name).healthcheck?.test.at(-1)?.includes(`http://127.0.0.1:${privatePort}/health/ready`))
    }
  })

  it('sets up after the servers, and runs the programs after that', () => {
    const conditions = (name: string) =>
      Object.fromEntries(Object.entries(service(name).depends_on ?? {}).map(([on, { condition }]) => [on, condition]))
    const servers = { pulsar: 'service_healthy', elasticsearch: 'service_healthy' }
    const after = { 'set-up': 'service_completed_successfully' }
    assert.deepEqual(conditions('set-up'), servers)
    assert.deepEqual(conditions('worker'), { ...servers, ...after })
    assert.deepEqual(conditions('api'), { pulsar: 'service_healthy', ...after })
  })

  it('starts again what dies, and gives what is written in memory to the user of the image', () => {
    for (const [name, { restart }] of Object.entries(compose.services)) {
      assert.equal(restart, name === 'set-up' ? 'on-failure:10' : 'unless-stopped', name)
    }
    // Docker takes owner and mode of a folder from the image, or root: only /tmp is everybody's there.
    for (const mount of Object.values(compose.services).flatMap(({ tmpfs = [] }) => tmpfs)) {
      assert.match(mount, /^\/tmp:exec$|^\/[\w/-]+:uid=1000$/)
    }
  })

  it('has sources that the API reads', () => {
    const { file } = compose.configs.sources
    const sources = readSources(fileURLToPath(new URL(file, root)))
    assert.deepEqual([...sources.keys()], ['my-source'])
  })
})
