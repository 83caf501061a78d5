import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface Ran {
  readonly status: number | null
  readonly output: string
  /** Every call of the stand-in, as its arguments. */
  readonly calls: readonly string[]
}

/** What bash finds wrong with a script that it does not run; nothing for a valid one. */
export function syntaxFaults(script: string): string {
  return spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' }).stderr
}

/** A folder in which the scripts of pods run, with stand-ins for the programs of their images. */
export class ScriptFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'script-'))

  remove(): void {
    rmSync(this.path, { recursive: true })
  }

  file(name: string): string {
    return readFileSync(join(this.path, name), 'utf8')
  }

  write(name: string, text: string): void {
    const path = join(this.path, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }

  /** @param answers body of the stand-in, which has the arguments of the call. */
  run(script: string, program: string, answers: string, env: Readonly<Record<string, string>> = {}): Ran {
    this.write('calls', '')
    this.write(program, `#!/usr/bin/env bash\necho "$*" >> ${this.path}/calls\n${answers}\n`)
    chmodSync(join(this.path, program), 0o755)
    const ran = spawnSync('bash', ['-c', script], {
      cwd: this.path,
      encoding: 'utf8',
      // With a socket for its input bash reads the start file of its user.
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', ...env },
    })
    const calls = this.file('calls').split('\n').filter(Boolean)
    return { status: ran.status, output: `${ran.stdout}${ran.stderr}`, calls }
  }
}
