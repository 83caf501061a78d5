import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as automation from '@pulumi/pulumi/automation/index.js'
import { parse, stringify } from 'yaml'
import { readStackFile } from '../../infra/config/stack-file.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PROJECT = 'tracardi-at-scale'

type Groups = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** What an `up` has done or would do. */
export interface Change {
  /** Each step besides those that leave a resource as it is, like `update Deployment worker`, in order of their texts. */
  readonly steps: readonly string[]
  readonly outputs: automation.OutputMap
}

/** Steps that change nothing of what runs. */
const QUIET: readonly string[] = ['same', 'refresh', 'read']

function recorder(): {
  readonly steps: () => readonly string[]
  readonly onEvent: (event: automation.EngineEvent) => void
} {
  const steps = new Set<string>()
  return {
    steps: () => [...steps].sort(),
    onEvent: ({ resourcePreEvent }) => {
      if (resourcePreEvent === undefined) return
      const { op, urn } = resourcePreEvent.metadata
      if (!QUIET.includes(op)) steps.add(`${op} ${urn.split('::')[2]?.split(':').at(-1)} ${urn.split('::')[3]}`)
    },
  }
}

/** A stack made from one of the project, deployed by the real engine with its state in a folder. */
export class DeployedStack {
  readonly #stack: automation.Stack
  readonly #groups: Record<string, Record<string, unknown>>

  private constructor(stack: automation.Stack, groups: Record<string, Record<string, unknown>>) {
    this.#stack = stack
    this.#groups = groups
  }

  /**
   * @param name of the new stack; a file for it is kept next to those of the project until `remove`.
   * @param stateFolder where the engine keeps the stack's state.
   * @param passphrase with which it encrypts secrets.
   */
  static async create(
    name: string,
    from: string,
    stateFolder: string,
    passphrase = 'of a stack for tests',
  ): Promise<DeployedStack> {
    const stack = await automation.LocalWorkspace.createOrSelectStack(
      { stackName: name, workDir: ROOT },
      {
        envVars: {
          PULUMI_BACKEND_URL: `file://${stateFolder}`,
          PULUMI_CONFIG_PASSPHRASE: passphrase,
          PULUMI_SKIP_UPDATE_CHECK: '1',
        },
      },
    )
    return new DeployedStack(stack, structuredClone(readStackFile(from)) as Record<string, Record<string, unknown>>)
  }

  get name(): string {
    return this.#stack.name
  }

  /** For a command of `pulumi` that this process starts itself. */
  get environment(): Readonly<Record<string, string>> {
    return this.#stack.workspace.envVars
  }

  /** Removes the lock of an engine that was killed. */
  cancel(): Promise<void> {
    return this.#stack.cancel()
  }

  /** Changes some keys permanently, group by group. */
  configure(changes: Groups): void {
    for (const [group, keys] of Object.entries(changes)) this.#groups[group] = { ...this.#groups[group], ...keys }
    this.#write(this.#groups)
  }

  async up(options: { readonly refresh?: boolean } = {}): Promise<Change> {
    const { steps, onEvent } = recorder()
    const { outputs } = await this.#stack.up({ ...options, onEvent })
    return { steps: steps(), outputs }
  }

  /** What an `up` would do; with `changes` for a configuration that is changed in some keys, for this once. */
  async preview(changes: Groups = {}): Promise<Change> {
    const groups = { ...this.#groups }
    for (const [group, keys] of Object.entries(changes)) groups[group] = { ...groups[group], ...keys }
    const { steps, onEvent } = recorder()
    this.#write(groups)
    try {
      await this.#stack.preview({ onEvent })
      return { steps: steps(), outputs: {} }
    } finally {
      this.#write(this.#groups)
    }
  }

  destroy(): Promise<automation.DestroyResult> {
    return this.#stack.destroy()
  }

  /** What an operator does before production may be destroyed: `pulumi state unprotect --all`. */
  async unprotect(): Promise<void> {
    const state = await this.#stack.exportStack()
    for (const resource of state.deployment.resources ?? []) delete resource.protect
    await this.#stack.importStack(state)
  }

  exportState(): Promise<automation.Deployment> {
    return this.#stack.exportStack()
  }

  importState(state: automation.Deployment): Promise<void> {
    return this.#stack.importStack(state)
  }

  /** Forgets the stack and its file; with `force` also one that still has resources. */
  async remove(options: { readonly force?: boolean } = {}): Promise<void> {
    await this.#stack.workspace.removeStack(this.#stack.name, options)
  }

  /** Keeps what the engine has written besides the configuration: the encryption of the secrets. */
  #write(groups: Groups): void {
    const path = `${ROOT}stacks/Pulumi.${this.#stack.name}.yaml`
    const settings = existsSync(path) ? parse(readFileSync(path, 'utf8')) : {}
    const config = Object.entries(groups).map(([group, keys]) => [`${PROJECT}:${group}`, keys])
    writeFileSync(path, stringify({ ...settings, config: Object.fromEntries(config) }))
  }
}
