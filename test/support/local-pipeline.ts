import { execFile } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parse, stringify } from 'yaml'
import { readStackFile } from '../../infra/config/stack-file.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PROJECT = 'tracardi-at-scale'
const run = promisify(execFile)

/** Groups of a stack's configuration, with the keys that change. */
export type Groups = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** What a pipeline needs besides the repository. */
export interface PipelineOptions {
  /** Of the new stack. */
  readonly stack: string
  /** The stack of the project that it is made from. */
  readonly from: string
  /** Empty; for repositories and state. */
  readonly folder: string
  /** The commit or tag of the project that it begins with. @default the last commit */
  readonly release?: string
}

/**
 * What `deploy.yml` does with a commit, without GitHub: operators push to a bare repository, a runner checks the commit out, verifies the
 * order, sets the image, previews, and runs `up`. The state is in a folder. The dependencies are those that are installed here.
 */
export class LocalPipeline {
  readonly #options: PipelineOptions
  readonly #groups: Record<string, Record<string, unknown>>
  readonly #operator: string
  readonly #runner: string

  private constructor(options: PipelineOptions) {
    this.#options = options
    this.#operator = join(options.folder, 'operator')
    this.#runner = join(options.folder, 'runner')
    this.#groups = structuredClone(readStackFile(options.from)) as Record<string, Record<string, unknown>>
  }

  static async create(options: PipelineOptions): Promise<LocalPipeline> {
    const pipeline = new LocalPipeline(options)
    const origin = join(options.folder, 'origin.git')
    await run('git', ['clone', '--quiet', '--bare', ROOT, origin])
    await run('git', ['--git-dir', origin, 'update-ref', 'refs/heads/main', options.release ?? 'HEAD'])
    for (const clone of [pipeline.#operator, pipeline.#runner]) {
      await run('git', ['clone', '--quiet', '--branch', 'main', origin, clone])
      // What `npm ci` installs.
      symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'))
    }
    await pipeline.#pulumi(pipeline.#operator, 'stack', 'init', options.stack, '--secrets-provider', 'passphrase')
    return pipeline
  }

  /** What an operator does: changes the stack's file, commits and pushes. @returns the commit. */
  async commit(message: string, changes: Groups): Promise<string> {
    for (const [group, keys] of Object.entries(changes)) this.#groups[group] = { ...this.#groups[group], ...keys }
    const file = join(this.#operator, 'stacks', `Pulumi.${this.#options.stack}.yaml`)
    const { config: before = {}, ...settings } = existsSync(file) ? parse(readFileSync(file, 'utf8')) : {}
    const config = Object.entries(this.#groups).map(([group, keys]) => [`${PROJECT}:${group}`, keys])
    writeFileSync(file, stringify({ ...settings, config: { ...before, ...Object.fromEntries(config) } }))
    return this.#push(message)
  }

  /** The same for a secret, which the file has encrypted. */
  async commitSecret(message: string, key: string, value: string): Promise<string> {
    await this.#pulumi(this.#operator, 'config', 'set', '--secret', '--stack', this.#options.stack, key, value)
    return this.#push(message)
  }

  /** Takes over the last commit of the project, as one who upgrades it does. @returns the commit. */
  async upgrade(message: string): Promise<string> {
    const last = (await run('git', ['-C', ROOT, 'rev-parse', 'HEAD'])).stdout.trim()
    await this.#git('merge', '--quiet', '--no-ff', '--message', message, last)
    return this.#pushed()
  }

  async #push(message: string): Promise<string> {
    await this.#git('add', 'stacks')
    await this.#git('commit', '--quiet', '--message', message)
    return this.#pushed()
  }

  async #pushed(): Promise<string> {
    await this.#git('push', '--quiet', 'origin', 'HEAD:main')
    return (await this.#git('rev-parse', 'HEAD')).stdout.trim()
  }

  #git(...args: readonly string[]) {
    const author = ['-c', 'user.name=Operator', '-c', 'user.email=operator@example.com']
    return run('git', ['-C', this.#operator, ...author, ...args])
  }

  /**
   * Brings a commit up, as the job of an environment does.
   *
   * @returns what the preview has shown.
   * @throws Error with what has failed, and its output.
   */
  async deploy(commit: string, image: string): Promise<string> {
    const { stack } = this.#options
    await run('git', ['-C', this.#runner, 'fetch', '--quiet', 'origin'])
    await run('git', ['-C', this.#runner, 'checkout', '--quiet', '--force', commit])
    const prepare = (...args: readonly string[]) =>
      this.#execute(process.execPath, ['infra/commands/pipeline.ts', ...args, '--stack', stack])
    await prepare('order', '--commit', commit)
    await prepare('image', '--image', image)
    const preview = await this.preview()
    await this.#pulumi(this.#runner, 'up', '--yes', '--skip-preview', '--message', commit, '--stack', stack)
    return preview
  }

  /** What the preview of the commit that was deployed last shows. */
  preview(): Promise<string> {
    return this.#pulumi(this.#runner, 'preview', '--diff', '--stack', this.#options.stack)
  }

  /** Removes what the stack has made, and the stack. */
  async remove(): Promise<void> {
    const { stack } = this.#options
    await this.#pulumi(this.#runner, 'destroy', '--yes', '--skip-preview', '--stack', stack)
    await this.#pulumi(this.#runner, 'stack', 'rm', '--yes', stack)
  }

  #pulumi(folder: string, ...args: readonly string[]): Promise<string> {
    return this.#execute('pulumi', [...args, '--non-interactive'], folder)
  }

  async #execute(program: string, args: readonly string[], cwd = this.#runner): Promise<string> {
    const env = {
      ...process.env,
      PULUMI_BACKEND_URL: `file://${this.#options.folder}`,
      PULUMI_CONFIG_PASSPHRASE: 'of a stack for tests',
      PULUMI_SKIP_UPDATE_CHECK: '1',
    }
    try {
      return (await run(program, args, { cwd, env, maxBuffer: 64 << 20 })).stdout
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string }
      throw new Error(`${[program, ...args].join(' ')} failed:\n${stdout}${stderr}`, { cause: error })
    }
  }
}
